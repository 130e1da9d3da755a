// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asking what a plane shows. The floor is an ioctl that the same file refuses.
 */
#include "rows.h"

#include "test.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define ROUNDS 500

static const struct work query = {.timed = screen_query,
				  .after = screen_was_asked};
static const struct work gfx_query = {.timed = screen_gfx_query,
				      .after = screen_was_asked};

static void unknown_timed(void *arg)
{
	ioctl(*(int *)arg, VFIO_DEVICE_FEATURE + 100, NULL);
}

static void getppid_timed(void *arg)
{
	(void)arg;
	getppid();
}

static const struct work unknown = {.timed = unknown_timed};

/* Entry and exit of a system call that does nothing */
static void row_unknown(struct screen *screen)
{
	static const struct work nothing = {.timed = getppid_timed};
	struct row *row = result_row(ROW_UNKNOWN, "");
	int *fd = &screen->device.fd;

	if (screen->whose != PLANEFD) {
		result_measure(row, screen->whose, &unknown, ROUNDS, fd, NULL);
		return;
	}
	result_measure(row, PLANEFD, &unknown, ROUNDS, &screen->manager, NULL);
	result_measure(row, MAINLINE, &unknown, ROUNDS, fd, NULL);
	result_measure(row, FLOOR, &nothing, ROUNDS, NULL, "getppid()");
}

static void row_query(const struct size *size)
{
	struct row *row = result_row(ROW_QUERY, size->name);
	struct row *ext = result_row(ROW_QUERY_EXT, size->name);
	struct screen screen;

	screen_create(&screen, PLANEFD, size);
	screen_show(&screen);
	if (size == SIZE_VGA)
		row_unknown(&screen);
	screen_prepare(&screen, QUERY_MINSZ);
	result_measure(row, PLANEFD, &query, ROUNDS, &screen, NULL);
	screen_prepare(&screen, VFIO_DMABUF_MGR_QUERY_EXT_ARGSZ);
	result_measure(ext, PLANEFD, &query, ROUNDS, &screen, NULL);
	screen_prepare(&screen, QUERY_MINSZ);
	result_measure(row, MAINLINE, &gfx_query, ROUNDS, &screen, NULL);
	result_measure(row, FLOOR, &unknown, ROUNDS, &screen.manager,
		       "an unknown ioctl");
	result_measure(ext, FLOOR, &unknown, ROUNDS, &screen.manager,
		       "an unknown ioctl");
	screen_remove(&screen);
}

void rows_query(void)
{
	unsigned int i;

	result_row(ROW_UNKNOWN, "");
	for (i = 0; i < sizes_count; i++)
		row_query(&sizes[i]);
}

void rows_query_peer(enum column whose)
{
	struct screen screen;
	const char *cannot;
	struct row *row;
	unsigned int i;

	for (i = 0; i < sizes_count; i++) {
		row = result_row(ROW_QUERY, sizes[i].name);
		cannot = screen_cannot(whose, &sizes[i]);
		if (cannot) {
			result_cannot(row, whose, "%s", cannot);
			continue;
		}
		screen_create(&screen, whose, &sizes[i]);
		screen_show(&screen);
		if (!i)
			row_unknown(&screen);
		screen_prepare(&screen, 0);
		/* The first of a mode fails at mbochs */
		screen_gfx_query(&screen);
		result_measure(row, whose, &gfx_query, ROUNDS, &screen, NULL);
		screen_remove(&screen);
	}
}
