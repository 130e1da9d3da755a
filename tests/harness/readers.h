/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two virtio-gpus that read guest memory which their VMM withholds (missing.h),
 * in turn: round after round another page, by another device. While one reads
 * it has VFIO's lock of their container.
 */
#ifndef TESTS_HARNESS_READERS_H
#define TESTS_HARNESS_READERS_H

#include "virtio_gpu.h"

#define READERS_START (RAM_START + (UINT64_C(1) << 33))
#define READERS_ROUNDS 40

struct readers {
	struct gpu gpus[2];
	unsigned char *missing; /* a page for each round */
	int faults;		/* the userfaultfd */
};

/* In the container of another device; skips the test where there can be none */
void readers_create(struct readers *readers, const struct gpu *beside);

/* Have a device read the round's page, as a command */
void readers_send(struct readers *readers, unsigned int round);

/* Until it does, and waits for the page */
void readers_wait(struct readers *readers, unsigned int round);

/* The page is there, all zero: a command that there is none of */
void readers_answer(struct readers *readers, unsigned int round);

/* The answers of so many rounds */
void readers_take(struct readers *readers, unsigned int rounds);

#endif /* TESTS_HARNESS_READERS_H */
