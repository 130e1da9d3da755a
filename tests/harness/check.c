// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a test's body calls: the checks, processes, clocks, random numbers.
 */
#include "clock.h"
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ASLEEP_SECONDS 10

void test_check_str(const char *file, int line, const char *what,
		    const char *got, const char *expected)
{
	if (strcmp(got, expected) != 0)
		test_fail(file, line, "%s is \"%s\" instead of \"%s\"", what,
			  got, expected);
}

void test_check_bytes(const char *file, int line, const char *what,
		      const void *got, const void *expected, size_t length)
{
	const unsigned char *g = got, *e = expected;
	size_t i;

	if (!memcmp(got, expected, length))
		return;
	for (i = 0; i < length; i++)
		if (g[i] != e[i])
			break;
	if (i == length)
		test_fail(file, line, "%s changed while it was compared", what);
	test_fail(file, line,
		  "%s differs at byte 0x%zx of 0x%zx: 0x%02x instead of 0x%02x",
		  what, i, length, g[i], e[i]);
}

void test_check_all(const char *file, int line, const char *what,
		    const void *got, unsigned char value, size_t length)
{
	const unsigned char *g = got;
	size_t i;

	for (i = 0; i < length; i++) {
		if (g[i] == value)
			continue;
		test_fail(file, line,
			  "%s, byte 0x%zx of 0x%zx: 0x%02x instead of 0x%02x",
			  what, i, length, g[i], value);
	}
}

long test_check_ok(const char *file, int line, const char *what, long value)
{
	if (value == -1)
		test_fail(file, line, "%s failed: %s", what, strerror(errno));
	return value;
}

void test_check_errno(const char *file, int line, const char *what, long value,
		      int expected)
{
	int error = errno;

	if (value != -1)
		test_fail(file, line, "%s returned %ld instead of \"%s\"", what,
			  value, strerror(expected));
	if (error != expected)
		test_fail(file, line, "%s failed with \"%s\", not with \"%s\"",
			  what, strerror(error), strerror(expected));
}

pid_t test_fork(void (*body)(void *arg), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		test_fail(__FILE__, __LINE__, "fork failed");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body(arg);
		fflush(stdout);
		_exit(0);
	}
	return pid;
}

static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			test_fail(__FILE__, __LINE__, "no child %d", (int)pid);
	return status;
}

void test_join(pid_t pid)
{
	int status = reap(pid);

	if (status)
		test_fail(__FILE__, __LINE__,
			  "a process of the test ended with status 0x%x",
			  status);
}

void test_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	reap(pid);
}

/* As /proc tells: S is a sleep that a signal ends; one in a page fault is D */
static bool is_asleep(void *arg)
{
	char path[32], line[256] = "";
	const char *state;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)*(const pid_t *)arg);
	fd = (int)CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
	CHECK_OK(read(fd, line, sizeof(line) - 1));
	close(fd);
	/* Behind its name, which may have any characters */
	state = strrchr(line, ')');
	return state && state[1] && state[2] == 'S';
}

void test_wait_asleep(pid_t pid)
{
	CHECK(test_wait(is_asleep, &pid, ASLEEP_SECONDS));
}

/* 1 where there is no such number */
static unsigned int number_of(const char *variable)
{
	const char *text = getenv(variable);
	unsigned long number = text ? strtoul(text, NULL, 10) : 1;

	return number && number <= UINT_MAX ? (unsigned int)number : 1;
}

unsigned int test_slow(void)
{
	return number_of("PLANEFD_SLOW");
}

unsigned int test_rounds(unsigned int count)
{
	return count > test_slow() ? count / test_slow() : 1;
}

unsigned int test_each(void)
{
	return number_of("PLANEFD_EACH");
}

bool test_wait(bool (*condition)(void *arg), void *arg, unsigned int seconds)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	const struct limit limit = limit_start();

	while (!condition(arg)) {
		if (limit_is_over(&limit, seconds * test_slow()))
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

unsigned int test_fds(void)
{
	unsigned int count = 0;
	struct dirent *entry;
	DIR *dir = opendir("/proc/self/fd");

	if (!dir)
		test_fail(__FILE__, __LINE__, "no /proc/self/fd");
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count - 1; /* without the directory's own */
}

void *test_guarded(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (size + page - 1) / page * page;
	char *start = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		test_fail(__FILE__, __LINE__, "no memory");
	if (mprotect(start + room, page, PROT_NONE))
		test_fail(__FILE__, __LINE__, "no guard page");
	return start + room - size;
}

uint64_t test_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t test_random(uint64_t *seed)
{
	/* xorshift64* */
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(0x2545f4914f6cdd1d);
}
