// SPDX-License-Identifier: GPL-2.0-or-later
/* Text from elsewhere cannot steer the terminal. */
#include "report.h"

#include "format.h"
#include "test.h"

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
