// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning guest memory, and unpinning it.
 *
 * The worker pins. The unpinner, a work item of its own, unpins what is out of
 * everyone's reach already. The worker waits for it, which is why they are in
 * different workqueues; so does the VMM's unmap, in whose way nothing is to be
 * pinned again (unmap.c).
 */
#include <linux/iommu.h>
#include <linux/jiffies.h>
#include <linux/kcov.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "virtio_gpu.h"

/* After it has refused to pin any more VFIO is not asked again for this long */
#define REFUSAL_TIME	(HZ / 2)

/* Pages in one call */
#define BATCH		VFIO_PIN_PAGES_MAX_ENTRIES

/*
 * The unpinners of all devices. An unmap waits for them, and reclaim may wait
 * for whoever unmaps: there must be a thread for them when none can be made.
 */
static struct workqueue_struct *unpin_wq;

static void count_pages(struct vgpu *vgpu, struct vgpu_pin *pin, long nr)
{
	if (!pin->ring)
		atomic_long_add(nr, &vgpu->nr_pinned);
}

static struct vgpu_backing *backing_of(struct vgpu_pin *pin)
{
	return container_of(pin, struct vgpu_backing, pin);
}

static void tell_progress(struct vgpu *vgpu)
{
	/* The worker and the unpinner may count the same step: it is a change */
	WRITE_ONCE(vgpu->pin_progress, READ_ONCE(vgpu->pin_progress) + 1);
	wake_up_all(&vgpu->wait);
}

/* A live pin, whose pages are to be unpinned: out of everyone's reach at once. */
static void pin_kill(struct vgpu *vgpu, struct vgpu_pin *pin, bool blank)
{
	lockdep_assert_held(&vgpu->pin_lock);

	vgpu_planes_hide(vgpu, pin->mem);
	vfio_dmabuf_mgr_revoke_mem(vgpu->mgr, pin->mem, blank);
	vfio_dmabuf_mem_put(pin->mem);
	pin->mem = NULL;
	atomic_inc(&vgpu->nr_leaving);
	pin->state = VGPU_PIN_DEAD;
	list_move_tail(&pin->link, &vgpu->dead_pins);
	queue_work(unpin_wq, &vgpu->unpin_work);
}

/* -------- The unpinner -------- */

static void unpin_pages(struct vgpu *vgpu, struct vgpu_pin *pin)
{
	const struct vgpu_entry *entry = backing_of(pin)->entries;
	unsigned long in_entry, done, nr;

	for (; pin->nr_pages; entry++) {
		in_entry = min_t(unsigned long, pin->nr_pages,
				 entry->length >> PAGE_SHIFT);
		pin->nr_pages -= in_entry;
		for (done = 0; done < in_entry; done += nr) {
			nr = min_t(unsigned long, in_entry - done, BATCH);
			vfio_unpin_pages(&vgpu->vdev.vfio,
					 entry->addr + (done << PAGE_SHIFT),
					 nr);
			count_pages(vgpu, pin, -(long)nr);
			tell_progress(vgpu);
			cond_resched();
		}
	}
}

static void unpin_work(struct work_struct *work)
{
	struct vgpu *vgpu = container_of(work, struct vgpu, unpin_work);
	struct vgpu_pin *pin;

	kcov_remote_start_common(vgpu->kcov_handle);
	for (;;) {
		mutex_lock(&vgpu->pin_lock);
		pin = list_first_entry_or_null(&vgpu->dead_pins,
					       struct vgpu_pin, link);
		mutex_unlock(&vgpu->pin_lock);
		if (!pin)
			break;
		/* No one else touches one that is dead */
		unpin_pages(vgpu, pin);
		mutex_lock(&vgpu->pin_lock);
		list_del(&pin->link);
		WRITE_ONCE(pin->state, VGPU_PIN_GONE);
		mutex_unlock(&vgpu->pin_lock);
		atomic_dec(&vgpu->nr_leaving);
		tell_progress(vgpu);
	}
	kcov_remote_stop();
}

