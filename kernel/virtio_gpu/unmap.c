// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's unmaps: what of their range is pinned is given back, and VFIO never
 * finds that it was not.
 *
 * VFIO tells of an unmap under its device list lock, then takes its iommu lock
 * and looks. While anything is pinned in the range it comes again, and
 * vfio_iommu_type1 takes it for a bug of the host's after ten times.
 *
 * Nothing must be pinned before it looks, and how long that takes is the VMM's to
 * say: another thread of its can hold that lock, or it may hardly have a CPU. So
 * nothing is pinned from when a device is told until the task that unmaps is on
 * its way back to user space. A file tells that, of which nobody has a fd: a task
 * that lets go of a file's last reference releases it there (fput()). It also
 * keeps this module for as long. Each device has one ready before it pins
 * anything; an unmap that comes after another, with nothing pinned in between, has
 * one made. VFIO tells all devices of a container, so none of them is in the way
 * more than once; but one that is opened meanwhile was not told. Where VFIO has
 * come again and again no such device pins anything until that unmap is over, in
 * whatever container it is: it cannot know.
 *
 * Unpinning takes the iommu lock, too, and others hold that one while they wait
 * for the device list lock: vgpu_dma_unmap() must not unpin itself, nor wait
 * without end for someone who does. It lets a work item unpin (pin.c), waits as
 * long as that gets on, and otherwise returns: that frees the lock that whoever is
 * in the way waits for, and VFIO comes again. Not more often than it bears,
 * though. A VMM that has someone in the way each time waits until that has let go;
 * if it has arranged for who waits for the device list lock just then, for good.
 * So it hangs its own threads, where it would have stopped the host.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "virtio_gpu.h"

/*
 * How often one unmap may be told that it is done while pages are still pinned, and
 * after how many times new devices wait: vfio_iommu_type1 comes eleven times
 */
#define MAX_LATE	7
#define MANY_LATE	3

/* How often a new device looks whether such an unmap is over */
#define LOOK_TIME	(HZ / 10)

/*
 * What such a file is for: a task that unmaps, and a device that was told. Both
 * are unset, and it is in no list, until it is.
 */
struct vgpu_unmap {
	struct list_head link;
	struct vgpu *vgpu;		/* NULL once that is closed */
	const void *task;		/* to compare with */
	u64 begun;			/* by unmap_clock, for all of a task's */
	u64 iova;
	u64 length;
	unsigned int nr_told;		/* how often, of this range */
};

/* All of them; the lock also guards what is in them and of their devices */
static LIST_HEAD(unmaps);
static DEFINE_SPINLOCK(unmap_lock);

/* Counts unmaps and devices that begin to pin: which was first? */
static u64 unmap_clock;

/* -------- Whoever unmaps -------- */

static int unmap_release(struct inode *inode, struct file *file)
{
	struct vgpu_unmap *unmap = file->private_data;

	spin_lock(&unmap_lock);
	list_del(&unmap->link);
	/* It cannot be closed, and freed, before the lock is free */
	if (unmap->vgpu && !--unmap->vgpu->nr_unmaps)
		wake_up_all(&unmap->vgpu->wait);
	spin_unlock(&unmap_lock);
	kfree(unmap);
	return 0;
}

static const struct file_operations unmap_fops = {
	.owner = THIS_MODULE,
	.release = unmap_release,
	.llseek = noop_llseek,
};

static struct file *unmap_file_create(void)
{
	struct vgpu_unmap *unmap;
	struct file *file;

	unmap = kzalloc(sizeof(*unmap), VFIO_DMABUF_GFP);
	if (!unmap)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&unmap->link);
	file = anon_inode_getfile("[vfio-virtio-gpu-unmap]", &unmap_fops, unmap,
				  O_RDONLY);
	if (IS_ERR(file))
		kfree(unmap);
	return file;
}

