// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults to order, see fault.h.
 */
#include "fault.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBUGFS "/sys/kernel/debug"
#define KMEMLEAK DEBUGFS "/kmemleak"
/* kmemleak does not speak of what is younger than five seconds */
#define KMEMLEAK_SECONDS 6
/* More sites than any system call has */
#define SITES_MAX 5000
/* By how many sites one call may have more than the one before */
#define SITES_VARY 4
/* The first so many sites of a call are tried whatever the sample */
#define SHORT 8
/*
 * A walk of a worker's sites is over when so many calls had too few: one of
 * them may have been for a worker that was new and had no fault
 */
#define WORKER_MISSES 3

static int fail_nth = -1;

/* What a fault may be answered with, where nothing else is said */
static const int usual_errnos[] = {ENOMEM, EFAULT, 0};

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		test_skip("this kernel injects no faults: no %s", path);
	CHECK_EQ(write(fd, value, strlen(value)), (ssize_t)strlen(value));
	close(fd);
}

/*
 * Fail all kinds of allocations, also those that may wait, and say nothing of
 * it in the kernel's log.
 */
static void begin(void)
{
	set(DEBUGFS "/failslab/ignore-gfp-wait", "N");
	set(DEBUGFS "/failslab/verbose", "0");
	set(DEBUGFS "/fail_page_alloc/ignore-gfp-wait", "N");
	set(DEBUGFS "/fail_page_alloc/ignore-gfp-highmem", "N");
	set(DEBUGFS "/fail_page_alloc/min-order", "0");
	set(DEBUGFS "/fail_page_alloc/verbose", "0");
	set(DEBUGFS "/fail_usercopy/verbose", "0");
	if (fail_nth < 0)
		fail_nth = (int)CHECK_OK(
			open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC));
}

void fault_arm(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	CHECK_EQ(pwrite(fail_nth, text, (size_t)length, 0), length);
}

/* How many sites there are until one fails; -1 where this read is that one */
static long sites_left(void)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) <= 0)
		return -1;
	return strtol(text, NULL, 10);
}

bool fault_disarm(void)
{
	int error = errno;
	bool fired = !sites_left();

	/* And so may this one be, which then has the same effect */
	if (!fired && pwrite(fail_nth, "0", 1, 0) != 1)
		CHECK_EQ(errno, EFAULT);
	errno = error;
	return fired;
}

static void check_errno(const struct operation *operation, int error)
{
	const int *errnos =
		operation->errnos ? operation->errnos : usual_errnos;

	while (*errnos)
		if (*errnos++ == error)
			return;
	test_fail(__FILE__, __LINE__, "the answer is %s", strerror(error));
}

/* Whether it failed */
static bool check_failure(const struct operation *operation, long result,
			  int error, bool fired, unsigned int fds)
{
	if (result >= 0)
		return false;
	if (!fired)
		test_fail(__FILE__, __LINE__, "fails without a fault: %s",
			  strerror(error));
	check_errno(operation, error);
	CHECK_EQ(test_fds(), fds);
	if (operation->check)
		operation->check();
	return true;
}

struct walk {
	const struct operation *operation;
	unsigned int sites;
	unsigned int failed;
};

static void arm(const struct operation *operation, unsigned int nth)
{
	if (operation->worker)
		fault_arm_workers(nth);
	else
		fault_arm(nth);
}

static bool disarm(const struct operation *operation)
{
	return operation->worker ? fault_disarm_workers() : fault_disarm();
}

/* A call in which the nth site fails; false if it did not have so many */
static bool walk_site(struct walk *walk, unsigned int nth, bool *reached)
{
	const struct operation *operation = walk->operation;
	unsigned int fds;
	long result;
	bool fired;
	int error;

	if (operation->prepare)
		operation->prepare();
	fds = test_fds();
	arm(operation, nth);
	errno = 0;
	result = operation->run();
	error = errno;
	fired = disarm(operation);
	*reached = !operation->reached || operation->reached();
	walk->sites += fired && *reached;
	if (check_failure(operation, result, error, fired, fds)) {
		walk->failed += *reached;
		if (operation->dear)
			return fired;
		result = CHECK_OK(operation->run());
	}
	if (operation->undo)
		operation->undo(result);
	return fired;
}

/* Most calls have no more sites than SHORT: those are walked always */
static unsigned int next_site(unsigned int nth)
{
	return nth + (nth < SHORT ? 1 : test_each());
}

static void walk_forward(struct walk *walk)
{
	unsigned int nth = walk->operation->first ? walk->operation->first : 1;
	unsigned int misses = walk->operation->worker ? WORKER_MISSES : 1, left;
	bool reached;

	walk->sites = nth - 1;
	for (left = misses; left; left--) {
		while (walk_site(walk, nth, &reached)) {
			nth = next_site(nth);
			CHECK_LT(nth, SITES_MAX);
			left = misses;
		}
	}
}

static unsigned int count_sites(const struct operation *operation)
{
	long result, left;

	if (operation->prepare)
		operation->prepare();
	fault_arm(SITES_MAX);
	result = CHECK_OK(operation->run());
	left = sites_left();
	fault_disarm();
	CHECK_GT(left, 0);
	if (operation->undo)
		operation->undo(result);
	return SITES_MAX - (unsigned int)left;
}

static void walk_back(struct walk *walk)
{
	unsigned int nth = count_sites(walk->operation) + SITES_VARY;
	unsigned int single = SHORT + SITES_VARY, step;
	bool reached;

	while (walk_site(walk, nth, &reached))
		CHECK_LT(++nth, SITES_MAX);
	do {
		step = single ? 1 : test_each();
		single -= single != 0;
		/* No call has come so far at its first site */
		CHECK_GT(nth, 1);
		nth -= step < nth ? step : nth - 1;
		walk_site(walk, nth, &reached);
	} while (reached);
}

void fault_walk(const struct operation *operation)
{
	struct walk walk = {.operation = operation};

	begin();
	if (operation->set_up)
		operation->set_up();
	if (operation->reached)
		walk_back(&walk);
	else
		walk_forward(&walk);
	if (operation->tear_down)
		operation->tear_down();
	test_note("%u sites, of which %u fail the call", walk.sites,
		  walk.failed);
	CHECK_GE(walk.sites * test_each(), operation->sites);
}

void fault_check_leaks(void)
{
	char line[512];
	bool leaks = false;
	FILE *found;

	set(KMEMLEAK, "scan");
	sleep(KMEMLEAK_SECONDS);
	set(KMEMLEAK, "scan");
	found = popen("awk -f tests/vm/known_leaks.awk " KMEMLEAK, "r");
	CHECK(found);
	while (fgets(line, sizeof(line), found)) {
		leaks = true;
		line[strcspn(line, "\n")] = 0;
		test_note("%s", line);
	}
	CHECK_EQ(pclose(found), 0);
	CHECK(!leaks);
}
