// SPDX-License-Identifier: GPL-2.0-only
/*
 * The monitor: VFIO's EDID region, through which a VMM says what monitor the
 * guest sees, and the EDID that it sees until a VMM says so.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/vfio.h>

#include "planefd_compat.h"
#include "vdev.h"

/* Where the blob is in the region: behind the header, at a round offset */
#define BLOB_OFFSET	64

/* VESA E-EDID standard, release A revision 2 (EDID 1.4) */
#define EDID_SIZE		128
#define EDID_DESCRIPTOR_SIZE	18
#define EDID_STANDARD_TIMINGS	8
#define EDID_STANDARD_SIZE	2
#define EDID_STANDARD_UNUSED	0x01	/* each byte of it */

/* Display descriptors, by their tags */
#define DESCRIPTOR_DATA		13	/* bytes */
#define DESCRIPTOR_NAME		0xfc
#define DESCRIPTOR_LIMITS	0xfd
#define DESCRIPTOR_NONE		0x10
#define LIMITS_MAX_LINES_OFFSET	BIT(3)

u32 vdev_edid_region_size(void)
{
	return BLOB_OFFSET + VDEV_EDID_MAX;
}

static u32 header_word(const struct vdev_edid *edid, u32 offset)
{
	switch (offset) {
	case offsetof(struct vfio_region_gfx_edid, edid_offset):
		return BLOB_OFFSET;
	case offsetof(struct vfio_region_gfx_edid, edid_max_size):
		return VDEV_EDID_MAX;
	case offsetof(struct vfio_region_gfx_edid, edid_size):
		return edid->size;
	case offsetof(struct vfio_region_gfx_edid, max_xres):
		return edid->max_xres;
	case offsetof(struct vfio_region_gfx_edid, max_yres):
		return edid->max_yres;
	case offsetof(struct vfio_region_gfx_edid, link_state):
		return edid->link;
	default:
		return 0;
	}
}

u32 vdev_edid_read(const struct vdev_edid *edid, u32 offset, unsigned int size)
{
	u32 value = 0;
	unsigned int i;

	if (offset < BLOB_OFFSET) {
		value = header_word(edid, ALIGN_DOWN(offset, 4));
		return value >> 8 * (offset % 4);
	}
	for (i = 0; i < size; i++)
		value |= (u32)edid->blob[offset - BLOB_OFFSET + i] << 8 * i;
	return value;
}

