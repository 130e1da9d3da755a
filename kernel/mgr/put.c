// SPDX-License-Identifier: GPL-2.0-only
/*
 * Putting a dma-buf that others have had, where the last put may be ours.
 *
 * The last put of a file takes the lock of each epoll set that it is still in,
 * and whoever has an epoll set can hold its lock for ever: by waiting for events
 * into memory whose fault nobody answers. So of one that is in such a set it is
 * done where nobody waits for it: neither the task that happens to be here, a
 * VMM's or another viewer's, nor the one worker that puts files for all of the
 * kernel's threads.
 *
 * The last put would also tell whoever watches the file (inotify), in memory of
 * their cgroup, which they can have it wait for. So no file here tells anything:
 * it has FMODE_NONOTIFY from when it is made.
 */
#include <linux/dma-buf.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "mgr.h"
#include "planefd_compat.h"

static struct workqueue_struct *put_queue;

/* One that is stuck has a worker to itself; the others have theirs. */
int __init put_init(void)
{
	put_queue = alloc_workqueue("vfio_dmabuf_mgr", WQ_UNBOUND,
				    WQ_MAX_ACTIVE);
	return put_queue ? 0 : -ENOMEM;
}

/* Nothing is queued any more: each dma-buf of ours holds the module. */
void put_exit(void)
{
	destroy_workqueue(put_queue);
}

static void put_last(struct work_struct *work)
{
	struct exported *exported =
		container_of(work, struct exported, put_work);

	__fput_sync(exported->dmabuf->file);
	kfree(exported);
}

/*
 * Is the put of what nobody else had a moment ago one that may hold up others?
 * Nobody can put it into an epoll set any more: that takes a reference.
 */
static bool put_may_wait(struct file *file)
{
	if (!planefd_file_is_last(file))
		return true;
	/* What was done to it by whoever had it before is seen */
	smp_rmb();
	return planefd_file_has_epoll(file);
}

/* Put its dma-buf, for the last time, and free it; it is in no list any more. */
void exported_put(struct exported *exported)
{
	struct file *file = exported->dmabuf->file;

	if (put_may_wait(file)) {
		INIT_WORK(&exported->put_work, put_last);
		queue_work(put_queue, &exported->put_work);
		return;
	}
	/* Its release comes later, without the locks that are held here */
	fput(file);
	kfree(exported);
}

/*
 * Put a dma-buf that was to be given out. The manager may have dropped it by
 * now, and others have had it before.
 */
void exported_put_back(struct vfio_dmabuf_mgr *mgr, struct dma_buf *dmabuf)
{
	struct exported *exported;

	if (planefd_fput_unless_last(dmabuf->file))
		return;
	if (!put_may_wait(dmabuf->file)) {
		fput(dmabuf->file);
		return;
	}
	mutex_lock(&mgr->lock);
	buffer_abandon(mgr, dmabuf);
	mutex_unlock(&mgr->lock);
	/* There is nobody left to tell of a failure */
	exported = kzalloc(sizeof(*exported), GFP_KERNEL | __GFP_NOFAIL);
	exported->dmabuf = dmabuf;
	exported_put(exported);
}
