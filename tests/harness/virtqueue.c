// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Split virtqueues as a driver has them, see virtio.h.
 */
#include "test.h"
#include "virtio.h"

#include <string.h>

#define USED_SECONDS 20

void virtqueue_create(struct virtqueue *queue, struct virtio *virtio,
		      uint16_t index, uint16_t size)
{
	unsigned char *bytes;
	uint64_t at;

	memset(queue, 0, sizeof(*queue));
	at = ram_take(&virtio->ram, vring_size(size, PAGE));
	bytes = ram_at(&virtio->ram, at);
	memset(bytes, 0, vring_size(size, PAGE));
	vring_init(&queue->ring, size, bytes, PAGE);
	queue->virtio = virtio;
	queue->index = index;
	queue->size = size;
	queue->desc_at = at;
	queue->avail_at =
		at + (uint64_t)((unsigned char *)queue->ring.avail - bytes);
	queue->used_at =
		at + (uint64_t)((unsigned char *)queue->ring.used - bytes);
	queue->event = -1;
}

void virtqueue_place(const struct virtqueue *queue)
{
	const struct virtio *virtio = queue->virtio;

	virtio_set(virtio, COMMON(queue_desc_lo), (uint32_t)queue->desc_at);
	virtio_set(virtio, COMMON(queue_desc_hi), queue->desc_at >> 32);
	virtio_set(virtio, COMMON(queue_avail_lo), (uint32_t)queue->avail_at);
	virtio_set(virtio, COMMON(queue_avail_hi), queue->avail_at >> 32);
	virtio_set(virtio, COMMON(queue_used_lo), (uint32_t)queue->used_at);
	virtio_set(virtio, COMMON(queue_used_hi), queue->used_at >> 32);
}

void virtqueue_enable(struct virtqueue *queue, uint16_t vector)
{
	const struct virtio *virtio = queue->virtio;

	virtio_set(virtio, COMMON(queue_select), queue->index);
	CHECK_GE(virtio_get(virtio, COMMON(queue_size)), queue->size);
	virtio_set(virtio, COMMON(queue_size), queue->size);
	virtio_set(virtio, COMMON(queue_msix_vector), vector);
	CHECK_EQ(virtio_get(virtio, COMMON(queue_msix_vector)), vector);
	virtqueue_place(queue);
	queue->notify_at = virtio->notify_multiplier *
			   virtio_get(virtio, COMMON(queue_notify_off));
	virtio_set(virtio, COMMON(queue_enable), 1);
}

/* These pieces as a chain in a table of count descriptors, from first on */
static void describe(struct vring_desc *table, unsigned int size,
		     unsigned int first, const struct piece *pieces,
		     unsigned int count)
{
	struct vring_desc *desc;
	unsigned int i;

	for (i = 0; i < count; i++) {
		desc = &table[(first + i) % size];
		desc->addr = pieces[i].at;
		desc->len = pieces[i].length;
		desc->flags = pieces[i].flags;
		desc->next = 0;
		if (i == count - 1)
			break;
		desc->flags |= VRING_DESC_F_NEXT;
		desc->next = (uint16_t)((first + i + 1) % size);
	}
}

uint16_t virtqueue_chain(struct virtqueue *queue, const struct piece *pieces,
			 unsigned int count)
{
	uint16_t head = queue->next;

	CHECK_LE(count, queue->size);
	describe(queue->ring.desc, queue->size, head, pieces, count);
	queue->next = (uint16_t)((head + count) % queue->size);
	return head;
}

uint16_t virtqueue_indirect(struct virtqueue *queue, uint64_t table_at,
			    const struct piece *pieces, unsigned int count)
{
	const struct piece table = {
		.at = table_at,
		.length = count * (uint32_t)sizeof(struct vring_desc),
		.flags = VRING_DESC_F_INDIRECT,
	};

	describe(ram_at(&queue->virtio->ram, table_at), count, 0, pieces,
		 count);
	return virtqueue_chain(queue, &table, 1);
}

void virtqueue_offer(struct virtqueue *queue, uint16_t head)
{
	queue->single = queue->made == queue->seen;
	queue->ring.avail->ring[queue->made % queue->size] = head;
	queue->made++;
	/* What is made available must be there before it is seen to be */
	__atomic_store_n(&queue->ring.avail->idx, queue->made,
			 __ATOMIC_RELEASE);
}

void virtqueue_notify(const struct virtqueue *queue)
{
	virtio_set(queue->virtio, VIRTIO_PCI_CAP_NOTIFY_CFG, queue->notify_at,
		   2, queue->index);
}

bool virtqueue_has_used(const struct virtqueue *queue)
{
	return __atomic_load_n(&queue->ring.used->idx, __ATOMIC_ACQUIRE) !=
	       queue->seen;
}

static bool has_used(void *arg)
{
	return virtqueue_has_used(arg);
}

/*
 * A single chain's interrupt is always waited for, so that none is left over
 * for the next one. Of several the device may tell together.
 */
static void wait_used(struct virtqueue *queue)
{
	bool single = queue->single;

	if (queue->event < 0) {
		CHECK(test_wait(has_used, queue, USED_SECONDS));
		return;
	}
	while (single || !virtqueue_has_used(queue)) {
		irq_wait(queue->event);
		single = false;
	}
}

struct vring_used_elem virtqueue_take(struct virtqueue *queue)
{
	struct vring_used_elem elem;

	wait_used(queue);
	elem = queue->ring.used->ring[queue->seen % queue->size];
	queue->seen++;
	/* The next one is to be told, too, if the device asks at all */
	__atomic_store_n(&vring_used_event(&queue->ring), queue->seen,
			 __ATOMIC_SEQ_CST);
	return elem;
}
