/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pins every offset, size and number of the ABI at compile time, for every
 * word size and language that it is compiled for. The values are written by
 * hand, from the patch of June 2017 and from what was decided since; they are
 * never to be changed to make this compile.
 */
#include <linux/vfio_dmabuf_mgr.h>

#include <assert.h>
#include <stddef.h>

#define PIN(type, field, offset, size)                                         \
	static_assert(offsetof(struct type, field) == (offset),                \
		      #type "." #field " moved");                              \
	static_assert(sizeof(((struct type *)0)->field) == (size),             \
		      #type "." #field " changed its size")

#define PIN_SIZE(type, size)                                                   \
	static_assert(sizeof(struct type) == (size), #type " changed its "     \
							   "size")

#define PIN_NUMBER(name, number)                                               \
	static_assert((name) == (number), #name " changed")

/* The patch */

PIN_NUMBER(VFIO_DEVICE_GET_FD, 0x3b72);
PIN_NUMBER(VFIO_DMABUF_MGR_QUERY_PLANE, 0x3b73);
PIN_NUMBER(VFIO_DMABUF_MGR_CREATE_DMABUF, 0x3b74);
PIN_NUMBER(VFIO_DEVICE_DMABUF_MGR_FD, 0);

PIN(vfio_dmabuf_mgr_plane_info, start, 0, 8);
PIN(vfio_dmabuf_mgr_plane_info, drm_format_mod, 8, 8);
PIN(vfio_dmabuf_mgr_plane_info, drm_format, 16, 4);
PIN(vfio_dmabuf_mgr_plane_info, width, 20, 4);
PIN(vfio_dmabuf_mgr_plane_info, height, 24, 4);
PIN(vfio_dmabuf_mgr_plane_info, stride, 28, 4);
PIN(vfio_dmabuf_mgr_plane_info, size, 32, 4);
PIN(vfio_dmabuf_mgr_plane_info, x_pos, 36, 4);
PIN(vfio_dmabuf_mgr_plane_info, y_pos, 40, 4);
PIN(vfio_dmabuf_mgr_plane_info, padding, 44, 4);
PIN_SIZE(vfio_dmabuf_mgr_plane_info, 48);

PIN(vfio_dmabuf_mgr_query_plane, argsz, 0, 4);
PIN(vfio_dmabuf_mgr_query_plane, flags, 4, 4);
PIN(vfio_dmabuf_mgr_query_plane, plane_info, 8, 48);
PIN(vfio_dmabuf_mgr_query_plane, plane_id, 56, 4);
#ifdef __i386__
PIN_SIZE(vfio_dmabuf_mgr_query_plane, 60);
#else
PIN_SIZE(vfio_dmabuf_mgr_query_plane, 64);
#endif

PIN(vfio_dmabuf_mgr_create_dmabuf, argsz, 0, 4);
PIN(vfio_dmabuf_mgr_create_dmabuf, flags, 4, 4);
PIN(vfio_dmabuf_mgr_create_dmabuf, plane_info, 8, 48);
PIN(vfio_dmabuf_mgr_create_dmabuf, plane_id, 56, 4);
PIN(vfio_dmabuf_mgr_create_dmabuf, fd, 60, 4);
PIN_SIZE(vfio_dmabuf_mgr_create_dmabuf, 64);

/* What planefd adds */

PIN_NUMBER(VFIO_DMABUF_MGR_PLANE_OVERLAY, 0);
PIN_NUMBER(VFIO_DMABUF_MGR_PLANE_PRIMARY, 1);
PIN_NUMBER(VFIO_DMABUF_MGR_PLANE_CURSOR, 2);
PIN_NUMBER(VFIO_DMABUF_MGR_PLANE_ID(VFIO_DMABUF_MGR_PLANE_PRIMARY, 0, 0), 1);
PIN_NUMBER(VFIO_DMABUF_MGR_PLANE_ID(VFIO_DMABUF_MGR_PLANE_CURSOR, 0, 0), 2);
PIN_NUMBER(VFIO_DMABUF_MGR_PLANE_ID(0, 3, 0), 0x300);
PIN_NUMBER(VFIO_DMABUF_MGR_PLANE_ID(2, 3, 4), 0x40302);

PIN_NUMBER(VFIO_DMABUF_MGR_CREATE_WRITABLE, 1);
PIN_NUMBER(VFIO_DMABUF_MGR_UNKNOWN, 0xffffffff);

PIN(vfio_dmabuf_mgr_query_plane_ext, sequence, 0, 8);
PIN(vfio_dmabuf_mgr_query_plane_ext, buffer_id, 8, 8);
PIN(vfio_dmabuf_mgr_query_plane_ext, time_ns, 16, 8);
PIN(vfio_dmabuf_mgr_query_plane_ext, damage_x, 24, 4);
PIN(vfio_dmabuf_mgr_query_plane_ext, damage_y, 28, 4);
PIN(vfio_dmabuf_mgr_query_plane_ext, damage_width, 32, 4);
PIN(vfio_dmabuf_mgr_query_plane_ext, damage_height, 36, 4);
PIN(vfio_dmabuf_mgr_query_plane_ext, hot_x, 40, 4);
PIN(vfio_dmabuf_mgr_query_plane_ext, hot_y, 44, 4);
PIN_SIZE(vfio_dmabuf_mgr_query_plane_ext, 48);
PIN_NUMBER(VFIO_DMABUF_MGR_QUERY_EXT_OFFSET, 64);
PIN_NUMBER(VFIO_DMABUF_MGR_QUERY_EXT_ARGSZ, 112);

PIN_NUMBER(VFIO_DMABUF_MGR_GET_INFO, 0x3b75);
PIN(vfio_dmabuf_mgr_info, argsz, 0, 4);
PIN(vfio_dmabuf_mgr_info, flags, 4, 4);
PIN(vfio_dmabuf_mgr_info, heads, 8, 4);
PIN(vfio_dmabuf_mgr_info, overlays, 12, 4);
PIN(vfio_dmabuf_mgr_info, primaries, 16, 4);
PIN(vfio_dmabuf_mgr_info, cursors, 20, 4);
PIN(vfio_dmabuf_mgr_info, caps, 24, 4);
PIN(vfio_dmabuf_mgr_info, rights, 28, 4);
PIN(vfio_dmabuf_mgr_info, device, 32, 64);
PIN_SIZE(vfio_dmabuf_mgr_info, 96);
PIN_NUMBER(VFIO_DMABUF_MGR_CAP_FLIPS, 1);
PIN_NUMBER(VFIO_DMABUF_MGR_CAP_DAMAGE, 2);
PIN_NUMBER(VFIO_DMABUF_MGR_CAP_HOT_SPOT, 4);
PIN_NUMBER(VFIO_DMABUF_MGR_CAP_MODE, 8);
PIN_NUMBER(VFIO_DMABUF_MGR_CAP_COPIED, 16);
PIN_NUMBER(VFIO_DMABUF_MGR_RIGHT_WRITABLE, 1);
PIN_NUMBER(VFIO_DMABUF_MGR_RIGHT_MODE, 2);

PIN_NUMBER(VFIO_DMABUF_MGR_DROP_RIGHTS, 0x3b76);
PIN(vfio_dmabuf_mgr_drop_rights, argsz, 0, 4);
PIN(vfio_dmabuf_mgr_drop_rights, flags, 4, 4);
PIN(vfio_dmabuf_mgr_drop_rights, rights, 8, 4);
PIN_SIZE(vfio_dmabuf_mgr_drop_rights, 12);

PIN_NUMBER(VFIO_DMABUF_MGR_REQUEST_MODE, 0x3b77);
PIN(vfio_dmabuf_mgr_request_mode, argsz, 0, 4);
PIN(vfio_dmabuf_mgr_request_mode, flags, 4, 4);
PIN(vfio_dmabuf_mgr_request_mode, head, 8, 4);
PIN(vfio_dmabuf_mgr_request_mode, width, 12, 4);
PIN(vfio_dmabuf_mgr_request_mode, height, 16, 4);
PIN(vfio_dmabuf_mgr_request_mode, refresh, 20, 4);
PIN_SIZE(vfio_dmabuf_mgr_request_mode, 24);

/* The number that mainline and the patch share */

PIN_NUMBER(VFIO_DEVICE_QUERY_GFX_PLANE, 0x3b72);
PIN(vfio_device_gfx_plane_info, argsz, 0, 4);
PIN(vfio_device_gfx_plane_info, dmabuf_id, 56, 4);
