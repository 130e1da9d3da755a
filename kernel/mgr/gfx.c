// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mainline's display ABI on the device fd, over the same planes: what an
 * unmodified QEMU with display=on asks. It knows the first head's first primary
 * and cursor plane only, and dma-bufs only.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "mgr.h"
#include "trace.h"

/* In mainline's struct, whose plane types are numbered as ours are */
static void gfx_fill(struct vfio_device_gfx_plane_info *info,
		     const struct plane_look *look)
{
	struct vfio_dmabuf_mgr_plane_info plane = {};

	mgr_look_info(look, &plane);
	info->drm_format = plane.drm_format;
	info->drm_format_mod = plane.drm_format_mod;
	info->width = plane.width;
	info->height = plane.height;
	info->stride = plane.stride;
	info->size = plane.size;
	info->x_pos = plane.x_pos;
	info->y_pos = plane.y_pos;
	info->x_hot = look->plane.hot_x;
	info->y_hot = look->plane.hot_y;
}

/*
 * VFIO_DEVICE_QUERY_GFX_PLANE. This ABI has no way to say that a plane begins
 * within a page, so such a one is -EOPNOTSUPP here rather than a picture that
 * is shifted.
 */
long gfx_query_plane(struct vfio_dmabuf_mgr *mgr, void __user *uarg)
{
	const size_t minsz = offsetofend(struct vfio_device_gfx_plane_info,
					 dmabuf_id);
	struct vfio_device_gfx_plane_info __user *user = uarg;
	struct vfio_device_gfx_plane_info info;
	struct plane_look look = {};
	u32 plane_id;
	int ret;

	if (get_user(info.argsz, &user->argsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	if (get_user(info.flags, &user->flags) ||
	    get_user(info.drm_plane_type, &user->drm_plane_type))
		return -EFAULT;
	if (info.flags == (VFIO_GFX_PLANE_TYPE_PROBE |
			   VFIO_GFX_PLANE_TYPE_DMABUF))
		return 0;
	if (info.flags != VFIO_GFX_PLANE_TYPE_DMABUF ||
	    info.drm_plane_type > VFIO_DMABUF_MGR_PLANE_CURSOR)
		return -EINVAL;

	plane_id = VFIO_DMABUF_MGR_PLANE_ID(info.drm_plane_type, 0, 0);
	if (mutex_lock_killable(&mgr->lock))
		return -EINTR;
	ret = mgr_look(mgr, plane_id, &look);
	if (!ret && look.on && offset_in_page(look.plane.offset))
		ret = -EOPNOTSUPP;
	if (!ret) {
		gfx_fill(&info, &look);
		info.dmabuf_id = look.on ?
			lower_32_bits(scanout_id(mgr, &look.plane)) : 0;
	}
	mutex_unlock(&mgr->lock);
	if (ret)
		return ret;

	trace_vfio_dmabuf_mgr_query(mgr, plane_id, &look);
	return copy_to_user(user, &info, minsz) ? -EFAULT : 0;
}

/*
 * VFIO_DEVICE_GET_GFX_DMABUF: the id is one that the query gave, of the last
 * few or of a dma-buf that lives. Writable: whoever asks holds the device.
 */
long gfx_get_dmabuf(struct vfio_dmabuf_mgr *mgr, void __user *uarg)
{
	struct dma_buf *dmabuf;
	u32 id;
	int fd;

	if (get_user(id, (u32 __user *)uarg))
		return -EFAULT;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;

	if (mutex_lock_killable(&mgr->lock)) {
		dmabuf = ERR_PTR(-EINTR);
	} else {
		dmabuf = mgr->ops ? mgr_export_id(mgr, id) : ERR_PTR(-ENODEV);
		mutex_unlock(&mgr->lock);
	}
	if (IS_ERR(dmabuf)) {
		put_unused_fd(fd);
		return PTR_ERR(dmabuf);
	}
	fd_install(fd, dmabuf->file);
	return fd;
}
