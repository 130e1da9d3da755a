/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plane's pixels, whatever their format and stride, as an image of one
 * format: pixman's a8r8g8b8, premultiplied.
 */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include <pixman.h>
#include <planefd.h>
#include <stdint.h>

/*
 * How many bytes the plane's pixels are, from the first one to the last.
 * Returns 0, or -EOPNOTSUPP or -ERANGE as picture_convert().
 */
int picture_extent(const struct planefd_plane *plane, size_t *size);

/*
 * Convert. pixels is the plane's first one. Returns 0 and an image to be
 * given to pixman_image_unref(), or
 *   -EOPNOTSUPP  not a linear RGB format that pixman knows
 *   -ERANGE      the lines do not fit the stride or the buffer, or pixman
 *   -ENOMEM
 */
int picture_convert(const struct planefd_plane *plane, const void *pixels,
		    pixman_image_t **out);

/*
 * Lay the cursor over the picture, its upper left corner at x, y of it, which
 * may be anywhere.
 */
void picture_lay_over(pixman_image_t *picture, pixman_image_t *cursor,
		      int64_t x, int64_t y);

#endif /* CLI_PICTURE_H */
