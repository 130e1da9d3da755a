/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's virtio-gpu driver, without a guest: the commands of the virtio
 * 1.2 specification, chapter 5.7, as <linux/virtio_gpu.h> spells them, sent
 * through the queues of virtio.h and answered before the call returns.
 *
 * Every answer is checked for what all of them have in common: it is for the
 * chain that was sent, it has its type's length, and it carries the fence.
 */
#ifndef TESTS_HARNESS_VIRTIO_GPU_H
#define TESTS_HARNESS_VIRTIO_GPU_H

#include "virtio.h"

#include <linux/virtio_gpu.h>

/* The types, by their number of heads */
#define TYPE_GPU_1 "vfio_virtio_gpu-1"
#define TYPE_GPU_2 "vfio_virtio_gpu-2"
#define TYPE_GPU_4 "vfio_virtio_gpu-4"
#define TYPE_GPU_16 "vfio_virtio_gpu-16"

#define GPU_CONTROL 0
#define GPU_CURSOR 1
#define GPU_CONTROL_SIZE 256
#define GPU_CURSOR_SIZE 16

enum gpu_vector {
	GPU_VECTOR_CONFIG,
	GPU_VECTOR_CONTROL,
	GPU_VECTOR_CURSOR,
	GPU_VECTORS,
};

#define GPU_FEATURES                                                           \
	(VIRTIO_BIT(VIRTIO_F_VERSION_1) |                                      \
	 VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM) |                                \
	 VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC) |                             \
	 VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX) | VIRTIO_BIT(VIRTIO_GPU_F_EDID) | \
	 VIRTIO_BIT(VIRTIO_GPU_F_RESOURCE_BLOB))

#define GPU_CONFIG(field)                                                      \
	VIRTIO_FIELD(VIRTIO_PCI_CAP_DEVICE_CFG, struct virtio_gpu_config, field)

#define GPU_OK VIRTIO_GPU_RESP_OK_NODATA
/* Is it one of the answers that say no? */
#define GPU_IS_ERROR(type)                                                     \
	((type) >= VIRTIO_GPU_RESP_ERR_UNSPEC &&                               \
	 (type) <= VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER)

union gpu_response {
	struct virtio_gpu_ctrl_hdr hdr;
	struct virtio_gpu_resp_display_info display;
	struct virtio_gpu_resp_edid edid;
	unsigned char bytes[2048];
};

struct gpu {
	struct virtio virtio;
	struct virtqueue control;
	struct virtqueue cursor;
	int events[GPU_VECTORS];
	uint32_t response_length; /* of the last answer, as the device says */
	uint64_t request_at;	  /* a page for what is sent */
	uint64_t response_at;	  /* and one for what comes back */
	union gpu_response response;		   /* the last answer */
	uint64_t fence;				   /* the last one sent */
	uint32_t cursors[VIRTIO_GPU_MAX_SCANOUTS]; /* resources, by head */
};

/* A new device, running with all features and a vector for each queue */
void gpu_create(struct gpu *gpu, const char *type);

/* The same in another one's container */
void gpu_create_beside(struct gpu *gpu, const char *type,
		       const struct gpu *other);

/* After device_close(): open it again, and make it run as before */
void gpu_open(struct gpu *gpu);

/* After VFIO_DEVICE_RESET: the config space and the interrupts as before */
void gpu_reconnect(struct gpu *gpu);

/* Reset it, and make it run with these features; the queues are new */
void gpu_start(struct gpu *gpu, uint64_t features);

/*
 * Send a command and wait for its answer, which is in gpu->response; returns
 * its type. Of the second, extra_length bytes at extra_at are a further piece.
 */
uint32_t gpu_command(struct gpu *gpu, const void *request, size_t size);
uint32_t gpu_command_with(struct gpu *gpu, const void *request, size_t size,
			  uint64_t extra_at, uint32_t extra_length);

/* A command of nothing but its header */
uint32_t gpu_simple(struct gpu *gpu, uint32_t type);

uint32_t gpu_create_2d(struct gpu *gpu, uint32_t resource, uint32_t format,
		       uint32_t width, uint32_t height);
uint32_t gpu_unref(struct gpu *gpu, uint32_t resource);
uint32_t gpu_set_scanout(struct gpu *gpu, uint32_t head, uint32_t resource,
			 const struct virtio_gpu_rect *rect);
uint32_t gpu_flush(struct gpu *gpu, uint32_t resource,
		   const struct virtio_gpu_rect *rect);
uint32_t gpu_transfer(struct gpu *gpu, uint32_t resource, uint64_t offset,
		      const struct virtio_gpu_rect *rect);
/* entries are copied to guest memory; entry_count may lie about their number */
uint32_t gpu_attach(struct gpu *gpu, uint32_t resource,
		    const struct virtio_gpu_mem_entry *entries,
		    unsigned int count, uint32_t entry_count);
uint32_t gpu_detach(struct gpu *gpu, uint32_t resource);
uint32_t gpu_get_edid(struct gpu *gpu, uint32_t head);
uint32_t gpu_create_blob(struct gpu *gpu,
			 const struct virtio_gpu_resource_create_blob *create,
			 const struct virtio_gpu_mem_entry *entries,
			 unsigned int count);
uint32_t gpu_set_scanout_blob(struct gpu *gpu,
			      const struct virtio_gpu_set_scanout_blob *set);

/* Cursor commands have no answer; these return once the device used them */
void gpu_update_cursor(struct gpu *gpu, uint32_t resource,
		       const struct virtio_gpu_cursor_pos *pos, uint32_t hot_x,
		       uint32_t hot_y);

/* A move names the resource that its head's last update named, as Linux does */
void gpu_move_cursor(struct gpu *gpu, const struct virtio_gpu_cursor_pos *pos);

/* A move that names a resource of the caller's choice, or 0 */
void gpu_move_cursor_as(struct gpu *gpu, uint32_t resource,
			const struct virtio_gpu_cursor_pos *pos);

/* Bytes that a manager's device has copied since it was opened, as fdinfo says
 */
unsigned long long gpu_copied(int manager);

/* What the rings of both queues are pinned in while the device runs */
#define GPU_RINGS_KIB 16

/* A resource of four bytes a pixel and its memory */
struct gpu_resource {
	uint32_t id;
	uint32_t format;
	uint32_t width;
	uint32_t height;
	uint32_t stride;
	uint64_t at; /* guest-physical, at a page's start */
	size_t size; /* whole pages */
	unsigned char *pixels;
};

/* Such a resource with contiguous memory of whole pages, all zero */
void gpu_resource_create(struct gpu *gpu, struct gpu_resource *resource,
			 uint32_t format, uint32_t width, uint32_t height);

/* All of it */
struct virtio_gpu_rect gpu_whole(const struct gpu_resource *resource);

/* Show all of it on a head, and say that all of it was drawn */
void gpu_show(struct gpu *gpu, uint32_t head,
	      const struct gpu_resource *resource);

/* Transfer and flush a part of it */
void gpu_draw(struct gpu *gpu, const struct gpu_resource *resource,
	      const struct virtio_gpu_rect *rect);

#endif /* TESTS_HARNESS_VIRTIO_GPU_H */
