// SPDX-License-Identifier: GPL-2.0-only
/*
 * The manager object: made for one opening of a device, revoked when that
 * ends, freed when the last file and dma-buf that need it are gone.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "mgr.h"
#include "planefd_compat.h"

/* The ABI counts in pages of this size; see plane_info's start */
static_assert(PAGE_SIZE == SZ_4K);

#define CREATE_TRACE_POINTS
#include "trace.h"

void mgr_get(struct vfio_dmabuf_mgr *mgr)
{
	kref_get(&mgr->ref);
}

static void mgr_free(struct kref *ref)
{
	struct vfio_dmabuf_mgr *mgr =
		container_of(ref, struct vfio_dmabuf_mgr, ref);

	/* Nobody waits any more: each who could had a file */
	cancel_work_sync(&mgr->wake_work);
	mutex_destroy(&mgr->lock);
	kvfree(mgr->recent);
	kvfree(mgr);
}

void mgr_put(struct vfio_dmabuf_mgr *mgr)
{
	kref_put(&mgr->ref, mgr_free);
}

/*
 * How many wait is the viewers' doing, and not the guest's to pay for: one file
 * can be in as many epoll sets as there are fds, and each of these in others.
 */
static void mgr_wake(struct work_struct *work)
{
	struct vfio_dmabuf_mgr *mgr =
		container_of(work, struct vfio_dmabuf_mgr, wake_work);
	__poll_t events = READ_ONCE(mgr->revoked) ?
		EPOLLHUP : EPOLLIN | EPOLLRDNORM;

	/* Exclusive waiters as well: each file has changes of its own to see */
	__wake_up(&mgr->wait, TASK_NORMAL, 0, poll_to_key(events));
}

/* The index in mgr->state[] of a plane, or -EINVAL if the device never has it. */
int mgr_plane_slot(const struct vfio_dmabuf_mgr *mgr, u32 plane_id)
{
	u32 type = vfio_dmabuf_plane_type(plane_id);
	u32 index = vfio_dmabuf_plane_index(plane_id);
	u32 head = vfio_dmabuf_plane_head(plane_id);
	u32 slot, i;

	if (type >= ARRAY_SIZE(mgr->planes))
		return -EINVAL;
	type = array_index_nospec(type, ARRAY_SIZE(mgr->planes));
	if (index >= mgr->planes[type] || head >= mgr->heads)
		return -EINVAL;
	slot = head * mgr->per_head + index;
	for (i = 0; i < type; i++)
		slot += mgr->planes[i];
	return array_index_nospec(slot, mgr->nr_planes);
}

/* The inverse of mgr_plane_slot(), for a slot below mgr->nr_planes. */
u32 mgr_plane_id(const struct vfio_dmabuf_mgr *mgr, unsigned int slot)
{
	u32 index = slot % mgr->per_head;
	u32 type = 0;

	while (index >= mgr->planes[type])
		index -= mgr->planes[type++];
	return VFIO_DMABUF_MGR_PLANE_ID(type, index, slot / mgr->per_head);
}

/* Does what the driver tells hold together? Anything else is a driver's bug. */
static bool plane_is_sound(const struct vfio_dmabuf_mgr *mgr,
			   const struct vfio_dmabuf_plane *plane)
{
	u64 size = mul_u32_u32(plane->stride, plane->height);
	u64 end, last;

	if (!plane->start || !plane->width || !plane->height ||
	    !plane->stride ||
	    offset_in_page(plane->start) != offset_in_page(plane->offset) ||
	    check_add_overflow(plane->offset, size, &end))
		return false;
	/* A pixel has a byte at the least */
	last = end - plane->stride + min(plane->width, plane->stride);
	if (plane->mem)
		return last <= vfio_dmabuf_mem_size(plane->mem) &&
		       size <= U32_MAX - SZ_64K;
	/* The ABI's size has 32 bits */
	return plane->backing && mgr->ops->export && size <= U32_MAX - SZ_64K;
}

/*
 * Look at a plane, into a zeroed @look. The sequence is read first: a change
 * that comes in between is told again, never lost. look->plane.mem is lent
 * until mgr->lock is dropped. Returns 0, with look->on false where the plane is
 * off; -ENODEV once revoked; -EINVAL for a plane that the device never has;
 * -EIO where the driver answers nonsense.
 */
