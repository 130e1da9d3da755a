// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker's thread, and how it is called away from what it waits for.
 *
 * The worker reads guest memory through VFIO, and that can wait for as long as the
 * VMM likes: the memory may be behind a userfaultfd that nobody answers. VFIO holds
 * its lock meanwhile, and no task of the VMM that wants that lock can be killed. So
 * the thread takes SIGKILL, from the kernel alone, as "leave what you wait for". It
 * is sent when the device is halted, reset or no bus master any more, when the
 * process that opened the device is being killed, and after ten seconds of one wait
 * in any case. A command that is left so is carried out anew, if the device may
 * still work. A wait for a FUSE daemon is the one that no signal ends.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kcov.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>

#include "planefd_compat.h"
#include "virtio_gpu.h"

/* How often a worker that is at work is looked after, and how long it may wait */
#define LOOK_TIME	HZ
#define MAX_WAIT	(10 * HZ)

/* Have it leave what it waits for; nothing where it is not at work. */
void vgpu_worker_call(struct vgpu *vgpu)
{
	spin_lock(&vgpu->busy_lock);
	if (vgpu->busy)
		send_sig(SIGKILL, vgpu->worker->task, 1);
	spin_unlock(&vgpu->busy_lock);
}

/* For the thread, before it may wait for a VMM's memory. */
void vgpu_worker_waits(struct vgpu *vgpu)
{
	WRITE_ONCE(vgpu->waits_since, jiffies);
}

/* For the thread: has it been called? What has just failed may have for that. */
bool vgpu_worker_is_called(void)
{
	return signal_pending(current);
}

/* For the thread, before it looks what there is to do: it has left all else. */
void vgpu_worker_answer(void)
{
	if (signal_pending(current))
		flush_signals(current);
}

/* What runs in the thread does so between these two. Returns what the other takes. */
struct mem_cgroup *vgpu_worker_begin(struct vgpu *vgpu)
{
	allow_kernel_signal(SIGKILL);
	vgpu_worker_waits(vgpu);
	spin_lock(&vgpu->busy_lock);
	vgpu->busy = true;
	spin_unlock(&vgpu->busy_lock);
	schedule_delayed_work(&vgpu->look_work, LOOK_TIME);
	kcov_remote_start_common(vgpu->kcov_handle);
	return set_active_memcg(vgpu->memcg);
}

void vgpu_worker_end(struct vgpu *vgpu, struct mem_cgroup *memcg)
{
	set_active_memcg(memcg);
	kcov_remote_stop();
	spin_lock(&vgpu->busy_lock);
	vgpu->busy = false;
	spin_unlock(&vgpu->busy_lock);
	/* Nobody calls now, and an idle thread with a signal would never sleep */
	vgpu_worker_answer();
}

/* A task that is being killed may wait for VFIO's lock, and the worker have it. */
static bool waits_too_long(const struct vgpu *vgpu)
{
	bool ends = READ_ONCE(vgpu->task->signal->flags) & SIGNAL_GROUP_EXIT;

	return time_after(jiffies, READ_ONCE(vgpu->waits_since) +
				   (ends ? LOOK_TIME : MAX_WAIT));
}

static void look_after(struct work_struct *work)
{
	struct vgpu *vgpu = container_of(to_delayed_work(work), struct vgpu,
					 look_work);
	bool busy;

	if (waits_too_long(vgpu))
		vgpu_worker_call(vgpu);
	spin_lock(&vgpu->busy_lock);
	busy = vgpu->busy;
	spin_unlock(&vgpu->busy_lock);
	if (busy)
		schedule_delayed_work(&vgpu->look_work, LOOK_TIME);
}

/* It is halted and stays so: nobody looks after it any more. */
void vgpu_worker_rest(struct vgpu *vgpu)
{
	cancel_delayed_work_sync(&vgpu->look_work);
}

void vgpu_worker_init(struct vgpu *vgpu)
{
	spin_lock_init(&vgpu->busy_lock);
	INIT_DELAYED_WORK(&vgpu->look_work, look_after);
}

/* Make the thread, which sleeps until there is work. Returns 0 or -ENOMEM. */
int vgpu_worker_create(struct vgpu *vgpu)
{
	struct kthread_worker *worker;

	worker = planefd_kthread_run_worker("vfio-virtio-gpu");
	if (IS_ERR(worker))
		return PTR_ERR(worker);
	vgpu->worker = worker;
	return 0;
}

void vgpu_worker_destroy(struct vgpu *vgpu)
{
	if (vgpu->worker)
		kthread_destroy_worker(vgpu->worker);
}
