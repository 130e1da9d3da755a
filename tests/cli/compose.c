// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A cursor laid over a picture: every alpha on every colour, every place at
 * which it is whole, cut or outside. What comes out is compared with over.h,
 * pixel for pixel.
 */
#include "over.h"
#include "picture.h"

#include "test.h"

#include <string.h>

static uint32_t *pixel_at(pixman_image_t *image, int x, int y)
{
	int stride = pixman_image_get_stride(image) / 4;

	return pixman_image_get_data(image) + y * stride + x;
}

/* An image whose pixels are 0xAARRGGBB */
static pixman_image_t *image_create(int width, int height,
				    uint32_t (*pixel)(int x, int y))
{
	pixman_image_t *image = pixman_image_create_bits(
		PIXMAN_a8r8g8b8, width, height, NULL, 0);

	CHECK(image);
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			*pixel_at(image, x, y) = pixel(x, y);
	return image;
}

/* Lay one over the other there and compare every pixel */
static void check_over(int width, int height, uint32_t (*below)(int x, int y),
		       int cursor_width, int cursor_height,
		       uint32_t (*above)(int x, int y), int at_x, int at_y)
{
	pixman_image_t *picture = image_create(width, height, below);
	pixman_image_t *cursor =
		image_create(cursor_width, cursor_height, above);

	picture_lay_over(picture, cursor, at_x, at_y);
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			int cx = x - at_x;
			int cy = y - at_y;
			uint32_t expected = below(x, y) & 0xffffff;
			uint32_t got = *pixel_at(picture, x, y) & 0xffffff;

			if (cx >= 0 && cx < cursor_width && cy >= 0 &&
			    cy < cursor_height)
				expected = over(above(cx, cy), expected);
			if (got != expected)
				test_fail(__FILE__, __LINE__,
					  "pixel %d,%d is %06x, not %06x, with "
					  "the cursor at %d,%d", x, y, got,
					  expected, at_x, at_y);
		}
	pixman_image_unref(cursor);
	pixman_image_unref(picture);
}

/* Every colour in each column */
static uint32_t grey(int x, int y)
{
	(void)y;
	return 0xff000000u | (uint32_t)x << 16 | (uint32_t)x << 8 |
	       (uint32_t)x;
}

/* Every alpha in each line; red all of it, green half, blue nothing */
static uint32_t shade(int x, int y)
{
	uint32_t alpha = (uint32_t)y;

	(void)x;
	return alpha << 24 | alpha << 16 | alpha / 2 << 8;
}

/* Every alpha with colours that are too bright for it, as a guest may say */
static uint32_t glare(int x, int y)
{
	(void)x;
	return (uint32_t)y << 24 | 0xffc080;
}

TEST("every alpha over every colour is the sum that the blend mode defines")
{
	check_over(256, 256, grey, 256, 256, shade, 0, 0);
}

TEST("colours that are brighter than their alpha allows end at white")
{
	check_over(256, 256, grey, 256, 256, glare, 0, 0);
}

TEST("what is compared with is right where it can be worked out by hand")
{
	CHECK_EQ(over(0x00000000, 0x123456), 0x123456);
	CHECK_EQ(over(0xff654321, 0x123456), 0x654321);
	CHECK_EQ(over(0x80800000, 0xffffff), 0xff7f7f);
	CHECK_EQ(over(0x80008000, 0x000000), 0x008000);
}

/* Different at each place */
static uint32_t below(int x, int y)
{
	return 0xff102030u + (uint32_t)x * 0x111111 + (uint32_t)y * 0x070503;
}

/* Of every kind of alpha, premultiplied, different at each place */
static uint32_t above(int x, int y)
{
	static const uint32_t alphas[] = { 255, 0, 128, 1, 254, 127 };
	uint32_t place = (uint32_t)(y * 3 + x);
	uint32_t alpha = alphas[place % 6];

	return alpha << 24 | (alpha * place / 20) << 16 | alpha / 3 << 8 |
	       alpha;
}

TEST("at every place it is where it should be, cut at the edges, or not there")
{
	for (int y = -4; y <= 6; y++)
		for (int x = -5; x <= 7; x++)
			check_over(6, 5, below, 3, 2, above, x, y);
}

TEST("a cursor that is larger than the picture covers what it reaches")
{
	for (int y = -8; y <= 4; y++)
		for (int x = -10; x <= 5; x++)
			check_over(4, 3, below, 9, 7, above, x, y);
}
