// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plane's pixels become a picture: every format, odd strides and offsets,
 * the cursor. Expected values are worked out by hand from drm_fourcc.h's
 * definitions: a component of few bits is repeated to fill eight.
 */
#include "picture.h"

#include "test.h"

#include <string.h>

#define FOURCC(text)                                                           \
	((uint32_t)(text)[0] | (uint32_t)(text)[1] << 8 |                      \
	 (uint32_t)(text)[2] << 16 | (uint32_t)(text)[3] << 24)

#define WIDTH 5
#define HEIGHT 4

static const struct sample {
	const char *fourcc;
	unsigned int bytes;
	unsigned char pixel[4]; /* as it lies in memory */
	uint32_t expected;      /* 0xAARRGGBB */
} samples[] = {
	{ "XR24", 4, { 0x33, 0x22, 0x11, 0x99 }, 0xff112233 },
	{ "AR24", 4, { 0x33, 0x22, 0x11, 0x80 }, 0x80112233 },
	{ "XB24", 4, { 0x11, 0x22, 0x33, 0x99 }, 0xff112233 },
	{ "AB24", 4, { 0x11, 0x22, 0x33, 0x80 }, 0x80112233 },
	{ "RX24", 4, { 0x99, 0x33, 0x22, 0x11 }, 0xff112233 },
	{ "RA24", 4, { 0x80, 0x33, 0x22, 0x11 }, 0x80112233 },
	{ "BX24", 4, { 0x99, 0x11, 0x22, 0x33 }, 0xff112233 },
	{ "BA24", 4, { 0x80, 0x11, 0x22, 0x33 }, 0x80112233 },
	{ "RG24", 3, { 0x33, 0x22, 0x11 }, 0xff112233 },
	{ "BG24", 3, { 0x11, 0x22, 0x33 }, 0xff112233 },
	/* red 101, green 110, blue 01 */
	{ "RGB8", 1, { 0xb9 }, 0xffb6db55 },
	{ "BGR8", 1, { 0x75 }, 0xffb6db55 },
	/* red 10011, green 101101, blue 01110 */
	{ "RG16", 2, { 0xae, 0x9d }, 0xff9cb673 },
	{ "BG16", 2, { 0xb3, 0x75 }, 0xff9cb673 },
	/* red 10011, green 10110, blue 01110 */
	{ "XR15", 2, { 0xce, 0x4e }, 0xff9cb573 },
	{ "AR15", 2, { 0xce, 0xce }, 0xff9cb573 },
	{ "XB15", 2, { 0xd3, 0x3a }, 0xff9cb573 },
	{ "AB15", 2, { 0xd3, 0xba }, 0xff9cb573 },
	/* first nibble 5, red 1, green 7, blue c */
	{ "XR12", 2, { 0x7c, 0x51 }, 0xff1177cc },
	{ "AR12", 2, { 0x7c, 0x51 }, 0x551177cc },
	{ "XB12", 2, { 0x71, 0x5c }, 0xff1177cc },
	{ "AB12", 2, { 0x71, 0x5c }, 0x551177cc },
	/* red 1023, green 512, blue 341 (a third); first bits 1, or opaque 3 */
	{ "XR30", 4, { 0x55, 0x01, 0xf8, 0x7f }, 0xffff8055 },
	{ "AR30", 4, { 0x55, 0x01, 0xf8, 0xff }, 0xffff8055 },
	{ "XB30", 4, { 0xff, 0x03, 0x58, 0x55 }, 0xffff8055 },
	{ "AB30", 4, { 0xff, 0x03, 0x58, 0xd5 }, 0xffff8055 },
};

#define SAMPLE_COUNT (sizeof(samples) / sizeof(samples[0]))

static struct planefd_plane make_plane(const char *fourcc, unsigned int bytes,
				       uint32_t stride, uint32_t offset)
{
	return (struct planefd_plane){
		.on = true,
		.format = FOURCC(fourcc),
		.width = WIDTH,
		.height = HEIGHT,
		.stride = stride,
		.offset = offset,
		.size = offset + stride * (HEIGHT - 1) + WIDTH * bytes,
		.start = 0xe0000000u + offset,
	};
}

static uint32_t pixel_at(pixman_image_t *picture, int x, int y)
{
	const uint32_t *line = pixman_image_get_data(picture);

	return line[y * pixman_image_get_stride(picture) / 4 + x];
}

/*
 * The sample at one place of a plane whose other bytes are zero, but for the
 * bytes between the lines and before the first, which are not.
 */
