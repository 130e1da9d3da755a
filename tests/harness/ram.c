// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's memory, see ram.h.
 */
#include "ram.h"

#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int ram_map_at(const struct device *device, uint64_t start, void *bytes,
	       size_t size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)bytes,
		.iova = start,
		.size = size,
	};

	return ioctl(device->container, VFIO_IOMMU_MAP_DMA, &map);
}

uint64_t ram_unmap(const struct device *device, uint64_t start, size_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = start,
		.size = size,
	};

	CHECK_OK(ioctl(device->container, VFIO_IOMMU_UNMAP_DMA, &unmap));
	return unmap.size;
}

void ram_map(struct ram *ram, const struct device *device)
{
	CHECK_OK(ram_map_at(device, ram->start, ram->bytes, ram->size));
}

void ram_create(struct ram *ram, const struct device *device, uint64_t start,
		size_t size)
{
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(bytes != MAP_FAILED);
	ram->start = start;
	ram->size = size;
	ram->taken = 0;
	ram->bytes = bytes;
	ram_map(ram, device);
}

/* A field of /proc/self/status in KiB */
static long status_field(const char *name)
{
	char text[4096] = "", *line;
	int fd = (int)CHECK_OK(open("/proc/self/status", O_RDONLY));

	CHECK_GT(read(fd, text, sizeof(text) - 1), 0);
	close(fd);
	line = strstr(text, name);
	CHECK(line);
	return strtol(line + strlen(name), NULL, 10);
}

long ram_pinned(void)
{
	return status_field("VmPin:");
}

long ram_locked(void)
{
	return status_field("VmLck:");
}

uint64_t ram_take(struct ram *ram, size_t size)
{
	uint64_t address = ram->start + ram->taken;

	size = (size + PAGE - 1) / PAGE * PAGE;
	CHECK_LE(size, ram->size - ram->taken);
	ram->taken += size;
	return address;
}

void *ram_at(const struct ram *ram, uint64_t address)
{
	CHECK_GE(address, ram->start);
	CHECK_LT(address, ram->start + ram->size);
	return ram->bytes + (address - ram->start);
}