/* -EINVAL for a header field that is read-only or that refuses the value. */
int vdev_edid_write(struct vdev_edid *edid, u32 offset, unsigned int size,
		    u32 value)
{
	unsigned int i;

	if (offset >= BLOB_OFFSET) {
		for (i = 0; i < size; i++)
			edid->blob[offset - BLOB_OFFSET + i] = value >> 8 * i;
		return 0;
	}
	if (size != 4)
		return -EINVAL;
	switch (offset) {
	case offsetof(struct vfio_region_gfx_edid, edid_size):
		if (value > VDEV_EDID_MAX)
			return -EINVAL;
		edid->size = value;
		return 0;
	case offsetof(struct vfio_region_gfx_edid, link_state):
		if (value != VFIO_DEVICE_GFX_LINK_STATE_UP &&
		    value != VFIO_DEVICE_GFX_LINK_STATE_DOWN)
			return -EINVAL;
		edid->link = value;
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * vdev_edid_byte - what the guest reads
 * @edid: the monitor
 * @offset: byte of the EDID, any
 *
 * Context: under vdev->lock.
 * Return: the byte, 0 beyond the end and while the link is down.
 */
u8 vdev_edid_byte(const struct vdev_edid *edid, u32 offset)
{
	if (edid->link != VFIO_DEVICE_GFX_LINK_STATE_UP || offset >= edid->size)
		return 0;
	return edid->blob[offset];
}
EXPORT_SYMBOL_GPL(vdev_edid_byte);

/* Vertical sync width, which tells the aspect ratio: VESA CVT 1.1, 3.4.2 */
static u32 cvt_vsync(u32 width, u32 height)
{
	if (width * 3 == height * 4)
		return 4;
	if (width * 9 == height * 16)
		return 5;
	if (width * 10 == height * 16)
		return 6;
	if (width * 4 == height * 5 || width * 9 == height * 15)
		return 7;
	return 10;
}

/* The timings of a mode with the reduced blanking of VESA CVT 1.1 */
struct timing {
	u32 hblank;
	u32 hfront;
	u32 hsync;
	u32 vblank;
	u32 vfront;
	u32 vsync;
	u32 clock;	/* in units of 10 kHz */
};

static void make_timing(struct timing *t, u32 width, u32 height, u32 refresh)
{
	u32 line;

	t->hblank = 160;
	t->hfront = 48;
	t->hsync = 32;
	t->vfront = 3;
	t->vsync = cvt_vsync(width, height);
	/* At least 460 us and six lines of back porch; a line's time in ns */
	line = (1000000000 / refresh - 460000) / height;
	t->vblank = max(460000 / line + 1, t->vfront + t->vsync + 6);
	/* In steps of 250 kHz */
	t->clock = rounddown(refresh * (width + t->hblank) / 100 *
			     (height + t->vblank) / 100, 25);
}

/* Can a detailed timing say that? */
static bool timing_fits(const struct timing *t, u32 width, u32 height)
{
	return width <= 0xfff && height <= 0xfff && t->clock &&
	       t->clock <= 0xffff;
}

static void put_timing(u8 *d, const struct timing *t, u32 width, u32 height,
		       u32 width_mm, u32 height_mm)
{
	put_unaligned_le16(t->clock, d);
	d[2] = width;
	d[3] = t->hblank;
	d[4] = width >> 8 << 4 | t->hblank >> 8;
	d[5] = height;
	d[6] = t->vblank;
	d[7] = height >> 8 << 4 | t->vblank >> 8;
	d[8] = t->hfront;
	d[9] = t->hsync;
	d[10] = t->vfront << 4 | t->vsync;
	d[11] = 0;
	d[12] = width_mm;
	d[13] = height_mm;
	d[14] = width_mm >> 8 << 4 | height_mm >> 8;
	/* Digital separate sync, horizontal positive, vertical negative */
	d[17] = 0x1a;
}

/* A standard timing's bits that say its height: E-EDID 1.4, 3.9 */
enum aspect {
	ASPECT_16_10,
	ASPECT_4_3,
	ASPECT_5_4,
	ASPECT_16_9,
};

struct standard {
	u16 width;
	u16 height;
	enum aspect aspect;
};

/* At 60 Hz all of them have such a code in VESA DMT 1.0, which has the timings */
static const struct standard standards[EDID_STANDARD_TIMINGS] = {
	{ 1280, 720, ASPECT_16_9 },
	{ 1280, 800, ASPECT_16_10 },
	{ 1280, 1024, ASPECT_5_4 },
	{ 1440, 900, ASPECT_16_10 },
	{ 1600, 900, ASPECT_16_9 },
	{ 1680, 1050, ASPECT_16_10 },
	{ 1920, 1080, ASPECT_16_9 },
	{ 1920, 1200, ASPECT_16_10 },
};

/* Can the device show it? */
static bool standard_fits(const struct vdev_edid *edid,
			  const struct standard *standard)
{
	return (!edid->max_xres || standard->width <= edid->max_xres) &&
	       (!edid->max_yres || standard->height <= edid->max_yres);
}

static void put_standard(u8 *d, const struct standard *standard)
{
	d[0] = standard->width / 8 - 31;
	/* The lower six bits are how much more than 60 Hz it is */
	d[1] = standard->aspect << 6;
}

static void put_standards(u8 *d, const struct vdev_edid *edid)
{
	unsigned int i;

	memset(d, EDID_STANDARD_UNUSED,
	       EDID_STANDARD_TIMINGS * EDID_STANDARD_SIZE);
	for (i = 0; i < ARRAY_SIZE(standards); i++) {
		if (standard_fits(edid, &standards[i])) {
			put_standard(d, &standards[i]);
			d += EDID_STANDARD_SIZE;
		}
	}
}

static const u8 nothing[DESCRIPTOR_DATA];

/* A display descriptor: a tag and DESCRIPTOR_DATA bytes */
static void put_descriptor(u8 *d, u8 tag, const void *data)
{
	d[3] = tag;
	memcpy(&d[5], data, DESCRIPTOR_DATA);
}

/*
 * What the monitor can do: 50 to 125 Hz, 30 to 160 kHz, up to 600 MHz, and the
 * mode that it prefers. Nothing where there are no such limits: E-EDID 1.4 has
 * 1 to 255 Hz, and 1 to 510 kHz, a limit above 255 less 255 and with a flag.
 */
static void put_limits(u8 *d, const struct timing *t, u32 width, u32 height)
{
	const u32 lines = t->clock * 10000 / (width + t->hblank);
	const u32 frames = lines / (height + t->vblank);
	const u32 max_lines = max(lines / 1000 + 1, 160u);
	const u8 limits[DESCRIPTOR_DATA] = {
		min(frames, 50u),
		max(frames + 1, 125u),
		min(lines / 1000, 30u),
		max_lines > 255 ? max_lines - 255 : max_lines,
		max(DIV_ROUND_UP(t->clock, 1000), 60u),
		0x01,	/* limits only */
		'\n', ' ', ' ', ' ', ' ', ' ', ' ',
	};

	if (!frames || lines < 1000 || max_lines > 510) {
		put_descriptor(d, DESCRIPTOR_NONE, nothing);
		return;
	}
	put_descriptor(d, DESCRIPTOR_LIMITS, limits);
	d[4] = max_lines > 255 ? LIMITS_MAX_LINES_OFFSET : 0;
}

static void put_monitor(u8 *e, const struct timing *t, u32 width, u32 height)
{
	/* At 100 dots an inch */
	const u32 width_mm = width * 254 / 1000;
	const u32 height_mm = height * 254 / 1000;

	/* "PFD", five bits a letter */
	put_unaligned_be16(('P' - '@') << 10 | ('F' - '@') << 5 | ('D' - '@'),
			   &e[8]);
	e[10] = 1;		/* product */
	e[17] = 2026 - 1990;	/* model year, as e[16] says */
	e[16] = 0xff;
	e[18] = 1;		/* EDID 1.4 */
	e[19] = 4;
	e[20] = 0xa5;		/* digital, 8 bits a colour, DisplayPort */
	e[21] = DIV_ROUND_CLOSEST(width_mm, 10);
	e[22] = DIV_ROUND_CLOSEST(height_mm, 10);
	e[23] = 120;		/* gamma 2.2 */
	e[24] = 0x06;		/* sRGB, first timing is the native one */
	/* Chromaticity of sRGB's primaries and white point */
	memcpy(&e[25], "\xee\x91\xa3\x54\x4c\x99\x26\x0f\x50\x54", 10);
	e[35] = 0x21;		/* 640x480 and 800x600 at 60 Hz */
	e[36] = 0x08;		/* 1024x768 at 60 Hz */

	put_timing(&e[54], t, width, height, width_mm, height_mm);
	put_descriptor(&e[54 + EDID_DESCRIPTOR_SIZE], DESCRIPTOR_NAME,
		       "planefd\n     ");
	put_limits(&e[54 + 2 * EDID_DESCRIPTOR_SIZE], t, width, height);
	put_descriptor(&e[54 + 3 * EDID_DESCRIPTOR_SIZE], DESCRIPTOR_NONE,
		       nothing);
}

/**
 * vdev_edid_set_mode - have the monitor prefer a mode
 * @edid: the monitor
 * @width: pixels, at most 8192
 * @height: lines, at most 8192
 * @refresh: frames a second, at most 240, or 0 for 60
 *
 * Its EDID offers some usual modes, too, as far as the device can show them.
 *
 * A mode that is too large for an EDID to say leaves a monitor without one: a
 * guest that is told of modes in another way goes by that then.
 *
 * Context: under vdev->lock.
 */
void vdev_edid_set_mode(struct vdev_edid *edid, u32 width, u32 height,
			u32 refresh)
{
	u8 *e = edid->blob;
	struct timing t;
	unsigned int i;
	u8 sum = 0;

	memset(e, 0, sizeof(edid->blob));
	edid->size = 0;
	make_timing(&t, width, height, refresh ?: 60);
	if (!timing_fits(&t, width, height))
		return;
	memset(&e[1], 0xff, 6);
	put_monitor(e, &t, width, height);
	put_standards(&e[38], edid);
	for (i = 0; i < EDID_SIZE - 1; i++)
		sum += e[i];
	e[EDID_SIZE - 1] = -sum;
	edid->size = EDID_SIZE;
}
EXPORT_SYMBOL_GPL(vdev_edid_set_mode);

/**
 * vdev_edid_native - what mode the monitor prefers
 * @edid: the monitor
 * @width: pixels
 * @height: lines
 *
 * Context: under vdev->lock.
 * Return: false where its EDID does not say it in the usual place.
 */
bool vdev_edid_native(const struct vdev_edid *edid, u32 *width, u32 *height)
{
	const u8 *d = &edid->blob[54];

	if (edid->size < EDID_SIZE || !get_unaligned_le16(d))
		return false;
	*width = d[2] | (d[4] & 0xf0) << 4;
	*height = d[5] | (d[7] & 0xf0) << 4;
	return *width && *height;
}
EXPORT_SYMBOL_GPL(vdev_edid_native);

/**
 * vdev_edid_init - connect a monitor
 * @edid: the monitor
 * @width: of its native mode
 * @height: of its native mode
 * @max_xres: what the VMM is told the device can do, and no standard timing
 *	goes beyond; 0 for no limit
 * @max_yres: the same
 */
void vdev_edid_init(struct vdev_edid *edid, u32 width, u32 height,
		    u32 max_xres, u32 max_yres)
{
	memset(edid, 0, sizeof(*edid));
	edid->max_xres = max_xres;
	edid->max_yres = max_yres;
	vdev_edid_set_mode(edid, width, height, 0);
	edid->link = VFIO_DEVICE_GFX_LINK_STATE_UP;
}
EXPORT_SYMBOL_GPL(vdev_edid_init);
