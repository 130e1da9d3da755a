// SPDX-License-Identifier: MIT
/*
 * A connection: one manager fd, and what can be asked of it.
 */
#include "private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(PLANEFD_RIGHT_WRITABLE == VFIO_DMABUF_MGR_RIGHT_WRITABLE, "");
_Static_assert(PLANEFD_RIGHT_MODE == VFIO_DMABUF_MGR_RIGHT_MODE, "");
_Static_assert(PLANEFD_CAP_FLIPS == VFIO_DMABUF_MGR_CAP_FLIPS, "");
_Static_assert(PLANEFD_CAP_DAMAGE == VFIO_DMABUF_MGR_CAP_DAMAGE, "");
_Static_assert(PLANEFD_CAP_HOT_SPOT == VFIO_DMABUF_MGR_CAP_HOT_SPOT, "");
_Static_assert(PLANEFD_CAP_MODE == VFIO_DMABUF_MGR_CAP_MODE, "");
_Static_assert(PLANEFD_CAP_COPIED == VFIO_DMABUF_MGR_CAP_COPIED, "");
_Static_assert(sizeof(((struct planefd_info *)0)->device) ==
		       sizeof(((struct vfio_dmabuf_mgr_info *)0)->device),
	       "");

/*
 * What GET_FD's argument points to. A driver that knows mainline's reading of
 * the number only copies a whole struct before it looks at the first word,
 * so there is one for it to copy.
 */
union get_fd_arg {
	__u32 type;
	struct vfio_device_gfx_plane_info mainline;
};

/*
 * QUERY_PLANE's argument with the extension. The first struct ends at 60 on
 * i386, at 64 elsewhere; the second begins at 64 on both.
 */
struct query_arg {
	struct vfio_dmabuf_mgr_query_plane base;
	struct vfio_dmabuf_mgr_query_plane_ext ext;
};

_Static_assert(offsetof(struct query_arg, ext) ==
		       VFIO_DMABUF_MGR_QUERY_EXT_OFFSET,
	       "the extension begins at byte 64 on every machine");

static int get_info(int fd, struct vfio_dmabuf_mgr_info *info)
{
	*info = (struct vfio_dmabuf_mgr_info){ .argsz = sizeof(*info) };
	int ret = planefd_private_ioctl(fd, VFIO_DMABUF_MGR_GET_INFO, info);
	if (ret < 0)
		return ret;

	/* The name is the kernel's, its terminator is ours to rely on */
	info->device[sizeof(info->device) - 1] = '\0';
	return 0;
}

int planefd_open_manager(int manager_fd, struct planefd **out)
{
	struct vfio_dmabuf_mgr_info info;
	struct planefd *planefd;

	int ret = get_info(manager_fd, &info);
	if (ret < 0)
		return ret;

	planefd = calloc(1, sizeof(*planefd));
	if (!planefd)
		return -ENOMEM;

	planefd->fd = manager_fd;
	memcpy(planefd->device, info.device, sizeof(planefd->device));
	*out = planefd;
	return 0;
}

int planefd_open_device(int device_fd, struct planefd **out)
{
	union get_fd_arg arg;

	memset(&arg, 0, sizeof(arg));
	arg.type = VFIO_DEVICE_DMABUF_MGR_FD;

	int fd = planefd_private_ioctl(device_fd, VFIO_DEVICE_GET_FD, &arg);
	if (fd < 0)
		return fd;

	int ret = planefd_open_manager(fd, out);
	if (ret < 0)
		close(fd);
	return ret;
}

void planefd_close(struct planefd *planefd)
{
	if (!planefd)
		return;
	close(planefd->fd);
	free(planefd);
}

int planefd_fd(const struct planefd *planefd)
{
	return planefd->fd;
}

int planefd_get_info(struct planefd *planefd, struct planefd_info *info)
{
	struct vfio_dmabuf_mgr_info arg;

	int ret = get_info(planefd->fd, &arg);
	if (ret < 0)
		return ret;

	*info = (struct planefd_info){
		.heads = arg.heads,
		.overlays = arg.overlays,
		.primaries = arg.primaries,
		.cursors = arg.cursors,
		.caps = arg.caps,
		.rights = arg.rights,
	};
	memcpy(info->device, arg.device, sizeof(info->device));
	return 0;
}

int planefd_query(struct planefd *planefd, uint32_t plane_id,
		  struct planefd_plane *plane)
{
	struct query_arg arg = {
		.base = {
			.argsz = VFIO_DMABUF_MGR_QUERY_EXT_ARGSZ,
			.plane_id = plane_id,
		},
		.ext = {
			.hot_x = VFIO_DMABUF_MGR_UNKNOWN,
			.hot_y = VFIO_DMABUF_MGR_UNKNOWN,
		},
	};

	int ret = planefd_private_ioctl(planefd->fd, VFIO_DMABUF_MGR_QUERY_PLANE,
					&arg);
	if (ret < 0)
		return ret;

	planefd_private_plane(plane, &arg.base.plane_info);
	plane->hot_x = arg.ext.hot_x;
	plane->hot_y = arg.ext.hot_y;
	plane->sequence = arg.ext.sequence;
	plane->buffer_id = arg.ext.buffer_id;
	plane->time_ns = arg.ext.time_ns;
	plane->damage.x = arg.ext.damage_x;
	plane->damage.y = arg.ext.damage_y;
	plane->damage.width = arg.ext.damage_width;
	plane->damage.height = arg.ext.damage_height;
	return 0;
}

int planefd_wait(struct planefd *planefd, int timeout_ms)
{
	struct pollfd pfd = { .fd = planefd->fd, .events = POLLIN };

	int ret = poll(&pfd, 1, timeout_ms < 0 ? -1 : timeout_ms);
	if (ret < 0)
		return -errno;
	if (pfd.revents & POLLNVAL)
		return -EBADF;
	if (pfd.revents & (POLLHUP | POLLERR))
		return -ENODEV;
	return ret;
}

int planefd_request_mode(struct planefd *planefd, uint32_t head, uint32_t width,
			 uint32_t height, uint32_t refresh)
{
	struct vfio_dmabuf_mgr_request_mode arg = {
		.argsz = sizeof(arg),
		.head = head,
		.width = width,
		.height = height,
		.refresh = refresh,
	};

	return planefd_private_ioctl(planefd->fd, VFIO_DMABUF_MGR_REQUEST_MODE,
				     &arg);
}

int planefd_drop_rights(struct planefd *planefd, uint32_t rights)
{
	struct vfio_dmabuf_mgr_drop_rights arg = {
		.argsz = sizeof(arg),
		.rights = rights,
	};

	return planefd_private_ioctl(planefd->fd, VFIO_DMABUF_MGR_DROP_RIGHTS,
				     &arg);
}
