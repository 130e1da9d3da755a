// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the heads show: the commands that set it, and the planes that viewers
 * see.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "virtio_gpu.h"

/* What a blob's picture may have from line to line, twice what it needs */
#define MAX_STRIDE	(2 * VGPU_MAX_SIZE * VGPU_CPP)

static u32 plane_id(u32 head, enum vgpu_plane_nr nr)
{
	return VFIO_DMABUF_MGR_PLANE_ID(nr == VGPU_PRIMARY_PLANE ?
					VFIO_DMABUF_MGR_PLANE_PRIMARY :
					VFIO_DMABUF_MGR_PLANE_CURSOR, 0, head);
}

/* -------- Planes -------- */

static u64 byte_at(const struct vgpu_scanout *scanout, u32 x, u32 y)
{
	return scanout->offset + (u64)y * scanout->stride + (u64)x * VGPU_CPP;
}

/* The address of the first pixel, for those who take 0 for no plane */
static u64 start_of(const struct vgpu_backing *backing, u64 offset)
{
	u64 start = backing->whole_pages ?
		vgpu_backing_address(backing, offset) : 0;

	return start ?: VFIO_DMABUF_NO_ADDRESS + offset;
}

static void describe(const struct vgpu_scanout *scanout, u32 nr,
		     struct vfio_dmabuf_mem *mem, struct vgpu_plane *shown)
{
	const struct vgpu_backing *backing = scanout->resource->backing;
	struct vfio_dmabuf_plane *plane = &shown->plane;

	shown->shown = true;
	plane->mem = mem;
	plane->copied = !backing->whole_pages;
	plane->offset = byte_at(scanout, scanout->rect.x, scanout->rect.y);
	plane->start = start_of(backing, plane->offset);
	plane->format = scanout->fourcc;
	plane->width = scanout->rect.width;
	plane->height = scanout->rect.height;
	plane->stride = scanout->stride;
	plane->hot_x = VFIO_DMABUF_MGR_UNKNOWN;
	plane->hot_y = VFIO_DMABUF_MGR_UNKNOWN;
	if (nr != VGPU_CURSOR_PLANE)
		return;
	plane->x = scanout->x;
	plane->y = scanout->y;
	plane->hot_x = scanout->hot_x;
	plane->hot_y = scanout->hot_y;
}

/* Let viewers see what a head shows now. */
static void publish(struct vgpu *vgpu, u32 head, enum vgpu_plane_nr nr)
{
	const struct vgpu_scanout *scanout = &vgpu->scanouts[head][nr];
	const struct vgpu_resource *resource = scanout->resource;
	struct vgpu_plane *plane = &vgpu->planes[head][nr];
	struct vfio_dmabuf_mem *mem = NULL;
	struct vgpu_plane next;

	memset(&next, 0, sizeof(next));
	mutex_lock(&vgpu->pin_lock);
	if (resource && resource->backing && !scanout->hidden)
		mem = vgpu_backing_mem(resource->backing);
	if (mem)
		describe(scanout, nr, mem, &next);
	mutex_lock(&vgpu->vdev.lock);
	if (plane->shown || next.shown) {
		*plane = next;
		vfio_dmabuf_mgr_changed(vgpu->mgr, plane_id(head, nr), NULL);
	}
	mutex_unlock(&vgpu->vdev.lock);
	mutex_unlock(&vgpu->pin_lock);
}

/* Whatever shows @mem shows nothing: it is about to be taken away. */
void vgpu_planes_hide(struct vgpu *vgpu, const struct vfio_dmabuf_mem *mem)
{
	struct vgpu_plane *plane;
	u32 head, nr;

	mutex_lock(&vgpu->vdev.lock);
	for (head = 0; head < vgpu->type->heads; head++) {
		for (nr = 0; nr < VGPU_NR_PLANES; nr++) {
			plane = &vgpu->planes[head][nr];
			if (plane->plane.mem != mem)
				continue;
			memset(plane, 0, sizeof(*plane));
			vfio_dmabuf_mgr_changed(vgpu->mgr, plane_id(head, nr),
						NULL);
		}
	}
	mutex_unlock(&vgpu->vdev.lock);
}

/* struct vfio_dmabuf_mgr_ops.get_plane */
int vgpu_get_plane(void *priv, u32 plane_id, struct vfio_dmabuf_plane *plane)
{
	struct vgpu *vgpu = priv;
	const struct vgpu_plane *shown;
	u32 head = array_index_nospec(vfio_dmabuf_plane_head(plane_id),
				      VGPU_MAX_HEADS);
	u32 nr = vfio_dmabuf_plane_type(plane_id) ==
		 VFIO_DMABUF_MGR_PLANE_PRIMARY ?
		 VGPU_PRIMARY_PLANE : VGPU_CURSOR_PLANE;
	int ret = -ENOENT;

	shown = &vgpu->planes[head][nr];
	mutex_lock(&vgpu->vdev.lock);
	if (shown->shown) {
		*plane = shown->plane;
		ret = 0;
	}
	mutex_unlock(&vgpu->vdev.lock);
	return ret;
}

