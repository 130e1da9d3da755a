/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The manager's objects, private to vfio_dmabuf_mgr.ko.
 *
 *   struct vfio_dmabuf_mgr	one for each opening of a device (mgr.c)
 *   struct mgr_file		a manager fd's file (file.c, ioctl.c)
 *   struct scanout		which pages, in which geometry (scanout.c)
 *   struct plane_buffer	a scanout that is a dma-buf (buffer.c, export.c)
 *   struct exported		a dma-buf that is given out again (buffer.c, put.c)
 *   struct vfio_dmabuf_mem	the pages themselves (mem.c)
 *
 * Who keeps whom alive: the device and each manager file hold the manager; a
 * dma-buf holds its plane_buffer, which holds the pages and the manager. The
 * manager holds the dma-bufs that it may give out again, until it is revoked,
 * and put.c those that others still have then. Once it is revoked the manager does
 * not hold the driver either: mgr->ops is NULL.
 *
 * Lock order: mgr->lock, the driver's own lock, mgr->event_lock. Apart from
 * those, and with none of them inside: mem->revoke_lock below the reservation
 * lock, the mmap lock and mgr->lock; below it buffer->lock and mem->lock, of
 * which neither is taken with the other held.
 */
#ifndef _VFIO_DMABUF_MGR_PRIVATE_H
#define _VFIO_DMABUF_MGR_PRIVATE_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/vfio_dmabuf_mgr.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define MGR_MAX_HEADS	16
/* Planes of one type on one head */
#define MGR_MAX_PLANES	8
/* Manager files of one opening of a device */
#define MGR_MAX_FILES	256
/* Live dma-bufs of one opening in each pool */
#define MGR_MAX_BUFFERS	256
/* Mappings into user space of the dma-bufs of one memory with the same access */
#define MGR_MAX_MAPPINGS	1024
/* How many dma-bufs are kept that nobody but the manager has */
#define MGR_MAX_UNUSED	8
/* How many past changes of a plane are known one by one */
#define MGR_CHANGES	16
/* How many scanouts keep their id without being a dma-buf, beyond one a plane */
#define MGR_RECENT	16

#define MGR_RIGHTS	(VFIO_DMABUF_MGR_RIGHT_WRITABLE | \
			 VFIO_DMABUF_MGR_RIGHT_MODE)

struct dma_buf;
struct file;
struct vm_fault;

/*
 * Which live dma-bufs are counted together: who may only look cannot use up what
 * others need to write, and no viewer what a VMM needs
 */
enum buffer_pool {
	POOL_READ_ONLY,
	POOL_WRITABLE,	/* that a viewer has been given */
	POOL_DEVICE,	/* writable, given to who holds the device alone */
	POOL_NUM,
};

/* A scanout's identity; two of them with the same id are equal in all else. */
struct scanout {
	struct vfio_dmabuf_mem *mem;	/* or NULL, and then backing */
	u64 backing;
	u64 offset;
	u64 modifier;
	u32 format;
	u32 width;
	u32 height;
	u32 stride;
	u64 id;
};

struct recent_scanout {
	struct scanout scanout;	/* .mem is a reference; .id is 0 where unused */
	u64 used;		/* mgr->clock when it was last seen */
};

/* A dma-buf that is given out again to a caller that asks for the same, or an orphan */
struct exported {
	struct list_head link;	/* mgr->exported, or put.c's orphans */
	struct scanout scanout;	/* .mem is kept by the dma-buf */
	bool writable;
	enum buffer_pool pool;
	struct dma_buf *dmabuf;	/* a reference */
	struct work_struct work;	/* what is to be done about it; see put.c */
	bool held;		/* the work has a hold on .mem */
};

struct plane_change {
	struct vfio_dmabuf_rect damage;
	u64 time_ns;
};

