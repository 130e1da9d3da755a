// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ops on planes: the manager's ioctls, and mainline's two on the device.
 */
#include "run.h"

#include <errno.h>
#include <linux/vfio_dmabuf_mgr.h>
#include <string.h>
#include <unistd.h>

/* to, fd, argsz, flags, type, at */
long run_gfx_query(struct run *run, const uint64_t *operands)
{
	struct vfio_device_gfx_plane_info info = {
		.argsz = (uint32_t)operands[2],
		.flags = (uint32_t)operands[3],
		.drm_plane_type = (uint32_t)operands[4],
	};
	long result =
		run_ioctl_at(run, operands[1], VFIO_DEVICE_QUERY_GFX_PLANE,
			     operands[5], &info, sizeof(info));

	/* Some kernel fd may have come of an argsz of 0 */
	if (result > 0)
		close((int)result);
	if (!result)
		run->ids[operands[0]] = info.dmabuf_id;
	return result < 0 ? result : 0;
}

/* to, fd, id, at */
long run_gfx_get(struct run *run, const uint64_t *operands)
{
	uint32_t id = run->ids[operands[2]];

	return run_keep_fd(run, operands[0],
			   run_ioctl_at(run, operands[1],
					VFIO_DEVICE_GET_GFX_DMABUF, operands[3],
					&id, sizeof(id)));
}

/* to, fd, type, at */
long run_manager(struct run *run, const uint64_t *operands)
{
	/* A type of 60 or more is mainline's query, and answered with 0 */
	uint32_t words[32] = {(uint32_t)operands[2]};
	long result = run_ioctl_at(run, operands[1], VFIO_DEVICE_GET_FD,
				   operands[3], words, sizeof(words));

	return result > 0 ? run_keep_fd(run, operands[0], result) : result;
}

/* fd, argsz, flags, plane, at */
long run_query(struct run *run, const uint64_t *operands)
{
	union {
		struct vfio_dmabuf_mgr_query_plane query;
		char with_extension[VFIO_DMABUF_MGR_QUERY_EXT_ARGSZ];
	} argument;

	memset(&argument, 0, sizeof(argument));
	argument.query.argsz = (uint32_t)operands[1];
	argument.query.flags = (uint32_t)operands[2];
	argument.query.plane_id = (uint32_t)operands[3];
	return run_ioctl_at(run, operands[0], VFIO_DMABUF_MGR_QUERY_PLANE,
			    operands[4], &argument, sizeof(argument));
}

/* to, fd, argsz, flags, plane, at */
long run_create(struct run *run, const uint64_t *operands)
{
	struct vfio_dmabuf_mgr_create_dmabuf create = {
		.argsz = (uint32_t)operands[2],
		.flags = (uint32_t)operands[3],
		.plane_id = (uint32_t)operands[4],
		.fd = -1,
	};
	long result =
		run_ioctl_at(run, operands[1], VFIO_DMABUF_MGR_CREATE_DMABUF,
			     operands[5], &create, sizeof(create));

	if (!result)
		run_keep_fd(run, operands[0], create.fd);
	return result;
}

/* fd, argsz, flags, at */
long run_info(struct run *run, const uint64_t *operands)
{
	struct vfio_dmabuf_mgr_info info = {
		.argsz = (uint32_t)operands[1],
		.flags = (uint32_t)operands[2],
	};

	return run_ioctl_at(run, operands[0], VFIO_DMABUF_MGR_GET_INFO,
			    operands[3], &info, sizeof(info));
}

/* fd, argsz, flags, rights, at */
long run_drop(struct run *run, const uint64_t *operands)
{
	struct vfio_dmabuf_mgr_drop_rights drop = {
		.argsz = (uint32_t)operands[1],
		.flags = (uint32_t)operands[2],
		.rights = (uint32_t)operands[3],
	};

	return run_ioctl_at(run, operands[0], VFIO_DMABUF_MGR_DROP_RIGHTS,
			    operands[4], &drop, sizeof(drop));
}

/* fd, argsz, flags, head, width, height, refresh, at */
long run_request_mode(struct run *run, const uint64_t *operands)
{
	struct vfio_dmabuf_mgr_request_mode mode = {
		.argsz = (uint32_t)operands[1],
		.flags = (uint32_t)operands[2],
		.head = (uint32_t)operands[3],
		.width = (uint32_t)operands[4],
		.height = (uint32_t)operands[5],
		.refresh = (uint32_t)operands[6],
	};

	return run_ioctl_at(run, operands[0], VFIO_DMABUF_MGR_REQUEST_MODE,
			    operands[7], &mode, sizeof(mode));
}
