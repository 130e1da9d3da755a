/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio-gpu device, PCI 1af4:1050: modern virtio 1.2, 2D and guest blobs,
 * whose planes are the guest's own memory.
 *
 * Objects, and who keeps them alive
 *
 *   struct vgpu		the device: from an mdev's creation to its removal
 *   struct vgpu_queue		a virtqueue, part of it (queue.c, ring.c)
 *   struct vgpu_resource	what the guest knows by an id: until it drops it,
 *				or reset or close do (resource.c)
 *   struct vgpu_backing	the guest memory of a resource: until it is
 *				detached (backing.c)
 *   struct vgpu_pin		the pages of a backing, part of it (pin.c); the
 *				pages of a queue's rings are such a backing, too
 *   struct vgpu_watch		a page that VFIO keeps pinned, so that it tells
 *				of unmaps, part of the device (watch.c)
 *   struct vgpu_scanout	which part of which resource a head shows, or its
 *				cursor; it goes off with its resource (scanout.c)
 *   struct vgpu_plane		the same as viewers see it
 *   struct vgpu_head		a monitor, plugged in or not (display.c)
 *
 * A dma-buf holds none of these, only the manager's struct vfio_dmabuf_mem,
 * which has the pages pinned. Where guest memory is taken back that is revoked:
 * its pages are out of reach although an importer may still have them.
 *
 * Who runs what
 *
 *   The VMM's threads read and write registers (pci.c), and no more than that:
 *   a notification queues the worker.
 *   The worker, a thread of each device (worker.c, queue.c), does all that a guest
 *   asks for, and a virtio reset. So queue positions, resources, backings and
 *   scanouts are the worker's alone and need no lock. It copies descriptors and
 *   commands from guest memory once, then looks at the copy.
 *   vgpu_halt() ends the worker's work and keeps it from starting; then its
 *   caller may do as the worker does: the VFIO reset, close.
 *   Viewers' threads look at planes, and ask for modes. An interrupt for a mode
 *   that follows another too soon is left to a delayed work item (display.c).
 *   The task that unmaps guest memory runs vgpu_dma_unmap() (unmap.c), under
 *   VFIO's device list lock.
 *   Each watch has a work item that unpins it (watch.c).
 *
 * Locks, in order
 *
 *   VFIO's own; pin_lock; the manager's lock; vdev.lock; the irq lock of vdev,
 *   the manager's event lock. Within pin_lock also unmap.c's own spinlock.
 *   pin_lock: which pages are pinned, and whether they still are. Fields of
 *   rings are accessed under it.
 *   vdev.lock: registers, monitors, and the planes as viewers see them. A plane
 *   whose memory is a guest's is shown under pin_lock, too: an unmap that has
 *   taken it off finds it off for good.
 *   All other guest memory is copied, and all is pinned and unpinned, with no
 *   lock held: that takes VFIO's locks.
 */
#ifndef _VFIO_VIRTIO_GPU_H
#define _VFIO_VIRTIO_GPU_H

#include <linux/kthread.h>
#include <linux/mdev.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/vfio_dmabuf_mgr.h>
#include <linux/vfio_vdev.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "pin.h"
#include "planefd_compat.h"

#define VGPU_MSIX_BAR		1
#define VGPU_BAR		4
#define VGPU_BAR_SIZE		SZ_16K

/* The parts of VGPU_BAR, a page each */
#define VGPU_COMMON		0x0000
#define VGPU_ISR		0x1000
#define VGPU_DEVICE		0x2000
#define VGPU_NOTIFY		0x3000
#define VGPU_NOTIFY_MULTIPLIER	4

#define VGPU_MAX_HEADS		VIRTIO_GPU_MAX_SCANOUTS
#define VGPU_MAX_SIZE		8192	/* pixels, either way */
#define VGPU_CURSOR_SIZE	64
#define VGPU_CPP		4	/* bytes of a pixel, in all formats */
#define VGPU_MAX_RESOURCES	1024
#define VGPU_MAX_ENTRIES	16384	/* of one backing */
#define VGPU_MAX_ALL_ENTRIES	SZ_256K	/* of all of a device's backings */
#define VGPU_MAX_SEGMENTS	1024	/* of one request, as QEMU has it */

