/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What struct vfio_dmabuf_mem is made of, for the files that make it: mem.c and
 * pages.c. All others use it by the functions of mgr.h.
 */
#ifndef _VFIO_DMABUF_MEM_PRIVATE_H
#define _VFIO_DMABUF_MEM_PRIVATE_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/kref.h>
#include <linux/math.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct mem_cgroup;
struct page;
struct vfio_dmabuf_quota;

/* 2 MiB, what one page table of 4 KiB pages maps */
#define CHUNK_ORDER	9
#define CHUNK_PAGES	BIT(CHUNK_ORDER)

struct mem_chunk {
	struct page *pages[CHUNK_PAGES];
};

struct vfio_dmabuf_mem {
	struct kref ref;
	pgoff_t nr_pages;
	pgoff_t nr_added;		/* of a driver's own pages */
	struct vfio_dmabuf_quota *quota;	/* a reference; may be NULL */
	bool kept;			/* by viewers alone: its manager's lock */
	struct mem_cgroup *memcg;	/* charged for chunks; may be NULL */
	refcount_t users;	/* of the pages: mappings, and until it is revoked */
	atomic_t nr_vmas[2];	/* of dma-bufs, by whether they are writable */
	struct rw_semaphore revoke_lock;
	bool revoked;			/* revoke_lock; never unset */
	bool blanked;			/* revoke_lock; a page stands in for all */
	bool pinned;			/* pages have a pin each, not a reference */
	struct work_struct free_work;	/* frees pinned pages */
	struct page *blank;		/* that page: set once, by who needs it */
	struct mutex lock;		/* serialises filling chunks[] */
	/*
	 * Each set once, under lock or before anybody sees it, and gone when
	 * there are no users; read with smp_load_acquire()
	 */
	struct mem_chunk *chunks[];
};

static inline pgoff_t mem_nr_chunks(pgoff_t nr_pages)
{
	return DIV_ROUND_UP(nr_pages, CHUNK_PAGES);
}

/* mem.c */
struct vfio_dmabuf_mem *mem_alloc(pgoff_t nr_pages);

#endif /* _VFIO_DMABUF_MEM_PRIVATE_H */