int mgr_look(struct vfio_dmabuf_mgr *mgr, u32 plane_id,
	     struct plane_look *look)
{
	int ret;

	lockdep_assert_held(&mgr->lock);

	if (!mgr->ops)
		return -ENODEV;
	look->slot = mgr_plane_slot(mgr, plane_id);
	if (look->slot < 0)
		return look->slot;
	look->sequence = atomic64_read_acquire(&mgr->state[look->slot].sequence);

	look->plane.hot_x = VFIO_DMABUF_MGR_UNKNOWN;
	look->plane.hot_y = VFIO_DMABUF_MGR_UNKNOWN;
	ret = mgr->ops->get_plane(mgr->priv, plane_id, &look->plane);
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	if (WARN_ON_ONCE(!plane_is_sound(mgr, &look->plane)))
		return -EIO;
	look->on = true;
	return 0;
}

/*
 * What a look says in the patch's terms, into a zeroed @info: it stays so for
 * a plane that is off. Under mgr->lock still, or with a dma-buf of the plane:
 * it looks at the plane's memory.
 */
void mgr_look_info(const struct plane_look *look,
		   struct vfio_dmabuf_mgr_plane_info *info)
{
	const struct vfio_dmabuf_plane *plane = &look->plane;

	if (!look->on)
		return;
	info->start = plane->start;
	info->drm_format_mod = plane->modifier;
	info->drm_format = plane->format;
	info->width = plane->width;
	info->height = plane->height;
	info->stride = plane->stride;
	info->size = plane_dmabuf_size(plane->mem, plane->offset,
				       plane->stride, plane->height);
	info->x_pos = plane->x;
	info->y_pos = plane->y;
}

/**
 * vfio_dmabuf_mgr_create - make the manager of a device that is being opened
 * @vdev: the device; only its name is kept
 * @desc: what the device has; not needed after the call, but @desc->ops is
 *	until the manager is revoked
 * @priv: handed to the callback
 *
 * Context: process context, may sleep; open_device is the place.
 * Return: the manager, which vfio_dmabuf_mgr_revoke() ends, or an ERR_PTR:
 * -EINVAL where @desc asks for more than there may be, -ENOMEM.
 */
struct vfio_dmabuf_mgr *
vfio_dmabuf_mgr_create(struct vfio_device *vdev,
		       const struct vfio_dmabuf_mgr_desc *desc, void *priv)
{
	struct vfio_dmabuf_mgr *mgr;
	unsigned int per_head, nr_planes;

	if (!desc->heads || desc->heads > MGR_MAX_HEADS ||
	    desc->overlays > MGR_MAX_PLANES ||
	    desc->primaries > MGR_MAX_PLANES || desc->cursors > MGR_MAX_PLANES)
		return ERR_PTR(-EINVAL);
	per_head = desc->overlays + desc->primaries + desc->cursors;
	if (!per_head)
		return ERR_PTR(-EINVAL);
	nr_planes = desc->heads * per_head;

	mgr = kvzalloc(struct_size(mgr, state, nr_planes), GFP_KERNEL_ACCOUNT);
	if (!mgr)
		return ERR_PTR(-ENOMEM);
	mgr->nr_recent = nr_planes + MGR_RECENT;
	mgr->recent = kvcalloc(mgr->nr_recent, sizeof(*mgr->recent),
			       GFP_KERNEL_ACCOUNT);
	if (!mgr->recent) {
		kvfree(mgr);
		return ERR_PTR(-ENOMEM);
	}

	kref_init(&mgr->ref);
	strscpy(mgr->device, dev_name(vdev->dev), sizeof(mgr->device));
	mgr->heads = desc->heads;
	mgr->planes[VFIO_DMABUF_MGR_PLANE_OVERLAY] = desc->overlays;
	mgr->planes[VFIO_DMABUF_MGR_PLANE_PRIMARY] = desc->primaries;
	mgr->planes[VFIO_DMABUF_MGR_PLANE_CURSOR] = desc->cursors;
	mgr->caps = desc->caps;
	mgr->rights = VFIO_DMABUF_MGR_RIGHT_WRITABLE;
	if (desc->ops->request_mode) {
		mgr->caps |= VFIO_DMABUF_MGR_CAP_MODE;
		mgr->rights |= VFIO_DMABUF_MGR_RIGHT_MODE;
	}
	mgr->per_head = per_head;
	mgr->nr_planes = nr_planes;
	mgr->ops = desc->ops;
	mgr->priv = priv;
	mutex_init(&mgr->lock);
	INIT_LIST_HEAD(&mgr->exported);
	spin_lock_init(&mgr->event_lock);
	init_waitqueue_head(&mgr->wait);
	INIT_WORK(&mgr->wake_work, mgr_wake);
	return mgr;
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mgr_create);

