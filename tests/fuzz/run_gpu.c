// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ops of a virtio-gpu's guest: its driver's registers and its rings; and of its
 * VMM: the guest's memory in the container.
 *
 * What the device does about them it does in a worker of its own, which has a KCOV
 * of its own. An op's answer is the command's, or that the device needs a reset.
 */
#include "run_gpu.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* How often a program looks for an answer, and what is between */
#define WAIT_TRIES 400
#define WAIT_NS 200000
/* How many times as often as the device's status */
#define STATUS_EVERY 8

/* fd, features, control, cursor, place, status */
long run_gpu_start(struct run *run, const uint64_t *operands)
{
	run->guest = (struct guest_setup){
		.features = operands[1],
		.sizes = {(uint16_t)operands[2], (uint16_t)operands[3]},
		.place = operands[4],
		.status = (uint8_t)operands[5],
	};
	guest_start(run->fds[operands[0]], &run->guest);
	return guest_status(run->fds[operands[0]]) ? 0 : -EPIPE;
}

/* fd, field, value */
long run_gpu_common(struct run *run, const uint64_t *operands)
{
	return guest_set_common(run->fds[operands[0]],
				(unsigned int)operands[1], operands[2]);
}

/* fd, queue */
long run_gpu_notify(struct run *run, const uint64_t *operands)
{
	return guest_notify(run->fds[operands[0]], (unsigned int)operands[1]);
}

void gpu_describe(struct vring_desc *desc, uint64_t addr, uint32_t length,
		  uint16_t flags, uint16_t next)
{
	*desc = (struct vring_desc){addr, length, flags, next};
}

/* table, index, addr, length, flags, next */
long run_gpu_desc(struct run *run, const uint64_t *operands)
{
	struct vring_desc *table;
	unsigned int size;
	struct vring ring;

	if (operands[0] < GUEST_QUEUES) {
		guest_ring(&run->guest, (unsigned int)operands[0], &ring);
		table = ring.desc;
		size = ring.num ? ring.num : 1;
	} else {
		table = (struct vring_desc *)(void *)(guest_memory() +
						      GUEST_TABLE);
		size = (GUEST_PIXELS - GUEST_TABLE) / sizeof(*table);
	}
	gpu_describe(&table[operands[1] % size], operands[2],
		     (uint32_t)operands[3], (uint16_t)operands[4],
		     (uint16_t)operands[5]);
	return 0;
}

void gpu_offer(const struct vring *ring, uint16_t head, uint16_t count)
{
	uint16_t index = ring->avail->idx;

	ring->avail->ring[index % (ring->num ? ring->num : 1)] = head;
	__atomic_store_n(&ring->avail->idx, (uint16_t)(index + count),
			 __ATOMIC_RELEASE);
}

/* queue, head, count: the index goes on by that */
long run_gpu_avail(struct run *run, const uint64_t *operands)
{
	struct vring ring;

	guest_ring(&run->guest, (unsigned int)operands[0], &ring);
	gpu_offer(&ring, (uint16_t)operands[1], (uint16_t)operands[2]);
	return 0;
}

/* addr, size, value: the same eight bytes again and again */
long run_gpu_bytes(struct run *run, const uint64_t *operands)
{
	uint64_t start = operands[0] - GUEST_START, size = operands[1], i;
	volatile unsigned char *memory = guest_memory();

	(void)run;
	if (start >= GUEST_SIZE)
		return -EFAULT;
	if (size > GUEST_SIZE - start)
		size = GUEST_SIZE - start;
	for (i = 0; i < size; i++)
		memory[start + i] = (unsigned char)(operands[2] >> i % 8 * 8);
	return 0;
}

static bool is_running(int fd)
{
	uint8_t status = guest_status(fd);

	return status & VIRTIO_CONFIG_S_DRIVER_OK &&
	       !(status & VIRTIO_CONFIG_S_NEEDS_RESET);
}

long gpu_wait_used(int fd, const struct vring *ring)
{
	const struct timespec pause = {.tv_nsec = WAIT_NS};
	unsigned int i;

	for (i = 0; i < WAIT_TRIES; i++) {
		if (__atomic_load_n(&ring->used->idx, __ATOMIC_ACQUIRE) ==
		    ring->avail->idx)
			return 0;
		if (i % STATUS_EVERY == 0 && !is_running(fd))
			return -EPIPE;
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

/* fd, queue */
long run_gpu_wait(struct run *run, const uint64_t *operands)
{
	struct vring ring;

	guest_ring(&run->guest, (unsigned int)operands[1], &ring);
	return gpu_wait_used(run->fds[operands[0]], &ring);
}

/*
 * fd, iova, size, flags, at. The device reads and writes what this process has
 * in that range: so it is no more than there is for programs.
 */
long run_dma_map(struct run *run, const uint64_t *operands)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = (uint32_t)operands[3],
		.vaddr = (uintptr_t)run_place(run, operands[4], "", 0),
		.iova = operands[1],
		.size = operands[2] < RUN_AREA ? operands[2] : RUN_AREA,
	};

	return run_result(
		ioctl(run->fds[operands[0]], VFIO_IOMMU_MAP_DMA, &map));
}

/* fd, iova, size, flags */
long run_dma_unmap(struct run *run, const uint64_t *operands)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.flags = (uint32_t)operands[3],
		.iova = operands[1],
		.size = operands[2],
	};

	return run_ioctl_at(run, operands[0], VFIO_IOMMU_UNMAP_DMA,
			    place_make(PLACE_OK, 0, 0), &unmap, sizeof(unmap));
}