/* One for the configuration, one for each queue */
#define VGPU_NR_VECTORS		3

enum vgpu_queue_nr {
	VGPU_CONTROL,
	VGPU_CURSOR,
	VGPU_NR_QUEUES,
};

struct vgpu_request;

struct vgpu_type {
	struct mdev_type type;
	u32 heads;
};

/* Where a ring is, as the driver has set it */
struct vgpu_ring {
	u16 size;
	u64 desc;
	u64 driver;
	u64 device;
};

/* What both sides write to and read while the other does */
enum vgpu_area {
	VGPU_DRIVER_AREA,	/* the available ring */
	VGPU_DEVICE_AREA,	/* the used ring */
	VGPU_NR_AREAS,
};

struct vgpu_queue {
	/* vdev.lock */
	struct vgpu_ring regs;
	u16 vector;
	bool enabled;

	/* The worker's */
	struct vgpu_ring ring;
	struct vgpu_backing *pages;	/* of its areas, or NULL */
	bool event_idx;
	bool indirect;
	u16 next_avail;
	u16 next_used;
	u16 told_used;		/* next_used at the last interrupt decision */
	bool told;		/* there was one */
};

/* A run of bytes of guest memory */
struct vgpu_segment {
	u64 addr;
	u32 length;
};

/* A chain of descriptors: nr_out segments to read, then nr_in to write */
struct vgpu_request {
	u16 head;
	unsigned int nr_out;
	unsigned int nr_in;
	u64 out_size;
	u64 in_size;
	struct vgpu_segment segments[VGPU_MAX_SEGMENTS];
	struct vring_desc table[VGPU_MAX_SEGMENTS];	/* indirect */
};

/* A command as it was copied; what is longer is read from the request */
union vgpu_command {
	struct virtio_gpu_ctrl_hdr hdr;
	struct virtio_gpu_cmd_get_edid get_edid;
	struct virtio_gpu_resource_create_2d create_2d;
	struct virtio_gpu_resource_unref unref;
	struct virtio_gpu_set_scanout set_scanout;
	struct virtio_gpu_resource_flush flush;
	struct virtio_gpu_transfer_to_host_2d transfer;
	struct virtio_gpu_resource_attach_backing attach;
	struct virtio_gpu_resource_detach_backing detach;
	struct virtio_gpu_resource_create_blob create_blob;
	struct virtio_gpu_set_scanout_blob set_scanout_blob;
	struct virtio_gpu_update_cursor cursor;
};

union vgpu_response {
	struct virtio_gpu_ctrl_hdr hdr;
	struct virtio_gpu_resp_display_info display_info;
	struct virtio_gpu_resp_edid edid;
};

/* A piece of a backing; start counts bytes from the backing's first */
struct vgpu_entry {
	u64 start;
	u64 addr;
	u32 length;
};

struct vgpu_backing {
	struct vgpu_pin pin;		/* if whole_pages */
	struct vfio_dmabuf_mem *copy;	/* if not, the plane's memory */
	bool whole_pages;		/* it can be a plane as it is */
	u64 size;
	u32 nr_entries;
	struct vgpu_entry entries[];
};

struct vgpu_resource {
	u32 id;
	bool blob;
	u32 fourcc;		/* these three: 0 for a blob */
	u32 width;
	u32 height;
	u64 size;
	struct vgpu_backing *backing;	/* or NULL */
};

struct vgpu_rect {
	u32 x;
	u32 y;
	u32 width;
	u32 height;
};

/* What part of a resource is shown, in which geometry */
struct vgpu_scanout {
	struct vgpu_resource *resource;	/* NULL: it is off */
	struct vgpu_rect rect;	/* in the picture that the resource has */
	u64 offset;		/* of the picture in the resource */
	u32 stride;
	u32 fourcc;
	s32 x;			/* a cursor's place and hot spot */
	s32 y;
	u32 hot_x;
	u32 hot_y;
	bool hidden;		/* a cursor, by a move */
};

