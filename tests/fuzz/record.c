// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records of programs, see record.h.
 */
#include "record.h"

#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 512

static const char *directory;
static int fds[RECORD_LAST];
static char texts[RECORD_LAST][PROGRAM_MAX_TEXT];
static uint64_t recorded;

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		fail_errno("%s", path);
}

void record_start(const char *out)
{
	char path[PATH_SIZE];
	unsigned int i;

	directory = out;
	make_directory(out);
	snprintf(path, sizeof(path), "%s/last", out);
	make_directory(path);
	for (i = 0; i < RECORD_LAST; i++) {
		snprintf(path, sizeof(path), "%s/last/%u", out, i);
		fds[i] = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			      0644);
		if (fds[i] < 0)
			fail_errno("%s", path);
	}
}

/* The fds stay open and a file is written at once: a host is far away */
void record_program(const struct program *program, uint64_t number,
		    uint64_t seed)
{
	unsigned int slot = recorded++ % RECORD_LAST;
	char *text = texts[slot];
	size_t size, before = strlen(text);

	size = (size_t)snprintf(text, PROGRAM_MAX_TEXT,
				"# program %" PRIu64 " of seed %" PRIu64 "\n",
				number, seed);
	program_print(program, text + size, PROGRAM_MAX_TEXT - size);
	size = strlen(text);
	if (pwrite(fds[slot], text, size, 0) != (ssize_t)size ||
	    (size < before && ftruncate(fds[slot], (off_t)size)))
		fail_errno("cannot write %s/last/%u", directory, slot);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file || fputs(text, file) < 0 || fclose(file))
		fail_errno("cannot write %s", path);
}

void record_crash(const char *found)
{
	char path[PATH_SIZE], crash[PATH_SIZE - 16];
	unsigned int i, number = 0;
	uint64_t first;

	do
		snprintf(crash, sizeof(crash), "%s/crash-%u", directory,
			 ++number);
	while (mkdir(crash, 0755) && errno == EEXIST);
	first = recorded > RECORD_LAST ? recorded - RECORD_LAST : 0;
	for (i = 0; first + i < recorded; i++) {
		snprintf(path, sizeof(path), "%s/%u", crash, i);
		write_text(path, texts[(first + i) % RECORD_LAST]);
	}
	snprintf(path, sizeof(path), "%s.txt", crash);
	write_text(path, found);
	printf("%s\nfuzz: FOUND: %.*s\nfuzz: it is in %s, the programs "
	       "before it in %s/\n",
	       found, (int)strcspn(found, "\n"), found, path, crash);
	fflush(stdout);
}
