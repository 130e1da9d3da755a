// SPDX-License-Identifier: GPL-2.0-or-later
/* Draws, and works out what a drawn byte means. */
#include "screen.h"

#include "test.h"

#include <fcntl.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static size_t extent(const struct bochs_mode *mode)
{
	return (size_t)bochs_stride(mode) * (mode->height - 1u) +
	       mode->width * bochs_bytes(mode);
}

void screen_change(struct screen *screen, const struct bochs_mode *mode,
		   uint64_t seed)
{
	size_t size = extent(mode);

	free(screen->picture);
	screen->picture = malloc(size);
	CHECK(screen->picture);
	screen->mode = *mode;
	bochs_picture(screen->picture, size, seed);
	CHECK_EQ(region_write(&screen->device, BAR0, bochs_offset(mode),
			      screen->picture, size), size);
	bochs_set_mode(&screen->device, mode);
}

void screen_create(struct screen *screen, const struct bochs_mode *mode,
		   uint64_t seed)
{
	screen->picture = NULL;
	device_create(&screen->device, TYPE_16M);
	bochs_place(&screen->device, VRAM_BASE);
	screen_change(screen, mode, seed);
}

static void hold(void *arg)
{
	const char *name = arg;

	CHECK_OK(prctl(PR_SET_NAME, name));
	/* Tells by its name that it is there */
	for (;;)
		pause();
}

/* Whether the process already calls itself that */
struct named {
	pid_t pid;
	const char *name;
};

static bool has_name(void *arg)
{
	const struct named *named = arg;
	char path[32];
	char comm[32] = { 0 };

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)named->pid);
	int fd = (int)CHECK_OK(open(path, O_RDONLY));
	CHECK_OK(read(fd, comm, sizeof(comm) - 1));
	close(fd);
	return !strncmp(comm, named->name, strlen(named->name));
}

const char *vmm_start(const char *name)
{
	static char text[16];
	char copy[16];

	snprintf(copy, sizeof(copy), "%s", name);
	struct named named = { .pid = test_fork(hold, copy), .name = copy };
	CHECK(test_wait(has_name, &named, 10));
	snprintf(text, sizeof(text), "%d", (int)named.pid);
	return text;
}

/* Bits repeated to fill eight */
static unsigned int widen(unsigned int value, unsigned int bits)
{
	value &= (1u << bits) - 1;
	return value << (8 - bits) | value >> (2 * bits - 8);
}

/* Red, green and blue of a pixel, from what drm_fourcc.h says of the format */
static void decode(const unsigned char *pixel, unsigned int bpp,
		   unsigned char rgb[3])
{
	unsigned int word = pixel[0] | (unsigned int)pixel[1] << 8;

	switch (bpp) {
	case 15:
		rgb[0] = (unsigned char)widen(word >> 10, 5);
		rgb[1] = (unsigned char)widen(word >> 5, 5);
		rgb[2] = (unsigned char)widen(word, 5);
		break;
	case 16:
		rgb[0] = (unsigned char)widen(word >> 11, 5);
		rgb[1] = (unsigned char)widen(word >> 5, 6);
		rgb[2] = (unsigned char)widen(word, 5);
		break;
	default:
		rgb[0] = pixel[2];
		rgb[1] = pixel[1];
		rgb[2] = pixel[0];
		break;
	}
}

static void check_pixels(const struct screen *screen, const unsigned char *rgb)
{
	const struct bochs_mode *mode = &screen->mode;
	unsigned char expected[3];

	for (uint32_t y = 0; y < mode->height; y++) {
		const unsigned char *pixel =
			screen->picture + (size_t)y * bochs_stride(mode);
		for (uint32_t x = 0; x < mode->width; x++) {
			decode(pixel, mode->bpp, expected);
			if (memcmp(rgb, expected, 3) != 0)
				test_fail(__FILE__, __LINE__,
					  "pixel %u,%u is %02x%02x%02x, not "
					  "%02x%02x%02x", x, y, rgb[0], rgb[1],
					  rgb[2], expected[0], expected[1],
					  expected[2]);
			pixel += bochs_bytes(mode);
			rgb += 3;
		}
	}
}

void check_png(const struct screen *screen, const void *png, size_t size)
{
	png_image image = { .version = PNG_IMAGE_VERSION };

	CHECK(png_image_begin_read_from_memory(&image, png, size));
	CHECK_EQ(image.width, screen->mode.width);
	CHECK_EQ(image.height, screen->mode.height);
	/* No alpha, no grey, no palette */
	CHECK_EQ(image.format, PNG_FORMAT_RGB);
	unsigned char *rgb = malloc(PNG_IMAGE_SIZE(image));
	CHECK(rgb);
	CHECK(png_image_finish_read(&image, NULL, rgb, 0, NULL));
	check_pixels(screen, rgb);
	free(rgb);
}

void check_png_file(const struct screen *screen, const char *path)
{
	size_t room = 16 * MIB;
	unsigned char *bytes = malloc(room);
	FILE *in = fopen(path, "r");

	CHECK(bytes);
	CHECK(in);
	size_t size = fread(bytes, 1, room, in);
	CHECK_EQ(fclose(in), 0);
	CHECK_OK(unlink(path));
	check_png(screen, bytes, size);
	free(bytes);
}
