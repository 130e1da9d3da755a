// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading pictures, and what of them differs. */
#include "pictures.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void fail(const char *file, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, file,
		what);
	exit(2);
}

void picture_allocate(struct picture *picture, uint32_t width, uint32_t height,
		      const char *file)
{
	if (!width || !height || width > 16384 || height > 16384)
		fail(file, "has an impossible size");
	picture->width = width;
	picture->height = height;
	picture->pixels = malloc((size_t)width * height * 3);
	if (!picture->pixels)
		fail(file, "does not fit into memory");
}

void picture_read_png(struct picture *picture, const char *file)
{
	png_image image = {.version = PNG_IMAGE_VERSION};

	if (!png_image_begin_read_from_file(&image, file))
		fail(file, image.message);
	picture_allocate(picture, image.width, image.height, file);
	image.format = PNG_FORMAT_RGB;
	if (!png_image_finish_read(&image, NULL, picture->pixels, 0, NULL))
		fail(file, image.message);
}

void picture_read_ppm(struct picture *picture, const char *file)
{
	FILE *stream = fopen(file, "rbe");
	uint32_t width, height;
	size_t size;

	if (!stream)
		fail(file, strerror(errno));
	if (fscanf(stream, "P6 %u %u 255%*1[\n]", &width, &height) != 2)
		fail(file, "is no PPM of eight bits");
	picture_allocate(picture, width, height, file);
	size = (size_t)width * height * 3;
	if (fread(picture->pixels, 1, size, stream) != size)
		fail(file, "is cut short");
	fclose(stream);
}

static uint8_t *pixel_at(const struct picture *picture, uint32_t x, uint32_t y)
{
	return picture->pixels + ((size_t)y * picture->width + x) * 3;
}

void picture_put(struct picture *picture, uint32_t x, uint32_t y,
		 uint32_t colour)
{
	uint8_t *pixel = pixel_at(picture, x, y);

	pixel[0] = colour >> 16 & 0xff;
	pixel[1] = colour >> 8 & 0xff;
	pixel[2] = colour & 0xff;
}

uint32_t picture_get(const struct picture *picture, uint32_t x, uint32_t y)
{
	const uint8_t *pixel = pixel_at(picture, x, y);

	return (uint32_t)pixel[0] << 16 | (uint32_t)pixel[1] << 8 | pixel[2];
}

static int is_blank(const struct picture *picture)
{
	size_t bytes = (size_t)picture->width * picture->height * 3;

	return !memcmp(picture->pixels, picture->pixels + 3, bytes - 3);
}

int picture_compare(const struct picture *got, const struct picture *want,
		    const char *reference)
{
	size_t differ = 0;
	uint32_t x, y;

	if (is_blank(want))
		fail(reference, "is blank");
	if (got->width != want->width || got->height != want->height) {
		printf("# it is %ux%u, should be %ux%u\n", got->width,
		       got->height, want->width, want->height);
		return 1;
	}
	for (y = 0; y < got->height; y++) {
		for (x = 0; x < got->width; x++) {
			if (picture_get(got, x, y) == picture_get(want, x, y))
				continue;
			if (!differ++)
				printf("# at %u, %u: #%06x, "
				       "should be #%06x\n",
				       x, y, picture_get(got, x, y),
				       picture_get(want, x, y));
		}
	}
	if (differ)
		printf("# %zu pixels differ\n", differ);
	return differ != 0;
}