/* What is known of one plane */
struct plane_state {
	atomic64_t sequence;		/* written under mgr->event_lock */
	/* The last of them, each at its sequence: mgr->event_lock */
	struct plane_change changes[MGR_CHANGES];
};

struct vfio_dmabuf_mgr {
	struct kref ref;
	char device[sizeof_field(struct vfio_dmabuf_mgr_info, device)];
	u32 heads;
	u32 planes[3];		/* on every head, by type */
	u32 caps;
	u32 rights;		/* that a new file has */
	unsigned int per_head;	/* planes on every head */
	unsigned int nr_planes;	/* in all, entries of state[] */
	atomic_t nr_files;
	atomic64_t copied;	/* bytes, by the driver */
	/* Live ones, but see .counted: more under the lock, fewer by any release */
	atomic_t nr_buffers[POOL_NUM];

	struct mutex lock;	/* guards all from here to event_lock */
	const struct vfio_dmabuf_mgr_ops *ops;	/* NULL once revoked */
	void *priv;
	struct list_head exported;	/* of struct exported, newest first */
	u64 last_id;
	u64 clock;
	unsigned int nr_recent;
	struct recent_scanout *recent;	/* filled from the start */

	spinlock_t event_lock;	/* guards what says so in state[] and files */
	bool revoked;		/* written under event_lock; never unset */
	wait_queue_head_t wait;
	struct work_struct wake_work;	/* wakes who is in wait */
	struct plane_state state[];
};

struct mgr_file {
	struct vfio_dmabuf_mgr *mgr;	/* a reference */
	u32 rights;	/* VFIO_DMABUF_MGR_RIGHT_*: mgr->lock */
	/* Sequence last queried, by plane; written under mgr->event_lock */
	u64 seen[];
};

struct plane_buffer {
	struct vfio_dmabuf_mgr *mgr;	/* a reference */
	struct scanout scanout;		/* .mem is a reference, or NULL */
	pgoff_t first;			/* page of .mem at which it begins */
	pgoff_t nr_pages;
	bool writable;
	/* mgr->lock while the dma-buf is given out, then put.c's or the release's */
	enum buffer_pool pool;
	bool counted;			/* in mgr->nr_buffers; likewise */
	bool vmap_holds;		/* .mem: what guards dma-buf's vmap_ptr */
	unsigned int nr_pins;		/* by dynamic importers: reservation lock */
	struct mutex lock;		/* guards mappings */
	struct list_head mappings;	/* of struct buffer_mapping */
};

/* A consistent look at a plane; see mgr_look() */
struct plane_look {
	struct vfio_dmabuf_plane plane;
	u64 sequence;
	int slot;
	bool on;
};

/* mgr.c */
void mgr_get(struct vfio_dmabuf_mgr *mgr);
void mgr_put(struct vfio_dmabuf_mgr *mgr);
int mgr_plane_slot(const struct vfio_dmabuf_mgr *mgr, u32 plane_id);
u32 mgr_plane_id(const struct vfio_dmabuf_mgr *mgr, unsigned int slot);
int mgr_look(struct vfio_dmabuf_mgr *mgr, u32 plane_id,
	     struct plane_look *look);
void mgr_look_info(const struct plane_look *look,
		   struct vfio_dmabuf_mgr_plane_info *info);

/* file.c */
int mgr_file_open(struct vfio_dmabuf_mgr *mgr);

/* ioctl.c */
long mgr_file_ioctl(struct file *filp, unsigned int cmd, unsigned long arg);

/* scanout.c */
u64 scanout_id(struct vfio_dmabuf_mgr *mgr,
	       const struct vfio_dmabuf_plane *plane);
bool scanout_find(struct vfio_dmabuf_mgr *mgr, u32 id, struct scanout *found);
void scanout_forget(struct vfio_dmabuf_mgr *mgr,
		    const struct vfio_dmabuf_mem *mem, u64 backing);
bool scanout_is_over(const struct scanout *scanout,
		     const struct vfio_dmabuf_mem *mem, u64 backing);
