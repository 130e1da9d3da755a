// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a manager fd. Each field of an argument is read once and
 * checked, what is asked looked up under the manager's lock, and the answer
 * copied out without it. A viewer that holds the lock may be kept from running,
 * so the others can be killed while they wait for it.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
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
	/* Also where the ring has turned: that is the next query's to tell */
	if (seen >= sequence)
		return;
	/* The ring may have turned on since @sequence was read */
	if (atomic64_read(&state->sequence) - seen > MGR_CHANGES) {
		damage->width = U32_MAX;
		damage->height = U32_MAX;
		return;
	}
	for (nr = seen + 1; nr <= sequence; nr++) {
		next = &state->changes[nr % MGR_CHANGES].damage;
		if (!next->width || !next->height)
			continue;
		if (!damage->width)
			*damage = *next;
		else
			rect_union(damage, next);
	}
}

/* What is not in the patch; apart, so that its struct costs only who asks. */
static noinline_for_stack int
put_ext(struct mgr_file *file, const struct plane_look *look, u64 id,
	struct vfio_dmabuf_mgr_query_plane_ext __user *user)
{
	const struct plane_state *state = &file->mgr->state[look->slot];
	struct vfio_dmabuf_mgr_query_plane_ext ext = {
		.sequence = look->sequence,
		.buffer_id = id,
		.hot_x = look->plane.hot_x,
		.hot_y = look->plane.hot_y,
	};
	struct vfio_dmabuf_rect damage;

	spin_lock(&file->mgr->event_lock);
	damage_since(state, file->seen[look->slot], look->sequence, &damage);
	ext.time_ns = state->changes[look->sequence % MGR_CHANGES].time_ns;
	spin_unlock(&file->mgr->event_lock);

	/* A plane that is off has no pixels that could be damaged */
	rect_clip(&damage, look->plane.width, look->plane.height);
	ext.damage_x = damage.x;
	ext.damage_y = damage.y;
	ext.damage_width = damage.width;
	ext.damage_height = damage.height;
	return copy_to_user(user, &ext, sizeof(ext)) ? -EFAULT : 0;
}

/* What the caller was told counts as seen; never step back behind another. */
static void mark_seen(struct mgr_file *file, const struct plane_look *look)
{
	u64 *seen = &file->seen[look->slot];

	if (READ_ONCE(*seen) == look->sequence)
		return;
	spin_lock(&file->mgr->event_lock);
	WRITE_ONCE(*seen, max(*seen, look->sequence));
	spin_unlock(&file->mgr->event_lock);
}

/* The words of an argument that say what is asked */
struct query_args {
	u32 argsz;
	u32 flags;
	u32 plane_id;
};

/*
 * Each word read once, and all under one opening of user memory, which costs
 * more than the words do.
 */
static int get_args(struct query_args *args,
		    const struct vfio_dmabuf_mgr_query_plane __user *user)
{
	if (!user_read_access_begin(user, offsetofend(typeof(*user), plane_id)))
		return -EFAULT;
	unsafe_get_user(args->argsz, &user->argsz, err_fault);
	unsafe_get_user(args->flags, &user->flags, err_fault);
	unsafe_get_user(args->plane_id, &user->plane_id, err_fault);
	user_read_access_end();
	return 0;

err_fault:
	user_read_access_end();
	return -EFAULT;
}

/* Six words, for which copy_to_user() takes longer than the words do. */
static int put_info(struct vfio_dmabuf_mgr_plane_info __user *user,
		    const struct vfio_dmabuf_mgr_plane_info *info)
{
	if (!user_write_access_begin(user, sizeof(*user)))
		return -EFAULT;
	unsafe_copy_to_user((char __user *)user, (const char *)info,
			    sizeof(*info), err_fault);
	user_write_access_end();
	return 0;

err_fault:
	user_write_access_end();
	return -EFAULT;
}

/* Asked once a frame by every viewer: reads and writes no more than it must. */
static long
ioctl_query_plane(struct mgr_file *file,
		  struct vfio_dmabuf_mgr_query_plane __user *user)
{
	const u32 minsz = offsetofend(typeof(*user), plane_id);
	struct vfio_dmabuf_mgr_plane_info info = {};
	struct vfio_dmabuf_mgr *mgr = file->mgr;
	struct plane_look look = {};
	struct query_args args;
	bool extended;
	u64 id = 0;
	int ret;

	ret = get_args(&args, user);
	if (ret)
		return ret;
	if (args.argsz < minsz || args.flags)
		return -EINVAL;
	extended = args.argsz >= VFIO_DMABUF_MGR_QUERY_EXT_ARGSZ;

