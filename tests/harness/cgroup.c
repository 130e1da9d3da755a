// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A memory cgroup, see cgroup.h.
 */
#include "cgroup.h"

#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CGROUPS "/sys/fs/cgroup"
#define GROUP CGROUPS "/planefd-test"

static void write_to(const char *path, const char *text)
{
	int fd = (int)CHECK_OK(open(path, O_WRONLY | O_CLOEXEC));

	CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void read_from(const char *path, char *text, size_t size)
{
	int fd = (int)CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
	ssize_t length = read(fd, text, size - 1);

	CHECK_GT(length, 0);
	text[length] = 0;
	close(fd);
}

static void remove_group(void)
{
	rmdir(GROUP);
}

__attribute__((constructor)) static void clean_group(void)
{
	test_after_each(remove_group);
}

static void create_group(void)
{
	if (access(CGROUPS "/cgroup.controllers", F_OK))
		CHECK_OK(mount("cgroup2", CGROUPS, "cgroup2", 0, NULL));
	write_to(CGROUPS "/cgroup.subtree_control", "+memory");
	if (mkdir(GROUP, 0755))
		CHECK_EQ(errno, EEXIST);
}

void cgroup_join(void)
{
	create_group();
	write_to(GROUP "/cgroup.procs", "0");
	/* A huge page is charged as long as any part of it is in use */
	CHECK_OK(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
}

void cgroup_leave(void)
{
	write_to(CGROUPS "/cgroup.procs", "0");
}

bool cgroup_limit_cpu(unsigned int quota_us, unsigned int period_us)
{
	char text[128];

	create_group();
	read_from(CGROUPS "/cgroup.controllers", text, sizeof(text));
	if (!strstr(text, "cpu "))
		return false;
	write_to(CGROUPS "/cgroup.subtree_control", "+cpu");
	if (access(GROUP "/cpu.max", F_OK))
		return false;
	snprintf(text, sizeof(text), "%u %u", quota_us, period_us);
	write_to(GROUP "/cpu.max", text);
	return true;
}

void cgroup_limit(long bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", bytes);
	write_to(GROUP "/memory.max", text);
}

void cgroup_settle(void)
{
	/* What is above this limit is reclaimed, but nobody killed for it */
	write_to(GROUP "/memory.high", "0");
	write_to(GROUP "/memory.high", "max");
}

long cgroup_memory(void)
{
	char text[32];

	read_from(GROUP "/memory.current", text, sizeof(text));
	return strtol(text, NULL, 10);
}

static void wait_to_be_killed(void *arg)
{
	(void)arg;
	pause();
}

pid_t cgroup_fork_victim(void)
{
	pid_t pid = test_fork(wait_to_be_killed, NULL);

	test_wait_asleep(pid);
	return pid;
}

long cgroup_kills(void)
{
	static const char key[] = "\noom_kill ";
	char text[512];
	const char *line;

	read_from(GROUP "/memory.events", text, sizeof(text));
	line = strstr(text, key);
	CHECK(line);
	return strtol(line + sizeof(key) - 1, NULL, 10);
}
