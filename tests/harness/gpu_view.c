// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A viewer of a virtio-gpu's planes, see gpu_view.h.
 */
#include "gpu_view.h"

#include "test.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define FOURCC(a, b, c, d)                                                     \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 |            \
	 (uint32_t)(d) << 24)

/*
 * A virtio-gpu format names the bytes as they lie in memory, a fourcc the
 * bits of a little-endian word, from the highest on
 */
uint32_t gpu_fourcc(uint32_t format)
{
	switch (format) {
	case VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM:
		return FOURCC('A', 'R', '2', '4');
	case VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM:
		return FOURCC('X', 'R', '2', '4');
	case VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM:
		return FOURCC('B', 'A', '2', '4');
	case VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM:
		return FOURCC('B', 'X', '2', '4');
	case VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM:
		return FOURCC('A', 'B', '2', '4');
	case VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM:
		return FOURCC('R', 'X', '2', '4');
	case VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM:
		return FOURCC('R', 'A', '2', '4');
	case VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM:
		return FOURCC('X', 'B', '2', '4');
	default:
		return 0;
	}
}

void gpu_paint(const struct gpu_resource *resource, uint64_t seed)
{
	bochs_picture(resource->pixels, resource->size, seed);
}

void view_open(struct view *view, int manager, uint32_t plane_id,
	       uint32_t flags)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;
	int prot = PROT_READ;

	if (flags & VFIO_DMABUF_MGR_CREATE_WRITABLE)
		prot |= PROT_WRITE;
	CHECK_OK(plane_create(manager, plane_id, flags, &create));
	view->info = create.plane_info;
	view->dmabuf = create.fd;
	view->map = plane_map(create.fd, &view->info, prot);
	view->pixels = plane_pixels(view->map, &view->info);
}

void view_close(struct view *view)
{
	CHECK_OK(munmap(view->map, view->info.size));
	CHECK_OK(close(view->dmabuf));
	view->map = NULL;
	view->dmabuf = -1;
}

void view_compare(const struct view *view, const unsigned char *expected,
		  uint32_t stride)
{
	uint32_t y;

	for (y = 0; y < view->info.height; y++)
		CHECK_BYTES(view->pixels + (size_t)y * view->info.stride,
			    expected + (size_t)y * stride,
			    view->info.width * 4);
}

void view_check(int manager, uint32_t plane_id,
		const struct gpu_resource *resource,
		const struct virtio_gpu_rect *rect)
{
	size_t offset = (size_t)rect->y * resource->stride + rect->x * 4;
	const struct vfio_dmabuf_mgr_plane_info *info;
	union plane_query query;
	struct view view;

	CHECK_OK(plane_query(manager, plane_id, &query));
	info = &query.base.plane_info;
	CHECK_EQ(info->start, resource->at + offset);
	CHECK_EQ(info->drm_format_mod, 0);
	CHECK_EQ(info->drm_format, gpu_fourcc(resource->format));
	CHECK_EQ(info->width, rect->width);
	CHECK_EQ(info->height, rect->height);
	CHECK_EQ(info->stride, resource->stride);
	CHECK_EQ(info->size % PAGE, 0);
	CHECK_EQ(info->padding, 0);
	view_open(&view, manager, plane_id, 0);
	CHECK_BYTES(&view.info, info, sizeof(*info));
	view_compare(&view, resource->pixels + offset, resource->stride);
	view_close(&view);
}

void view_check_off(int manager, uint32_t plane_id)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;
	union plane_query query;

	CHECK_OK(plane_query(manager, plane_id, &query));
	CHECK_ALL(&query.base.plane_info, 0, sizeof(query.base.plane_info));
	CHECK_EQ(query.ext.buffer_id, 0);
	CHECK_ERRNO(plane_create(manager, plane_id, 0, &create), ENOENT);
}

struct vfio_dmabuf_mgr_query_plane_ext view_state(int manager,
						  uint32_t plane_id)
{
	union plane_query query;

	CHECK_OK(plane_query(manager, plane_id, &query));
	return query.ext;
}

bool view_changed(int manager)
{
	struct pollfd poll_for = {.fd = manager, .events = POLLIN};

	return CHECK_OK(poll(&poll_for, 1, 0)) != 0;
}

int gpu_request_mode(int manager, uint32_t head, uint32_t width,
		     uint32_t height, uint32_t refresh)
{
	const struct vfio_dmabuf_mgr_request_mode mode = {
		.argsz = sizeof(mode),
		.head = head,
		.width = width,
		.height = height,
		.refresh = refresh,
	};

	return ioctl(manager, VFIO_DMABUF_MGR_REQUEST_MODE, &mode);
}
