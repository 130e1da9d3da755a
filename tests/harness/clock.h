/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time limits. They count the clock that tests/clock keeps, which stands nearly
 * still while others have the machine's CPUs, so that nothing fails because the
 * machine is busy. A program that is run by hand has no such clock; its limits
 * count the wall clock.
 */
#ifndef TESTS_HARNESS_CLOCK_H
#define TESTS_HARNESS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* When something started that has a time limit, in nanoseconds */
struct limit {
	uint64_t wall;
	uint64_t clock;
};

struct limit limit_start(void);

/*
 * Whether that many seconds have passed since. They have not before the wall
 * clock says so, too, which therefore is how long a caller may sleep.
 */
bool limit_is_over(const struct limit *limit, unsigned int seconds);

/* How many milliseconds a caller may sleep before it looks at the limit again
 */
int limit_sleep(const struct limit *limit, unsigned int seconds);

/*
 * Read the clock for this process's children, too. From then on they do without
 * the system calls to do so, which would get in the way of tests of memory
 * limits and failing allocations. The caller must call it again at least once a
 * second.
 */
void clock_share(void);

/* The clock in hundredths of a second; 0 if there is none */
uint64_t clock_read(void);

#endif /* TESTS_HARNESS_CLOCK_H */
