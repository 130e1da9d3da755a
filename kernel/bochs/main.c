// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: the parent device that mdevs are made of, their types, and the
 * limit on what they may take together.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/math64.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>

#include "bochs.h"
#include "planefd_compat.h"

static unsigned int total_mib = 1024;
module_param(total_mib, uint, 0444);
MODULE_PARM_DESC(total_mib, "VRAM of all devices together, in MiB (default 1024); what viewers hold of earlier openings comes on top");

static struct bochs_type bochs_types[] = {
	{
		.type.sysfs_name = "16m",
		.type.pretty_name = "bochs-display, 16 MiB of VRAM",
		.vram_size = SZ_16M,
		.max_xres = 2048,
		.max_yres = 1536,
	}, {
		.type.sysfs_name = "64m",
		.type.pretty_name = "bochs-display, 64 MiB of VRAM",
		.vram_size = SZ_64M,
		.max_xres = 4096,
		.max_yres = 3072,
	}, {
		.type.sysfs_name = "256m",
		.type.pretty_name = "bochs-display, 256 MiB of VRAM",
		.vram_size = SZ_256M,
		.max_xres = 8192,
		.max_yres = 6144,
	},
};

static struct mdev_type *bochs_mdev_types[] = {
	&bochs_types[0].type,
	&bochs_types[1].type,
	&bochs_types[2].type,
};

static DEFINE_SPINLOCK(memory_lock);
static u64 memory_used;		/* bytes, memory_lock */

static struct class *bochs_class;
static struct device *bochs_parent_dev;
static struct mdev_parent bochs_parent;

/* Take @size bytes of what all devices may have together, if they are left. */
bool bochs_memory_get(u32 size)
{
	bool left;

	spin_lock(&memory_lock);
	left = memory_used + size <= (u64)total_mib * SZ_1M;
	if (left)
		memory_used += size;
	spin_unlock(&memory_lock);
	return left;
}

void bochs_memory_put(u32 size)
{
	spin_lock(&memory_lock);
	memory_used -= size;
	spin_unlock(&memory_lock);
}

static const struct bochs_type *to_bochs_type(struct mdev_type *type)
{
	return container_of(type, struct bochs_type, type);
}

static int bochs_mdev_probe(struct mdev_device *mdev)
{
	return bochs_probe(mdev, to_bochs_type(mdev->type));
}

static unsigned int bochs_get_available(struct mdev_type *type)
{
	u64 left;

	spin_lock(&memory_lock);
	left = (u64)total_mib * SZ_1M - memory_used;
	spin_unlock(&memory_lock);
	return div_u64(left, to_bochs_type(type)->vram_size);
}

static ssize_t bochs_show_description(struct mdev_type *type, char *buf)
{
	return sysfs_emit(buf, "one head, like QEMU's bochs-display; %u MiB of VRAM\n",
			  to_bochs_type(type)->vram_size / SZ_1M);
}

static struct mdev_driver bochs_mdev_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.driver = {
		.name = "vfio_bochs",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
	},
	.probe = bochs_mdev_probe,
	.remove = bochs_remove,
	.get_available = bochs_get_available,
	.show_description = bochs_show_description,
};

static int __init bochs_module_init(void)
{
	int ret;

	bochs_class = planefd_class_create("vfio_bochs");
	if (IS_ERR(bochs_class))
		return PTR_ERR(bochs_class);

	bochs_parent_dev = device_create(bochs_class, NULL, 0, NULL,
					 "vfio_bochs");
	if (IS_ERR(bochs_parent_dev)) {
		ret = PTR_ERR(bochs_parent_dev);
		goto err_class;
	}
	ret = mdev_register_driver(&bochs_mdev_driver);
	if (ret)
		goto err_device;
	ret = mdev_register_parent(&bochs_parent, bochs_parent_dev,
				   &bochs_mdev_driver, bochs_mdev_types,
				   ARRAY_SIZE(bochs_mdev_types));
	if (ret)
		goto err_driver;
	return 0;

err_driver:
	mdev_unregister_driver(&bochs_mdev_driver);
err_device:
	device_unregister(bochs_parent_dev);
err_class:
	class_destroy(bochs_class);
	return ret;
}

static void __exit bochs_module_exit(void)
{
	mdev_unregister_parent(&bochs_parent);
	mdev_unregister_driver(&bochs_mdev_driver);
	device_unregister(bochs_parent_dev);
	class_destroy(bochs_class);
}

module_init(bochs_module_init);
module_exit(bochs_module_exit);

MODULE_DESCRIPTION("Mediated display compatible with QEMU's bochs-display");
MODULE_LICENSE("GPL");
