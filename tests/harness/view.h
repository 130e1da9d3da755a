/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a viewer can tell of an answer to be right whatever the guest does at
 * the same time: the plane it tells of holds together, a dma-buf is as large as
 * its plane_info says and begins where that says, and one buffer_id is one
 * geometry.
 *
 * To tell where a dma-buf begins the memory that planes are shown from is
 * marked: each 32 bit word of it says where it is. Whoever writes to it writes
 * the same marks, or leaves zeros.
 */
#ifndef TESTS_HARNESS_VIEW_H
#define TESTS_HARNESS_VIEW_H

#include "planes.h"

#include <stdbool.h>

/* What all addresses of planes are a multiple of, but for their offset */
#define VIEW_MEMORY (16 * MIB)

/* The mark at this byte of the memory, a multiple of 4; never 0 */
uint32_t mark_at(uint64_t offset);

/* The inverse */
uint64_t mark_place(uint32_t mark);

/* size bytes at data are, or become, the memory from offset on */
void marks_write(void *data, uint64_t offset, size_t size);
void marks_check(const void *data, uint64_t offset, size_t size, bool or_zero);

/*
 * Forget which buffer_id is which geometry. All processes forked after the
 * first call share that knowledge, so call it before, and again when there is
 * another manager.
 */
void view_new_ids(void);

/* Where in the memory the first pixel is */
static inline uint64_t
view_offset(const struct vfio_dmabuf_mgr_plane_info *info)
{
	return info->start % VIEW_MEMORY;
}

/* It holds together; returns whether the plane is on */
bool view_check_info(const struct vfio_dmabuf_mgr_plane_info *info);

/*
 * QUERY, with the extension, and check the answer: 0, or -1 and errno. sequence
 * is what the last query of this fd said, by this thread alone.
 */
int view_query(int manager, uint32_t plane_id, uint64_t *sequence);

/*
 * CREATE and check that the answer describes the dma-buf: 0, or -1 and errno,
 * which can be ENOENT for a plane that is off.
 */
int view_create(int manager, uint32_t plane_id, uint32_t flags,
		struct vfio_dmabuf_mgr_create_dmabuf *create);

/*
 * Map it and check the marks of its first, its last and another page; write
 * them, too, where it is writable.
 */
void view_pixels(const struct vfio_dmabuf_mgr_create_dmabuf *create,
		 uint64_t *seed, bool or_zero);

#endif /* TESTS_HARNESS_VIEW_H */
