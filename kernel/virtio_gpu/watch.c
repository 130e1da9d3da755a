// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VFIO has pinned for a device: few pages, and for a purpose.
 *
 * VFIO finds the pages behind an address, and tells a device of an unmap only
 * while something in that mapping is pinned. It must find nothing pinned soon
 * after, or it takes that for a bug of the host's, and each pin costs one turn
 * at VFIO's lock to undo. So there are two kinds of such pins, both bounded:
 *
 *   - the batch that the worker is at: it is pinned, the device takes pins of
 *     its own (pin.c), and it is unpinned at once;
 *   - the watches: up to VGPU_MAX_WATCHES single pages that stay pinned so that
 *     VFIO tells of unmaps. Of each block of guest memory in which the device
 *     has pages one page is watched. A block is one page at first; it doubles
 *     whenever there would be too many.
 *
 * Each watch has a work item that unpins it. They all queue for VFIO's lock at
 * once, and that lock goes to its waiters in order: a task that unmaps stands
 * behind them when it looks again.
 */
#include <linux/iommu.h>
#include <linux/kcov.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "virtio_gpu.h"

/*
 * The unpinners of all devices. An unmap waits for them, and reclaim may wait
 * for the task that unmaps: there must be a thread for them when none can be
 * made.
 */
static struct workqueue_struct *unpin_wq;

/* One thing less that an unmap waits for */
static void tell_left(struct vgpu *vgpu)
{
	atomic_dec(&vgpu->nr_leaving);
	wake_up_all(&vgpu->wait);
}

/* -------- Watches -------- */

static u64 block_of(const struct vgpu *vgpu, u64 iova)
{
	return iova >> vgpu->watch_shift;
}

static void watch_kill(struct vgpu *vgpu, struct vgpu_watch *watch)
{
	lockdep_assert_held(&vgpu->pin_lock);

	WRITE_ONCE(watch->state, VGPU_WATCH_DEAD);
	atomic_inc(&vgpu->nr_leaving);
}

/* Nobody else touches one that is dead. */
static void watch_unpin(struct vgpu *vgpu, struct vgpu_watch *watch)
{
	vfio_unpin_pages(&vgpu->vdev.vfio, watch->iova, 1);
	mutex_lock(&vgpu->pin_lock);
	WRITE_ONCE(watch->state, VGPU_WATCH_FREE);
	mutex_unlock(&vgpu->pin_lock);
	tell_left(vgpu);
}

static void watch_work(struct work_struct *work)
{
	struct vgpu_watch *watch = container_of(work, struct vgpu_watch, work);
	struct vgpu *vgpu = watch->vgpu;

	kcov_remote_start_common(vgpu->kcov_handle);
	watch_unpin(vgpu, watch);
	kcov_remote_stop();
}

static bool is_watched(struct vgpu *vgpu, u64 iova)
{
	const struct vgpu_watch *watch;
	bool found = false;

	mutex_lock(&vgpu->pin_lock);
	for (watch = vgpu->watches; watch < vgpu->watches + VGPU_MAX_WATCHES;
	     watch++)
		found |= watch->state == VGPU_WATCH_LIVE &&
			 block_of(vgpu, watch->iova) == block_of(vgpu, iova);
	mutex_unlock(&vgpu->pin_lock);
	return found;
}

/* Without pin_lock: only the worker takes a free one, or kills one by itself. */
static struct vgpu_watch *watch_in_state(struct vgpu *vgpu,
					 enum vgpu_watch_state state)
{
	unsigned int i;

	for (i = 0; i < VGPU_MAX_WATCHES; i++)
		if (READ_ONCE(vgpu->watches[i].state) == state)
			return &vgpu->watches[i];
	return NULL;
}

/* Is there one before it in the same block? */
static bool is_second(struct vgpu *vgpu, const struct vgpu_watch *watch)
{
	const struct vgpu_watch *other;

	for (other = vgpu->watches; other < watch; other++)
		if (other->state == VGPU_WATCH_LIVE &&
		    block_of(vgpu, other->iova) == block_of(vgpu, watch->iova))
			return true;
	return false;
}

/* Blocks of twice the size: of two watches in one the second goes. */
static void coarsen(struct vgpu *vgpu)
{
	struct vgpu_watch *watch;
	bool second;

	vgpu->watch_shift++;
	for (watch = vgpu->watches; watch < vgpu->watches + VGPU_MAX_WATCHES;
	     watch++) {
		mutex_lock(&vgpu->pin_lock);
		second = watch->state == VGPU_WATCH_LIVE &&
			 is_second(vgpu, watch);
		if (second)
			watch_kill(vgpu, watch);
		mutex_unlock(&vgpu->pin_lock);
		if (second)
			watch_unpin(vgpu, watch);
	}
}

