// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exporting a plane as a dma-buf, for the first time and again.
 *
 * mbochs cannot take everything that is asked of ours. Its first query of a
 * mode always fails, so there "a new mode" is query, query again, get. A second
 * get of a buffer that lives hands out the file without a reference, so that
 * only what is never closed survives; and a buffer gives up its pages each time
 * that it is closed, so each mode is closed once at the most.
 */
#include "rows.h"

#include "test.h"
#include "udmabuf.h"

#include <sys/mman.h>
#include <unistd.h>

#define AGAIN_ROUNDS 200
#define FRESH_ROUNDS 60

static const char held[] = "releases the mode before, which the manager held";
static const char never_closed[] =
	"none is ever closed: that is a use after free";

static void pan_before(void *arg)
{
	screen_pan(arg);
}

static void close_timed(struct screen *screen)
{
	close(screen->dmabuf);
}

static void create_close_timed(void *arg)
{
	screen_create_dmabuf(arg);
	close_timed(arg);
}

static void gfx_export_close_timed(void *arg)
{
	screen_gfx_export(arg);
	close_timed(arg);
}

static void gfx_export_new_close_timed(void *arg)
{
	screen_gfx_export_new(arg);
	close_timed(arg);
}

static void dup_timed(void *arg)
{
	struct screen *screen = arg;

	screen->dmabuf = dup(screen->device.fd);
}