/* -------- The worker -------- */

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

/*
 * Pin one batch, of an entry from byte @done on, and add it to the memory;
 * @pages has room for it. Returns pages or an errno.
 */
static int pin_batch(struct vgpu *vgpu, struct vgpu_pin *pin,
		     const struct vgpu_entry *entry, u64 done,
		     struct page **pages, struct vfio_dmabuf_mem *mem)
{
	u64 nr = min_t(u64, (entry->length - done) >> PAGE_SHIFT, BATCH);
	int ret;

	if (READ_ONCE(pin->hit))
		return -EAGAIN;
	if (vgpu_is_halting(vgpu))
		return -EINTR;
	/* To write, or a page that is shared now would not be the guest's */
	ret = vfio_pin_pages(&vgpu->vdev.vfio, entry->addr + done, nr,
			     IOMMU_READ | IOMMU_WRITE, pages);
	if (ret < 0)
		return ret;
	pin->nr_pages += ret;
	count_pages(vgpu, pin, ret);
	tell_progress(vgpu);
	if (ret != nr || !pages_are_memory(pages, nr))
		return -EFAULT;
	vfio_dmabuf_mem_add_pages(mem, pages, nr);
	return ret;
}

/*
 * An unmap may be waiting, so nothing is allocated from the first batch on: the
 * memory cgroup that pays may be at its end and reclaim go on for long.
 */
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

static bool pin_try_begin(struct vgpu *vgpu, struct vgpu_pin *pin)
{
	bool may;

	mutex_lock(&vgpu->pin_lock);
	may = vgpu_unmap_is_prepared(vgpu);
	if (may) {
		pin->state = VGPU_PIN_GROWING;
		pin->hit = false;
		list_add_tail(&pin->link, &vgpu->pins);
	}
	mutex_unlock(&vgpu->pin_lock);
	return may;
}

/* Unmaps hit it from now on. First wait until there are none. */
static int pin_begin(struct vgpu *vgpu, struct vgpu_pin *pin)
{
	int ret;

	do {
		ret = vgpu_unmap_wait(vgpu) ?: vgpu_unmap_prepare(vgpu);
		if (ret)
			return ret;
	} while (!pin_try_begin(vgpu, pin));
	return 0;
}

