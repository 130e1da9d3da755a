/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A display for the tests of what vfio_bochs does not have: two heads, or
 * sixteen, each with an overlay, a primary and a cursor plane, damage, hot
 * spots, memory made of pages, memory that comes and goes, and dma-bufs of the
 * vendor's own.
 *
 * It is the smallest driver of the manager's API, too: device.c is what a
 * vendor writes. No guest drives it; a test does, through BAR 0:
 *
 *	0x40 * slot	32-bit registers of a plane, slot = head * 3 + type
 *	0xf00		write: make memory number n anew (1 or 2)
 *	0xf04		read: may the device master the bus, as it was told last
 *	0xf08		write: not 0, and the callback waits until it is 0
 *
 * BAR 2 is memory number 0, 16 MiB.
 */
#ifndef _VFIO_TEST_DISPLAY_H
#define _VFIO_TEST_DISPLAY_H

#include <linux/mdev.h>
#include <linux/types.h>
#include <linux/vfio_dmabuf_mgr.h>
#include <linux/vfio_vdev.h>
#include <linux/wait.h>

#define TEST_HEADS	16	/* of the type that has most */
#define TEST_TYPES	3
#define TEST_PLANES	(TEST_HEADS * TEST_TYPES)
#define TEST_RENEW	0xf00
#define TEST_MASTER	0xf04
#define TEST_STALL	0xf08	/* not 0: the callback waits until it is 0 */
#define TEST_IMPORT	0xf0c	/* a fd; reads as how often it was told to let go */

/* Bytes of memory 0, of the others, and of the vendor's own */
#define TEST_BAR_SIZE	SZ_16M
#define TEST_MEM_SIZE	SZ_4M

/* What a plane's TEST_MEMORY may say */
enum test_memory {
	TEST_MEMORY_BAR,	/* BAR 2 */
	TEST_MEMORY_PAGES_1,	/* from pages, replaced by TEST_RENEW */
	TEST_MEMORY_PAGES_2,
	TEST_MEMORY_VENDOR,	/* exported by this driver, not the manager */
	TEST_MEMORY_NUM,
};

enum test_reg {
	TEST_ON,
	TEST_FORMAT,
	TEST_WIDTH,
	TEST_HEIGHT,
	TEST_STRIDE,
	TEST_OFFSET,
	TEST_X,
	TEST_Y,
	TEST_HOT_X,
	TEST_HOT_Y,
	TEST_MEMORY,
	TEST_DAMAGE_X,
	TEST_DAMAGE_Y,
	TEST_DAMAGE_WIDTH,
	TEST_DAMAGE_HEIGHT,
	TEST_COMMIT,		/* write 1: a flip; 2: the damage above */
	TEST_REGS,
};

struct test_importer {
	struct dma_buf_attachment *attachment;	/* NULL: nothing is imported */
	struct sg_table *imported;		/* reservation lock */
	u32 told;				/* how often to let go of it */
};

struct test_display {
	struct vdev vdev;				/* first */
	unsigned int heads;
	struct test_importer importer;
	u32 stalled;
	wait_queue_head_t stall_over;
	struct vfio_dmabuf_mgr *mgr;			/* while open */
	struct vfio_dmabuf_mem *mem[TEST_MEMORY_VENDOR];	/* vdev.lock */
	u32 regs[TEST_PLANES][TEST_REGS];		/* vdev.lock */
	bool master;					/* vdev.lock */
};

/* main.c */
unsigned int test_type_heads(const struct mdev_type *type);

/* device.c */
int test_display_probe(struct mdev_device *mdev);
void test_display_remove(struct mdev_device *mdev);

/* importer.c */
int test_importer_import(struct test_importer *importer, struct device *dev,
			 int fd);
void test_importer_drop(struct test_importer *importer);

/* dmabuf.c */
struct dma_buf *test_dmabuf_create(u64 size, int flags);

#endif /* _VFIO_TEST_DISPLAY_H */
