// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory that is copied: by address, and the pieces of a request, as what
 * the guest sent and as room for an answer. With no lock held, since that takes
 * VFIO's.
 */
#include <linux/kernel.h>
#include <linux/overflow.h>

#include "virtio_gpu.h"

/*
 * Guest memory by the address that the guest gave. Not under a lock. Returns 0;
 * -EINTR where the worker was called from it; -EFAULT or another error where there
 * is no such memory.
 */
static int transfer(struct vgpu *vgpu, u64 addr, void *data, size_t size,
		    bool write)
{
	u64 end;
	int ret;

	if (check_add_overflow(addr, (u64)size, &end))
		return -EFAULT;
	vgpu_worker_waits(vgpu);
	ret = vfio_dma_rw(&vgpu->vdev.vfio, addr, data, size, write);
	return ret && vgpu_worker_is_called() ? -EINTR : ret;
}

int vgpu_read(struct vgpu *vgpu, u64 addr, void *data, size_t size)
{
	return transfer(vgpu, addr, data, size, false);
}

/*
 * The same for what a driver has put into a ring, which ends the device's work
 * where it is not in memory: after an unmap that is tried again for a moment.
 * -EINTR where the worker is to leave what it does.
 */
static int transfer_patiently(struct vgpu *vgpu, u64 addr, void *data,
			      size_t size, bool write)
{
	int ret;

	do
		ret = transfer(vgpu, addr, data, size, write);
	while (ret && ret != -EINTR && vgpu_may_come_back(vgpu));
	return ret && vgpu_must_leave(vgpu) ? -EINTR : ret;
}

int vgpu_read_patiently(struct vgpu *vgpu, u64 addr, void *data, size_t size)
{
	return transfer_patiently(vgpu, addr, data, size, false);
}

/* Copy from or to a run of segments, from byte @offset of them all together. */
static int copy_segments(struct vgpu *vgpu, const struct vgpu_segment *segment,
			 unsigned int nr, u64 offset, void *data, size_t size,
			 bool write)
{
	size_t length;
	int ret;

	for (; nr && size; nr--, segment++) {
		if (offset >= segment->length) {
			offset -= segment->length;
			continue;
		}
		length = min_t(u64, size, segment->length - offset);
		ret = transfer_patiently(vgpu, segment->addr + offset, data,
					 length, write);
		if (ret)
			return ret;
		data += length;
		size -= length;
		offset = 0;
	}
	return size ? -EFAULT : 0;
}

/* Read @size bytes at @offset of what the guest sent. -EFAULT beyond its end. */
int vgpu_request_read(struct vgpu *vgpu, u64 offset, void *data, size_t size)
{
	const struct vgpu_request *request = vgpu->request;

	return copy_segments(vgpu, request->segments, request->nr_out, offset,
			     data, size, false);
}

/*
 * Write an answer, or what there is room for. Returns how much that is, or a
 * negative errno.
 */
ssize_t vgpu_request_answer(struct vgpu *vgpu, void *data, size_t size)
{
	const struct vgpu_request *request = vgpu->request;
	int ret;

	size = min_t(u64, size, request->in_size);
	ret = copy_segments(vgpu, request->segments + request->nr_out,
			    request->nr_in, 0, data, size, true);
	return ret ?: size;
}
