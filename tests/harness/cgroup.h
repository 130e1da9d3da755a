/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A memory cgroup of the test's own, to see who is charged and who is killed.
 * It is removed after the test.
 */
#ifndef TESTS_HARNESS_CGROUP_H
#define TESTS_HARNESS_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

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

/*
 * Charge it for no more than it has: the kernel charges ahead, for each CPU, and
 * so lets through what a limit of cgroup_memory() leaves no room for
 */
void cgroup_settle(void);

/* What is charged to it, in bytes */
long cgroup_memory(void);

/*
 * A process in the cgroup of the caller, to be killed if anybody is, or by
 * test_kill(). When this returns it sleeps: until then it writes to pages that it
 * shares with the caller, and if the cgroup were full already it would be killed
 * for its own copies of them, which says nothing of what others do.
 */
pid_t cgroup_fork_victim(void);

/* How many of its processes the OOM killer ended */
long cgroup_kills(void);

#endif /* TESTS_HARNESS_CGROUP_H */
