// SPDX-License-Identifier: GPL-2.0-or-later
/* A child, two pipes, and an exit status. */
#include "run.h"

#include "test.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 32
#define NOBODY 65534

/* Read both pipes to their ends, and keep a NUL after each */
static void read_pipes(struct run *run, int out, int err)
{
	struct pollfd fds[] = {
		{ .fd = out, .events = POLLIN },
		{ .fd = err, .events = POLLIN },
	};
	char *const buffers[] = { run->out, run->err };
	size_t *const sizes[] = { &run->out_size, &run->err_size };

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		CHECK_OK(poll(fds, 2, -1));
		for (int i = 0; i < 2; i++) {
			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			CHECK_LT(*sizes[i], RUN_ROOM - 1);
			long got = CHECK_OK(read(fds[i].fd,
						 buffers[i] + *sizes[i],
						 RUN_ROOM - 1 - *sizes[i]));
			*sizes[i] += (size_t)got;
			if (!got)
				fds[i].fd = -1;
		}
	}
	run->out[run->out_size] = '\0';
	run->err[run->err_size] = '\0';
}

/* exec does not write what it is given, though its type says it may */
static void exec_planefd(const char *const *words)
{
	const char *argv[WORDS_MAX] = { "planefd" };
	union {
		const char **words;
		char *const *argv;
	} exec = { .words = argv };

	for (int i = 0; words[i]; i++) {
		CHECK_LT(i, WORDS_MAX - 2);
		argv[i + 1] = words[i];
	}
	execv(PLANEFD_PATH, exec.argv);
}

static pid_t start(const char *const *words, bool as_nobody, int *out_end,
		   int *err_end)
{
	int out[2];
	int err[2];

	CHECK_OK(pipe2(out, O_CLOEXEC));
	CHECK_OK(pipe2(err, O_CLOEXEC));
	pid_t pid = (pid_t)CHECK_OK(fork());
	if (!pid) {
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		if (as_nobody && (setgroups(0, NULL) || setgid(NOBODY) ||
				  setuid(NOBODY)))
			_exit(126);
		exec_planefd(words);
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
	*out_end = out[0];
	*err_end = err[0];
	return pid;
}

static void run_to_end(struct run *run, const char *const *words,
		       bool as_nobody)
{
	int out;
	int err;
	int status;

	pid_t pid = start(words, as_nobody, &out, &err);
	run->out_size = 0;
	run->err_size = 0;
	read_pipes(run, out, err);
	close(out);
	close(err);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	run->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

pid_t run_start(const char *const *words, int *out, int *err)
{
	return start(words, false, out, err);
}

void run_planefd(struct run *run, const char *const *words)
{
	run_to_end(run, words, false);
}

void run_planefd_as_nobody(struct run *run, const char *const *words)
{
	run_to_end(run, words, true);
	if (run->status == 126 || run->status == 127)
		test_skip("nobody cannot reach %s", PLANEFD_PATH);
}

void check_fails(const char *file, int number, const struct run *run,
		 int expected, const char *line)
{
	char whole[1024];

	snprintf(whole, sizeof(whole), "planefd: %s\n", line);
	if (run->status != expected)
		test_fail(file, number, "exit status %d, not %d; it said: %s",
			  run->status, expected, run->err);
	if (run->out_size)
		test_fail(file, number, "it printed %s", run->out);
	test_check_str(file, number, "stderr", run->err, whole);
}
