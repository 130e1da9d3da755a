/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzer does with programs: run given ones, fuzz, minimize. Each
 * returns false if something was found.
 */
#ifndef TESTS_FUZZ_LOOP_H
#define TESTS_FUZZ_LOOP_H

#include "corpus.h"

struct settings {
	const char *out;
	const char *splats;
	uint64_t seed;
	double minutes;
	uint64_t programs; /* 0: no limit but the time */
};

/* The modules, the devices and all that watches them; then everything gone */
void loop_start(const struct settings *given, bool traced);
bool loop_finish(void);

bool loop_run(const struct corpus *corpus);
bool loop_fuzz(struct corpus *corpus);
bool loop_minimize(struct corpus *corpus);

#endif /* TESTS_FUZZ_LOOP_H */
