// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asking what a plane shows, and exporting it.
 *
 * mbochs cannot take everything that is asked of ours. Its first query of a
 * mode always fails, so there "a new mode" is query, query again, get. A second
 * get of a buffer that lives hands out the file without a reference, so that
 * only what is never closed survives; and a buffer gives up its pages each time
 * that it is closed, so each mode is closed once at the most.
 */
#include "rows.h"

#include "test.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define QUERY_ROUNDS 500
#define AGAIN_ROUNDS 200
#define FRESH_ROUNDS 60

#define PRIMARY VFIO_DMABUF_MGR_PLANE_ID(VFIO_DMABUF_MGR_PLANE_PRIMARY, 0, 0)

/* Bytes that a caller of 2017 knows of */
#define QUERY_MINSZ 60

static unsigned char query[VFIO_DMABUF_MGR_QUERY_EXT_ARGSZ]
	__attribute__((aligned(8)));

static void query_prepare(size_t argsz)
{
	struct vfio_dmabuf_mgr_query_plane *plane = (void *)query;

	memset(query, 0, sizeof(query));
	plane->argsz = (uint32_t)argsz;
	plane->plane_id = PRIMARY;
}

static void query_timed(void *arg)
{
	struct screen *screen = arg;

	screen->status =
		ioctl(screen->manager, VFIO_DMABUF_MGR_QUERY_PLANE, query);
}

static void query_after(void *arg)
{
	const struct vfio_dmabuf_mgr_query_plane *plane = (const void *)query;
	struct screen *screen = arg;

	CHECK_EQ(screen->status, 0);
	CHECK_EQ(plane->plane_info.width, screen->size->width);
}

static void gfx_prepare(struct screen *screen)
{
	memset(&screen->gfx, 0, sizeof(screen->gfx));
	screen->gfx.argsz = sizeof(screen->gfx);
	screen->gfx.flags = VFIO_GFX_PLANE_TYPE_DMABUF;
	screen->gfx.drm_plane_type = 1;
}

static void gfx_query_timed(void *arg)
{
	struct screen *screen = arg;

	screen->status = ioctl(screen->device.fd, VFIO_DEVICE_QUERY_GFX_PLANE,
			       &screen->gfx);
}

static void gfx_query_after(void *arg)
{
	struct screen *screen = arg;

	CHECK_EQ(screen->status, 0);
	CHECK_EQ(screen->gfx.width, screen->size->width);
}

static void gfx_get_timed(void *arg)
{
	struct screen *screen = arg;

	screen->dmabuf = ioctl(screen->device.fd, VFIO_DEVICE_GET_GFX_DMABUF,
			       &screen->gfx.dmabuf_id);
}

static void gfx_export_timed(void *arg)
{
	gfx_query_timed(arg);
	gfx_get_timed(arg);
}

/* For mbochs, which knows a mode only after a query of it has failed */
static void gfx_export_new_timed(void *arg)
{
	gfx_query_timed(arg);
	gfx_export_timed(arg);
}

static void create_timed(void *arg)
{
	struct vfio_dmabuf_mgr_create_dmabuf create = {
		.argsz = sizeof(create),
		.plane_id = PRIMARY,
	};
	struct screen *screen = arg;

	screen->status =
		ioctl(screen->manager, VFIO_DMABUF_MGR_CREATE_DMABUF, &create);
	screen->dmabuf = create.fd;
}

static void close_timed(struct screen *screen)
{
	close(screen->dmabuf);
}

static void create_close_timed(void *arg)
{
	create_timed(arg);
	close_timed(arg);
}

static void gfx_export_close_timed(void *arg)
{
	gfx_export_timed(arg);
	close_timed(arg);
}

static void gfx_export_new_close_timed(void *arg)
{
	gfx_export_new_timed(arg);
	close_timed(arg);
}

static void pan_before(void *arg)
{
	screen_pan(arg);
}

static void exported_after(void *arg)
{
	struct screen *screen = arg;

	CHECK_EQ(screen->status, 0);
	CHECK_GE(screen->dmabuf, 0);
}

static void close_after(void *arg)
{
	exported_after(arg);
	close_timed(arg);
}

static void unknown_timed(void *arg)
{
	ioctl(*(int *)arg, VFIO_DEVICE_FEATURE + 100, NULL);
}

static void getppid_timed(void *arg)
{
	(void)arg;
	getppid();
}

