/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All orders of a few things.
 */
#ifndef TESTS_LIFETIMES_ORDER_H
#define TESTS_LIFETIMES_ORDER_H

#define ORDER_MAX 6

/* An order of the numbers from 0 to count - 1, and what it is an order of */
struct order {
	unsigned int count;
	unsigned int at[ORDER_MAX];
	unsigned int number; /* of those before it */
	const void *of;
};

/*
 * Call run(order) for every order of count things, or for those that
 * test_each() asks for, each in a process of its own that must end well: if one
 * does not, the test fails and says which. Returns how many there were.
 */
unsigned int order_every(unsigned int count, void (*run)(void *order),
			 const void *of);

#endif /* TESTS_LIFETIMES_ORDER_H */
