/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that is played by the test: it gives answers that a good device does
 * not give, or not at will. A memfd plays a file of the kernel, and its name
 * says which.
 */
#ifndef TESTS_LIB_PLAYED_H
#define TESTS_LIB_PLAYED_H

#include <linux/vfio_dmabuf_mgr.h>

#define PLAYED_CDEV "2f0e6c9a-31d5-4f0e-9b1c-6f7f6a4b7c55"

/* The next ioctls are interrupted by a signal this often */
extern int interruptions;

/* What REQUEST_MODE was given last */
extern struct vfio_dmabuf_mgr_request_mode requested;

/*
 * This process gets a VFIO device; its first letter is its name. Some names are
 * of devices that give no manager: notty, mainline, closing, full, short; and
 * full-cdev, which is full and a character device, of PLAYED_CDEV in sysfs.
 */
int add_device(const char *how);

#endif /* TESTS_LIB_PLAYED_H */