/**
 * vfio_dmabuf_mgr_revoke - the device is closed or gone
 * @mgr: the manager; not to be used any more
 *
 * When this returns the callback is not running and never runs again. Manager
 * fds answer -ENODEV and hang up. Dma-bufs already out keep what they show.
 *
 * Context: process context, may sleep; close_device is the place. Not under a
 * lock that the callback takes.
 */
void vfio_dmabuf_mgr_revoke(struct vfio_dmabuf_mgr *mgr)
{
	mutex_lock(&mgr->lock);
	spin_lock(&mgr->event_lock);
	WRITE_ONCE(mgr->revoked, true);
	spin_unlock(&mgr->event_lock);
	mgr->ops = NULL;
	mgr->priv = NULL;
	exported_forget(mgr, NULL, 0);
	scanout_forget(mgr, NULL, 0);
	mutex_unlock(&mgr->lock);
	queue_work(system_dfl_wq, &mgr->wake_work);

	trace_vfio_dmabuf_mgr_revoke(mgr);
	mgr_put(mgr);
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mgr_revoke);

/**
 * vfio_dmabuf_mgr_changed - a plane has changed
 * @mgr: the manager
 * @plane_id: which plane, a valid id of this device
 * @damage: what was drawn anew, in pixels of the plane, or NULL for all of it:
 *	a flip, a move, a mode set, on and off
 *
 * Call it after the change shows in what the callback answers, or under a lock
 * that the callback takes.
 *
 * Context: not from hard or soft interrupt context; takes a spinlock only.
 */
void vfio_dmabuf_mgr_changed(struct vfio_dmabuf_mgr *mgr, u32 plane_id,
			     const struct vfio_dmabuf_rect *damage)
{
	static const struct vfio_dmabuf_rect all = {
		.width = U32_MAX, .height = U32_MAX,
	};
	int slot = mgr_plane_slot(mgr, plane_id);
	struct plane_change *change;
	struct plane_state *state;
	u64 sequence;

	if (WARN_ON_ONCE(slot < 0))
		return;
	state = &mgr->state[slot];

	spin_lock(&mgr->event_lock);
	sequence = atomic64_read(&state->sequence) + 1;
	change = &state->changes[sequence % MGR_CHANGES];
	change->time_ns = ktime_get_ns();
	change->damage = damage ? *damage : all;
	/* Pairs with the acquire in mgr_look() */
	atomic64_set_release(&state->sequence, sequence);
	spin_unlock(&mgr->event_lock);
	if (wq_has_sleeper(&mgr->wait))
		queue_work(system_dfl_wq, &mgr->wake_work);

	trace_vfio_dmabuf_mgr_change(mgr, plane_id, sequence);
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mgr_changed);

/**
 * vfio_dmabuf_mgr_forget - memory is no longer a plane's
 * @mgr: the manager
 * @mem: the memory, or NULL
 * @backing: with @mem NULL, the number of memory of the vendor's own, not 0
 *
 * Drops what references the manager itself has to the memory, so that it goes
 * when the last dma-buf over it does. Call it when no plane shows it any more;
 * memory that lasts as long as the device's opening needs no such call.
 *
 * Context: process context, may sleep. Not under a lock that the callback
 * takes.
 */
