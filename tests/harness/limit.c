// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Run a command under a time limit, for tests/run-list.
 *
 * usage: limit SECONDS COMMAND [ARGUMENT]...
 *
 * Like timeout(1), but it counts the clock of clock.h: when the time is over it
 * ends the command's process group with SIGTERM, and what is left of it after
 * another KILL_SECONDS with SIGKILL. Exits with the command's status, with 124
 * if its time was over, or is killed by that SIGKILL, too.
 *
 * While it waits it writes the time into the file that PLANEFD_BEAT names, if
 * there is that variable. That tells tests/vm/list.sh that the VM lives.
 */
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILL_SECONDS 5
#define STATUS_LATE 124
#define STATUS_ERROR 125
#define STATUS_NO_COMMAND 127

static sigset_t child_ends;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(STATUS_ERROR);
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	sigprocmask(SIG_UNBLOCK, &child_ends, NULL);
	/* A shell has what runs in the background ignore these */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	execvp(command[0], command);
	perror(command[0]);
	_exit(STATUS_NO_COMMAND);
}

static void beat(void)
{
	const char *path = getenv("PLANEFD_BEAT");
	int fd;

	if (!path)
		return;
	/* Its number only grows, so nothing needs to be cut off */
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	dprintf(fd, "%llu\n", (unsigned long long)clock_read());
	close(fd);
}

/* Whether it ended within that time; *status is then how */
static bool ends_within(pid_t pid, unsigned int seconds, int *status)
{
	const struct limit limit = limit_start();
	struct timespec sleep;
	int ms;

	while (waitpid(pid, status, WNOHANG) != pid) {
		if (limit_is_over(&limit, seconds))
			return false;
		beat();
		ms = limit_sleep(&limit, seconds);
		sleep.tv_sec = ms / 1000;
		sleep.tv_nsec = ms % 1000 * 1000000L;
		sigtimedwait(&child_ends, NULL, &sleep);
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned int seconds;
	int status = 0;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: limit SECONDS COMMAND [ARGUMENT]...\n");
		return STATUS_ERROR;
	}
	seconds = (unsigned int)strtoul(argv[1], NULL, 10);
	/* The leader of a session is the leader of its group already */
	if (setpgid(0, 0) && errno != EPERM)
		die("setpgid");
	sigemptyset(&child_ends);
	sigaddset(&child_ends, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_ends, NULL);
	pid = start(argv + 2);
	if (ends_within(pid, seconds, &status))
		return WIFEXITED(status) ? WEXITSTATUS(status)
					 : 128 + WTERMSIG(status);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	if (!ends_within(pid, KILL_SECONDS, &status))
		kill(0, SIGKILL);
	return STATUS_LATE;
}