/* All zero while it is off */
struct vgpu_plane {
	struct vfio_dmabuf_plane plane;
	bool shown;
};

struct vgpu_head {
	struct vdev_edid edid;	/* of all heads but the first: that is vdev's */
	u32 width;		/* what the monitor prefers */
	u32 height;
};

/* A plane of each head, as struct vgpu has them */
enum vgpu_plane_nr {
	VGPU_PRIMARY_PLANE,
	VGPU_CURSOR_PLANE,
	VGPU_NR_PLANES,
};

struct vgpu {
	struct vdev vdev;			/* first */
	const struct vgpu_type *type;
	struct kthread_worker *worker;		/* constant */
	struct vfio_dmabuf_quota *quota;	/* of copies, constant */
	struct vfio_dmabuf_mgr *mgr;		/* while open */
	struct mem_cgroup *memcg;		/* while open: pays for it all */
	planefd_kcov_handle kcov_handle;	/* of the task that opened it */
	u8 pci_cfg_cap;				/* constant */

	/* Registers, monitors and planes: vdev.lock */
	u32 device_feature_select;
	u32 driver_feature_select;
	u64 driver_features;
	u16 config_vector;
	u16 queue_select;
	u8 status;
	u8 generation;
	u8 isr;
	bool resetting;		/* the worker is to follow; read without, too */
	bool stopped;		/* no bus master any more; the same */
	bool serving;		/* the worker is at a queue; the same */
	u32 events;
	bool untold;		/* there is a change to interrupt for */
	bool looked;		/* the guest has, since the last interrupt */
	bool looked_before;	/* the same, since the event and before that */
	bool missed;		/* and there was a change after that */
	u64 tell_at;		/* jiffies: no interrupt for displays before */
	struct vgpu_head heads[VGPU_MAX_HEADS];
	struct vgpu_plane planes[VGPU_MAX_HEADS][VGPU_NR_PLANES];

	struct vgpu_queue queues[VGPU_NR_QUEUES];

	/* The worker */
	struct kthread_work work;
	spinlock_t busy_lock;		/* guards busy */
	bool busy;			/* the thread is at work */
	unsigned long waits_since;	/* jiffies: its last call of VFIO's */
	struct delayed_work look_work;	/* looks after it then */
	wait_queue_head_t wait;		/* for pins, resets, a halt */
	struct mutex reset_lock;	/* one VFIO reset at a time */
	bool halted;
	struct xarray resources;
	unsigned int nr_resources;
	unsigned int nr_entries;
	struct vgpu_scanout scanouts[VGPU_MAX_HEADS][VGPU_NR_PLANES];
	struct vgpu_request *request;
	union vgpu_command command;
	union vgpu_response response;
	struct vgpu_queue *answering;	/* response is a request's of this one */
	size_t answer_size;

	struct delayed_work tell_work;	/* of display.c */

	/* Pins, and what VFIO has pinned */
	struct mutex pin_lock;		/* guards pins, watches and batch */
	struct list_head pins;		/* growing or live */
	struct vgpu_watch watches[VGPU_MAX_WATCHES];
	unsigned int watch_shift;	/* bits of a block: the worker's */
	struct vgpu_batch batch;
	struct workqueue_struct *unpin_wq;	/* constant */
	atomic_t nr_leaving;		/* dead watches, and the batch if hit */
	atomic_t nr_left;		/* all that ever were, to see it go on */
	atomic_long_t nr_pinned;	/* pages, but for rings */
	u64 refused_until;		/* jiffies: the worker's */
	struct mm_struct *mm;		/* while open: the VMM's, pays for pins */
	struct task_struct *task;	/* while open: whose limit counts */
	bool may_lock;			/* beyond that limit */

	/* Unmaps: a spinlock of unmap.c's */
	bool unmaps_count;		/* it is open */
	unsigned int nr_unmaps;		/* under way */
	u64 pins_since;			/* by unmap.c's clock; 0: never yet */
	u64 unmapped_at;		/* jiffies: the last; read without, too */
	struct file *unmap_file;	/* for the next one, or NULL */
	struct kthread_delayed_work renew_work;	/* what follows an unmap */
};

