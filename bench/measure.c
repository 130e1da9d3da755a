// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counting instructions, see measure.h.
 */
#include "measure.h"

#include "test.h"

#include <stdlib.h>

#define WARM_UP 2
#define ROUNDS_MAX 4096

static uint64_t overhead;

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct figures measure_figures(uint64_t *samples, unsigned int count)
{
	const unsigned int tenth = count / 10;
	const unsigned int middle = count / 2;
	double sum = 0;
	unsigned int i;

	CHECK(count);
	qsort(samples, count, sizeof(*samples), compare);
	for (i = 0; i < count; i++)
		sum += (double)samples[i];
	return (struct figures){
		.median = (double)samples[middle],
		.low = (double)samples[tenth],
		.high = (double)samples[count - 1 - tenth],
		.mean = sum / count,
		.rounds = count,
	};
}

static uint64_t measure_once(const struct work *work, void *arg)
{
	uint64_t start, end;

	if (work->before)
		work->before(arg);
	start = measure_now();
	work->timed(arg);
	end = measure_now();
	if (work->after)
		work->after(arg);
	return end - start;
}

struct figures measure(const struct work *work, unsigned int rounds, void *arg)
{
	static uint64_t samples[ROUNDS_MAX];
	uint64_t sample;
	unsigned int i;

	CHECK_LE(rounds, ROUNDS_MAX);
	for (i = 0; i < WARM_UP; i++)
		measure_once(work, arg);
	for (i = 0; i < rounds; i++) {
		sample = measure_once(work, arg);
		samples[i] = sample > overhead ? sample - overhead : 0;
	}
	return measure_figures(samples, rounds);
}

uint64_t measure_overhead(void)
{
	return overhead;
}

static void nothing(void *arg)
{
	(void)arg;
}

#define LOOPS 1000

/* Two instructions a loop, and one or two to begin with */
static void known_work(void *arg)
{
	uint32_t left = LOOPS;

	(void)arg;
	__asm__ volatile("1: decl %0\n\tjnz 1b" : "+r"(left) : : "cc");
}

void measure_init(void)
{
	static const struct work empty = {.timed = nothing};
	static const struct work known = {.timed = known_work};
	struct figures figures;

	figures = measure(&empty, 1000, NULL);
	overhead = (uint64_t)figures.median;
	figures = measure(&known, 1000, NULL);
	if (figures.median < 2 * LOOPS || figures.median > 2 * LOOPS + 4)
		test_fail(__FILE__, __LINE__,
			  "the clock does not count instructions: %d are %.0f; "
			  "this runs under tests/vm/run --icount",
			  2 * LOOPS + 1, figures.median);
}
