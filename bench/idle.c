// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ten seconds of a screen that stands still, with a viewer that wants to know
 * when it no longer does.
 *
 * A viewer of the manager fd sleeps in poll, as one of an eventfd does. One of
 * a sample driver has to ask; it does so every 30 ms, as QEMU does for a
 * display that it shows. The machine's figure is all that is executed in that
 * time but for the idle loop; its floor is the machine with no viewer at all.
 */
#include "rows.h"

#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 3
#define SECONDS 10
/* GUI_REFRESH_INTERVAL_DEFAULT of QEMU's console.h, in milliseconds */
#define REFRESH_MS 30

struct viewer {
	struct screen *screen; /* or NULL, and then eventfd */
	int eventfd;
	int ready; /* written to when it is about to wait */
};

/* What a process has cost so far */
struct cost {
	uint64_t instructions;
	uint64_t runs;
};

static const char polls[] = "it has to ask: every 30 ms, as QEMU does";

static void sleep_ns(uint64_t ns)
{
	const struct timespec time = {
		.tv_sec = (time_t)(ns / 1000000000),
		.tv_nsec = (long)(ns % 1000000000),
	};

	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL), 0);
}

static void say_ready(const struct viewer *viewer)
{
	CHECK_EQ(write(viewer->ready, "", 1), 1);
}

static void ask_for_ever(struct screen *screen)
{
	screen_prepare(screen, 0);
	for (;;) {
		screen_gfx_query(screen);
		screen_was_asked(screen);
		sleep_ns(REFRESH_MS * UINT64_C(1000000));
	}
}

static void view(void *arg)
{
	const struct viewer *viewer = arg;
	struct pollfd wait = {.fd = viewer->eventfd, .events = POLLIN};

	if (viewer->screen && viewer->screen->whose != PLANEFD) {
		/* At mbochs the first query of a mode fails */
		screen_prepare(viewer->screen, 0);
		screen_gfx_query(viewer->screen);
		say_ready(viewer);
		ask_for_ever(viewer->screen);
	}
	if (viewer->screen) {
		screen_prepare(viewer->screen, QUERY_MINSZ);
		screen_query(viewer->screen);
		screen_was_asked(viewer->screen);
		wait.fd = viewer->screen->manager;
	}
	say_ready(viewer);
	CHECK_EQ(poll(&wait, 1, -1), 1);
	test_fail(__FILE__, __LINE__, "a still screen woke its viewer");
}

static void read_text(const char *path, char *text, size_t size)
{
	int fd = (int)CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
	size_t length = 0;
	ssize_t got;

	while ((got = CHECK_OK(read(fd, text + length, size - 1 - length))))
		length += (size_t)got;
	CHECK_LT(length, size - 1);
	text[length] = 0;
	close(fd);
}

/* Fields of /proc/PID/schedstat: nanoseconds run, waited, and times run */
static struct cost process_cost(pid_t pid)
{
	char path[64], text[128], *end;
	struct cost cost;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	read_text(path, text, sizeof(text));
	cost.instructions = strtoull(text, &end, 10);
	strtoull(end, &end, 10);
	cost.runs = strtoull(end, &end, 10);
	return cost;
}

/* How long the CPU has been idle, in nanoseconds */
static uint64_t idle_ns(void)
{
	static const char key[] = ".idle_sleeptime : ";
	static char text[64 * 1024];
	const char *line;

	read_text("/proc/timer_list", text, sizeof(text));
	line = strstr(text, key);
	CHECK(line);
	return strtoull(line + sizeof(key) - 1, NULL, 10);
}

static uint64_t machine_ns(void)
{
	uint64_t idle = idle_ns(), begin = measure_now();

	sleep_ns(SECONDS * UINT64_C(1000000000));
	return measure_now() - begin - (idle_ns() - idle);
}

/* Set all three rows; with pid 0 the machine's alone */
static void measure_idle(enum column column, pid_t pid, const char *what)
{
	struct row *rows[] = {
		result_row(ROW_IDLE_VIEWER, ""),
		result_row(ROW_IDLE_SWITCHES, ""),
		result_row(ROW_IDLE_MACHINE, ""),
	};
	uint64_t samples[3][ROUNDS];
	struct cost before = {0}, after = {0};
	struct figures figures;
	unsigned int i;

	rows[1]->unit = "times";
	for (i = 0; i < ROUNDS; i++) {
		if (pid)
			before = process_cost(pid);
		samples[2][i] = machine_ns();
		if (pid)
			after = process_cost(pid);
		samples[0][i] = after.instructions - before.instructions;
		samples[1][i] = after.runs - before.runs;
	}
	for (i = pid ? 0 : 2; i < 3; i++) {
		figures = measure_figures(samples[i], ROUNDS);
		result_set(rows[i], column, &figures, 1, what);
	}
}

static void measure_viewer(struct viewer *viewer, enum column column,
			   const char *what)
{
	int ready[2];
	pid_t pid;
	char byte;

	CHECK_OK(pipe(ready));
	viewer->ready = ready[1];
	pid = test_fork(view, viewer);
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	/* It goes on to wait while this process sleeps */
	sleep_ns(1000000000);
	measure_idle(column, pid, what);
	test_kill(pid);
}

static void measure_screen(enum column whose, const char *what)
{
	struct screen screen;
	struct viewer viewer = {.screen = &screen};

	screen_create(&screen, whose, SIZE_HD);
	screen_show(&screen);
	measure_viewer(&viewer, whose, what);
	screen_remove(&screen);
}

void rows_idle(void)
{
	struct viewer viewer = {.screen = NULL};

	measure_screen(PLANEFD, NULL);
	viewer.eventfd = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	measure_viewer(&viewer, FLOOR, "a viewer of an eventfd");
	close(viewer.eventfd);
	measure_idle(FLOOR, 0, "no viewer");
}

void rows_idle_peer(enum column whose)
{
	measure_screen(whose, polls);
}
