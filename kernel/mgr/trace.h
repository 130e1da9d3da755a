/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the manager: /sys/kernel/tracing/events/vfio_dmabuf_mgr.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vfio_dmabuf_mgr

#if !defined(_VFIO_DMABUF_MGR_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VFIO_DMABUF_MGR_TRACE_H

#include <linux/tracepoint.h>

#include "mgr.h"
#include "planefd_compat.h"

DECLARE_EVENT_CLASS(vfio_dmabuf_mgr_device,
	TP_PROTO(const struct vfio_dmabuf_mgr *mgr),
	TP_ARGS(mgr),
	TP_STRUCT__entry(
		__string(device, mgr->device)
	),
	TP_fast_assign(
		planefd_assign_str(device, mgr->device);
	),
	TP_printk("device=%s", __get_str(device))
);

/* A manager file was opened */
DEFINE_EVENT(vfio_dmabuf_mgr_device, vfio_dmabuf_mgr_open,
	     TP_PROTO(const struct vfio_dmabuf_mgr *mgr), TP_ARGS(mgr));

/* A manager file was closed */
DEFINE_EVENT(vfio_dmabuf_mgr_device, vfio_dmabuf_mgr_close,
	     TP_PROTO(const struct vfio_dmabuf_mgr *mgr), TP_ARGS(mgr));

/* The device was closed */
DEFINE_EVENT(vfio_dmabuf_mgr_device, vfio_dmabuf_mgr_revoke,
	     TP_PROTO(const struct vfio_dmabuf_mgr *mgr), TP_ARGS(mgr));

/* A plane was looked at, through either ABI */
TRACE_EVENT(vfio_dmabuf_mgr_query,
	TP_PROTO(const struct vfio_dmabuf_mgr *mgr, u32 plane_id,
		 const struct plane_look *look),
	TP_ARGS(mgr, plane_id, look),
	TP_STRUCT__entry(
		__string(device, mgr->device)
		__field(u32, plane_id)
		__field(bool, on)
		__field(u64, sequence)
		__field(u32, format)
		__field(u32, width)
		__field(u32, height)
	),
	TP_fast_assign(
		planefd_assign_str(device, mgr->device);
		__entry->plane_id = plane_id;
		__entry->on = look->on;
		__entry->sequence = look->sequence;
		__entry->format = look->plane.format;
		__entry->width = look->plane.width;
		__entry->height = look->plane.height;
	),
	TP_printk("device=%s plane=0x%x on=%d sequence=%llu format=0x%08x %ux%u",
		  __get_str(device), __entry->plane_id, __entry->on,
		  __entry->sequence, __entry->format, __entry->width,
		  __entry->height)
);

DECLARE_EVENT_CLASS(vfio_dmabuf_mgr_buffer,
	TP_PROTO(const struct plane_buffer *buffer),
	TP_ARGS(buffer),
	TP_STRUCT__entry(
		__string(device, buffer->mgr->device)
		__field(u64, id)
		__field(u64, pages)
		__field(bool, writable)
	),
	TP_fast_assign(
		planefd_assign_str(device, buffer->mgr->device);
		__entry->id = buffer->scanout.id;
		__entry->pages = buffer->nr_pages;
		__entry->writable = buffer->writable;
	),
	TP_printk("device=%s buffer=%llu pages=%llu writable=%d",
		  __get_str(device), __entry->id, __entry->pages,
		  __entry->writable)
);

/* A plane became a new dma-buf */
DEFINE_EVENT(vfio_dmabuf_mgr_buffer, vfio_dmabuf_mgr_create,
	     TP_PROTO(const struct plane_buffer *buffer), TP_ARGS(buffer));

/* The last reference to a dma-buf went */
DEFINE_EVENT(vfio_dmabuf_mgr_buffer, vfio_dmabuf_mgr_release,
	     TP_PROTO(const struct plane_buffer *buffer), TP_ARGS(buffer));

/* The driver told of a change */
TRACE_EVENT(vfio_dmabuf_mgr_change,
	TP_PROTO(const struct vfio_dmabuf_mgr *mgr, u32 plane_id, u64 sequence),
	TP_ARGS(mgr, plane_id, sequence),
	TP_STRUCT__entry(
		__string(device, mgr->device)
		__field(u32, plane_id)
		__field(u64, sequence)
	),
	TP_fast_assign(
		planefd_assign_str(device, mgr->device);
		__entry->plane_id = plane_id;
		__entry->sequence = sequence;
	),
	TP_printk("device=%s plane=0x%x sequence=%llu", __get_str(device),
		  __entry->plane_id, __entry->sequence)
);

#endif /* _VFIO_DMABUF_MGR_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
