// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much memory may be out at once on one account.
 *
 * A dma-buf keeps memory of a device whose opening is long over. What a driver
 * counts when it opens a device says nothing of that; so memory counts until
 * it is freed, and the count is this module's, which is there until then.
 *
 * Memory that the device has given up, and that viewers keep, counts apart: a
 * viewer must not cost a guest its picture, nor a VMM its device. As long as they
 * keep as much as the device itself may have, they are given no other.
 */
#include <linux/err.h>
#include <linux/kref.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vfio_dmabuf_mgr.h>

#include "mgr.h"

struct vfio_dmabuf_quota {
	struct kref ref;
	u64 most;		/* bytes */
	spinlock_t lock;	/* guards what follows */
	u64 left;		/* bytes of those that the device may have */
	u64 kept;		/* bytes that viewers keep */
};

/**
 * vfio_dmabuf_quota_create - open an account
 * @bytes: what a device may have at once. Viewers may keep as much that it has
 *	given up: beyond that they are given no other that counts here
 *
 * Context: process context, may sleep.
 * Return: the account, to be put with vfio_dmabuf_quota_put(), or an ERR_PTR:
 * -ENOMEM.
 */
struct vfio_dmabuf_quota *vfio_dmabuf_quota_create(u64 bytes)
{
	struct vfio_dmabuf_quota *quota;

	quota = kzalloc(sizeof(*quota), GFP_KERNEL);
	if (!quota)
		return ERR_PTR(-ENOMEM);
	kref_init(&quota->ref);
	spin_lock_init(&quota->lock);
	quota->most = bytes;
	quota->left = bytes;
	return quota;
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_quota_create);

static void quota_free(struct kref *ref)
{
	kfree(container_of(ref, struct vfio_dmabuf_quota, ref));
}

/**
 * vfio_dmabuf_quota_put - close an account
 * @quota: the account; memory that counts against it keeps it
 *
 * Context: any but hard interrupt context.
 */
void vfio_dmabuf_quota_put(struct vfio_dmabuf_quota *quota)
{
	kref_put(&quota->ref, quota_free);
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_quota_put);

static bool quota_try_take(struct vfio_dmabuf_quota *quota, u64 bytes)
{
	bool enough;

	spin_lock(&quota->lock);
	enough = quota->left >= bytes;
	if (enough)
		quota->left -= bytes;
	spin_unlock(&quota->lock);
	if (enough)
		kref_get(&quota->ref);
	return enough;
}

/* Take @bytes and a reference, if so much is left. */
bool quota_take(struct vfio_dmabuf_quota *quota, u64 bytes)
{
	if (quota_try_take(quota, bytes))
		return true;
	/* Dma-bufs that nobody has any more may hold some of it */
	orphans_put();
	return quota_try_take(quota, bytes);
}

/* The device has given it up, and viewers keep it. */
void quota_keep(struct vfio_dmabuf_quota *quota, u64 bytes)
{
	spin_lock(&quota->lock);
	quota->left += bytes;
	quota->kept += bytes;
	spin_unlock(&quota->lock);
}

/* Do viewers keep as much as they may? */
bool quota_is_kept(struct vfio_dmabuf_quota *quota)
{
	bool kept;

	spin_lock(&quota->lock);
	kept = quota->kept >= quota->most;
	spin_unlock(&quota->lock);
	return kept;
}

/* Undo quota_take(), and quota_keep() where it is @kept. */
void quota_return(struct vfio_dmabuf_quota *quota, u64 bytes, bool kept)
{
	spin_lock(&quota->lock);
	if (kept)
		quota->kept -= bytes;
	else
		quota->left += bytes;
	spin_unlock(&quota->lock);
	vfio_dmabuf_quota_put(quota);
}
