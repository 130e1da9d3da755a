/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest of a virtio-gpu that programs attack: memory, which is mapped into
 * the device's container, and a driver that sets the device up as a good one
 * would. All that comes after is the program's.
 *
 * The memory is shared by the fuzzer and all who run programs. The fuzzer
 * itself maps it, since VFIO reaches guest memory through whoever mapped it,
 * who must not be gone by then.
 */
#ifndef TESTS_FUZZ_GUEST_H
#define TESTS_FUZZ_GUEST_H

#include "virtio_gpu.h"

#include <stdbool.h>
#include <stdint.h>

/* Guest-physical, and what lies where behind it */
#define GUEST_START RAM_START
#define GUEST_SIZE (2 * MIB)

#define GUEST_CONTROL 0
#define GUEST_CURSOR 0x3000
#define GUEST_REQUESTS 0x5000
#define GUEST_ANSWERS 0x6000
#define GUEST_ENTRIES 0x8000
#define GUEST_TABLE 0x9000
#define GUEST_PIXELS 0x10000

#define GUEST_QUEUES 2
#define GUEST_MAX_ENTRIES 256

/* The structures in their BAR, as in kernel/virtio_gpu/virtio_gpu.h */
#define GUEST_BAR VFIO_PCI_BAR4_REGION_INDEX
#define GUEST_STRUCTURE_SIZE 0x1000
#define GUEST_NOTIFY 0x3000
#define GUEST_NOTIFY_MULTIPLIER 4

/* How the driver sets it up; all zero as a good one does */
struct guest_setup {
	uint64_t features;	      /* these are not as they should be */
	uint16_t sizes[GUEST_QUEUES]; /* of the rings, 0: the largest */
	uint64_t place;		      /* bytes that rings are away */
	uint8_t status;		      /* bits not as they should be */
};

/* The memory, once before any device is open */
void guest_init(void);
unsigned char *guest_memory(void);

/* Map it, and nothing else, into a container */
void guest_map(int container);

/* Reset the device and set it up; the rings are empty, all but pixels is zero
 */
void guest_start(int fd, const struct guest_setup *setup);

/* The common structure's fields, in order: a number of pool_common */
#define GUEST_COMMON_FIELDS 19
long guest_set_common(int fd, unsigned int field, uint64_t value);

uint8_t guest_status(int fd);
long guest_notify(int fd, unsigned int queue);

/* A queue's rings, wherever the device was told that they are */
void guest_ring(const struct guest_setup *setup, unsigned int queue,
		struct vring *ring);

#endif /* TESTS_FUZZ_GUEST_H */
