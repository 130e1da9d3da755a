/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is not there until this process says so, or not to be written:
 * whoever touches it, in the kernel, too, waits as long. By userfaultfd, where the
 * kernel has it.
 */
#ifndef TESTS_HARNESS_MISSING_H
#define TESTS_HARNESS_MISSING_H

#include <stddef.h>
#include <stdint.h>

/* Skips the test where there can be no such memory */
void missing_needed(void);

/*
 * So many bytes, whole pages. Sets *faults to the userfaultfd that tells who
 * touches them, and answers
 */
void *missing_create(size_t size, int *faults);

/*
 * The same of what can be read, and begins with those bytes: only who writes to it
 * waits
 */
void *missing_for_writers(size_t size, const void *bytes, size_t count,
			  int *faults);

/* Wait until somebody touches it; the address of the page that he touches */
uint64_t missing_wait(int faults);

#endif /* TESTS_HARNESS_MISSING_H */
