// SPDX-License-Identifier: GPL-2.0-only
/*
 * What follows once watches have gone, by an unmap or with the pin that they were
 * for: other pins in their blocks get watches of their own.
 *
 * And what follows an unmap. Memory that was shown may come back in a moment, as
 * where a VMM maps the same memory anew in other pieces: for a short time the
 * device looks for it again and again, so that the screen is not off until the
 * guest happens to draw.
 */
#include <linux/jiffies.h>
#include <linux/kthread.h>

#include "virtio_gpu.h"

/* How long memory may stay away without the device giving up */
#define AWAY_TIME	HZ
#define LOOK_TIME	(HZ / 50)

/* Was there an unmap so short a time ago that the memory may come back? */
static bool unmap_is_recent(const struct vgpu *vgpu)
{
	u64 at = READ_ONCE(vgpu->unmapped_at);

	return at && time_before64(get_jiffies_64(), at + AWAY_TIME);
}

/*
 * For an access to guest memory that has failed: wait a moment, and return
 * whether to try once more.
 */
bool vgpu_may_come_back(struct vgpu *vgpu)
{
	if (vgpu_must_leave(vgpu) || !unmap_is_recent(vgpu))
		return false;
	wait_event_idle_timeout(vgpu->wait, vgpu_must_leave(vgpu), LOOK_TIME);
	return !vgpu_must_leave(vgpu);
}

static int renew_watches(struct vgpu *vgpu)
{
	unsigned int i;
	int ret;

	for (i = 0; i < VGPU_NR_QUEUES; i++) {
		ret = vgpu_ring_renew(vgpu, &vgpu->queues[i]);
		if (ret)
			return ret;
	}
	ret = vgpu_resources_renew(vgpu);
	if (!ret)
		vgpu_watches_prune(vgpu);
	return ret;
}

/* In the worker's thread, and so never beside it */
static void renew_work(struct kthread_work *work)
{
	struct vgpu *vgpu = container_of(work, struct vgpu, renew_work.work);
	struct mem_cgroup *memcg;
	bool again;

	if (vgpu_is_halting(vgpu))
		return;
	memcg = vgpu_worker_begin(vgpu);
	vgpu_worker_answer();
	again = renew_watches(vgpu);
	again |= !vgpu_scanouts_revive(vgpu) && unmap_is_recent(vgpu);
	if (again && !vgpu_is_halting(vgpu))
		kthread_queue_delayed_work(vgpu->worker, &vgpu->renew_work,
					   LOOK_TIME);
	vgpu_worker_end(vgpu, memcg);
}

void vgpu_renew_init(struct vgpu *vgpu)
{
	kthread_init_delayed_work(&vgpu->renew_work, renew_work);
}

void vgpu_renew_start(struct vgpu *vgpu)
{
	kthread_mod_delayed_work(vgpu->worker, &vgpu->renew_work, 0);
}

/* It is halted, or nothing starts it any more: it comes to an end. */
void vgpu_renew_cancel(struct vgpu *vgpu)
{
	kthread_cancel_delayed_work_sync(&vgpu->renew_work);
}