static void dup_close_timed(void *arg)
{
	dup_timed(arg);
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

static void udmabuf_round_timed(void *arg)
{
	struct udmabuf *udmabuf = arg;

	udmabuf_create(udmabuf);
	close(udmabuf->fd);
}

static void set(const char *name, struct screen *screen, enum column column,
		const struct work *work, unsigned int rounds, const char *what)
{
	result_measure(result_row(name, screen->size->name), column, work,
		       rounds, screen, what);
}

static void rows_new(struct screen *screen)
{
	static const struct work fresh = {pan_before, screen_create_dmabuf,
					  screen_close_exported};
	static const struct work gfx_fresh = {pan_before, screen_gfx_export,
					      screen_close_exported};
	static const struct work memfd = {NULL, memfd_timed,
					  screen_close_exported};
	static const struct work round = {pan_before, create_close_timed,
					  screen_has_exported};
	static const struct work gfx_round = {
		pan_before, gfx_export_close_timed, screen_has_exported};
	static const struct work memfd_round = {NULL, memfd_close_timed, NULL};

	set(ROW_FRESH, screen, PLANEFD, &fresh, FRESH_ROUNDS, held);
	set(ROW_FRESH, screen, MAINLINE, &gfx_fresh, FRESH_ROUNDS, held);
	set(ROW_FRESH, screen, FLOOR, &memfd, FRESH_ROUNDS, "memfd_create()");

	set(ROW_FRESH_ROUND, screen, PLANEFD, &round, FRESH_ROUNDS, NULL);
	set(ROW_FRESH_ROUND, screen, MAINLINE, &gfx_round, FRESH_ROUNDS, NULL);
	set(ROW_FRESH_ROUND, screen, FLOOR, &memfd_round, FRESH_ROUNDS,
	    "memfd_create() and close()");
}

static void rows_again(struct screen *screen)
{
	static const struct work again = {NULL, screen_create_dmabuf,
					  screen_close_exported};
	static const struct work gfx_again = {NULL, screen_gfx_export,
					      screen_close_exported};
	static const struct work gfx_get = {NULL, screen_gfx_get,
					    screen_close_exported};
	static const struct work round = {NULL, create_close_timed,
					  screen_has_exported};
	static const struct work gfx_round = {NULL, gfx_export_close_timed,
					      screen_has_exported};
	static const struct work floor = {NULL, dup_timed,
					  screen_close_exported};
	static const struct work floor_round = {NULL, dup_close_timed, NULL};
	int dmabuf;

	set(ROW_ROUND, screen, PLANEFD, &round, AGAIN_ROUNDS, NULL);
	set(ROW_ROUND, screen, MAINLINE, &gfx_round, AGAIN_ROUNDS, NULL);
	set(ROW_ROUND, screen, FLOOR, &floor_round, AGAIN_ROUNDS,
	    "dup() and close()");

	screen_create_dmabuf(screen);
	screen_has_exported(screen);
	dmabuf = screen->dmabuf;
	set(ROW_AGAIN, screen, PLANEFD, &again, AGAIN_ROUNDS, NULL);
	set(ROW_AGAIN, screen, FLOOR, &floor, AGAIN_ROUNDS, "dup()");
	close(dmabuf);

	screen_gfx_export(screen);
	screen_has_exported(screen);
	dmabuf = screen->dmabuf;
	set(ROW_AGAIN, screen, MAINLINE, &gfx_again, AGAIN_ROUNDS, NULL);
	set(ROW_GET, screen, MAINLINE, &gfx_get, AGAIN_ROUNDS, NULL);
	set(ROW_GET, screen, FLOOR, &floor, AGAIN_ROUNDS, "dup()");
	close(dmabuf);
}

/* Memory is a mode: each dma-buf is made anew, over what is there already */
static void rows_udmabuf(const struct size *size)
{
	static const struct work fresh = {NULL, udmabuf_create,
					  udmabuf_close_created};
	static const struct work round = {NULL, udmabuf_round_timed,
					  udmabuf_created};
	static const char new_one[] =
		"there is no again: each is a new dma-buf";
	struct udmabuf udmabuf;

	if (!udmabuf_has())
		return;
	udmabuf_open(&udmabuf, size_pages(size) * PAGE);
	result_measure(result_row(ROW_FRESH, size->name), UDMABUF, &fresh,
		       FRESH_ROUNDS, &udmabuf, NULL);
	result_measure(result_row(ROW_FRESH_ROUND, size->name), UDMABUF, &round,
		       FRESH_ROUNDS, &udmabuf, NULL);
	result_cannot(result_row(ROW_ROUND, size->name), UDMABUF, new_one);
	result_cannot(result_row(ROW_AGAIN, size->name), UDMABUF, new_one);
	udmabuf_close(&udmabuf);
}

void rows_export(void)
{
	struct screen screen;
	unsigned int i;

	for (i = 0; i < sizes_count; i++) {
		screen_create(&screen, PLANEFD, &sizes[i]);
		screen_show(&screen);
		screen_prepare(&screen, QUERY_MINSZ);
		rows_new(&screen);
		rows_again(&screen);
		screen_remove(&screen);
		rows_udmabuf(&sizes[i]);
	}
}

static void rows_mbochs(struct screen *screen)
{
	static const struct work fresh = {pan_before, screen_gfx_export_new,
					  screen_close_exported};
	static const struct work round = {
		pan_before, gfx_export_new_close_timed, screen_has_exported};
	/* Nothing is closed: see above */
	static const struct work again = {NULL, screen_gfx_export,
					  screen_has_exported};
	static const struct work get = {NULL, screen_gfx_get,
					screen_has_exported};

	set(ROW_FRESH, screen, MBOCHS, &fresh, FRESH_ROUNDS, NULL);
	set(ROW_FRESH_ROUND, screen, MBOCHS, &round, FRESH_ROUNDS, NULL);
	result_cannot(result_row(ROW_ROUND, screen->size->name), MBOCHS,
		      "a second close gives up pages that it still shows");
	screen_pan(screen);
	screen_gfx_export_new(screen);
	screen_has_exported(screen);
	set(ROW_AGAIN, screen, MBOCHS, &again, AGAIN_ROUNDS, never_closed);
	set(ROW_GET, screen, MBOCHS, &get, AGAIN_ROUNDS, never_closed);
}

void rows_export_peer(enum column whose)
{
	static const char *const names[] = {ROW_FRESH, ROW_FRESH_ROUND,
					    ROW_ROUND, ROW_AGAIN, ROW_GET};
	struct screen screen;
	const char *cannot;
	unsigned int i, j;

	for (i = 0; i < sizes_count; i++) {
		cannot = whose == MDPY ? "it has no dma-bufs"
				       : screen_cannot(whose, &sizes[i]);
		for (j = 0; cannot && j < sizeof(names) / sizeof(*names); j++)
			result_cannot(result_row(names[j], sizes[i].name),
				      whose, "%s", cannot);
		if (cannot)
			continue;
		screen_create(&screen, whose, &sizes[i]);
		screen_show(&screen);
		screen_prepare(&screen, 0);
		rows_mbochs(&screen);
		/* Left open, with all that it exported: see above */
	}
}
