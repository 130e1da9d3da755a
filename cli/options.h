/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of a verb. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "report.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct options {
	pid_t pid;          /* 0: not given */
	const char *device; /* NULL: not given */
	uint32_t head;      /* 0: not given */
	bool head_given;    /* a number */
	bool all_heads;     /* --head all */
	const char *output; /* NULL: not given, "-": the standard output */
	bool json;
	bool verbose;
	bool help;
	const char *operand; /* what the verb's operand is, if it takes one */
};

struct verb {
	const char *name;
	const char *summary; /* of one line */
	const char *help;    /* what --help prints */
	const char *accepts; /* letters of its options */
	bool accepts_all;    /* --head may be "all" */
	const char *operand; /* what its help calls the one it takes, or NULL */
	enum status (*run)(const struct options *options);
};

/* The verbs, and an entry without a name at the end */
extern const struct verb verbs[];

/* argv[0] is the verb's name. STATUS_USAGE has been reported. */
enum status options_parse(struct options *options, const struct verb *verb,
			  int argc, char **argv);

enum status list_run(const struct options *options);
enum status info_run(const struct options *options);
enum status shot_run(const struct options *options);
enum status watch_run(const struct options *options);
enum status mode_run(const struct options *options);

#endif /* CLI_OPTIONS_H */
