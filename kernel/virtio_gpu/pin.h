/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory that a device has pinned, and how a VMM takes it back: what
 * pin.c, watch.c, unmap.c and renew.c have for each other and for the rest.
 * virtio_gpu.h includes it, and tells of threads and locks.
 */
#ifndef _VFIO_VIRTIO_GPU_PIN_H
#define _VFIO_VIRTIO_GPU_PIN_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

struct page;
struct vfio_dmabuf_mem;
struct vgpu;
struct vgpu_backing;
struct vgpu_entry;

/* Pages that VFIO has pinned for a device, but for a batch */
#define VGPU_MAX_WATCHES	256

/* A pin's life. But when it is gone it is in the device's list. */
enum vgpu_pin_state {
	VGPU_PIN_GONE,		/* nothing is pinned */
	VGPU_PIN_GROWING,	/* the worker pins */
	VGPU_PIN_HIT,		/* the worker pins in vain: an unmap has come */
	VGPU_PIN_LIVE,
};

/* pin_lock guards all of it, and the worker alone touches one that grows */
struct vgpu_pin {
	struct list_head link;
	enum vgpu_pin_state state;
	bool ring;		/* constant: not in nr_pinned */
	unsigned long nr_pages;	/* charged */
	struct vfio_dmabuf_mem *mem;	/* while it is live */
};

/* One page that VFIO has pinned for the device: pin_lock */
enum vgpu_watch_state {
	VGPU_WATCH_FREE,
	VGPU_WATCH_LIVE,
	VGPU_WATCH_DEAD,	/* being unpinned */
};

struct vgpu_watch {
	struct vgpu *vgpu;		/* constant */
	struct work_struct work;	/* unpins it */
	enum vgpu_watch_state state;
	u64 iova;
	const struct vgpu_pin *pin;	/* to compare with; NULL: nobody's */
};

/* Some pages that the worker has VFIO pin, for a moment: pin_lock */
enum vgpu_batch_state {
	VGPU_BATCH_NONE,
	VGPU_BATCH_PINNED,
	VGPU_BATCH_HIT,		/* the same; an unmap waits for its end */
};

struct vgpu_batch {
	enum vgpu_batch_state state;
	u64 iova;
	unsigned long nr_pages;
};

/* Do two ranges have a byte in common? */
static inline bool vgpu_overlap(u64 a, u64 a_length, u64 b, u64 b_length)
{
	/* No sum of these overflows; a length of all ones may */
	return a <= b + (b_length - 1) && b <= a + (a_length - 1);
}

/* pin.c */
void vgpu_pin_init(struct vgpu *vgpu);
void vgpu_pin_open(struct vgpu *vgpu);
void vgpu_pin_close(struct vgpu *vgpu);
int vgpu_pin(struct vgpu *vgpu, struct vgpu_backing *backing);
void vgpu_unpin(struct vgpu *vgpu, struct vgpu_backing *backing);
int vgpu_pin_renew(struct vgpu *vgpu, struct vgpu_backing *backing);
void vgpu_pins_hit(struct vgpu *vgpu, u64 iova, u64 length);

/* watch.c */
void vgpu_watch_init(struct vgpu *vgpu);
int vgpu_watch_create(struct vgpu *vgpu);
void vgpu_watch_destroy(struct vgpu *vgpu);
void vgpu_watches_drop(struct vgpu *vgpu);
bool vgpu_watches_orphan(struct vgpu *vgpu, const struct vgpu_pin *pin);
bool vgpu_watches_prune(struct vgpu *vgpu);
int vgpu_batch_pin(struct vgpu *vgpu, u64 iova, unsigned long nr,
		   struct page **pages);
int vgpu_batch_watch(struct vgpu *vgpu, const struct vgpu_pin *pin);
int vgpu_batch_unpin(struct vgpu *vgpu);
int vgpu_watch_again(struct vgpu *vgpu, struct vgpu_pin *pin,
		     const struct vgpu_entry *entry);
bool vgpu_watches_hit(struct vgpu *vgpu, u64 iova, u64 length);

/* renew.c: what follows an unmap */
void vgpu_renew_init(struct vgpu *vgpu);
void vgpu_renew_start(struct vgpu *vgpu);
void vgpu_renew_cancel(struct vgpu *vgpu);
bool vgpu_may_come_back(struct vgpu *vgpu);

/* unmap.c: struct vfio_device_ops.dma_unmap */
void vgpu_dma_unmap(struct vfio_device *vfio, u64 iova, u64 length);

/*
 * Before VFIO is asked to pin: wait until nothing is unmapped that the pin would
 * be in the way of, or -EINTR where the worker is to leave what it does; then
 * have what the next unmap needs, or -ENOMEM or -ENFILE. Unless an unmap came
 * meanwhile vgpu_unmap_is_prepared() then, and VFIO can be asked under the same
 * pin_lock.
 */
int vgpu_unmap_wait(struct vgpu *vgpu);
int vgpu_unmap_prepare(struct vgpu *vgpu);
bool vgpu_unmap_is_prepared(struct vgpu *vgpu);

/* The device is opened, and has pinned nothing yet; it is closed. */
void vgpu_unmap_open(struct vgpu *vgpu);
void vgpu_unmap_close(struct vgpu *vgpu);

#endif /* _VFIO_VIRTIO_GPU_PIN_H */
