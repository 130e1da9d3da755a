// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device's life: made with the mdev, opened and closed any number of times,
 * removed with it. Each opening begins as after power-on.
 */
#include <linux/err.h>
#include <linux/kcov.h>
#include <linux/mdev.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "planefd_compat.h"
#include "virtio_gpu.h"

static const struct vfio_dmabuf_mgr_ops vgpu_mgr_ops = {
	.get_plane = vgpu_get_plane,
	.request_mode = vgpu_request_mode,
};

static struct vgpu *vgpu_of_vfio(struct vfio_device *vfio)
{
	return to_vgpu(to_vdev(vfio));
}

/*
 * End the worker's work and forget what the guest made. As long as it is halted
 * the worker does nothing, however often it is queued.
 */
static void vgpu_halt(struct vgpu *vgpu)
{
	WRITE_ONCE(vgpu->halted, true);
	wake_up_all(&vgpu->wait);
	vgpu_worker_call(vgpu);
	kthread_cancel_work_sync(&vgpu->work);
	vgpu_renew_cancel(vgpu);
	vgpu_drop(vgpu);
}

/* Let it work. What was asked of it since the reset it did not do. */
static void vgpu_resume(struct vgpu *vgpu)
{
	WRITE_ONCE(vgpu->halted, false);
	kthread_queue_work(vgpu->worker, &vgpu->work);
}

static int vgpu_open_device(struct vfio_device *vfio)
{
	struct vgpu *vgpu = vgpu_of_vfio(vfio);
	struct vfio_dmabuf_mgr_desc desc = {
		.ops = &vgpu_mgr_ops,
		.heads = vgpu->type->heads,
		.primaries = 1,
		.cursors = 1,
		.caps = VFIO_DMABUF_MGR_CAP_FLIPS |
			VFIO_DMABUF_MGR_CAP_DAMAGE |
			VFIO_DMABUF_MGR_CAP_HOT_SPOT,
	};
	struct vfio_dmabuf_mgr *mgr;

	mgr = vfio_dmabuf_mgr_create(vfio, &desc, vgpu);
	if (IS_ERR(mgr))
		return PTR_ERR(mgr);
	vgpu->mgr = mgr;
	vgpu->memcg = get_mem_cgroup_from_mm(current->mm);
	vgpu->kcov_handle = kcov_common_handle();
	vgpu_display_init(vgpu);
	vgpu_pin_open(vgpu);
	vdev_reset(&vgpu->vdev);
	vgpu_unmap_open(vgpu);
	/* Closing has halted it, and so has being made */
	vgpu_resume(vgpu);
	return 0;
}

static void vgpu_close_device(struct vfio_device *vfio)
{
	struct vgpu *vgpu = vgpu_of_vfio(vfio);

	vgpu_halt(vgpu);
	vgpu_unmap_close(vgpu);
	vgpu_worker_rest(vgpu);
	vgpu_pin_close(vgpu);
	vdev_close(&vgpu->vdev);
	vfio_dmabuf_mgr_revoke(vgpu->mgr);
	/* Nobody asks for modes any more */
	cancel_delayed_work_sync(&vgpu->tell_work);
	vgpu->mgr = NULL;
	mem_cgroup_put(vgpu->memcg);
	vgpu->memcg = NULL;
}

static long vgpu_ioctl(struct vfio_device *vfio, unsigned int cmd,
		       unsigned long arg)
{
	struct vgpu *vgpu = vgpu_of_vfio(vfio);
	long ret;

	switch (cmd) {
	case VFIO_DEVICE_QUERY_GFX_PLANE:
	case VFIO_DEVICE_GET_GFX_DMABUF:
		return vfio_dmabuf_mgr_device_ioctl(vgpu->mgr, cmd, arg);
	case VFIO_DEVICE_RESET:
		mutex_lock(&vgpu->reset_lock);
		vgpu_halt(vgpu);
		ret = vdev_ioctl(vfio, cmd, arg);
		vgpu_resume(vgpu);
		mutex_unlock(&vgpu->reset_lock);
		return ret;
	default:
		return vdev_ioctl(vfio, cmd, arg);
	}
}

/* Neither in a reset, nor with a command that it has no bus for any more */
static bool is_through(const struct vgpu *vgpu)
{
	return !READ_ONCE(vgpu->resetting) &&
	       !(READ_ONCE(vgpu->stopped) && READ_ONCE(vgpu->serving));
}

