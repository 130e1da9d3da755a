/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest with several heads draws and the tests expect: each a function
 * of the place alone. The guest and the tests both take it from here and
 * exchange nothing else.
 */
#ifndef TESTS_GUEST_DESKTOP_H
#define TESTS_GUEST_DESKTOP_H

#include <stdint.h>

/* Two for each head, that flips go between */
#define DESKTOP_BUFFERS 2

#define DESKTOP_CURSOR_SIZE 64
#define DESKTOP_HOT_X 5
#define DESKTOP_HOT_Y 9

/*
 * A screen's pixel as XRGB8888, X being 0. No two lines or columns, and no two
 * buffers of any head, have anything in common.
 */
static inline uint32_t desktop_pixel(unsigned int head, unsigned int buffer,
				     uint32_t x, uint32_t y)
{
	uint32_t which = head * DESKTOP_BUFFERS + buffer + 1;

	return (x * 0x010307 ^ y * 0x0b0500 ^ which * 0x2f1b35) & 0xffffff;
}

/* What is drawn over that */
static inline uint32_t desktop_drawn_pixel(unsigned int head,
					   unsigned int buffer, uint32_t x,
					   uint32_t y)
{
	return desktop_pixel(head, buffer, x, y) ^ 0xffffff;
}

/*
 * The cursor's pixel as ARGB8888, the colours premultiplied: below its diagonal
 * an opaque one, above it half of one, and nothing in its last columns.
 */
static inline uint32_t desktop_cursor_pixel(uint32_t x, uint32_t y)
{
	if (x >= DESKTOP_CURSOR_SIZE * 3 / 4)
		return 0;
	if (x > y)
		return 0x80000000 | (x & 0x3f) << 16 | 0x4000 | (y & 0x3f);
	return 0xff000000 | x << 18 | y << 10 | 0xc0;
}

#endif /* TESTS_GUEST_DESKTOP_H */