/* Live from now on, and @mem the pin's, unless an unmap came in between. */
static int pin_end(struct vgpu *vgpu, struct vgpu_pin *pin,
		   struct vfio_dmabuf_mem *mem, int ret)
{
	mutex_lock(&vgpu->pin_lock);
	if (!ret && pin->hit)
		ret = -EAGAIN;
	if (!ret) {
		pin->state = VGPU_PIN_LIVE;
		pin->mem = mem;
	} else {
		if (!pin->hit)
			atomic_inc(&vgpu->nr_leaving);
		pin->state = VGPU_PIN_DEAD;
		list_move_tail(&pin->link, &vgpu->dead_pins);
		queue_work(unpin_wq, &vgpu->unpin_work);
	}
	mutex_unlock(&vgpu->pin_lock);
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

/* Until nobody but the caller knows of it */
static void wait_until_gone(struct vgpu *vgpu, struct vgpu_pin *pin)
{
	/* What is looked at without the lock is looked at again with it */
	do
		wait_event_idle(vgpu->wait,
				READ_ONCE(pin->state) == VGPU_PIN_GONE);
	while (pin_state(vgpu, pin) != VGPU_PIN_GONE);
}

/* VFIO has a line in the log for each refusal at RLIMIT_MEMLOCK */
static void wait_after_refusal(struct vgpu *vgpu)
{
	u64 now = get_jiffies_64();

	/* A reset ends the wait, and what is pinned next waits for the rest */
	if (now < vgpu->refused_until)
		wait_event_idle_timeout(vgpu->wait, vgpu_is_halting(vgpu),
					vgpu->refused_until - now);
}

static int pin_all(struct vgpu *vgpu, struct vgpu_backing *backing)
{
	unsigned long nr_pages = backing->size >> PAGE_SHIFT;
	struct vfio_dmabuf_mem *mem;
	struct page **pages;
	int ret;

	if (!backing->pin.ring &&
	    nr_pages + atomic_long_read(&vgpu->nr_pinned) >
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
	ret = pin_begin(vgpu, &backing->pin);
	if (!ret) {
		ret = pin_entries(vgpu, backing, pages, mem);
		if (ret == -ENOMEM)
			vgpu->refused_until = get_jiffies_64() + REFUSAL_TIME;
		ret = pin_end(vgpu, &backing->pin, mem, ret);
	}
	kfree(pages);
	if (ret) {
		vfio_dmabuf_mem_put(mem);
		wait_until_gone(vgpu, &backing->pin);
	}
	return ret;
}

/*
 * Pin a backing of whole pages, unless it is. Where it is being unmapped it is
 * tried again after that. Returns 0; -EINVAL, -EPERM, -ENOENT or -EFAULT where
 * there is no such memory, -ENOMEM or -ENOSPC at a limit, -EINTR.
 */
int vgpu_pin(struct vgpu *vgpu, struct vgpu_backing *backing)
{
	int ret;

	if (pin_state(vgpu, &backing->pin) == VGPU_PIN_LIVE)
		return 0;
	wait_until_gone(vgpu, &backing->pin);
	do
		ret = pin_all(vgpu, backing);
	while (ret == -EAGAIN);
	return ret;
}

/* Unpin it, if it is pinned. No scanout may use it any more. */
void vgpu_unpin(struct vgpu *vgpu, struct vgpu_backing *backing)
{
	mutex_lock(&vgpu->pin_lock);
	if (backing->pin.state == VGPU_PIN_LIVE)
		pin_kill(vgpu, &backing->pin, true);
	mutex_unlock(&vgpu->pin_lock);
	wait_until_gone(vgpu, &backing->pin);
}

/* -------- Unmaps -------- */

static bool pin_overlaps(struct vgpu_pin *pin, u64 iova, u64 length)
{
	const struct vgpu_backing *backing = backing_of(pin);
	const struct vgpu_entry *entry;
	u32 i;

	for (i = 0; i < backing->nr_entries; i++) {
		entry = &backing->entries[i];
		/* No sum of these overflows; a length of all ones may */
		if (entry->addr <= iova + (length - 1) &&
		    iova <= entry->addr + (entry->length - 1))
			return true;
	}
	return false;
}

bool vgpu_pins_hit(struct vgpu *vgpu, u64 iova, u64 length)
{
	struct vgpu_pin *pin, *next;

	lockdep_assert_held(&vgpu->pin_lock);

	list_for_each_entry_safe(pin, next, &vgpu->pins, link) {
		if (!pin_overlaps(pin, iova, length))
			continue;
		if (pin->state == VGPU_PIN_LIVE) {
			pin_kill(vgpu, pin, false);
		} else if (!pin->hit) {
			WRITE_ONCE(pin->hit, true);
			atomic_inc(&vgpu->nr_leaving);
		}
	}
	/* What the guest gave back just before is as much in the way */
	return atomic_read(&vgpu->nr_leaving);
}

/* -------- The module and its devices -------- */

int vgpu_pins_init(void)
{
	unpin_wq = alloc_workqueue("vfio_virtio_gpu_unpin",
				   WQ_UNBOUND | WQ_MEM_RECLAIM | WQ_HIGHPRI, 0);
	return unpin_wq ? 0 : -ENOMEM;
}

void vgpu_pins_exit(void)
{
	destroy_workqueue(unpin_wq);
}

void vgpu_pin_init(struct vgpu *vgpu)
{
	mutex_init(&vgpu->pin_lock);
	INIT_LIST_HEAD(&vgpu->pins);
	INIT_LIST_HEAD(&vgpu->dead_pins);
	INIT_WORK(&vgpu->unpin_work, unpin_work);
}
