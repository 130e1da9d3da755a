// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping such memory into user space: a device's BAR, and the fault handler
 * that dma-bufs share.
 *
 * The first touch of a chunk maps all of it that the VMA covers. Pages are
 * mapped as PFNs: whoever maps them holds the memory through the file or the
 * VMA, and nobody gets hold of a struct page by way of a mapping.
 */
#include <linux/mm.h>
#include <linux/vfio_dmabuf_mgr.h>

#include "mgr.h"
#include "planefd_compat.h"

/* What one fault maps at the most: one page table's worth */
#define FAULT_AROUND	(PMD_SIZE >> PAGE_SHIFT)

struct map_range {
	struct vfio_dmabuf_mem *mem;
	struct vm_area_struct *vma;
	unsigned long addr;	/* user address of page index */
	pgoff_t index;
};

/* Called under the page table's lock for each entry of the range. */
static int map_pte(pte_t *pte, unsigned long addr, void *data)
{
	struct map_range *range = data;
	pgoff_t index = range->index + ((addr - range->addr) >> PAGE_SHIFT);
	struct page *page;

	/* Another thread's fault got here first */
	if (!pte_none(ptep_get(pte)))
		return 0;
	page = mem_page_present(range->mem, index);
	if (!page)
		return 0;
	set_pte_at(range->vma->vm_mm, addr, pte,
		   pte_mkspecial(pfn_pte(page_to_pfn(page),
					 range->vma->vm_page_prot)));
	return 0;
}

/* Map page vmf->pgoff and what surrounds it, of memory not being revoked. */
static vm_fault_t fault_around(struct vfio_dmabuf_mem *mem,
			       struct vm_fault *vmf, pgoff_t first,
			       pgoff_t nr_pages)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = ALIGN_DOWN(vmf->address, PAGE_SIZE);
	unsigned long start, end, before;
	struct map_range range = { .mem = mem, .vma = vma };

	/*
	 * The charge is the opener's, so no OOM in the name of the toucher:
	 * VM_FAULT_OOM would only have it fault again, for ever.
	 */
	if (!mem_page(mem, first + vmf->pgoff))
		return VM_FAULT_SIGBUS;

	/* One page table, cut to the VMA and to the object */
	start = max(ALIGN_DOWN(addr, FAULT_AROUND << PAGE_SHIFT),
		    vma->vm_start);
	before = min((addr - start) >> PAGE_SHIFT, vmf->pgoff);
	start = addr - (before << PAGE_SHIFT);
	end = min(ALIGN_DOWN(addr, FAULT_AROUND << PAGE_SHIFT) +
		  (FAULT_AROUND << PAGE_SHIFT), vma->vm_end);
	end = min(end, addr + ((nr_pages - vmf->pgoff) << PAGE_SHIFT));

	range.addr = start;
	range.index = first + vmf->pgoff - before;
	if (apply_to_page_range(vma->vm_mm, start, end - start, map_pte,
				&range))
		return VM_FAULT_OOM;
	return VM_FAULT_NOPAGE;
}

static vm_fault_t fault_blank(struct vfio_dmabuf_mem *mem,
			      struct vm_fault *vmf)
{
	struct page *page = mem_blank(mem);

	if (!page)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(page));
}

/*
 * Fault in page vmf->pgoff of an object that is pages @first to @first +
 * @nr_pages of @mem. vmf->pgoff counts from the object's start; after a split it
 * still does, which the address does not.
 */
vm_fault_t mem_fault(struct vfio_dmabuf_mem *mem, struct vm_fault *vmf,
		     pgoff_t first, pgoff_t nr_pages)
{
	vm_fault_t ret;

	if (vmf->pgoff >= nr_pages)
		return VM_FAULT_SIGBUS;
	if (!mem_enter(mem))
		return fault_blank(mem, vmf);
	ret = fault_around(mem, vmf, first, nr_pages);
	mem_leave(mem);
	return ret;
}

/* A revoke does not find this mapping: it keeps the pages. */
static void mem_vma_open(struct vm_area_struct *vma)
{
	mem_hold_again(vfio_dmabuf_mem_get(vma->vm_private_data));
}

static void mem_vma_close(struct vm_area_struct *vma)
{
	struct vfio_dmabuf_mem *mem = vma->vm_private_data;

	mem_unhold(mem);
	vfio_dmabuf_mem_put(mem);
}

static vm_fault_t mem_vma_fault(struct vm_fault *vmf)
{
	struct vfio_dmabuf_mem *mem = vmf->vma->vm_private_data;

	return mem_fault(mem, vmf, 0, vfio_dmabuf_mem_size(mem) >> PAGE_SHIFT);
}

static const struct vm_operations_struct mem_vm_ops = {
	.open = mem_vma_open,
	.close = mem_vma_close,
	.fault = mem_vma_fault,
};

/**
 * vfio_dmabuf_mem_mmap - map it, for a driver's mmap of a BAR
 * @mem: the memory; the mapping holds a reference
 * @vma: the VMA, shared
 * @pgoff: page of @mem at which it begins
 *
 * Context: an mmap operation, mmap lock held for writing.
 * Return: 0, -EINVAL where the VMA is private or reaches beyond the end, or
 * -ENODEV where @mem is revoked.
 */
int vfio_dmabuf_mem_mmap(struct vfio_dmabuf_mem *mem,
			 struct vm_area_struct *vma, unsigned long pgoff)
{
	pgoff_t nr_pages = vfio_dmabuf_mem_size(mem) >> PAGE_SHIFT;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (pgoff > nr_pages || vma_pages(vma) > nr_pages - pgoff)
		return -EINVAL;
	if (!mem_hold(mem))
		return -ENODEV;

	vma->vm_pgoff = pgoff;
	vma->vm_private_data = vfio_dmabuf_mem_get(mem);
	vma->vm_ops = &mem_vm_ops;
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_mmap);
