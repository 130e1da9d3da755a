/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The little of DRM's user-space ABI that an importer of dma-bufs needs. Here
 * because Debian's kernel headers leave DRM's to libdrm-dev, of which the
 * tests need nothing else.
 */
#ifndef TESTS_HARNESS_GEM_H
#define TESTS_HARNESS_GEM_H

#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct gem_version {
	int major;
	int minor;
	int patch;
	size_t name_length;
	char *name;
	size_t date_length;
	char *date;
	size_t description_length;
	char *description;
};

struct gem_handle {
	__u32 handle;
	__u32 pad;
};

struct gem_prime {
	__u32 handle;
	__u32 flags;
	__s32 fd;
};

struct gem_map_dumb {
	__u32 handle;
	__u32 pad;
	__u64 offset;
};

struct gem_create_dumb {
	__u32 height;
	__u32 width;
	__u32 bpp;
	__u32 flags;
	__u32 handle;
	__u32 pitch;
	__u64 size;
};

struct gem_destroy_dumb {
	__u32 handle;
};

struct gem_attach_fence {
	__u32 handle;
	__u32 flags;
	__u32 fence;
	__u32 pad;
};

/* The fence is one of a writer's */
#define GEM_FENCE_WRITE 1

#define GEM_VERSION _IOWR('d', 0x00, struct gem_version)
#define GEM_CLOSE _IOW('d', 0x09, struct gem_handle)
#define GEM_PRIME_HANDLE_TO_FD _IOWR('d', 0x2d, struct gem_prime)
#define GEM_PRIME_FD_TO_HANDLE _IOWR('d', 0x2e, struct gem_prime)
#define GEM_CREATE_DUMB _IOWR('d', 0xb2, struct gem_create_dumb)
#define GEM_DESTROY_DUMB _IOWR('d', 0xb4, struct gem_destroy_dumb)
#define GEM_MAP_DUMB _IOWR('d', 0xb3, struct gem_map_dumb)
#define GEM_ATTACH_FENCE _IOWR('d', 0x41, struct gem_attach_fence)

/* A new file of vgem's, the GEM driver that imports dma-bufs */
int gem_open(void);

/* Import a dma-buf; the handle keeps it */
uint32_t gem_import(int card, int dmabuf);

/* The dma-buf of a handle: for an imported one, the one that was imported */
int gem_export(int card, uint32_t handle);

/* Attach a writer's fence to the object, which signals after ten seconds */
void gem_attach_fence(int card, uint32_t handle);

void gem_close(int card, uint32_t handle);

/*
 * Where in the card's file the next object of so many bytes, whole pages, will
 * be. GEM tells nobody where an imported object is, but gives it the place that
 * a buffer of the same size has just left.
 */
off_t gem_next_place(int card, size_t size);

#endif /* TESTS_HARNESS_GEM_H */
