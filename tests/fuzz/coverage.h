/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of the modules a program reaches.
 *
 * The compiler has put a call into every block of the modules' code, a site;
 * KCOV writes down the address of each that a process passes. The modules'
 * files tell where all the sites are, and in which function.
 *
 * A feature is what makes a program worth keeping: an edge, which is two sites
 * passed one after the other, or an answer, which is an op and its errno.
 */
#ifndef TESTS_FUZZ_COVERAGE_H
#define TESTS_FUZZ_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COVERAGE_MODULES 5
/* Features are numbers below this: hashes, which may collide */
#define FEATURES (1U << 18)

extern const char *const coverage_modules[COVERAGE_MODULES];

/* One process's KCOV. It is shared with its children, of which one enables it.
 */
struct trace {
	int fd;
	uint64_t *area; /* how many, then the addresses */
};

/* With real false there is nothing in it ever, and no KCOV is needed */
void trace_open(struct trace *trace, bool real);
/* Spare the children a mapping that they do not need */
void trace_keep(const struct trace *trace);
void trace_enable(const struct trace *trace);
/* Instead: the workers of all virtio-gpus that this process opens from now on */
void trace_enable_workers(const struct trace *trace);
void trace_disable(const struct trace *trace);
void trace_reset(const struct trace *trace);
uint64_t trace_count(const struct trace *trace);

/* Features without duplicates */
struct features {
	uint32_t *items;
	size_t count;
	size_t size;
};

void features_clear(struct features *features);
void features_copy(struct features *to, const struct features *from);
void features_free(struct features *features);

struct function {
	unsigned int module;
	char name[64];
	const char *not_ours; /* why no program can reach it, or NULL */
	unsigned int sites;
	unsigned int reached;
};

/* Read the modules' files, once */
void coverage_init(void);

/* Where the modules are now; after each time they were loaded */
void coverage_locate(void);

/*
 * Add the edges of the trace's entries from begin to end, of which the first
 * has what stands for the op that ran as its other half.
 */
void coverage_add(struct features *features, const struct trace *trace,
		  uint64_t begin, uint64_t end, uint32_t first);
void coverage_add_answer(struct features *features, uint32_t op, int error);

/* Count as seen from now on; returns how many were not */
size_t coverage_learn(const struct features *features);
size_t coverage_known(void);

/* What was reached since coverage_init(): sites, of how many */
void coverage_sites(unsigned int *reached, unsigned int *all);
const struct function *coverage_functions(size_t *count);

#endif /* TESTS_FUZZ_COVERAGE_H */
