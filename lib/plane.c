// SPDX-License-Identifier: MIT
/*
 * A plane: its id, its place among a device's planes, and how the kernel's
 * description becomes the library's.
 */
#include "private.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

/* The dma-buf begins at the page of this size that holds the first pixel */
#define PLANE_PAGE_SIZE 4096

_Static_assert((int)PLANEFD_OVERLAY == VFIO_DMABUF_MGR_PLANE_OVERLAY, "");
_Static_assert((int)PLANEFD_PRIMARY == VFIO_DMABUF_MGR_PLANE_PRIMARY, "");
_Static_assert((int)PLANEFD_CURSOR == VFIO_DMABUF_MGR_PLANE_CURSOR, "");
_Static_assert(PLANEFD_UNKNOWN == VFIO_DMABUF_MGR_UNKNOWN, "");

uint32_t planefd_plane_id(enum planefd_plane_type type, uint32_t index,
			  uint32_t head)
{
	return VFIO_DMABUF_MGR_PLANE_ID(type, index, head);
}

enum planefd_plane_type planefd_id_type(uint32_t plane_id)
{
	return (enum planefd_plane_type)(plane_id & 0xff);
}

uint32_t planefd_id_index(uint32_t plane_id)
{
	return plane_id >> 8 & 0xff;
}

uint32_t planefd_id_head(uint32_t plane_id)
{
	return plane_id >> 16 & 0xff;
}

int planefd_plane_nth(const struct planefd_info *info, uint32_t n,
		      uint32_t *plane_id)
{
	uint64_t per_head =
		(uint64_t)info->primaries + info->overlays + info->cursors;
	enum planefd_plane_type type = PLANEFD_PRIMARY;

	if (n >= per_head * info->heads)
		return -EINVAL;

	uint32_t index = (uint32_t)(n % per_head);
	if (index >= info->primaries) {
		index -= info->primaries;
		type = PLANEFD_OVERLAY;
		if (index >= info->overlays) {
			index -= info->overlays;
			type = PLANEFD_CURSOR;
		}
	}
	*plane_id = planefd_plane_id(type, index, (uint32_t)(n / per_head));
	return 0;
}

int planefd_private_ioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret < 0 && errno == EINTR);

	return ret < 0 ? -errno : ret;
}

void planefd_private_plane(struct planefd_plane *plane,
		       const struct vfio_dmabuf_mgr_plane_info *info)
{
	*plane = (struct planefd_plane){
		.on = info->start != 0,
		.format = info->drm_format,
		.modifier = info->drm_format_mod,
		.width = info->width,
		.height = info->height,
		.stride = info->stride,
		.size = info->size,
		.offset = (uint32_t)(info->start % PLANE_PAGE_SIZE),
		.start = info->start,
		.x = (int32_t)info->x_pos,
		.y = (int32_t)info->y_pos,
		.hot_x = PLANEFD_UNKNOWN,
		.hot_y = PLANEFD_UNKNOWN,
	};
}
