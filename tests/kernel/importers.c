// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices that import a plane, several at a time: each viewer brings its own.
 * In a kernel with DMA_API_DEBUG two mappings of the same page for writing are
 * a splat, unless the exporter keeps the CPU's caches by itself.
 */
#include "gem.h"
#include "planes.h"
#include "test.h"

#include <linux/dma-buf.h>
#include <unistd.h>

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};

static struct device device;
static int manager;

static void set_up(void)
{
	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
}

TEST("two importers have the same writable dma-buf at once")
{
	int first = gem_open(), second = gem_open(), dmabuf;
	uint32_t handles[2];

	set_up();
	dmabuf =
		plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE, NULL);
	handles[0] = gem_import(first, dmabuf);
	handles[1] = gem_import(second, dmabuf);
	CHECK_EQ(dmabuf_inode(gem_export(first, handles[0])),
		 dmabuf_inode(dmabuf));
	gem_close(first, handles[0]);
	CHECK_EQ(dmabuf_inode(gem_export(second, handles[1])),
		 dmabuf_inode(dmabuf));
}

TEST("a writable dma-buf and a read-only one of a plane are imported at once")
{
	int card = gem_open(), writable, readable;

	set_up();
	writable =
		plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE, NULL);
	readable = plane_create_ok(manager, 0, NULL);
	gem_import(card, readable);
	gem_import(card, writable);
}

TEST("writable dma-bufs of planes that overlap in VRAM are imported at once")
{
	int card = gem_open();

	set_up();
	gem_import(card,
		   plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE,
				   NULL));
	bochs_write(&device, DISPI_Y_OFFSET, 16);
	gem_import(card,
		   plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE,
				   NULL));
}

TEST("the CPU's accesses are bracketed while importers have the dma-buf")
{
	int first = gem_open(), second = gem_open(), dmabuf;

	set_up();
	dmabuf =
		plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE, NULL);
	gem_import(first, dmabuf);
	gem_import(second, dmabuf);
	CHECK_OK(dmabuf_sync(dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	CHECK_OK(close(second));
	CHECK_OK(dmabuf_sync(dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
}
