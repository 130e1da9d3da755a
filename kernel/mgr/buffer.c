// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plane buffers: a scanout that is, or is about to be, a dma-buf.
 *
 * The manager lists those that live, so that what is exported already is
 * exported again as the same dma-buf, and holds on to the last ones of each
 * plane, so that a viewer that opens and closes with every frame does not have
 * them made anew.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "mgr.h"
#include "planefd_compat.h"
#include "trace.h"

static struct plane_buffer *buffer_create(struct vfio_dmabuf_mgr *mgr,
					  const struct scanout *scanout,
					  bool writable)
{
	struct plane_buffer *buffer;

	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return NULL;
	mgr_get(mgr);
	buffer->mgr = mgr;
	buffer->scanout = *scanout;
	vfio_dmabuf_mem_get(scanout->mem);
	buffer->first = scanout->offset >> PAGE_SHIFT;
	buffer->nr_pages = scanout_size(scanout) >> PAGE_SHIFT;
	buffer->writable = writable;
	mutex_init(&buffer->lock);
	INIT_LIST_HEAD(&buffer->mappings);
	return buffer;
}

/* Of a buffer that is in no list: it never became a dma-buf, or no longer is. */
void buffer_destroy(struct plane_buffer *buffer)
{
	mutex_destroy(&buffer->lock);
	vfio_dmabuf_mem_put(buffer->scanout.mem);
	mgr_put(buffer->mgr);
	kfree(buffer);
}

/* The dma-buf of a scanout that lives already, with a reference; or NULL. */
static struct dma_buf *buffer_find(struct vfio_dmabuf_mgr *mgr,
				   const struct scanout *scanout, bool writable)
{
	struct plane_buffer *buffer;

	list_for_each_entry(buffer, &mgr->buffers, link) {
		if (buffer->scanout.id != scanout->id ||
		    buffer->writable != writable)
			continue;
		/*
		 * Its release takes the lock that we hold before the file is
		 * freed, so the file is there, if perhaps on its way out.
		 */
		if (planefd_get_file_active(buffer->dmabuf->file))
			return buffer->dmabuf;
	}
	return NULL;
}

/* A dma-buf of the vendor's own, checked for what was asked of it. */
static struct dma_buf *vendor_export(struct vfio_dmabuf_mgr *mgr,
				     const struct scanout *scanout,
				     bool writable)
{
	u64 size = scanout_size(scanout);
	struct dma_buf *dmabuf;

	dmabuf = mgr->ops->export(mgr->priv, scanout->backing,
				  ALIGN_DOWN(scanout->offset, PAGE_SIZE), size,
				  writable ? O_RDWR : O_RDONLY);
	if (IS_ERR(dmabuf))
		return dmabuf;
	if (WARN_ON_ONCE(dmabuf->size != size ||
			 !!(dmabuf->file->f_mode & FMODE_WRITE) != writable)) {
		dma_buf_put(dmabuf);
		return ERR_PTR(-EIO);
	}
	return dmabuf;
}

static struct dma_buf *buffer_make(struct vfio_dmabuf_mgr *mgr,
				   const struct scanout *scanout, bool writable)
{
	struct plane_buffer *buffer;
	struct dma_buf *dmabuf;

	if (mgr->nr_buffers >= MGR_MAX_BUFFERS)
		return ERR_PTR(-ENOSPC);
	buffer = buffer_create(mgr, scanout, writable);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	dmabuf = export_buffer(buffer);
	if (IS_ERR(dmabuf)) {
		buffer_destroy(buffer);
		return dmabuf;
	}
	buffer->dmabuf = dmabuf;
	list_add(&buffer->link, &mgr->buffers);
	mgr->nr_buffers++;
	trace_vfio_dmabuf_mgr_create(buffer);
	return dmabuf;
}

/*
 * The dma-buf of a scanout that has its id, made if it does not live yet.
 * Returns a reference, or an ERR_PTR: -ENOSPC with too many alive, -ENOMEM, or
 * what the vendor's export answers.
 */
struct dma_buf *buffer_export(struct vfio_dmabuf_mgr *mgr,
			      const struct scanout *scanout, bool writable)
{
	lockdep_assert_held(&mgr->lock);

	if (!scanout->mem)
		return vendor_export(mgr, scanout, writable);
	return buffer_find(mgr, scanout, writable) ?:
	       buffer_make(mgr, scanout, writable);
}

/* As buffer_export(), from and into what is held of the plane. */
static struct dma_buf *buffer_export_held(struct vfio_dmabuf_mgr *mgr,
					  struct held_dmabuf *held,
					  const struct scanout *scanout,
					  bool writable)
{
	struct dma_buf *dmabuf;

	if (held->dmabuf && held->scanout.id == scanout->id) {
		get_dma_buf(held->dmabuf);
		return held->dmabuf;
	}
	dmabuf = buffer_export(mgr, scanout, writable);
	if (IS_ERR(dmabuf))
		return dmabuf;
	/* The final put is deferred: it takes no lock of ours here */
	if (held->dmabuf)
		dma_buf_put(held->dmabuf);
	get_dma_buf(dmabuf);
	held->dmabuf = dmabuf;
	held->scanout = *scanout;
	return dmabuf;
}

/*
 * Look at a plane and export it, in one step under the manager's lock.
 * look->plane.mem is not valid any more afterwards. Returns a reference, or an
 * ERR_PTR: those of mgr_look() and buffer_export(), -ENOENT where it is off.
 */
struct dma_buf *buffer_export_plane(struct vfio_dmabuf_mgr *mgr, u32 plane_id,
				    bool writable, struct plane_look *look)
{
	struct plane_state *state;
	struct scanout scanout;
	struct dma_buf *dmabuf;
	int ret;

	mutex_lock(&mgr->lock);
	ret = mgr_look(mgr, plane_id, look);
	if (!ret && !look->on)
		ret = -ENOENT;
	if (ret) {
		dmabuf = ERR_PTR(ret);
		goto out;
	}
	scanout_of_plane(&scanout, &look->plane);
	scanout.id = scanout_id(mgr, &look->plane);
	state = &mgr->state[mgr_plane_slot(mgr, plane_id)];
	dmabuf = buffer_export_held(mgr, &state->held[writable], &scanout,
				    writable);
out:
	mutex_unlock(&mgr->lock);
	return dmabuf;
}
