// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dma-buf of the vendor's own, the least that will do: one run of pages, each
 * byte of them 0x5a, that can be mapped by the CPU.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "display.h"
#include "planefd_compat.h"

static struct sg_table *own_map(struct dma_buf_attachment *attachment,
				enum dma_data_direction dir)
{
	/* No test imports it */
	return ERR_PTR(-EOPNOTSUPP);
}

static void own_unmap(struct dma_buf_attachment *attachment,
		      struct sg_table *sgt, enum dma_data_direction dir)
{
}

static int own_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	/* As export_mmap() does for the manager's own */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (!(dmabuf->file->f_mode & FMODE_WRITE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return remap_pfn_range(vma, vma->vm_start,
			       page_to_pfn(virt_to_page(dmabuf->priv)) +
			       vma->vm_pgoff,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static void own_release(struct dma_buf *dmabuf)
{
	free_pages_exact(dmabuf->priv, dmabuf->size);
}

static const struct dma_buf_ops own_ops = {
	.map_dma_buf = own_map,
	.unmap_dma_buf = own_unmap,
	.mmap = own_mmap,
	.release = own_release,
};

struct dma_buf *test_dmabuf_create(u64 size, int flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	void *pages;

	/* Much at once: where there is none, that is an answer like any other */
	pages = alloc_pages_exact(size, GFP_KERNEL | __GFP_NOWARN);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	memset(pages, 0x5a, size);
	info.ops = &own_ops;
	info.size = size;
	info.flags = flags | O_CLOEXEC;
	info.priv = pages;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		free_pages_exact(pages, size);
	return dmabuf;
}
