// SPDX-License-Identifier: GPL-2.0-only
/*
 * Putting dma-bufs that are not given out again.
 *
 * The manager keeps its reference to such a dma-buf, an orphan, until nobody else
 * has one. So the last put is always the manager's. It must be:
 *
 * - dma_buf_poll() has a reference until a fence signals, and puts it in
 *   interrupt context. Were that the last, the one worker that puts files for
 *   the whole kernel would have to release the file.
 * - The last put of a file takes the lock of each epoll set that the file is in.
 *   The owner of such a set can hold its lock for ever: it waits for events into
 *   memory whose fault is never answered. The manager puts a file in an epoll
 *   set from a worker that nothing else waits for.
 * - The memory can be taken from the dma-buf before the file is put, and then
 *   does not wait for the file.
 *
 * Nothing tells that a reference has gone, so a worker looks at the orphans: soon
 * at first, then at growing intervals, and at once where room is wanted.
 *
 * The last put would also notify watches of the file (inotify), which allocates
 * memory in the watcher's cgroup and can wait for it. So no file here notifies
 * anybody: it has FMODE_NONOTIFY from when it is made.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "mgr.h"
#include "planefd_compat.h"

/* Between two looks at the orphans */
#define LOOK_SOON	msecs_to_jiffies(10)
#define LOOK_LATEST	msecs_to_jiffies(1000)

static void orphans_look(struct work_struct *work);

static DEFINE_SPINLOCK(orphans_lock);	/* guards the two below */
static LIST_HEAD(orphans);		/* of struct exported */
static unsigned long orphans_delay;	/* jiffies until the next look */
static DECLARE_DELAYED_WORK(orphans_work, orphans_look);
static struct workqueue_struct *orphans_queue;
/* In these two each item that is stuck has a worker to itself */
static struct workqueue_struct *put_queue;
static struct workqueue_struct *invalidate_queue;

static void destroy_queues(void)
{
	if (orphans_queue)
		destroy_workqueue(orphans_queue);
	if (put_queue)
		destroy_workqueue(put_queue);
	if (invalidate_queue)
		destroy_workqueue(invalidate_queue);
}

