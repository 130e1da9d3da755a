/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has not ended when a test's time is over, and what for.
 */
#ifndef TESTS_HARNESS_STUCK_H
#define TESTS_HARNESS_STUCK_H

#include <sys/types.h>

/*
 * A line of diagnostics for each thread of a process group, with its name and
 * state, and where it is in the kernel as far as the kernel tells.
 */
void stuck_tell(pid_t group);

#endif /* TESTS_HARNESS_STUCK_H */