static void check_sample(const struct sample *sample, int x, int y,
			 uint32_t slack, uint32_t offset)
{
	uint32_t stride = WIDTH * sample->bytes + slack;
	struct planefd_plane plane = make_plane(sample->fourcc, sample->bytes,
						stride, offset);
	unsigned char *buffer = test_guarded(plane.size);
	pixman_image_t *picture;

	memset(buffer, 0xa5, plane.size);
	for (uint32_t i = 0; i < HEIGHT; i++)
		memset(buffer + offset + i * stride, 0,
		       WIDTH * sample->bytes);
	memcpy(buffer + offset + (uint32_t)y * stride +
		       (uint32_t)x * sample->bytes,
	       sample->pixel, sample->bytes);

	CHECK_EQ(picture_convert(&plane, buffer + offset, &picture), 0);
	CHECK_EQ(pixman_image_get_format(picture), PIXMAN_a8r8g8b8);
	CHECK_EQ(pixman_image_get_width(picture), WIDTH);
	CHECK_EQ(pixman_image_get_height(picture), HEIGHT);
	for (int i = 0; i < HEIGHT; i++)
		for (int j = 0; j < WIDTH; j++) {
			uint32_t got = pixel_at(picture, j, i);

			if (i == y && j == x)
				CHECK_EQ(got, sample->expected);
			else
				CHECK_EQ(got & 0xffffff, 0);
		}
	pixman_image_unref(picture);
}

TEST("every format gives its colours, at the first pixel and at the last")
{
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		test_note("%s", samples[i].fourcc);
		check_sample(&samples[i], 0, 0, 0, 0);
		check_sample(&samples[i], WIDTH - 1, HEIGHT - 1, 0, 0);
	}
}

TEST("every format is read at odd strides and odd offsets")
{
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		test_note("%s", samples[i].fourcc);
		for (uint32_t odd = 1; odd < 8; odd += 2) {
			check_sample(&samples[i], 2, 1, odd, 0);
			check_sample(&samples[i], 1, 2, 0, odd);
			check_sample(&samples[i], 3, 3, odd, odd);
		}
	}
}

/* Bits repeated to fill eight */
static uint32_t widen(uint32_t value, unsigned int bits)
{
	return bits == 5 ? value << 3 | value >> 2 : value << 2 | value >> 4;
}

TEST("every word of RGB565 and of XRGB1555 is the colour it says")
{
	for (uint32_t word = 0; word < 0x10000; word++) {
		unsigned char bytes[2] = { word & 0xff, word >> 8 };
		struct planefd_plane plane = make_plane("RG16", 2, 2, 0);
		pixman_image_t *picture;

		plane.width = 1;
		plane.height = 1;
		plane.size = 2;
		CHECK_EQ(picture_convert(&plane, bytes, &picture), 0);
		CHECK_EQ(pixel_at(picture, 0, 0),
			 0xff000000 | widen(word >> 11, 5) << 16 |
				 widen(word >> 5 & 0x3f, 6) << 8 |
				 widen(word & 0x1f, 5));
		pixman_image_unref(picture);

		plane.format = FOURCC("XR15");
		CHECK_EQ(picture_convert(&plane, bytes, &picture), 0);
		CHECK_EQ(pixel_at(picture, 0, 0),
			 0xff000000 | widen(word >> 10 & 0x1f, 5) << 16 |
				 widen(word >> 5 & 0x1f, 5) << 8 |
				 widen(word & 0x1f, 5));
		pixman_image_unref(picture);
	}
}

TEST("a modifier that is not linear is refused")
{
	struct planefd_plane plane = make_plane("XR24", 4, WIDTH * 4, 0);
	unsigned char *buffer = test_guarded(plane.size);
	pixman_image_t *picture;

	plane.modifier = 1;
	CHECK_EQ(picture_convert(&plane, buffer, &picture), -EOPNOTSUPP);
}

TEST("a format that is not RGB, unknown or big-endian is refused")
{
	static const char *const fourccs[] = { "NV12", "YUYV", "C8  ", "0000" };
	struct planefd_plane plane = make_plane("XR24", 4, WIDTH * 4, 0);
	unsigned char *buffer = test_guarded(plane.size);
	pixman_image_t *picture;

	for (size_t i = 0; i < sizeof(fourccs) / sizeof(fourccs[0]); i++) {
		plane.format = FOURCC(fourccs[i]);
		CHECK_EQ(picture_convert(&plane, buffer, &picture),
			 -EOPNOTSUPP);
	}
	plane.format = FOURCC("XR24") | 1u << 31;
	CHECK_EQ(picture_convert(&plane, buffer, &picture), -EOPNOTSUPP);
}