int __init put_init(void)
{
	orphans_queue = alloc_ordered_workqueue("vfio_dmabuf_mgr_orphans", 0);
	put_queue = alloc_workqueue("vfio_dmabuf_mgr", WQ_UNBOUND,
				    WQ_MAX_ACTIVE);
	invalidate_queue = alloc_workqueue("vfio_dmabuf_mgr_invalidate",
					   WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (orphans_queue && put_queue && invalidate_queue)
		return 0;
	destroy_queues();
	return -ENOMEM;
}

/* There are no orphans: each dma-buf of ours holds the module. */
void put_exit(void)
{
	cancel_delayed_work_sync(&orphans_work);
	destroy_queues();
}

/* References that dma_buf_poll() has, each until a fence signals */
static unsigned int poll_references(const struct dma_buf *dmabuf)
{
	return !!READ_ONCE(dmabuf->cb_in.active) +
	       !!READ_ONCE(dmabuf->cb_out.active);
}

/*
 * Can nobody but the manager reach the dma-buf? Then its file has the manager's
 * reference and dma_buf_poll()'s, which lead nowhere. An epoll set can still have
 * the file polled, but has a reference of its own only meanwhile.
 *
 * dma_buf_poll() takes its references under the reservation lock, and a fence
 * clears .active under poll.lock before it puts one: with both locks held the two
 * counts belong together. Where the reservation lock is taken the dma-buf is in use.
 */
bool dmabuf_is_unused(struct dma_buf *dmabuf)
{
	bool unused;

	if (file_count(dmabuf->file) > 1 + poll_references(dmabuf))
		return false;
	if (!dma_resv_trylock(dmabuf->resv))
		return false;
	spin_lock_irq(&dmabuf->poll.lock);
	unused = file_count(dmabuf->file) == 1 + poll_references(dmabuf);
	spin_unlock_irq(&dmabuf->poll.lock);
	dma_resv_unlock(dmabuf->resv);
	/* All that others did to it comes before what is done to it now */
	smp_mb();
	return unused;
}

/* Nothing uses the memory any more, whatever a fence says. */
static void drop_fences(struct dma_resv *resv)
{
	struct dma_fence *stub = dma_fence_get_stub();
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_for_each_fence(&cursor, resv, DMA_RESV_USAGE_BOOKKEEP, fence)
		dma_resv_replace_fences(resv, fence->context, stub,
					DMA_RESV_USAGE_BOOKKEEP);
	dma_fence_put(stub);
}

/*
 * Take its memory from an unused dma-buf of the manager's own, and count it no
 * more. It may be long until its file goes. Without fences dma_buf_poll() takes no
 * further reference. False where the reservation lock is taken.
 */
static bool buffer_abandon(struct dma_buf *dmabuf)
{
	struct plane_buffer *buffer = dmabuf->priv;

	if (!buffer->scanout.mem)
		return true;
	if (!dma_resv_trylock(dmabuf->resv))
		return false;
	drop_fences(dmabuf->resv);
	dma_resv_unlock(dmabuf->resv);
	buffer->counted = false;
	atomic_dec(&buffer->mgr->nr_buffers[buffer->pool]);
	vfio_dmabuf_mem_put(buffer->scanout.mem);
	buffer->scanout.mem = NULL;
	return true;
}

static void put_last(struct work_struct *work)
{
	struct exported *exported = container_of(work, struct exported, work);

	__fput_sync(exported->dmabuf->file);
	kfree(exported);
}

/* Put and free an orphan if nobody else can reach it. */
static bool orphan_put(struct exported *exported)
{
	struct dma_buf *dmabuf = exported->dmabuf;

	if (!dmabuf_is_unused(dmabuf))
		return false;
	/* The memory of a vendor's own goes with the file */
	if (export_is_own(dmabuf) && !buffer_abandon(dmabuf))
		return false;
	if (file_count(dmabuf->file) > 1)
		return false;
	/* What was done to it by others before is seen */
	smp_rmb();
	if (planefd_file_has_epoll(dmabuf->file)) {
		INIT_WORK(&exported->work, put_last);
		queue_work(put_queue, &exported->work);
	} else {
		/* Its release comes later, without the caller's locks */
		fput(dmabuf->file);
		kfree(exported);
	}
	return true;
}

static void orphans_look(struct work_struct *work)
{
	struct exported *exported, *next;
	unsigned long delay;
	LIST_HEAD(looked_at);
	LIST_HEAD(kept);

	spin_lock(&orphans_lock);
	list_splice_init(&orphans, &looked_at);
	delay = orphans_delay;
	orphans_delay = min(2 * delay, LOOK_LATEST);
	spin_unlock(&orphans_lock);

	list_for_each_entry_safe(exported, next, &looked_at, link) {
		list_del(&exported->link);
		if (!orphan_put(exported))
			list_add_tail(&exported->link, &kept);
		cond_resched();
	}
	if (list_empty(&kept))
		return;

	spin_lock(&orphans_lock);
	list_splice(&kept, &orphans);
	spin_unlock(&orphans_lock);
	queue_delayed_work(orphans_queue, &orphans_work, delay);
}

/* Put a dma-buf that is not given out any more and is in no list, now or later. */
void exported_put(struct exported *exported)
{
	if (orphan_put(exported))
		return;
	spin_lock(&orphans_lock);
	list_add_tail(&exported->link, &orphans);
	orphans_delay = LOOK_SOON;
	spin_unlock(&orphans_lock);
	queue_delayed_work(orphans_queue, &orphans_work, LOOK_SOON);
}

static void invalidate(struct work_struct *work)
{
	struct exported *exported = container_of(work, struct exported, work);

	export_invalidate(exported->dmabuf);
	if (exported->held)
		mem_unhold(exported->scanout.mem);
	exported_put(exported);
}

/*
 * Put a dma-buf whose memory is revoked, and tell its importers first. They may take
 * long, and hold the reservation lock as long as they like: a worker waits for them.
 */
void exported_invalidate(struct exported *exported)
{
	/* The pages stay for what devices have begun to do with them */
	exported->held = exported->scanout.mem &&
			 mem_hold(exported->scanout.mem);
	INIT_WORK(&exported->work, invalidate);
	queue_work(invalidate_queue, &exported->work);
}

/* Room is wanted, or a count: put now what can be put. The worker waits for nobody. */
void orphans_put(void)
{
	flush_delayed_work(&orphans_work);
}
