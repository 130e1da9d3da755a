/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between the kernels that planefd builds for, 6.1 and later,
 * under the name and meaning of the newest. Nothing else in kernel/ looks at
 * LINUX_VERSION_CODE.
 */
#ifndef _PLANEFD_COMPAT_H
#define _PLANEFD_COMPAT_H

#include <linux/device/class.h>
#include <linux/dma-buf.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/kcov.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
/* Until 6.2 the driver's release op frees the device. */
#define PLANEFD_VFIO_IOMMUFD_OPS
#define planefd_vfio_free(vdev)		vfio_free_device(vdev)
#else
#define planefd_vfio_free(vdev)		((void)(vdev))
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define PLANEFD_VFIO_IOMMUFD_OPS					\
	.bind_iommufd = vfio_iommufd_emulated_bind,			\
	.unbind_iommufd = vfio_iommufd_emulated_unbind,			\
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
#else
#define PLANEFD_VFIO_IOMMUFD_OPS					\
	.bind_iommufd = vfio_iommufd_emulated_bind,			\
	.unbind_iommufd = vfio_iommufd_emulated_unbind,			\
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,		\
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
#endif
#endif

/*
 * From 6.19 VFIO's core answers VFIO_DEVICE_GET_REGION_INFO, with the driver's
 * get_region_info_caps. Before, the driver's ioctl does so with
 * planefd_vfio_get_region_info(), which does with the same operation what the
 * core does later.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define PLANEFD_VFIO_REGION_INFO_OP

static inline long
planefd_vfio_get_region_info(struct vfio_device *vdev,
			     struct vfio_region_info __user *uarg,
			     int (*op)(struct vfio_device *vdev,
				       struct vfio_region_info *info,
				       struct vfio_info_cap *caps))
{
	const size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info = {};
	struct vfio_info_cap caps = {};
	long ret;

	if (copy_from_user(&info, uarg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	ret = op(vdev, &info, &caps);
	if (ret)
		goto out;
	if (caps.size) {
		info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
		if (info.argsz < sizeof(info) + caps.size) {
			info.argsz = sizeof(info) + caps.size;
		} else {
			info.cap_offset = sizeof(info);
			vfio_info_cap_shift(&caps, sizeof(info));
			if (copy_to_user(uarg + 1, caps.buf, caps.size))
				ret = -EFAULT;
		}
	}
	if (!ret && copy_to_user(uarg, &info, minsz))
		ret = -EFAULT;
out:
	kfree(caps.buf);
	return ret;
}
#else
#define PLANEFD_VFIO_REGION_INFO_OP					\
	.get_region_info_caps = vdev_get_region_info_caps,
#define planefd_vfio_get_region_info(vdev, uarg, op)			\
	((void)(vdev), (void)(uarg), (void)(op), -ENOTTY)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

static inline struct class *planefd_class_create(const char *name)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	return class_create(THIS_MODULE, name);
#else
	return class_create(name);
#endif
}

static inline void planefd_eventfd_signal(struct eventfd_ctx *ctx)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	eventfd_signal(ctx, 1);
#else
	eventfd_signal(ctx);
#endif
}

/* A thread for kthread work, running; from 6.14 create alone does not start it. */
static inline struct kthread_worker *planefd_kthread_run_worker(const char *name)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
	return kthread_create_worker(0, "%s", name);
#else
	return kthread_run_worker(0, "%s", name);
#endif
}

/*
 * Pin a page once more, of which the caller has a pin already, as
 * pin_user_pages() counts it: to be undone by unpin_user_page(). mm/gup.c has
 * this for its own use (folio_add_pin()), and exports nothing like it.
 */
static inline void planefd_pin_page_again(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (!folio_test_large(folio)) {
		folio_ref_add(folio, GUP_PIN_COUNTING_BIAS);
	} else {
		folio_ref_inc(folio);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
		atomic_inc(folio_pincount_ptr(folio));
#else
		atomic_inc(&folio->_pincount);
#endif
	}
	mod_node_page_state(folio_pgdat(folio), NR_FOLL_PIN_ACQUIRED, 1);
}

/* Tell importers that can be told to drop their mappings; reservation lock held */
static inline void planefd_dma_buf_invalidate(struct dma_buf *dmabuf)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
	dma_buf_move_notify(dmabuf);
#else
	dma_buf_invalidate_mappings(dmabuf);
#endif
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
#define PLANEFD_INVALIDATE_OP(op)	.move_notify = (op),
#else
#define PLANEFD_INVALIDATE_OP(op)	.invalidate_mappings = (op),
#endif

/* Whether dma-buf itself pins a dma-buf while a dynamic importer has it mapped */
static inline bool planefd_dma_buf_map_pins(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
	return !IS_ENABLED(CONFIG_DMABUF_MOVE_NOTIFY);
#else
	return false;
#endif
}

/*
 * A new file never tells a watch of it (inotify, fanotify) anything. From 6.14
 * the second of two bits makes this mean something less, and a dma-buf has it.
 */
static inline void planefd_file_set_nonotify(struct file *file)
{
#ifdef FMODE_FSNOTIFY_MASK
	file->f_mode &= ~FMODE_FSNOTIFY_MASK;
#endif
	file->f_mode |= FMODE_NONOTIFY;
}

/* What kcov_common_handle() returns: a u64, or a structure of it from 7.2 on */
#define planefd_kcov_handle		typeof(kcov_common_handle())

/* Where this is, the old name warns on use from 7.2 on. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_dfl_wq			system_unbound_wq
#endif

/* Whether its last put has to wait for the lock of an epoll set */
static inline bool planefd_file_has_epoll(struct file *file)
{
#ifdef CONFIG_EPOLL
	return READ_ONCE(file->f_ep);
#else
	return false;
#endif
}

/* From 6.10 a tracepoint knows the source of a string from its __string(). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define planefd_assign_str(dst, src)	__assign_str(dst, src)
#else
#define planefd_assign_str(dst, src)					\
	do {								\
		(void)(src);						\
		__assign_str(dst);					\
	} while (0)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define PLANEFD_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS(DMA_BUF)
#else
#define PLANEFD_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS("DMA_BUF")
#endif

#endif /* _PLANEFD_COMPAT_H */