/* Each change makes an otherwise good plane one that must not be read */
static void check_range(void (*spoil)(struct planefd_plane *plane))
{
	struct planefd_plane plane = make_plane("XR24", 4, WIDTH * 4, 8);
	unsigned char *buffer = test_guarded(plane.size);
	pixman_image_t *picture;

	CHECK_EQ(picture_convert(&plane, buffer + 8, &picture), 0);
	pixman_image_unref(picture);
	spoil(&plane);
	CHECK_EQ(picture_convert(&plane, buffer + 8, &picture), -ERANGE);
}

static void spoil_size(struct planefd_plane *plane)
{
	plane->size--;
}

static void spoil_stride(struct planefd_plane *plane)
{
	plane->stride--;
}

static void spoil_width(struct planefd_plane *plane)
{
	plane->width = 0;
}

static void spoil_height(struct planefd_plane *plane)
{
	plane->height = 0;
}

/* 0x10000 lines of 0x10000 bytes are 0 in 32 bits */
static void spoil_product(struct planefd_plane *plane)
{
	plane->stride = 0x20000;
	plane->height = 0x7fff;
	plane->size = 0x10000;
}

static void spoil_huge_width(struct planefd_plane *plane)
{
	plane->width = UINT32_MAX;
	plane->stride = UINT32_MAX;
	plane->size = UINT32_MAX;
}

TEST("a plane whose lines do not fit its buffer is refused, not read")
{
	check_range(spoil_size);
	check_range(spoil_stride);
	check_range(spoil_width);
	check_range(spoil_height);
	check_range(spoil_product);
	check_range(spoil_huge_width);
}

static pixman_image_t *make_image(const uint32_t *pixels, int width, int height)
{
	pixman_image_t *image = pixman_image_create_bits(
		PIXMAN_a8r8g8b8, width, height, NULL, 0);

	CHECK(image);
	for (int y = 0; y < height; y++)
		memcpy(pixman_image_get_data(image) +
			       y * pixman_image_get_stride(image) / 4,
		       pixels + y * width, 4 * (size_t)width);
	return image;
}

TEST("a cursor covers where it is opaque, mixes where half, spares where clear")
{
	static const uint32_t white[] = { ~0u, ~0u, ~0u, ~0u, ~0u, ~0u };
	/* premultiplied: opaque blue, half red, nothing */
	static const uint32_t cursor[] = { 0xff0000ff, 0x80800000, 0x00000000 };
	pixman_image_t *picture = make_image(white, 3, 2);

	picture_lay_over(picture, make_image(cursor, 3, 1), 0, 1);
	CHECK_EQ(pixel_at(picture, 0, 0), 0xffffffff);
	CHECK_EQ(pixel_at(picture, 1, 0), 0xffffffff);
	CHECK_EQ(pixel_at(picture, 2, 0), 0xffffffff);
	CHECK_EQ(pixel_at(picture, 0, 1), 0xff0000ff);
	/* 0x80 of red, and 0xff * (0xff - 0x80) / 0xff = 0x7f of white */
	CHECK_EQ(pixel_at(picture, 1, 1), 0xffff7f7f);
	CHECK_EQ(pixel_at(picture, 2, 1), 0xffffffff);
}

TEST("a cursor that hangs over each edge is cut there")
{
	static const uint32_t black[] = { 0xff000000, 0xff000000, 0xff000000,
					  0xff000000 };
	static const uint32_t cursor[] = { 0xff000001, 0xff000002, 0xff000003,
					   0xff000004 };
	pixman_image_t *picture = make_image(black, 2, 2);
	pixman_image_t *small = make_image(cursor, 2, 2);

	picture_lay_over(picture, small, -1, -1);
	CHECK_EQ(pixel_at(picture, 0, 0), 0xff000004);
	picture_lay_over(picture, small, 1, 1);
	CHECK_EQ(pixel_at(picture, 1, 1), 0xff000001);
	picture_lay_over(picture, small, -2, 0);
	picture_lay_over(picture, small, 0, 2);
	picture_lay_over(picture, small, 5000, -5000);
	picture_lay_over(picture, small, INT32_MAX, 0);
	picture_lay_over(picture, small, 0, INT32_MIN);
	picture_lay_over(picture, small, (int64_t)INT32_MAX - INT32_MIN, 0);
	picture_lay_over(picture, small, (int64_t)INT32_MIN - INT32_MAX, 1);
	CHECK_EQ(pixel_at(picture, 0, 0), 0xff000004);
	CHECK_EQ(pixel_at(picture, 1, 0), 0xff000000);
	CHECK_EQ(pixel_at(picture, 0, 1), 0xff000000);
	CHECK_EQ(pixel_at(picture, 1, 1), 0xff000001);
}
