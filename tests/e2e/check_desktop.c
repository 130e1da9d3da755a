// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compare a PNG pixel by pixel with what a head of the test guest with several
 * heads shows.
 *
 * usage: check_desktop FILE.png HEAD BUFFER WIDTH HEIGHT
 *		[draw X Y WIDTH HEIGHT]... [cursor X Y]
 *
 * Exit status 0 if they are the same.
 */
#include "desktop.h"
#include "pictures.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int head, buffer;

static void draw_screen(struct picture *want)
{
	uint32_t x, y;

	for (y = 0; y < want->height; y++)
		for (x = 0; x < want->width; x++)
			picture_put(want, x, y,
				    desktop_pixel(head, buffer, x, y));
}

static bool is_on(const struct picture *want, int x, int y)
{
	return x >= 0 && y >= 0 && (uint32_t)x < want->width &&
	       (uint32_t)y < want->height;
}

static void draw_rect(struct picture *want, const int *args)
{
	int x, y;

	for (y = args[1]; y < args[1] + args[3]; y++)
		for (x = args[0]; x < args[0] + args[2]; x++)
			if (is_on(want, x, y))
				picture_put(want, (uint32_t)x, (uint32_t)y,
					    desktop_drawn_pixel(head, buffer,
								(uint32_t)x,
								(uint32_t)y));
}

/* Premultiplied: what is above, and what it lets through of what is below */
static uint32_t blend(uint32_t above, uint32_t below)
{
	uint32_t through = 255 - (above >> 24), colour = 0, shift, sum;

	for (shift = 0; shift < 24; shift += 8) {
		sum = (above >> shift & 0xff) +
		      ((below >> shift & 0xff) * through + 127) / 255;
		colour |= (sum > 255 ? 255 : sum) << shift;
	}
	return colour;
}

static void draw_cursor(struct picture *want, const int *args)
{
	uint32_t below;
	int x, y;

	for (y = 0; y < DESKTOP_CURSOR_SIZE; y++) {
		for (x = 0; x < DESKTOP_CURSOR_SIZE; x++) {
			if (!is_on(want, args[0] + x, args[1] + y))
				continue;
			below = picture_get(want, (uint32_t)(args[0] + x),
					    (uint32_t)(args[1] + y));
			picture_put(want, (uint32_t)(args[0] + x),
				    (uint32_t)(args[1] + y),
				    blend(desktop_cursor_pixel((uint32_t)x,
							       (uint32_t)y),
					  below));
		}
	}
}

/* What is shown beside the screen; false for what it does not know. */
static bool draw_rest(struct picture *want, char **arg)
{
	int args[4], nr, i;

	while (*arg) {
		bool cursor = !strcmp(*arg, "cursor");

		if (!cursor && strcmp(*arg, "draw") != 0)
			return false;
		nr = cursor ? 2 : 4;
		for (arg++, i = 0; i < nr && *arg; i++)
			args[i] = (int)strtol(*arg++, NULL, 10);
		if (i < nr)
			return false;
		if (cursor)
			draw_cursor(want, args);
		else
			draw_rect(want, args);
	}
	return true;
}

int main(int argc, char **argv)
{
	struct picture got, want;

	if (argc >= 6) {
		head = (unsigned int)strtoul(argv[2], NULL, 10);
		buffer = (unsigned int)strtoul(argv[3], NULL, 10);
		picture_allocate(&want, (uint32_t)strtoul(argv[4], NULL, 10),
				 (uint32_t)strtoul(argv[5], NULL, 10),
				 "the reference");
		draw_screen(&want);
	}
	if (argc < 6 || !draw_rest(&want, argv + 6)) {
		fprintf(stderr, "usage: check_desktop FILE.png HEAD BUFFER "
				"WIDTH HEIGHT [draw X Y WIDTH HEIGHT]... "
				"[cursor X Y]\n");
		return 2;
	}
	picture_read_png(&got, argv[1]);
	return picture_compare(&got, &want, "the reference");
}
