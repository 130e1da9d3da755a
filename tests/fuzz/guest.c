// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's memory and its driver, see guest.h.
 */
#include "guest.h"

#include "fail.h"
#include "run.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_CAPS 48

static const uint16_t usual_sizes[GUEST_QUEUES] = {GPU_CONTROL_SIZE,
						   GPU_CURSOR_SIZE};
static const uint32_t ring_places[GUEST_QUEUES] = {GUEST_CONTROL, GUEST_CURSOR};

static unsigned char *memory;

void guest_init(void)
{
	memory = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		fail("no memory");
}

unsigned char *guest_memory(void)
{
	return memory;
}

void guest_map(int container)
{
	struct vfio_iommu_type1_dma_unmap all = {
		.argsz = sizeof(all),
		.flags = VFIO_DMA_UNMAP_FLAG_ALL,
	};
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = GUEST_START,
		.size = GUEST_SIZE,
	};

	if (ioctl(container, VFIO_IOMMU_UNMAP_DMA, &all) ||
	    ioctl(container, VFIO_IOMMU_MAP_DMA, &map))
		fail_errno("cannot map the guest's memory");
}

static off_t position(unsigned int region, uint64_t offset)
{
	return (off_t)((uint64_t)region << RUN_REGION_SHIFT | offset);
}

static long put(int fd, unsigned int region, uint64_t offset,
		unsigned int width, uint64_t value)
{
	return run_result(pwrite(fd, &value, width, position(region, offset)));
}

static uint64_t get(int fd, unsigned int region, uint64_t offset,
		    unsigned int width)
{
	uint64_t value = 0;

	if (pread(fd, &value, width, position(region, offset)) < 0)
		return 0;
	return value;
}

/* With the arguments that COMMON() and the like give */
static long set(int fd, unsigned int structure, uint64_t offset,
		unsigned int width, uint64_t value)
{
	(void)structure;
	return put(fd, GUEST_BAR, offset, width, value);
}

static uint64_t common_get(int fd, unsigned int structure, uint64_t offset,
			   unsigned int width)
{
	(void)structure;
	return get(fd, GUEST_BAR, offset, width);
}

uint8_t guest_status(int fd)
{
	return (uint8_t)common_get(fd, COMMON(device_status));
}

long guest_notify(int fd, unsigned int queue)
{
	return put(fd, GUEST_BAR,
		   GUEST_NOTIFY + queue * GUEST_NOTIFY_MULTIPLIER, 2, queue);
}

long guest_set_common(int fd, unsigned int field, uint64_t value)
{
	static const struct {
		unsigned int structure;
		unsigned int offset;
		unsigned int width;
	} fields[GUEST_COMMON_FIELDS] = {
		{COMMON(device_feature_select)},
		{COMMON(guest_feature_select)},
		{COMMON(guest_feature)},
		{COMMON(msix_config)},
		{COMMON(device_status)},
		{COMMON(queue_select)},
		{COMMON(queue_size)},
		{COMMON(queue_msix_vector)},
		{COMMON(queue_enable)},
		{COMMON(queue_notify_off)},
		{COMMON(queue_desc_lo)},
		{COMMON(queue_desc_hi)},
		{COMMON(queue_avail_lo)},
		{COMMON(queue_avail_hi)},
		{COMMON(queue_used_lo)},
		{COMMON(queue_used_hi)},
		{COMMON(device_feature)},
		{COMMON(num_queues)},
		{COMMON(config_generation)},
	};

	return set(fd, fields[field].structure, fields[field].offset,
		   fields[field].width, value);
}

/* MSI-X on, and the device decodes and masters the bus */
static void set_up_pci(int fd)
{
	const unsigned int config = VFIO_PCI_CONFIG_REGION_INDEX;
	uint64_t at = get(fd, config, PCI_CAPABILITY_LIST, 1);
	unsigned int i;

	put(fd, config, PCI_COMMAND, 2,
	    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (i = 0; at && i < MAX_CAPS; i++) {
		if (get(fd, config, at, 1) == PCI_CAP_ID_MSIX)
			put(fd, config, at + PCI_MSIX_FLAGS, 2,
			    PCI_MSIX_FLAGS_ENABLE);
		at = get(fd, config, at + PCI_CAP_LIST_NEXT, 1);
	}
}

static uint16_t ring_size(const struct guest_setup *setup, unsigned int queue)
{
	return setup->sizes[queue] ? setup->sizes[queue] : usual_sizes[queue];
}

void guest_ring(const struct guest_setup *setup, unsigned int queue,
		struct vring *ring)
{
	uint16_t size = ring_size(setup, queue);

	/* What the program writes to is memory, whatever the device thinks */
	if (size > usual_sizes[queue])
		size = usual_sizes[queue];
	vring_init(ring, size, memory + ring_places[queue], PAGE);
}

static void place_queue(int fd, const struct guest_setup *setup,
			unsigned int queue)
{
	uint64_t start = GUEST_START + setup->place;
	struct vring ring;
	uint64_t at[3];

	guest_ring(setup, queue, &ring);
	at[0] = start + ring_places[queue];
	at[1] = start + (uint64_t)((unsigned char *)ring.avail - memory);
	at[2] = start + (uint64_t)((unsigned char *)ring.used - memory);
	set(fd, COMMON(queue_select), queue);
	set(fd, COMMON(queue_size), ring_size(setup, queue));
	set(fd, COMMON(queue_msix_vector), GPU_VECTOR_CONTROL + queue);
	set(fd, COMMON(queue_desc_lo), (uint32_t)at[0]);
	set(fd, COMMON(queue_desc_hi), at[0] >> 32);
	set(fd, COMMON(queue_avail_lo), (uint32_t)at[1]);
	set(fd, COMMON(queue_avail_hi), at[1] >> 32);
	set(fd, COMMON(queue_used_lo), (uint32_t)at[2]);
	set(fd, COMMON(queue_used_hi), at[2] >> 32);
	set(fd, COMMON(queue_enable), 1);
}

void guest_start(int fd, const struct guest_setup *setup)
{
	uint64_t features = GPU_FEATURES ^ setup->features;
	unsigned int queue;

	set_up_pci(fd);
	set(fd, COMMON(device_status), 0);
	memset(memory, 0, GUEST_PIXELS);
	set(fd, COMMON(device_status), VIRTIO_FOUND);
	set(fd, COMMON(guest_feature_select), 0);
	set(fd, COMMON(guest_feature), (uint32_t)features);
	set(fd, COMMON(guest_feature_select), 1);
	set(fd, COMMON(guest_feature), features >> 32);
	set(fd, COMMON(device_status), VIRTIO_READY);
	set(fd, COMMON(msix_config), GPU_VECTOR_CONFIG);
	for (queue = 0; queue < GUEST_QUEUES; queue++)
		place_queue(fd, setup, queue);
	set(fd, COMMON(device_status), VIRTIO_RUNS ^ setup->status);
}