/*
 * A virtio reset is over when the driver's write of it is: not every driver
 * waits for the status to read 0, and what it gave the device is its own again.
 * It is the same with bus mastering that is taken away, by which one kernel
 * keeps devices out of the memory of the next.
 */
static ssize_t vgpu_file_write(struct vfio_device *vfio,
			       const char __user *buf, size_t count,
			       loff_t *ppos)
{
	struct vgpu *vgpu = vgpu_of_vfio(vfio);
	ssize_t ret;

	ret = vdev_write(vfio, buf, count, ppos);
	/* A halt is a reset, too; who is killed has no use for the memory */
	wait_event_killable(vgpu->wait,
			    is_through(vgpu) || READ_ONCE(vgpu->halted));
	return ret;
}

static int vgpu_init(struct vfio_device *vfio)
{
	struct vgpu *vgpu = vgpu_of_vfio(vfio);
	int ret;

	vdev_init(&vgpu->vdev, &vgpu_vdev_ops);
	ret = vgpu_pci_init(vgpu);
	if (ret) {
		/* VFIO does not release what it could not initialize */
		vdev_destroy(&vgpu->vdev);
		return ret;
	}
	vgpu_worker_init(vgpu);
	kthread_init_work(&vgpu->work, vgpu_work);
	INIT_DELAYED_WORK(&vgpu->tell_work, vgpu_display_tell);
	init_waitqueue_head(&vgpu->wait);
	mutex_init(&vgpu->reset_lock);
	vgpu->halted = true;
	xa_init_flags(&vgpu->resources, XA_FLAGS_ACCOUNT);
	vgpu_pin_init(vgpu);
	vgpu_watch_init(vgpu);
	vgpu_renew_init(vgpu);
	return 0;
}

static void vgpu_release(struct vfio_device *vfio)
{
	struct vgpu *vgpu = vgpu_of_vfio(vfio);

	vgpu_worker_destroy(vgpu);
	vgpu_watch_destroy(vgpu);
	if (vgpu->quota)
		vfio_dmabuf_quota_put(vgpu->quota);
	kvfree(vgpu->request);
	mutex_destroy(&vgpu->pin_lock);
	mutex_destroy(&vgpu->reset_lock);
	vdev_destroy(&vgpu->vdev);
	planefd_vfio_free(vfio);
}

static const struct vfio_device_ops vgpu_vfio_ops = {
	.name = "vfio_virtio_gpu",
	.init = vgpu_init,
	.release = vgpu_release,
	.open_device = vgpu_open_device,
	.close_device = vgpu_close_device,
	.read = vdev_read,
	.write = vgpu_file_write,
	.mmap = vdev_mmap,
	.ioctl = vgpu_ioctl,
	.request = vdev_request,
	.dma_unmap = vgpu_dma_unmap,
	PLANEFD_VFIO_REGION_INFO_OP
	PLANEFD_VFIO_IOMMUFD_OPS
};

/* What a device has for as long as it exists */
static int vgpu_alloc(struct vgpu *vgpu)
{
	struct vfio_dmabuf_quota *quota;

	quota = vfio_dmabuf_quota_create(vgpu_max_copies());
	if (IS_ERR(quota))
		return PTR_ERR(quota);
	vgpu->quota = quota;
	vgpu->request = kvzalloc(sizeof(*vgpu->request), GFP_KERNEL);
	if (!vgpu->request)
		return -ENOMEM;
	return vgpu_watch_create(vgpu) ?: vgpu_worker_create(vgpu);
}

/* Make the device of an mdev. */
int vgpu_probe(struct mdev_device *mdev, const struct vgpu_type *type)
{
	struct vgpu *vgpu;
	int ret;

	vgpu = vfio_alloc_device(vgpu, vdev.vfio, &mdev->dev, &vgpu_vfio_ops);
	if (IS_ERR(vgpu))
		return PTR_ERR(vgpu);
	vgpu->type = type;
	ret = vgpu_alloc(vgpu);
	if (ret)
		goto err_put;
	ret = vdev_register(&vgpu->vdev);
	if (ret)
		goto err_put;
	dev_set_drvdata(&mdev->dev, vgpu);
	return 0;

err_put:
	vfio_put_device(&vgpu->vdev.vfio);
	return ret;
}

/* Waits until the device is closed; manager fds and dma-bufs do not keep it. */
void vgpu_remove(struct mdev_device *mdev)
{
	struct vgpu *vgpu = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&vgpu->vdev.vfio);
	vfio_put_device(&vgpu->vdev.vfio);
}
