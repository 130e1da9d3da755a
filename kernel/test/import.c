// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio_test_import.ko: a device that imports dma-bufs and cannot be told to let go
 * of them. GEM drivers without a device behind them map what they import at its
 * first use only, from 7.0; this one does so at once, as a device that has DMA does.
 *
 * Write a dma-buf's fd, an int, to /dev/vfio_test_import: the open file has it
 * imported until it is closed.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "planefd_compat.h"

struct import {
	struct mutex lock;			/* of what follows */
	struct dma_buf_attachment *attachment;
	struct sg_table *sgt;
};

static struct platform_device *import_device;

/* Takes the caller's reference where it succeeds */
static int import_map(struct import *import, struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attachment;
	struct sg_table *sgt;

	attachment = dma_buf_attach(dmabuf, &import_device->dev);
	if (IS_ERR(attachment))
		return PTR_ERR(attachment);
	sgt = dma_buf_map_attachment_unlocked(attachment, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt)) {
		dma_buf_detach(dmabuf, attachment);
		return PTR_ERR(sgt);
	}
	import->attachment = attachment;
	import->sgt = sgt;
	return 0;
}

static ssize_t import_write(struct file *filp, const char __user *buf,
			    size_t count, loff_t *ppos)
{
	struct import *import = filp->private_data;
	struct dma_buf *dmabuf;
	int fd, ret = -EBUSY;

	if (count != sizeof(fd))
		return -EINVAL;
	if (copy_from_user(&fd, buf, sizeof(fd)))
		return -EFAULT;
	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	mutex_lock(&import->lock);
	if (!import->attachment)
		ret = import_map(import, dmabuf);
	mutex_unlock(&import->lock);
	if (ret)
		dma_buf_put(dmabuf);
	return ret ?: count;
}

static int import_open(struct inode *inode, struct file *filp)
{
	struct import *import = kzalloc(sizeof(*import), GFP_KERNEL);

	if (!import)
		return -ENOMEM;
	mutex_init(&import->lock);
	filp->private_data = import;
	return nonseekable_open(inode, filp);
}

static int import_release(struct inode *inode, struct file *filp)
{
	struct import *import = filp->private_data;
	struct dma_buf_attachment *attachment = import->attachment;
	struct dma_buf *dmabuf;

	if (attachment) {
		dmabuf = attachment->dmabuf;
		dma_buf_unmap_attachment_unlocked(attachment, import->sgt,
						  DMA_BIDIRECTIONAL);
		dma_buf_detach(dmabuf, attachment);
		dma_buf_put(dmabuf);
	}
	mutex_destroy(&import->lock);
	kfree(import);
	return 0;
}

static const struct file_operations import_fops = {
	.owner = THIS_MODULE,
	.open = import_open,
	.write = import_write,
	.release = import_release,
};

static struct miscdevice import_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vfio_test_import",
	.fops = &import_fops,
};

static int __init import_init(void)
{
	int ret;

	import_device = platform_device_register_simple("vfio_test_import", -1,
							NULL, 0);
	if (IS_ERR(import_device))
		return PTR_ERR(import_device);
	ret = dma_coerce_mask_and_coherent(&import_device->dev,
					   DMA_BIT_MASK(64));
	if (!ret)
		ret = misc_register(&import_misc);
	if (ret)
		platform_device_unregister(import_device);
	return ret;
}

static void __exit import_exit(void)
{
	misc_deregister(&import_misc);
	platform_device_unregister(import_device);
}

module_init(import_init);
module_exit(import_exit);

MODULE_DESCRIPTION("An importer for planefd's tests");
MODULE_LICENSE("GPL");
PLANEFD_IMPORT_NS_DMA_BUF;
