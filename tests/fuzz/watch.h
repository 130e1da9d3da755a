/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watching the kernel find fault with itself: its log, and memory that nobody
 * can reach any more.
 */
#ifndef TESTS_FUZZ_WATCH_H
#define TESTS_FUZZ_WATCH_H

#include <stdbool.h>

/* From now on; the file has what a splat looks like, an expression a line */
void watch_start(const char *splats);

/*
 * What the kernel has said since the last call, if it is a splat: the caller's
 * to free. NULL if all is well.
 */
char *watch_splat(void);

/* What kmemleak finds, if it is there: the caller's to free, or NULL */
char *watch_leaks(void);

#endif /* TESTS_FUZZ_WATCH_H */
