// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plane buffers: a scanout that is, or is about to be, a dma-buf; and which
 * dma-bufs there are, so that what is exported already is exported again as
 * the same one.
 *
 * The manager has a reference to each dma-buf that it may give out again. It
 * must: a dma-buf's release comes when its dentry goes, and an O_PATH file or a
 * look at /proc/PID/fd keeps that longer than the file, so nothing short of a
 * reference tells that the file is there. Those that nobody else has are
 * dropped but for the last few, which a viewer that opens and closes with every
 * frame then does not have made anew.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "mgr.h"
#include "planefd_compat.h"
#include "trace.h"

static bool pool_is_writable(enum buffer_pool pool)
{
	return pool != POOL_READ_ONLY;
}

static struct plane_buffer *buffer_create(struct vfio_dmabuf_mgr *mgr,
					  const struct scanout *scanout,
					  enum buffer_pool pool)
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
	buffer->writable = pool_is_writable(pool);
	buffer->pool = pool;
	buffer->counted = true;
	mutex_init(&buffer->lock);
	INIT_LIST_HEAD(&buffer->mappings);
	return buffer;
}

/* Of a buffer that never became a dma-buf, or no longer is one. */
void buffer_destroy(struct plane_buffer *buffer)
{
	mutex_destroy(&buffer->lock);
	if (buffer->scanout.mem)
		vfio_dmabuf_mem_put(buffer->scanout.mem);
	mgr_put(buffer->mgr);
	kfree(buffer);
}

/* Do not give out a dma-buf any more. Its memory may be @revoked. */
static void exported_drop(struct vfio_dmabuf_mgr *mgr,
			  struct exported *exported, bool revoked)
{
	list_del(&exported->link);
	/* The end of a vendor's own is not told to the manager */
	if (!exported->scanout.mem)
		atomic_dec(&mgr->nr_buffers[exported->pool]);
	if (revoked && !list_empty(&exported->dmabuf->attachments))
		exported_invalidate(exported);
	else
		exported_put(exported);
}

/* Drop what nobody else has, but for the @keep that were last given out. */
static void exported_trim(struct vfio_dmabuf_mgr *mgr, unsigned int keep)
{
	struct exported *exported, *next;

	list_for_each_entry_safe(exported, next, &mgr->exported, link) {
		if (!dmabuf_is_unused(exported->dmabuf))
			continue;
		if (keep)
			keep--;
		else
			exported_drop(mgr, exported, false);
	}
}

/* The device has given up the memory. A VMM keeps it on the device's account. */
static void exported_keep(struct exported *exported)
{
	if (exported->scanout.mem && exported->pool != POOL_DEVICE &&
	    !dmabuf_is_unused(exported->dmabuf))
		mem_keep(exported->scanout.mem);
}

/* Drop all over @mem or @backing, everything with neither. */
void exported_forget(struct vfio_dmabuf_mgr *mgr,
		     const struct vfio_dmabuf_mem *mem, u64 backing)
{
	struct exported *exported, *next;

	lockdep_assert_held(&mgr->lock);

	list_for_each_entry_safe(exported, next, &mgr->exported, link) {
		if (!scanout_is_over(&exported->scanout, mem, backing))
			continue;
		exported_keep(exported);
		exported_drop(mgr, exported, false);
	}
}

/*
 * Unmap @mem from all processes, and let nobody map it again. Importers that can be
 * told let go of it soon. All its dma-bufs that anybody has are in the list: it was
 * not forgotten before.
 */
void exported_revoke(struct vfio_dmabuf_mgr *mgr, struct vfio_dmabuf_mem *mem,
		     bool blank)
{
	struct exported *exported, *next;
	bool first;

	lockdep_assert_held(&mgr->lock);

	first = mem_revoke(mem, blank);
	list_for_each_entry_safe(exported, next, &mgr->exported, link) {
		if (exported->scanout.mem != mem)
			continue;
		unmap_mapping_range(exported->dmabuf->file->f_mapping, 0, 0, 1);
		exported_drop(mgr, exported, true);
	}
	if (first)
		mem_unhold(mem);
}