/*
 * For who unmaps just now. That gives memory back, so its cgroup may go a little
 * beyond its limit, where otherwise somebody would be killed; nor is memory
 * reclaimed here, under VFIO's lock. A task has at most one for each device, until
 * it is back in user space.
 */
static struct file *unmap_file_create_now(void)
{
	unsigned int flags = memalloc_noreclaim_save();
	struct file *file = unmap_file_create();

	memalloc_noreclaim_restore(flags);
	return file;
}

/*
 * What is known of the caller, who unmaps the range in @now: when he began, and how
 * often VFIO has come with it by now. It tells all devices of a container, but one
 * can be closed, or opened, in between: then by what others were told. Returns what
 * this device has of him, NULL if it was told nothing yet.
 */
static struct vgpu_unmap *find_unmap(struct vgpu *vgpu, struct vgpu_unmap *now)
{
	struct vgpu_unmap *unmap, *own = NULL;
	unsigned int nr;

	lockdep_assert_held(&unmap_lock);

	now->begun = 0;
	now->nr_told = 1;
	list_for_each_entry(unmap, &unmaps, link) {
		if (unmap->task != current)
			continue;
		now->begun = unmap->begun;
		if (unmap->vgpu == vgpu)
			own = unmap;
		if (unmap->iova != now->iova || unmap->length != now->length)
			continue;
		/* Other open ones were told this time, or are about to be */
		nr = unmap->nr_told + (!unmap->vgpu || unmap->vgpu == vgpu);
		now->nr_told = max(now->nr_told, nr);
	}
	if (!now->begun)
		now->begun = ++unmap_clock;
	return own;
}

static void unmap_set(struct vgpu_unmap *unmap, const struct vgpu_unmap *now)
{
	unmap->begun = now->begun;
	unmap->iova = now->iova;
	unmap->length = now->length;
	unmap->nr_told = now->nr_told;
}

/* Until the caller is back in user space nr_unmaps counts it, as it does already. */
static void follow_caller(struct vgpu *vgpu, struct file *file,
			  const struct vgpu_unmap *now)
{
	struct vgpu_unmap *unmap = file->private_data;

	unmap->task = current;
	unmap_set(unmap, now);
	spin_lock(&unmap_lock);
	if (vgpu->unmaps_count)
		unmap->vgpu = vgpu;
	list_add(&unmap->link, &unmaps);
	spin_unlock(&unmap_lock);
	fput(file);
}

/*
 * From here on nothing is pinned until the caller is back in user space. Returns
 * how often VFIO has come with this range.
 */
static unsigned int unmap_begin(struct vgpu *vgpu, u64 iova, u64 length)
{
	struct vgpu_unmap now = { .iova = iova, .length = length };
	struct vgpu_unmap *own;
	struct file *file = NULL;

	spin_lock(&unmap_lock);
	own = find_unmap(vgpu, &now);
	if (own) {
		unmap_set(own, &now);
	} else {
		vgpu->nr_unmaps++;
		swap(file, vgpu->unmap_file);
	}
	spin_unlock(&unmap_lock);
	if (own)
		return now.nr_told;

	/* Another had what was ready, or nothing was ever pinned */
	if (!file)
		file = unmap_file_create_now();
	if (IS_ERR(file)) {
		/* Nothing tells when it is back, nor counts how often it comes */
		dev_notice_ratelimited(vgpu->vdev.vfio.dev,
				       "out of memory: can show no guest memory until it is opened anew\n");
		return MAX_LATE + 1;
	}
	follow_caller(vgpu, file, &now);
	return now.nr_told;
}

/* Until nothing is in the way, or it has stood still as long as @patience */
static void wait_until_left(struct vgpu *vgpu, long patience)
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
}

/*
 * How long an unmap waits for someone who does not get on. iommufd, where a
 * device leaves an address space with all there is in it, comes once; unpinning
 * takes no lock of its there.
 */
