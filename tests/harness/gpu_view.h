/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A viewer of a virtio-gpu's planes: a dma-buf of what a plane shows, mapped,
 * and compared with what the guest has in its memory.
 */
#ifndef TESTS_HARNESS_GPU_VIEW_H
#define TESTS_HARNESS_GPU_VIEW_H

#include "display.h"
#include "planes.h"
#include "virtio_gpu.h"

struct view {
	struct vfio_dmabuf_mgr_plane_info info;
	int dmabuf;
	unsigned char *map;
	const unsigned char *pixels; /* the first one, in map */
};

/* The DRM fourcc of a virtio-gpu format */
uint32_t gpu_fourcc(uint32_t format);

/* Fill memory with what is different for each seed */
void gpu_paint(const struct gpu_resource *resource, uint64_t seed);

/* Export a plane that is on and map it, writable where the flags ask for it */
void view_open(struct view *view, int manager, uint32_t plane_id,
	       uint32_t flags);
void view_close(struct view *view);

/* The view's lines are those at expected, which are stride bytes apart */
void view_compare(const struct view *view, const unsigned char *expected,
		  uint32_t stride);

/*
 * The plane shows that part of a resource whose memory is contiguous, without
 * a copy: the plane's start, geometry and format are those of the guest's
 * memory, and so are the pixels.
 */
void view_check(int manager, uint32_t plane_id,
		const struct gpu_resource *resource,
		const struct virtio_gpu_rect *rect);

/* The plane is off: told as zeros, and not to be exported */
void view_check_off(int manager, uint32_t plane_id);

/* What QUERY tells behind byte 64; this fd has then seen the changes */
struct vfio_dmabuf_mgr_query_plane_ext view_state(int manager,
						  uint32_t plane_id);

/* Ask the guest for a mode, as ioctl() */
int gpu_request_mode(int manager, uint32_t head, uint32_t width,
		     uint32_t height, uint32_t refresh);

/* Has any plane changed that this fd has not queried since? */
bool view_changed(int manager);

#endif /* TESTS_HARNESS_GPU_VIEW_H */