/* Have a free one. -EINTR: the worker is to leave what it does. */
static int watch_reserve(struct vgpu *vgpu, struct vgpu_watch **watch)
{
	for (;;) {
		*watch = watch_in_state(vgpu, VGPU_WATCH_FREE);
		if (*watch)
			return 0;
		/* As many blocks as there are bits: this comes to an end */
		if (!watch_in_state(vgpu, VGPU_WATCH_DEAD)) {
			coarsen(vgpu);
			continue;
		}
		wait_event_idle(vgpu->wait,
				vgpu_must_leave(vgpu) ||
				watch_in_state(vgpu, VGPU_WATCH_FREE));
		if (vgpu_must_leave(vgpu))
			return -EINTR;
	}
}

/* Watch a page of the batch. */
static int watch_add(struct vgpu *vgpu, u64 iova)
{
	struct vgpu_watch *watch;
	struct page *page;
	bool hit;
	int ret;

	ret = watch_reserve(vgpu, &watch);
	if (ret || is_watched(vgpu, iova))
		return ret;
	ret = vfio_pin_pages(&vgpu->vdev.vfio, iova, 1,
			     IOMMU_READ | IOMMU_WRITE, &page);
	if (ret != 1)
		return ret < 0 ? ret : -EFAULT;
	mutex_lock(&vgpu->pin_lock);
	hit = vgpu->batch.state == VGPU_BATCH_HIT;
	if (!hit) {
		watch->iova = iova;
		WRITE_ONCE(watch->state, VGPU_WATCH_LIVE);
	}
	mutex_unlock(&vgpu->pin_lock);
	if (!hit)
		return 0;
	vfio_unpin_pages(&vgpu->vdev.vfio, iova, 1);
	return -EAGAIN;
}

/* Unpin all of them, and wait for that: a reset, or the end. */
void vgpu_watches_drop(struct vgpu *vgpu)
{
	unsigned int i;

	mutex_lock(&vgpu->pin_lock);
	for (i = 0; i < VGPU_MAX_WATCHES; i++) {
		if (vgpu->watches[i].state != VGPU_WATCH_LIVE)
			continue;
		watch_kill(vgpu, &vgpu->watches[i]);
		queue_work(unpin_wq, &vgpu->watches[i].work);
	}
	mutex_unlock(&vgpu->pin_lock);
	for (i = 0; i < VGPU_MAX_WATCHES; i++)
		flush_work(&vgpu->watches[i].work);
	vgpu->watch_shift = PAGE_SHIFT;
}

/* -------- The batch -------- */

static int batch_begin(struct vgpu *vgpu, u64 iova, unsigned long nr)
{
	bool begun = false;
	int ret;

	while (!begun) {
		ret = vgpu_unmap_wait(vgpu) ?: vgpu_unmap_prepare(vgpu);
		if (ret)
			return ret;
		mutex_lock(&vgpu->pin_lock);
		begun = vgpu_unmap_is_prepared(vgpu);
		if (begun) {
			vgpu->batch.iova = iova;
			vgpu->batch.nr_pages = nr;
			vgpu->batch.state = VGPU_BATCH_PINNED;
		}
		mutex_unlock(&vgpu->pin_lock);
	}
	return 0;
}

static int batch_end(struct vgpu *vgpu)
{
	bool hit;

	mutex_lock(&vgpu->pin_lock);
	hit = vgpu->batch.state == VGPU_BATCH_HIT;
	vgpu->batch.state = VGPU_BATCH_NONE;
	mutex_unlock(&vgpu->pin_lock);
	if (hit)
		tell_left(vgpu);
	return hit ? -EAGAIN : 0;
}

/*
 * Pin up to VFIO_PIN_PAGES_MAX_ENTRIES pages by VFIO, which vgpu_batch_unpin()
 * must follow soon: an unmap may be waiting. First waits until nothing is
 * unmapped that this would be in the way of. Returns 0 or an errno of VFIO's;
 * -EINTR where the worker is to leave what it does, -ENOMEM or -ENFILE.
 */
int vgpu_batch_pin(struct vgpu *vgpu, u64 iova, unsigned long nr,
		   struct page **pages)
{
	int ret;

	ret = batch_begin(vgpu, iova, nr);
	if (ret)
		return ret;
	vgpu_worker_waits(vgpu);
	/* To write, or a page that is shared now would not be the guest's */
	ret = vfio_pin_pages(&vgpu->vdev.vfio, iova, nr,
			     IOMMU_READ | IOMMU_WRITE, pages);
	if (ret == nr)
		return 0;
	if (ret > 0)
		vfio_unpin_pages(&vgpu->vdev.vfio, iova, ret);
	batch_end(vgpu);
	if (vgpu_worker_is_called())
		return -EINTR;
	return ret < 0 ? ret : -EFAULT;
}

