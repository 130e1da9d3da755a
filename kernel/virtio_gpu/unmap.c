// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's unmaps: what of their range is pinned is given back, and VFIO never
 * finds that it was not.
 *
 * VFIO tells of an unmap under its device list lock, and comes again a few
 * times, the last of which is a bug of the host's, until nothing is pinned in
 * the range. Unpinning takes VFIO's iommu lock. Others hold that one while they
 * wait for the device list lock; so vgpu_dma_unmap() must not unpin itself, nor
 * wait without end for someone who does. It lets a work item unpin (pin.c),
 * waits as long as that gets on, and otherwise returns: that frees the lock that
 * whoever is in the way waits for, and VFIO comes again. Not more often than it
 * bears, though: a VMM that has someone in the way each time, such as a device
 * that reads guest memory for which the VMM has no answer, waits until it has
 * let go.
 *
 * So that a guest cannot have its memory pinned again each time just before
 * VFIO looks, nothing is pinned while an unmap is under way nor for a moment
 * after it. VFIO tells the devices of a container one after the other, and
 * looks when the last of them is done; so this holds for all of them as long as
 * it takes any. Which those are VFIO does not say, but they hear of an unmap
 * from the same task.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "virtio_gpu.h"

/*
 * How long after an unmap nothing is pinned: far more than VFIO needs, and more
 * than a task is kept waiting whose cgroup has used up its CPU time
 */
#define QUIET_TIME	(HZ / 5)

/*
 * How often unmaps may return with pages still pinned, in all devices of a
 * container, before one of them has waited for all: vfio_iommu_type1 comes ten
 * times for one unmap
 */
#define MAX_LATE	8

/* All devices that are open, and what they know of unmaps */
static LIST_HEAD(open_devices);
static DEFINE_SPINLOCK(unmap_lock);

/* -------- Unmaps that were late: under unmap_lock -------- */

/* Both are open in the same container, as far as unmaps have told. */
static bool is_beside(const struct vgpu *vgpu, const struct vgpu *other)
{
	return vgpu->unmapper && other->unmapper == vgpu->unmapper;
}

static unsigned int count_late(const struct vgpu *vgpu)
{
	const struct vgpu *other;
	unsigned int nr = 0;

	list_for_each_entry(other, &open_devices, open_link)
		if (is_beside(vgpu, other))
			nr += other->nr_late;
	return nr;
}

/* Once nothing is left that they were late for, they were not. */
static void forget_late(struct vgpu *vgpu)
{
	struct vgpu *other;

	list_for_each_entry(other, &open_devices, open_link)
		if (is_beside(vgpu, other) && atomic_read(&other->nr_leaving))
			return;
	list_for_each_entry(other, &open_devices, open_link) {
		if (!is_beside(vgpu, other) || !other->nr_late)
			continue;
		other->nr_late = 0;
		other->unmapped_at = jiffies;
	}
}

/* -------- The worker and the unpinner -------- */

long vgpu_unmap_quiet_left(struct vgpu *vgpu)
{
	const struct vgpu *other;
	long left = 0;

	spin_lock(&unmap_lock);
	list_for_each_entry(other, &open_devices, open_link) {
		if (!is_beside(vgpu, other))
			continue;
		if (other->nr_unmaps || other->nr_late)
			left = QUIET_TIME;
		left = max(left, (long)(other->unmapped_at + QUIET_TIME -
					jiffies));
	}
	spin_unlock(&unmap_lock);
	return left;
}

void vgpu_unmap_none_leaving(struct vgpu *vgpu)
{
	spin_lock(&unmap_lock);
	forget_late(vgpu);
	spin_unlock(&unmap_lock);
}

/* -------- Whoever unmaps -------- */

/* Until nothing is in the way, or it has stood still as long as @patience */
static bool wait_until_left(struct vgpu *vgpu, long patience)
{
	unsigned long progress;
	long left;

	do {
		progress = READ_ONCE(vgpu->pin_progress);
		left = wait_event_timeout(vgpu->wait,
					  !atomic_read(&vgpu->nr_leaving) ||
					  READ_ONCE(vgpu->pin_progress) != progress,
					  patience);
	} while (left && atomic_read(&vgpu->nr_leaving));
	return left;
}

/*
 * How long an unmap waits for someone who does not get on. iommufd, where a
 * device leaves an address space with all there is in it, comes once; unpinning
 * takes no lock of its there.
 */
static long unmap_patience(const struct vgpu *vgpu, u64 length)
{
	return length >= ULONG_MAX || count_late(vgpu) >= MAX_LATE ?
		MAX_SCHEDULE_TIMEOUT : HZ;
}

void vgpu_dma_unmap(struct vfio_device *vfio, u64 iova, u64 length)
{
	struct vgpu *vgpu = to_vgpu(to_vdev(vfio));
	bool busy, done;
	long patience;

	mutex_lock(&vgpu->pin_lock);
	busy = vgpu_pins_hit(vgpu, iova, length);
	spin_lock(&unmap_lock);
	vgpu->unmapper = current;
	vgpu->nr_unmaps += busy;
	patience = unmap_patience(vgpu, length);
	spin_unlock(&unmap_lock);
	mutex_unlock(&vgpu->pin_lock);
	if (!busy)
		return;

	done = wait_until_left(vgpu, patience);
	spin_lock(&unmap_lock);
	vgpu->nr_unmaps--;
	vgpu->nr_late += !done;
	vgpu->unmapped_at = jiffies;
	if (!atomic_read(&vgpu->nr_leaving))
		forget_late(vgpu);
	spin_unlock(&unmap_lock);
}

/* -------- Opening and closing -------- */

void vgpu_unmap_open(struct vgpu *vgpu)
{
	spin_lock(&unmap_lock);
	vgpu->unmapper = NULL;
	vgpu->nr_late = 0;
	vgpu->unmapped_at = jiffies - QUIET_TIME;
	list_add(&vgpu->open_link, &open_devices);
	spin_unlock(&unmap_lock);
}

void vgpu_unmap_close(struct vgpu *vgpu)
{
	flush_work(&vgpu->unpin_work);
	spin_lock(&unmap_lock);
	list_del(&vgpu->open_link);
	spin_unlock(&unmap_lock);
}
