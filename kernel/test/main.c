// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module of the test display: a parent device and its mdev types.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/vfio.h>

#include "display.h"
#include "planefd_compat.h"

static struct mdev_type two_heads = {
	.sysfs_name = "two-heads",
	.pretty_name = "two heads for tests",
};

static struct mdev_type sixteen_heads = {
	.sysfs_name = "sixteen-heads",
	.pretty_name = "sixteen heads for tests",
};

static struct mdev_type *test_types[] = { &two_heads, &sixteen_heads };

unsigned int test_type_heads(const struct mdev_type *type)
{
	return type == &sixteen_heads ? TEST_HEADS : 2;
}

static struct class *test_class;
static struct device *test_parent_dev;
static struct mdev_parent test_parent;

static struct mdev_driver test_mdev_driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 4,
	.driver = {
		.name = "vfio_test_display",
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
	},
	.probe = test_display_probe,
	.remove = test_display_remove,
};

static int __init test_module_init(void)
{
	int ret;

	test_class = planefd_class_create("vfio_test_display");
	if (IS_ERR(test_class))
		return PTR_ERR(test_class);
	test_parent_dev = device_create(test_class, NULL, 0, NULL,
					"vfio_test_display");
	ret = PTR_ERR_OR_ZERO(test_parent_dev);
	if (ret)
		goto err_class;
	ret = mdev_register_driver(&test_mdev_driver);
	if (ret)
		goto err_device;
	ret = mdev_register_parent(&test_parent, test_parent_dev,
				   &test_mdev_driver, test_types,
				   ARRAY_SIZE(test_types));
	if (!ret)
		return 0;

	mdev_unregister_driver(&test_mdev_driver);
err_device:
	device_unregister(test_parent_dev);
err_class:
	class_destroy(test_class);
	return ret;
}

static void __exit test_module_exit(void)
{
	mdev_unregister_parent(&test_parent);
	mdev_unregister_driver(&test_mdev_driver);
	device_unregister(test_parent_dev);
	class_destroy(test_class);
}

module_init(test_module_init);
module_exit(test_module_exit);

MODULE_DESCRIPTION("A display for planefd's tests");
MODULE_LICENSE("GPL");
PLANEFD_IMPORT_NS_DMA_BUF;
