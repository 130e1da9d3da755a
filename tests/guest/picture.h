/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture that the test guest draws and the tests expect: a function of
 * the place alone, with no symmetry, so that a shift, a flip, a wrong stride
 * or exchanged colours cannot go unseen. The guest and the tests both take it
 * from here and exchange nothing else.
 */
#ifndef TESTS_GUEST_PICTURE_H
#define TESTS_GUEST_PICTURE_H

#include <stdint.h>

#define PICTURE_WIDTH 1024
#define PICTURE_HEIGHT 768

/* The name in letters of 5 x 7 dots, a byte for each line, 6 dots apart */
#define PICTURE_LETTERS 7
#define PICTURE_DOT 16
#define PICTURE_TEXT_X 176
#define PICTURE_TEXT_Y 320

static inline int picture_dot(int column, int line)
{
	static const uint8_t letters[PICTURE_LETTERS][7] = {
		{ 0x00, 0x00, 0x1e, 0x11, 0x1e, 0x10, 0x10 }, /* p */
		{ 0x0c, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e }, /* l */
		{ 0x00, 0x00, 0x0e, 0x01, 0x0f, 0x11, 0x0f }, /* a */
		{ 0x00, 0x00, 0x1e, 0x11, 0x11, 0x11, 0x11 }, /* n */
		{ 0x00, 0x00, 0x0e, 0x11, 0x1f, 0x10, 0x0e }, /* e */
		{ 0x06, 0x09, 0x08, 0x1c, 0x08, 0x08, 0x08 }, /* f */
		{ 0x01, 0x01, 0x0f, 0x11, 0x11, 0x11, 0x0f }, /* d */
	};

	return letters[column / 6][line] >> (4 - column % 6) & 1 &&
	       column % 6 < 5;
}

/* The pixel at x, y as XRGB8888, X being 0 */
static inline uint32_t picture_pixel(uint32_t x, uint32_t y)
{
	uint32_t text_x = x - PICTURE_TEXT_X, text_y = y - PICTURE_TEXT_Y;
	uint32_t red = x >> 2, green = y * 85 >> 8, blue = 255 - (x + y) / 8;

	if (text_x < PICTURE_LETTERS * 6 * PICTURE_DOT &&
	    text_y < 7 * PICTURE_DOT &&
	    picture_dot((int)(text_x / PICTURE_DOT),
			(int)(text_y / PICTURE_DOT)))
		return 0xffffff;
	/* Fine detail at the bottom: every byte differs from its neighbours */
	if (y >= PICTURE_HEIGHT - 64)
		return (x * 0x010307 ^ y * 0x0b0500) & 0xffffff;
	return red << 16 | green << 8 | blue;
}

#endif
