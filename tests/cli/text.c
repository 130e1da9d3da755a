// SPDX-License-Identifier: GPL-2.0-or-later
/* Text from elsewhere cannot steer the terminal. */
#include "report.h"

#include "format.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(const char *text, const char *expected)
{
	char *safe = text_safe(text);

	CHECK(safe);
	CHECK_STR(safe, expected);
	free(safe);
}

TEST("plain text and whole UTF-8 characters stay as they are")
{
	check("", "");
	check("qemu-system-x86 ~!\"\\", "qemu-system-x86 ~!\"\\");
	check("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x96\xa5",
	      "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x96\xa5");
}

TEST("control characters are written out")
{
	check("a\033[31mb", "a\\x1b[31mb");
	check("\n\r\t\b\x7f", "\\x0a\\x0d\\x09\\x08\\x7f");
}

TEST("C1 control characters are written out, in UTF-8 and alone")
{
	check("\xc2\x9b" "31m", "\\xc2\\x9b31m");
	check("\x9b" "31m", "\\x9b31m");
	check("\xc2\xa0", "\xc2\xa0");
}

/* A character in UTF-8, and its bytes as \xNN */
static void encode(unsigned int code, char bytes[5], char written[17])
{
	size_t length = 4;

	if (code < 0x800)
		length = 2;
	else if (code < 0x10000)
		length = 3;
	for (size_t i = length; i-- > 1; code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(0xf00u >> length | code);
	bytes[length] = '\0';
	for (size_t i = 0; i < length; i++)
		snprintf(written + 4 * i, 5, "\\x%02x",
			 (unsigned char)bytes[i]);
}

static void check_written_out(unsigned int first, unsigned int last)
{
	char written[17];
	char bytes[5];

	for (unsigned int code = first; code <= last; code++) {
		encode(code, bytes, written);
		check(bytes, written);
	}
}

static void check_kept(unsigned int code)
{
	char written[17];
	char bytes[5];

	encode(code, bytes, written);
	check(bytes, bytes);
}

TEST("characters that change the direction of text are written out")
{
	/* Unicode's property Bidi_Control is of these and no others */
	check_written_out(0x61c, 0x61c);
	check_written_out(0x200e, 0x200f);
	check_written_out(0x202a, 0x202e);
	check_written_out(0x2066, 0x2069);
}

TEST("characters that end a line or are not seen are written out")
{
	check_written_out(0x2028, 0x2029);
	check_written_out(0xad, 0xad);
	check_written_out(0x180e, 0x180e);
	check_written_out(0x200b, 0x200d);
	check_written_out(0x2060, 0x2065);
	check_written_out(0x206a, 0x206f);
	check_written_out(0xfeff, 0xfeff);
	check_written_out(0xfff9, 0xfffb);
	check_written_out(0x1d173, 0x1d17a);
	check_written_out(0xe0001, 0xe0001);
	check_written_out(0xe0020, 0xe007f);
}

TEST("letters, marks and spaces beside those stay as they are")
{
	static const unsigned int codes[] = {
		0xac,   0xae,   0x61b,  0x61d,   0x180f,  0x200a,  0x2010,
		0x2027, 0x202f, 0x205f, 0x2070,  0xfefc,  0xff01,  0xfff8,
		0xfffc, 0xfffd, 0x1d172, 0x1d17b, 0x1f5a5, 0xdffff, 0xe1000,
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		check_kept(codes[i]);
}

TEST("bytes that are not UTF-8 are written out")
{
	check("\xff", "\\xff");
	check("cut \xe2\x82", "cut \\xe2\\x82");
	check("\xc0\x9b", "\\xc0\\x9b");
	check("\xe0\x80\x9b", "\\xe0\\x80\\x9b");
	check("\xed\xa0\x80", "\\xed\\xa0\\x80");
	check("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	check("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
}

TEST("a format has DRM's name, an unknown one letters and number")
{
	char name[FORMAT_NAME_SIZE];

	format_name(0x34325258, name);
	CHECK_STR(name, "XRGB8888");
	format_name(0x36314752, name);
	CHECK_STR(name, "RGB565");
	format_name(0x3231564e, name);
	CHECK_STR(name, "NV12 (0x3231564e)");
	format_name(0x1b0a0041, name);
	CHECK_STR(name, "A??? (0x1b0a0041)");
}
