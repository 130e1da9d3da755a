/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many at once: processes and threads that each do their own round over and
 * over. Work is counted in rounds, not in seconds, so a slow machine is
 * attacked as thoroughly as a fast one, up to half of the test's time limit; and
 * since none stops before the last has done its share, all of it happens while all
 * the others are at work.
 *
 * A check that fails in any of them fails the test.
 */
#ifndef TESTS_HARNESS_STORM_H
#define TESTS_HARNESS_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct storm_actor {
	const char *name;
	/*
	 * How many rounds each thread of each process does at the least, but for
	 * those that are out of time; fewer in a debug kernel
	 */
	unsigned int rounds;
	/* How many of them there are; 0 is 1 */
	unsigned int processes;
	unsigned int threads;
	/* Called once in each process, before its threads; may be NULL */
	void (*start)(void);
	/* seed is for test_random(), each thread's own */
	void (*round)(uint64_t *seed);
};

/* Returns when all have done their rounds, and have ended */
void storm(const struct storm_actor *actors, size_t count);

/*
 * For an actor that waits for another: an fd that is readable when the storm
 * is over, and nobody may come any more
 */
int storm_over(void);

/* For one that tries again */
bool storm_goes_on(void);

#endif /* TESTS_HARNESS_STORM_H */
