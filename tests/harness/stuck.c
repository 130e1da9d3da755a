// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking for threads in /proc, see stuck.h.
 */
#include "stuck.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How much of a stack is told: enough to see what a system call waits for */
#define FRAMES_MAX 12

static void tell_stack(const char *task)
{
	char path[160], line[256];
	unsigned int frames;
	FILE *stack;

	snprintf(path, sizeof(path), "%s/stack", task);
	stack = fopen(path, "re");
	if (!stack)
		return;
	for (frames = 0;
	     frames < FRAMES_MAX && fgets(line, sizeof(line), stack); frames++)
		printf("#     %s", line);
	fclose(stack);
}

static void tell_task(const char *task)
{
	char path[160], stat[512];
	FILE *file;
	char *end;

	snprintf(path, sizeof(path), "%s/stat", task);
	file = fopen(path, "re");
	/* It may have ended since it was found */
	if (!file)
		return;
	if (fgets(stat, sizeof(stat), file) && (end = strrchr(stat, ')'))) {
		/* The state, one letter, and no more */
		if (strlen(end) > 3)
			end[3] = 0;
		printf("# still there: %s\n", stat);
		tell_stack(task);
	}
	fclose(file);
}

static void tell_process(pid_t pid)
{
	const struct dirent *entry;
	char path[64], task[128];
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (!tasks)
		return;
	while ((entry = readdir(tasks))) {
		if (*entry->d_name == '.')
			continue;
		snprintf(task, sizeof(task), "%s/%.16s", path, entry->d_name);
		tell_task(task);
	}
	closedir(tasks);
}

void stuck_tell(pid_t group)
{
	const struct dirent *entry;
	DIR *processes = opendir("/proc");
	pid_t pid;

	if (!processes)
		return;
	while ((entry = readdir(processes))) {
		pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid > 0 && getpgid(pid) == group)
			tell_process(pid);
	}
	closedir(processes);
}
