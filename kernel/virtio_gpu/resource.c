// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resources: what the guest knows by an id, a picture or a blob, with or
 * without memory of its own behind it.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include <drm/drm_fourcc.h>

#include "virtio_gpu.h"

/* The largest picture, and so the largest blob */
#define MAX_BYTES	((u64)VGPU_MAX_SIZE * VGPU_MAX_SIZE * VGPU_CPP)

/*
 * A virtio format's DRM fourcc, 0 where there is no such format. virtio names
 * bytes in memory, DRM the bits of a little-endian word.
 */
u32 vgpu_fourcc(u32 format)
{
	switch (format) {
	case VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM:
		return DRM_FORMAT_ARGB8888;
	case VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM:
		return DRM_FORMAT_XRGB8888;
	case VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM:
		return DRM_FORMAT_BGRA8888;
	case VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM:
		return DRM_FORMAT_BGRX8888;
	case VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM:
		return DRM_FORMAT_ABGR8888;
	case VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM:
		return DRM_FORMAT_RGBX8888;
	case VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM:
		return DRM_FORMAT_RGBA8888;
	case VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM:
		return DRM_FORMAT_XBGR8888;
	default:
		return 0;
	}
}

/* What a guest is told of an errno */
u32 vgpu_answer_of(int error)
{
	switch (error) {
	case 0:
		return VIRTIO_GPU_RESP_OK_NODATA;
	case -ENOMEM:
	case -ENOSPC:
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	case -EINVAL:
	case -EFAULT:
	case -ENOENT:
	case -EPERM:
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	case -EINTR:
		return VGPU_NO_ANSWER;
	default:
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	}
}

struct vgpu_resource *vgpu_resource_find(struct vgpu *vgpu, u32 id)
{
	return xa_load(&vgpu->resources, id);
}

/* A new resource with nothing in it but its id, or an ERR_PTR. */
static struct vgpu_resource *resource_create(struct vgpu *vgpu, u32 id)
{
	struct vgpu_resource *resource;
	int ret;

	if (vgpu->nr_resources >= VGPU_MAX_RESOURCES)
		return ERR_PTR(-ENOSPC);
	resource = kzalloc(sizeof(*resource), VFIO_DMABUF_GFP);
	if (!resource)
		return ERR_PTR(-ENOMEM);
	resource->id = id;
	ret = xa_insert(&vgpu->resources, id, resource, VFIO_DMABUF_GFP);
	if (ret) {
		kfree(resource);
		return ERR_PTR(ret);
	}
	vgpu->nr_resources++;
	return resource;
}

static void detach(struct vgpu *vgpu, struct vgpu_resource *resource)
{
	struct vgpu_backing *backing = resource->backing;

	if (!backing)
		return;
	resource->backing = NULL;
	vgpu_scanouts_update(vgpu, resource);
	vgpu_backing_destroy(vgpu, backing);
}

static void resource_destroy(struct vgpu *vgpu, struct vgpu_resource *resource)
{
	vgpu_scanouts_drop(vgpu, resource);
	detach(vgpu, resource);
	xa_erase(&vgpu->resources, resource->id);
	vgpu->nr_resources--;
	kfree(resource);
}

static bool id_is_free(struct vgpu *vgpu, u32 id)
{
	return id && !vgpu_resource_find(vgpu, id);
}

/* VIRTIO_GPU_CMD_RESOURCE_CREATE_2D */
u32 vgpu_resource_create_2d(struct vgpu *vgpu)
{
	const struct virtio_gpu_resource_create_2d *command =
		&vgpu->command.create_2d;
	u32 id = le32_to_cpu(command->resource_id);
	u32 fourcc = vgpu_fourcc(le32_to_cpu(command->format));
	u32 width = le32_to_cpu(command->width);
	u32 height = le32_to_cpu(command->height);
	struct vgpu_resource *resource;

	if (!id_is_free(vgpu, id))
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (!fourcc || !width || width > VGPU_MAX_SIZE || !height ||
	    height > VGPU_MAX_SIZE)
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	resource = resource_create(vgpu, id);
	if (IS_ERR(resource))
		return vgpu_answer_of(PTR_ERR(resource));
	resource->fourcc = fourcc;
	resource->width = width;
	resource->height = height;
	resource->size = (u64)width * height * VGPU_CPP;
	return VIRTIO_GPU_RESP_OK_NODATA;
}

static u32 attach(struct vgpu *vgpu, struct vgpu_resource *resource,
		  size_t offset, u32 nr_entries)
{
	struct vgpu_backing *backing;

	backing = vgpu_backing_create(vgpu, offset, nr_entries,
				      resource->size);
	if (IS_ERR(backing))
		return vgpu_answer_of(PTR_ERR(backing));
	resource->backing = backing;
	vgpu_scanouts_update(vgpu, resource);
	return VIRTIO_GPU_RESP_OK_NODATA;
}

/* VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB: of guest memory, there is no other */
u32 vgpu_resource_create_blob(struct vgpu *vgpu)
{
	const struct virtio_gpu_resource_create_blob *command =
		&vgpu->command.create_blob;
	const u32 known_flags = VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE |
				VIRTIO_GPU_BLOB_FLAG_USE_SHAREABLE |
				VIRTIO_GPU_BLOB_FLAG_USE_CROSS_DEVICE;
	u32 id = le32_to_cpu(command->resource_id);
	u32 nr_entries = le32_to_cpu(command->nr_entries);
	u64 size = le64_to_cpu(command->size);
	struct vgpu_resource *resource;
	u32 answer;

	if (!id_is_free(vgpu, id))
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (le32_to_cpu(command->blob_mem) != VIRTIO_GPU_BLOB_MEM_GUEST ||
	    le32_to_cpu(command->blob_flags) & ~known_flags || !size ||
	    size > MAX_BYTES)
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	resource = resource_create(vgpu, id);
	if (IS_ERR(resource))
		return vgpu_answer_of(PTR_ERR(resource));
	resource->blob = true;
	resource->size = size;
	answer = attach(vgpu, resource, sizeof(*command), nr_entries);
	if (answer != VIRTIO_GPU_RESP_OK_NODATA)
		resource_destroy(vgpu, resource);
	return answer;
}

/* VIRTIO_GPU_CMD_RESOURCE_UNREF */
u32 vgpu_resource_unref(struct vgpu *vgpu)
{
	struct vgpu_resource *resource;

	resource = vgpu_resource_find(vgpu,
				      le32_to_cpu(vgpu->command.unref.resource_id));
	if (!resource)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	resource_destroy(vgpu, resource);
	return VIRTIO_GPU_RESP_OK_NODATA;
}

/* VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING */
u32 vgpu_resource_attach(struct vgpu *vgpu)
{
	const struct virtio_gpu_resource_attach_backing *command =
		&vgpu->command.attach;
	struct vgpu_resource *resource;

	resource = vgpu_resource_find(vgpu, le32_to_cpu(command->resource_id));
	if (!resource)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (resource->backing)
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	return attach(vgpu, resource, sizeof(*command),
		      le32_to_cpu(command->nr_entries));
}

/* VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING */
u32 vgpu_resource_detach(struct vgpu *vgpu)
{
	struct vgpu_resource *resource;

	resource = vgpu_resource_find(vgpu,
				      le32_to_cpu(vgpu->command.detach.resource_id));
	if (!resource)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (!resource->backing)
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	detach(vgpu, resource);
	return VIRTIO_GPU_RESP_OK_NODATA;
}

/*
 * VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D: nothing is moved where the guest's memory
 * is what is shown, whatever offset the driver names: old versions of Linux's name
 * 0 for any rectangle. Where it is not, the rectangle is copied from where the picture
 * has it. A blob has no copy on the host, but Linux's driver transfers its blobs
 * all the same.
 */
u32 vgpu_resource_transfer(struct vgpu *vgpu)
{
	const struct virtio_gpu_transfer_to_host_2d *command =
		&vgpu->command.transfer;
	u32 x = le32_to_cpu(command->r.x), y = le32_to_cpu(command->r.y);
	u32 width = le32_to_cpu(command->r.width);
	u32 height = le32_to_cpu(command->r.height);
	u64 offset = le64_to_cpu(command->offset);
	const struct vgpu_resource *resource;
	struct vgpu_backing *backing;

	resource = vgpu_resource_find(vgpu, le32_to_cpu(command->resource_id));
	if (!resource)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (resource->blob)
		return VIRTIO_GPU_RESP_OK_NODATA;
	if ((u64)x + width > resource->width ||
	    (u64)y + height > resource->height)
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	backing = resource->backing;
	if (!backing)
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	if (backing->whole_pages)
		return VIRTIO_GPU_RESP_OK_NODATA;
	if (offset != ((u64)y * resource->width + x) * VGPU_CPP)
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	return vgpu_answer_of(vgpu_backing_copy_rect(vgpu, backing, offset,
						(u64)width * VGPU_CPP,
						(u64)resource->width * VGPU_CPP,
						height));
}

/* vgpu_pin_renew() for all of them */
int vgpu_resources_renew(struct vgpu *vgpu)
{
	struct vgpu_resource *resource;
	unsigned long id;
	int ret;

	xa_for_each(&vgpu->resources, id, resource) {
		if (!resource->backing || !resource->backing->whole_pages)
			continue;
		ret = vgpu_pin_renew(vgpu, resource->backing);
		if (ret)
			return ret;
	}
	return 0;
}

/* All of them, and with them what heads show: reset, close. */
void vgpu_resources_drop(struct vgpu *vgpu)
{
	struct vgpu_resource *resource;
	unsigned long id;

	xa_for_each(&vgpu->resources, id, resource) {
		resource_destroy(vgpu, resource);
		cond_resched();
	}
}
