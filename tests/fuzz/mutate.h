/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New programs from old ones. All choices come from the seed, so that a run
 * can be had again.
 */
#ifndef TESTS_FUZZ_MUTATE_H
#define TESTS_FUZZ_MUTATE_H

#include "program.h"

/*
 * Change a program a little: insert, delete, replace and swap ops, tweak their
 * operands, splice another program into it. The result is never empty.
 */
void program_mutate(struct program *program, const struct program *other,
		    uint64_t *seed);

/* A new one of a few ops */
void program_generate(struct program *program, uint64_t *seed);

/* A number below limit; 0 if that is 0 */
uint64_t random_below(uint64_t *seed, uint64_t limit);

#endif /* TESTS_FUZZ_MUTATE_H */
