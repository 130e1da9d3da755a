// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flip, and how far it is from there to a viewer that slept in poll. A flip
 * is what a guest's driver does to pan: one write to a register.
 */
#include "rows.h"

#include "test.h"
#include "wake.h"

#include <sys/eventfd.h>
#include <unistd.h>

#define FLIP_ROUNDS 500

/* An eventfd instead of a screen, and what became of a write to it */
struct event {
	int fd;
	int status;
};

static void flip_before(void *arg)
{
	struct screen *screen = arg;

	screen->line = screen->line ? 0 : PAN_LINES;
}

static void flip_timed(void *arg)
{
	screen_flip(arg);
}

static void flip_after(void *arg)
{
	screen_has_flipped(arg);
}

static void event_timed(void *arg)
{
	struct event *event = arg;
	uint64_t one = 1;

	event->status = (int)write(event->fd, &one, sizeof(one));
}

static void event_after(void *arg)
{
	const struct event *event = arg;

	CHECK_EQ(event->status, sizeof(uint64_t));
}

static const struct work flip = {flip_before, flip_timed, flip_after};
static const struct work signal_event = {NULL, event_timed, event_after};

/* A change by itself, and how far it is from there to who sleeps for it */
static void measure_both(enum column column, const struct wake *wake,
			 const char *what_flips, const char *what_wakes)
{
	struct figures figures;

	result_measure(result_row(ROW_FLIP, ""), column, &wake->change,
		       FLIP_ROUNDS, wake->arg, what_flips);
	figures = wake_measure(wake);
	result_set(result_row(ROW_WAKE, ""), column, &figures, 1, what_wakes);
}

static void rows_planefd(void)
{
	struct screen screen;
	struct wake wake = {
		.see = wake_see_plane,
		.change = flip,
		.arg = &screen,
	};

	screen_create(&screen, PLANEFD, SIZE_HD);
	screen_show(&screen);
	wake.fd = screen.manager;
	measure_both(PLANEFD, &wake, NULL, NULL);
	screen_remove(&screen);
}

static void rows_floor(void)
{
	struct event event;
	struct wake wake = {
		.see = wake_see_event,
		.change = signal_event,
		.arg = &event,
	};

	event.fd = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	wake.fd = event.fd;
	measure_both(FLOOR, &wake, "write() to an eventfd",
		     "the same by an eventfd");
	close(event.fd);
}

void rows_events(void)
{
	rows_planefd();
	rows_floor();
}

void rows_events_peer(enum column whose)
{
	struct screen screen;

	result_cannot(result_row(ROW_WAKE, ""), whose,
		      "nothing tells of a flip: its viewers ask again and "
		      "again");
	if (whose == MDPY) {
		result_cannot(result_row(ROW_FLIP, ""), whose,
			      "it shows one mode for good");
		return;
	}
	screen_create(&screen, whose, SIZE_HD);
	screen_show(&screen);
	result_measure(result_row(ROW_FLIP, ""), whose, &flip, FLIP_ROUNDS,
		       &screen, NULL);
}
