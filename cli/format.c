// SPDX-License-Identifier: GPL-2.0-or-later
/* A table of linear RGB formats. */
#include "format.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>

/* As drm_fourcc.h makes them */
#define FOURCC(a, b, c, d)                                                     \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 |            \
	 (uint32_t)(d) << 24)

/*
 * The same bytes read by a big-endian machine: formats of whole bytes have a
 * mirrored twin in pixman, the others have none.
 */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTES(little, big) PIXMAN_##little
#define BITS(little) PIXMAN_##little
#else
#define BYTES(little, big) PIXMAN_##big
#define BITS(little) 0
#endif

static const struct format {
	uint32_t fourcc;
	int pixman; /* 0: pixman has none */
	const char *name;
} formats[] = {
	{ FOURCC('X', 'R', '2', '4'), BYTES(x8r8g8b8, b8g8r8x8), "XRGB8888" },
	{ FOURCC('A', 'R', '2', '4'), BYTES(a8r8g8b8, b8g8r8a8), "ARGB8888" },
	{ FOURCC('X', 'B', '2', '4'), BYTES(x8b8g8r8, r8g8b8x8), "XBGR8888" },
	{ FOURCC('A', 'B', '2', '4'), BYTES(a8b8g8r8, r8g8b8a8), "ABGR8888" },
	{ FOURCC('R', 'X', '2', '4'), BYTES(r8g8b8x8, x8b8g8r8), "RGBX8888" },
	{ FOURCC('R', 'A', '2', '4'), BYTES(r8g8b8a8, a8b8g8r8), "RGBA8888" },
	{ FOURCC('B', 'X', '2', '4'), BYTES(b8g8r8x8, x8r8g8b8), "BGRX8888" },
	{ FOURCC('B', 'A', '2', '4'), BYTES(b8g8r8a8, a8r8g8b8), "BGRA8888" },
	{ FOURCC('R', 'G', '2', '4'), BYTES(r8g8b8, b8g8r8), "RGB888" },
	{ FOURCC('B', 'G', '2', '4'), BYTES(b8g8r8, r8g8b8), "BGR888" },
	{ FOURCC('R', 'G', 'B', '8'), BYTES(r3g3b2, r3g3b2), "RGB332" },
	{ FOURCC('B', 'G', 'R', '8'), BYTES(b2g3r3, b2g3r3), "BGR233" },
	{ FOURCC('R', 'G', '1', '6'), BITS(r5g6b5), "RGB565" },
	{ FOURCC('B', 'G', '1', '6'), BITS(b5g6r5), "BGR565" },
	{ FOURCC('X', 'R', '1', '5'), BITS(x1r5g5b5), "XRGB1555" },
	{ FOURCC('A', 'R', '1', '5'), BITS(a1r5g5b5), "ARGB1555" },
	{ FOURCC('X', 'B', '1', '5'), BITS(x1b5g5r5), "XBGR1555" },
	{ FOURCC('A', 'B', '1', '5'), BITS(a1b5g5r5), "ABGR1555" },
	{ FOURCC('X', 'R', '1', '2'), BITS(x4r4g4b4), "XRGB4444" },
	{ FOURCC('A', 'R', '1', '2'), BITS(a4r4g4b4), "ARGB4444" },
	{ FOURCC('X', 'B', '1', '2'), BITS(x4b4g4r4), "XBGR4444" },
	{ FOURCC('A', 'B', '1', '2'), BITS(a4b4g4r4), "ABGR4444" },
	{ FOURCC('X', 'R', '3', '0'), BITS(x2r10g10b10), "XRGB2101010" },
	{ FOURCC('A', 'R', '3', '0'), BITS(a2r10g10b10), "ARGB2101010" },
	{ FOURCC('X', 'B', '3', '0'), BITS(x2b10g10r10), "XBGR2101010" },
	{ FOURCC('A', 'B', '3', '0'), BITS(a2b10g10r10), "ABGR2101010" },
};

static const struct format *find(uint32_t fourcc)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (formats[i].fourcc == fourcc)
			return &formats[i];
	return NULL;
}

void format_name(uint32_t fourcc, char name[FORMAT_NAME_SIZE])
{
	const struct format *format = find(fourcc);

	if (format) {
		snprintf(name, FORMAT_NAME_SIZE, "%s", format->name);
		return;
	}

	char letters[5] = { 0 };
	for (int i = 0; i < 4; i++) {
		unsigned char letter = (unsigned char)(fourcc >> 8 * i);
		letters[i] = isalnum(letter) ? (char)letter : '?';
	}
	snprintf(name, FORMAT_NAME_SIZE, "%s (0x%08x)", letters, fourcc);
}

bool format_to_pixman(uint32_t fourcc, pixman_format_code_t *format)
{
	const struct format *found = find(fourcc);

	if (!found || !found->pixman)
		return false;
	*format = (pixman_format_code_t)found->pixman;
	return true;
}
