// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads beside a test, see beside.h.
 */
#include "beside.h"

#include "test.h"

#include <pthread.h>

#define THREADS_MAX 8

static struct beside {
	pthread_t thread;
	void (*body)(void *arg);
	void *arg;
} threads[THREADS_MAX];

static unsigned int count;
static bool stopped;

static void *run(void *arg)
{
	const struct beside *beside = arg;

	beside->body(beside->arg);
	return NULL;
}

void beside_start(void (*body)(void *arg), void *arg)
{
	struct beside *beside = &threads[count];

	CHECK_LT(count, THREADS_MAX);
	beside->body = body;
	beside->arg = arg;
	CHECK_EQ(pthread_create(&beside->thread, NULL, run, beside), 0);
	count++;
}

bool beside_stopped(void)
{
	return __atomic_load_n(&stopped, __ATOMIC_SEQ_CST);
}

void beside_stop(void)
{
	__atomic_store_n(&stopped, true, __ATOMIC_SEQ_CST);
	while (count)
		CHECK_EQ(pthread_join(threads[--count].thread, NULL), 0);
	__atomic_store_n(&stopped, false, __ATOMIC_SEQ_CST);
}
