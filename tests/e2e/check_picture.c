// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compare a PNG pixel by pixel with what it should show: the test guest's
 * picture, or a PPM file (as QEMU's screendump writes it).
 *
 * usage: check_picture FILE.png [FILE.ppm]
 *
 * Exit status 0 if they are the same.
 */
#include "picture.h"
#include "pictures.h"

#include <stdio.h>

static void draw_reference(struct picture *picture)
{
	uint32_t x, y;

	picture_allocate(picture, PICTURE_WIDTH, PICTURE_HEIGHT,
			 "the reference");
	for (y = 0; y < PICTURE_HEIGHT; y++)
		for (x = 0; x < PICTURE_WIDTH; x++)
			picture_put(picture, x, y, picture_pixel(x, y));
}

int main(int argc, char **argv)
{
	struct picture got, want;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: check_picture FILE.png [FILE.ppm]\n");
		return 2;
	}
	picture_read_png(&got, argv[1]);
	if (argc == 3)
		picture_read_ppm(&want, argv[2]);
	else
		draw_reference(&want);
	return picture_compare(&got, &want,
			       argc == 3 ? argv[2] : "the reference");
}
