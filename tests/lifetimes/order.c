// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All orders, see order.h.
 */
#include "order.h"

#include "test.h"

#include <stdio.h>
#include <sys/wait.h>

static void run_one(struct order *order, void (*run)(void *order))
{
	char text[4 * ORDER_MAX] = "";
	int status, length = 0;
	unsigned int i;
	pid_t pid;

	if (order->number++ % test_each())
		return;
	pid = test_fork(run, order);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (!status)
		return;
	for (i = 0; i < order->count; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length,
				   " %u", order->at[i]);
	test_fail(__FILE__, __LINE__, "fails in the order%s", text);
}

/* Every order of what is not in used, which is a set of bits, from depth on */
static unsigned int run_rest(struct order *order, void (*run)(void *order),
			     unsigned int depth, unsigned int used)
{
	unsigned int i, orders = 0;

	if (depth == order->count) {
		run_one(order, run);
		return 1;
	}
	for (i = 0; i < order->count; i++) {
		if (used & 1u << i)
			continue;
		order->at[depth] = i;
		orders += run_rest(order, run, depth + 1, used | 1u << i);
	}
	return orders;
}

unsigned int order_every(unsigned int count, void (*run)(void *order),
			 const void *of)
{
	struct order order = {.count = count, .of = of};

	CHECK_LE(count, ORDER_MAX);
	return run_rest(&order, run, 0, 0);
}
