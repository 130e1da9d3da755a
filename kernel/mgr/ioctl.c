// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a manager fd. Arguments are copied in once and checked, looked
 * up under the manager's lock, and copied out without it.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>

#include "mgr.h"
#include "trace.h"

/* The smallest rectangle that holds both; neither may be empty. */
static void rect_union(struct vfio_dmabuf_rect *a,
		       const struct vfio_dmabuf_rect *b)
{
	u64 right = max((u64)a->x + a->width, (u64)b->x + b->width);
	u64 bottom = max((u64)a->y + a->height, (u64)b->y + b->height);

	a->x = min(a->x, b->x);
	a->y = min(a->y, b->y);
	a->width = min_t(u64, right - a->x, U32_MAX);
	a->height = min_t(u64, bottom - a->y, U32_MAX);
}

static void rect_clip(struct vfio_dmabuf_rect *rect, u32 width, u32 height)
{
	rect->x = min(rect->x, width);
	rect->y = min(rect->y, height);
	rect->width = min(rect->width, width - rect->x);
	rect->height = min(rect->height, height - rect->y);
	if (!rect->width || !rect->height)
		memset(rect, 0, sizeof(*rect));
}

/* All that was damaged after @seen, up to @sequence, in an unclipped plane. */
static void damage_since(const struct plane_state *state, u64 seen,
			 u64 sequence, struct vfio_dmabuf_rect *damage)
{
	const struct vfio_dmabuf_rect *next;
	u64 nr;

	memset(damage, 0, sizeof(*damage));
	/* The ring may have turned on since @sequence was read */
	if (state->sequence - seen > MGR_DAMAGES) {
		damage->width = U32_MAX;
		damage->height = U32_MAX;
		return;
	}
	for (nr = seen + 1; nr <= sequence; nr++) {
		next = &state->damage[nr % MGR_DAMAGES];
		if (!next->width || !next->height)
			continue;
		if (!damage->width)
			*damage = *next;
		else
			rect_union(damage, next);
	}
}

static void fill_ext(struct mgr_file *file, int slot, u64 id,
		     const struct plane_look *look,
		     struct vfio_dmabuf_mgr_query_plane_ext *ext)
{
	struct vfio_dmabuf_mgr *mgr = file->mgr;
	struct vfio_dmabuf_rect damage;

	memset(ext, 0, sizeof(*ext));
	ext->sequence = look->sequence;
	ext->time_ns = look->time_ns;
	ext->buffer_id = id;
	ext->hot_x = VFIO_DMABUF_MGR_UNKNOWN;
	ext->hot_y = VFIO_DMABUF_MGR_UNKNOWN;
	if (!look->on)
		return;

	spin_lock(&mgr->event_lock);
	damage_since(&mgr->state[slot], file->seen[slot], look->sequence,
		     &damage);
	spin_unlock(&mgr->event_lock);
	rect_clip(&damage, look->plane.width, look->plane.height);
	ext->damage_x = damage.x;
	ext->damage_y = damage.y;
	ext->damage_width = damage.width;
	ext->damage_height = damage.height;
	ext->hot_x = look->plane.hot_x;
	ext->hot_y = look->plane.hot_y;
}

/* What the caller was told counts as seen; never step back behind another. */
static void mark_seen(struct mgr_file *file, int slot, u64 sequence)
{
	spin_lock(&file->mgr->event_lock);
	file->seen[slot] = max(file->seen[slot], sequence);
	spin_unlock(&file->mgr->event_lock);
}

static long ioctl_query_plane(struct mgr_file *file, void __user *uarg)
{
	const size_t minsz = offsetofend(struct vfio_dmabuf_mgr_query_plane,
					 plane_id);
	struct vfio_dmabuf_mgr *mgr = file->mgr;
	struct vfio_dmabuf_mgr_query_plane_ext ext;
	struct vfio_dmabuf_mgr_query_plane query;
	struct plane_look look;
	bool extended;
	u64 id = 0;
	int slot;
	int ret;

	if (copy_from_user(&query, uarg, minsz))
		return -EFAULT;
	if (query.argsz < minsz || query.flags)
		return -EINVAL;
	extended = query.argsz >= VFIO_DMABUF_MGR_QUERY_EXT_ARGSZ;

	mutex_lock(&mgr->lock);
	ret = mgr_look(mgr, query.plane_id, &look);
	if (!ret) {
		mgr_look_info(&look, &query.plane_info);
		if (extended && look.on)
			id = scanout_id(mgr, &look.plane);
	}
	mutex_unlock(&mgr->lock);
	if (ret)
		return ret;

	trace_vfio_dmabuf_mgr_query(mgr, query.plane_id, &look);
	slot = mgr_plane_slot(mgr, query.plane_id);
	if (extended) {
		fill_ext(file, slot, id, &look, &ext);
		if (copy_to_user(uarg + VFIO_DMABUF_MGR_QUERY_EXT_OFFSET, &ext,
				 sizeof(ext)))
			return -EFAULT;
	}
	if (copy_to_user(uarg, &query, minsz))
		return -EFAULT;
	mark_seen(file, slot, look.sequence);
	return 0;
}

