// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads a verb's command line; every mistake is one line. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A plane's id has eight bits for its head */
#define HEAD_MAX 255

static const struct option all_options[] = {
	{ "pid", required_argument, NULL, 'p' },
	{ "device", required_argument, NULL, 'd' },
	{ "head", required_argument, NULL, 'H' },
	{ "output", required_argument, NULL, 'o' },
	{ "json", no_argument, NULL, 'j' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
};

#define OPTION_COUNT (sizeof(all_options) / sizeof(all_options[0]))

/* What getopt_long() wants of those that the verb accepts */
static void select_options(const struct verb *verb, char *letters,
			   struct option *longs)
{
	*letters++ = ':';
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		int letter = all_options[i].val;
		if (letter != 'h' && !strchr(verb->accepts, letter))
			continue;
		*longs++ = all_options[i];
		*letters++ = (char)letter;
		if (all_options[i].has_arg == required_argument)
			*letters++ = ':';
	}
	*letters = '\0';
	*longs = (struct option){ 0 };
}

static enum status parse_number(const char *text, long min, long max,
				const char *what, long *number)
{
	char *end;

	errno = 0;
	*number = strtol(text, &end, 10);
	if (errno || end == text || *end || *number < min || *number > max)
		return fail(STATUS_USAGE, "'%s' is not %s", text, what);
	return STATUS_OK;
}

static enum status take_head(struct options *options, const struct verb *verb)
{
	const char *what = "a head's number (0 to 255)";
	long number;

	/* What is said last counts */
	options->all_heads = verb->accepts_all && !strcmp(optarg, "all");
	options->head_given = !options->all_heads;
	options->head = 0;
	if (options->all_heads)
		return STATUS_OK;
	if (verb->accepts_all)
		what = "a head's number (0 to 255), nor 'all'";

	enum status status = parse_number(optarg, 0, HEAD_MAX, what, &number);
	options->head = (uint32_t)number;
	return status;
}

static enum status take_option(struct options *options, const struct verb *verb,
			       int letter)
{
	enum status status = STATUS_OK;
	long number = 0;

	switch (letter) {
	case 'p':
		status = parse_number(optarg, 1, INT_MAX, "a process id",
				      &number);
		options->pid = (pid_t)number;
		break;
	case 'H':
		status = take_head(options, verb);
		break;
	case 'd':
	case 'o':
		if (!*optarg)
			return fail(STATUS_USAGE, "the %s's name is empty",
				    letter == 'd' ? "device" : "file");
		if (letter == 'd')
			options->device = optarg;
		else
			options->output = optarg;
		break;
	case 'j':
		options->json = true;
		break;
	case 'v':
		options->verbose = true;
		break;
	default:
		options->help = true;
		break;
	}
	return status;
}

/*
 * optopt is a letter that is no option, or tells that a whole word is none: it
 * is 0, or the letter of one that takes no value and was given one.
 */
static enum status report_unknown(const struct verb *verb, char **argv)
{
	char letter[] = { '-', (char)optopt, '\0' };
	bool word = !optopt || optopt == 'h' || strchr(verb->accepts, optopt);

	return fail(STATUS_USAGE, "'planefd %s' has no option '%s'; see "
		    "'planefd %s --help'", verb->name,
		    word ? argv[optind - 1] : letter, verb->name);
}

enum status options_parse(struct options *options, const struct verb *verb,
			  int argc, char **argv)
{
	char letters[2 * OPTION_COUNT + 2];
	struct option longs[OPTION_COUNT + 1];
	enum status status = STATUS_OK;
	int letter;

	*options = (struct options){ 0 };
	select_options(verb, letters, longs);

	optind = 1;
	opterr = 0;
	while (!status &&
	       (letter = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (letter == ':')
			return fail(STATUS_USAGE,
				    "'%s' wants a value; see 'planefd %s "
				    "--help'", argv[optind - 1], verb->name);
		if (letter == '?')
			return report_unknown(verb, argv);
		status = take_option(options, verb, letter);
	}

	if (!status && verb->operand && !options->help) {
		options->operand = argv[optind++];
		if (!options->operand)
			return fail(STATUS_USAGE, "'planefd %s' wants a %s; "
				    "see 'planefd %s --help'", verb->name,
				    verb->operand, verb->name);
	}
	if (!status && optind < argc)
		status = fail(STATUS_USAGE, "'planefd %s' takes no '%s'; see "
			      "'planefd %s --help'", verb->name, argv[optind],
			      verb->name);
	return status;
}
