// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults in the workers of virtio-gpus, see fault.h. A task's fail-nth may be set
 * by others, also a kernel thread's.
 */
#include "fault.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_WORKERS 64

static int workers[MAX_WORKERS];
static unsigned int count;

/* By the name of its thread, as kernel/virtio_gpu/worker.c gives it */
static bool is_worker(const char *pid)
{
	static const char name[] = "vfio-virtio-gpu";
	char path[300], text[sizeof(name)] = "";
	ssize_t size;
	int fd;

	if (*pid < '0' || *pid > '9')
		return false;
	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size = read(fd, text, sizeof(name) - 1);
	close(fd);
	return size == sizeof(name) - 1 && !strcmp(text, name);
}

static void write_nth(int fd, unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	/* One may have ended since it was found */
	if (pwrite(fd, text, (size_t)length, 0) != length)
		CHECK_EQ(errno, ESRCH);
}

void fault_arm_workers(unsigned int nth)
{
	const struct dirent *entry;
	char path[600];
	DIR *proc = opendir("/proc");
	unsigned int i;
	int fd;

	CHECK(proc);
	count = 0;
	while ((entry = readdir(proc)) && count < MAX_WORKERS) {
		if (!is_worker(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task/%s/fail-nth",
			 entry->d_name, entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			workers[count++] = fd;
	}
	closedir(proc);
	CHECK_GT(count, 0);
	for (i = 0; i < count; i++)
		write_nth(workers[i], nth);
}

bool fault_disarm_workers(void)
{
	int error = errno;
	bool fired = false;
	char text[16];
	unsigned int i;
	ssize_t size;

	for (i = 0; i < count; i++) {
		size = pread(workers[i], text, sizeof(text) - 1, 0);
		if (size > 0) {
			text[size] = 0;
			fired |= !strtol(text, NULL, 10);
		}
		write_nth(workers[i], 0);
		close(workers[i]);
	}
	count = 0;
	errno = error;
	return fired;
}
