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
 *     whenever there would be too many, up to MAX_SHIFT.
 *
 * Each watch has a work item that unpins it, on a workqueue of the device's own:
 * they all queue for VFIO's lock at once, and wait for no other device's.
 */
#include <linux/iommu.h>
#include <linux/jiffies.h>
#include <linux/kcov.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "virtio_gpu.h"

/*
 * Blocks of 1 GiB. Larger ones could hide a mapping as large as those that a VMM
 * plugs and unplugs; a guest with pages in more such blocks is out of memory.
 */
#define MAX_SHIFT	30

/* After it has refused to pin any more VFIO is not asked again for this long */
#define REFUSAL_TIME	(HZ / 2)

/* One thing less that an unmap waits for */
static void tell_left(struct vgpu *vgpu)
{
	atomic_inc(&vgpu->nr_left);
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
	queue_work(vgpu->unpin_wq, &watch->work);
}

/* Nobody else touches one that is dead. */
static void watch_work(struct work_struct *work)
{
	struct vgpu_watch *watch = container_of(work, struct vgpu_watch, work);
	struct vgpu *vgpu = watch->vgpu;

	kcov_remote_start_common(vgpu->kcov_handle);
	vfio_unpin_pages(&vgpu->vdev.vfio, watch->iova, 1);
	mutex_lock(&vgpu->pin_lock);
	WRITE_ONCE(watch->state, VGPU_WATCH_FREE);
	mutex_unlock(&vgpu->pin_lock);
	tell_left(vgpu);
	kcov_remote_stop();
}

/* By a watch that is there for a pin; others are about to go. */
static bool is_watched(struct vgpu *vgpu, u64 iova)
{
	const struct vgpu_watch *watch;
	bool found = false;

	mutex_lock(&vgpu->pin_lock);
	for (watch = vgpu->watches; watch < vgpu->watches + VGPU_MAX_WATCHES;
	     watch++)
		found |= watch->state == VGPU_WATCH_LIVE && watch->pin &&
			 block_of(vgpu, watch->iova) == block_of(vgpu, iova);
	mutex_unlock(&vgpu->pin_lock);
	return found;
}

/* Without pin_lock: only the worker takes a free one. */
static unsigned int count_in_state(struct vgpu *vgpu,
				   enum vgpu_watch_state state)
{
	unsigned int i, nr = 0;

	for (i = 0; i < VGPU_MAX_WATCHES; i++)
		nr += READ_ONCE(vgpu->watches[i].state) == state;
	return nr;
}

/* Is there another in the same block, which is to stay? */
static bool is_redundant(struct vgpu *vgpu, const struct vgpu_watch *watch)
{
	const struct vgpu_watch *other;

	for (other = vgpu->watches; other < vgpu->watches + VGPU_MAX_WATCHES;
	     other++) {
		if (other == watch || other->state != VGPU_WATCH_LIVE ||
		    block_of(vgpu, other->iova) != block_of(vgpu, watch->iova))
			continue;
		/* One that is there for a pin, or else the first of them */
		if (!watch->pin != !other->pin ? !watch->pin : other < watch)
			return true;
	}
	return false;
}

/* Blocks of twice the size: of two watches in one only one stays. */
static void coarsen(struct vgpu *vgpu)
{
	struct vgpu_watch *watch;

	vgpu->watch_shift++;
	mutex_lock(&vgpu->pin_lock);
	for (watch = vgpu->watches; watch < vgpu->watches + VGPU_MAX_WATCHES;
	     watch++)
		if (watch->state == VGPU_WATCH_LIVE &&
		    is_redundant(vgpu, watch))
			watch_kill(vgpu, watch);
	mutex_unlock(&vgpu->pin_lock);
}

/*
 * Unpin what is nobody's: while VFIO has a page pinned it takes that for the page
 * of its address, whatever the VMM has there by now. False if there is nothing.
 */
bool vgpu_watches_prune(struct vgpu *vgpu)
{
	struct vgpu_watch *watch;
	bool any = false;

	mutex_lock(&vgpu->pin_lock);
	for (watch = vgpu->watches; watch < vgpu->watches + VGPU_MAX_WATCHES;
	     watch++) {
		if (watch->state != VGPU_WATCH_LIVE || watch->pin)
			continue;
		watch_kill(vgpu, watch);
		any = true;
	}
	mutex_unlock(&vgpu->pin_lock);
	return any;
}

