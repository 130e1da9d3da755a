// SPDX-License-Identifier: GPL-2.0-or-later
/* libpng reads what planefd wrote. */
#include "pixels.h"

#include "test.h"

#include <png.h>
#include <stdlib.h>
#include <unistd.h>

uint32_t *pixels_of_png(const char *path, uint32_t width, uint32_t height)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	size_t count = (size_t)width * height;
	unsigned char *rgb = malloc(3 * count);
	uint32_t *pixels = malloc(count * sizeof(*pixels));

	CHECK(rgb);
	CHECK(pixels);
	if (!png_image_begin_read_from_file(&image, path))
		test_fail(__FILE__, __LINE__, "%s: %s", path, image.message);
	CHECK_EQ(image.width, width);
	CHECK_EQ(image.height, height);
	/* No alpha, no grey, no palette */
	CHECK_EQ(image.format, PNG_FORMAT_RGB);
	CHECK(png_image_finish_read(&image, NULL, rgb, 0, NULL));
	CHECK_OK(unlink(path));
	for (size_t i = 0; i < count; i++)
		pixels[i] = (uint32_t)rgb[3 * i] << 16 |
			    (uint32_t)rgb[3 * i + 1] << 8 | rgb[3 * i + 2];
	free(rgb);
	return pixels;
}
