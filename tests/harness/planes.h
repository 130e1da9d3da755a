/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a viewer does with a manager fd: the ioctls, filled in. Those that
 * return a status do so as ioctl() does; *_ok() end the test if they fail.
 */
#ifndef TESTS_HARNESS_PLANES_H
#define TESTS_HARNESS_PLANES_H

#include "bochs.h"

#include <linux/vfio_dmabuf_mgr.h>
#include <stddef.h>
#include <stdint.h>

#define PRIMARY VFIO_DMABUF_MGR_PLANE_ID(VFIO_DMABUF_MGR_PLANE_PRIMARY, 0, 0)

#define QUERY_MINSZ                                                            \
	(offsetof(struct vfio_dmabuf_mgr_query_plane, plane_id) +              \
	 sizeof(uint32_t))

/* QUERY's answer with its extension, at the same place on 32 and 64 bit */
union plane_query {
	struct vfio_dmabuf_mgr_query_plane base;
	struct {
		unsigned char head[VFIO_DMABUF_MGR_QUERY_EXT_OFFSET];
		struct vfio_dmabuf_mgr_query_plane_ext ext;
	};
};

int plane_query(int manager, uint32_t plane_id, union plane_query *query);
void plane_query_ok(int manager, union plane_query *query);

int plane_create(int manager, uint32_t plane_id, uint32_t flags,
		 struct vfio_dmabuf_mgr_create_dmabuf *create);

/* Export the primary plane; returns the dma-buf, info may be NULL */
int plane_create_ok(int manager, uint32_t flags,
		    struct vfio_dmabuf_mgr_plane_info *info);

/* The same by mainline's ABI, as a VMM asks; the dma-buf, or -1 and errno */
int plane_get(const struct device *device);

/* The current buffer_id of the primary plane */
uint64_t plane_buffer_id(int manager);

/* Map a dma-buf whole; the mapping's size is info's */
void *plane_map(int dmabuf, const struct vfio_dmabuf_mgr_plane_info *info,
		int prot);

/* The first pixel in a dma-buf's mapping */
static inline unsigned char *
plane_pixels(void *map, const struct vfio_dmabuf_mgr_plane_info *info)
{
	return (unsigned char *)map + info->start % 4096;
}

/* Bracket an access by the CPU; flags are DMA_BUF_SYNC_* */
int dmabuf_sync(int dmabuf, uint64_t flags);

/* The inode tells whether two fds are of the same dma-buf */
uint64_t dmabuf_inode(int dmabuf);

/* Check that info is what this mode means, with BAR0 at base */
void plane_check(const struct vfio_dmabuf_mgr_plane_info *info,
		 const struct bochs_mode *mode, uint64_t base);

#endif /* TESTS_HARNESS_PLANES_H */
