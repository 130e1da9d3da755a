// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A test program that is late, for tests/harness/late.
 */
#include "test.h"

#include <pthread.h>
#include <unistd.h>

static void *pause_too(void *arg)
{
	pause();
	return arg;
}

static void pause_elsewhere(void *arg)
{
	(void)arg;
	pause();
}

TEST_WITHIN(2, "it never ends")
{
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, pause_too, NULL), 0);
	test_fork(pause_elsewhere, NULL);
	pause();
}

TEST_WITHIN(2, "it ends")
{
	CHECK_EQ(test_limit(), 2 * test_slow());
}
