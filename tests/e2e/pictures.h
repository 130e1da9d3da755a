/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures that are compared pixel by pixel: read from files, or drawn as a
 * guest draws them. All functions end the program, with status 2, where there
 * is no such picture.
 */
#ifndef TESTS_E2E_PICTURES_H
#define TESTS_E2E_PICTURES_H

#include <stdint.h>

/* Rows of three bytes a pixel: red, green, blue */
struct picture {
	uint32_t width;
	uint32_t height;
	uint8_t *pixels;
};

/* file names what is wrong */
void picture_allocate(struct picture *picture, uint32_t width, uint32_t height,
		      const char *file);
void picture_read_png(struct picture *picture, const char *file);

/* As QEMU's screendump writes it */
void picture_read_ppm(struct picture *picture, const char *file);

/* colour as XRGB8888 */
void picture_put(struct picture *picture, uint32_t x, uint32_t y,
		 uint32_t colour);
uint32_t picture_get(const struct picture *picture, uint32_t x, uint32_t y);

/*
 * The program's exit status: 0 if they are the same, 1, and a line that tells
 * of the first difference, if not. A reference of one colour only is refused: a
 * blank screen equals another one and proves nothing.
 */
int picture_compare(const struct picture *got, const struct picture *want,
		    const char *reference);

#endif /* TESTS_E2E_PICTURES_H */
