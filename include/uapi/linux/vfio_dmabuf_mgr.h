/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The VFIO dma-buf manager: a file of its own that can look at the display
 * planes of a virtual GPU, export one as a dma-buf, ask the guest for a mode,
 * and do nothing else.
 *
 * The first half of this file is the patch "vfio: Define vfio based dma-buf
 * operations", v9 5/7, of June 2017, to the letter: every name, number, field
 * order and size is frozen. The second half is what planefd adds, each piece
 * behind argsz, flags or an ioctl number of its own.
 *
 * Every struct here is laid out alike on 32 and 64 bit, but for the four bytes
 * at the end of struct vfio_dmabuf_mgr_query_plane, which 64 bit adds as
 * padding. They are neither read nor written.
 */
#ifndef _UAPI_LINUX_VFIO_DMABUF_MGR_H
#define _UAPI_LINUX_VFIO_DMABUF_MGR_H

#include <linux/types.h>
#include <linux/vfio.h>

/**
 * VFIO_DEVICE_GET_FD - _IO(VFIO_TYPE, VFIO_BASE + 14, __u32)
 *
 * Create a fd for a vfio device based on the input type
 * Vendor driver should handle this ioctl to create a fd and manage the
 * life cycle of this fd.
 *
 * The argument is a pointer to the type. Mainline gave the same number to
 * VFIO_DEVICE_QUERY_GFX_PLANE, whose first word is argsz; that word decides:
 * 0 is the manager fd, 1 to 59 is -EINVAL under either reading, 60 and up is
 * mainline's query.
 *
 * Each call gives a new fd (O_RDWR | O_CLOEXEC) with its own idea of which
 * changes it has already seen.
 *
 * Return: a fd if vendor support that type, -errno if not supported:
 *   -EFAULT  the pointer cannot be read
 *   -EINVAL  no such type
 *   -EMFILE  the caller has as many fds as it may
 *   -ENFILE  the machine has as many files as it may
 *   -ENOMEM  no memory
 *   -EUSERS  the device has given out as many manager fds as it may
 */

#define VFIO_DEVICE_GET_FD	_IO(VFIO_TYPE, VFIO_BASE + 14)

#define VFIO_DEVICE_DMABUF_MGR_FD	0 /* Supported fd types */

/*
 * One plane as the guest shows it.
 *
 * start:	guest-physical address of the first pixel, never 0 for a plane
 *		that is on: where it has no such address, bit 63 plus its byte
 *		in the memory that holds it. The dma-buf begins at the page that
 *		holds it, so the first pixel is at byte start % 4096 of the
 *		dma-buf
 * drm_format_mod, drm_format: DRM modifier (linear is 0) and fourcc
 * width, height, stride: pixels, lines, bytes
 * size:	bytes of the dma-buf, whole pages
 * x_pos, y_pos: where the plane sits on its head, in two's complement: a
 *		cursor can be left of or above the screen
 * padding:	0
 *
 * A plane that the guest has off is all zero.
 */
struct vfio_dmabuf_mgr_plane_info {
	__u64 start;
	__u64 drm_format_mod;
	__u32 drm_format;
	__u32 width;
	__u32 height;
	__u32 stride;
	__u32 size;
	__u32 x_pos;
	__u32 y_pos;
	__u32 padding;
};

/*
 * VFIO_DMABUF_MGR_QUERY_PLANE - _IO(VFIO_TYPE, VFIO_BASE + 15,
 *					struct vfio_dmabuf_mgr_query_plane)
 * Query plane information
 *
 * argsz:	in: bytes the caller has room for, at least 60. With room for
 *		struct vfio_dmabuf_mgr_query_plane_ext at byte 64, that is
 *		filled as well
 * flags:	0
 * plane_id:	in: see VFIO_DMABUF_MGR_PLANE_ID()
 *
 * Return: 0, with plane_info all zero where the guest has the plane off;
 *   -EFAULT  the pointer cannot be read or written
 *   -EINVAL  argsz too small, a flag set, or an id the device never has
 *   -EIO     the device's driver answered nonsense
 *   -ENODEV  the device is gone
 */
struct vfio_dmabuf_mgr_query_plane {
	__u32 argsz;
	__u32 flags;
	struct vfio_dmabuf_mgr_plane_info plane_info;
	__u32 plane_id;
};

#define VFIO_DMABUF_MGR_QUERY_PLANE _IO(VFIO_TYPE, VFIO_BASE + 15)

