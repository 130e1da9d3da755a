/* SPDX-License-Identifier: MIT */
/*
 * What the library's files share with each other and with nobody else.
 *
 * The library is built with hidden visibility: only what planefd.h declares
 * leaves it, and of that only what libplanefd.map lists.
 */
#ifndef PLANEFD_PRIVATE_H
#define PLANEFD_PRIVATE_H

#pragma GCC visibility push(default)
#include <planefd.h>
#pragma GCC visibility pop

#include <linux/vfio_dmabuf_mgr.h>

struct planefd {
	int fd; /* the manager fd, owned */
	/* GET_INFO's name of the device, kept to tell connections apart */
	char device[64];
};

/* ioctl() that starts again after a signal; zero or more, or -errno */
int plane_ioctl(int fd, unsigned long request, void *arg);

/*
 * Take over the geometry and the place of a plane; the rest of *plane becomes
 * zero, the hot spot unknown.
 */
void plane_from_kernel(struct planefd_plane *plane,
		       const struct vfio_dmabuf_mgr_plane_info *info);

#endif /* PLANEFD_PRIVATE_H */