static void dup_timed(void *arg)
{
	struct screen *screen = arg;

	screen->dmabuf = dup(screen->manager);
}

static void dup_after(void *arg)
{
	close_timed(arg);
}

/* A new file of the kernel's making, with no pages yet */
static void memfd_timed(void *arg)
{
	struct screen *screen = arg;

	screen->dmabuf = memfd_create("floor", MFD_CLOEXEC);
}

static void memfd_close_timed(void *arg)
{
	memfd_timed(arg);
	close_timed(arg);
}

static void dup_close_timed(void *arg)
{
	dup_timed(arg);
	close_timed(arg);
}

static void set(const char *name, struct screen *screen, enum column column,
		const struct work *work, unsigned int rounds, const char *what)
{
	struct row *row = result_row(name, screen->size->name);
	struct figures figures;

	result_cannot(row, column, "it ended while this was measured");
	figures = measure(work, rounds, screen);
	result_set(row, column, &figures, 1, what);
}

/* Entry and exit of a system call that does nothing */
static void rows_floor(struct screen *screen)
{
	static const struct work unknown = {.timed = unknown_timed};
	static const struct work getppid_work = {.timed = getppid_timed};
	struct row *row = result_row(ROW_UNKNOWN, "");
	struct figures figures;

	if (screen->whose == MBOCHS) {
		figures = measure(&unknown, QUERY_ROUNDS, &screen->device.fd);
		result_set(row, MBOCHS, &figures, 1, NULL);
		return;
	}
	figures = measure(&unknown, QUERY_ROUNDS, &screen->manager);
	result_set(row, PLANEFD, &figures, 1, NULL);
	figures = measure(&unknown, QUERY_ROUNDS, &screen->device.fd);
	result_set(row, MAINLINE, &figures, 1, NULL);
	figures = measure(&getppid_work, QUERY_ROUNDS, NULL);
	result_set(row, FLOOR, &figures, 1, "getppid()");
}

static void rows_query(struct screen *screen)
{
	static const struct work query_work = {.timed = query_timed,
					       .after = query_after};
	static const struct work gfx_work = {.timed = gfx_query_timed,
					     .after = gfx_query_after};
	static const struct work unknown = {.timed = unknown_timed};
	struct figures figures;

	gfx_prepare(screen);
	if (screen->whose == MBOCHS) {
		gfx_query_timed(screen);
		set(ROW_QUERY, screen, MBOCHS, &gfx_work, QUERY_ROUNDS, NULL);
		return;
	}
	query_prepare(QUERY_MINSZ);
	set(ROW_QUERY, screen, PLANEFD, &query_work, QUERY_ROUNDS, NULL);
	set(ROW_QUERY, screen, MAINLINE, &gfx_work, QUERY_ROUNDS, NULL);
	query_prepare(sizeof(query));
	set(ROW_QUERY_EXT, screen, PLANEFD, &query_work, QUERY_ROUNDS, NULL);

	figures = measure(&unknown, QUERY_ROUNDS, &screen->manager);
	result_set(result_row(ROW_QUERY, screen->size->name), FLOOR, &figures,
		   1, "an unknown ioctl");
	result_set(result_row(ROW_QUERY_EXT, screen->size->name), FLOOR,
		   &figures, 1, "an unknown ioctl");
}

static void rows_export_new(struct screen *screen)
{
	static const struct work fresh = {pan_before, create_timed,
					  close_after};
	static const struct work gfx_fresh = {pan_before, gfx_export_timed,
					      close_after};
	static const struct work memfd = {NULL, memfd_timed, close_after};
	static const struct work round = {pan_before, create_close_timed,
					  exported_after};
	static const struct work gfx_round = {
		pan_before, gfx_export_close_timed, exported_after};
	static const struct work memfd_round = {NULL, memfd_close_timed, NULL};

	set(ROW_FRESH, screen, PLANEFD, &fresh, FRESH_ROUNDS,
	    "releases the mode before, which the manager held");
	set(ROW_FRESH, screen, MAINLINE, &gfx_fresh, FRESH_ROUNDS,
	    "releases the mode before, which the manager held");
	set(ROW_FRESH, screen, FLOOR, &memfd, FRESH_ROUNDS, "memfd_create()");

	set(ROW_FRESH_ROUND, screen, PLANEFD, &round, FRESH_ROUNDS, NULL);
	set(ROW_FRESH_ROUND, screen, MAINLINE, &gfx_round, FRESH_ROUNDS, NULL);
	set(ROW_FRESH_ROUND, screen, FLOOR, &memfd_round, FRESH_ROUNDS,
	    "memfd_create() and close()");
}

