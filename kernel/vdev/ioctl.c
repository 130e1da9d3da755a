// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VFIO device ioctls that tell what a device is made of and reset it; those
 * of its interrupts are in irq.c. Regions and irqs are told from the one
 * description in struct vdev, so they cannot disagree with the config space.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "planefd_compat.h"
#include "vdev.h"

/**
 * vdev_init - make the shared part ready, once
 * @vdev: the device, zeroed, its config space not yet laid out
 * @ops: the device's own
 *
 * For struct vfio_device_ops.init; what it takes vdev_destroy() gives back.
 */
void vdev_init(struct vdev *vdev, const struct vdev_ops *ops)
{
	mutex_init(&vdev->lock);
	mutex_init(&vdev->igate);
	spin_lock_init(&vdev->irq_lock);
	vdev->ops = ops;
}
EXPORT_SYMBOL_GPL(vdev_init);

/**
 * vdev_destroy - undo vdev_init()
 * @vdev: the device, closed, which nobody uses any more
 *
 * For struct vfio_device_ops.release, before the memory of @vdev is freed.
 */
void vdev_destroy(struct vdev *vdev)
{
	mutex_destroy(&vdev->igate);
	mutex_destroy(&vdev->lock);
}
EXPORT_SYMBOL_GPL(vdev_destroy);

/**
 * vdev_register - have VFIO offer the device
 * @vdev: the device
 *
 * Puts it into a device set of its own first. VFIO would do that by itself, but
 * not look whether it could, and the first open would oops.
 *
 * Context: process context, may sleep; the probe of an mdev is the place.
 * Return: 0, or the error of either step.
 */
int vdev_register(struct vdev *vdev)
{
	int ret;

	ret = vfio_assign_device_set(&vdev->vfio, vdev);
	if (ret)
		return ret;
	return vfio_register_emulated_iommu_dev(&vdev->vfio);
}
EXPORT_SYMBOL_GPL(vdev_register);

/**
 * vdev_reset - as after power-on: config space and registers; not its memory
 * @vdev: the device
 *
 * Context: process context; takes vdev->lock.
 */
void vdev_reset(struct vdev *vdev)
{
	mutex_lock(&vdev->lock);
	vdev_config_reset(vdev);
	vdev_irq_reset(vdev);
	vdev->ops->reset(vdev);
	vdev->ops->config_changed(vdev);
	mutex_unlock(&vdev->lock);
}
EXPORT_SYMBOL_GPL(vdev_reset);

/**
 * vdev_close - the device's last fd is closed
 * @vdev: the device
 */
void vdev_close(struct vdev *vdev)
{
	vdev_irq_close(vdev);
}
EXPORT_SYMBOL_GPL(vdev_close);

u64 vdev_region_size(const struct vdev *vdev, unsigned int index)
{
	if (index < PCI_STD_NUM_BARS)
		return vdev->bar_size[array_index_nospec(index,
							 PCI_STD_NUM_BARS)];
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return PCI_CFG_SPACE_SIZE;
	if (index == VDEV_EDID_REGION)
		return vdev_edid_region_size();
	return 0;
}

/* Its memory, NULL for a region that is none */
struct vfio_dmabuf_mem *vdev_region_mem(const struct vdev *vdev,
					unsigned int index)
{
	if (index >= PCI_STD_NUM_BARS)
		return NULL;
	return vdev->bar_mem[array_index_nospec(index, PCI_STD_NUM_BARS)];
}

static u32 region_flags(const struct vdev *vdev, unsigned int index)
{
	u32 flags = 0;

	if (vdev_region_size(vdev, index))
		flags = VFIO_REGION_INFO_FLAG_READ |
			VFIO_REGION_INFO_FLAG_WRITE;
	if (vdev_region_mem(vdev, index))
		flags |= VFIO_REGION_INFO_FLAG_MMAP;
	return flags;
}

static long get_info(void __user *uarg)
{
	const size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, uarg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = VDEV_NUM_REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user(uarg, &info, minsz) ? -EFAULT : 0;
}

/* The EDID region says what it is in a capability behind its info. */
static int add_edid_cap(struct vfio_info_cap *caps)
{
	struct vfio_region_info_cap_type cap = {
		.header.id = VFIO_REGION_INFO_CAP_TYPE,
		.header.version = 1,
		.type = VFIO_REGION_TYPE_GFX,
		.subtype = VFIO_REGION_SUBTYPE_GFX_EDID,
	};

	return vfio_info_add_capability(caps, &cap.header, sizeof(cap));
}

/**
 * vdev_get_region_info_caps - for struct vfio_device_ops.get_region_info_caps
 * @vfio: the device
 * @info: has the region's index; gets all else
 * @caps: gets the region's capabilities
 *
 * The table of operations has it by PLANEFD_VFIO_REGION_INFO_OP.
 *
 * Return: 0, -EINVAL for a region that there is not, -ENOMEM.
 */
int vdev_get_region_info_caps(struct vfio_device *vfio,
			      struct vfio_region_info *info,
			      struct vfio_info_cap *caps)
{
	struct vdev *vdev = to_vdev(vfio);

	if (info->index >= VDEV_NUM_REGIONS)
		return -EINVAL;
	info->flags = region_flags(vdev, info->index);
	info->cap_offset = 0;
	info->size = vdev_region_size(vdev, info->index);
	info->offset = (u64)info->index << VDEV_OFFSET_SHIFT;
	return info->index == VDEV_EDID_REGION ? add_edid_cap(caps) : 0;
}
EXPORT_SYMBOL_GPL(vdev_get_region_info_caps);

/**
 * vdev_ioctl - for struct vfio_device_ops.ioctl, for all but the manager's
 * @vfio: the device
 * @cmd: VFIO_DEVICE_GET_INFO, GET_REGION_INFO, GET_IRQ_INFO, SET_IRQS or RESET
 * @arg: the user's pointer
 *
 * Return: 0, -ENOTTY for any other @cmd, or the ioctl's error.
 */
long vdev_ioctl(struct vfio_device *vfio, unsigned int cmd, unsigned long arg)
{
	struct vdev *vdev = to_vdev(vfio);
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return get_info(uarg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return planefd_vfio_get_region_info(vfio, uarg,
						    vdev_get_region_info_caps);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return vdev_get_irq_info(vdev, uarg);
	case VFIO_DEVICE_SET_IRQS:
		return vdev_set_irqs(vdev, uarg);
	case VFIO_DEVICE_RESET:
		vdev_reset(vdev);
		return 0;
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(vdev_ioctl);

MODULE_DESCRIPTION("What planefd's emulated PCI displays share");
MODULE_LICENSE("GPL");
