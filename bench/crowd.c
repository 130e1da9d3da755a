// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a flip costs whoever flips, while many viewers sleep in poll and are all
 * woken by it. The floor is a write to an eventfd that as many sleep on.
 *
 * The flipper has the highest priority, so that what it does is measured by
 * itself; then it sleeps until all viewers have looked, and takes the lowest,
 * and so runs again when they sleep.
 */
#include "rows.h"

#include "test.h"
#include "wake.h"

#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define MANY_MAX 64
#define ROUNDS 32

/* Flipper and viewers; shared by their processes */
struct crowd {
	struct screen screen;
	int eventfd; /* that they all wait for, or -1 */
	int gate[2]; /* a pipe: where they wait until the eventfd is 0 again */
	unsigned int number;
	int woken; /* an eventfd that counts those that have looked */
};

static const struct count {
	unsigned int number;
	const char *name;
} counts[] = {{1, "1 viewer"}, {8, "8 viewers"}, {64, "64 viewers"}};

static void view(void *arg)
{
	struct crowd *crowd = arg;
	struct screen screen = crowd->screen;
	struct pollfd wait = {.fd = crowd->eventfd, .events = POLLIN};
	char byte;

	wake_prioritize(SCHED_FIFO, 1);
	if (crowd->eventfd < 0) {
		screen.manager = manager_open(&screen.device);
		screen_prepare(&screen, QUERY_MINSZ);
		screen_query(&screen);
		wait.fd = screen.manager;
	}
	for (;;) {
		CHECK_EQ(poll(&wait, 1, -1), 1);
		if (crowd->eventfd < 0) {
			screen_query(&screen);
			screen_was_asked(&screen);
		}
		wake_tell(crowd->woken);
		if (crowd->eventfd >= 0)
			CHECK_EQ(read(crowd->gate[0], &byte, 1), 1);
	}
}

static void flip_before(void *arg)
{
	struct crowd *crowd = arg;

	wake_prioritize(SCHED_FIFO, 2);
	crowd->screen.line = crowd->screen.line ? 0 : PAN_LINES;
}

static void flip_timed(void *arg)
{
	struct crowd *crowd = arg;

	screen_flip(&crowd->screen);
}

/* All have looked, and sleep again */
static void wait_for_all(const struct crowd *crowd)
{
	unsigned int seen;
	uint64_t some;

	for (seen = 0; seen < crowd->number; seen += (unsigned int)some)
		CHECK_EQ(read(crowd->woken, &some, sizeof(some)), sizeof(some));
	wake_prioritize(SCHED_OTHER, 0);
	CHECK_EQ(seen, crowd->number);
}

static void flip_after(void *arg)
{
	struct crowd *crowd = arg;

	screen_has_flipped(&crowd->screen);
	wait_for_all(crowd);
}

static void event_timed(void *arg)
{
	struct crowd *crowd = arg;
	uint64_t one = 1;

	crowd->screen.status = (int)write(crowd->eventfd, &one, sizeof(one));
}

static void event_after(void *arg)
{
	static const char bytes[MANY_MAX];
	struct crowd *crowd = arg;
	uint64_t events;

	CHECK_EQ(crowd->screen.status, sizeof(events));
	wait_for_all(crowd);
	CHECK_EQ(read(crowd->eventfd, &events, sizeof(events)), sizeof(events));
	wake_prioritize(SCHED_FIFO, 2);
	CHECK_EQ(write(crowd->gate[1], bytes, crowd->number), crowd->number);
	wake_prioritize(SCHED_OTHER, 0);
}

static void measure_count(struct crowd *crowd, const struct count *count,
			  const char *what)
{
	static const struct work flip = {flip_before, flip_timed, flip_after};
	static const struct work event = {flip_before, event_timed,
					  event_after};
	bool floor = crowd->eventfd >= 0;
	pid_t viewers[MANY_MAX] = {0};
	unsigned int i;

	crowd->number = count->number;
	for (i = 0; i < count->number; i++)
		viewers[i] = test_fork(view, crowd);
	/* Once this one runs again they all sleep: they have the priority */
	for (i = 0; i < count->number; i++)
		while (sched_getscheduler(viewers[i]) != SCHED_FIFO)
			sched_yield();
	result_measure(result_row(ROW_MANY_WAKE, count->name),
		       floor ? FLOOR : PLANEFD, floor ? &event : &flip, ROUNDS,
		       crowd, what);
	for (i = 0; i < count->number; i++)
		test_kill(viewers[i]);
}

void rows_crowd(void)
{
	struct crowd *crowd =
		mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	unsigned int i;

	CHECK(crowd != MAP_FAILED);
	crowd->eventfd = -1;
	crowd->woken = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	screen_create(&crowd->screen, PLANEFD, SIZE_HD);
	screen_show(&crowd->screen);
	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		measure_count(crowd, &counts[i], NULL);

	crowd->eventfd = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	CHECK_OK(pipe(crowd->gate));
	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		measure_count(crowd, &counts[i], "write() to an eventfd");
	close(crowd->gate[0]);
	close(crowd->gate[1]);
	close(crowd->eventfd);
	close(crowd->woken);
	screen_remove(&crowd->screen);
	munmap(crowd, sizeof(*crowd));
}

void rows_crowd_peer(enum column whose)
{
	unsigned int i;

	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		result_cannot(result_row(ROW_MANY_WAKE, counts[i].name), whose,
			      "there is nothing to wait for");
}
