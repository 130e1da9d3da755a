// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is scanned out: which pages, in which geometry, and the id of the two
 * together.
 *
 * Two scanouts that have the same id are equal. Those that are equal have the
 * same id as long as that is known: while a dma-buf of it lives that the manager
 * has not dropped, and for the last that anyone asked about, as many as there are
 * planes and MGR_RECENT more; it is never given twice. So a device of many planes
 * keeps the ids of all that it shows, a guest that flips between two buffers
 * alternates between two ids, and one that makes up a thousand modes costs a fixed
 * table.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "mgr.h"

void scanout_of_plane(struct scanout *scanout,
		      const struct vfio_dmabuf_plane *plane)
{
	*scanout = (struct scanout) {
		.mem = plane->mem,
		.backing = plane->mem ? 0 : plane->backing,
		.offset = plane->offset,
		.modifier = plane->modifier,
		.format = plane->format,
		.width = plane->width,
		.height = plane->height,
		.stride = plane->stride,
	};
}

/* In all but the id */
bool scanout_equal(const struct scanout *a, const struct scanout *b)
{
	return a->mem == b->mem && a->backing == b->backing &&
	       a->offset == b->offset && a->modifier == b->modifier &&
	       a->format == b->format && a->width == b->width &&
	       a->height == b->height && a->stride == b->stride;
}

/* Does it show @mem, or else @backing? With neither named, any does. */
bool scanout_is_over(const struct scanout *scanout,
		     const struct vfio_dmabuf_mem *mem, u64 backing)
{
	if (!mem && !backing)
		return true;
	return scanout->mem == mem && (mem || scanout->backing == backing);
}

u64 scanout_size(const struct scanout *scanout)
{
	return plane_dmabuf_size(scanout->mem, scanout->offset,
				 scanout->stride, scanout->height);
}

/* The entry that holds @scanout, or else the one to give up for it. */
static struct recent_scanout *recent_slot(struct vfio_dmabuf_mgr *mgr,
					  const struct scanout *scanout)
{
	struct recent_scanout *oldest = mgr->recent;
	unsigned int i;

	for (i = 0; i < mgr->nr_recent; i++) {
		if (scanout_equal(&mgr->recent[i].scanout, scanout))
			return &mgr->recent[i];
		if (mgr->recent[i].used < oldest->used)
			oldest = &mgr->recent[i];
	}
	return oldest;
}

static u64 exported_id(const struct vfio_dmabuf_mgr *mgr,
		       const struct scanout *scanout)
{
	const struct exported *exported;

	list_for_each_entry(exported, &mgr->exported, link) {
		if (scanout_equal(&exported->scanout, scanout))
			return exported->scanout.id;
	}
	return 0;
}

/* The id of what a plane shows: an old one if it is known, or the next. */
u64 scanout_id(struct vfio_dmabuf_mgr *mgr,
	       const struct vfio_dmabuf_plane *plane)
{
	struct recent_scanout *recent;
	struct scanout scanout;

	lockdep_assert_held(&mgr->lock);

	scanout_of_plane(&scanout, plane);
	recent = recent_slot(mgr, &scanout);
	recent->used = ++mgr->clock;
	if (scanout_equal(&recent->scanout, &scanout))
		return recent->scanout.id;

	scanout.id = exported_id(mgr, &scanout);
	/* Mainline's ids are the lower half, of which 0 is none */
	while (!lower_32_bits(scanout.id))
		scanout.id = ++mgr->last_id;

	if (scanout.mem)
		vfio_dmabuf_mem_get(scanout.mem);
	if (recent->scanout.mem)
		vfio_dmabuf_mem_put(recent->scanout.mem);
	recent->scanout = scanout;
	return scanout.id;
}

/* The scanout with mainline's 32-bit id; its mem is lent under mgr->lock. */
bool scanout_find(struct vfio_dmabuf_mgr *mgr, u32 id, struct scanout *found)
{
	const struct exported *exported;
	unsigned int i;

	lockdep_assert_held(&mgr->lock);

	for (i = 0; i < mgr->nr_recent; i++) {
		if (mgr->recent[i].scanout.id &&
		    lower_32_bits(mgr->recent[i].scanout.id) == id) {
			*found = mgr->recent[i].scanout;
			return true;
		}
	}
	list_for_each_entry(exported, &mgr->exported, link) {
		if (lower_32_bits(exported->scanout.id) == id) {
			*found = exported->scanout;
			return true;
		}
	}
	return false;
}

/* Forget the recent scanouts over @mem or @backing, all with neither. */
void scanout_forget(struct vfio_dmabuf_mgr *mgr,
		    const struct vfio_dmabuf_mem *mem, u64 backing)
{
	struct recent_scanout *recent;
	unsigned int i;

	lockdep_assert_held(&mgr->lock);

	for (i = 0; i < mgr->nr_recent; i++) {
		recent = &mgr->recent[i];
		if (!scanout_is_over(&recent->scanout, mem, backing))
			continue;
		if (recent->scanout.mem)
			vfio_dmabuf_mem_put(recent->scanout.mem);
		memset(recent, 0, sizeof(*recent));
	}
}