/* -------- Scanouts -------- */

/*
 * Copy a rectangle of what a scanout shows to where the plane is, if it shows a
 * blob and its plane is a copy. Other resources are copied where the guest
 * transfers them; blobs it only flushes.
 */
static int copy_rect(struct vgpu *vgpu, const struct vgpu_scanout *scanout,
		     const struct vgpu_rect *rect)
{
	const struct vgpu_resource *resource = scanout->resource;

	if (!resource->blob || resource->backing->whole_pages)
		return 0;
	return vgpu_backing_copy_rect(vgpu, resource->backing,
				      byte_at(scanout, rect->x, rect->y),
				      (u64)rect->width * VGPU_CPP,
				      scanout->stride, rect->height);
}

/* Has an unmap taken its memory? */
static bool is_lost(struct vgpu *vgpu, struct vgpu_resource *resource)
{
	bool lost;

	mutex_lock(&vgpu->pin_lock);
	lost = resource->backing && !vgpu_backing_mem(resource->backing);
	mutex_unlock(&vgpu->pin_lock);
	return lost;
}

/* Have that memory again, and whatever showed it show it again. */
static int revive(struct vgpu *vgpu, struct vgpu_resource *resource)
{
	int ret;

	if (!is_lost(vgpu, resource))
		return 0;
	ret = vgpu_backing_revive(vgpu, resource->backing);
	if (!ret)
		vgpu_scanouts_update(vgpu, resource);
	return ret;
}

/* All that is shown; false where some of it is still away. */
bool vgpu_scanouts_revive(struct vgpu *vgpu)
{
	struct vgpu_resource *resource;
	bool all = true;
	u32 head, nr;

	for (head = 0; head < vgpu->type->heads; head++) {
		for (nr = 0; nr < VGPU_NR_PLANES; nr++) {
			resource = vgpu->scanouts[head][nr].resource;
			if (resource && revive(vgpu, resource))
				all = false;
		}
	}
	return all;
}

/* Have what a scanout shows be there, as the guest has drawn it. */
static int prepare(struct vgpu *vgpu, const struct vgpu_scanout *scanout)
{
	int ret;

	/* Nothing to show until there is memory */
	if (!scanout->resource->backing)
		return 0;
	ret = revive(vgpu, scanout->resource);
	return ret ?: copy_rect(vgpu, scanout, &scanout->rect);
}

/* Show something, or return a negative errno and show what was shown before. */
int vgpu_scanout_show(struct vgpu *vgpu, u32 head, enum vgpu_plane_nr nr,
		      const struct vgpu_scanout *scanout)
{
	int ret;

	ret = prepare(vgpu, scanout);
	if (ret)
		return ret;
	vgpu->scanouts[head][nr] = *scanout;
	publish(vgpu, head, nr);
	return 0;
}

/* The same thing as before, elsewhere on the head or out of sight */
int vgpu_scanout_move(struct vgpu *vgpu, u32 head, enum vgpu_plane_nr nr,
		      s32 x, s32 y, bool hidden)
{
	struct vgpu_scanout *scanout = &vgpu->scanouts[head][nr];
	bool same = scanout->x == x && scanout->y == y &&
		    scanout->hidden == hidden;

	scanout->x = x;
	scanout->y = y;
	scanout->hidden = hidden;
	/* Drivers send no more than this while the picture stays */
	if (scanout->resource && is_lost(vgpu, scanout->resource))
		return revive(vgpu, scanout->resource) == -EINTR ? -EINTR : 0;
	if (!same)
		publish(vgpu, head, nr);
	return 0;
}

void vgpu_scanout_off(struct vgpu *vgpu, u32 head, enum vgpu_plane_nr nr)
{
	memset(&vgpu->scanouts[head][nr], 0, sizeof(vgpu->scanouts[head][nr]));
	publish(vgpu, head, nr);
}

/* A resource has got or lost its memory. */
void vgpu_scanouts_update(struct vgpu *vgpu,
			  const struct vgpu_resource *resource)
{
	u32 head, nr;

	for (head = 0; head < vgpu->type->heads; head++) {
		for (nr = 0; nr < VGPU_NR_PLANES; nr++) {
			if (vgpu->scanouts[head][nr].resource == resource)
				publish(vgpu, head, nr);
		}
	}
}