/* In how many blocks of a range no page is watched */
static unsigned int count_unwatched(struct vgpu *vgpu, u64 iova, u64 last)
{
	unsigned int nr = 0;

	for (;;) {
		nr += !is_watched(vgpu, iova);
		if (block_of(vgpu, iova) == block_of(vgpu, last))
			return nr;
		iova = (block_of(vgpu, iova) + 1) << vgpu->watch_shift;
	}
}

/*
 * Have as many free watches as a batch needs, before it is pinned. Returns 0,
 * -ENOSPC where the blocks would be too large, or -EINTR.
 */
static int make_room(struct vgpu *vgpu, u64 iova, u64 last)
{
	while (count_in_state(vgpu, VGPU_WATCH_FREE) <
	       count_unwatched(vgpu, iova, last)) {
		vgpu_worker_waits(vgpu);
		wait_event_idle(vgpu->wait,
				vgpu_must_leave(vgpu) ||
				!count_in_state(vgpu, VGPU_WATCH_DEAD));
		if (vgpu_must_leave(vgpu))
			return -EINTR;
		if (count_in_state(vgpu, VGPU_WATCH_FREE) >=
		    count_unwatched(vgpu, iova, last))
			break;
		/* Other pins in their blocks are watched again in a moment */
		if (vgpu_watches_prune(vgpu))
			continue;
		if (vgpu->watch_shift == MAX_SHIFT)
			return -ENOSPC;
		coarsen(vgpu);
	}
	return 0;
}

static struct vgpu_watch *find_free(struct vgpu *vgpu)
{
	unsigned int i;

	for (i = 0; i < VGPU_MAX_WATCHES; i++)
		if (READ_ONCE(vgpu->watches[i].state) == VGPU_WATCH_FREE)
			return &vgpu->watches[i];
	return NULL;
}

/* Have VFIO pin pages: to write, or a page that is shared would not be the guest's. */
static int ask_vfio(struct vgpu *vgpu, u64 iova, unsigned long nr,
		    struct page **pages)
{
	int ret;

	vgpu_worker_waits(vgpu);
	ret = vfio_pin_pages(&vgpu->vdev.vfio, iova, nr,
			     IOMMU_READ | IOMMU_WRITE, pages);
	/* There is a line in the log for each time that it refuses */
	if (ret == -ENOMEM)
		vgpu->refused_until = get_jiffies_64() + REFUSAL_TIME;
	return ret;
}

static bool batch_is_hit(struct vgpu *vgpu)
{
	return READ_ONCE(vgpu->batch.state) == VGPU_BATCH_HIT;
}

/* Watch a page of the batch, for @pin. */
static int watch_add(struct vgpu *vgpu, const struct vgpu_pin *pin, u64 iova)
{
	struct vgpu_watch *watch = find_free(vgpu);
	struct page *page;
	bool wanted;
	int ret;

	/* Another's may have gone since there was room, and its block with it */
	if (!watch || batch_is_hit(vgpu))
		return -EAGAIN;
	ret = ask_vfio(vgpu, iova, 1, &page);
	if (ret != 1)
		return ret < 0 ? ret : -EFAULT;
	mutex_lock(&vgpu->pin_lock);
	wanted = pin->state != VGPU_PIN_GONE && !batch_is_hit(vgpu);
	if (wanted) {
		watch->iova = iova;
		watch->pin = pin;
		WRITE_ONCE(watch->state, VGPU_WATCH_LIVE);
	}
	mutex_unlock(&vgpu->pin_lock);
	if (wanted)
		return 0;
	vfio_unpin_pages(&vgpu->vdev.vfio, iova, 1);
	return -EAGAIN;
}

/*
 * A pin goes: its watches are nobody's. They stay until other pins in their
 * blocks have watches of their own, see vgpu_watches_prune(). Returns whether it
 * had any.
 */