/*
 * VFIO_DMABUF_MGR_CREATE_DMABUF - _IO(VFIO, VFIO_BASE + 16,
 *					struct vfio_dmabuf_mgr_create_dmabuf)
 *
 * Create a dma-buf for a plane
 *
 * Looks at the plane and exports it in one step: the plane_info that comes
 * back describes exactly the dma-buf that comes back. Memory that no one has
 * touched may not be there yet: where there is none to be had, a read of the
 * mapped dma-buf is a SIGBUS.
 *
 * argsz:	in: at least 64
 * flags:	in: 0 or VFIO_DMABUF_MGR_CREATE_WRITABLE
 * plane_id:	in: see VFIO_DMABUF_MGR_PLANE_ID()
 * fd:		out: the dma-buf, O_CLOEXEC; the caller closes it. It needs
 *		neither this fd nor the device to stay valid. But memory of the
 *		guest's that the guest or the VMM takes back is gone from it:
 *		who has it mapped finds an empty page or has a SIGBUS, and to
 *		attach or map it anew, for the CPU or a device, is -ENODEV; what an
 *		importer then maps for the kernel's own use is empty pages. The
 *		same dma-buf may be given out again: take it out of an epoll set
 *		before it is closed. A read-only one cannot be had by importers
 *		that map it for the kernel's own use, such as a display that
 *		copies. At most 1024 mappings into user space exist at a time of the
 *		read-only dma-bufs of the same memory, and as many of the
 *		writable ones: one more, or a split of one (munmap() or
 *		mprotect() of a part), is -ENOMEM. A child process does not
 *		inherit a mapping; it can make its own
 *
 * Return: 0, or
 *   -EFAULT  the pointer cannot be read or written; no fd is left behind
 *   -EINVAL  argsz too small, an unknown flag, or an id the device never has
 *   -EIO     the device's driver answered nonsense
 *   -EMFILE  the caller has as many fds as it may
 *   -ENFILE  the machine has as many files as it may
 *   -ENODEV  the device is gone
 *   -ENOENT  the guest has the plane off
 *   -ENOMEM  no memory
 *   -ENOSPC  as many of the device's buffers are alive as may be, or viewers
 *            keep as much memory as they may that the device no longer shows;
 *            close some
 *   -EPERM   writable was asked for and this file has dropped that right
 */
struct vfio_dmabuf_mgr_create_dmabuf {
	__u32 argsz;
	__u32 flags;
	struct vfio_dmabuf_mgr_plane_info plane_info;
	__u32 plane_id;
	__s32 fd;
};

#define VFIO_DMABUF_MGR_CREATE_DMABUF _IO(VFIO_TYPE, VFIO_BASE + 16)

/* -------- What planefd adds to the patch -------- */

/* Plane types, numbered as DRM numbers them */
#define VFIO_DMABUF_MGR_PLANE_OVERLAY	0
#define VFIO_DMABUF_MGR_PLANE_PRIMARY	1
#define VFIO_DMABUF_MGR_PLANE_CURSOR	2

/*
 * A plane_id: type in bits 0-7, index among the head's planes of that type in
 * bits 8-15, head in bits 16-23; bits 24-31 are 0. The first head's primary
 * plane is 1 and its cursor 2, which is what a client of 2017 asks for.
 */
#define VFIO_DMABUF_MGR_PLANE_ID(type, index, head) \
	((__u32)(type) | (__u32)(index) << 8 | (__u32)(head) << 16)

/*
 * A flag of CREATE_DMABUF: make the dma-buf's fd O_RDWR. Without it the
 * dma-buf is read-only, by mapping, by import and by reopening.
 */
#define VFIO_DMABUF_MGR_CREATE_WRITABLE	(1U << 0)

/* A hot spot that the device cannot tell */
#define VFIO_DMABUF_MGR_UNKNOWN		0xffffffffU

/*
 * What QUERY_PLANE tells after byte 64, where argsz leaves room for it.
 *
 * sequence:	grows with every change of the plane, 0 before the first
 * buffer_id:	equal between two answers only while the backing pages and the
 *		geometry are, 0 while the plane is off. It stays the same while
 *		they do, and comes back with them, as long as a dma-buf of them
 *		is open, or they are among the last that were asked about: as
 *		many as the device has planes, and 16 more. An importer keeps
 *		what it imported under an id until the id is of no more use
 * time_ns:	CLOCK_MONOTONIC time of the last change, nanoseconds, 0 before
 *		the first
 * damage_x, damage_y, damage_width, damage_height: the smallest rectangle, in
 *		pixels of the plane, that holds all damage since this fd's
 *		last query; 0 x 0 where there was none. Where the device
 *		cannot tell, or it is too long ago, the whole plane
 * hot_x, hot_y: the cursor's hot spot, VFIO_DMABUF_MGR_UNKNOWN if not known
 *
 * A plane that is off has a sequence and a time, and is otherwise 0, its hot
 * spot unknown.
 */
struct vfio_dmabuf_mgr_query_plane_ext {
	__aligned_u64 sequence;
	__aligned_u64 buffer_id;
	__aligned_u64 time_ns;
	__u32 damage_x;
	__u32 damage_y;
	__u32 damage_width;
	__u32 damage_height;
	__u32 hot_x;
	__u32 hot_y;
};

/* Where the extension begins, and the argsz that asks for it */
#define VFIO_DMABUF_MGR_QUERY_EXT_OFFSET	64
#define VFIO_DMABUF_MGR_QUERY_EXT_ARGSZ \
	(VFIO_DMABUF_MGR_QUERY_EXT_OFFSET + \
	 sizeof(struct vfio_dmabuf_mgr_query_plane_ext))

