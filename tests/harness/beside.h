/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that each do a thing over and over beside a test, until it has done
 * its share.
 *
 *	static void look(void *arg)
 *	{
 *		while (!beside_stopped())
 *			...
 *	}
 *
 *	beside_start(look, &manager);
 *	...
 *	beside_stop();
 *
 * They share the test's memory, which the processes of a storm (storm.h) do
 * not: what a test maps as a guest's is that in the test's own process alone.
 */
#ifndef TESTS_HARNESS_BESIDE_H
#define TESTS_HARNESS_BESIDE_H

#include <stdbool.h>

/* Run body(arg), which returns soon after they are stopped, or by itself */
void beside_start(void (*body)(void *arg), void *arg);

/* For body: is it to return? */
bool beside_stopped(void);

/* Stop all there are, and wait for them */
void beside_stop(void);

#endif /* TESTS_HARNESS_BESIDE_H */
