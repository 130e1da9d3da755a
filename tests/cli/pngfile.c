// SPDX-License-Identifier: GPL-2.0-or-later
/* A picture becomes a PNG that libpng, asked apart, reads back the same. */
#include "pngfile.h"

#include "test.h"

#include <fcntl.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a PNG's header: colour type and depth lie in its first chunk */
#define PNG_DEPTH_AT 24
#define PNG_COLOUR_AT 25

static pixman_image_t *make_image(int width, int height, uint64_t seed)
{
	pixman_image_t *image = pixman_image_create_bits(
		PIXMAN_a8r8g8b8, width, height, NULL, 0);

	CHECK(image);
	uint32_t *pixels = pixman_image_get_data(image);
	for (int i = 0; i < height * pixman_image_get_stride(image) / 4; i++)
		pixels[i] = (uint32_t)test_random(&seed);
	return image;
}

static void check_round_trip(int width, int height)
{
	pixman_image_t *image = make_image(width, height, 7);
	char *bytes = NULL;
	size_t size;
	FILE *out = open_memstream(&bytes, &size);
	png_image png = { .version = PNG_IMAGE_VERSION };

	CHECK(out);
	CHECK_EQ(png_write(out, image), 0);
	CHECK_EQ(fclose(out), 0);

	CHECK_GT(size, PNG_COLOUR_AT);
	CHECK_EQ(bytes[PNG_DEPTH_AT], 8);
	CHECK_EQ(bytes[PNG_COLOUR_AT], PNG_COLOR_TYPE_RGB);

	CHECK(png_image_begin_read_from_memory(&png, bytes, size));
	CHECK_EQ(png.width, width);
	CHECK_EQ(png.height, height);
	png.format = PNG_FORMAT_RGB;
	unsigned char *rgb = malloc(PNG_IMAGE_SIZE(png));
	CHECK(rgb);
	CHECK(png_image_finish_read(&png, NULL, rgb, 0, NULL));

	const unsigned char *got = rgb;
	for (int y = 0; y < height; y++) {
		const uint32_t *line = pixman_image_get_data(image) +
				       y * pixman_image_get_stride(image) / 4;
		for (int x = 0; x < width; x++, got += 3) {
			CHECK_EQ(got[0], line[x] >> 16 & 0xff);
			CHECK_EQ(got[1], line[x] >> 8 & 0xff);
			CHECK_EQ(got[2], line[x] & 0xff);
		}
	}
	free(rgb);
	free(bytes);
	pixman_image_unref(image);
}

TEST("a PNG reads back the same, RGB of 8 bits, whatever the alpha was")
{
	check_round_trip(1, 1);
	check_round_trip(641, 3);
	check_round_trip(320, 200);
}

TEST("a disk that is full is -ENOSPC, not a crash of libpng")
{
	pixman_image_t *image = make_image(640, 480, 9);
	FILE *full = fopen("/dev/full", "w");

	CHECK(full);
	CHECK_EQ(png_write(full, image), -ENOSPC);
	fclose(full);
}

TEST("a writer without room to buffer still tells of the full disk")
{
	pixman_image_t *image = make_image(1, 1, 9);
	FILE *full = fopen("/dev/full", "w");

	CHECK(full);
	CHECK_EQ(setvbuf(full, NULL, _IONBF, 0), 0);
	CHECK_EQ(png_write(full, image), -ENOSPC);
	fclose(full);
}
