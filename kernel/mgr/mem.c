// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that planes are shown from: a counted run of pages, in chunks.
 *
 * A device's own memory (VRAM) is allocated chunk by chunk at the first touch,
 * zeroed, in blocks as large as can be had, and charged to whoever created it,
 * whoever touches it. Pages of a vendor's are taken as they are. Either way a
 * page, once there, stays where it is until the last reference goes, so a
 * lookup of a chunk that exists takes no lock.
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
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
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
	struct vfio_dmabuf_quota *quota;	/* a reference; may be NULL */
	struct mem_cgroup *memcg;	/* charged for chunks; may be NULL */
	struct mutex lock;		/* serialises filling chunks[] */
	/* Set once, under lock; read with smp_load_acquire() */
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
		       GFP_KERNEL_ACCOUNT);
	if (!mem)
		return NULL;
	kref_init(&mem->ref);
	mutex_init(&mem->lock);
	mem->nr_pages = nr_pages;
	return mem;
}

static void chunk_free(struct mem_chunk *chunk)
{
	unsigned long i;

	if (!chunk)
		return;
	for (i = 0; i < CHUNK_PAGES && chunk->pages[i]; i++)
		put_page(chunk->pages[i]);
	kfree(chunk);
}

static void mem_free(struct kref *ref)
{
	struct vfio_dmabuf_mem *mem =
		container_of(ref, struct vfio_dmabuf_mem, ref);
	pgoff_t i;

	for (i = 0; i < mem_nr_chunks(mem->nr_pages); i++) {
		chunk_free(mem->chunks[i]);
		cond_resched();
	}
	mem_cgroup_put(mem->memcg);
	if (mem->quota)
		quota_return(mem->quota, vfio_dmabuf_mem_size(mem));
	kvfree(mem);
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
		kvfree(mem);
		return ERR_PTR(-ENOSPC);
	}
	mem->quota = quota;
	mem->memcg = get_mem_cgroup_from_mm(current->mm);
	return mem;
}
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_create);

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
	struct vfio_dmabuf_mem *mem;
	struct mem_chunk *chunk;
	unsigned long i;

	if (!nr_pages || nr_pages > (U32_MAX >> PAGE_SHIFT))
		return ERR_PTR(-EINVAL);
	mem = mem_alloc(nr_pages);
	if (!mem)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < nr_pages; i++) {
		if (!(i % CHUNK_PAGES)) {
			chunk = kzalloc(sizeof(*chunk), GFP_KERNEL_ACCOUNT);
			if (!chunk)
				goto err_put;
			mem->chunks[i / CHUNK_PAGES] = chunk;
		}
		get_page(pages[i]);
		chunk->pages[i % CHUNK_PAGES] = pages[i];
	}
	return mem;

err_put:
	vfio_dmabuf_mem_put(mem);
	return ERR_PTR(-ENOMEM);
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

	/*
	 * A viewer may touch what is charged to the VMM: fail rather than have
	 * the OOM killer look for a victim, here and below.
	 */
	chunk = kzalloc(sizeof(*chunk), GFP_KERNEL_ACCOUNT |
			__GFP_RETRY_MAYFAIL | __GFP_NOWARN);
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
				chunk_free(chunk);
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
 * end, -EFAULT, -EINTR.
 */
ssize_t vfio_dmabuf_mem_read(struct vfio_dmabuf_mem *mem, u64 pos,
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
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_read);

/**
 * vfio_dmabuf_mem_write - copy in from user space
 * @mem: the memory
 * @pos: byte to begin at
 * @buf: where from
 * @count: bytes; what lies beyond the end is not written
 *
 * Context: process context, may sleep and fault.
 * Return: bytes written, or if there are none -EINVAL where @pos is beyond the
 * end, -EFAULT, -EINTR, -ENOMEM where there is no memory, or no time to wait for
 * it as the caller is killed.
 */
ssize_t vfio_dmabuf_mem_write(struct vfio_dmabuf_mem *mem, u64 pos,
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
EXPORT_SYMBOL_GPL(vfio_dmabuf_mem_write);
