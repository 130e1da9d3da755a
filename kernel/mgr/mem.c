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
#include <linux/workqueue.h>
#include <linux/vfio_dmabuf_mgr.h>

#include "mem.h"
#include "mgr.h"
#include "planefd_compat.h"

static struct workqueue_struct *free_queue;

int __init mem_free_init(void)
{
	free_queue = alloc_workqueue("vfio_dmabuf_mem", WQ_UNBOUND, 0);
	return free_queue ? 0 : -ENOMEM;
}

/* Waits for pinned pages that are being freed. */
void mem_free_exit(void)
{
	destroy_workqueue(free_queue);
}

static void mem_free_work(struct work_struct *work);

/* Memory without a page in it, or NULL. */
struct vfio_dmabuf_mem *mem_alloc(pgoff_t nr_pages)
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
	INIT_WORK(&mem->free_work, mem_free_work);
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
	/* Writes through a mapping have marked none of them dirty */
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

	/* As in mem_unhold(), where nobody has revoked it */
	if (mem->pinned && mem->chunks[0]) {
		kref_init(&mem->ref);
		queue_work(free_queue, &mem->free_work);
		return;
	}
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

/*
 * With the last hold the pages go. Pinned ones go from a work item: to mark a page
 * dirty takes its lock, which a file system may hold for long, and callers hold
 * locks of ours and of importers.
 */
void mem_unhold(struct vfio_dmabuf_mem *mem)
{
	if (!refcount_dec_and_test(&mem->users))
		return;
	if (!mem->pinned) {
		mem_free_pages(mem);
		return;
	}
	vfio_dmabuf_mem_get(mem);
	queue_work(free_queue, &mem->free_work);
}

static void mem_free_work(struct work_struct *work)
{
	struct vfio_dmabuf_mem *mem =
		container_of(work, struct vfio_dmabuf_mem, free_work);

	mem_free_pages(mem);
	vfio_dmabuf_mem_put(mem);
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