bool vgpu_watches_orphan(struct vgpu *vgpu, const struct vgpu_pin *pin)
{
	struct vgpu_watch *watch;
	bool any = false;

	lockdep_assert_held(&vgpu->pin_lock);

	for (watch = vgpu->watches; watch < vgpu->watches + VGPU_MAX_WATCHES;
	     watch++) {
		if (watch->state != VGPU_WATCH_LIVE || watch->pin != pin)
			continue;
		watch->pin = NULL;
		any = true;
	}
	return any;
}

/* Unpin all of them, and wait for that: a reset, or the end. */
void vgpu_watches_drop(struct vgpu *vgpu)
{
	unsigned int i;

	mutex_lock(&vgpu->pin_lock);
	for (i = 0; i < VGPU_MAX_WATCHES; i++)
		if (vgpu->watches[i].state == VGPU_WATCH_LIVE)
			watch_kill(vgpu, &vgpu->watches[i]);
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
		ret = vgpu_unmap_wait(vgpu) ?: vgpu_unmap_prepare(vgpu) ?:
		      make_room(vgpu, iova,
				iova + (((u64)nr - 1) << PAGE_SHIFT));
		if (ret)
			return ret;
		/* Of what it was called from it has left all */
		vgpu_worker_answer();
		if (vgpu_must_leave(vgpu))
			return -EINTR;
		mutex_lock(&vgpu->pin_lock);
		begun = vgpu_unmap_is_prepared(vgpu);
		if (begun) {
			vgpu->batch.iova = iova;
			vgpu->batch.nr_pages = nr;
			WRITE_ONCE(vgpu->batch.state, VGPU_BATCH_PINNED);
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
	WRITE_ONCE(vgpu->batch.state, VGPU_BATCH_NONE);
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
	int ret, left;

	ret = batch_begin(vgpu, iova, nr);
	if (ret)
		return ret;
	ret = ask_vfio(vgpu, iova, nr, pages);
	if (ret == nr)
		return 0;
	if (ret > 0)
		vfio_unpin_pages(&vgpu->vdev.vfio, iova, ret);
	left = batch_end(vgpu);
	if (vgpu_worker_is_called())
		return -EINTR;
	return left ?: ret < 0 ? ret : -EFAULT;
}

/*
 * Have VFIO tell of an unmap of the batch's pages, which are @pin's, from now on.
 * 0 or an errno.
 */
int vgpu_batch_watch(struct vgpu *vgpu, const struct vgpu_pin *pin)
{
	u64 iova = vgpu->batch.iova;
	u64 last = iova + (((u64)vgpu->batch.nr_pages - 1) << PAGE_SHIFT);
	int ret = 0;

	for (;;) {
		if (!is_watched(vgpu, iova))
			ret = watch_add(vgpu, pin, iova);
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
	ret = same ? vgpu_batch_watch(vgpu, pin) : -ESTALE;
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
		hit = true;
	}
	if (batch->state == VGPU_BATCH_PINNED &&
	    vgpu_overlap(batch->iova, (u64)batch->nr_pages << PAGE_SHIFT, iova,
			 length)) {
		WRITE_ONCE(batch->state, VGPU_BATCH_HIT);
		atomic_inc(&vgpu->nr_leaving);
		hit = true;
	}
	return hit;
}

/* -------- The device's life -------- */

void vgpu_watch_init(struct vgpu *vgpu)
{
	unsigned int i;

	vgpu->watch_shift = PAGE_SHIFT;
	for (i = 0; i < VGPU_MAX_WATCHES; i++) {
		vgpu->watches[i].vgpu = vgpu;
		INIT_WORK(&vgpu->watches[i].work, watch_work);
	}
}

/*
 * An unmap waits for the work items, and reclaim may wait for the task that
 * unmaps: there must be a thread for them when none can be made. 0 or -ENOMEM.
 */
int vgpu_watch_create(struct vgpu *vgpu)
{
	vgpu->unpin_wq = alloc_workqueue("vfio_virtio_gpu_unpin",
					 WQ_UNBOUND | WQ_MEM_RECLAIM |
					 WQ_HIGHPRI, VGPU_MAX_WATCHES);
	return vgpu->unpin_wq ? 0 : -ENOMEM;
}

void vgpu_watch_destroy(struct vgpu *vgpu)
{
	if (vgpu->unpin_wq)
		destroy_workqueue(vgpu->unpin_wq);
}
