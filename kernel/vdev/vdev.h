/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of vfio_vdev.ko share among themselves.
 */
#ifndef _VFIO_VDEV_PRIVATE_H
#define _VFIO_VDEV_PRIVATE_H

#include <linux/vfio_vdev.h>

/* config.c: under vdev->lock, any range within the space */
void vdev_config_reset(struct vdev *vdev);
u32 vdev_config_read(const struct vdev *vdev, u32 offset, unsigned int size);
void vdev_config_write(struct vdev *vdev, u32 offset, unsigned int size,
		       u32 value);

/* edid.c: under vdev->lock */
u32 vdev_edid_region_size(void);
u32 vdev_edid_read(const struct vdev_edid *edid, u32 offset,
		   unsigned int size);
int vdev_edid_write(struct vdev_edid *edid, u32 offset, unsigned int size,
		    u32 value);

/* irq.c: reset and config_changed under vdev->lock */
long vdev_get_irq_info(struct vdev *vdev, void __user *uarg);
long vdev_set_irqs(struct vdev *vdev, void __user *uarg);
void vdev_irq_config_changed(struct vdev *vdev);
void vdev_irq_reset(struct vdev *vdev);
void vdev_irq_close(struct vdev *vdev);

/* msix.c: under vdev->lock */
u32 vdev_msix_read(const struct vdev *vdev, u32 offset, unsigned int size);
void vdev_msix_write(struct vdev *vdev, u32 offset, unsigned int size,
		     u32 value);

/* ioctl.c */
u64 vdev_region_size(const struct vdev *vdev, unsigned int index);
struct vfio_dmabuf_mem *vdev_region_mem(const struct vdev *vdev,
					unsigned int index);

#endif /* _VFIO_VDEV_PRIVATE_H */
