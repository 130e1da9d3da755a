// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether it matters how many there are: viewers of one device, each with a
 * manager fd of its own, and devices with a viewer each. What is measured is
 * asked by another of them in each round.
 */
#include "rows.h"

#include "test.h"

#include <string.h>
#include <unistd.h>

#define MANY_MAX 64
#define ROUNDS 128
#define MDPY_DEVICES 4

struct count {
	unsigned int number;
	const char *viewers;
	const char *devices;
};

static const struct count counts[] = {
	{1, "1 viewer", "1 device"},
	{8, "8 viewers", "8 devices"},
	{64, "64 viewers", "64 devices"},
};

#define COUNTS (sizeof(counts) / sizeof(*counts))

/* Those that take turns; several of them may share a device */
struct turns {
	struct screen *screens; /* each with its fds */
	unsigned int number;
	unsigned int devices; /* the first so many have one of their own */
	unsigned int turn;
	struct screen *now;
};

static struct screen screens[MANY_MAX];

static void turn_before(void *arg)
{
	struct turns *turns = arg;

	turns->turn = (turns->turn + 1) % turns->number;
	turns->now = &turns->screens[turns->turn];
}

static void query_timed(void *arg)
{
	const struct turns *turns = arg;

	if (turns->now->whose == PLANEFD)
		screen_query(turns->now);
	else
		screen_gfx_query(turns->now);
}

static void query_after(void *arg)
{
	const struct turns *turns = arg;

	screen_was_asked(turns->now);
}

static void export_timed(void *arg)
{
	const struct turns *turns = arg;

	if (turns->now->whose == PLANEFD)
		screen_create_dmabuf(turns->now);
	else
		screen_gfx_export(turns->now);
}

static void export_after(void *arg)
{
	const struct turns *turns = arg;

	/* To close what mbochs has exported twice is a use after free */
	if (turns->now->whose == PLANEFD)
		screen_close_exported(turns->now);
	else
		screen_has_exported(turns->now);
}

static void flip_before(void *arg)
{
	struct turns *turns = arg;

	turns->turn = (turns->turn + 1) % turns->devices;
	turns->now = &turns->screens[turns->turn];
	turns->now->line = turns->now->line ? 0 : PAN_LINES;
}

static void flip_timed(void *arg)
{
	const struct turns *turns = arg;

	screen_flip(turns->now);
}

static void flip_after(void *arg)
{
	const struct turns *turns = arg;

	screen_has_flipped(turns->now);
}

static const struct work query = {turn_before, query_timed, query_after};
static const struct work export = {turn_before, export_timed, export_after};
static const struct work flip = {flip_before, flip_timed, flip_after};

/* All rows of those, whose screens are shown */
static void measure_turns(struct turns *turns, const char *size)
{
	enum column whose = turns->screens->whose;
	unsigned int i;

	turns->turn = 0;
	for (i = 0; i < turns->number; i++) {
		screen_prepare(&turns->screens[i], QUERY_MINSZ);
		/* It is exported already, and mbochs knows the mode */
		if (whose != MDPY)
			screen_export(&turns->screens[i]);
	}
	result_measure(result_row(ROW_MANY_QUERY, size), whose, &query, ROUNDS,
		       turns, NULL);
	if (whose == MDPY) {
		result_cannot(result_row(ROW_MANY_EXPORT, size), whose,
			      "it has no dma-bufs");
		result_cannot(result_row(ROW_MANY_FLIP, size), whose,
			      "it shows one mode for good");
		return;
	}
	result_measure(result_row(ROW_MANY_EXPORT, size), whose, &export,
		       ROUNDS, turns, NULL);
	result_measure(result_row(ROW_MANY_FLIP, size), whose, &flip, ROUNDS,
		       turns, NULL);
	for (i = 0; i < turns->number && whose == PLANEFD; i++)
		close(turns->screens[i].dmabuf);
}

/* At the samples a viewer has no fd of its own, only one more of the VMM's */
static void rows_viewers(enum column whose, const struct count *count)
{
	struct turns turns = {screens, count->number, 1, 0, NULL};
	struct screen *first = &screens[0];
	unsigned int i;

	screen_create_small(first, whose);
	screen_set_mode(first);
	for (i = 1; i < count->number; i++) {
		screens[i] = *first;
		if (whose == PLANEFD)
			screens[i].manager = manager_open(&first->device);
		else
			screens[i].device.fd =
				(int)CHECK_OK(dup(first->device.fd));
	}
	measure_turns(&turns, count->viewers);
	for (i = 1; i < count->number; i++)
		close(whose == PLANEFD ? screens[i].manager
				       : screens[i].device.fd);
	if (whose != MBOCHS)
		screen_remove(first);
}

static void rows_devices(enum column whose, const struct count *count)
{
	struct turns turns = {screens, count->number, count->number, 0, NULL};
	unsigned int i;

	if (whose == MDPY && count->number > MDPY_DEVICES) {
		result_cannot(result_row(ROW_MANY_QUERY, count->devices), whose,
			      "there are 4 of them at most");
		return;
	}
	for (i = 0; i < count->number; i++) {
		screen_create_small(&screens[i], whose);
		screen_set_mode(&screens[i]);
	}
	measure_turns(&turns, count->devices);
	for (i = 0; i < count->number && whose != MBOCHS; i++)
		screen_remove(&screens[i]);
}

static void rows_of(enum column whose)
{
	unsigned int i;

	for (i = 0; i < COUNTS; i++)
		rows_viewers(whose, &counts[i]);
	for (i = 0; i < COUNTS; i++)
		rows_devices(whose, &counts[i]);
}

void rows_many(void)
{
	rows_of(PLANEFD);
}

void rows_many_peer(enum column whose)
{
	rows_of(whose);
}
