// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the clock that time limits count, see clock.h.
 */
#include "clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define HUNDREDTH (SECOND / 100)

/* The file is not read more often, since the fuzzer starts many limits */
#define READ_EVERY (SECOND / 2)

/*
 * By how much the clock may have been behind when a limit started: a second in
 * tests/clock, another in clock_share() or clock_read().
 */
#define BEHIND (2 * SECOND)

/* The longest sleep: clock_share() is to be called once a second */
#define SLEEP_MS 1000

/* What clock_share() has read, in hundredths of a second */
static uint64_t *shared;

static uint64_t wall_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static bool has_clock(void)
{
	return getenv("PLANEFD_CLOCK");
}

uint64_t clock_read(void)
{
	/* What it was before, also if it cannot be read now */
	static uint64_t last, last_at;
	const char *path = getenv("PLANEFD_CLOCK");
	char line[32];
	uint64_t now;
	ssize_t length;
	int fd;

	if (!path)
		return 0;
	if (last_at && wall_now() - last_at < READ_EVERY)
		return last;
	last_at = wall_now();
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return last;
	length = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (length <= 0)
		return last;
	line[length] = 0;
	now = strtoull(line, NULL, 10);
	if (now > last)
		last = now;
	return last;
}

void clock_share(void)
{
	if (!shared) {
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (shared == MAP_FAILED)
			abort();
	}
	__atomic_store_n(shared, clock_read(), __ATOMIC_RELAXED);
}

static uint64_t clock_now(void)
{
	uint64_t now = shared ? __atomic_load_n(shared, __ATOMIC_RELAXED)
			      : clock_read();

	return now * HUNDREDTH;
}

struct limit limit_start(void)
{
	return (struct limit){.wall = wall_now(), .clock = clock_now()};
}

bool limit_is_over(const struct limit *limit, unsigned int seconds)
{
	const uint64_t length = seconds * SECOND;

	if (wall_now() - limit->wall < length)
		return false;
	return !has_clock() || clock_now() - limit->clock >= length + BEHIND;
}

int limit_sleep(const struct limit *limit, unsigned int seconds)
{
	const uint64_t length = seconds * SECOND;
	const uint64_t gone = wall_now() - limit->wall;
	const uint64_t left = gone < length ? length - gone : SECOND;

	/* Rounded up */
	return left < SECOND ? (int)(left / 1000000) + 1 : SLEEP_MS;
}
