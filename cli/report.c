// SPDX-License-Identifier: GPL-2.0-or-later
/* One line on stderr, in which nothing from outside can do harm. */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Characters that format text and are not seen themselves: Unicode's categories
 * Cf, Zl and Zp and its plane of tags. Some reorder the text around them, some
 * end a line, some let two names look alike. Left out are those of Cf that are
 * seen, such as the signs that go before Arabic numbers. In order.
 */
static const struct range {
	unsigned int first;
	unsigned int last;
} formats[] = {
	{ 0xad, 0xad },       /* soft hyphen */
	{ 0x61c, 0x61c },     /* Arabic letter mark */
	{ 0x180e, 0x180e },   /* Mongolian vowel separator */
	{ 0x200b, 0x200f },   /* zero width, left-to-right and -left marks */
	{ 0x2028, 0x202e },   /* line and paragraph ends, embeddings, overrides */
	{ 0x2060, 0x206f },   /* joiners, isolates, deprecated ones */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xfff9, 0xfffb },   /* annotations */
	{ 0x13430, 0x1343f }, /* of Egyptian hieroglyphs */
	{ 0x1bca0, 0x1bca3 }, /* of shorthand */
	{ 0x1d173, 0x1d17a }, /* of music */
	{ 0xe0000, 0xe0fff }, /* tags and variation selectors */
};

static bool is_format(unsigned int code)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (code <= formats[i].last)
			return code >= formats[i].first;
	return false;
}

/*
 * Bytes of the UTF-8 character at text that is safe to print, 0 if there is
 * none. Not safe: C0 and C1 controls, DEL, and what formats text. Not UTF-8:
 * overlong forms, surrogates, what lies beyond U+10FFFF.
 */
static size_t printable_length(const unsigned char *text)
{
	static const unsigned int smallest[] = { 0, 0, 0xa0, 0x800, 0x10000 };
	unsigned int code;
	size_t length;

	if (text[0] < 0x80)
		return text[0] >= 0x20 && text[0] != 0x7f;

	if ((text[0] & 0xe0) == 0xc0)
		length = 2;
	else if ((text[0] & 0xf0) == 0xe0)
		length = 3;
	else if ((text[0] & 0xf8) == 0xf0)
		length = 4;
	else
		return 0;

	code = text[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3fu);
	}

	if (code < smallest[length] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff) || is_format(code))
		return 0;
	return length;
}

char *text_safe(const char *text)
{
	static const char digits[] = "0123456789abcdef";
	char *safe = malloc(4 * strlen(text) + 1);
	char *to = safe;

	if (!safe)
		return NULL;

	const unsigned char *from = (const unsigned char *)text;
	while (*from) {
		size_t length = printable_length(from);
		if (length) {
			memcpy(to, from, length);
			to += length;
			from += length;
			continue;
		}
		*to++ = '\\';
		*to++ = 'x';
		*to++ = digits[*from >> 4];
		*to++ = digits[*from & 0xf];
		from++;
	}
	*to = '\0';
	return safe;
}

enum status fail(enum status status, const char *format, ...)
{
	char *message = NULL;
	char *safe = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);

	if (message)
		safe = text_safe(message);
	fprintf(stderr, "planefd: %s\n", safe ? safe : "out of memory");
	free(safe);
	free(message);
	return status;
}

enum status finish_stdout(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return STATUS_OK;
	return fail(STATUS_WRITE, "cannot write to the standard output: %s",
		    strerror(errno));
}
