/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio-gpu of two heads whose guest shows resources on them, a command at
 * a time.
 */
#ifndef TESTS_CLI_GUEST_H
#define TESTS_CLI_GUEST_H

#include "gpu_view.h"

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define ARGB VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM
#define CURSOR_SIZE 64

/* A resource with a random picture, which is not yet shown */
void guest_resource(struct gpu *gpu, struct gpu_resource *resource,
		    uint32_t format, uint32_t width, uint32_t height);

/* A head shows all of it; one change */
void guest_show(struct gpu *gpu, uint32_t head,
		const struct gpu_resource *resource);

/* A head shows nothing; one change */
void guest_off(struct gpu *gpu, uint32_t head);

/* A head shows this cursor, or none if it is NULL; one change */
void guest_cursor(struct gpu *gpu, uint32_t head,
		  const struct gpu_resource *cursor, int x, int y,
		  uint32_t hot_x, uint32_t hot_y);

#endif /* TESTS_CLI_GUEST_H */
