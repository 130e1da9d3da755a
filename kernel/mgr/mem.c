// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that planes are shown from: a counted run of pages, in chunks.
 *
 * A device's own memory (VRAM) is allocated chunk by chunk at the first touch,
 * zeroed, in blocks as large as can be had, and charged to whoever created it,
 * whoever touches it. Pages of a vendor's are taken as they are. Either way a
 * page, once there, stays where it is as long as anybody may use it, which is
 * until the last reference goes, or, once the memory is revoked, the last hold.
 * So a lookup of a chunk that exists takes no lock.
 *
 * It belongs to this module, not to the device: dma-bufs and mappings outlive
 * the device and its driver.
 */
#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/kref.h>
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vfio_dmabuf_mgr.h>

#include "mgr.h"
#include "planefd_compat.h"

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
	struct page *blank;		/* that page: set once, by who needs it */
	struct mutex lock;		/* serialises filling chunks[] */
	/*
	 * Each set once, under lock or before anybody sees it, and gone when
	 * there are no users; read with smp_load_acquire()
	 */
	struct mem_chunk *chunks[];
};

static pgoff_t mem_nr_chunks(pgoff_t nr_pages)
{
	return DIV_ROUND_UP(nr_pages, CHUNK_PAGES);
}

static struct vfio_dmabuf_mem *mem_alloc(pgoff_t nr_pages)
{
	struct vfio_dmabuf_mem *mem;

	mem = kvzalloc(struct_size(mem, chunks, mem_nr_chunks(nr_pages)),
		       VFIO_DMABUF_GFP);
	if (!mem)
		return NULL;
	kref_init(&mem->ref);
	refcount_set(&mem->users, 1);
	init_rwsem(&mem->revoke_lock);
	mutex_init(&mem->lock);
	mem->nr_pages = nr_pages;
	return mem;
}

static void mem_destroy(struct vfio_dmabuf_mem *mem)
{
	mutex_destroy(&mem->lock);
	kvfree(mem);
}

static void chunk_free(struct mem_chunk *chunk, bool pinned)
{
	unsigned long nr = 0;

	if (!chunk)
		return;
	while (nr < CHUNK_PAGES && chunk->pages[nr])
		nr++;
	/* Who may write to them by a mapping has marked none of them dirty */
	if (pinned)
		unpin_user_pages_dirty_lock(chunk->pages, nr, true);
	else
		while (nr)
			put_page(chunk->pages[--nr]);
	kfree(chunk);
}

/* Nobody can get at a page any more. */
static void mem_free_pages(struct vfio_dmabuf_mem *mem)
{
	pgoff_t i;

	for (i = 0; i < mem_nr_chunks(mem->nr_pages); i++) {
		chunk_free(mem->chunks[i], mem->pinned);
		mem->chunks[i] = NULL;
		cond_resched();
	}
}

static void mem_free(struct kref *ref)
{
	struct vfio_dmabuf_mem *mem =
		container_of(ref, struct vfio_dmabuf_mem, ref);

	mem_free_pages(mem);
	if (mem->blank)
		put_page(mem->blank);
	mem_cgroup_put(mem->memcg);
	if (mem->quota)
		quota_return(mem->quota, vfio_dmabuf_mem_size(mem), mem->kept);
	mem_destroy(mem);
}

/**
 * vfio_dmabuf_mem_create - memory of a device's own
 * @size: bytes; rounded up to whole pages
 * @quota: what it counts against until it is freed, or NULL
 *
 * All zero. Pages come in chunks of 2 MiB as they are first touched, and are
 * charged to the memory cgroup of the caller, whoever touches them. Where that
 * has no more to give, or the machine has not, whoever touches gets an error;
 * nobody is killed for it.
 *
 * Context: process context, may sleep.
 * Return: the memory, one reference of it the caller's, or an ERR_PTR:
 * -EINVAL where @size is 0 or more than a dma-buf can be, -ENOSPC where the
 * quota has less left, -ENOMEM.
 */
struct vfio_dmabuf_mem *vfio_dmabuf_mem_create(u64 size,
					       struct vfio_dmabuf_quota *quota)
{
	struct vfio_dmabuf_mem *mem;

