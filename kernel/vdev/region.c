// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading, writing and mapping a device's regions through its fd.
 *
 * Memory is copied straight. Registers and config space are accessed in
 * naturally aligned pieces of 1, 2 or 4 bytes, each copied from or to the user
 * without the device's lock.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/vfio_dmabuf_mgr.h>

#include "vdev.h"

#define OFFSET_MASK	(BIT_ULL(VDEV_OFFSET_SHIFT) - 1)

/* One piece of an access that is not to memory */
struct access {
	unsigned int index;	/* region */
	u32 offset;
	unsigned int size;
	u32 value;
};

static void config_write(struct vdev *vdev, const struct access *access)
{
	vdev_config_write(vdev, access->offset, access->size, access->value);
	vdev_irq_config_changed(vdev);
	if (vdev->ops->config_write)
		vdev->ops->config_write(vdev, access->offset, access->size);
	vdev->ops->config_changed(vdev);
}

static int edid_write(struct vdev *vdev, const struct access *access)
{
	u32 link = vdev->edid.link;
	int ret;

	ret = vdev_edid_write(&vdev->edid, access->offset, access->size,
			      access->value);
	if (vdev->edid.link != link && vdev->ops->plugged)
		vdev->ops->plugged(vdev);
	return ret;
}

static bool is_msix(const struct vdev *vdev, const struct access *access)
{
	return vdev->nr_vectors && access->index == vdev->msix_bar;
}

static void access_read(struct vdev *vdev, struct access *access)
{
	mutex_lock(&vdev->lock);
	if (access->index == VFIO_PCI_CONFIG_REGION_INDEX) {
		if (vdev->ops->config_read)
			vdev->ops->config_read(vdev, access->offset,
					       access->size);
		access->value = vdev_config_read(vdev, access->offset,
						 access->size);
	} else if (is_msix(vdev, access)) {
		access->value = vdev_msix_read(vdev, access->offset,
					       access->size);
	} else if (access->index == VDEV_EDID_REGION) {
		access->value = vdev_edid_read(&vdev->edid, access->offset,
					       access->size);
	} else {
		access->value = vdev->ops->read(vdev, access->index,
						access->offset, access->size);
	}
	mutex_unlock(&vdev->lock);
}

static int access_write(struct vdev *vdev, const struct access *access)
{
	int ret = 0;

	mutex_lock(&vdev->lock);
	if (access->index == VFIO_PCI_CONFIG_REGION_INDEX)
		config_write(vdev, access);
	else if (is_msix(vdev, access))
		vdev_msix_write(vdev, access->offset, access->size,
				access->value);
	else if (access->index == VDEV_EDID_REGION)
		ret = edid_write(vdev, access);
	else
		vdev->ops->write(vdev, access->index, access->offset,
				 access->size, access->value);
	mutex_unlock(&vdev->lock);
	return ret;
}

/*
 * A piece from or to the user, in the bus's byte order. By size, since a guest
 * flips with one of these: a copy of a size that is not known in advance costs
 * three times as much.
 */
static int get_piece(struct access *access, const char __user *buf)
{
	__le32 value4;
	__le16 value2;
	u8 value1;

	switch (access->size) {
	case 4:
		if (get_user(value4, (const __le32 __user *)buf))
			return -EFAULT;
		access->value = le32_to_cpu(value4);
		return 0;
	case 2:
		if (get_user(value2, (const __le16 __user *)buf))
			return -EFAULT;
		access->value = le16_to_cpu(value2);
		return 0;
	default:
		if (get_user(value1, (const u8 __user *)buf))
			return -EFAULT;
		access->value = value1;
		return 0;
	}
}

static int put_piece(const struct access *access, char __user *buf)
{
	switch (access->size) {
	case 4:
		return put_user(cpu_to_le32(access->value),
				(__le32 __user *)buf);
	case 2:
		return put_user(cpu_to_le16(access->value),
				(__le16 __user *)buf);
	default:
		return put_user((u8)access->value, (u8 __user *)buf);
	}
}

/* The largest naturally aligned piece that a range begins with */
static unsigned int piece_size(u32 offset, size_t count)
{
	unsigned int size = 4;

	while (offset % size || size > count)
		size /= 2;
	return size;
}