static struct exported *exported_find(struct vfio_dmabuf_mgr *mgr,
				      const struct scanout *scanout,
				      bool writable)
{
	struct exported *exported;

	list_for_each_entry(exported, &mgr->exported, link) {
		if (exported->scanout.id == scanout->id &&
		    exported->writable == writable)
			return exported;
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
			 file_count(dmabuf->file) != 1 ||
			 !!(dmabuf->file->f_mode & FMODE_WRITE) != writable)) {
		dma_buf_put(dmabuf);
		return ERR_PTR(-EIO);
	}
	return dmabuf;
}

static struct dma_buf *buffer_export(struct vfio_dmabuf_mgr *mgr,
				     const struct scanout *scanout,
				     enum buffer_pool pool)
{
	struct plane_buffer *buffer;
	struct dma_buf *dmabuf;

	if (!scanout->mem)
		return vendor_export(mgr, scanout, pool_is_writable(pool));
	buffer = buffer_create(mgr, scanout, pool);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	dmabuf = export_buffer(buffer);
	if (IS_ERR(dmabuf)) {
		buffer_destroy(buffer);
		return dmabuf;
	}
	trace_vfio_dmabuf_mgr_create(buffer);
	return dmabuf;
}

/* What a VMM has of its own counts against what the device may have. */
static bool mem_has_room(const struct vfio_dmabuf_mem *mem,
			 enum buffer_pool pool)
{
	if (!mem || pool == POOL_DEVICE || mem_may_be_kept(mem))
		return true;
	orphans_put();
	return mem_may_be_kept(mem);
}

static bool pool_has_room(struct vfio_dmabuf_mgr *mgr, enum buffer_pool pool)
{
	if (atomic_read(&mgr->nr_buffers[pool]) >= MGR_MAX_BUFFERS) {
		exported_trim(mgr, 0);
		orphans_put();
	}
	return atomic_read(&mgr->nr_buffers[pool]) < MGR_MAX_BUFFERS;
}

/* Make a dma-buf of a scanout that has none with this access. */
static struct exported *exported_create(struct vfio_dmabuf_mgr *mgr,
					const struct scanout *scanout,
					enum buffer_pool pool)
{
	struct exported *exported;
	struct dma_buf *dmabuf;

	exported_trim(mgr, MGR_MAX_UNUSED);
	if (!pool_has_room(mgr, pool) || !mem_has_room(scanout->mem, pool))
		return ERR_PTR(-ENOSPC);

	exported = kzalloc(sizeof(*exported), GFP_KERNEL_ACCOUNT);
	if (!exported)
		return ERR_PTR(-ENOMEM);
	dmabuf = buffer_export(mgr, scanout, pool);
	if (IS_ERR(dmabuf)) {
		kfree(exported);
		return ERR_CAST(dmabuf);
	}
	/* Nobody else has it yet; see put.c */
	planefd_file_set_nonotify(dmabuf->file);
	exported->scanout = *scanout;
	exported->writable = pool_is_writable(pool);
	exported->pool = pool;
	exported->dmabuf = dmabuf;
	list_add(&exported->link, &mgr->exported);
	atomic_inc(&mgr->nr_buffers[pool]);
	return exported;
}

/*
 * Count a dma-buf that was the device's alone as a viewer's: by asking for what
 * the VMM has they would have its pool, too.
 */
static bool exported_to_viewer(struct vfio_dmabuf_mgr *mgr,
			       struct exported *exported)
{
	struct plane_buffer *buffer = exported->dmabuf->priv;

	if (!pool_has_room(mgr, POOL_WRITABLE) ||
	    !mem_has_room(exported->scanout.mem, POOL_WRITABLE))
		return false;
	atomic_dec(&mgr->nr_buffers[exported->pool]);
	exported->pool = POOL_WRITABLE;
	atomic_inc(&mgr->nr_buffers[exported->pool]);
	/* Of a vendor's own dma-buf that is the vendor's */
	if (exported->scanout.mem)
		buffer->pool = exported->pool;
	return true;
}

