// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dma-buf over a plane buffer.
 *
 * Its operations need the pages and this module, nothing of the device. A
 * read-only buffer is so by every road: mmap refuses to write also where an
 * importer's file would allow it, and devices get it mapped for reading.
 *
 * buffer->lock is taken inside callbacks that may hold the reservation lock,
 * and below mem->revoke_lock; no other is taken inside it.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "mgr.h"
#include "planefd_compat.h"
#include "trace.h"

/* A buffer mapped for one device */
struct buffer_mapping {
	struct sg_table sgt;
	struct device *dev;
	enum dma_data_direction dir;
	struct list_head link;	/* in buffer->mappings: buffer->lock */
};

/* All pages of the buffer, allocated if need be; to be freed with kvfree(). */
static struct page **buffer_pages(struct plane_buffer *buffer)
{
	struct page **pages;
	pgoff_t i;

	pages = kvmalloc_array(buffer->nr_pages, sizeof(*pages),
			       GFP_KERNEL_ACCOUNT);
	if (!pages)
		return NULL;
	for (i = 0; i < buffer->nr_pages; i++) {
		pages[i] = mem_page(buffer->scanout.mem, buffer->first + i);
		if (!pages[i]) {
			kvfree(pages);
			return NULL;
		}
	}
	return pages;
}

/* Ordinary pages: any device that can do DMA can have them. */
static int export_attach(struct dma_buf *dmabuf,
			 struct dma_buf_attachment *attachment)
{
	struct plane_buffer *buffer = dmabuf->priv;

	if (!mem_enter(buffer->scanout.mem))
		return -ENODEV;
	mem_leave(buffer->scanout.mem);
	return 0;
}

/*
 * Pages never move, but can be revoked. A dynamic importer is told then, unless it
 * has asked not to be: by a pin. Dma-buf pins for those that cannot be told.
 */
static int export_pin(struct dma_buf_attachment *attachment)
{
	struct plane_buffer *buffer = attachment->dmabuf->priv;

	if (!mem_enter(buffer->scanout.mem))
		return -ENODEV;
	mem_leave(buffer->scanout.mem);
	if (attachment->importer_ops)
		buffer->nr_pins++;
	return 0;
}

static void export_unpin(struct dma_buf_attachment *attachment)
{
	struct plane_buffer *buffer = attachment->dmabuf->priv;

	if (attachment->importer_ops)
		buffer->nr_pins--;
}

/* Has dma-buf pinned for this mapping? The importer itself has not asked for it. */
static bool map_pins(const struct dma_buf_attachment *attachment)
{
	return attachment->importer_ops && planefd_dma_buf_map_pins();
}

/* How long devices are waited for that use revoked memory */
#define IDLE_TIME	(10 * HZ)

/*
 * Tell importers that the memory is revoked: none can map it any more, and those
 * that can be told unmap it. An importer may do so before its device is done with
 * what it has begun, so that is waited for with the reservation lock held, and with
 * a hold on the memory.
 */
void export_invalidate(struct dma_buf *dmabuf)
{
	struct plane_buffer *buffer = dmabuf->priv;

	dma_resv_lock(dmabuf->resv, NULL);
	if (!buffer->nr_pins) {
		planefd_dma_buf_invalidate(dmabuf);
		dma_resv_wait_timeout(dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP,
				      false, IDLE_TIME);
	}
	dma_resv_unlock(dmabuf->resv);
}

static struct sg_table *map_for_device(struct plane_buffer *buffer,
				       struct device *dev,
				       enum dma_data_direction dir)
{
	struct buffer_mapping *mapping;
	struct page **pages;
	int ret;

	mapping = kzalloc(sizeof(*mapping), GFP_KERNEL_ACCOUNT);
	pages = buffer_pages(buffer);
	ret = -ENOMEM;
	if (!mapping || !pages)
		goto err_free;

	/* DRM asks for both directions always; an IOMMU then enforces this */
	mapping->dir = buffer->writable ? dir : DMA_TO_DEVICE;
	mapping->dev = dev;
	ret = sg_alloc_table_from_pages_segment(&mapping->sgt, pages,
						buffer->nr_pages, 0,
						buffer->nr_pages << PAGE_SHIFT,
						dma_get_max_seg_size(mapping->dev),
						GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_free;
	/*
	 * Several importers may have the same pages, of this buffer or another,
	 * which the DMA API allows to who keeps the CPU's caches by himself.
	 */
	ret = dma_map_sgtable(mapping->dev, &mapping->sgt, mapping->dir,
			      DMA_ATTR_SKIP_CPU_SYNC);
	if (ret)
		goto err_sgt;
	dma_sync_sgtable_for_device(mapping->dev, &mapping->sgt, mapping->dir);

	mem_hold_again(buffer->scanout.mem);
	mutex_lock(&buffer->lock);
	list_add(&mapping->link, &buffer->mappings);
	mutex_unlock(&buffer->lock);
	kvfree(pages);
	return &mapping->sgt;

err_sgt:
	sg_free_table(&mapping->sgt);
err_free:
	kvfree(pages);
	kfree(mapping);
	return ERR_PTR(ret);
}

static struct sg_table *
export_map_dma_buf(struct dma_buf_attachment *attachment,
		   enum dma_data_direction dir)
{
	struct plane_buffer *buffer = attachment->dmabuf->priv;
	struct sg_table *sgt;

