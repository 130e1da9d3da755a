/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting instructions. Under QEMU's -icount shift=0 the time stamp counter
 * moves by one with each instruction that the CPU executes, in the kernel or
 * out of it, so what it counts does not depend on the machine that emulates.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

/* Instructions; low and high are the 10th and the 90th percentile */
struct figures {
	double median;
	double low;
	double high;
	double mean;
	unsigned int rounds;
};

/* One round; before and after are not counted and may be NULL */
struct work {
	void (*before)(void *arg);
	void (*timed)(void *arg);
	void (*after)(void *arg);
};

static inline uint64_t measure_now(void)
{
	return __builtin_ia32_rdtsc();
}

/*
 * Find out what counting itself costs. Ends the program where the counter
 * does not count instructions.
 */
void measure_init(void);

/* What two calls of measure_now() are apart with nothing between */
uint64_t measure_overhead(void);

/* Sorts the samples */
struct figures measure_figures(uint64_t *samples, unsigned int count);

/* Measure so many rounds, after two that are not counted */
struct figures measure(const struct work *work, unsigned int rounds, void *arg);

#endif /* BENCH_MEASURE_H */
