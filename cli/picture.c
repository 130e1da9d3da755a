// SPDX-License-Identifier: GPL-2.0-or-later
/* pixman reads a plane line by line, and lays a cursor over it. */
#include "picture.h"

#include "format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* pixman's coordinates have 16 bits */
#define PIXMAN_MAX 32767

/* Whether each line lies within the buffer, which begins offset before it */
static bool fits(const struct planefd_plane *plane, uint64_t line_bytes)
{
	if (!plane->width || plane->width > PIXMAN_MAX || !plane->height ||
	    plane->height > PIXMAN_MAX || plane->stride < line_bytes)
		return false;

	uint64_t end = plane->offset + line_bytes +
		       (uint64_t)plane->stride * (plane->height - 1);
	return end <= plane->size;
}

/* pixman's format, and the bytes of a line, of a plane that can be read */
static int check(const struct planefd_plane *plane,
		 pixman_format_code_t *format, size_t *line_bytes)
{
	if (plane->modifier || !format_to_pixman(plane->format, format))
		return -EOPNOTSUPP;
	*line_bytes = PIXMAN_FORMAT_BPP(*format) / 8 * (size_t)plane->width;
	return fits(plane, *line_bytes) ? 0 : -ERANGE;
}

int picture_extent(const struct planefd_plane *plane, size_t *size)
{
	pixman_format_code_t format;
	size_t line_bytes;

	int ret = check(plane, &format, &line_bytes);
	if (!ret)
		*size = (size_t)plane->stride * (plane->height - 1) +
			line_bytes;
	return ret;
}

int picture_convert(const struct planefd_plane *plane, const void *pixels,
		    pixman_image_t **out)
{
	pixman_format_code_t format;
	size_t line_bytes;

	int ret = check(plane, &format, &line_bytes);
	if (ret < 0)
		return ret;

	/*
	 * One line at a time through memory of our own: pixman wants lines
	 * that begin at multiples of four bytes, and neither stride nor first
	 * pixel need to.
	 */
	size_t line_room = (line_bytes + 3) / 4 * 4;
	int width = (int)plane->width;
	int height = (int)plane->height;
	uint32_t *line = malloc(line_room);
	pixman_image_t *from = NULL;
	pixman_image_t *to = NULL;

	if (line)
		from = pixman_image_create_bits(format, width, 1, line,
						(int)line_room);
	if (from)
		to = pixman_image_create_bits(PIXMAN_a8r8g8b8, width, height,
					      NULL, 0);
	if (to) {
		const char *next = pixels;
		for (int y = 0; y < height; y++, next += plane->stride) {
			memcpy(line, next, line_bytes);
			pixman_image_composite32(PIXMAN_OP_SRC, from, NULL, to,
						 0, 0, 0, 0, 0, y, width, 1);
		}
	}

	if (from)
		pixman_image_unref(from);
	free(line);
	if (!to)
		return -ENOMEM;
	*out = to;
	return 0;
}

void picture_lay_over(pixman_image_t *picture, pixman_image_t *cursor,
		      int64_t x, int64_t y)
{
	int width = pixman_image_get_width(cursor);
	int height = pixman_image_get_height(cursor);

	/* A guest may say any place; pixman adds to it in 32 bits */
	if (x <= -width || x >= pixman_image_get_width(picture) ||
	    y <= -height || y >= pixman_image_get_height(picture))
		return;
	pixman_image_composite32(PIXMAN_OP_OVER, cursor, NULL, picture, 0, 0, 0,
				 0, (int)x, (int)y, width, height);
}