/*
 * poll() on a manager fd: EPOLLIN while any plane has a change that this fd
 * has not yet queried, EPOLLHUP when the device is gone.
 */

/*
 * VFIO_DMABUF_MGR_GET_INFO - _IO(VFIO_TYPE, VFIO_BASE + 17,
 *					struct vfio_dmabuf_mgr_info)
 *
 * What the device has, and what this fd may do.
 *
 * argsz:	in: at least 96
 * flags:	0
 * heads:	how many heads; valid heads are 0 to heads - 1
 * overlays, primaries, cursors: planes of each type on every head
 * caps:	VFIO_DMABUF_MGR_CAP_*: what the device can tell
 * rights:	VFIO_DMABUF_MGR_RIGHT_*: what this file may still ask for
 * device:	name of the device, NUL-terminated: a mediated device's UUID
 *
 * Return: 0, or -EFAULT, -EINVAL, -ENODEV as for QUERY_PLANE.
 */
struct vfio_dmabuf_mgr_info {
	__u32 argsz;
	__u32 flags;
	__u32 heads;
	__u32 overlays;
	__u32 primaries;
	__u32 cursors;
	__u32 caps;
	__u32 rights;
	char device[64];
};

#define VFIO_DMABUF_MGR_GET_INFO _IO(VFIO_TYPE, VFIO_BASE + 17)

/* The device tells of mode sets, flips, panning, moves, on and off */
#define VFIO_DMABUF_MGR_CAP_FLIPS	(1U << 0)
/* The device tells what was drawn; without it drawing is not an event */
#define VFIO_DMABUF_MGR_CAP_DAMAGE	(1U << 1)
/* The device tells a cursor's hot spot */
#define VFIO_DMABUF_MGR_CAP_HOT_SPOT	(1U << 2)

/* The device takes VFIO_DMABUF_MGR_REQUEST_MODE */
#define VFIO_DMABUF_MGR_CAP_MODE	(1U << 3)
/*
 * A plane that is on now is a copy that the device has made, since the guest
 * keeps it where whole pages of its memory cannot be given out. Without it every
 * plane is the memory that the guest draws into. Changes as the planes do
 */
#define VFIO_DMABUF_MGR_CAP_COPIED	(1U << 4)

/* To create writable dma-bufs */
#define VFIO_DMABUF_MGR_RIGHT_WRITABLE	(1U << 0)
/* To ask the guest for a mode; only where the device has the cap */
#define VFIO_DMABUF_MGR_RIGHT_MODE	(1U << 1)

/*
 * VFIO_DMABUF_MGR_DROP_RIGHTS - _IO(VFIO_TYPE, VFIO_BASE + 18,
 *					struct vfio_dmabuf_mgr_drop_rights)
 *
 * Give up rights of this file, for good and for everyone who holds it: what
 * they allowed is -EPERM from then on. So a broker hands out a fd that can
 * only look. To drop what is already dropped is no error.
 *
 * argsz:	in: at least 12
 * flags:	0
 * rights:	in: VFIO_DMABUF_MGR_RIGHT_* to give up
 *
 * Return: 0, or
 *   -EFAULT  the pointer cannot be read
 *   -EINVAL  argsz too small, a flag set, or an unknown right
 *   -ENODEV  the device is gone
 */
struct vfio_dmabuf_mgr_drop_rights {
	__u32 argsz;
	__u32 flags;
	__u32 rights;
};

#define VFIO_DMABUF_MGR_DROP_RIGHTS _IO(VFIO_TYPE, VFIO_BASE + 18)

/*
 * VFIO_DMABUF_MGR_REQUEST_MODE - _IO(VFIO_TYPE, VFIO_BASE + 19,
 *					struct vfio_dmabuf_mgr_request_mode)
 *
 * Ask the guest for a mode: the head's monitor becomes one that prefers it, and
 * the guest is told so. What it then does shows in the plane, or never does.
 *
 * argsz:	in: at least 24
 * flags:	0
 * head:	in: which head
 * width, height: in: pixels and lines; 0 and 0 unplug the monitor, any mode
 *		plugs it in again
 * refresh:	in: frames a second, 0 for the device's choice
 *
 * Return: 0 as soon as the device has the request, or
 *   -EFAULT  the pointer cannot be read
 *   -EINVAL  argsz too small, a flag set, no such head, or a mode that the
 *            device never has
 *   -ENODEV  the device is gone
 *   -EOPNOTSUPP the device takes no requests
 *   -EPERM   this file has dropped that right
 */
struct vfio_dmabuf_mgr_request_mode {
	__u32 argsz;
	__u32 flags;
	__u32 head;
	__u32 width;
	__u32 height;
	__u32 refresh;
};

#define VFIO_DMABUF_MGR_REQUEST_MODE _IO(VFIO_TYPE, VFIO_BASE + 19)

#endif /* _UAPI_LINUX_VFIO_DMABUF_MGR_H */
