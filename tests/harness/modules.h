/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking the kernel modules out and putting them back.
 */
#ifndef TESTS_HARNESS_MODULES_H
#define TESTS_HARNESS_MODULES_H

#include <stdbool.h>

/* From the one that uses to the one that is used */
#define MODULE_BOCHS "vfio_bochs"
#define MODULE_VIRTIO_GPU "vfio_virtio_gpu"
#define MODULE_VDEV "vfio_vdev"
#define MODULE_MGR "vfio_dmabuf_mgr"
/* Beside vfio_bochs, and only in tests */
#define MODULE_DISPLAY "vfio_test_display"

/* Load one of ours, if it is not, without what it needs */
void module_load(const char *name);

/* delete_module(2), which does not wait: 0, or -1 and errno */
int module_remove(const char *name);

bool module_loaded(const char *name);

/* How many use it, other than modules; 0 where it is not loaded */
long module_users(const char *name);

/*
 * Load all of them. Called after a test too, so that the next one finds them
 * whatever became of this one.
 */
void modules_load(void);

#endif /* TESTS_HARNESS_MODULES_H */
