// SPDX-License-Identifier: GPL-2.0-only
/*
 * One test display: all that a vendor's driver does for the manager, and
 * registers that say what its planes show.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "display.h"
#include "planefd_compat.h"

/* Where the planes' memory is said to be; no test gives the BAR an address */
#define TEST_ADDRESS	SZ_1G

static struct test_display *to_display(struct vdev *vdev)
{
	return container_of(vdev, struct test_display, vdev);
}

static unsigned int slot_of(u32 plane_id)
{
	unsigned int slot = vfio_dmabuf_plane_head(plane_id) * TEST_TYPES +
			    vfio_dmabuf_plane_type(plane_id);

	return array_index_nospec(slot, TEST_PLANES);
}

static int test_get_plane(void *priv, u32 plane_id,
			  struct vfio_dmabuf_plane *plane)
{
	struct test_display *display = priv;
	const u32 *regs = display->regs[slot_of(plane_id)];
	u64 size = TEST_MEM_SIZE;
	int ret = -ENOENT;

	/* With the manager's lock held, as a task that a cgroup does not let run */
	if (wait_event_interruptible(display->stall_over,
				     !READ_ONCE(display->stalled)))
		return -EINTR;
	mutex_lock(&display->vdev.lock);
	if (!regs[TEST_ON] || !regs[TEST_WIDTH] || !regs[TEST_HEIGHT] ||
	    !regs[TEST_STRIDE] || regs[TEST_MEMORY] >= TEST_MEMORY_NUM)
		goto out;
	if (regs[TEST_MEMORY] == TEST_MEMORY_VENDOR) {
		plane->backing = 1;
	} else {
		plane->mem = display->mem[regs[TEST_MEMORY]];
		size = vfio_dmabuf_mem_size(plane->mem);
	}
	plane->offset = regs[TEST_OFFSET];
	if (plane->offset +
	    mul_u32_u32(regs[TEST_STRIDE], regs[TEST_HEIGHT]) > size)
		goto out;
	plane->start = TEST_ADDRESS + plane->offset;
	plane->format = regs[TEST_FORMAT];
	plane->width = regs[TEST_WIDTH];
	plane->height = regs[TEST_HEIGHT];
	plane->stride = regs[TEST_STRIDE];
	plane->x = regs[TEST_X];
	plane->y = regs[TEST_Y];
	plane->hot_x = regs[TEST_HOT_X];
	plane->hot_y = regs[TEST_HOT_Y];
	ret = 0;
out:
	mutex_unlock(&display->vdev.lock);
	return ret;
}

static struct dma_buf *test_export(void *priv, u64 backing, u64 offset,
				   u64 size, int flags)
{
	return test_dmabuf_create(size, flags);
}

static const struct vfio_dmabuf_mgr_ops test_mgr_ops = {
	.get_plane = test_get_plane,
	.export = test_export,
};

/* Memory made of pages, as a driver has it that pins a guest's */
static struct vfio_dmabuf_mem *pages_mem_create(void)
{
	const unsigned long nr_pages = TEST_MEM_SIZE >> PAGE_SHIFT;
	struct vfio_dmabuf_mem *mem = ERR_PTR(-ENOMEM);
	struct page **pages;
	unsigned long i;

	pages = kvcalloc(nr_pages, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return mem;
	for (i = 0; i < nr_pages; i++) {
		pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!pages[i])
			goto out;
	}
	mem = vfio_dmabuf_mem_from_pages(pages, nr_pages);
out:
	/* The memory has its own references */
	while (i--)
		put_page(pages[i]);
	kvfree(pages);
	return mem;
}

static void put_all_mem(struct test_display *display)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(display->mem); i++) {
		if (display->mem[i])
			vfio_dmabuf_mem_put(display->mem[i]);
		display->mem[i] = NULL;
	}
}

