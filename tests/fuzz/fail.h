/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the fuzzer ends where it cannot go on. */
#ifndef TESTS_FUZZ_FAIL_H
#define TESTS_FUZZ_FAIL_H

#define EXIT_BROKEN 2

/* One line of error, then exit with 2 */
_Noreturn void fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* The same, with what errno says at the end */
_Noreturn void fail_errno(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif /* TESTS_FUZZ_FAIL_H */
