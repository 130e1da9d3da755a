// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compare a PNG pixel by pixel with what it should show: the test guest's
 * picture, or a PPM file (as QEMU's screendump writes it).
 *
 * usage: check_picture FILE.png [FILE.ppm]
 *
 * Exit status 0 if they are the same. A reference of one colour only is
 * refused: a blank screen equals another one and proves nothing.
 */
#include "picture.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of three bytes a pixel: red, green, blue */
struct picture {
	uint32_t width;
	uint32_t height;
	uint8_t *pixels;
};

static void fail(const char *file, const char *what)
{
	fprintf(stderr, "check_picture: %s: %s\n", file, what);
	exit(2);
}

static void allocate(struct picture *picture, const char *file)
{
	if (!picture->width || !picture->height || picture->width > 16384 ||
	    picture->height > 16384)
		fail(file, "has an impossible size");
	picture->pixels = malloc((size_t)picture->width * picture->height * 3);
	if (!picture->pixels)
		fail(file, "does not fit into memory");
}

static void read_png(struct picture *picture, const char *file)
{
	png_image image = { .version = PNG_IMAGE_VERSION };

	if (!png_image_begin_read_from_file(&image, file))
		fail(file, image.message);
	picture->width = image.width;
	picture->height = image.height;
	image.format = PNG_FORMAT_RGB;
	allocate(picture, file);
	if (!png_image_finish_read(&image, NULL, picture->pixels, 0, NULL))
		fail(file, image.message);
}

static void read_ppm(struct picture *picture, const char *file)
{
	FILE *stream = fopen(file, "rbe");
	size_t size;

	if (!stream)
		fail(file, strerror(errno));
	if (fscanf(stream, "P6 %u %u 255%*1[\n]", &picture->width,
		   &picture->height) != 2)
		fail(file, "is no PPM of eight bits");
	allocate(picture, file);
	size = (size_t)picture->width * picture->height * 3;
	if (fread(picture->pixels, 1, size, stream) != size)
		fail(file, "is cut short");
	fclose(stream);
}

static void draw_reference(struct picture *picture)
{
	uint8_t *pixel;
	uint32_t x, y, colour;

	picture->width = PICTURE_WIDTH;
	picture->height = PICTURE_HEIGHT;
	allocate(picture, "the reference");
	pixel = picture->pixels;
	for (y = 0; y < PICTURE_HEIGHT; y++) {
		for (x = 0; x < PICTURE_WIDTH; x++) {
			colour = picture_pixel(x, y);
			*pixel++ = colour >> 16 & 0xff;
			*pixel++ = colour >> 8 & 0xff;
			*pixel++ = colour & 0xff;
		}
	}
}

static int is_blank(const struct picture *picture)
{
	size_t bytes = (size_t)picture->width * picture->height * 3;

	return !memcmp(picture->pixels, picture->pixels + 3, bytes - 3);
}

/* Returns how many pixels differ, and tells of the first */
static size_t compare(const struct picture *got, const struct picture *want)
{
	size_t pixels = (size_t)got->width * got->height, i, differ = 0;
	const uint8_t *a, *b;

	for (i = 0; i < pixels; i++) {
		a = got->pixels + i * 3;
		b = want->pixels + i * 3;
		if (!memcmp(a, b, 3))
			continue;
		if (!differ++)
			printf("# at %zu, %zu: #%02x%02x%02x, "
			       "should be #%02x%02x%02x\n",
			       i % got->width, i / got->width, a[0], a[1],
			       a[2], b[0], b[1], b[2]);
	}
	return differ;
}

int main(int argc, char **argv)
{
	struct picture got, want;
	size_t differ;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: check_picture FILE.png [FILE.ppm]\n");
		return 2;
	}
	read_png(&got, argv[1]);
	if (argc == 3)
		read_ppm(&want, argv[2]);
	else
		draw_reference(&want);
	if (is_blank(&want))
		fail(argc == 3 ? argv[2] : "the reference", "is blank");
	if (got.width != want.width || got.height != want.height) {
		printf("# it is %ux%u, should be %ux%u\n", got.width,
		       got.height, want.width, want.height);
		return 1;
	}
	differ = compare(&got, &want);
	if (differ)
		printf("# %zu pixels differ\n", differ);
	return differ != 0;
}