static int test_open_device(struct vfio_device *vfio)
{
	struct test_display *display = to_display(to_vdev(vfio));
	struct vfio_dmabuf_mgr_desc desc = {
		.ops = &test_mgr_ops,
		.heads = display->heads,
		.overlays = 1,
		.primaries = 1,
		.cursors = 1,
		.caps = VFIO_DMABUF_MGR_CAP_FLIPS |
			VFIO_DMABUF_MGR_CAP_DAMAGE |
			VFIO_DMABUF_MGR_CAP_HOT_SPOT,
	};
	struct vfio_dmabuf_mem *mem;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(display->mem); i++) {
		mem = i == TEST_MEMORY_BAR ?
			vfio_dmabuf_mem_create(TEST_BAR_SIZE, NULL) :
			pages_mem_create();
		if (IS_ERR(mem)) {
			put_all_mem(display);
			return PTR_ERR(mem);
		}
		display->mem[i] = mem;
	}
	display->mgr = vfio_dmabuf_mgr_create(vfio, &desc, display);
	if (IS_ERR(display->mgr)) {
		put_all_mem(display);
		return PTR_ERR(display->mgr);
	}
	display->vdev.bar_mem[2] = display->mem[TEST_MEMORY_BAR];
	vdev_reset(&display->vdev);
	return 0;
}

static void test_close_device(struct vfio_device *vfio)
{
	struct test_display *display = to_display(to_vdev(vfio));

	test_importer_drop(&display->importer);
	vdev_close(&display->vdev);
	vfio_dmabuf_mgr_revoke(display->mgr);
	display->vdev.bar_mem[2] = NULL;
	put_all_mem(display);
}

static void test_reset(struct vdev *vdev)
{
	memset(to_display(vdev)->regs, 0, sizeof(to_display(vdev)->regs));
}

static u32 test_read(struct vdev *vdev, unsigned int bar, u32 offset,
		     unsigned int size)
{
	const u32 *regs = to_display(vdev)->regs[0];

	if (size == 4 && offset == TEST_MASTER)
		return to_display(vdev)->master;
	if (offset == TEST_IMPORT)
		return READ_ONCE(to_display(vdev)->importer.told);
	if (size != 4 || offset >= sizeof(to_display(vdev)->regs))
		return 0;
	return regs[offset / 4];
}

static void test_write(struct vdev *vdev, unsigned int bar, u32 offset,
		       unsigned int size, u32 value)
{
	struct test_display *display = to_display(vdev);
	unsigned int slot = offset / 4 / TEST_REGS;
	struct vfio_dmabuf_rect damage;
	u32 *regs, plane_id;

	if (offset == TEST_STALL) {
		WRITE_ONCE(display->stalled, value);
		wake_up_all(&display->stall_over);
		return;
	}
	if (size != 4 || slot >= display->heads * TEST_TYPES)
		return;
	regs = display->regs[slot];
	regs[offset / 4 % TEST_REGS] = value;
	if (offset / 4 % TEST_REGS != TEST_COMMIT)
		return;
	plane_id = VFIO_DMABUF_MGR_PLANE_ID(slot % TEST_TYPES, 0,
					    slot / TEST_TYPES);
	damage.x = regs[TEST_DAMAGE_X];
	damage.y = regs[TEST_DAMAGE_Y];
	damage.width = regs[TEST_DAMAGE_WIDTH];
	damage.height = regs[TEST_DAMAGE_HEIGHT];
	vfio_dmabuf_mgr_changed(display->mgr, plane_id,
				value == 2 ? &damage : NULL);
}

/* Replace memory that planes were shown from, as a guest does that frees it. */
static int renew(struct test_display *display, u32 nr)
{
	struct vfio_dmabuf_mem *mem;

	if (nr != TEST_MEMORY_PAGES_1 && nr != TEST_MEMORY_PAGES_2)
		return -EINVAL;
	mem = pages_mem_create();
	if (IS_ERR(mem))
		return PTR_ERR(mem);
	mutex_lock(&display->vdev.lock);
	swap(display->mem[nr], mem);
	mutex_unlock(&display->vdev.lock);
	vfio_dmabuf_mgr_forget(display->mgr, mem, 0);
	vfio_dmabuf_mem_put(mem);
	return 0;
}