	if (!mem_enter(buffer->scanout.mem))
		return ERR_PTR(-ENODEV);
	sgt = map_for_device(buffer, attachment->dev, dir);
	mem_leave(buffer->scanout.mem);
	if (!IS_ERR(sgt))
		buffer->nr_pins -= map_pins(attachment);
	return sgt;
}

static void export_unmap_dma_buf(struct dma_buf_attachment *attachment,
				 struct sg_table *sgt,
				 enum dma_data_direction dir)
{
	struct plane_buffer *buffer = attachment->dmabuf->priv;
	struct buffer_mapping *mapping =
		container_of(sgt, struct buffer_mapping, sgt);

	mutex_lock(&buffer->lock);
	list_del(&mapping->link);
	mutex_unlock(&buffer->lock);
	buffer->nr_pins += map_pins(attachment);

	dma_sync_sgtable_for_cpu(mapping->dev, &mapping->sgt, mapping->dir);
	dma_unmap_sgtable(mapping->dev, &mapping->sgt, mapping->dir,
			  DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(&mapping->sgt);
	kfree(mapping);
	mem_unhold(buffer->scanout.mem);
}

static int export_begin_cpu_access(struct dma_buf *dmabuf,
				   enum dma_data_direction dir)
{
	struct plane_buffer *buffer = dmabuf->priv;
	struct buffer_mapping *mapping;

	/* A caller that only writes does not need what devices have written */
	if (dir == DMA_TO_DEVICE)
		return 0;
	if (mutex_lock_killable(&buffer->lock))
		return -EINTR;
	list_for_each_entry(mapping, &buffer->mappings, link)
		dma_sync_sgtable_for_cpu(mapping->dev, &mapping->sgt,
					 mapping->dir);
	mutex_unlock(&buffer->lock);
	return 0;
}

static int export_end_cpu_access(struct dma_buf *dmabuf,
				 enum dma_data_direction dir)
{
	struct plane_buffer *buffer = dmabuf->priv;
	struct buffer_mapping *mapping;

	/*
	 * Devices do not need what a caller has only read. Where bounce buffers are
	 * used, it would even undo what a device writes meanwhile.
	 */
	if (dir == DMA_FROM_DEVICE)
		return 0;
	if (mutex_lock_killable(&buffer->lock))
		return -EINTR;
	list_for_each_entry(mapping, &buffer->mappings, link)
		dma_sync_sgtable_for_device(mapping->dev, &mapping->sgt,
					    mapping->dir);
	mutex_unlock(&buffer->lock);
	return 0;
}

static vm_fault_t export_vma_fault(struct vm_fault *vmf)
{
	struct plane_buffer *buffer = vmf->vma->vm_private_data;

	return mem_fault(buffer->scanout.mem, vmf, buffer->first,
			 buffer->nr_pages);
}

/*
 * To revoke memory takes time for each VMA of its dma-bufs, with locks held that a
 * guest and others wait for. So there is a bound. Where a VMA cannot be refused it
 * must not come up: VM_DONTCOPY has fork() make none, and VM_IO keeps madvise()
 * from clearing that. A move makes one before it drops another, so that there can
 * be one more for each task that moves or splits one just then.
 */
static atomic_t *vma_count(const struct vm_area_struct *vma)
{
	const struct plane_buffer *buffer = vma->vm_private_data;

	return mem_vmas(buffer->scanout.mem, buffer->writable);
}

static void export_vma_open(struct vm_area_struct *vma)
{
	atomic_inc(vma_count(vma));
}

static void export_vma_close(struct vm_area_struct *vma)
{
	atomic_dec(vma_count(vma));
}

static int export_vma_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return atomic_read(vma_count(vma)) < MGR_MAX_MAPPINGS ? 0 : -ENOMEM;
}

/* The VMA holds the dma-buf's file, which holds the buffer. */
static const struct vm_operations_struct export_vm_ops = {
	.open = export_vma_open,
	.close = export_vma_close,
	.may_split = export_vma_may_split,
	.fault = export_vma_fault,
};

static int export_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct plane_buffer *buffer = dmabuf->priv;

