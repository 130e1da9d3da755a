/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel module's file: where the compiler's calls for KCOV are. Each is a
 * relocation against __sanitizer_cov_trace_pc, and the address that KCOV tells
 * is the one that the call returns to.
 */
#ifndef TESTS_FUZZ_MODFILE_H
#define TESTS_FUZZ_MODFILE_H

#include "coverage.h"

#define MODFILE_SECTIONS 8

struct modfile_site {
	unsigned int section; /* of the module */
	uint64_t offset;
	struct function *function;
};

struct modfile {
	const char *name;
	char sections[MODFILE_SECTIONS][32];
	unsigned int sections_count;
	struct modfile_site *sites;
	size_t sites_count;
};

/* Read the file that modprobe would load */
void modfile_read(struct modfile *module, unsigned int number,
		  const char *name);

/* Where a section is now, 0 if it is gone */
uint64_t modfile_section(const struct modfile *module, unsigned int section);

/* Those of all modules that were read */
const struct function *modfile_functions(size_t *count);

#endif /* TESTS_FUZZ_MODFILE_H */