/* Where in which region, and how much of it; -EINVAL beyond its end. */
static int region_at(const struct vdev *vdev, loff_t pos, size_t *count,
		     struct access *access)
{
	u64 offset = pos & OFFSET_MASK;
	u64 size;

	if (pos < 0 || pos >> VDEV_OFFSET_SHIFT >= VDEV_NUM_REGIONS)
		return -EINVAL;
	access->index = pos >> VDEV_OFFSET_SHIFT;
	size = vdev_region_size(vdev, access->index);
	if (offset >= size)
		return -EINVAL;
	/* What follows must not guess that it is within */
	barrier_nospec();
	*count = min_t(u64, *count, size - offset);
	access->offset = offset;
	return 0;
}

/**
 * vdev_read - for struct vfio_device_ops.read
 * @vfio: the device
 * @buf: where to
 * @count: bytes; less where the region ends before
 * @ppos: the region's offset, and where in it
 *
 * Return: bytes read, or if there are none -EINVAL where there is no region,
 * -EFAULT.
 */
ssize_t vdev_read(struct vfio_device *vfio, char __user *buf, size_t count,
		  loff_t *ppos)
{
	struct vdev *vdev = to_vdev(vfio);
	struct vfio_dmabuf_mem *mem;
	struct access access;
	size_t done;
	ssize_t ret;

	ret = region_at(vdev, *ppos, &count, &access);
	if (ret)
		return ret;

	mem = vdev_region_mem(vdev, access.index);
	if (mem) {
		ret = vfio_dmabuf_mem_read(mem, access.offset, buf, count);
		if (ret > 0)
			*ppos += ret;
		return ret;
	}

	for (done = 0; done < count; done += access.size) {
		access.size = piece_size(access.offset, count - done);
		access_read(vdev, &access);
		ret = put_piece(&access, buf + done);
		if (ret)
			break;
		access.offset += access.size;
	}
	*ppos += done;
	return done ?: ret;
}
EXPORT_SYMBOL_GPL(vdev_read);

/**
 * vdev_write - for struct vfio_device_ops.write
 * @vfio: the device
 * @buf: where from
 * @count: bytes; less where the region ends before
 * @ppos: the region's offset, and where in it
 *
 * Return: bytes written, or if there are none -EINVAL where there is no region
 * or it refuses the value, -EFAULT, -ENOMEM.
 */
ssize_t vdev_write(struct vfio_device *vfio, const char __user *buf,
		   size_t count, loff_t *ppos)
{
	struct vdev *vdev = to_vdev(vfio);
	struct vfio_dmabuf_mem *mem;
	struct access access;
	size_t done;
	ssize_t ret;

	ret = region_at(vdev, *ppos, &count, &access);
	if (ret)
		return ret;

	mem = vdev_region_mem(vdev, access.index);
	if (mem) {
		ret = vfio_dmabuf_mem_write(mem, access.offset, buf, count);
		if (ret > 0)
			*ppos += ret;
		return ret;
	}

	for (done = 0; done < count; done += access.size) {
		access.size = piece_size(access.offset, count - done);
		ret = get_piece(&access, buf + done);
		if (!ret)
			ret = access_write(vdev, &access);
		if (ret)
			break;
		access.offset += access.size;
	}
	*ppos += done;
	return done ?: ret;
}
EXPORT_SYMBOL_GPL(vdev_write);

/**
 * vdev_mmap - for struct vfio_device_ops.mmap
 * @vfio: the device
 * @vma: a part of a BAR that is memory
 *
 * Return: 0, or -EINVAL where the region cannot be mapped or is too small.
 */
int vdev_mmap(struct vfio_device *vfio, struct vm_area_struct *vma)
{
	const unsigned int shift = VDEV_OFFSET_SHIFT - PAGE_SHIFT;
	struct vdev *vdev = to_vdev(vfio);
	struct vfio_dmabuf_mem *mem;

	if (vma->vm_pgoff >> shift >= PCI_STD_NUM_BARS)
		return -EINVAL;
	mem = vdev_region_mem(vdev, vma->vm_pgoff >> shift);
	if (!mem)
		return -EINVAL;
	return vfio_dmabuf_mem_mmap(mem, vma,
				    vma->vm_pgoff & (BIT_ULL(shift) - 1));
}
EXPORT_SYMBOL_GPL(vdev_mmap);
