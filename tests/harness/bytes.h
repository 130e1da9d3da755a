/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places in memory that a system call may be handed by a careless or hostile
 * caller.
 */
#ifndef TESTS_HARNESS_BYTES_H
#define TESTS_HARNESS_BYTES_H

#include <stddef.h>

/* What a struct is filled with to see what a call wrote of it */
#define UNTOUCHED 0xa5

/* An address where nothing is mapped */
void *bytes_unmapped(void);

/* The size bytes at data, copied to memory that can only be read */
void *bytes_read_only(const void *data, size_t size);

/*
 * A copy of the first present of size bytes at data, right before a hole: the
 * rest of them is not there.
 */
void *bytes_cut(const void *data, size_t size, size_t present);

/* What lies beyond the edge of a place that is part of it no more */
enum edge {
	EDGE_HOLE,
	EDGE_READ_ONLY,
};

/*
 * A copy of size bytes at data that goes across an edge after the first
 * present of them. Each call takes the same place; not for several threads.
 */
void *bytes_across(enum edge edge, const void *data, size_t size,
		   size_t present);

#endif /* TESTS_HARNESS_BYTES_H */
