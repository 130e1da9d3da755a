/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run tells: a line now and then, and what it reached at the end. */
#ifndef TESTS_FUZZ_REPORT_H
#define TESTS_FUZZ_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line of progress, at most one in some seconds unless it is the last */
void report_progress(uint64_t programs, size_t corpus, bool last);

/* The table of functions into the file, and a summary by module */
void report_coverage(const char *path);

#endif /* TESTS_FUZZ_REPORT_H */