/* A resource goes. */
void vgpu_scanouts_drop(struct vgpu *vgpu,
			const struct vgpu_resource *resource)
{
	u32 head, nr;

	for (head = 0; head < vgpu->type->heads; head++)
		for (nr = 0; nr < VGPU_NR_PLANES; nr++)
			if (vgpu->scanouts[head][nr].resource == resource)
				vgpu_scanout_off(vgpu, head, nr);
}

/* -------- Commands -------- */

static struct vgpu_rect rect_of(const struct virtio_gpu_rect *rect)
{
	return (struct vgpu_rect) {
		.x = le32_to_cpu(rect->x),
		.y = le32_to_cpu(rect->y),
		.width = le32_to_cpu(rect->width),
		.height = le32_to_cpu(rect->height),
	};
}

static bool rect_is_within(const struct vgpu_rect *rect, u32 width, u32 height)
{
	return (u64)rect->x + rect->width <= width &&
	       (u64)rect->y + rect->height <= height;
}

static u32 show_on_head(struct vgpu *vgpu, u32 head,
			const struct vgpu_scanout *scanout)
{
	return vgpu_answer_of(vgpu_scanout_show(vgpu, head, VGPU_PRIMARY_PLANE,
						scanout));
}

/* VIRTIO_GPU_CMD_SET_SCANOUT */
u32 vgpu_scanout_set(struct vgpu *vgpu)
{
	const struct virtio_gpu_set_scanout *command =
		&vgpu->command.set_scanout;
	struct vgpu_scanout scanout = { .rect = rect_of(&command->r) };
	u32 head = le32_to_cpu(command->scanout_id);
	u32 id = le32_to_cpu(command->resource_id);
	struct vgpu_resource *resource;

	if (head >= vgpu->type->heads)
		return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
	head = array_index_nospec(head, VGPU_MAX_HEADS);
	if (!id) {
		vgpu_scanout_off(vgpu, head, VGPU_PRIMARY_PLANE);
		return VIRTIO_GPU_RESP_OK_NODATA;
	}
	resource = vgpu_resource_find(vgpu, id);
	if (!resource)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (resource->blob || !scanout.rect.width || !scanout.rect.height ||
	    !rect_is_within(&scanout.rect, resource->width, resource->height))
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	scanout.resource = resource;
	scanout.fourcc = resource->fourcc;
	scanout.stride = resource->width * VGPU_CPP;
	return show_on_head(vgpu, head, &scanout);
}

/* Does a picture in a blob hold together, and what is shown of it? */
static bool blob_scanout_is_sound(const struct vgpu_scanout *scanout,
				  u32 width, u32 height)
{
	/* No term has more than 33 bits, so no product or sum overflows */
	return scanout->fourcc && scanout->rect.width &&
	       scanout->rect.height && width <= VGPU_MAX_SIZE &&
	       height <= VGPU_MAX_SIZE &&
	       rect_is_within(&scanout->rect, width, height) &&
	       scanout->stride >= width * VGPU_CPP &&
	       scanout->stride <= MAX_STRIDE &&
	       IS_ALIGNED(scanout->stride, VGPU_CPP) &&
	       IS_ALIGNED(scanout->offset, VGPU_CPP) &&
	       byte_at(scanout, width, height - 1) <= scanout->resource->size;
}

/* VIRTIO_GPU_CMD_SET_SCANOUT_BLOB */
u32 vgpu_scanout_set_blob(struct vgpu *vgpu)
{
	const struct virtio_gpu_set_scanout_blob *command =
		&vgpu->command.set_scanout_blob;
	struct vgpu_scanout scanout = {
		.rect = rect_of(&command->r),
		.offset = le32_to_cpu(command->offsets[0]),
		.stride = le32_to_cpu(command->strides[0]),
		.fourcc = vgpu_fourcc(le32_to_cpu(command->format)),
	};
	u32 head = le32_to_cpu(command->scanout_id);
	u32 id = le32_to_cpu(command->resource_id);

	if (head >= vgpu->type->heads)
		return VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID;
	head = array_index_nospec(head, VGPU_MAX_HEADS);
	if (!id) {
		vgpu_scanout_off(vgpu, head, VGPU_PRIMARY_PLANE);
		return VIRTIO_GPU_RESP_OK_NODATA;
	}
	scanout.resource = vgpu_resource_find(vgpu, id);
	if (!scanout.resource)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (!scanout.resource->blob ||
	    !blob_scanout_is_sound(&scanout, le32_to_cpu(command->width),
				   le32_to_cpu(command->height)))
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	return show_on_head(vgpu, head, &scanout);
}