/* Give it out: a reference, and the newest of all. */
static struct dma_buf *exported_get(struct vfio_dmabuf_mgr *mgr,
				    struct exported *exported)
{
	if (!list_is_first(&exported->link, &mgr->exported))
		list_move(&exported->link, &mgr->exported);
	get_dma_buf(exported->dmabuf);
	return exported->dmabuf;
}

/*
 * The dma-buf of a scanout that has its id, made if there is none yet. Returns
 * a reference, or an ERR_PTR: -ENOSPC with too many alive, or too much memory kept
 * by viewers, -ENOMEM, or what the vendor's export answers.
 */
static struct dma_buf *mgr_export(struct vfio_dmabuf_mgr *mgr,
				  const struct scanout *scanout,
				  enum buffer_pool pool)
{
	struct exported *exported;
	struct dma_buf *dmabuf;

	exported = exported_find(mgr, scanout, pool_is_writable(pool));
	if (!exported)
		exported = exported_create(mgr, scanout, pool);
	if (IS_ERR(exported))
		return ERR_CAST(exported);
	/* Before others are dropped to make room */
	dmabuf = exported_get(mgr, exported);
	if (exported->pool == POOL_DEVICE && pool == POOL_WRITABLE &&
	    !exported_to_viewer(mgr, exported)) {
		/* Not the last: the manager has one */
		dma_buf_put(dmabuf);
		return ERR_PTR(-ENOSPC);
	}
	return dmabuf;
}

/* Apart, so that what is exported already does without its struct. */
static noinline_for_stack struct dma_buf *
export_known_id(struct vfio_dmabuf_mgr *mgr, u32 id)
{
	struct scanout scanout;
	struct dma_buf *dmabuf;

	if (!scanout_find(mgr, id, &scanout))
		return ERR_PTR(-ENOENT);
	/*
	 * Its memory may be kept by a dma-buf alone, which mgr_export() may
	 * drop to make room.
	 */
	if (scanout.mem)
		vfio_dmabuf_mem_get(scanout.mem);
	dmabuf = mgr_export(mgr, &scanout, POOL_DEVICE);
	if (scanout.mem)
		vfio_dmabuf_mem_put(scanout.mem);
	return dmabuf;
}

/*
 * The writable dma-buf of what has mainline's 32-bit id, for who holds the
 * device: what viewers have leaves him a pool of his own. Returns a reference,
 * or an ERR_PTR: -ENOENT where nothing has that id any more, and those of
 * mgr_export().
 */
struct dma_buf *mgr_export_id(struct vfio_dmabuf_mgr *mgr, u32 id)
{
	struct exported *exported;

	lockdep_assert_held(&mgr->lock);

	list_for_each_entry(exported, &mgr->exported, link) {
		if (lower_32_bits(exported->scanout.id) == id &&
		    exported->writable)
			return exported_get(mgr, exported);
	}
	return export_known_id(mgr, id);
}

/*
 * Look at a plane and export it, in one step under the manager's lock. From then
 * on it is the dma-buf that keeps look->plane.mem. Returns a reference, or an
 * ERR_PTR: those of mgr_look() and mgr_export(), -ENOENT where it is off, -EPERM
 * where the file has not the right, -EINTR where the caller is killed.
 */
struct dma_buf *mgr_export_plane(struct mgr_file *file, u32 plane_id,
				 bool writable, struct plane_look *look)
{
	struct vfio_dmabuf_mgr *mgr = file->mgr;
	struct scanout scanout;
	struct dma_buf *dmabuf;
	int ret;

	if (mutex_lock_killable(&mgr->lock))
		return ERR_PTR(-EINTR);
	ret = mgr_look(mgr, plane_id, look);
	if (!ret && writable && !(file->rights & VFIO_DMABUF_MGR_RIGHT_WRITABLE))
		ret = -EPERM;
	if (!ret && !look->on)
		ret = -ENOENT;
	if (ret) {
		dmabuf = ERR_PTR(ret);
	} else {
		scanout_of_plane(&scanout, &look->plane);
		scanout.id = scanout_id(mgr, &look->plane);
		dmabuf = mgr_export(mgr, &scanout, writable ? POOL_WRITABLE :
							      POOL_READ_ONLY);
	}
	mutex_unlock(&mgr->lock);
	return dmabuf;
}
