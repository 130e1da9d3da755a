/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is measured: a display that shows a mode, ours or the sample driver's.
 * Both are bochs displays, so one guest's driver does for both.
 */
#ifndef BENCH_SCREEN_H
#define BENCH_SCREEN_H

#include "bochs.h"
#include "result.h"

/* Lines to pan by so that every picture begins at a page's start */
#define PAN_LINES 8

struct size {
	const char *name;
	uint16_t width;
	uint16_t height;
	uint64_t vram; /* that it fits in, panned a few hundred times */
};

extern const struct size sizes[];
extern const unsigned int sizes_count;

/* The sizes that a thing is measured at which has no size of its own */
#define SIZE_VGA (&sizes[0])
#define SIZE_HD (&sizes[1])
#define SIZE_4K (&sizes[2])
#define SIZE_8K (&sizes[3])

#define MBOCHS_VRAM (64 * MIB)

struct screen {
	enum column whose; /* PLANEFD or MBOCHS */
	const struct size *size;
	struct device device;
	uint64_t vram;
	uint64_t bar2; /* its offset in the device's fd */
	int manager;   /* -1 for mbochs */
	uint16_t line; /* at which the picture begins */

	/* What the round that is being measured does and gets */
	struct vfio_device_gfx_plane_info gfx;
	int status;
	int dmabuf;
};

/* The bytes of VRAM that a picture of this size takes */
uint64_t size_bytes(const struct size *size);

/* Whether the sample driver can be loaded at all */
bool screen_has_mbochs(void);

/* A new device, open, off, nothing of its VRAM touched */
void screen_create(struct screen *screen, enum column whose,
		   const struct size *size);

/* Show the size, with all pages of VRAM there as if drawn to */
void screen_show(struct screen *screen);

/* Pan to where it never was: another plane to export */
void screen_pan(struct screen *screen);

/* Close it, and open it again with new VRAM */
void screen_close(struct screen *screen);
void screen_open(struct screen *screen);

void screen_remove(struct screen *screen);

#endif /* BENCH_SCREEN_H */
