/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rings as the ops on a virtio-gpu write them. Private to those.
 */
#ifndef TESTS_FUZZ_RUN_GPU_H
#define TESTS_FUZZ_RUN_GPU_H

#include "run.h"

void gpu_describe(struct vring_desc *desc, uint64_t addr, uint32_t length,
		  uint16_t flags, uint16_t next);

/* Head is the next that is available, and the index goes on by count */
void gpu_offer(const struct vring *ring, uint16_t head, uint16_t count);

/*
 * Wait a while until the device has used all that was made available: 0,
 * -EPIPE if it is not running, or -ETIMEDOUT
 */
long gpu_wait_used(int fd, const struct vring *ring);

#endif /* TESTS_FUZZ_RUN_GPU_H */