	if (!size || size > U32_MAX - PAGE_SIZE)
		return ERR_PTR(-EINVAL);
	mem = mem_alloc(PAGE_ALIGN(size) >> PAGE_SHIFT);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	if (quota && !quota_take(quota, vfio_dmabuf_mem_size(mem))) {
		mem_destroy(mem);
		return ERR_PTR(-ENOSPC);
	}
	mem->quota = quota;
	mem->memcg = get_mem_cgroup_from_mm(current->mm);
	return mem;
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_create);

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
 * Who writes to them by way of a dma-buf marks none of them dirty: of pages that
 * can be written back or swapped out the caller keeps a pin, and marks them as it
 * gives that up.
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

/**
 * vfio_dmabuf_mem_get - take a reference
 * @mem: the memory
 *
 * Context: any.
 * Return: @mem.
 */
struct vfio_dmabuf_mem *vfio_dmabuf_mem_get(struct vfio_dmabuf_mem *mem)
{
	kref_get(&mem->ref);
	return mem;
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_get);

/**
 * vfio_dmabuf_mem_put - drop a reference
 * @mem: the memory; freed with the last reference
 *
 * Context: process context, may sleep.
 */
void vfio_dmabuf_mem_put(struct vfio_dmabuf_mem *mem)
{
	kref_put(&mem->ref, mem_free);
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_put);

/**
 * vfio_dmabuf_mem_size - how large it is
 * @mem: the memory
 *
 * Context: any.
 * Return: bytes, whole pages.
 */
u64 vfio_dmabuf_mem_size(const struct vfio_dmabuf_mem *mem)
{
	return (u64)mem->nr_pages << PAGE_SHIFT;
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_size);

/* Zeroed pages in blocks as large as can be had, each page then on its own. */
static struct mem_chunk *chunk_create(unsigned long nr_pages)
{
	unsigned int order = CHUNK_ORDER;
	struct mem_chunk *chunk;
	struct page *block;
	unsigned long i, j;
	gfp_t gfp;

	chunk = kzalloc(sizeof(*chunk), VFIO_DMABUF_GFP);
	if (!chunk)
		return NULL;

	for (i = 0; i < nr_pages; i += 1UL << order) {
		order = min_t(unsigned int, order, ilog2(nr_pages - i));
		for (;;) {
			gfp = GFP_HIGHUSER | __GFP_ZERO | __GFP_ACCOUNT |
			      __GFP_NOWARN;
			gfp |= order ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL;
			block = alloc_pages(gfp, order);
			if (block)
				break;
			if (!order--) {
				chunk_free(chunk, false);
				return NULL;
			}
		}
		split_page(block, order);
		for (j = 0; j < 1UL << order; j++)
			chunk->pages[i + j] = block + j;
	}
	return chunk;
}

static struct mem_chunk *mem_fill_chunk(struct vfio_dmabuf_mem *mem,
					pgoff_t nr)
{
	unsigned long nr_pages = min_t(pgoff_t, CHUNK_PAGES,
				       mem->nr_pages - nr * CHUNK_PAGES);
	struct mem_chunk *chunk;
	struct mem_cgroup *old;

	/* The holder may be at reclaim in a cgroup that is not the caller's */
	if (mutex_lock_killable(&mem->lock))
		return NULL;
	chunk = mem->chunks[nr];
	if (!chunk) {
		old = set_active_memcg(mem->memcg);
		chunk = chunk_create(nr_pages);
		set_active_memcg(old);
		if (chunk) {
			/* Pairs with the acquire in mem_chunk_present() */
			smp_store_release(&mem->chunks[nr], chunk);
		}
	}
	mutex_unlock(&mem->lock);
	return chunk;
}

static struct mem_chunk *mem_chunk_present(struct vfio_dmabuf_mem *mem,
					   pgoff_t nr)
{
	/* Pairs with smp_store_release() in mem_fill_chunk() */
	return smp_load_acquire(&mem->chunks[nr]);
}

static struct mem_chunk *mem_chunk(struct vfio_dmabuf_mem *mem, pgoff_t nr)
{
	return mem_chunk_present(mem, nr) ?: mem_fill_chunk(mem, nr);
}

/* The page at @index, allocated if need be; NULL without memory, or killed. */
struct page *mem_page(struct vfio_dmabuf_mem *mem, pgoff_t index)
{
	struct mem_chunk *chunk = mem_chunk(mem, index / CHUNK_PAGES);

