/* SPDX-License-Identifier: MIT */
/*
 * libplanefd: look at the display planes of a virtual GPU and take one as a
 * dma-buf, through the manager fd of a VFIO device.
 *
 * Conventions. Every function that can fail returns zero or a count on
 * success and a negative errno on error. The library starts no thread, has no
 * global state, prints nothing, and never blocks but in planefd_wait() and,
 * where others have put fences on a buffer, in planefd_buffer_begin_access().
 * One struct planefd may be used by one thread at a time; several of them, also
 * of the same device, are independent. Every fd it makes is close-on-exec.
 *
 * Where a value comes from the kernel its meaning and unit are those of
 * <linux/vfio_dmabuf_mgr.h>.
 */
#ifndef PLANEFD_H
#define PLANEFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A connection to one device's planes: it owns one manager fd. */
struct planefd;

/** A plane's dma-buf, and what it showed when it was taken. */
struct planefd_buffer;

/** Plane types, numbered as DRM numbers them. */
enum planefd_plane_type {
	PLANEFD_OVERLAY = 0,
	PLANEFD_PRIMARY = 1,
	PLANEFD_CURSOR = 2,
};

/** Rights of a manager fd: may create writable buffers. */
#define PLANEFD_RIGHT_WRITABLE (1u << 0)
/** May ask the guest for a mode. Only where the device takes that. */
#define PLANEFD_RIGHT_MODE (1u << 1)

/** Tells of mode sets, flips, panning, moves, on and off. */
#define PLANEFD_CAP_FLIPS (1u << 0)
/** Tells what was drawn. */
#define PLANEFD_CAP_DAMAGE (1u << 1)
/** Tells a cursor's hot spot. */
#define PLANEFD_CAP_HOT_SPOT (1u << 2)
/** Takes planefd_request_mode(). */
#define PLANEFD_CAP_MODE (1u << 3)
/**
 * A plane that is on now is a copy that the device has made; otherwise every
 * plane is the memory that the guest draws into. Changes as the planes do.
 */
#define PLANEFD_CAP_COPIED (1u << 4)

/** Ask planefd_create() for a buffer that may be written. */
#define PLANEFD_CREATE_WRITABLE (1u << 0)

/** A hot spot that is not known. */
#define PLANEFD_UNKNOWN UINT32_MAX

/** What a device has, and what this connection may do. */
struct planefd_info {
	char device[64];    /* name of the device: a mediated device's UUID */
	uint32_t heads;     /* heads are numbered from 0 */
	uint32_t overlays;  /* planes of each type on every head */
	uint32_t primaries;
	uint32_t cursors;
	uint32_t caps;      /* PLANEFD_CAP_* */
	uint32_t rights;    /* PLANEFD_RIGHT_* */
};

/**
 * One plane as the guest shows it. When it is off all is zero but sequence and
 * time, and the hot spot unknown.
 */
struct planefd_plane {
	bool on;
	uint32_t format;    /* DRM fourcc */
	uint64_t modifier;  /* DRM modifier; linear is 0 */
	uint32_t width;     /* pixels */
	uint32_t height;    /* lines */
	uint32_t stride;    /* bytes from one line to the next */
	uint32_t size;      /* bytes of the dma-buf, whole pages */
	uint32_t offset;    /* byte of the dma-buf at which the first pixel is */
	uint64_t start;     /* guest-physical address of the first pixel */
	int32_t x, y;       /* where its upper left pixel sits on its head */
	uint32_t hot_x, hot_y; /* cursor hot spot, PLANEFD_UNKNOWN if not known */
	uint64_t sequence;  /* grows with every change */
	uint64_t buffer_id; /* equal only while pages and geometry are */
	uint64_t time_ns;   /* CLOCK_MONOTONIC of the last change */
	struct {
		uint32_t x, y, width, height;
	} damage;           /* since the last planefd_query() of this plane */
};

/** The id of a plane: its type, its index among those, and its head. */
uint32_t planefd_plane_id(enum planefd_plane_type type, uint32_t index,
			  uint32_t head);

/** The parts of a plane's id. */
enum planefd_plane_type planefd_id_type(uint32_t plane_id);
uint32_t planefd_id_index(uint32_t plane_id);
uint32_t planefd_id_head(uint32_t plane_id);