/* Have VFIO tell of an unmap of the batch's pages from now on. 0 or an errno. */
int vgpu_batch_watch(struct vgpu *vgpu)
{
	u64 iova = vgpu->batch.iova;
	u64 last = iova + (((u64)vgpu->batch.nr_pages - 1) << PAGE_SHIFT);
	int ret = 0;

	for (;;) {
		if (!is_watched(vgpu, iova))
			ret = watch_add(vgpu, iova);
		if (ret || block_of(vgpu, iova) == block_of(vgpu, last))
			return ret;
		iova = (block_of(vgpu, iova) + 1) << vgpu->watch_shift;
	}
}

/* -EAGAIN where an unmap came meanwhile: the pages may be the guest's no more. */
int vgpu_batch_unpin(struct vgpu *vgpu)
{
	vfio_unpin_pages(&vgpu->vdev.vfio, vgpu->batch.iova,
			 vgpu->batch.nr_pages);
	return batch_end(vgpu);
}

/* Watch one page, the one at byte @offset of a pin, if it is still there. */
static int watch_page(struct vgpu *vgpu, struct vgpu_pin *pin, u64 iova,
		      u64 offset)
{
	struct page *page;
	int ret, left;
	bool same;

	ret = vgpu_batch_pin(vgpu, iova, 1, &page);
	if (ret)
		return ret;
	mutex_lock(&vgpu->pin_lock);
	same = pin->state == VGPU_PIN_LIVE &&
	       vfio_dmabuf_mem_page(pin->mem, offset >> PAGE_SHIFT) == page;
	mutex_unlock(&vgpu->pin_lock);
	ret = same ? vgpu_batch_watch(vgpu) : -ESTALE;
	left = vgpu_batch_unpin(vgpu);
	return ret ?: left;
}

/*
 * Watch all blocks of a range of a pin: an unmap may have taken the watch that
 * the range had in common with other memory. Returns 0, -ESTALE where other
 * pages are there by now, or an errno of vgpu_batch_pin().
 */
int vgpu_watch_again(struct vgpu *vgpu, struct vgpu_pin *pin,
		     const struct vgpu_entry *entry)
{
	u64 iova = entry->addr, last = entry->addr + (entry->length - 1);
	int ret = 0;

	for (;;) {
		if (!is_watched(vgpu, iova))
			ret = watch_page(vgpu, pin, iova,
					 entry->start + (iova - entry->addr));
		if (ret || block_of(vgpu, iova) == block_of(vgpu, last))
			return ret;
		iova = (block_of(vgpu, iova) + 1) << vgpu->watch_shift;
		cond_resched();
	}
}

/* -------- Unmaps -------- */

/* Unpin what VFIO has pinned in a range; false if that is nothing. */
bool vgpu_watches_hit(struct vgpu *vgpu, u64 iova, u64 length)
{
	struct vgpu_batch *batch = &vgpu->batch;
	struct vgpu_watch *watch;
	bool hit = false;

	lockdep_assert_held(&vgpu->pin_lock);

	for (watch = vgpu->watches; watch < vgpu->watches + VGPU_MAX_WATCHES;
	     watch++) {
		if (watch->state != VGPU_WATCH_LIVE ||
		    !vgpu_overlap(watch->iova, PAGE_SIZE, iova, length))
			continue;
		watch_kill(vgpu, watch);
		queue_work(unpin_wq, &watch->work);
		hit = true;
	}
	if (batch->state == VGPU_BATCH_PINNED &&
	    vgpu_overlap(batch->iova, (u64)batch->nr_pages << PAGE_SHIFT, iova,
			 length)) {
		batch->state = VGPU_BATCH_HIT;
		atomic_inc(&vgpu->nr_leaving);
		hit = true;
	}
	return hit;
}

/* -------- The module and its devices -------- */

int vgpu_watches_init(void)
{
	unpin_wq = alloc_workqueue("vfio_virtio_gpu_unpin",
				   WQ_UNBOUND | WQ_MEM_RECLAIM | WQ_HIGHPRI,
				   WQ_MAX_ACTIVE);
	return unpin_wq ? 0 : -ENOMEM;
}

void vgpu_watches_exit(void)
{
	destroy_workqueue(unpin_wq);
}

void vgpu_watch_init(struct vgpu *vgpu)
{
	unsigned int i;

	vgpu->watch_shift = PAGE_SHIFT;
	for (i = 0; i < VGPU_MAX_WATCHES; i++) {
		vgpu->watches[i].vgpu = vgpu;
		INIT_WORK(&vgpu->watches[i].work, watch_work);
	}
}