static inline struct vgpu *to_vgpu(struct vdev *vdev)
{
	return container_of(vdev, struct vgpu, vdev);
}

/* The worker is to leave what it does: closing, resetting */
static inline bool vgpu_is_halting(const struct vgpu *vgpu)
{
	return READ_ONCE(vgpu->halted) || READ_ONCE(vgpu->resetting);
}

/* The same, or it is at a queue, and no bus master any more */
static inline bool vgpu_must_leave(const struct vgpu *vgpu)
{
	return vgpu_is_halting(vgpu) ||
	       (READ_ONCE(vgpu->stopped) && READ_ONCE(vgpu->serving));
}

/* main.c: module parameters, bytes */
u64 vgpu_max_pinned(void);
u64 vgpu_max_copies(void);

/* device.c */
int vgpu_probe(struct mdev_device *mdev, const struct vgpu_type *type);
void vgpu_remove(struct mdev_device *mdev);

/* config.c: window under vdev.lock */
int vgpu_pci_init(struct vgpu *vgpu);
void vgpu_window_read(struct vdev *vdev, u32 offset, unsigned int size);
void vgpu_window_write(struct vdev *vdev, u32 offset, unsigned int size);

/* pci.c: under vdev.lock */
extern const struct vdev_ops vgpu_vdev_ops;
u32 vgpu_bar_read(struct vdev *vdev, unsigned int bar, u32 offset,
		  unsigned int size);
void vgpu_bar_write(struct vdev *vdev, unsigned int bar, u32 offset,
		    unsigned int size, u32 value);
void vgpu_config_changed(struct vgpu *vgpu);
void vgpu_queue_interrupt(struct vgpu *vgpu, struct vgpu_queue *queue);
void vgpu_needs_reset(struct vgpu *vgpu);

/* worker.c */
void vgpu_worker_init(struct vgpu *vgpu);
int vgpu_worker_create(struct vgpu *vgpu);
void vgpu_worker_destroy(struct vgpu *vgpu);
struct mem_cgroup *vgpu_worker_begin(struct vgpu *vgpu);
void vgpu_worker_end(struct vgpu *vgpu, struct mem_cgroup *memcg);
void vgpu_worker_call(struct vgpu *vgpu);
void vgpu_worker_waits(struct vgpu *vgpu);
bool vgpu_worker_is_called(void);
void vgpu_worker_answer(void);
void vgpu_worker_rest(struct vgpu *vgpu);

/* queue.c */
void vgpu_work(struct kthread_work *work);
void vgpu_queues_reset(struct vgpu *vgpu);
void vgpu_drop(struct vgpu *vgpu);

/* request.c */
int vgpu_read(struct vgpu *vgpu, u64 addr, void *data, size_t size);
int vgpu_read_patiently(struct vgpu *vgpu, u64 addr, void *data, size_t size);
int vgpu_request_read(struct vgpu *vgpu, u64 offset, void *data, size_t size);
ssize_t vgpu_request_answer(struct vgpu *vgpu, void *data, size_t size);

/* ring.c: 0, or a negative errno where a ring is not in memory */
int vgpu_ring_open(struct vgpu_queue *queue);
void vgpu_ring_close(struct vgpu *vgpu, struct vgpu_queue *queue);
int vgpu_ring_renew(struct vgpu *vgpu, struct vgpu_queue *queue);
int vgpu_ring_load16(struct vgpu *vgpu, const struct vgpu_queue *queue,
		     enum vgpu_area area, u32 offset, u16 *value);
int vgpu_ring_store16(struct vgpu *vgpu, const struct vgpu_queue *queue,
		      enum vgpu_area area, u32 offset, u16 value);
int vgpu_ring_store32(struct vgpu *vgpu, const struct vgpu_queue *queue,
		      enum vgpu_area area, u32 offset, u32 value);