static void rows_export(struct screen *screen)
{
	static const struct work again = {NULL, create_timed, close_after};
	static const struct work gfx_again = {NULL, gfx_export_timed,
					      close_after};
	static const struct work gfx_get = {NULL, gfx_get_timed, close_after};
	static const struct work round = {NULL, create_close_timed,
					  exported_after};
	static const struct work gfx_round = {NULL, gfx_export_close_timed,
					      exported_after};
	static const struct work dup_work = {NULL, dup_timed, dup_after};
	static const struct work dup_round = {NULL, dup_close_timed, NULL};
	int held;

	set(ROW_ROUND, screen, PLANEFD, &round, AGAIN_ROUNDS, NULL);
	set(ROW_ROUND, screen, MAINLINE, &gfx_round, AGAIN_ROUNDS, NULL);
	set(ROW_ROUND, screen, FLOOR, &dup_round, AGAIN_ROUNDS,
	    "dup() and close()");

	create_timed(screen);
	exported_after(screen);
	held = screen->dmabuf;
	set(ROW_AGAIN, screen, PLANEFD, &again, AGAIN_ROUNDS, NULL);
	set(ROW_AGAIN, screen, FLOOR, &dup_work, AGAIN_ROUNDS, "dup()");
	close(held);

	gfx_export_timed(screen);
	exported_after(screen);
	held = screen->dmabuf;
	set(ROW_AGAIN, screen, MAINLINE, &gfx_again, AGAIN_ROUNDS, NULL);
	set(ROW_GET, screen, MAINLINE, &gfx_get, AGAIN_ROUNDS, NULL);
	set(ROW_GET, screen, FLOOR, &dup_work, AGAIN_ROUNDS, "dup()");
	close(held);
}

static void rows_export_mbochs(struct screen *screen)
{
	static const struct work fresh = {pan_before, gfx_export_new_timed,
					  close_after};
	static const struct work round = {
		pan_before, gfx_export_new_close_timed, exported_after};
	/* Nothing is closed: see above */
	static const struct work again = {NULL, gfx_export_timed,
					  exported_after};
	static const struct work get = {NULL, gfx_get_timed, exported_after};

	set(ROW_FRESH, screen, MBOCHS, &fresh, FRESH_ROUNDS, NULL);
	set(ROW_FRESH_ROUND, screen, MBOCHS, &round, FRESH_ROUNDS, NULL);
	result_cannot(result_row(ROW_ROUND, screen->size->name), MBOCHS,
		      "a second close gives up pages that it still shows");
	screen_pan(screen);
	gfx_export_new_timed(screen);
	exported_after(screen);
	set(ROW_AGAIN, screen, MBOCHS, &again, AGAIN_ROUNDS,
	    "none is ever closed: that is a use after free");
	set(ROW_GET, screen, MBOCHS, &get, AGAIN_ROUNDS,
	    "none is ever closed: that is a use after free");
}

void rows_planes(void)
{
	struct screen screen;
	unsigned int i;

	for (i = 0; i < sizes_count; i++) {
		screen_create(&screen, PLANEFD, &sizes[i]);
		screen_show(&screen);
		if (!i)
			rows_floor(&screen);
		rows_query(&screen);
		rows_export_new(&screen);
		rows_export(&screen);
		screen_remove(&screen);
	}
}

void rows_planes_mbochs(void)
{
	static const char *const names[] = {ROW_QUERY,	     ROW_FRESH,
					    ROW_FRESH_ROUND, ROW_ROUND,
					    ROW_AGAIN,	     ROW_GET};
	struct screen screen;
	unsigned int i, j;

	for (i = 0; i < sizes_count; i++) {
		if (sizes[i].vram > MBOCHS_VRAM) {
			for (j = 0; j < sizeof(names) / sizeof(*names); j++)
				result_cannot(
					result_row(names[j], sizes[i].name),
					MBOCHS, "its VRAM is 64 MiB at most");
			continue;
		}
		screen_create(&screen, MBOCHS, &sizes[i]);
		screen_show(&screen);
		if (!i)
			rows_floor(&screen);
		rows_query(&screen);
		rows_export_mbochs(&screen);
		/* Left open, with all that it exported: see above */
	}
}