/**
 * The id of one of a device's planes, which are counted from 0: head by head,
 * and on each from the bottom to the top, primary planes, overlays, cursors.
 *
 *	for (n = 0; !planefd_plane_nth(&info, n, &plane_id); n++)
 *
 * -EINVAL: there are not so many.
 */
int planefd_plane_nth(const struct planefd_info *info, uint32_t n,
		      uint32_t *plane_id);

/**
 * Connect through a VFIO device fd. The fd stays the caller's, who may close
 * it afterwards.
 *
 * -ENOTTY: the device has no dma-buf manager. -EINVAL: it has mainline's
 * display ABI only. -ENODEV: it is being closed. -EUSERS: the device has as
 * many manager fds as it may have. -EMFILE, -ENFILE: too many fds, of the
 * caller or the machine. -ENOMEM.
 */
int planefd_open_device(int device_fd, struct planefd **out);

/**
 * Connect through a manager fd, got from VFIO_DEVICE_GET_FD or handed over by
 * a broker. On success the fd is the connection's and is closed with it; on
 * error it stays the caller's.
 *
 * -ENOTTY: not a manager fd. -EBADF: not a fd. -ENODEV: its device is gone.
 * -ENOMEM.
 */
int planefd_open_manager(int manager_fd, struct planefd **out);

/**
 * Connect to a display of a running VMM that knows nothing of planefd: its
 * open fds are looked through for VFIO devices, each is asked for a manager
 * fd, and the device fd is closed again at once. Needs the permission to
 * ptrace the process (pidfd_getfd(2)).
 *
 * device: name of the device (an mdev UUID), or NULL for the only one.
 *
 * -ESRCH: no such process. -EPERM: not allowed. -ENODEV: it has no VFIO
 * device open, or none of that name. -ENOTTY: it has VFIO devices, but none
 * with a dma-buf manager (the module is not loaded, or not a display).
 * -ENOTUNIQ: it has several displays and device is NULL. -EUSERS: the display
 * that is meant has as many manager fds as it may have, or it was not found
 * and a display that has may be the one: the name of such a display cannot
 * always be told. -ENOSYS: the kernel has no pidfd_getfd (before 5.6). -EMFILE,
 * -ENFILE: too many fds, of the caller or the machine. -ENOMEM.
 */
int planefd_open_process(pid_t pid, const char *device, struct planefd **out);

/**
 * Connect to every display of a running VMM that gives a connection. *out is an
 * array of that many connections, to be freed with free() after each was closed
 * with planefd_close(); NULL where there are none.
 *
 * Returns how many, or the errors of planefd_open_process() but -ENOTUNIQ.
 * -EUSERS: none of its displays gives a connection.
 */
int planefd_open_process_all(pid_t pid, struct planefd ***out);

/** One display of a running VMM. */
struct planefd_found {
	struct planefd *planefd; /* the connection; NULL: error says why */
	int error;       /* 0, or -EUSERS: it has as many as it may have */
	int fd;          /* the device's fd in the VMM */
	char device[64]; /* its name; "" where that cannot be told */
};

/**
 * The same, with the displays that give no connection. *out is an array, to be
 * freed with free() after each connection in it was closed with
 * planefd_close(); NULL where there are none.
 *
 * A display without a connection is named where the VMM has it open through
 * /dev/vfio/devices, or through the only VFIO group whose device is not named
 * otherwise.
 *
 * Returns how many, at least 1, or the errors of planefd_open_process() but
 * -ENOTUNIQ and -EUSERS.
 */
int planefd_search_process(pid_t pid, struct planefd_found **out);

/** Close a connection. Buffers taken through it stay valid. NULL is fine. */
void planefd_close(struct planefd *planefd);

/**
 * The manager fd, to be watched in the caller's event loop: readable (EPOLLIN)
 * while any plane of any head has a change not yet queried, EPOLLHUP when the
 * device is gone. So query every plane after each wake, or watch it
 * edge-triggered (EPOLLET). It belongs to the connection: do not close it.
 */
int planefd_fd(const struct planefd *planefd);

/** What the device has. -ENODEV: the device is gone. */
int planefd_get_info(struct planefd *planefd, struct planefd_info *info);

