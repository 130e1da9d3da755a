// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's unmaps: the device gives back what of their range it has pinned, and
 * VFIO finds nothing pinned when it looks.
 *
 * VFIO tells a device of an unmap with its device list lock held, then takes its
 * iommu lock and looks. While anything is pinned in the mapping it comes again,
 * and vfio_iommu_type1 takes it for a bug of the host's after ten times. To unpin
 * takes the iommu lock, and another task that unmaps may hold that while it waits
 * for the device list lock. So vgpu_dma_unmap() must not unpin itself, nor wait
 * without end for the work items that do (watch.c).
 *
 * Nothing new may be pinned before VFIO has looked, and how long that takes is
 * the VMM's to say: its task may hardly have a CPU. So the device pins nothing
 * from when it is told until that task returns to user space. To see that
 * moment the device drops the last reference to a private file in that task:
 * fput() defers the file's release to the task's return. Such a file also keeps
 * this module for as long. Each device has one ready before it pins anything; a
 * second task that unmaps has one made.
 *
 * A device that is opened meanwhile was not told. If it is of the same process
 * as the task it waits for the end of the unmap as well. Another process's may
 * pin in the way of VFIO, once, and is told then; VFIO does not say beforehand
 * which devices have to do with an unmap. Once MANY_LATE of them were in the way
 * of one task, all that are opened meanwhile wait for its end.
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

/* Each costs one of the ten times that VFIO comes */
#define MANY_LATE	3

/* How long an unmap waits for what stands still; of all there is, the second */
#define PATIENCE	HZ
#define LONG_PATIENCE	(60 * HZ)

/* How often a late device looks whether such an unmap is over */
#define LOOK_TIME	(HZ / 10)

/*
 * What such a file is for: a task that unmaps, and a device that was told. Both
 * are unset, and it is in no list, until it is.
 */
struct vgpu_unmap {
	struct list_head link;
	struct vgpu *vgpu;		/* NULL once that is closed */
	const void *task;		/* to compare with, as is mm */
	const void *mm;
	u64 begun;			/* by unmap_clock; all of a task's have it */
	unsigned int nr_late;		/* likewise: late ones that were in its way */
	unsigned int nr_told;		/* how often it has told this device */
};

/* All of them; the lock also guards what is in them and of their devices */
static LIST_HEAD(unmaps);
static DEFINE_SPINLOCK(unmap_lock);

/* Counts unmaps and devices that begin to pin: which was first? */
static u64 unmap_clock;

/* -------- The task that unmaps -------- */

