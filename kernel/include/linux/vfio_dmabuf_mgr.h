/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VFIO dma-buf manager, as a vendor driver sees it.
 *
 * A driver of a virtual GPU makes a manager when its vfio_device is opened,
 * answers one callback that tells what a plane shows, says when that changes,
 * hands over the two device ioctls that belong to the manager, and revokes it
 * when the device is closed. Manager fds and dma-bufs outlive that in any
 * order and need nothing of the driver any more.
 *
 *	open_device:	mem = vfio_dmabuf_mem_create(size, quota);
 *			mgr = vfio_dmabuf_mgr_create(vdev, &desc, priv);
 *	ioctl:		case VFIO_DEVICE_QUERY_GFX_PLANE:
 *			case VFIO_DEVICE_GET_GFX_DMABUF:
 *				return vfio_dmabuf_mgr_device_ioctl(mgr, cmd, arg);
 *	registers:	vfio_dmabuf_mgr_changed(mgr, plane_id, NULL);
 *	close_device:	vfio_dmabuf_mgr_revoke(mgr);
 *			vfio_dmabuf_mem_put(mem);
 *
 * Locks. The callbacks run under the manager's mutex and may take the driver's
 * own. So the driver calls vfio_dmabuf_mgr_changed() under any lock it likes
 * (it takes only a spinlock), and nothing else of this API under a lock that
 * its callback takes.
 */
#ifndef _LINUX_VFIO_DMABUF_MGR_H
#define _LINUX_VFIO_DMABUF_MGR_H

#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/types.h>
#include <uapi/linux/vfio_dmabuf_mgr.h>

struct dma_buf;
struct page;
struct vfio_device;
struct vm_area_struct;

/* A manager; one for each opening of a device. */
struct vfio_dmabuf_mgr;

/* A run of pages that planes are shown from: VRAM, or a guest's own memory. */
struct vfio_dmabuf_mem;

/* How much such memory may be out at once, of openings that are over, too. */
struct vfio_dmabuf_quota;

/*
 * Where pixels are that have no guest-physical address: where no guest has any
 * memory, for the manager's clients read 0 as "no plane".
 */
#define VFIO_DMABUF_NO_ADDRESS	BIT_ULL(63)

/*
 * How to allocate what a guest asks for, or a viewer by a touch. It is charged to
 * the VMM, by set_active_memcg() where another task allocates. At the VMM's limit
 * it fails and whoever asked is told so, rather than have the OOM killer end the
 * VMM.
 */
#define VFIO_DMABUF_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | \
			 __GFP_NOWARN)

/**
 * struct vfio_dmabuf_plane - what a plane shows at this moment
 * @start: guest-physical address of the first pixel, not 0, with the same
 *	offset into its page as @offset
 * @modifier: DRM modifier
 * @format: DRM fourcc
 * @width: pixels
 * @height: lines
 * @stride: bytes from one line to the next
 * @x: where the plane sits on its head
 * @y: where the plane sits on its head
 * @hot_x: a cursor's hot spot, or VFIO_DMABUF_MGR_UNKNOWN
 * @hot_y: a cursor's hot spot, or VFIO_DMABUF_MGR_UNKNOWN
 * @mem: the memory that holds the pixels. The callback lends it: it must stay
 *	valid until the manager's lock is dropped. Whatever keeps it longer
 *	takes a reference. NULL where the driver exports its memory by itself
 * @backing: with @mem NULL, a number for the memory that holds the pixels, not
 *	0, and never given to other memory while the manager lives
 * @offset: byte of that memory at which the first pixel is. All of @stride *
 *	@height bytes from there lie within it, but for what comes behind the
 *	last line's pixels
 * @copied: it is a copy, not what the guest draws into
 */
struct vfio_dmabuf_plane {
	u64 start;
	u64 modifier;
	u32 format;
	u32 width;
	u32 height;
	u32 stride;
	s32 x;
	s32 y;
	u32 hot_x;
	u32 hot_y;
	struct vfio_dmabuf_mem *mem;
	u64 backing;
	u64 offset;
	bool copied;
};

/**
 * struct vfio_dmabuf_rect - a rectangle in pixels of a plane
 * @x: left
 * @y: top
 * @width: columns
 * @height: lines
 */
struct vfio_dmabuf_rect {
	u32 x;
	u32 y;
	u32 width;
	u32 height;
};

/**
 * struct vfio_dmabuf_mgr_ops - what a driver answers
 * @get_plane: tell what the plane @plane_id shows, a valid id of this device.
 *	A CPU that speculates may come here with any other, so an index made
 *	of it is for array_index_nospec(). @plane is zeroed, its hot spot
 *	unknown. Return 0, or -ENOENT while the guest has the plane off. Called
 *	in process context under the manager's mutex; may take the driver's own
 *	locks; must not allocate or touch pixels, and must copy guest-written
 *	registers once before it checks them. Not called any more once
 *	vfio_dmabuf_mgr_revoke() returned.
 * @export: make a dma-buf of the vendor's own, of @size bytes from byte @offset
 *	of the memory numbered @backing, all whole pages. Needed only by a
 *	driver whose planes have no mem. Its file must have the access mode of
 *	@flags (O_RDONLY or O_RDWR) and the vendor then keeps the promises that
 *	the UAPI header makes of one: that it outlives the device is one of them.
 *	Return a new one each time, with the only reference to it, which is
 *	the manager's, or an ERR_PTR: -ENOENT where that memory is gone, which
 *	the viewer sees as a plane that is off. Called as @get_plane is; may
 *	allocate.
 * @request_mode: optional: ask the guest for a mode on @head, a valid one, at
 *	@refresh frames a second, 0 for any; or, with both sizes 0, unplug it.
 *	Return 0 or -EINVAL where the device never has such a mode. Called as
 *	@get_plane is, in the context of whoever asks: it must not reach for
 *	the guest's memory.
 */