/* control.c: bytes of the answer in response, or a negative errno */
ssize_t vgpu_control(struct vgpu *vgpu);
ssize_t vgpu_answer(struct vgpu *vgpu, u32 type, size_t size);
int vgpu_fetch_command(struct vgpu *vgpu, size_t *size);
bool vgpu_was_left(u32 type);

/* cursor.c */
ssize_t vgpu_cursor(struct vgpu *vgpu);

/* The worker had to leave a command, and carries it out anew later, if at all */
#define VGPU_NO_ANSWER	0

/* resource.c: a VIRTIO_GPU_RESP_* each, or VGPU_NO_ANSWER */
struct vgpu_resource *vgpu_resource_find(struct vgpu *vgpu, u32 id);
u32 vgpu_resource_create_2d(struct vgpu *vgpu);
u32 vgpu_resource_create_blob(struct vgpu *vgpu);
u32 vgpu_resource_unref(struct vgpu *vgpu);
u32 vgpu_resource_attach(struct vgpu *vgpu);
u32 vgpu_resource_detach(struct vgpu *vgpu);
u32 vgpu_resource_transfer(struct vgpu *vgpu);
void vgpu_resources_drop(struct vgpu *vgpu);
int vgpu_resources_renew(struct vgpu *vgpu);
u32 vgpu_fourcc(u32 format);
u32 vgpu_answer_of(int error);

/* backing.c */
struct vgpu_backing *vgpu_backing_create(struct vgpu *vgpu, u64 offset,
					 u32 nr_entries, u64 size);
int vgpu_backing_revive(struct vgpu *vgpu, struct vgpu_backing *backing);
void vgpu_backing_destroy(struct vgpu *vgpu, struct vgpu_backing *backing);
struct vfio_dmabuf_mem *vgpu_backing_mem(struct vgpu_backing *backing);
u64 vgpu_backing_address(const struct vgpu_backing *backing, u64 offset);
int vgpu_backing_copy(struct vgpu *vgpu, struct vgpu_backing *backing,
		      u64 offset, u64 size);
int vgpu_backing_copy_rect(struct vgpu *vgpu, struct vgpu_backing *backing,
			   u64 offset, u64 line, u64 stride, u32 height);

/* scanout.c */
u32 vgpu_scanout_set(struct vgpu *vgpu);
u32 vgpu_scanout_set_blob(struct vgpu *vgpu);
u32 vgpu_scanout_flush(struct vgpu *vgpu);
int vgpu_scanout_show(struct vgpu *vgpu, u32 head, enum vgpu_plane_nr nr,
		      const struct vgpu_scanout *scanout);
int vgpu_scanout_move(struct vgpu *vgpu, u32 head, enum vgpu_plane_nr nr,
		      s32 x, s32 y, bool hidden);
void vgpu_scanout_off(struct vgpu *vgpu, u32 head, enum vgpu_plane_nr nr);
void vgpu_scanouts_update(struct vgpu *vgpu,
			  const struct vgpu_resource *resource);
void vgpu_scanouts_drop(struct vgpu *vgpu,
			const struct vgpu_resource *resource);
bool vgpu_scanouts_revive(struct vgpu *vgpu);
void vgpu_planes_hide(struct vgpu *vgpu, const struct vfio_dmabuf_mem *mem);
int vgpu_get_plane(void *priv, u32 plane_id, struct vfio_dmabuf_plane *plane);

/* display.c; plugged, reset and acknowledge under vdev.lock */
void vgpu_display_init(struct vgpu *vgpu);
void vgpu_display_tell(struct work_struct *work);
void vgpu_display_plugged(struct vdev *vdev);
void vgpu_display_reset(struct vgpu *vgpu);
void vgpu_display_acknowledge(struct vgpu *vgpu, u32 events);
void vgpu_display_info(struct vgpu *vgpu);
u32 vgpu_display_edid(struct vgpu *vgpu);
int vgpu_request_mode(void *priv, u32 head, u32 width, u32 height,
		      u32 refresh);

#endif /* _VFIO_VIRTIO_GPU_H */
