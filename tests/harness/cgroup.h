/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A memory cgroup of the test's own, to see who is charged and who is killed.
 * It is removed after the test.
 */
#ifndef TESTS_HARNESS_CGROUP_H
#define TESTS_HARNESS_CGROUP_H

#include <stdbool.h>

/*
 * This process in it, without huge pages, which are charged whole while any part is
 * in use; or back in the root cgroup
 */
void cgroup_join(void);
void cgroup_leave(void);

/*
 * How many of each period's microseconds all in it have a CPU; false where the
 * kernel cannot. Can be called before the first is in it
 */
bool cgroup_limit_cpu(unsigned int quota_us, unsigned int period_us);

/* Its limit in bytes */
void cgroup_limit(long bytes);

/* What is charged to it, in bytes */
long cgroup_memory(void);

/* How many of its processes the OOM killer ended */
long cgroup_kills(void);

#endif /* TESTS_HARNESS_CGROUP_H */
