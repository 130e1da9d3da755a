/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The test display of kernel/test: two heads, or sixteen, each with an overlay,
 * a primary and a cursor plane, which show whatever a test writes to its
 * registers. The numbers are those of kernel/test/display.h.
 */
#ifndef TESTS_HARNESS_DISPLAY_H
#define TESTS_HARNESS_DISPLAY_H

#include "device.h"

#define TYPE_TEST "vfio_test_display-two-heads"
#define TYPE_TEST_16 "vfio_test_display-sixteen-heads"

enum display_register {
	DISPLAY_ON,
	DISPLAY_FORMAT,
	DISPLAY_WIDTH,
	DISPLAY_HEIGHT,
	DISPLAY_STRIDE,
	DISPLAY_OFFSET,
	DISPLAY_X,
	DISPLAY_Y,
	DISPLAY_HOT_X,
	DISPLAY_HOT_Y,
	DISPLAY_MEMORY,
	DISPLAY_DAMAGE_X,
	DISPLAY_DAMAGE_Y,
	DISPLAY_DAMAGE_WIDTH,
	DISPLAY_DAMAGE_HEIGHT,
	DISPLAY_COMMIT,
	DISPLAY_REGISTERS,
};

/* What DISPLAY_MEMORY may be */
enum display_memory {
	MEMORY_BAR,
	MEMORY_PAGES_1,
	MEMORY_PAGES_2,
	MEMORY_VENDOR,
};

/* What DISPLAY_COMMIT may be */
#define COMMIT_FLIP 1
#define COMMIT_DAMAGE 2

/* Where in BAR 0 a memory's number is written to have it made anew */
#define DISPLAY_RENEW 0xf00

/* Where 1 is read if the driver was told last that it may master the bus */
#define DISPLAY_MASTER 0xf04
/* Not 0 there has get_plane() wait, with the manager's lock held */
#define DISPLAY_STALL 0xf08

/*
 * A fd is written there to have its dma-buf imported, by a device that can be
 * told to let go of it; it reads as how often it was told since
 */
#define DISPLAY_IMPORT 0xf0c

/* "XR24" and "AR24", as drm_fourcc.h spells them */
#define FOURCC_XRGB8888 UINT32_C(0x34325258)
#define FOURCC_ARGB8888 UINT32_C(0x34325241)

#define OVERLAY_ID(head)                                                       \
	VFIO_DMABUF_MGR_PLANE_ID(VFIO_DMABUF_MGR_PLANE_OVERLAY, 0, head)
#define PRIMARY_ID(head)                                                       \
	VFIO_DMABUF_MGR_PLANE_ID(VFIO_DMABUF_MGR_PLANE_PRIMARY, 0, head)
#define CURSOR_ID(head)                                                        \
	VFIO_DMABUF_MGR_PLANE_ID(VFIO_DMABUF_MGR_PLANE_CURSOR, 0, head)

/*
 * Load the module, make such a device and open it. After the test the module
 * goes again, so that it does not keep the manager in place.
 */
void display_create(struct device *device);

/* The same with sixteen heads */
void display_create_many(struct device *device);

void display_set(const struct device *device, uint32_t plane_id,
		 enum display_register reg, uint32_t value);

/* What is in which memory, from byte offset on; stride in bytes */
struct display_picture {
	uint32_t format;
	uint32_t width;
	uint32_t height;
	uint32_t stride;
	enum display_memory memory;
	uint32_t offset;
};

/*
 * Show that on a plane. Where the plane is, and its hot spot, is as was last
 * set, and is shown with it.
 */
void display_show(const struct device *device, uint32_t plane_id,
		  const struct display_picture *picture);

/* Say that the plane was drawn to, within this rectangle */
void display_damage(const struct device *device, uint32_t plane_id, uint32_t x,
		    uint32_t y, uint32_t width, uint32_t height);

/* Hold the manager's lock with the next look at a plane, until it is false
 * again */
void display_stall(const struct device *device, bool stalled);

/*
 * Have the device import a dma-buf in place of the last: 0, or -1 and errno,
 * EIO where it can be attached and not be mapped
 */
int display_import(const struct device *device, int dmabuf);

/* How often it was told since to let go of that */
unsigned int display_told(const struct device *device);

/* Make one of the memories of pages anew */
void display_renew(const struct device *device, enum display_memory memory);

#endif /* TESTS_HARNESS_DISPLAY_H */