struct vfio_dmabuf_mgr_ops {
	int (*get_plane)(void *priv, u32 plane_id,
			 struct vfio_dmabuf_plane *plane);
	struct dma_buf *(*export)(void *priv, u64 backing, u64 offset,
				  u64 size, int flags);
	int (*request_mode)(void *priv, u32 head, u32 width, u32 height,
			    u32 refresh);
};

/**
 * struct vfio_dmabuf_mgr_desc - what a device has; read at creation only
 * @ops: the callbacks
 * @heads: heads, 1 to 16
 * @overlays: overlay planes on every head, up to 8
 * @primaries: primary planes on every head, up to 8
 * @cursors: cursor planes on every head, up to 8
 * @caps: VFIO_DMABUF_MGR_CAP_*, what the driver tells
 */
struct vfio_dmabuf_mgr_desc {
	const struct vfio_dmabuf_mgr_ops *ops;
	u32 heads;
	u32 overlays;
	u32 primaries;
	u32 cursors;
	u32 caps;
};

struct vfio_dmabuf_mgr *
vfio_dmabuf_mgr_create(struct vfio_device *vdev,
		       const struct vfio_dmabuf_mgr_desc *desc, void *priv);
void vfio_dmabuf_mgr_revoke(struct vfio_dmabuf_mgr *mgr);
void vfio_dmabuf_mgr_changed(struct vfio_dmabuf_mgr *mgr, u32 plane_id,
			     const struct vfio_dmabuf_rect *damage);
void vfio_dmabuf_mgr_forget(struct vfio_dmabuf_mgr *mgr,
			    const struct vfio_dmabuf_mem *mem, u64 backing);
void vfio_dmabuf_mgr_revoke_mem(struct vfio_dmabuf_mgr *mgr,
				struct vfio_dmabuf_mem *mem, bool blank);
void vfio_dmabuf_mgr_copied(struct vfio_dmabuf_mgr *mgr, u64 bytes);
long vfio_dmabuf_mgr_device_ioctl(struct vfio_dmabuf_mgr *mgr,
				  unsigned int cmd, unsigned long arg);

struct vfio_dmabuf_quota *vfio_dmabuf_quota_create(u64 bytes);
void vfio_dmabuf_quota_put(struct vfio_dmabuf_quota *quota);

struct vfio_dmabuf_mem *vfio_dmabuf_mem_create(u64 size,
					       struct vfio_dmabuf_quota *quota);
struct vfio_dmabuf_mem *vfio_dmabuf_mem_reserve(unsigned long nr_pages);
void vfio_dmabuf_mem_add_pages(struct vfio_dmabuf_mem *mem,
			       struct page **pages, unsigned long nr_pages);
void vfio_dmabuf_mem_pin_pages(struct vfio_dmabuf_mem *mem,
			       struct page **pages, unsigned long nr_pages);
struct vfio_dmabuf_mem *vfio_dmabuf_mem_from_pages(struct page **pages,
						   unsigned long nr_pages);
struct vfio_dmabuf_mem *vfio_dmabuf_mem_get(struct vfio_dmabuf_mem *mem);
void vfio_dmabuf_mem_put(struct vfio_dmabuf_mem *mem);
struct page *vfio_dmabuf_mem_page(struct vfio_dmabuf_mem *mem,
				  unsigned long index);
u64 vfio_dmabuf_mem_size(const struct vfio_dmabuf_mem *mem);
ssize_t vfio_dmabuf_mem_read(struct vfio_dmabuf_mem *mem, u64 pos,
			     char __user *buf, size_t count);
ssize_t vfio_dmabuf_mem_write(struct vfio_dmabuf_mem *mem, u64 pos,
			      const char __user *buf, size_t count);
int vfio_dmabuf_mem_mmap(struct vfio_dmabuf_mem *mem,
			 struct vm_area_struct *vma, unsigned long pgoff);

/* The parts of a plane_id, see VFIO_DMABUF_MGR_PLANE_ID() */
static inline u32 vfio_dmabuf_plane_type(u32 plane_id)
{
	return plane_id & 0xff;
}

static inline u32 vfio_dmabuf_plane_index(u32 plane_id)
{
	return plane_id >> 8 & 0xff;
}

static inline u32 vfio_dmabuf_plane_head(u32 plane_id)
{
	return plane_id >> 16;
}

#endif /* _LINUX_VFIO_DMABUF_MGR_H */
