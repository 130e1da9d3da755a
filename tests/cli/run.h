/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs planefd as a user does, and keeps what it says. */
#ifndef TESTS_CLI_RUN_H
#define TESTS_CLI_RUN_H

#include <stddef.h>
#include <sys/types.h>

#define RUN_ROOM 65536

struct run {
	int status; /* its exit status, -1 if a signal ended it */
	char out[RUN_ROOM];
	char err[RUN_ROOM];
	size_t out_size;
	size_t err_size;
};

/* planefd with these words, the last of which is NULL */
void run_planefd(struct run *run, const char *const *words);

#define RUN(run, ...)                                                          \
	run_planefd((run), (const char *const[]){ __VA_ARGS__, NULL })

/*
 * The same as a user without privileges, for which the caller must be root. The
 * test is skipped where such a user cannot reach the program.
 */
void run_planefd_as_nobody(struct run *run, const char *const *words);

/* Only start it; out and err are what it says, to be read and closed */
pid_t run_start(const char *const *words, int *out, int *err);

/* Its exit status, nothing on stdout, and exactly this line on stderr */
#define CHECK_FAILS(run, expected, line)                                       \
	check_fails(__FILE__, __LINE__, (run), (expected), (line))

void check_fails(const char *file, int number, const struct run *run,
		 int expected, const char *line);

#endif /* TESTS_CLI_RUN_H */
