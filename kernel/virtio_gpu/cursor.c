// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cursor queue. A cursor is a resource of 64 x 64 pixels that a head shows
 * on top; like any plane it is shown where the guest has it.
 */
#include <linux/kernel.h>

#include <drm/drm_fourcc.h>

#include "virtio_gpu.h"

#define CURSOR_STRIDE	(VGPU_CURSOR_SIZE * VGPU_CPP)

static bool is_cursor(const struct vgpu_resource *resource)
{
	if (resource->blob)
		return resource->size >= VGPU_CURSOR_SIZE * CURSOR_STRIDE;
	return resource->width == VGPU_CURSOR_SIZE &&
	       resource->height == VGPU_CURSOR_SIZE;
}

/*
 * A cursor's format. Its alpha counts: Linux's driver draws cursors as ARGB, into
 * resources that it makes as XRGB, and QEMU goes by that, too. A blob has no
 * format, and no command to give it one as a cursor.
 */
static u32 cursor_fourcc(const struct vgpu_resource *resource)
{
	switch (resource->fourcc) {
	case 0:
	case DRM_FORMAT_XRGB8888:
		return DRM_FORMAT_ARGB8888;
	case DRM_FORMAT_BGRX8888:
		return DRM_FORMAT_BGRA8888;
	case DRM_FORMAT_XBGR8888:
		return DRM_FORMAT_ABGR8888;
	case DRM_FORMAT_RGBX8888:
		return DRM_FORMAT_RGBA8888;
	default:
		return resource->fourcc;
	}
}

static u32 update_cursor(struct vgpu *vgpu, u32 head)
{
	const struct virtio_gpu_update_cursor *command =
		&vgpu->command.cursor;
	u32 id = le32_to_cpu(command->resource_id);
	struct vgpu_scanout scanout = {
		.rect = {
			.width = VGPU_CURSOR_SIZE,
			.height = VGPU_CURSOR_SIZE,
		},
		.stride = CURSOR_STRIDE,
		.x = (s32)le32_to_cpu(command->pos.x),
		.y = (s32)le32_to_cpu(command->pos.y),
		/* QEMU takes any; a viewer is told one within the cursor */
		.hot_x = min_t(u32, le32_to_cpu(command->hot_x),
			       VGPU_CURSOR_SIZE - 1),
		.hot_y = min_t(u32, le32_to_cpu(command->hot_y),
			       VGPU_CURSOR_SIZE - 1),
	};

	if (!id) {
		vgpu_scanout_off(vgpu, head, VGPU_CURSOR_PLANE);
		return VIRTIO_GPU_RESP_OK_NODATA;
	}
	scanout.resource = vgpu_resource_find(vgpu, id);
	if (!scanout.resource)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (!is_cursor(scanout.resource))
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	scanout.fourcc = cursor_fourcc(scanout.resource);
	return vgpu_answer_of(vgpu_scanout_show(vgpu, head, VGPU_CURSOR_PLANE,
						&scanout));
}

/* As on QEMU a move that names no resource hides the cursor, until one does. */
static u32 move_cursor(struct vgpu *vgpu, u32 head)
{
	const struct virtio_gpu_update_cursor *command =
		&vgpu->command.cursor;

	return vgpu_answer_of(vgpu_scanout_move(vgpu, head, VGPU_CURSOR_PLANE,
						(s32)le32_to_cpu(command->pos.x),
						(s32)le32_to_cpu(command->pos.y),
						!command->resource_id));
}

static u32 run_command(struct vgpu *vgpu)
{
	u32 head = le32_to_cpu(vgpu->command.cursor.pos.scanout_id);

	if (head >= vgpu->type->heads)
		return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
	head = array_index_nospec(head, VGPU_MAX_HEADS);
	switch (le32_to_cpu(vgpu->command.hdr.type)) {
	case VIRTIO_GPU_CMD_UPDATE_CURSOR:
		return update_cursor(vgpu, head);
	case VIRTIO_GPU_CMD_MOVE_CURSOR:
		return move_cursor(vgpu, head);
	default:
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	}
}

/* Drivers leave no room for an answer here; one that does gets it. */
ssize_t vgpu_cursor(struct vgpu *vgpu)
{
	u32 type = VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	size_t size;
	int ret;

	ret = vgpu_fetch_command(vgpu, &size);
	if (ret)
		return ret;
	if (size >= sizeof(vgpu->command.cursor))
		type = run_command(vgpu);
	if (vgpu_was_left(type))
		return -EINTR;
	return vgpu_answer(vgpu, type, sizeof(vgpu->response.hdr));
}
