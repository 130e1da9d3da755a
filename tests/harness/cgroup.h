/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A memory cgroup of the test's own, to see who is charged and who is killed.
 * It is removed after the test.
 */
#ifndef TESTS_HARNESS_CGROUP_H
#define TESTS_HARNESS_CGROUP_H

/*
 * This process in it, without huge pages, which are charged whole while any part is
 * in use; or back in the root cgroup
 */
void cgroup_join(void);
void cgroup_leave(void);

/* Its limit in bytes */
void cgroup_limit(long bytes);

/* What is charged to it, in bytes */
long cgroup_memory(void);

/* How many of its processes the OOM killer ended */
long cgroup_kills(void);

#endif /* TESTS_HARNESS_CGROUP_H */