	return chunk ? chunk->pages[index % CHUNK_PAGES] : NULL;
}

/* The page at @index if it is there; takes no lock and never sleeps. */
struct page *mem_page_present(struct vfio_dmabuf_mem *mem, pgoff_t index)
{
	struct mem_chunk *chunk = mem_chunk_present(mem, index / CHUNK_PAGES);

	return chunk ? chunk->pages[index % CHUNK_PAGES] : NULL;
}

/**
 * vfio_dmabuf_mem_page - one of its pages
 * @mem: the memory
 * @index: which, below its size
 *
 * Context: process context, may sleep.
 * Return: the page, allocated if need be, which the memory keeps until it is
 * revoked; NULL where there is no memory to be had.
 */
struct page *vfio_dmabuf_mem_page(struct vfio_dmabuf_mem *mem,
				  unsigned long index)
{
	return mem_page(mem, index);
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_page);

/* The device is about to give it up, and viewers have it. */
void mem_keep(struct vfio_dmabuf_mem *mem)
{
	if (mem->quota && !mem->kept) {
		mem->kept = true;
		quota_keep(mem->quota, vfio_dmabuf_mem_size(mem));
	}
}

/* Is there room for viewers to keep it? */
bool mem_may_be_kept(const struct vfio_dmabuf_mem *mem)
{
	return !mem->quota || !quota_is_kept(mem->quota);
}

/* How many VMAs there are of its dma-bufs with that access; for export.c. */
atomic_t *mem_vmas(struct vfio_dmabuf_mem *mem, bool writable)
{
	return &mem->nr_vmas[writable];
}

/*
 * Whoever maps pages does so between these two, so that a revoke finds the
 * mapping. False once the memory is revoked, and then there is no leaving.
 */
bool mem_enter(struct vfio_dmabuf_mem *mem)
{
	down_read(&mem->revoke_lock);
	if (!mem->revoked)
		return true;
	up_read(&mem->revoke_lock);
	return false;
}

void mem_leave(struct vfio_dmabuf_mem *mem)
{
	up_read(&mem->revoke_lock);
}

/*
 * Who uses pages otherwise than through a dma-buf's mapping, which a revoke takes
 * away, has them until mem_unhold(). False where they may be gone.
 */
bool mem_hold(struct vfio_dmabuf_mem *mem)
{
	return refcount_inc_not_zero(&mem->users);
}

/* For who has them for sure: by another hold, or since mem_enter() */
void mem_hold_again(struct vfio_dmabuf_mem *mem)
{
	refcount_inc(&mem->users);
}

void mem_unhold(struct vfio_dmabuf_mem *mem)
{
	if (refcount_dec_and_test(&mem->users))
		mem_free_pages(mem);
}

/*
 * Nobody maps it any more; what is mapped is the caller's to take away, and then
 * to mem_unhold() it: the pages go when nobody has any. With @blank, who touches
 * what was mapped gets an empty page instead. False if it was revoked before.
 */
bool mem_revoke(struct vfio_dmabuf_mem *mem, bool blank)
{
	bool first;

	down_write(&mem->revoke_lock);
	first = !mem->revoked;
	if (first)
		mem->blanked = blank;
	mem->revoked = true;
	up_write(&mem->revoke_lock);
	return first;
}

/*
 * What stands in for all pages of revoked memory, or NULL: there is no memory.
 * It is allocated by the first who needs it, by @gfp: most memory that is revoked
 * nobody has mapped.
 */
struct page *mem_empty_page(struct vfio_dmabuf_mem *mem, gfp_t gfp)
{
	/* Pairs with the cmpxchg() below: it is zeroed before it is there */
	struct page *page = smp_load_acquire(&mem->blank);

	if (page)
		return page;
	page = alloc_page(gfp | __GFP_ZERO);
	if (page && cmpxchg(&mem->blank, NULL, page))
		put_page(page);
	return READ_ONCE(mem->blank);
}

/* The same for who has mapped it, or NULL where nothing stands in. */
struct page *mem_blank(struct vfio_dmabuf_mem *mem)
{
	/* Constant since mem_enter() has failed under the lock */
	return mem->blanked ? mem_empty_page(mem, VFIO_DMABUF_GFP) : NULL;
}
