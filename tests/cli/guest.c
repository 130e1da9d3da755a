// SPDX-License-Identifier: GPL-2.0-or-later
/* Each a command of the harness's driver, checked. */
#include "guest.h"

#include "test.h"

void guest_resource(struct gpu *gpu, struct gpu_resource *resource,
		    uint32_t format, uint32_t width, uint32_t height)
{
	struct virtio_gpu_rect whole;

	gpu_resource_create(gpu, resource, format, width, height);
	gpu_paint(resource, resource->id);
	whole = gpu_whole(resource);
	CHECK_EQ(gpu_transfer(gpu, resource->id, 0, &whole), GPU_OK);
}

void guest_show(struct gpu *gpu, uint32_t head,
		const struct gpu_resource *resource)
{
	const struct virtio_gpu_rect whole = gpu_whole(resource);

	CHECK_EQ(gpu_set_scanout(gpu, head, resource->id, &whole), GPU_OK);
}

void guest_off(struct gpu *gpu, uint32_t head)
{
	const struct virtio_gpu_rect none = { 0, 0, 0, 0 };

	CHECK_EQ(gpu_set_scanout(gpu, head, 0, &none), GPU_OK);
}

void guest_cursor(struct gpu *gpu, uint32_t head,
		  const struct gpu_resource *cursor, int x, int y,
		  uint32_t hot_x, uint32_t hot_y)
{
	const struct virtio_gpu_cursor_pos pos = { head, (uint32_t)x,
						   (uint32_t)y, 0 };

	gpu_update_cursor(gpu, cursor ? cursor->id : 0, &pos, hot_x, hot_y);
}
