// SPDX-License-Identifier: GPL-2.0-only
/*
 * What driver and device tell each other through a virtqueue: the driver area
 * (the available ring) and the device area (the used ring).
 *
 * Both sides look at these while the other one writes, so each field is one
 * access of its size. vfio_dma_rw() does not promise that: it copies byte by
 * byte where there are few, and an index that goes from 0x00ff to 0x0100 would
 * at times be seen, on either side, as 0x01ff or 0x0000. So the pages of both
 * areas are pinned while the queue is on, as a backing's are (pin.c), and
 * accessed in place, under pin_lock: an unmap takes them away, and whoever comes
 * next pins them again. They are few, and so no part of what a device may have
 * pinned. Descriptors stay as they are once they are available; they are copied.
 */
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "virtio_gpu.h"

/* Of struct vring_avail and vring_used, with the event index at their end */
#define DRIVER_AREA_SIZE(size)	(6 + 2 * (size))
#define DEVICE_AREA_SIZE(size)	(6 + 8 * (size))

static u64 area_address(const struct vgpu_ring *ring, enum vgpu_area area)
{
	return area == VGPU_DRIVER_AREA ? ring->driver : ring->device;
}

static bool add_area(struct vgpu_backing *pages, u64 addr, u32 size)
{
	struct vgpu_entry *entry = &pages->entries[pages->nr_entries++];
	u64 end;

	if (check_add_overflow(addr, (u64)size + PAGE_SIZE, &end))
		return false;
	entry->start = pages->size;
	entry->addr = ALIGN_DOWN(addr, PAGE_SIZE);
	entry->length = PAGE_ALIGN(addr + size) - entry->addr;
	pages->size += entry->length;
	return true;
}

/* The queue is on: its ring is set. Returns 0, -EINVAL or -ENOMEM. */
int vgpu_ring_open(struct vgpu_queue *queue)
{
	const struct vgpu_ring *ring = &queue->ring;
	struct vgpu_backing *pages;

	if (!IS_ALIGNED(ring->desc, 16) || !IS_ALIGNED(ring->driver, 2) ||
	    !IS_ALIGNED(ring->device, 4))
		return -EINVAL;
	pages = kzalloc(struct_size(pages, entries, VGPU_NR_AREAS),
			VFIO_DMABUF_GFP);
	if (!pages)
		return -ENOMEM;
	pages->whole_pages = true;
	pages->pin.ring = true;
	if (!add_area(pages, ring->driver, DRIVER_AREA_SIZE(ring->size)) ||
	    !add_area(pages, ring->device, DEVICE_AREA_SIZE(ring->size))) {
		kfree(pages);
		return -EINVAL;
	}
	queue->pages = pages;
	return 0;
}

void vgpu_ring_close(struct vgpu *vgpu, struct vgpu_queue *queue)
{
	if (!queue->pages)
		return;
	vgpu_unpin(vgpu, queue->pages);
	kfree(queue->pages);
	queue->pages = NULL;
}

/* vgpu_pin_renew() for the rings of a queue */
int vgpu_ring_renew(struct vgpu *vgpu, struct vgpu_queue *queue)
{
	return queue->pages ? vgpu_pin_renew(vgpu, queue->pages) : 0;
}

/*
 * A field, to be let go of with field_put(), or an ERR_PTR: there is no memory.
 * All fields are aligned, so none crosses a page.
 */
static void *field_get(struct vgpu *vgpu, const struct vgpu_queue *queue,
		       enum vgpu_area area, u32 offset)
{
	const struct vgpu_entry *entry = &queue->pages->entries[area];
	u64 at = area_address(&queue->ring, area) + offset - entry->addr +
		 entry->start;
	struct vfio_dmabuf_mem *mem;
	struct page *page;
	int ret;

	for (;;) {
		mutex_lock(&vgpu->pin_lock);
		mem = vgpu_backing_mem(queue->pages);
		if (mem)
			break;
		mutex_unlock(&vgpu->pin_lock);
		do
			ret = vgpu_pin(vgpu, queue->pages);
		while (ret && ret != -EINTR && vgpu_may_come_back(vgpu));
		if (ret)
			return ERR_PTR(vgpu_must_leave(vgpu) ? -EINTR : ret);
	}
	page = vfio_dmabuf_mem_page(mem, at >> PAGE_SHIFT);
	return kmap_local_page(page) + offset_in_page(at);
}

static void field_put(struct vgpu *vgpu, void *field)
{
	kunmap_local(field);
	mutex_unlock(&vgpu->pin_lock);
}

int vgpu_ring_load16(struct vgpu *vgpu, const struct vgpu_queue *queue,
		     enum vgpu_area area, u32 offset, u16 *value)
{
	__le16 *field = field_get(vgpu, queue, area, offset);

	if (IS_ERR(field))
		return PTR_ERR(field);
	*value = le16_to_cpu(READ_ONCE(*field));
	field_put(vgpu, field);
	return 0;
}

int vgpu_ring_store16(struct vgpu *vgpu, const struct vgpu_queue *queue,
		      enum vgpu_area area, u32 offset, u16 value)
{
	__le16 *field = field_get(vgpu, queue, area, offset);

	if (IS_ERR(field))
		return PTR_ERR(field);
	WRITE_ONCE(*field, cpu_to_le16(value));
	field_put(vgpu, field);
	return 0;
}

int vgpu_ring_store32(struct vgpu *vgpu, const struct vgpu_queue *queue,
		      enum vgpu_area area, u32 offset, u32 value)
{
	__le32 *field = field_get(vgpu, queue, area, offset);

	if (IS_ERR(field))
		return PTR_ERR(field);
	WRITE_ONCE(*field, cpu_to_le32(value));
	field_put(vgpu, field);
	return 0;
}
