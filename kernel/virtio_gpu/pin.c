// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's pins on guest memory: which pages are a backing's, until the
 * guest or the VMM takes them back.
 *
 * A pin is the device's own. VFIO only finds the pages and tells of unmaps
 * (watch.c); each page is pinned once more in the name of a struct
 * vfio_dmabuf_mem, as pin_user_pages() counts, so that it stays the VMM's page
 * across fork, swap and migration. To give that up takes no lock of VFIO's, so
 * an unmap ends it on the spot.
 *
 * Pinned pages count as the VMM's (mm->pinned_vm, VmPin in /proc/PID/status) and
 * against its RLIMIT_MEMLOCK.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "virtio_gpu.h"

/* Pages in one call */
#define BATCH		VFIO_PIN_PAGES_MAX_ENTRIES

static struct vgpu_backing *backing_of(struct vgpu_pin *pin)
{
	return container_of(pin, struct vgpu_backing, pin);
}

/* -------- Accounting -------- */

static bool charge(struct vgpu *vgpu, struct vgpu_pin *pin, unsigned long nr)
{
	unsigned long limit =
		task_rlimit(vgpu->task, RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	if (atomic64_add_return(nr, &vgpu->mm->pinned_vm) > limit &&
	    !vgpu->may_lock) {
		atomic64_sub(nr, &vgpu->mm->pinned_vm);
		return false;
	}
	pin->nr_pages += nr;
	if (!pin->ring)
		atomic_long_add(nr, &vgpu->nr_pinned);
	return true;
}

static void uncharge(struct vgpu *vgpu, struct vgpu_pin *pin, unsigned long nr)
{
	atomic64_sub(nr, &vgpu->mm->pinned_vm);
	pin->nr_pages -= nr;
	if (!pin->ring)
		atomic_long_sub(nr, &vgpu->nr_pinned);
}

/* -------- Pinning: the worker -------- */

/*
 * Pages that can be handed on: memory, no one's special case, and not one that
 * a guest has named so often that its references are about to overflow.
 */
static bool pages_are_memory(struct page **pages, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		if (!pfn_valid(page_to_pfn(pages[i])) ||
		    PageReserved(pages[i]) ||
		    page_count(pages[i]) > INT_MAX / 2)
			return false;
	return true;
}

/* Has an unmap come since it began to grow? */
static bool is_hit(struct vgpu_pin *pin)
{
	return READ_ONCE(pin->state) == VGPU_PIN_HIT;
}

/* Pin pages by VFIO, then for the device, and unpin them by VFIO. 0 or an errno */
static int pin_charged(struct vgpu *vgpu, const struct vgpu_pin *pin, u64 iova,
		       unsigned long nr, struct page **pages,
		       struct vfio_dmabuf_mem *mem)
{
	int ret, left;

	ret = vgpu_batch_pin(vgpu, iova, nr, pages);
	if (ret)
		return ret;
	if (pages_are_memory(pages, nr)) {
		vfio_dmabuf_mem_pin_pages(mem, pages, nr);
		ret = vgpu_batch_watch(vgpu, pin);
	} else {
		ret = -EFAULT;
	}
	left = vgpu_batch_unpin(vgpu);
	return ret ?: left;
}

/*
 * One batch, of an entry from byte @done on; @pages has room for it. Returns
 * pages or an errno.
 */
static int pin_batch(struct vgpu *vgpu, struct vgpu_pin *pin,
		     const struct vgpu_entry *entry, u64 done,
		     struct page **pages, struct vfio_dmabuf_mem *mem)
{
	unsigned long nr = min_t(u64, (entry->length - done) >> PAGE_SHIFT,
				 BATCH);
	int ret;

	if (is_hit(pin))
		return -EAGAIN;
	if (vgpu_must_leave(vgpu))
		return -EINTR;
	if (!charge(vgpu, pin, nr))
		return -ENOMEM;
	ret = pin_charged(vgpu, pin, entry->addr + done, nr, pages, mem);
	return ret ?: nr;
}

static int pin_entries(struct vgpu *vgpu, struct vgpu_backing *backing,
		       struct page **pages, struct vfio_dmabuf_mem *mem)
{
	const struct vgpu_entry *entry;
	u64 done;
	int ret;
	u32 i;

	for (i = 0; i < backing->nr_entries; i++) {
		entry = &backing->entries[i];
		for (done = 0; done < entry->length;
		     done += (u64)ret << PAGE_SHIFT) {
			ret = pin_batch(vgpu, &backing->pin, entry, done,
					pages, mem);
			if (ret < 0)
				return ret;
			cond_resched();
		}
	}
	return 0;
}

/* Unmaps hit it from now on. */
static void pin_begin(struct vgpu *vgpu, struct vgpu_pin *pin)
{
	mutex_lock(&vgpu->pin_lock);
	pin->state = VGPU_PIN_GROWING;
	list_add_tail(&pin->link, &vgpu->pins);
	mutex_unlock(&vgpu->pin_lock);
}

/* Nobody knows of it any more. Its watches go in a moment (renew.c). */
static void pin_leave(struct vgpu *vgpu, struct vgpu_pin *pin)
{
	lockdep_assert_held(&vgpu->pin_lock);

	pin->state = VGPU_PIN_GONE;
	list_del(&pin->link);
	if (vgpu_watches_orphan(vgpu, pin))
		vgpu_renew_start(vgpu);
}

/* Live from now on, and @mem the pin's, unless an unmap came in between. */
static int pin_end(struct vgpu *vgpu, struct vgpu_pin *pin,
		   struct vfio_dmabuf_mem *mem, int ret)
{
	mutex_lock(&vgpu->pin_lock);
	if (!ret && pin->state == VGPU_PIN_HIT)
		ret = -EAGAIN;
	if (!ret) {
		pin->state = VGPU_PIN_LIVE;
		pin->mem = mem;
	} else {
		pin_leave(vgpu, pin);
	}
	mutex_unlock(&vgpu->pin_lock);
	return ret;
}

/* A reset ends the wait, and what is pinned next waits for the rest */
static void wait_after_refusal(struct vgpu *vgpu)
{
	u64 now = get_jiffies_64();

	if (now < vgpu->refused_until)
		wait_event_idle_timeout(vgpu->wait, vgpu_must_leave(vgpu),
					vgpu->refused_until - now);
}

static int pin_all(struct vgpu *vgpu, struct vgpu_backing *backing)
{
	unsigned long nr_pages = backing->size >> PAGE_SHIFT;
	struct vgpu_pin *pin = &backing->pin;
	struct vfio_dmabuf_mem *mem;
	struct page **pages;
	int ret;

	if (!pin->ring && nr_pages + atomic_long_read(&vgpu->nr_pinned) >
			  vgpu_max_pinned() >> PAGE_SHIFT)
		return -ENOSPC;
	mem = vfio_dmabuf_mem_reserve(nr_pages);
	if (IS_ERR(mem))
		return PTR_ERR(mem);
	pages = kmalloc_array(min_t(unsigned long, nr_pages, BATCH),
			      sizeof(*pages), VFIO_DMABUF_GFP);
	if (!pages) {
		vfio_dmabuf_mem_put(mem);
		return -ENOMEM;
	}
	wait_after_refusal(vgpu);
	pin_begin(vgpu, pin);
	ret = pin_entries(vgpu, backing, pages, mem);
	ret = pin_end(vgpu, pin, mem, ret);
	kfree(pages);
	if (ret) {
		vfio_dmabuf_mem_put(mem);
		uncharge(vgpu, pin, pin->nr_pages);
	}
	return ret;
}

static enum vgpu_pin_state pin_state(struct vgpu *vgpu, struct vgpu_pin *pin)
{
	enum vgpu_pin_state state;

	mutex_lock(&vgpu->pin_lock);
	state = pin->state;
	mutex_unlock(&vgpu->pin_lock);
	return state;
}

/*
 * Pin a backing of whole pages, unless it is. Where it is being unmapped it is
 * tried again after that. Returns 0; -EINVAL, -EPERM, -ENOENT or -EFAULT where
 * there is no such memory, -ENOMEM or -ENOSPC at a limit, -EINTR where the
 * worker is to leave what it does.
 */
int vgpu_pin(struct vgpu *vgpu, struct vgpu_backing *backing)
{
	int ret;

	if (pin_state(vgpu, &backing->pin) == VGPU_PIN_LIVE)
		return 0;
	do
		ret = pin_all(vgpu, backing);
	while (ret == -EAGAIN);
	return ret;
}

/* -------- Giving it back -------- */

/* A live pin: out of everyone's reach at once. */
static void pin_drop(struct vgpu *vgpu, struct vgpu_pin *pin, bool blank)
{
	lockdep_assert_held(&vgpu->pin_lock);

	vgpu_planes_hide(vgpu, pin->mem);
	vfio_dmabuf_mgr_revoke_mem(vgpu->mgr, pin->mem, blank);
	vfio_dmabuf_mem_put(pin->mem);
	pin->mem = NULL;
	pin_leave(vgpu, pin);
	uncharge(vgpu, pin, pin->nr_pages);
}

/* Unpin it, if it is pinned. No scanout may use it any more. */
void vgpu_unpin(struct vgpu *vgpu, struct vgpu_backing *backing)
{
	mutex_lock(&vgpu->pin_lock);
	if (backing->pin.state == VGPU_PIN_LIVE)
		pin_drop(vgpu, &backing->pin, true);
	mutex_unlock(&vgpu->pin_lock);
}

static bool pin_overlaps(struct vgpu_pin *pin, u64 iova, u64 length)
{
	const struct vgpu_backing *backing = backing_of(pin);
	const struct vgpu_entry *entry;
	u32 i;

	for (i = 0; i < backing->nr_entries; i++) {
		entry = &backing->entries[i];
		if (vgpu_overlap(entry->addr, entry->length, iova, length))
			return true;
	}
	return false;
}

void vgpu_pins_hit(struct vgpu *vgpu, u64 iova, u64 length)
{
	struct vgpu_pin *pin, *next;

	lockdep_assert_held(&vgpu->pin_lock);

	list_for_each_entry_safe(pin, next, &vgpu->pins, link) {
		if (!pin_overlaps(pin, iova, length))
			continue;
		if (pin->state == VGPU_PIN_LIVE)
			pin_drop(vgpu, pin, false);
		else
			WRITE_ONCE(pin->state, VGPU_PIN_HIT);
	}
}

/*
 * Have VFIO tell of unmaps of a backing again, after watches have gone. It is given
 * up where its pages are no longer those of the guest, or cannot be watched.
 * Returns 0, -EINTR where the worker is to leave what it does, or -EAGAIN where an
 * unmap came, after which this is done once more.
 */
int vgpu_pin_renew(struct vgpu *vgpu, struct vgpu_backing *backing)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < backing->nr_entries && !ret; i++) {
		if (pin_state(vgpu, &backing->pin) != VGPU_PIN_LIVE)
			return 0;
		ret = vgpu_watch_again(vgpu, &backing->pin,
				       &backing->entries[i]);
		cond_resched();
	}
	if (!ret || ret == -EAGAIN || vgpu_must_leave(vgpu))
		return ret;
	mutex_lock(&vgpu->pin_lock);
	if (backing->pin.state == VGPU_PIN_LIVE)
		pin_drop(vgpu, &backing->pin, false);
	mutex_unlock(&vgpu->pin_lock);
	return 0;
}

/* -------- Opening and closing -------- */

void vgpu_pin_init(struct vgpu *vgpu)
{
	mutex_init(&vgpu->pin_lock);
	INIT_LIST_HEAD(&vgpu->pins);
}

void vgpu_pin_open(struct vgpu *vgpu)
{
	mmgrab(current->mm);
	vgpu->mm = current->mm;
	vgpu->task = get_task_struct(current->group_leader);
	vgpu->may_lock = capable(CAP_IPC_LOCK);
}

void vgpu_pin_close(struct vgpu *vgpu)
{
	put_task_struct(vgpu->task);
	mmdrop(vgpu->mm);
	vgpu->task = NULL;
	vgpu->mm = NULL;
}
