// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of pages that a driver has already: its own, of which references are
 * taken, or a user's, which are pinned.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vfio_dmabuf_mgr.h>

#include "mem.h"
#include "mgr.h"
#include "planefd_compat.h"

/**
 * vfio_dmabuf_mem_reserve - room for pages that a driver is about to have
 * @nr_pages: how many
 *
 * All that holding so many takes is allocated here, so that adding them
 * allocates nothing: a driver that pins pages may have to let go of them at once.
 *
 * Context: process context, may sleep.
 * Return: memory without a page in it, which nobody is to see before all have
 * been added, one reference of it the caller's; or an ERR_PTR: -EINVAL where
 * @nr_pages is 0 or more than a dma-buf can be, -ENOMEM.
 */
struct vfio_dmabuf_mem *vfio_dmabuf_mem_reserve(unsigned long nr_pages)
{
	struct vfio_dmabuf_mem *mem;
	pgoff_t i;

	if (!nr_pages || nr_pages > (U32_MAX >> PAGE_SHIFT))
		return ERR_PTR(-EINVAL);
	mem = mem_alloc(nr_pages);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < mem_nr_chunks(nr_pages); i++) {
		mem->chunks[i] = kzalloc(sizeof(*mem->chunks[i]),
					 VFIO_DMABUF_GFP);
		if (!mem->chunks[i]) {
			vfio_dmabuf_mem_put(mem);
			return ERR_PTR(-ENOMEM);
		}
	}
	return mem;
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_reserve);

static void mem_add_pages(struct vfio_dmabuf_mem *mem, struct page **pages,
			  unsigned long nr_pages)
{
	pgoff_t index;

	while (nr_pages--) {
		index = mem->nr_added++;
		if (mem->pinned)
			planefd_pin_page_again(*pages);
		else
			get_page(*pages);
		mem->chunks[index / CHUNK_PAGES]->pages[index % CHUNK_PAGES] =
			*pages++;
	}
}

/**
 * vfio_dmabuf_mem_add_pages - put the next pages into reserved memory
 * @mem: the memory, of vfio_dmabuf_mem_reserve()
 * @pages: the pages, in order; a reference is taken of each. The array stays
 *	the caller's
 * @nr_pages: how many, with all before no more than were reserved
 *
 * Context: any, by one caller at a time.
 */
void vfio_dmabuf_mem_add_pages(struct vfio_dmabuf_mem *mem,
			       struct page **pages, unsigned long nr_pages)
{
	if (WARN_ON_ONCE(nr_pages > mem->nr_pages - mem->nr_added ||
			 mem->pinned))
		return;
	mem_add_pages(mem, pages, nr_pages);
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_add_pages);

/**
 * vfio_dmabuf_mem_pin_pages - the same with a user's pages
 * @mem: the memory, of vfio_dmabuf_mem_reserve(); all its pages come this way
 * @pages: the pages, in order, each of them pinned by the caller, as by
 *	vfio_pin_pages(). The array stays the caller's
 * @nr_pages: how many, with all before no more than were reserved
 *
 * Each page is pinned once more. So the caller may unpin it at once, and still
 * it stays the page of the process that has it mapped, across fork, swap and
 * migration, until the memory is freed or revoked; then it is marked dirty. The
 * caller accounts for the pages.
 *
 * Context: any, by one caller at a time.
 */
void vfio_dmabuf_mem_pin_pages(struct vfio_dmabuf_mem *mem,
			       struct page **pages, unsigned long nr_pages)
{
	if (WARN_ON_ONCE(nr_pages > mem->nr_pages - mem->nr_added ||
			 (mem->nr_added && !mem->pinned)))
		return;
	mem->pinned = true;
	mem_add_pages(mem, pages, nr_pages);
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_pin_pages);

/**
 * vfio_dmabuf_mem_from_pages - memory that a driver has already
 * @pages: the pages, in order; a reference is taken of each. The array stays
 *	the caller's
 * @nr_pages: how many
 *
 * Writes through a dma-buf mark none of them dirty. Of pages that can be written
 * back or swapped out the caller keeps a pin, and marks them as it gives that up.
 *
 * Context: process context, may sleep.
 * Return: the memory, one reference of it the caller's, or an ERR_PTR:
 * -EINVAL where @nr_pages is 0 or more than a dma-buf can be, -ENOMEM.
 */
struct vfio_dmabuf_mem *vfio_dmabuf_mem_from_pages(struct page **pages,
						   unsigned long nr_pages)
{
	struct vfio_dmabuf_mem *mem = vfio_dmabuf_mem_reserve(nr_pages);

	if (!IS_ERR(mem))
		vfio_dmabuf_mem_add_pages(mem, pages, nr_pages);
	return mem;
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_from_pages);
