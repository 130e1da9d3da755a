// SPDX-License-Identifier: GPL-2.0-or-later
/* libpng, with its jumps kept in here. */
#include "pngfile.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>

struct writer {
	FILE *out;
	int error; /* -errno of the write that failed */
};

static void write_bytes(png_structp png, png_bytep bytes, size_t size)
{
	struct writer *writer = png_get_io_ptr(png);

	if (fwrite(bytes, 1, size, writer->out) == size)
		return;
	writer->error = errno ? -errno : -EIO;
	png_error(png, "write");
}

static void flush(png_structp png)
{
	(void)png;
}

/* libpng would print; the caller is told by the return value */
static void on_error(png_structp png, png_const_charp message)
{
	(void)message;
	png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
	(void)png;
	(void)message;
}

static void write_picture(png_structp png, png_infop info, png_bytep row,
			  pixman_image_t *picture)
{
	int width = pixman_image_get_width(picture);
	int height = pixman_image_get_height(picture);
	const uint32_t *pixel = pixman_image_get_data(picture);
	int stride = pixman_image_get_stride(picture) / 4;

	png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8,
		     PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);

	for (int y = 0; y < height; y++, pixel += stride) {
		png_bytep to = row;
		for (int x = 0; x < width; x++) {
			*to++ = (png_byte)(pixel[x] >> 16);
			*to++ = (png_byte)(pixel[x] >> 8);
			*to++ = (png_byte)pixel[x];
		}
		png_write_row(png, row);
	}
	png_write_end(png, info);
}

/*
 * Apart from the rest, so that nothing that libpng jumps over is a variable
 * of the function that it jumps to.
 */
static int write_or_jump(png_structp png, png_infop info, png_bytep row,
			 pixman_image_t *picture)
{
	if (setjmp(png_jmpbuf(png)))
		return -EIO;
	write_picture(png, info, row, picture);
	return 0;
}

int png_write(FILE *out, pixman_image_t *picture)
{
	struct writer writer = { .out = out };
	int ret = -ENOMEM;

	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL,
						  on_error, on_warning);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	png_bytep row = calloc((size_t)pixman_image_get_width(picture), 3);

	if (info && row) {
		png_set_write_fn(png, &writer, write_bytes, flush);
		ret = write_or_jump(png, info, row, picture);
		if (writer.error)
			ret = writer.error;
	}

	free(row);
	png_destroy_write_struct(&png, &info);
	return ret;
}
