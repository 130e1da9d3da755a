/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * planefd watch left to run, and its lines as they come. A line is waited for
 * by reading, under the test's own time limit; that there is none is known
 * from the next one.
 */
#ifndef TESTS_CLI_FOLLOW_H
#define TESTS_CLI_FOLLOW_H

#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct follow {
	pid_t pid;
	FILE *out;
	FILE *err;
	char line[4096]; /* the last one, without its newline */
	uint64_t last_ns; /* no event of before this is to come any more */
};

/* planefd watch with these words, the last of which is NULL */
void follow_start(struct follow *follow, const char *const *words);

#define FOLLOW(follow, ...)                                                    \
	follow_start((follow), (const char *const[]){ __VA_ARGS__, NULL })

/* The next line */
const char *follow_line(struct follow *follow);

/*
 * The next line is this one behind its time, which is of what happened since
 * the last one; events at the beginning may be of any time
 */
#define CHECK_EVENT(follow, expected)                                          \
	follow_check(__FILE__, __LINE__, (follow), (expected))

void follow_check(const char *file, int number, struct follow *follow,
		  const char *expected);

/* The next line as JSON, its changed_ns checked as above and taken out */
struct json_object *follow_json(struct follow *follow);

/* It says no more, and ends with this wait status; nothing is on stderr */
void follow_check_end(struct follow *follow, int expected);

/* Wait until it sleeps in poll(), without an end of that */
void follow_wait_asleep(const struct follow *follow);

/* How often it has been on a CPU, or could have been */
uint64_t follow_runs(const struct follow *follow);

#endif /* TESTS_CLI_FOLLOW_H */