	if (mutex_lock_killable(&mgr->lock))
		return -EINTR;
	ret = mgr_look(mgr, args.plane_id, &look);
	if (!ret && extended && look.on)
		id = scanout_id(mgr, &look.plane);
	if (!ret)
		mgr_look_info(&look, &info);
	mutex_unlock(&mgr->lock);
	if (ret)
		return ret;

	trace_vfio_dmabuf_mgr_query(mgr, args.plane_id, &look);
	if (extended &&
	    put_ext(file, &look, id,
		    (void __user *)user + VFIO_DMABUF_MGR_QUERY_EXT_OFFSET))
		return -EFAULT;
	ret = put_info(&user->plane_info, &info);
	if (!ret)
		mark_seen(file, &look);
	return ret;
}

static long
ioctl_create_dmabuf(struct mgr_file *file,
		    struct vfio_dmabuf_mgr_create_dmabuf __user *user)
{
	struct vfio_dmabuf_mgr_plane_info info = {};
	u32 argsz, flags, plane_id;
	struct plane_look look = {};
	struct dma_buf *dmabuf;
	int fd, ret;

	if (get_user(argsz, &user->argsz) || get_user(flags, &user->flags) ||
	    get_user(plane_id, &user->plane_id))
		return -EFAULT;
	if (argsz < sizeof(*user) || flags & ~VFIO_DMABUF_MGR_CREATE_WRITABLE)
		return -EINVAL;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	dmabuf = mgr_export_plane(file, plane_id,
				  flags & VFIO_DMABUF_MGR_CREATE_WRITABLE,
				  &look);
	if (IS_ERR(dmabuf)) {
		ret = PTR_ERR(dmabuf);
		goto err_fd;
	}
	mgr_look_info(&look, &info);
	if (copy_to_user(&user->plane_info, &info, sizeof(info)) ||
	    put_user(fd, &user->fd)) {
		ret = -EFAULT;
		goto err_dmabuf;
	}
	fd_install(fd, dmabuf->file);
	return 0;

err_dmabuf:
	/* Not the last reference: the manager has one, see put.c */
	dma_buf_put(dmabuf);
err_fd:
	put_unused_fd(fd);
	return ret;
}

static bool mgr_is_revoked(const struct vfio_dmabuf_mgr *mgr)
{
	/* Set once, and looked at again under the lock where that matters */
	return READ_ONCE(mgr->revoked);
}

/* Is a plane that is on a copy? */
static bool any_copied(struct vfio_dmabuf_mgr *mgr)
{
	unsigned int i;

	for (i = 0; i < mgr->nr_planes; i++) {
		struct plane_look look = {};

		if (!mgr_look(mgr, mgr_plane_id(mgr, i), &look) && look.on &&
		    look.plane.copied)
			return true;
	}
	return false;
}

static long ioctl_get_info(struct mgr_file *file, void __user *uarg)
{
	struct vfio_dmabuf_mgr *mgr = file->mgr;
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
	if (mutex_lock_killable(&mgr->lock))
		return -EINTR;
	info.rights = file->rights;
	if (any_copied(mgr))
		info.caps |= VFIO_DMABUF_MGR_CAP_COPIED;
	mutex_unlock(&mgr->lock);
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
	/* Once this returns no buffer is made any more that needs the right */
	if (mutex_lock_killable(&file->mgr->lock))
		return -EINTR;
	file->rights &= ~drop.rights;
	mutex_unlock(&file->mgr->lock);
	return 0;
}

static int mgr_request_mode(struct mgr_file *file,
			    const struct vfio_dmabuf_mgr_request_mode *mode)
{
	const struct vfio_dmabuf_mgr_ops *ops = file->mgr->ops;

	lockdep_assert_held(&file->mgr->lock);

	if (!ops)
		return -ENODEV;
	if (!ops->request_mode)
		return -EOPNOTSUPP;
	if (!(file->rights & VFIO_DMABUF_MGR_RIGHT_MODE))
		return -EPERM;
	return ops->request_mode(file->mgr->priv, mode->head, mode->width,
				 mode->height, mode->refresh);
}

static long ioctl_request_mode(struct mgr_file *file, void __user *uarg)
{
	struct vfio_dmabuf_mgr_request_mode mode;
	int ret;

	if (copy_from_user(&mode, uarg, sizeof(mode)))
		return -EFAULT;
	if (mode.argsz < sizeof(mode) || mode.flags ||
	    mode.head >= file->mgr->heads || !mode.width != !mode.height)
		return -EINVAL;
	mode.head = array_index_nospec(mode.head, MGR_MAX_HEADS);

	if (mutex_lock_killable(&file->mgr->lock))
		return -EINTR;
	ret = mgr_request_mode(file, &mode);
	mutex_unlock(&file->mgr->lock);
	return ret;
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
	case VFIO_DMABUF_MGR_REQUEST_MODE:
		return ioctl_request_mode(file, uarg);
	default:
		return -ENOTTY;
	}
}
