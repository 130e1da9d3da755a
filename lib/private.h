/* SPDX-License-Identifier: MIT */
/*
 * What the library's files share with each other and with nobody else.
 *
 * The library is built with hidden visibility: only what planefd.h declares
 * leaves it, and of that only what libplanefd.map lists. An archive hides
 * nothing from the program that it is linked into, so what is shared here is
 * named planefd_private_*.
 */
#ifndef PLANEFD_PRIVATE_H
#define PLANEFD_PRIVATE_H

#pragma GCC visibility push(default)
#include <planefd.h>
#pragma GCC visibility pop

#include <dirent.h>
#include <linux/vfio_dmabuf_mgr.h>

#define PLANEFD_NAME_SIZE sizeof(((struct planefd_info *)0)->device)

struct planefd {
	int fd; /* the manager fd, owned */
	/* GET_INFO's name of the device, kept to tell connections apart */
	char device[64];
};

/* ioctl() that starts again after a signal; zero or more, or -errno */
int planefd_private_ioctl(int fd, unsigned long request, void *arg);

/*
 * Take over the geometry and the place of a plane; the rest of *plane becomes
 * zero, the hot spot unknown.
 */
void planefd_private_plane(struct planefd_plane *plane,
		       const struct vfio_dmabuf_mgr_plane_info *info);

/* The device of a VFIO character device; "" where fd is none */
void planefd_private_cdev_name(int fd, char name[PLANEFD_NAME_SIZE]);

/*
 * The one device that is in a VFIO group of the process and not among those
 * found. False: there is none, or there are several. fds is the process's
 * directory of fds.
 */
bool planefd_private_group_name(DIR *fds, const struct planefd_found *found,
				int count, char name[PLANEFD_NAME_SIZE]);

#endif /* PLANEFD_PRIVATE_H */