/**
 * Look at a plane. Touches no pixel and allocates nothing. A plane that is
 * off is no error: plane->on is false.
 *
 * -EINVAL: the device never has such a plane. -EIO: its driver answered
 * nonsense. -ENODEV: the device is gone.
 */
int planefd_query(struct planefd *planefd, uint32_t plane_id,
		  struct planefd_plane *plane);

/**
 * Take a plane as a dma-buf, without copying a pixel. flags is 0 or
 * PLANEFD_CREATE_WRITABLE. What planefd_buffer_plane() tells describes exactly
 * this buffer: nothing can change between the look and the taking.
 *
 * -EINVAL: the device never has such a plane, or an unknown flag. -ENOENT: the
 * plane is off. -EPERM: writable, and that right was dropped. -EIO: the
 * device's driver answered nonsense. -ENODEV: the device is gone. -EMFILE,
 * -ENFILE, -ENOSPC: too many fds of the caller, of the machine, or buffers of
 * this device. -ENOMEM.
 */
int planefd_create(struct planefd *planefd, uint32_t plane_id, uint32_t flags,
		   struct planefd_buffer **out);

/**
 * Sleep until any plane of any head has a change that was not yet queried.
 * timeout_ms is milliseconds, -1 for ever, 0 to only look. Query every plane
 * before the next wait: while one has a change that is not queried, waits end at
 * once.
 *
 * Returns 1 when there is a change, 0 when the time is over. -ENODEV: the
 * device is gone. -EINTR: a signal came.
 */
int planefd_wait(struct planefd *planefd, int timeout_ms);

/**
 * Ask the guest for a mode: the head's monitor becomes one that prefers it. 0
 * and 0 unplug the monitor, any mode plugs it in again. refresh is frames a
 * second, 0 for the device's choice. Does not wait for the guest: whether it
 * follows shows in the plane.
 *
 * -EINVAL: no such head, or a mode that the device never has. -EOPNOTSUPP: the
 * device takes no requests. -ENOTTY: the kernel's manager does not know them.
 * -EPERM: that right was dropped. -ENODEV: the device is gone.
 */
int planefd_request_mode(struct planefd *planefd, uint32_t head, uint32_t width,
			 uint32_t height, uint32_t refresh);

/**
 * Give up rights (PLANEFD_RIGHT_*), for good and for everyone who holds the
 * same manager file. -EINVAL: an unknown right. -ENODEV: the device is gone.
 */
int planefd_drop_rights(struct planefd *planefd, uint32_t rights);

/**
 * What the buffer shows. Set in it are on, format, modifier, width, height,
 * stride, size, offset, start, x and y; the rest is zero (hot spot unknown).
 * Valid until planefd_buffer_destroy().
 */
const struct planefd_plane *
planefd_buffer_plane(const struct planefd_buffer *buffer);

/** The dma-buf's fd. It belongs to the buffer: dup() it to keep it. */
int planefd_buffer_fd(const struct planefd_buffer *buffer);

/**
 * Map the buffer to read its pixels, or to write them as well if it was
 * created writable. *pixels is the first pixel; lines follow each other by
 * the plane's stride. Mapping again gives the same address.
 *
 * Bracket each access with planefd_buffer_begin_access() and _end_access().
 * What is a guest's own memory it or its VMM can take back: who touches it then
 * finds an empty page or has a SIGBUS.
 *
 * -ENODEV: it was taken back before. -ENOMEM.
 */
int planefd_buffer_map(struct planefd_buffer *buffer, void **pixels);

/** Unmap it. No error if it is not mapped. */
void planefd_buffer_unmap(struct planefd_buffer *buffer);

/**
 * Begin and end a CPU access (DMA_BUF_IOCTL_SYNC): to read, and with write
 * also to write. To begin one waits for the fences that others have put on the
 * buffer. -EINVAL: write, and the buffer is read-only. -EINTR, to begin one: a
 * signal came, and no access is begun; call it again to wait on. To end one
 * waits for nothing.
 */
int planefd_buffer_begin_access(struct planefd_buffer *buffer, bool write);
int planefd_buffer_end_access(struct planefd_buffer *buffer, bool write);

/** Unmap and close a buffer. NULL is fine. */
void planefd_buffer_destroy(struct planefd_buffer *buffer);

#ifdef __cplusplus
}
#endif

#endif /* PLANEFD_H */
