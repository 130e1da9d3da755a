// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: the parent device that mdevs are made of, their types by number
 * of heads, and its parameters.
 */
#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/sysfs.h>

#include "planefd_compat.h"
#include "virtio_gpu.h"

static unsigned int pinned_mib = 1024;
module_param(pinned_mib, uint, 0444);
MODULE_PARM_DESC(pinned_mib, "guest memory that a device may have pinned, in MiB (default 1024)");

static unsigned int copies_mib = 256;
module_param(copies_mib, uint, 0444);
MODULE_PARM_DESC(copies_mib, "memory of a device's own for what cannot be shown in place, in MiB (default 256); viewers may keep as much more");

#define VGPU_TYPE(nr)							\
	{								\
		.type.sysfs_name = #nr,					\
		.type.pretty_name = "virtio-gpu, heads: " #nr,		\
		.heads = nr,						\
	}

static struct vgpu_type vgpu_types[] = {
	VGPU_TYPE(1),
	VGPU_TYPE(2),
	VGPU_TYPE(4),
	VGPU_TYPE(16),
};

static struct mdev_type *vgpu_mdev_types[] = {
	&vgpu_types[0].type,
	&vgpu_types[1].type,
	&vgpu_types[2].type,
	&vgpu_types[3].type,
};

/*
 * Counted here: by max_instances vfio's mdev core counts one too many for each
 * device that it had no memory to make.
 */
#define MAX_DEVICES	64
static atomic_t nr_devices;

static struct class *vgpu_class;
static struct device *vgpu_parent_dev;
static struct mdev_parent vgpu_parent;

u64 vgpu_max_pinned(void)
{
	return (u64)pinned_mib * SZ_1M;
}

u64 vgpu_max_copies(void)
{
	return (u64)copies_mib * SZ_1M;
}

static const struct vgpu_type *to_vgpu_type(struct mdev_type *type)
{
	return container_of(type, struct vgpu_type, type);
}

static int vgpu_mdev_probe(struct mdev_device *mdev)
{
	int ret;

	if (!atomic_add_unless(&nr_devices, 1, MAX_DEVICES))
		return -EUSERS;
	ret = vgpu_probe(mdev, to_vgpu_type(mdev->type));
	if (ret)
		atomic_dec(&nr_devices);
	return ret;
}

static void vgpu_mdev_remove(struct mdev_device *mdev)
{
	vgpu_remove(mdev);
	atomic_dec(&nr_devices);
}

static unsigned int vgpu_get_available(struct mdev_type *type)
{
	return MAX_DEVICES - atomic_read(&nr_devices);
}

static ssize_t vgpu_show_description(struct mdev_type *type, char *buf)
{
	u32 heads = to_vgpu_type(type)->heads;

	return sysfs_emit(buf, "virtio-gpu, %u head%s of up to %ux%u in the guest's memory\n",
			  heads, heads == 1 ? "" : "s", VGPU_MAX_SIZE,
			  VGPU_MAX_SIZE);
}

static struct mdev_driver vgpu_mdev_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.driver = {
		.name = "vfio_virtio_gpu",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
	},
	.probe = vgpu_mdev_probe,
	.remove = vgpu_mdev_remove,
	.get_available = vgpu_get_available,
	.show_description = vgpu_show_description,
};

static int __init vgpu_module_init(void)
{
	int ret;

	vgpu_class = planefd_class_create("vfio_virtio_gpu");
	if (IS_ERR(vgpu_class))
		return PTR_ERR(vgpu_class);

	vgpu_parent_dev = device_create(vgpu_class, NULL, 0, NULL,
					"vfio_virtio_gpu");
	if (IS_ERR(vgpu_parent_dev)) {
		ret = PTR_ERR(vgpu_parent_dev);
		goto err_class;
	}
	ret = mdev_register_driver(&vgpu_mdev_driver);
	if (ret)
		goto err_device;
	ret = mdev_register_parent(&vgpu_parent, vgpu_parent_dev,
				   &vgpu_mdev_driver, vgpu_mdev_types,
				   ARRAY_SIZE(vgpu_mdev_types));
	if (ret)
		goto err_driver;
	return 0;

err_driver:
	mdev_unregister_driver(&vgpu_mdev_driver);
err_device:
	device_unregister(vgpu_parent_dev);
err_class:
	class_destroy(vgpu_class);
	return ret;
}

static void __exit vgpu_module_exit(void)
{
	mdev_unregister_parent(&vgpu_parent);
	mdev_unregister_driver(&vgpu_mdev_driver);
	device_unregister(vgpu_parent_dev);
	class_destroy(vgpu_class);
}

module_init(vgpu_module_init);
module_exit(vgpu_module_exit);

MODULE_DESCRIPTION("Mediated virtio-gpu whose planes are guest memory");
MODULE_LICENSE("GPL");
