// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The corpus, see corpus.h.
 */
#include "corpus.h"

#include "fail.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_SIZE 512

void corpus_read_program(struct program *program, const char *path)
{
	char text[PROGRAM_MAX_TEXT], error[PROGRAM_MAX_ERROR];
	FILE *file = fopen(path, "re");
	size_t size;

	if (!file)
		fail_errno("%s", path);
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	if (size == sizeof(text))
		fail("%s is too long", path);
	text[size] = 0;
	if (!program_parse(program, text, error))
		fail("%s: %s", path, error);
}

struct entry *corpus_add(struct corpus *corpus, const struct program *program)
{
	struct entry *entry;

	/* In steps of powers of two */
	if (!(corpus->count & (corpus->count - 1))) {
		entry = realloc(corpus->entries,
				2 * (corpus->count + 1) * sizeof(*entry));
		if (!entry)
			fail("no memory");
		corpus->entries = entry;
	}
	entry = &corpus->entries[corpus->count++];
	memset(entry, 0, sizeof(*entry));
	entry->program = *program;
	return entry;
}

static int is_program(const struct dirent *file)
{
	return file->d_name[0] != '.';
}

void corpus_load(struct corpus *corpus, const char *directory)
{
	struct program program;
	struct dirent **files;
	char path[PATH_SIZE];
	int i, count;

	count = scandir(directory, &files, is_program, alphasort);
	if (count < 0)
		fail_errno("%s", directory);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory,
			 files[i]->d_name);
		corpus_read_program(&program, path);
		if (program.count)
			corpus_add(corpus, &program);
		free(files[i]);
	}
	free(files);
}

/* FNV-1a, 64 bit */
static uint64_t hash_text(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

void corpus_save(const struct program *program, const char *directory)
{
	char text[PROGRAM_MAX_TEXT], path[PATH_SIZE];
	FILE *file;

	program_print(program, text, sizeof(text));
	snprintf(path, sizeof(path), "%s/%016" PRIx64, directory,
		 hash_text(text));
	if (mkdir(directory, 0755) && errno != EEXIST)
		fail_errno("%s", directory);
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file))
		fail_errno("cannot write %s", path);
}

static size_t count_missing(const struct features *features, const bool *have)
{
	size_t i, count = 0;

	for (i = 0; i < features->count; i++)
		count += !have[features->items[i]];
	return count;
}

/* How much a program is worth: many new features in few ops */
static bool is_better(size_t missing, unsigned int ops, size_t best,
		      unsigned int best_ops)
{
	return missing * (best_ops + 4) > best * (ops + 4);
}

void corpus_minimize(struct corpus *corpus)
{
	bool *have = calloc(FEATURES, sizeof(*have));
	size_t i, j, best, missing, best_missing;
	struct entry swap;

	if (!have)
		fail("no memory");
	for (i = 0; i < corpus->count; i++) {
		best = i;
		best_missing = 0;
		for (j = i; j < corpus->count; j++) {
			missing = count_missing(&corpus->entries[j].features,
						have);
			if (missing &&
			    is_better(missing, corpus->entries[j].program.count,
				      best_missing,
				      corpus->entries[best].program.count)) {
				best = j;
				best_missing = missing;
			}
		}
		if (!best_missing)
			break;
		swap = corpus->entries[i];
		corpus->entries[i] = corpus->entries[best];
		corpus->entries[best] = swap;
		for (j = 0; j < corpus->entries[i].features.count; j++)
			have[corpus->entries[i].features.items[j]] = true;
	}
	corpus->count = i;
	free(have);
}
