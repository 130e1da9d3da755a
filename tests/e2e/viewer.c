// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A viewer that never lets go: takes each buffer that the test guest with
 * several heads (tests/guest/desktop.c) shows, keeps the last ones mapped, and
 * reads them again and again, long after the device is gone.
 *
 * usage: viewer PID
 *
 * What it reads is what the guest drew there, or black where the guest has its
 * memory back; anything else, such as what the guest put there afterwards, ends
 * it with status 1. It says one line for each change, and "gone" when its
 * device is gone; it then reads on until SIGTERM ends it, and says at last how
 * many of its buffers are black.
 */
#include "desktop.h"

#include <errno.h>
#include <planefd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEPT 8
#define MAX_HEADS 16

/* How long to wait for a change before it reads again, milliseconds */
#define READ_EVERY 100

struct kept {
	struct planefd_buffer *buffer;
	const char *pixels;
	unsigned int head;
	bool cursor;
};

static struct kept kept[KEPT];
static unsigned int nr_kept;
static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static _Noreturn void fail(const char *what, int error)
{
	printf("failed: %s: %s\n", what, strerror(error));
	exit(1);
}

static uint32_t expected(const struct kept *view, unsigned int screen,
			 uint32_t x, uint32_t y)
{
	return view->cursor ? desktop_cursor_pixel(x, y)
			    : desktop_pixel(view->head, screen, x, y);
}

/* The guest's screen that it is; a cursor, or one that is black, is any. */
static unsigned int which_screen(const struct kept *view, uint32_t stride,
				 uint32_t height)
{
	unsigned int screen;
	uint32_t y, pixel;

	for (y = 0; !view->cursor && y < height; y++) {
		memcpy(&pixel, view->pixels + (size_t)y * stride,
		       sizeof(pixel));
		for (screen = 0; screen < DESKTOP_BUFFERS; screen++)
			if (pixel && pixel == expected(view, screen, 0, y))
				return screen;
	}
	return 0;
}

/* Returns whether all of it is black. */
static bool read_all(const struct kept *view)
{
	const struct planefd_plane *plane = planefd_buffer_plane(view->buffer);
	uint32_t x, y, pixel, want;
	unsigned int screen;
	bool black = true;
	const char *line;

	screen = which_screen(view, plane->stride, plane->height);
	for (y = 0; y < plane->height; y++) {
		line = view->pixels + (size_t)y * plane->stride;
		for (x = 0; x < plane->width; x++) {
			memcpy(&pixel, line + (size_t)x * 4, sizeof(pixel));
			if (!pixel)
				continue;
			black = false;
			want = expected(view, screen, x, y);
			if (pixel == want)
				continue;
			printf("failed: head %u%s, at %u, %u: #%08x, "
			       "should be #%08x or black\n",
			       view->head, view->cursor ? "'s cursor" : "", x,
			       y, pixel, want);
			exit(1);
		}
	}
	return black;
}

static unsigned int read_kept(void)
{
	unsigned int i, black = 0;

	for (i = 0; i < KEPT; i++)
		if (kept[i].buffer)
			black += read_all(&kept[i]);
	return black;
}

static void keep(struct planefd *planefd, unsigned int head, bool cursor)
{
	struct kept *view = &kept[nr_kept % KEPT];
	struct planefd_buffer *buffer;
	void *pixels;
	int ret;

	ret = planefd_create(
		planefd,
		planefd_plane_id(cursor ? PLANEFD_CURSOR : PLANEFD_PRIMARY, 0,
				 head),
		0, &buffer);
	/* What was looked at may have gone since, as may its memory below */
	if (ret == -ENOENT || ret == -ENODEV)
		return;
	if (ret)
		fail("no buffer", -ret);
	ret = planefd_buffer_map(buffer, &pixels);
	if (ret == -ENODEV) {
		planefd_buffer_destroy(buffer);
		return;
	}
	if (ret)
		fail("no map of a buffer", -ret);
	planefd_buffer_destroy(view->buffer);
	view->buffer = buffer;
	view->pixels = pixels;
	view->head = head;
	view->cursor = cursor;
	nr_kept++;
}

/* Returns -ENODEV once the device is gone. */
static int look(struct planefd *planefd, unsigned int head, bool cursor)
{
	static uint64_t seen[MAX_HEADS][2];
	struct planefd_plane plane;
	int ret;

	ret = planefd_query(
		planefd,
		planefd_plane_id(cursor ? PLANEFD_CURSOR : PLANEFD_PRIMARY, 0,
				 head),
		&plane);
	if (ret || plane.sequence == seen[head][cursor])
		return ret;
	seen[head][cursor] = plane.sequence;
	printf("head %u %s %s\n", head, cursor ? "cursor" : "screen",
	       plane.on ? "on" : "off");
	if (plane.on)
		keep(planefd, head, cursor);
	return 0;
}

static void watch(struct planefd *planefd, unsigned int heads)
{
	unsigned int head, again = 0;
	int ret = 0;

	while (!ended && ret >= 0) {
		for (head = 0; head < heads && ret >= 0; head++) {
			ret = look(planefd, head, false);
			if (ret >= 0)
				ret = look(planefd, head, true);
		}
		/* One of them each time, or the guest would get nowhere */
		if (kept[again].buffer)
			read_all(&kept[again]);
		again = (again + 1) % KEPT;
		if (ret >= 0)
			ret = planefd_wait(planefd, READ_EVERY);
		if (ret == -EINTR)
			ret = 0;
	}
	if (ret == -ENODEV)
		printf("gone\n");
	else if (ret < 0)
		fail("no look", -ret);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = end};
	struct planefd_info info;
	struct planefd *planefd;
	unsigned int black;
	int ret;

	if (argc != 2) {
		fprintf(stderr, "usage: viewer PID\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGTERM, &action, NULL);
	ret = planefd_open_process((pid_t)strtol(argv[1], NULL, 10), NULL,
				   &planefd);
	if (!ret)
		ret = planefd_get_info(planefd, &info);
	if (ret)
		fail("no display", -ret);
	watch(planefd, info.heads < MAX_HEADS ? info.heads : MAX_HEADS);
	while (!ended) {
		read_kept();
		usleep(READ_EVERY * 1000);
	}
	black = read_kept();
	printf("ended: %u of %u buffers are black\n", black,
	       nr_kept < KEPT ? nr_kept : KEPT);
	planefd_close(planefd);
	return 0;
}
