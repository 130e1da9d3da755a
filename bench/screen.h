/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is measured: a display that shows a mode, ours or a sample driver's, and
 * what a viewer asks of it. Ours and mbochs are bochs displays, so that one
 * guest's driver does for both. mdpy shows one mode for good, in memory that is
 * there from the beginning.
 */
#ifndef BENCH_SCREEN_H
#define BENCH_SCREEN_H

#include "planes.h"
#include "ram.h"
#include "result.h"

/* Lines to pan by so that every picture begins at a page's start */
#define PAN_LINES 8

struct size {
	const char *name;
	uint16_t width;
	uint16_t height;
	uint64_t vram;	  /* that it fits in, panned a few hundred times */
	const char *mdpy; /* mdpy's type that shows it, or NULL */
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
	enum column whose; /* PLANEFD, MBOCHS or MDPY */
	const struct size *size;
	struct device device;
	uint64_t vram;
	uint64_t bar2; /* its offset in the device's fd */
	int manager;   /* -1 where there is none */
	uint16_t line; /* at which the picture begins */

	/* What the round that is being measured does and gets */
	union plane_query query;
	struct vfio_device_gfx_plane_info gfx;
	int status;
	int dmabuf;
};

/* The bytes of VRAM that a picture of this size takes, and its pages */
uint64_t size_bytes(const struct size *size);
uint64_t size_pages(const struct size *size);

/* NULL if this driver can show the size, or why not */
const char *screen_cannot(enum column whose, const struct size *size);

/* Whether a sample driver is loaded at all */
bool screen_has(enum column whose);

/* A new device, open, off, nothing of its VRAM touched */
void screen_create(struct screen *screen, enum column whose,
		   const struct size *size);

/* The same of a type that has less VRAM, which is never to show anything */
void screen_create_small(struct screen *screen, enum column whose);

/* Show the size, with all pages of VRAM there as if drawn to */
void screen_show(struct screen *screen);

/* The same, with its VRAM as it is */
void screen_set_mode(struct screen *screen);

/* Pan to where it never was: another plane to export */
void screen_pan(struct screen *screen);

/*
 * What a guest's driver does to flip, measured: one write to a register, which
 * makes the picture begin at screen->line.
 */
void screen_flip(struct screen *screen);
void screen_has_flipped(const struct screen *screen);

/* Close it, and open it again with new VRAM */
void screen_close(struct screen *screen);
void screen_open(struct screen *screen);

void screen_remove(struct screen *screen);

/*
 * What a viewer asks, filled in by screen_prepare() with this argsz for QUERY,
 * and then measured: QUERY and CREATE_DMABUF on the manager fd, mainline's
 * query and get on the device fd. The argument is the screen.
 */
void screen_prepare(struct screen *screen, size_t argsz);
void screen_query(void *arg);
void screen_create_dmabuf(void *arg);
void screen_gfx_query(void *arg);
void screen_gfx_get(void *arg);
void screen_gfx_export(void *arg);

/* For mbochs, whose first query of a mode always fails */
void screen_gfx_export_new(void *arg);

/* Check that it was answered, and close what was exported */
void screen_was_asked(void *arg);
void screen_has_exported(void *arg);
void screen_close_exported(void *arg);

/* Export the plane by whatever ABI its driver has; a dma-buf */
int screen_export(struct screen *screen);

#endif /* BENCH_SCREEN_H */
