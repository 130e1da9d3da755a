/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pixels of a PNG that planefd wrote. */
#ifndef TESTS_CLI_PIXELS_H
#define TESTS_CLI_PIXELS_H

#include <stdint.h>

/*
 * 0xRRGGBB each, line by line, of a file that is a PNG of this size, RGB
 * without alpha; it is removed. To be freed.
 */
uint32_t *pixels_of_png(const char *path, uint32_t width, uint32_t height);

#endif /* TESTS_CLI_PIXELS_H */
