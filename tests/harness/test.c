// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The harness's runner: a child for each test, and what becomes of it as TAP.
 */
#include "test.h"
#include "clock.h"
#include "stuck.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLEANUPS_MAX 4
#define STATUS_FAILED 1
#define STATUS_SKIPPED 77

static struct test *tests;
static struct test **tests_end = &tests;
static void (*cleanups[CLEANUPS_MAX])(void);
static unsigned int cleanups_count;
static unsigned int limit; /* of the test that runs, seconds */

/* Why a test skipped itself; shared with the test's process */
static char *skip_reason;
#define SKIP_REASON_MAX 4096

void test_register(struct test *test)
{
	*tests_end = test;
	tests_end = &test->next;
}

void test_after_each(void (*cleanup)(void))
{
	if (cleanups_count == CLEANUPS_MAX)
		abort();
	cleanups[cleanups_count++] = cleanup;
}

void test_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(skip_reason, SKIP_REASON_MAX, format, args);
	va_end(args);
	_exit(STATUS_SKIPPED);
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("# %s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(STATUS_FAILED);
}

void test_note(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

uint64_t test_seed(void)
{
	const char *given = getenv("PLANEFD_SEED");
	uint64_t seed;

	CHECK_EQ(getrandom(&seed, sizeof(seed), 0), sizeof(seed));
	if (given)
		seed = strtoull(given, NULL, 0);
	if (!seed)
		seed = 1;
	test_note("PLANEFD_SEED=0x%llx", (unsigned long long)seed);
	return seed;
}

/* Kill what the test left and wait for it, so that its fds are closed */
static void end_group(pid_t group)
{
	kill(-group, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static unsigned int limit_of(const struct test *test)
{
	return test->seconds * test_slow();
}

unsigned int test_limit(void)
{
	return limit;
}

/* Kill what runs at the end of its time, and tell what it was at */
static bool wait_until_late(pid_t pid)
{
	const struct limit start = limit_start();
	struct pollfd ended = {.events = POLLIN};
	bool late = false;

	ended.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (ended.fd < 0) {
		perror("# pidfd_open");
		abort();
	}
	while (!late && !poll(&ended, 1, limit_sleep(&start, limit))) {
		clock_share();
		late = limit_is_over(&start, limit);
	}
	close(ended.fd);
	if (late) {
		stuck_tell(pid);
		kill(-pid, SIGKILL);
	}
	return late;
}

/* Returns how it ended; *late if its time was over before */
static int run_in_child(const struct test *test, bool *late)
{
	int status;
	pid_t pid;

	fflush(stdout);
	clock_share();
	pid = fork();
	if (pid < 0) {
		perror("# fork");
		return -1;
	}
	if (!pid) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		test->run();
		fflush(stdout);
		_exit(0);
	}
	setpgid(pid, pid);
	*late = wait_until_late(pid);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	end_group(pid);
	return status;
}

/* Returns whether the test did not fail */
static bool run(const struct test *test, unsigned int number)
{
	unsigned int i;
	bool late = false;
	int status;

	limit = limit_of(test);
	status = run_in_child(test, &late);
	for (i = 0; i < cleanups_count; i++)
		cleanups[i]();

	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIPPED) {
		printf("ok %u - %s # SKIP %s\n", number, test->sentence,
		       skip_reason);
		return true;
	}
	if (late)
		printf("# took longer than %u s\n", limit);
	else if (WIFSIGNALED(status))
		printf("# ended by signal %d, %s\n", WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	printf("%sok %u - %s\n", status ? "not " : "", number, test->sentence);
	return !status;
}

static bool selected(const struct test *test, const char *filter)
{
	return !filter || strstr(test->sentence, filter);
}

int main(int argc, char **argv)
{
	const char *filter = argc > 1 ? argv[1] : NULL;
	unsigned int count = 0, number = 0, failed = 0;
	const struct test *test;

	if (argc > 2) {
		fprintf(stderr, "usage: %s [part of a sentence]\n", argv[0]);
		return 2;
	}
	skip_reason = mmap(NULL, SKIP_REASON_MAX, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (skip_reason == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (test = tests; test; test = test->next)
		count += selected(test, filter);
	printf("1..%u\n", count);
	for (test = tests; test; test = test->next) {
		if (!selected(test, filter))
			continue;
		failed += !run(test, ++number);
		fflush(stdout);
	}
	if (!count) {
		fprintf(stderr, "%s: no test's sentence contains \"%s\"\n",
			argv[0], filter ? filter : "");
		return 2;
	}
	return failed != 0;
}