static long unmap_patience(unsigned int nr_told, u64 length)
{
	return length >= ULONG_MAX || nr_told > MAX_LATE ?
		MAX_SCHEDULE_TIMEOUT : HZ;
}

void vgpu_dma_unmap(struct vfio_device *vfio, u64 iova, u64 length)
{
	struct vgpu *vgpu = to_vgpu(to_vdev(vfio));
	unsigned int nr_told;
	bool busy;

	/* Newer kernels still tell a device that is closed, which has no pins */
	if (!READ_ONCE(vgpu->unmaps_count))
		return;
	nr_told = unmap_begin(vgpu, iova, length);
	mutex_lock(&vgpu->pin_lock);
	busy = vgpu_pins_hit(vgpu, iova, length);
	mutex_unlock(&vgpu->pin_lock);
	if (busy)
		wait_until_left(vgpu, unmap_patience(nr_told, length));
}

/* -------- The worker -------- */

/* An unmap that this device was not told of when VFIO first came, and often since */
static bool new_to_unmap(const struct vgpu *vgpu)
{
	const struct vgpu_unmap *unmap;

	lockdep_assert_held(&unmap_lock);

	list_for_each_entry(unmap, &unmaps, link)
		if (unmap->begun < vgpu->pins_since &&
		    unmap->nr_told >= MANY_LATE)
			return true;
	return false;
}

static bool may_pin(struct vgpu *vgpu)
{
	bool may;

	spin_lock(&unmap_lock);
	/* VFIO tells it from now on, if not since before */
	if (!vgpu->pins_since)
		vgpu->pins_since = ++unmap_clock;
	may = !vgpu->nr_unmaps && !new_to_unmap(vgpu);
	spin_unlock(&unmap_lock);
	return may;
}

int vgpu_unmap_wait(struct vgpu *vgpu)
{
	while (!wait_event_idle_timeout(vgpu->wait,
					vgpu_is_halting(vgpu) || may_pin(vgpu),
					LOOK_TIME))
		;
	return vgpu_is_halting(vgpu) ? -EINTR : 0;
}

int vgpu_unmap_prepare(struct vgpu *vgpu)
{
	struct mem_cgroup *memcg;
	struct file *file;

	/* Only this sets it */
	if (READ_ONCE(vgpu->unmap_file))
		return 0;
	/* Nobody pays: a file's allocation has a cgroup that is full kill its VMM */
	memcg = set_active_memcg(NULL);
	file = unmap_file_create();
	set_active_memcg(memcg);
	if (IS_ERR(file))
		return PTR_ERR(file);
	spin_lock(&unmap_lock);
	WRITE_ONCE(vgpu->unmap_file, file);
	spin_unlock(&unmap_lock);
	return 0;
}

bool vgpu_unmap_is_prepared(struct vgpu *vgpu)
{
	bool prepared;

	spin_lock(&unmap_lock);
	prepared = !vgpu->nr_unmaps && !new_to_unmap(vgpu) && vgpu->unmap_file;
	spin_unlock(&unmap_lock);
	return prepared;
}

/* -------- Opening and closing -------- */

void vgpu_unmap_open(struct vgpu *vgpu)
{
	spin_lock(&unmap_lock);
	vgpu->nr_unmaps = 0;
	vgpu->pins_since = 0;
	WRITE_ONCE(vgpu->unmaps_count, true);
	spin_unlock(&unmap_lock);
}

void vgpu_unmap_close(struct vgpu *vgpu)
{
	struct vgpu_unmap *unmap;
	struct file *file = NULL;

	flush_work(&vgpu->unpin_work);
	spin_lock(&unmap_lock);
	WRITE_ONCE(vgpu->unmaps_count, false);
	swap(file, vgpu->unmap_file);
	list_for_each_entry(unmap, &unmaps, link)
		if (unmap->vgpu == vgpu)
			unmap->vgpu = NULL;
	spin_unlock(&unmap_lock);
	if (file)
		fput(file);
}
