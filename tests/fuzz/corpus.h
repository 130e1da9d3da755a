/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs worth mutating. Each is a file of a directory, named after its
 * text, so that two of them are never the same.
 */
#ifndef TESTS_FUZZ_CORPUS_H
#define TESTS_FUZZ_CORPUS_H

#include "coverage.h"
#include "program.h"

struct entry {
	struct program program;
	struct features features; /* for corpus_minimize() only */
};

struct corpus {
	struct entry *entries;
	size_t count;
};

/* Read a program from a file, or end with an error */
void corpus_read_program(struct program *program, const char *path);

/* Add all programs of a directory, in the order of their names */
void corpus_load(struct corpus *corpus, const char *directory);

struct entry *corpus_add(struct corpus *corpus, const struct program *program);

/* Write it to the directory, under its name */
void corpus_save(const struct program *program, const char *directory);

/* Leave as few as have all features of all */
void corpus_minimize(struct corpus *corpus);

#endif /* TESTS_FUZZ_CORPUS_H */
