/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A picture becomes a PNG. */
#ifndef CLI_PNGFILE_H
#define CLI_PNGFILE_H

#include <pixman.h>
#include <stdio.h>

/*
 * Write an a8r8g8b8 image as RGB, 8 bit, its alpha left out. The stream is not
 * flushed. Returns 0 or a negative errno of the write.
 */
int png_write(FILE *out, pixman_image_t *picture);

#endif /* CLI_PNGFILE_H */
