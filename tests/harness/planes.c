// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A viewer's view of a manager fd, see planes.h.
 */
#include "planes.h"

#include "test.h"

#include <linux/dma-buf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

int plane_query(int manager, uint32_t plane_id, union plane_query *query)
{
	memset(query, 0, sizeof(*query));
	query->base.argsz = sizeof(*query);
	query->base.plane_id = plane_id;
	return ioctl(manager, VFIO_DMABUF_MGR_QUERY_PLANE, query);
}

void plane_query_ok(int manager, union plane_query *query)
{
	CHECK_OK(plane_query(manager, PRIMARY, query));
}

int plane_create(int manager, uint32_t plane_id, uint32_t flags,
		 struct vfio_dmabuf_mgr_create_dmabuf *create)
{
	memset(create, 0, sizeof(*create));
	create->argsz = sizeof(*create);
	create->flags = flags;
	create->plane_id = plane_id;
	create->fd = -1;
	return ioctl(manager, VFIO_DMABUF_MGR_CREATE_DMABUF, create);
}

int plane_create_ok(int manager, uint32_t flags,
		    struct vfio_dmabuf_mgr_plane_info *info)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;

	CHECK_OK(plane_create(manager, PRIMARY, flags, &create));
	CHECK_GE(create.fd, 0);
	if (info)
		*info = create.plane_info;
	return create.fd;
}

int plane_get(const struct device *device)
{
	struct vfio_device_gfx_plane_info info = {
		.argsz = sizeof(info),
		.flags = VFIO_GFX_PLANE_TYPE_DMABUF,
		.drm_plane_type = VFIO_DMABUF_MGR_PLANE_PRIMARY,
	};

	CHECK_OK(ioctl(device->fd, VFIO_DEVICE_QUERY_GFX_PLANE, &info));
	return ioctl(device->fd, VFIO_DEVICE_GET_GFX_DMABUF, &info.dmabuf_id);
}

uint64_t plane_buffer_id(int manager)
{
	union plane_query query;

	plane_query_ok(manager, &query);
	return query.ext.buffer_id;
}

void *plane_map(int dmabuf, const struct vfio_dmabuf_mgr_plane_info *info,
		int prot)
{
	void *map = mmap(NULL, info->size, prot, MAP_SHARED, dmabuf, 0);

	if (map == MAP_FAILED)
		test_fail(__FILE__, __LINE__, "cannot map a dma-buf: %s",
			  strerror(errno));
	return map;
}

int dmabuf_sync(int dmabuf, uint64_t flags)
{
	struct dma_buf_sync sync = {.flags = flags};

	return ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync);
}

uint64_t dmabuf_inode(int dmabuf)
{
	struct stat stat;

	CHECK_OK(fstat(dmabuf, &stat));
	return stat.st_ino;
}

void plane_check(const struct vfio_dmabuf_mgr_plane_info *info,
		 const struct bochs_mode *mode, uint64_t base)
{
	uint64_t first = bochs_offset(mode) % 4096;
	uint64_t last_line = (uint64_t)bochs_stride(mode) * (mode->height - 1);
	uint64_t used = first + last_line + mode->width * bochs_bytes(mode);
	uint64_t most = first + (uint64_t)bochs_stride(mode) * mode->height;

	CHECK_EQ(info->start, base + bochs_offset(mode));
	CHECK_EQ(info->drm_format_mod, 0);
	CHECK_EQ(info->drm_format, bochs_fourcc(mode));
	CHECK_EQ(info->width, mode->width);
	CHECK_EQ(info->height, mode->height);
	CHECK_EQ(info->stride, bochs_stride(mode));
	CHECK_EQ(info->size % 4096, 0);
	CHECK_GE(info->size, used);
	CHECK_LT(info->size, most + 4096);
	CHECK_EQ(info->x_pos, 0);
	CHECK_EQ(info->y_pos, 0);
	CHECK_EQ(info->padding, 0);
}