void vfio_dmabuf_mgr_forget(struct vfio_dmabuf_mgr *mgr,
			    const struct vfio_dmabuf_mem *mem, u64 backing)
{
	if (WARN_ON_ONCE(!mem && !backing))
		return;
	mutex_lock(&mgr->lock);
	exported_forget(mgr, mem, backing);
	scanout_forget(mgr, mem, backing);
	mutex_unlock(&mgr->lock);
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mgr_forget);

/**
 * vfio_dmabuf_mgr_revoke_mem - memory is to be out of everyone's reach
 * @mgr: the manager
 * @mem: the memory; not yet forgotten by vfio_dmabuf_mgr_forget()
 * @blank: let who has it mapped find an empty page there from now on, which
 *	suits a change that is the guest's doing; without it a SIGBUS
 *
 * For memory that is not the driver's to give any longer, such as a guest's
 * that the guest or the VMM takes back. Dma-bufs over it stay, but when this
 * returns no CPU has its pages mapped any more. Attaching or mapping one again is
 * -ENODEV, for the CPU and for devices. What an importer has mapped for a device, or
 * in the kernel, stays until it lets go. A dynamic importer that has not pinned the
 * dma-buf is told to, by a worker, soon after; others cannot be. The pages are kept
 * until then, and no longer. The manager forgets the memory, as by
 * vfio_dmabuf_mgr_forget().
 *
 * Context: process context, may sleep. Not under a lock that the callback
 * takes.
 */
void vfio_dmabuf_mgr_revoke_mem(struct vfio_dmabuf_mgr *mgr,
				struct vfio_dmabuf_mem *mem, bool blank)
{
	mutex_lock(&mgr->lock);
	exported_revoke(mgr, mem, blank);
	scanout_forget(mgr, mem, 0);
	mutex_unlock(&mgr->lock);
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mgr_revoke_mem);

/**
 * vfio_dmabuf_mgr_copied - the driver has copied pixels
 * @mgr: the manager
 * @bytes: how many; fdinfo tells the sum
 *
 * Context: any.
 */
void vfio_dmabuf_mgr_copied(struct vfio_dmabuf_mgr *mgr, u64 bytes)
{
	atomic64_add(bytes, &mgr->copied);
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mgr_copied);

/**
 * vfio_dmabuf_mgr_device_ioctl - the device ioctls that are the manager's
 * @mgr: the manager
 * @cmd: VFIO_DEVICE_GET_FD, which is also VFIO_DEVICE_QUERY_GFX_PLANE, or
 *	VFIO_DEVICE_GET_GFX_DMABUF
 * @arg: the user's pointer
 *
 * The argument's first word tells which of the two a 0x3b72 is: 0 asks for a
 * manager fd, and a struct of mainline's begins with its size.
 *
 * Context: the driver's ioctl operation, device open; may sleep and fault. Not
 * under a lock that the callback takes.
 * Return: a fd or 0, -ENOTTY for any other @cmd, or the ioctl's error.
 */
long vfio_dmabuf_mgr_device_ioctl(struct vfio_dmabuf_mgr *mgr,
				  unsigned int cmd, unsigned long arg)
{
	void __user *uarg = (void __user *)arg;
	u32 type;

	switch (cmd) {
	case VFIO_DEVICE_GET_FD:
		if (get_user(type, (u32 __user *)uarg))
			return -EFAULT;
		if (type == VFIO_DEVICE_DMABUF_MGR_FD)
			return mgr_file_open(mgr);
		return gfx_query_plane(mgr, uarg);
	case VFIO_DEVICE_GET_GFX_DMABUF:
		return gfx_get_dmabuf(mgr, uarg);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mgr_device_ioctl);

static int __init mgr_init(void)
{
	int ret;

	ret = mem_free_init();
	if (ret)
		return ret;
	ret = put_init();
	if (ret)
		mem_free_exit();
	return ret;
}

static void __exit mgr_exit(void)
{
	put_exit();
	mem_free_exit();
}

module_init(mgr_init);
module_exit(mgr_exit);

MODULE_DESCRIPTION("VFIO dma-buf manager: display planes of virtual GPUs");
MODULE_LICENSE("GPL");
PLANEFD_IMPORT_NS_DMA_BUF;