static long ioctl_create_dmabuf(struct mgr_file *file, void __user *uarg)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;
	struct plane_look look;
	struct dma_buf *dmabuf;
	bool writable;
	int ret;

	if (copy_from_user(&create, uarg, sizeof(create)))
		return -EFAULT;
	if (create.argsz < sizeof(create) ||
	    create.flags & ~VFIO_DMABUF_MGR_CREATE_WRITABLE)
		return -EINVAL;
	writable = create.flags & VFIO_DMABUF_MGR_CREATE_WRITABLE;
	if (writable &&
	    !(atomic_read(&file->rights) & VFIO_DMABUF_MGR_RIGHT_WRITABLE))
		return -EPERM;

	create.fd = get_unused_fd_flags(O_CLOEXEC);
	if (create.fd < 0)
		return create.fd;

	dmabuf = mgr_export_plane(file->mgr, create.plane_id, writable, &look);
	if (IS_ERR(dmabuf)) {
		ret = PTR_ERR(dmabuf);
		goto err_fd;
	}
	mgr_look_info(&look, &create.plane_info);
	if (copy_to_user(uarg, &create, sizeof(create))) {
		ret = -EFAULT;
		goto err_dmabuf;
	}
	fd_install(create.fd, dmabuf->file);
	return 0;

err_dmabuf:
	dma_buf_put(dmabuf);
err_fd:
	put_unused_fd(create.fd);
	return ret;
}

static bool mgr_is_revoked(const struct vfio_dmabuf_mgr *mgr)
{
	/* Set once, and looked at again under the lock where that matters */
	return READ_ONCE(mgr->revoked);
}

static long ioctl_get_info(struct mgr_file *file, void __user *uarg)
{
	const struct vfio_dmabuf_mgr *mgr = file->mgr;
	struct vfio_dmabuf_mgr_info info;

	if (copy_from_user(&info, uarg, offsetofend(typeof(info), flags)))
		return -EFAULT;
	if (info.argsz < sizeof(info) || info.flags)
		return -EINVAL;

	info.heads = mgr->heads;
	info.overlays = mgr->planes[VFIO_DMABUF_MGR_PLANE_OVERLAY];
	info.primaries = mgr->planes[VFIO_DMABUF_MGR_PLANE_PRIMARY];
	info.cursors = mgr->planes[VFIO_DMABUF_MGR_PLANE_CURSOR];
	info.caps = mgr->caps;
	info.rights = atomic_read(&file->rights);
	memcpy(info.device, mgr->device, sizeof(info.device));
	return copy_to_user(uarg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long ioctl_drop_rights(struct mgr_file *file, void __user *uarg)
{
	struct vfio_dmabuf_mgr_drop_rights drop;

	if (copy_from_user(&drop, uarg, sizeof(drop)))
		return -EFAULT;
	if (drop.argsz < sizeof(drop) || drop.flags ||
	    drop.rights & ~MGR_RIGHTS)
		return -EINVAL;
	atomic_andnot(drop.rights, &file->rights);
	return 0;
}

/*
 * A file of a device that is gone answers -ENODEV whatever it is asked; one
 * that goes while it is being asked is caught again under the lock, where the
 * answer needs the device.
 */
long mgr_file_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct mgr_file *file = filp->private_data;
	void __user *uarg = (void __user *)arg;

	if (mgr_is_revoked(file->mgr))
		return -ENODEV;

	switch (cmd) {
	case VFIO_DMABUF_MGR_QUERY_PLANE:
		return ioctl_query_plane(file, uarg);
	case VFIO_DMABUF_MGR_CREATE_DMABUF:
		return ioctl_create_dmabuf(file, uarg);
	case VFIO_DMABUF_MGR_GET_INFO:
		return ioctl_get_info(file, uarg);
	case VFIO_DMABUF_MGR_DROP_RIGHTS:
		return ioctl_drop_rights(file, uarg);
	default:
		return -ENOTTY;
	}
}
