/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left to see when the kernel goes down, or finds itself wrong: the
 * programs that ran last, each written before it runs.
 *
 * OUT/last/K		the last few, in a ring; each says which it was
 * OUT/crash-N/K	the same, oldest first, when something was found
 * OUT/crash-N.txt	what was found
 */
#ifndef TESTS_FUZZ_RECORD_H
#define TESTS_FUZZ_RECORD_H

#include "program.h"

#define RECORD_LAST 8

void record_start(const char *out);
void record_program(const struct program *program, uint64_t number,
		    uint64_t seed);

/* Keep what is there as a crash's, and say where */
void record_crash(const char *found);

#endif /* TESTS_FUZZ_RECORD_H */