	/* Not VM_SHARED: the mm core clears that on a file opened read-only */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (!buffer->writable) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	if (!mem_enter(buffer->scanout.mem))
		return -ENODEV;
	mem_leave(buffer->scanout.mem);
	vma->vm_private_data = buffer;
	if (atomic_inc_return(vma_count(vma)) > MGR_MAX_MAPPINGS) {
		atomic_dec(vma_count(vma));
		return -ENOMEM;
	}
	vma->vm_ops = &export_vm_ops;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP |
			  VM_DONTCOPY);
	/* Cached like every other mapping of these pages, whoever asks */
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	return 0;
}

/*
 * The pages themselves, with an empty one for each that cannot be had, as it would
 * be; or only that.
 */
static void *map_for_kernel(struct plane_buffer *buffer, bool empty)
{
	struct vfio_dmabuf_mem *mem = buffer->scanout.mem;
	struct page **pages;
	void *addr = NULL;
	pgoff_t i;

	/* Nobody pays for either: where that could fail so could this */
	pages = kvmalloc_array(buffer->nr_pages, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return NULL;
	for (i = 0; i < buffer->nr_pages; i++) {
		pages[i] = empty ? NULL : mem_page(mem, buffer->first + i);
		if (!pages[i])
			pages[i] = mem_empty_page(mem, GFP_KERNEL);
		if (!pages[i])
			goto out;
	}
	addr = vmap(pages, buffer->nr_pages, VM_MAP, PAGE_KERNEL);
out:
	kvfree(pages);
	return addr;
}

/*
 * Memory that is revoked, or that a cgroup has no room for, is no error, which a
 * guest and a viewer could then have whenever they like: dma_buf_vmap() would
 * WARN. It does not ask while somebody has the mapping from before, and shares
 * that.
 */
static int export_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct plane_buffer *buffer = dmabuf->priv;
	struct vfio_dmabuf_mem *mem = buffer->scanout.mem;
	void *addr;

	if (mem_enter(mem)) {
		addr = map_for_kernel(buffer, false);
		buffer->vmap_holds = addr;
		if (addr)
			mem_hold_again(mem);
		mem_leave(mem);
	} else {
		addr = map_for_kernel(buffer, true);
		buffer->vmap_holds = false;
	}
	if (!addr)
		return -ENOMEM;
	iosys_map_set_vaddr(map, addr);
	return 0;
}

static void export_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct plane_buffer *buffer = dmabuf->priv;

	vunmap(map->vaddr);
	if (buffer->vmap_holds)
		mem_unhold(buffer->scanout.mem);
}

static void export_release(struct dma_buf *dmabuf)
{
	struct plane_buffer *buffer = dmabuf->priv;
	struct vfio_dmabuf_mgr *mgr = buffer->mgr;

	trace_vfio_dmabuf_mgr_release(buffer);
	if (buffer->counted)
		atomic_dec(&mgr->nr_buffers[buffer->pool]);
	buffer_destroy(buffer);
}

static const struct dma_buf_ops writable_ops = {
	.attach = export_attach,
	.pin = export_pin,
	.unpin = export_unpin,
	.map_dma_buf = export_map_dma_buf,
	.unmap_dma_buf = export_unmap_dma_buf,
	.begin_cpu_access = export_begin_cpu_access,
	.end_cpu_access = export_end_cpu_access,
	.mmap = export_mmap,
	.vmap = export_vmap,
	.vunmap = export_vunmap,
	.release = export_release,
};

/*
 * Who asks for the kernel's own mapping does not say whether it will write, and
 * some that do, such as cameras, do not look at the file's mode: a read-only
 * mapping would crash them, a writable one would let them draw. So there is none,
 * and not one that fails either, for dma_buf_vmap() would WARN.
 */
static const struct dma_buf_ops readonly_ops = {
	.attach = export_attach,
	.pin = export_pin,
	.unpin = export_unpin,
	.map_dma_buf = export_map_dma_buf,
	.unmap_dma_buf = export_unmap_dma_buf,
	.begin_cpu_access = export_begin_cpu_access,
	.end_cpu_access = export_end_cpu_access,
	.mmap = export_mmap,
	.release = export_release,
};

/* Is it one of export_buffer()'s, and ->priv a buffer? */
bool export_is_own(const struct dma_buf *dmabuf)
{
	return dmabuf->ops == &writable_ops || dmabuf->ops == &readonly_ops;
}

/*
 * Make the dma-buf of a buffer, whose owner it then is: only dma_buf_put()
 * frees from here on.
 */
struct dma_buf *export_buffer(struct plane_buffer *buffer)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.ops = buffer->writable ? &writable_ops : &readonly_ops;
	info.size = (size_t)buffer->nr_pages << PAGE_SHIFT;
	info.flags = (buffer->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC;
	info.priv = buffer;
	return dma_buf_export(&info);
}