bool scanout_equal(const struct scanout *a, const struct scanout *b);
void scanout_of_plane(struct scanout *scanout,
		      const struct vfio_dmabuf_plane *plane);
u64 scanout_size(const struct scanout *scanout);

/*
 * Bytes of a dma-buf: whole pages, from the one that holds the first pixel.
 * Memory may end behind the last pixel, before the last line's stride does.
 */
static inline u64 plane_dmabuf_size(const struct vfio_dmabuf_mem *mem,
				    u64 offset, u32 stride, u32 height)
{
	u64 size = PAGE_ALIGN(offset_in_page(offset) +
			      mul_u32_u32(stride, height));

	if (mem)
		size = min(size, vfio_dmabuf_mem_size(mem) -
				 ALIGN_DOWN(offset, PAGE_SIZE));
	return size;
}

/* buffer.c */
struct dma_buf *mgr_export_id(struct vfio_dmabuf_mgr *mgr, u32 id);
struct dma_buf *mgr_export_plane(struct mgr_file *file, u32 plane_id,
				 bool writable, struct plane_look *look);
void exported_forget(struct vfio_dmabuf_mgr *mgr,
		     const struct vfio_dmabuf_mem *mem, u64 backing);
void exported_revoke(struct vfio_dmabuf_mgr *mgr, struct vfio_dmabuf_mem *mem,
		     bool blank);
void buffer_destroy(struct plane_buffer *buffer);

/* put.c */
int put_init(void);
void put_exit(void);
bool dmabuf_is_unused(struct dma_buf *dmabuf);
void exported_put(struct exported *exported);
void exported_invalidate(struct exported *exported);
void orphans_put(void);

/* export.c */
struct dma_buf *export_buffer(struct plane_buffer *buffer);
void export_invalidate(struct dma_buf *dmabuf);
bool export_is_own(const struct dma_buf *dmabuf);

/* gfx.c */
long gfx_query_plane(struct vfio_dmabuf_mgr *mgr, void __user *arg);
long gfx_get_dmabuf(struct vfio_dmabuf_mgr *mgr, void __user *arg);

/* quota.c */
bool quota_take(struct vfio_dmabuf_quota *quota, u64 bytes);
void quota_keep(struct vfio_dmabuf_quota *quota, u64 bytes);
bool quota_is_kept(struct vfio_dmabuf_quota *quota);
void quota_return(struct vfio_dmabuf_quota *quota, u64 bytes, bool kept);

/* mem.c */
int mem_free_init(void);
void mem_free_exit(void);
struct page *mem_page(struct vfio_dmabuf_mem *mem, pgoff_t index);
struct page *mem_page_present(struct vfio_dmabuf_mem *mem, pgoff_t index);

void mem_keep(struct vfio_dmabuf_mem *mem);
bool mem_may_be_kept(const struct vfio_dmabuf_mem *mem);
atomic_t *mem_vmas(struct vfio_dmabuf_mem *mem, bool writable);
bool mem_enter(struct vfio_dmabuf_mem *mem);
void mem_leave(struct vfio_dmabuf_mem *mem);
bool __must_check mem_hold(struct vfio_dmabuf_mem *mem);
void mem_hold_again(struct vfio_dmabuf_mem *mem);
void mem_unhold(struct vfio_dmabuf_mem *mem);
bool mem_revoke(struct vfio_dmabuf_mem *mem, bool blank);
struct page *mem_empty_page(struct vfio_dmabuf_mem *mem, gfp_t gfp);
struct page *mem_blank(struct vfio_dmabuf_mem *mem);

/* mmap.c */
vm_fault_t mem_fault(struct vfio_dmabuf_mem *mem, struct vm_fault *vmf,
		     pgoff_t first, pgoff_t nr_pages);

#endif /* _VFIO_DMABUF_MGR_PRIVATE_H */
