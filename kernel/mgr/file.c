// SPDX-License-Identifier: GPL-2.0-only
/*
 * The manager fd's file: open, poll, fdinfo, close. Each has its own rights
 * and its own idea of which changes were seen. It holds the manager, which is
 * this module's, and nothing of the device: it never keeps one from going.
 */
#include <linux/anon_inodes.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "mgr.h"
#include "trace.h"

static int mgr_file_release(struct inode *inode, struct file *filp)
{
	struct mgr_file *file = filp->private_data;
	struct vfio_dmabuf_mgr *mgr = file->mgr;

	trace_vfio_dmabuf_mgr_close(mgr);
	atomic_dec(&mgr->nr_files);
	kfree(file);
	mgr_put(mgr);
	return 0;
}

static __poll_t mgr_file_poll(struct file *filp, struct poll_table_struct *wait)
{
	struct mgr_file *file = filp->private_data;
	struct vfio_dmabuf_mgr *mgr = file->mgr;
	__poll_t events = 0;
	unsigned int i;

	poll_wait(filp, &mgr->wait, wait);

	spin_lock(&mgr->event_lock);
	if (mgr->revoked) {
		events = EPOLLHUP;
	} else {
		for (i = 0; i < mgr->nr_planes && !events; i++) {
			if (file->seen[i] !=
			    atomic64_read(&mgr->state[i].sequence))
				events = EPOLLIN | EPOLLRDNORM;
		}
	}
	spin_unlock(&mgr->event_lock);
	return events;
}

static void show_plane(struct seq_file *m, struct vfio_dmabuf_mgr *mgr,
		       u32 plane_id)
{
	struct plane_look look = {};
	int ret;

	ret = mgr_look(mgr, plane_id, &look);
	if (ret) {
		seq_printf(m, "plane-0x%x:\terror %d\n", plane_id, ret);
	} else if (!look.on) {
		seq_printf(m, "plane-0x%x:\toff sequence %llu\n", plane_id,
			   look.sequence);
	} else {
		seq_printf(m, "plane-0x%x:\t%ux%u %p4cc stride %u at %d,%d sequence %llu%s\n",
			   plane_id, look.plane.width, look.plane.height,
			   &look.plane.format, look.plane.stride, look.plane.x,
			   look.plane.y, look.sequence,
			   look.plane.copied ? " copied" : "");
	}
}

static void show_rights(struct seq_file *m, u32 rights)
{
	seq_puts(m, "rights:\t");
	if (!rights)
		seq_puts(m, "none");
	if (rights & VFIO_DMABUF_MGR_RIGHT_WRITABLE)
		seq_puts(m, "writable");
	if (rights == MGR_RIGHTS)
		seq_putc(m, ' ');
	if (rights & VFIO_DMABUF_MGR_RIGHT_MODE)
		seq_puts(m, "mode");
	seq_putc(m, '\n');
}

/*
 * /proc/PID/fdinfo/FD, after what every file has:
 *
 *   vfio-device:	name of the device, a mediated device's UUID
 *   rights:		what this file may do: "writable", "mode", or "none"
 *   copied-bytes:	what the device has copied to show planes; 0 where they
 *			are what the guest draws into
 *   plane-0xID:	each plane: mode and sequence, and "copied" if it is a
 *			copy; or off
 *   buffers:		dma-bufs of this device that are alive. One of the
 *			vendor's own counts as long as it is listed here: its
 *			end is not told to the manager
 *   buffer-ID:		those that are given out again to whoever asks for the
 *			same: bytes, rw or ro, inode of the dma-buf
 *
 * Without planes once the device is gone.
 */
static void mgr_file_show_fdinfo(struct seq_file *m, struct file *filp)
{
	struct mgr_file *file = filp->private_data;
	struct vfio_dmabuf_mgr *mgr = file->mgr;
	const struct exported *exported;
	unsigned int i, buffers = 0;

	seq_printf(m, "vfio-device:\t%s\n", mgr->device);
	/* What was closed before is not counted */
	orphans_put();
	/* A reader that is killed gets no more */
	if (mutex_lock_killable(&mgr->lock))
		return;
	show_rights(m, file->rights);
	seq_printf(m, "copied-bytes:\t%lld\n", atomic64_read(&mgr->copied));
	for (i = 0; mgr->ops && i < mgr->nr_planes; i++)
		show_plane(m, mgr, mgr_plane_id(mgr, i));
	for (i = 0; i < POOL_NUM; i++)
		buffers += atomic_read(&mgr->nr_buffers[i]);
	seq_printf(m, "buffers:\t%u\n", buffers);
	list_for_each_entry(exported, &mgr->exported, link)
		seq_printf(m, "buffer-%llu:\t%zu bytes %s inode %llu\n",
			   exported->scanout.id, exported->dmabuf->size,
			   exported->writable ? "rw" : "ro",
			   (u64)file_inode(exported->dmabuf->file)->i_ino);
	mutex_unlock(&mgr->lock);
}

static const struct file_operations mgr_file_fops = {
	.owner = THIS_MODULE,
	.release = mgr_file_release,
	.poll = mgr_file_poll,
	.unlocked_ioctl = mgr_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = mgr_file_show_fdinfo,
	.llseek = noop_llseek,
};

/*
 * A new fd on a manager that is not revoked. Nothing can fail once the fd is
 * there.
 */
int mgr_file_open(struct vfio_dmabuf_mgr *mgr)
{
	struct mgr_file *file;
	struct file *filp;
	int fd, ret;

	if (atomic_inc_return(&mgr->nr_files) > MGR_MAX_FILES) {
		ret = -EUSERS;
		goto err_count;
	}
	file = kzalloc(struct_size(file, seen, mgr->nr_planes),
		       GFP_KERNEL_ACCOUNT);
	if (!file) {
		ret = -ENOMEM;
		goto err_count;
	}
	mgr_get(mgr);
	file->mgr = mgr;
	file->rights = mgr->rights;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		ret = fd;
		goto err_file;
	}
	filp = anon_inode_getfile("[vfio-dmabuf-mgr]", &mgr_file_fops, file,
				  O_RDWR);
	if (IS_ERR(filp)) {
		ret = PTR_ERR(filp);
		goto err_fd;
	}
	trace_vfio_dmabuf_mgr_open(mgr);
	fd_install(fd, filp);
	return fd;

err_fd:
	put_unused_fd(fd);
err_file:
	mgr_put(mgr);
	kfree(file);
err_count:
	atomic_dec(&mgr->nr_files);
	return ret;
}
