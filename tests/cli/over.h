/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one pixel laid over another must give, worked out from the definition
 * of DRM's "Pre-multiplied" blend mode: each component is the upper one plus
 * what the upper one's alpha lets through of the lower one, rounded to the
 * nearest, and at most all.
 */
#ifndef TESTS_CLI_OVER_H
#define TESTS_CLI_OVER_H

#include <stdint.h>

static inline uint32_t over_component(uint32_t upper, uint32_t lower,
				      uint32_t alpha)
{
	/* 255 is odd, so that no value lies in the middle of two */
	uint32_t sum = upper + (lower * (255 - alpha) + 127) / 255;

	return sum < 255 ? sum : 255;
}

/* 0xAARRGGBB over 0xRRGGBB */
static inline uint32_t over(uint32_t upper, uint32_t lower)
{
	uint32_t alpha = upper >> 24;
	uint32_t pixel = 0;

	for (unsigned int shift = 0; shift < 24; shift += 8)
		pixel |= over_component(upper >> shift & 0xff,
					lower >> shift & 0xff, alpha)
			 << shift;
	return pixel;
}

#endif /* TESTS_CLI_OVER_H */
