// SPDX-License-Identifier: GPL-2.0-only
/*
 * One device: made with its mdev, given VRAM and a manager when it is opened,
 * stripped of both when it is closed. So no opening ever sees memory of the one
 * before, whoever still holds a dma-buf of it.
 */
#include <linux/err.h>
#include <linux/mdev.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "bochs.h"
#include "planefd_compat.h"

/* What the monitor prefers: all VRAM sizes can show it in every format */
#define NATIVE_WIDTH	1280
#define NATIVE_HEIGHT	800

/*
 * How many openings' VRAM may be out at once: that of this one, and of earlier
 * ones that the VMM still has dma-bufs of. Viewers may keep as many more.
 */
#define MAX_VRAMS	4

static int bochs_get_plane(void *priv, u32 plane_id,
			   struct vfio_dmabuf_plane *plane)
{
	struct bochs *bochs = priv;
	const struct bochs_mode *mode = &bochs->mode;
	int ret = -ENOENT;

	mutex_lock(&bochs->vdev.lock);
	if (mode->width) {
		plane->start = mode->start;
		plane->format = mode->format;
		plane->width = mode->width;
		plane->height = mode->height;
		plane->stride = mode->stride;
		plane->mem = bochs->vdev.bar_mem[BOCHS_VRAM_BAR];
		plane->offset = mode->offset;
		ret = 0;
	}
	mutex_unlock(&bochs->vdev.lock);
	return ret;
}

static const struct vfio_dmabuf_mgr_ops bochs_mgr_ops = {
	.get_plane = bochs_get_plane,
};

static const struct vfio_dmabuf_mgr_desc bochs_mgr_desc = {
	.ops = &bochs_mgr_ops,
	.heads = 1,
	.primaries = 1,
	.caps = VFIO_DMABUF_MGR_CAP_FLIPS,
};

static struct bochs *bochs_of_vfio(struct vfio_device *vfio)
{
	return to_bochs(to_vdev(vfio));
}

static int bochs_open_device(struct vfio_device *vfio)
{
	struct bochs *bochs = bochs_of_vfio(vfio);
	struct vfio_dmabuf_mem *vram;
	struct vfio_dmabuf_mgr *mgr;

	vram = vfio_dmabuf_mem_create(bochs->vram_size, bochs->quota);
	if (vram == ERR_PTR(-ENOSPC))
		dev_notice_ratelimited(vfio->dev, "not opened: the VMM still holds dma-bufs of %u earlier openings\n",
				       MAX_VRAMS);
	if (IS_ERR(vram))
		return PTR_ERR(vram);
	mgr = vfio_dmabuf_mgr_create(vfio, &bochs_mgr_desc, bochs);
	if (IS_ERR(mgr)) {
		vfio_dmabuf_mem_put(vram);
		return PTR_ERR(mgr);
	}
	bochs->vdev.bar_mem[BOCHS_VRAM_BAR] = vram;
	bochs->mgr = mgr;
	memset(&bochs->mode, 0, sizeof(bochs->mode));
	vdev_edid_init(&bochs->vdev.edid, NATIVE_WIDTH, NATIVE_HEIGHT,
		       bochs->type->max_xres, bochs->type->max_yres);
	vdev_reset(&bochs->vdev);
	return 0;
}

static void bochs_close_device(struct vfio_device *vfio)
{
	struct bochs *bochs = bochs_of_vfio(vfio);

	vdev_close(&bochs->vdev);
	vfio_dmabuf_mgr_revoke(bochs->mgr);
	bochs->mgr = NULL;
	vfio_dmabuf_mem_put(bochs->vdev.bar_mem[BOCHS_VRAM_BAR]);
	bochs->vdev.bar_mem[BOCHS_VRAM_BAR] = NULL;
}

static long bochs_ioctl(struct vfio_device *vfio, unsigned int cmd,
			unsigned long arg)
{
	struct bochs *bochs = bochs_of_vfio(vfio);

	switch (cmd) {
	case VFIO_DEVICE_QUERY_GFX_PLANE:
	case VFIO_DEVICE_GET_GFX_DMABUF:
		return vfio_dmabuf_mgr_device_ioctl(bochs->mgr, cmd, arg);
	default:
		return vdev_ioctl(vfio, cmd, arg);
	}
}

static int bochs_init(struct vfio_device *vfio)
{
	static const struct vdev_pci_id id = {
		.vendor = 0x1234,
		.device = 0x1111,
		.subsystem_vendor = 0x1af4,
		.subsystem = 0x1100,
		/* From 2 on the driver looks for the extended registers */
		.revision = 2,
		.class = 0x038000,
	};

	int ret;

	vdev_init(to_vdev(vfio), &bochs_vdev_ops);
	vdev_config_init(to_vdev(vfio), &id);
	ret = vdev_config_add_bar(to_vdev(vfio), BOCHS_REGS_BAR, SZ_4K, 0) ?:
	      vdev_config_add_pm_cap(to_vdev(vfio));
	/* VFIO does not release what it could not initialize */
	if (ret)
		vdev_destroy(to_vdev(vfio));
	return ret;
}

static void bochs_release(struct vfio_device *vfio)
{
	struct bochs *bochs = bochs_of_vfio(vfio);

	bochs_memory_put(bochs->vram_size);
	if (bochs->quota)
		vfio_dmabuf_quota_put(bochs->quota);
	vdev_destroy(&bochs->vdev);
	planefd_vfio_free(vfio);
}

static const struct vfio_device_ops bochs_vfio_ops = {
	.name = "vfio_bochs",
	.init = bochs_init,
	.release = bochs_release,
	.open_device = bochs_open_device,
	.close_device = bochs_close_device,
	.read = vdev_read,
	.write = vdev_write,
	.mmap = vdev_mmap,
	.ioctl = bochs_ioctl,
	.request = vdev_request,
	PLANEFD_VFIO_REGION_INFO_OP
	PLANEFD_VFIO_IOMMUFD_OPS
};

/* Make the device of an mdev. -ENOSPC where its memory is beyond the limit. */
int bochs_probe(struct mdev_device *mdev, const struct bochs_type *type)
{
	struct vfio_dmabuf_quota *quota;
	struct bochs *bochs;
	int ret;

	bochs = vfio_alloc_device(bochs, vdev.vfio, &mdev->dev,
				  &bochs_vfio_ops);
	if (IS_ERR(bochs))
		return PTR_ERR(bochs);
	bochs->type = type;
	quota = vfio_dmabuf_quota_create((u64)type->vram_size * MAX_VRAMS);
	if (IS_ERR(quota)) {
		ret = PTR_ERR(quota);
		goto err_put;
	}
	bochs->quota = quota;
	if (!bochs_memory_get(type->vram_size)) {
		ret = -ENOSPC;
		goto err_put;
	}
	bochs->vram_size = type->vram_size;
	ret = vdev_config_add_bar(&bochs->vdev, BOCHS_VRAM_BAR, type->vram_size,
				  PCI_BASE_ADDRESS_MEM_PREFETCH);
	if (ret)
		goto err_put;
	ret = vdev_register(&bochs->vdev);
	if (ret)
		goto err_put;
	dev_set_drvdata(&mdev->dev, bochs);
	return 0;

err_put:
	vfio_put_device(&bochs->vdev.vfio);
	return ret;
}

/* Waits until the device is closed; manager fds and dma-bufs do not keep it. */
void bochs_remove(struct mdev_device *mdev)
{
	struct bochs *bochs = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&bochs->vdev.vfio);
	vfio_put_device(&bochs->vdev.vfio);
}