static int unmap_release(struct inode *inode, struct file *file)
{
	struct vgpu_unmap *unmap = file->private_data;

	spin_lock(&unmap_lock);
	list_del(&unmap->link);
	/* It cannot be closed, and freed, before the lock is free */
	if (unmap->vgpu)
		WRITE_ONCE(unmap->vgpu->unmapped_at, get_jiffies_64());
	if (unmap->vgpu && !--unmap->vgpu->nr_unmaps) {
		wake_up_all(&unmap->vgpu->wait);
		vgpu_renew_start(unmap->vgpu);
	}
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
 * For the task that unmaps just now. That gives memory back, so its cgroup may
 * go a little beyond its limit, where otherwise somebody would be killed; nor is
 * memory reclaimed here, under VFIO's lock. A task has at most one for each
 * opening of a device, until it is back in user space.
 */
static struct file *unmap_file_create_now(void)
{
	unsigned int flags = memalloc_noreclaim_save();
	struct file *file = unmap_file_create();

	memalloc_noreclaim_restore(flags);
	return file;
}

/*
 * What is known of the caller, by what it has told this device and others: into
 * @now. Its unmap begins now if that is nothing.
 */
static void find_caller(struct vgpu *vgpu, struct vgpu_unmap *now)
{
	struct vgpu_unmap *unmap;

	lockdep_assert_held(&unmap_lock);

	now->nr_told = 1;
	list_for_each_entry(unmap, &unmaps, link) {
		if (unmap->task != current)
			continue;
		now->begun = unmap->begun;
		now->nr_late = max(now->nr_late, unmap->nr_late);
		if (unmap->vgpu == vgpu)
			now->nr_told = ++unmap->nr_told;
	}
	if (!now->begun)
		now->begun = ++unmap_clock;
}

/* Until the caller is back in user space nr_unmaps counts it, as it does already. */
static void follow_caller(struct vgpu *vgpu, struct file *file,
			  const struct vgpu_unmap *now)
{
	struct vgpu_unmap *unmap = file->private_data;

	unmap->task = current;
	unmap->mm = current->mm;
	unmap->begun = now->begun;
	unmap->nr_late = now->nr_late;
	unmap->nr_told = now->nr_told;
	spin_lock(&unmap_lock);
	if (vgpu->unmaps_count)
		unmap->vgpu = vgpu;
	list_add(&unmap->link, &unmaps);
	spin_unlock(&unmap_lock);
	fput(file);
}

/*
 * From here on nothing is pinned until the caller is back in user space; what is
 * known of the caller is in @now, zeroed by its caller. -ENOMEM where nothing can
 * tell when it is back: then nothing is pinned any more.
 */
static int unmap_begin(struct vgpu *vgpu, struct vgpu_unmap *now)
{
	struct file *file = NULL;

	spin_lock(&unmap_lock);
	WRITE_ONCE(vgpu->unmapped_at, get_jiffies_64());
	find_caller(vgpu, now);
	if (now->nr_told == 1) {
		vgpu->nr_unmaps++;
		swap(file, vgpu->unmap_file);
	}
	spin_unlock(&unmap_lock);
	if (now->nr_told > 1)
		return 0;

	/* Another had what was ready, or nothing was ever pinned */
	if (!file)
		file = unmap_file_create_now();
	if (IS_ERR(file)) {
		dev_notice_ratelimited(vgpu->vdev.vfio.dev,
				       "out of memory: can show no guest memory until it is opened anew\n");
		return -ENOMEM;
	}
	follow_caller(vgpu, file, now);
	return 0;
}

/* A device that had pinned nothing when the unmap began was in its way, once. */
static void count_late(void)
{
	struct vgpu_unmap *unmap;

	spin_lock(&unmap_lock);
	list_for_each_entry(unmap, &unmaps, link)
		if (unmap->task == current)
			unmap->nr_late++;
	spin_unlock(&unmap_lock);
}

/* Until all is unpinned, or it has stood still as long as @patience */
static void wait_until_left(struct vgpu *vgpu, long patience)
{
	long left = 1;
	int before;

	while (left && atomic_read(&vgpu->nr_leaving)) {
		before = atomic_read(&vgpu->nr_left);
		left = wait_event_timeout(vgpu->wait,
					  !atomic_read(&vgpu->nr_leaving) ||
					  atomic_read(&vgpu->nr_left) != before,
					  patience);
	}
}

/*
 * Longer each time. iommufd comes once, where a device leaves an address space with
 * all there is in it; unpinning takes no lock there that the caller holds.
 */
static long unmap_patience(unsigned int nr_told, u64 length)
{
	return length >= ULONG_MAX ? LONG_PATIENCE :
				     PATIENCE << min(nr_told - 1, 5u);
}

/*
 * The wait is bounded: at most VGPU_MAX_WATCHES and one leave, and nothing new is
 * pinned meanwhile. What stands still waits for VFIO's iommu lock. The task that
 * has it may itself wait for the device list lock, which the caller holds: so the
 * caller returns, and VFIO comes again. By then the work items have had the iommu
 * lock, for which they queued before the caller does.
 */
void vgpu_dma_unmap(struct vfio_device *vfio, u64 iova, u64 length)
{
	struct vgpu *vgpu = to_vgpu(to_vdev(vfio));
	struct vgpu_unmap now = {};
	bool all, hit;

	/* Newer kernels still tell a device that is closed, which has no pins */
	if (!READ_ONCE(vgpu->unmaps_count))
		return;
	all = unmap_begin(vgpu, &now);
	mutex_lock(&vgpu->pin_lock);
	vgpu_pins_hit(vgpu, all ? 0 : iova, all ? ULONG_MAX : length);
	hit = vgpu_watches_hit(vgpu, iova, length);
	mutex_unlock(&vgpu->pin_lock);
	if (hit && now.nr_told == 1 && READ_ONCE(vgpu->pins_since) > now.begun)
		count_late();
	wait_until_left(vgpu, unmap_patience(now.nr_told, length));
}

/* -------- The worker -------- */

/* Is there an unmap under way that has to find nothing new of this device? */
static bool would_be_in_the_way(struct vgpu *vgpu)
{
	const struct vgpu_unmap *unmap;

	lockdep_assert_held(&unmap_lock);

	if (vgpu->nr_unmaps)
		return true;
	list_for_each_entry(unmap, &unmaps, link)
		if (unmap->begun < vgpu->pins_since &&
		    (unmap->mm == vgpu->mm || unmap->nr_late >= MANY_LATE))
			return true;
	return false;
}

static bool may_pin(struct vgpu *vgpu)
{
	bool may;

	spin_lock(&unmap_lock);
	/* VFIO tells it from now on, if not since before */
	if (!vgpu->pins_since)
		WRITE_ONCE(vgpu->pins_since, ++unmap_clock);
	may = !would_be_in_the_way(vgpu);
	spin_unlock(&unmap_lock);
	return may;
}

int vgpu_unmap_wait(struct vgpu *vgpu)
{
	do
		vgpu_worker_waits(vgpu);
	while (!wait_event_idle_timeout(vgpu->wait,
					vgpu_must_leave(vgpu) || may_pin(vgpu),
					LOOK_TIME));
	return vgpu_must_leave(vgpu) ? -EINTR : 0;
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
	prepared = vgpu->unmap_file && !would_be_in_the_way(vgpu);
	spin_unlock(&unmap_lock);
	return prepared;
}

/* -------- The device's life -------- */

void vgpu_unmap_open(struct vgpu *vgpu)
{
	spin_lock(&unmap_lock);
	vgpu->nr_unmaps = 0;
	vgpu->pins_since = 0;
	vgpu->unmapped_at = 0;
	WRITE_ONCE(vgpu->unmaps_count, true);
	spin_unlock(&unmap_lock);
}

void vgpu_unmap_close(struct vgpu *vgpu)
{
	struct vgpu_unmap *unmap;
	struct file *file = NULL;

	spin_lock(&unmap_lock);
	WRITE_ONCE(vgpu->unmaps_count, false);
	swap(file, vgpu->unmap_file);
	list_for_each_entry(unmap, &unmaps, link)
		if (unmap->vgpu == vgpu)
			unmap->vgpu = NULL;
	spin_unlock(&unmap_lock);
	/* Nothing starts it any more */
	vgpu_renew_cancel(vgpu);
	if (file)
		fput(file);
}
