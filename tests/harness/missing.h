/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is not there until this process says so: whoever touches it, in the
 * kernel, too, waits as long. By userfaultfd, where the kernel has it.
 */
#ifndef TESTS_HARNESS_MISSING_H
#define TESTS_HARNESS_MISSING_H

#include <stddef.h>

/* Skips the test where there can be no such memory */
void missing_needed(void);

/*
 * So many bytes, whole pages. Sets *faults to the userfaultfd that tells who
 * touches them, and answers
 */
void *missing_create(size_t size, int *faults);

#endif /* TESTS_HARNESS_MISSING_H */
