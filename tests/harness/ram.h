/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's memory: anonymous memory of this process, mapped into the VFIO
 * container of a device under guest-physical addresses that are not its own.
 */
#ifndef TESTS_HARNESS_RAM_H
#define TESTS_HARNESS_RAM_H

#include "device.h"

#include <stddef.h>
#include <stdint.h>

#define PAGE 4096u

/* Above 4 GiB, so that an address cut to 32 bits is noticed */
#define RAM_START UINT64_C(0x140000000)

struct ram {
	uint64_t start;	      /* guest-physical */
	size_t size;	      /* bytes */
	size_t taken;	      /* bytes given out by ram_take() */
	unsigned char *bytes; /* where this process has it */
};

/* Memory of size bytes that is all zero, seen by the device from start on */
void ram_create(struct ram *ram, const struct device *device, uint64_t start,
		size_t size);

/* The same memory again, after ram_unmap() or in another opening's container */
void ram_map(struct ram *ram, const struct device *device);

/* VFIO_IOMMU_MAP_DMA of any address in this process; as ioctl() */
int ram_map_at(const struct device *device, uint64_t start, void *bytes,
	       size_t size);

/* VFIO_IOMMU_UNMAP_DMA; returns how many bytes were unmapped */
uint64_t ram_unmap(const struct device *device, uint64_t start, size_t size);

/* KiB of this process's memory that devices have pinned (VmPin) */
long ram_pinned(void);

/* KiB that are locked in its name (VmLck): what VFIO has pinned for devices */
long ram_locked(void);

/* The guest-physical address of size fresh bytes, at a page's start */
uint64_t ram_take(struct ram *ram, size_t size);

/* Where this process has what the guest has at that address */
void *ram_at(const struct ram *ram, uint64_t address);

#endif /* TESTS_HARNESS_RAM_H */