/* What both have in common; neither overflows. */
static struct vgpu_rect rect_intersect(const struct vgpu_rect *a,
				       const struct vgpu_rect *b)
{
	u64 right = min((u64)a->x + a->width, (u64)b->x + b->width);
	u64 bottom = min((u64)a->y + a->height, (u64)b->y + b->height);
	struct vgpu_rect both = {
		.x = max(a->x, b->x),
		.y = max(a->y, b->y),
	};

	if (right > both.x && bottom > both.y) {
		both.width = right - both.x;
		both.height = bottom - both.y;
	}
	return both;
}

/* The part of a flush that a head shows; empty where it shows something else */
static struct vgpu_rect drawn_on(struct vgpu *vgpu, u32 head,
				 const struct vgpu_resource *resource,
				 const struct vgpu_rect *rect)
{
	const struct vgpu_scanout *scanout =
		&vgpu->scanouts[head][VGPU_PRIMARY_PLANE];

	if (scanout->resource != resource)
		return (struct vgpu_rect) {};
	return rect_intersect(rect, &scanout->rect);
}

/*
 * Copy what a flush has drawn in a blob, if heads show a copy. What several of
 * them show is copied once, all from the first byte to the last: or else a guest
 * would have the host do the same again for each head.
 */
static int copy_drawn(struct vgpu *vgpu, struct vgpu_resource *resource,
		      const struct vgpu_rect *rect)
{
	const struct vgpu_scanout *scanout, *only = NULL;
	struct vgpu_backing *backing = resource->backing;
	struct vgpu_rect drawn, drawn_there = {};
	u64 start = U64_MAX, end = 0;
	u32 head, nr = 0;

	if (!resource->blob || !backing || backing->whole_pages)
		return 0;
	for (head = 0; head < vgpu->type->heads; head++) {
		drawn = drawn_on(vgpu, head, resource, rect);
		if (!drawn.width)
			continue;
		scanout = &vgpu->scanouts[head][VGPU_PRIMARY_PLANE];
		start = min(start, byte_at(scanout, drawn.x, drawn.y));
		end = max(end, byte_at(scanout, drawn.x + drawn.width,
				       drawn.y + drawn.height - 1));
		only = scanout;
		drawn_there = drawn;
		nr++;
	}
	if (!nr)
		return 0;
	if (nr == 1)
		return copy_rect(vgpu, only, &drawn_there);
	return vgpu_backing_copy(vgpu, backing, start, end - start);
}

static void tell_damage(struct vgpu *vgpu, u32 head,
			const struct vgpu_resource *resource,
			const struct vgpu_rect *rect)
{
	const struct vgpu_rect drawn = drawn_on(vgpu, head, resource, rect);
	const struct vgpu_rect *shown =
		&vgpu->scanouts[head][VGPU_PRIMARY_PLANE].rect;
	const struct vfio_dmabuf_rect damage = {
		.x = drawn.x - shown->x,
		.y = drawn.y - shown->y,
		.width = drawn.width,
		.height = drawn.height,
	};

	if (drawn.width)
		vfio_dmabuf_mgr_changed(vgpu->mgr,
					plane_id(head, VGPU_PRIMARY_PLANE),
					&damage);
}

static bool is_shown(struct vgpu *vgpu, const struct vgpu_resource *resource)
{
	u32 head;

	for (head = 0; head < vgpu->type->heads; head++)
		if (vgpu->scanouts[head][VGPU_PRIMARY_PLANE].resource ==
		    resource)
			return true;
	return false;
}

/* VIRTIO_GPU_CMD_RESOURCE_FLUSH: the guest has drawn, in all of a rectangle */
u32 vgpu_scanout_flush(struct vgpu *vgpu)
{
	const struct virtio_gpu_resource_flush *command = &vgpu->command.flush;
	struct vgpu_rect rect = rect_of(&command->r);
	struct vgpu_resource *resource;
	u32 head;
	int ret;

	resource = vgpu_resource_find(vgpu, le32_to_cpu(command->resource_id));
	if (!resource)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (!resource->blob &&
	    !rect_is_within(&rect, resource->width, resource->height))
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	if (is_shown(vgpu, resource)) {
		ret = revive(vgpu, resource);
		if (ret)
			return vgpu_answer_of(ret);
	}
	ret = copy_drawn(vgpu, resource, &rect);
	if (ret)
		return vgpu_answer_of(ret);
	for (head = 0; head < vgpu->type->heads; head++)
		tell_damage(vgpu, head, resource, &rect);
	return VIRTIO_GPU_RESP_OK_NODATA;
}
