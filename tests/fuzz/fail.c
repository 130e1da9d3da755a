// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ending with an error, see fail.h; and what the tests' harness calls where it
 * cannot go on, for there is no test here.
 */
#include "fail.h"

#include "test.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void __attribute__((format(printf, 1, 0)))
say(const char *format, va_list args)
{
	fflush(stdout);
	fputs("fuzz: ", stderr);
	vfprintf(stderr, format, args);
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_BROKEN);
}

void fail_errno(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(error));
	exit(EXIT_BROKEN);
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	(void)file;
	(void)line;
	va_start(args, format);
	say(format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_BROKEN);
}

/* Devices are removed by their keeper */
void test_after_each(void (*cleanup)(void))
{
	(void)cleanup;
}
