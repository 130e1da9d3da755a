// SPDX-License-Identifier: MIT
/*
 * A plane's dma-buf: taken, mapped, read. It needs neither the connection nor
 * the device it came from.
 */
#include "private.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct planefd_buffer {
	int fd; /* the dma-buf, owned */
	bool writable;
	void *base; /* first byte of the mapping, NULL while there is none */
	struct planefd_plane plane;
};

_Static_assert(PLANEFD_CREATE_WRITABLE == VFIO_DMABUF_MGR_CREATE_WRITABLE, "");

int planefd_create(struct planefd *planefd, uint32_t plane_id, uint32_t flags,
		   struct planefd_buffer **out)
{
	struct vfio_dmabuf_mgr_create_dmabuf arg = {
		.argsz = sizeof(arg),
		.flags = flags,
		.plane_id = plane_id,
		.fd = -1,
	};
	struct planefd_buffer *buffer;

	/* Before the ioctl: afterwards there would be a fd to give back */
	buffer = calloc(1, sizeof(*buffer));
	if (!buffer)
		return -ENOMEM;

	int ret = planefd_private_ioctl(planefd->fd, VFIO_DMABUF_MGR_CREATE_DMABUF,
					&arg);
	if (ret < 0) {
		free(buffer);
		return ret;
	}

	buffer->fd = arg.fd;
	buffer->writable = flags & PLANEFD_CREATE_WRITABLE;
	planefd_private_plane(&buffer->plane, &arg.plane_info);
	*out = buffer;
	return 0;
}

const struct planefd_plane *
planefd_buffer_plane(const struct planefd_buffer *buffer)
{
	return &buffer->plane;
}

int planefd_buffer_fd(const struct planefd_buffer *buffer)
{
	return buffer->fd;
}

int planefd_buffer_map(struct planefd_buffer *buffer, void **pixels)
{
	if (!buffer->base) {
		int prot = PROT_READ | (buffer->writable ? PROT_WRITE : 0);
		void *base = mmap(NULL, buffer->plane.size, prot, MAP_SHARED,
				  buffer->fd, 0);
		if (base == MAP_FAILED)
			return -errno;
		buffer->base = base;
	}

	*pixels = (char *)buffer->base + buffer->plane.offset;
	return 0;
}

void planefd_buffer_unmap(struct planefd_buffer *buffer)
{
	if (!buffer->base)
		return;
	munmap(buffer->base, buffer->plane.size);
	buffer->base = NULL;
}

static int sync_access(struct planefd_buffer *buffer, bool write,
		       uint64_t start_or_end)
{
	struct dma_buf_sync arg = {
		.flags = start_or_end |
			 (write ? DMA_BUF_SYNC_RW : DMA_BUF_SYNC_READ),
	};

	int ret;

	if (write && !buffer->writable)
		return -EINVAL;
	/* EAGAIN: it asks to be called again, see dma-buf.h */
	do {
		ret = ioctl(buffer->fd, DMA_BUF_IOCTL_SYNC, &arg);
	} while (ret < 0 && errno == EAGAIN);
	return ret < 0 ? -errno : 0;
}

int planefd_buffer_begin_access(struct planefd_buffer *buffer, bool write)
{
	return sync_access(buffer, write, DMA_BUF_SYNC_START);
}

/* It waits for nobody, and an access that was begun has to be ended */
int planefd_buffer_end_access(struct planefd_buffer *buffer, bool write)
{
	int ret;

	do {
		ret = sync_access(buffer, write, DMA_BUF_SYNC_END);
	} while (ret == -EINTR);
	return ret;
}

void planefd_buffer_destroy(struct planefd_buffer *buffer)
{
	if (!buffer)
		return;
	planefd_buffer_unmap(buffer);
	close(buffer->fd);
	free(buffer);
}
