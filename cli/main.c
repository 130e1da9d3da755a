// SPDX-License-Identifier: GPL-2.0-or-later
/* planefd: finds the verb and runs it. */
#include "options.h"

#include <stdio.h>
#include <string.h>

static void print_usage(FILE *out)
{
	fputs("usage: planefd VERB [OPTIONS]\n"
	      "\n"
	      "Look at the screens of virtual machines through their display "
	      "devices.\n"
	      "\n", out);
	for (const struct verb *verb = verbs; verb->name; verb++)
		fprintf(out, "  %-6s %s\n", verb->name, verb->summary);
	fputs("\n"
	      "'planefd VERB --help' tells a verb's options. 'planefd "
	      "--version' tells the\n"
	      "version.\n", out);
}

static enum status run_verb(const struct verb *verb, int argc, char **argv)
{
	struct options options;

	enum status status = options_parse(&options, verb, argc, argv);
	if (status)
		return status;
	if (options.help) {
		fputs(verb->help, stdout);
		return finish_stdout();
	}
	return verb->run(&options);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_usage(stdout);
		return finish_stdout();
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("planefd " PLANEFD_VERSION);
		return finish_stdout();
	}
	for (const struct verb *verb = verbs; verb->name; verb++)
		if (!strcmp(argv[1], verb->name))
			return run_verb(verb, argc - 1, argv + 1);
	return fail(STATUS_USAGE, "there is no verb '%s'; see 'planefd --help'",
		    argv[1]);
}