/* These sleep on what the callback takes, so they are not vdev_ops writes. */
static ssize_t test_file_write(struct vfio_device *vfio,
			       const char __user *buf, size_t count,
			       loff_t *ppos)
{
	struct test_display *display = to_display(to_vdev(vfio));
	u32 nr;
	int ret;

	if (*ppos != TEST_RENEW && *ppos != TEST_IMPORT)
		return vdev_write(vfio, buf, count, ppos);
	if (count != sizeof(nr))
		return -EINVAL;
	if (copy_from_user(&nr, buf, sizeof(nr)))
		return -EFAULT;
	if (*ppos == TEST_RENEW)
		ret = renew(display, nr);
	else
		ret = test_importer_import(&display->importer, vfio->dev, nr);
	return ret ?: count;
}

static long test_ioctl(struct vfio_device *vfio, unsigned int cmd,
		       unsigned long arg)
{
	switch (cmd) {
	case VFIO_DEVICE_QUERY_GFX_PLANE:
	case VFIO_DEVICE_GET_GFX_DMABUF:
		return vfio_dmabuf_mgr_device_ioctl(to_display(to_vdev(vfio))->mgr,
						    cmd, arg);
	default:
		return vdev_ioctl(vfio, cmd, arg);
	}
}

static void test_config_changed(struct vdev *vdev)
{
	/* Its planes are at TEST_ADDRESS, wherever the BARs are */
	to_display(vdev)->master = vdev_is_bus_master(vdev);
}

static const struct vdev_ops test_vdev_ops = {
	.reset = test_reset,
	.read = test_read,
	.write = test_write,
	.config_changed = test_config_changed,
};

static int test_init(struct vfio_device *vfio)
{
	static const struct vdev_pci_id id = {
		.vendor = 0x1234,
		.device = 0xfffe,
		.class = 0x038000,
	};
	int ret;

	init_waitqueue_head(&to_display(to_vdev(vfio))->stall_over);
	vdev_init(to_vdev(vfio), &test_vdev_ops);
	vdev_config_init(to_vdev(vfio), &id);
	ret = vdev_config_add_bar(to_vdev(vfio), 0, SZ_4K, 0) ?:
	      vdev_config_add_bar(to_vdev(vfio), 2, TEST_BAR_SIZE,
				  PCI_BASE_ADDRESS_MEM_PREFETCH);
	/* VFIO does not release what it could not initialize */
	if (ret)
		vdev_destroy(to_vdev(vfio));
	return ret;
}

static void test_release(struct vfio_device *vfio)
{
	vdev_destroy(to_vdev(vfio));
	planefd_vfio_free(vfio);
}

static const struct vfio_device_ops test_vfio_ops = {
	.name = "vfio_test_display",
	.init = test_init,
	.release = test_release,
	.open_device = test_open_device,
	.close_device = test_close_device,
	.read = vdev_read,
	.write = test_file_write,
	.mmap = vdev_mmap,
	.ioctl = test_ioctl,
	.request = vdev_request,
	PLANEFD_VFIO_REGION_INFO_OP
	PLANEFD_VFIO_IOMMUFD_OPS
};

int test_display_probe(struct mdev_device *mdev)
{
	struct test_display *display;
	int ret;

	display = vfio_alloc_device(test_display, vdev.vfio, &mdev->dev,
				    &test_vfio_ops);
	if (IS_ERR(display))
		return PTR_ERR(display);
	display->heads = test_type_heads(mdev->type);
	dev_set_drvdata(&mdev->dev, display);
	ret = vdev_register(&display->vdev);
	if (ret)
		vfio_put_device(&display->vdev.vfio);
	return ret;
}

void test_display_remove(struct mdev_device *mdev)
{
	struct test_display *display = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&display->vdev.vfio);
	vfio_put_device(&display->vdev.vfio);
}
