// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing such memory from user space: a device's region whose
 * memory it is.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/vfio_dmabuf_mgr.h>

#include "mgr.h"

static ssize_t mem_read(struct vfio_dmabuf_mem *mem, u64 pos,
			char __user *buf, size_t count)
{
	u64 size = vfio_dmabuf_mem_size(mem);
	unsigned long left;
	struct page *page;
	size_t done, len;
	void *addr;

	if (pos > size)
		return -EINVAL;
	count = min_t(u64, count, size - pos);
	/* No guess at what lies behind the end */
	barrier_nospec();
	for (done = 0; done < count; done += len, pos += len) {
		len = min_t(size_t, count - done, PAGE_SIZE - offset_in_page(pos));
		page = mem_page_present(mem, pos >> PAGE_SHIFT);
		if (page) {
			addr = kmap_local_page(page);
			/* Guest and viewers write to it as they please */
			left = data_race(copy_to_user(buf + done,
						      addr + offset_in_page(pos),
						      len));
			kunmap_local(addr);
		} else {
			left = clear_user(buf + done, len);
		}
		if (left)
			return done + len - left ?: -EFAULT;
		if (fatal_signal_pending(current))
			return done ?: -EINTR;
		cond_resched();
	}
	return done;
}

/**
 * vfio_dmabuf_mem_read - copy out to user space
 * @mem: the memory
 * @pos: byte to begin at
 * @buf: where to
 * @count: bytes; what lies beyond the end is not read
 *
 * What was never touched reads as zero and stays unallocated.
 *
 * Context: process context, may sleep and fault.
 * Return: bytes read, or if there are none -EINVAL where @pos is beyond the
 * end, -EFAULT, -EINTR, -ENODEV where it is revoked.
 */
ssize_t vfio_dmabuf_mem_read(struct vfio_dmabuf_mem *mem, u64 pos,
			     char __user *buf, size_t count)
{
	ssize_t ret;

	if (!mem_hold(mem))
		return -ENODEV;
	ret = mem_read(mem, pos, buf, count);
	mem_unhold(mem);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_read);

static ssize_t mem_write(struct vfio_dmabuf_mem *mem, u64 pos,
			 const char __user *buf, size_t count)
{
	u64 size = vfio_dmabuf_mem_size(mem);
	unsigned long left;
	struct page *page;
	size_t done, len;
	void *addr;

	if (pos > size)
		return -EINVAL;
	count = min_t(u64, count, size - pos);
	if (!access_ok(buf, count))
		return -EFAULT;
	/* As copy_from_user() does: no guess at what lies behind a bad @buf */
	barrier_nospec();
	for (done = 0; done < count; done += len, pos += len) {
		len = min_t(size_t, count - done, PAGE_SIZE - offset_in_page(pos));
		page = mem_page(mem, pos >> PAGE_SHIFT);
		if (!page)
			return done ?: -ENOMEM;
		addr = kmap_local_page(page);
		/*
		 * Guest and viewers read it as they please. copy_from_user()
		 * would fill with zeros what it cannot copy.
		 */
		left = data_race(__copy_from_user(addr + offset_in_page(pos),
						  buf + done, len));
		kunmap_local(addr);
		if (left)
			return done + len - left ?: -EFAULT;
		if (fatal_signal_pending(current))
			return done ?: -EINTR;
		cond_resched();
	}
	return done;
}

/**
 * vfio_dmabuf_mem_write - copy in from user space
 * @mem: the memory
 * @pos: byte to begin at
 * @buf: where from
 * @count: bytes; what lies beyond the end is not written
 *
 * Context: process context, may sleep and fault.
 * Return: bytes written, or if there are none -EINVAL where @pos is beyond the
 * end, -EFAULT, -EINTR, -ENODEV where it is revoked, -ENOMEM where there is no
 * memory, or no time to wait for it as the caller is killed.
 */
ssize_t vfio_dmabuf_mem_write(struct vfio_dmabuf_mem *mem, u64 pos,
			      const char __user *buf, size_t count)
{
	ssize_t ret;

	if (!mem_hold(mem))
		return -ENODEV;
	ret = mem_write(mem, pos, buf, count);
	mem_unhold(mem);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_write);
