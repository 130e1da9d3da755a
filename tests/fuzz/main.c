// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fuzzer of the kernel modules. It runs in a VM with a debug kernel, which
 * tests/fuzz/run does for you.
 */
#include "corpus.h"
#include "fail.h"
#include "loop.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXIT_FOUND 1

static const char usage[] =
	"usage: fuzz [OPTION]...              make programs and run them\n"
	"       fuzz --run [OPTION]... FILE... run these, telling each answer\n"
	"       fuzz --minimize [OPTION]...   leave of the corpus what it "
	"takes\n"
	"\n"
	"  --corpus DIR    programs to begin with; may be given several times\n"
	"  --out DIR       for what comes of it (/out)\n"
	"  --seed N        where all choices come from (1)\n"
	"  --minutes N     for how long (2)\n"
	"  --programs N    or for how many\n"
	"  --splats FILE   what the kernel's log must not show (tests/splats)\n"
	"\n"
	"In DIR: corpus/ has the programs that reached what no other did; "
	"last/\n"
	"those that ran last; crash-N/ those that ran before something was "
	"found,\n"
	"and crash-N.txt what that was; coverage what was reached. A file stop "
	"in\n"
	"it ends the run.\n"
	"\n"
	"Exit status: 0 if nothing was found, 1 if something was, 2 for "
	"trouble.\n";

static double parse_number(const char *option, const char *text, double max)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || *end || !(number >= 0) || number > max)
		fail("--%s: %s is not a number up to %.0f", option, text, max);
	return number;
}

enum mode { FUZZ, RUN, MINIMIZE };

struct command {
	enum mode mode;
	struct settings settings;
	struct corpus corpus;
};

static const struct option options[] = {
	{"corpus", required_argument, NULL, 'c'},
	{"out", required_argument, NULL, 'o'},
	{"seed", required_argument, NULL, 's'},
	{"minutes", required_argument, NULL, 'm'},
	{"programs", required_argument, NULL, 'p'},
	{"splats", required_argument, NULL, 'l'},
	{"run", no_argument, NULL, 'r'},
	{"minimize", no_argument, NULL, 'i'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void parse_option(struct command *command, int option)
{
	struct settings *settings = &command->settings;

	switch (option) {
	case 'c':
		corpus_load(&command->corpus, optarg);
		break;
	case 'o':
		settings->out = optarg;
		break;
	case 's':
		settings->seed = (uint64_t)parse_number("seed", optarg, 1e15);
		break;
	case 'm':
		settings->minutes = parse_number("minutes", optarg, 1e6);
		break;
	case 'p':
		settings->programs =
			(uint64_t)parse_number("programs", optarg, 1e15);
		break;
	case 'l':
		settings->splats = optarg;
		break;
	case 'r':
		command->mode = RUN;
		break;
	case 'i':
		command->mode = MINIMIZE;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(EXIT_SUCCESS);
	default:
		fprintf(stderr, "fuzz: --help tells what there is\n");
		exit(EXIT_BROKEN);
	}
}

static void parse(struct command *command, int argc, char *argv[])
{
	struct program program;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		parse_option(command, option);
	if (command->mode != RUN && optind < argc)
		fail("%s is not expected here", argv[optind]);
	if (command->mode == RUN && optind == argc)
		fail("--run needs files");
	if (!command->settings.seed)
		fail("--seed cannot be 0");
	for (; optind < argc; optind++) {
		corpus_read_program(&program, argv[optind]);
		corpus_add(&command->corpus, &program);
	}
}

int main(int argc, char *argv[])
{
	static struct command command = {
		.settings =
			{
				.out = "/out",
				.splats = "tests/splats",
				.seed = 1,
				.minutes = 2,
			},
	};
	bool good = false;

	parse(&command, argc, argv);
	if (!getenv("PLANEFD_VM"))
		fail("not outside a VM: this is to break the kernel; see "
		     "tests/fuzz/run");
	loop_start(&command.settings, command.mode != RUN);
	switch (command.mode) {
	case FUZZ:
		good = loop_fuzz(&command.corpus);
		break;
	case RUN:
		good = loop_run(&command.corpus);
		break;
	case MINIMIZE:
		good = loop_minimize(&command.corpus);
		break;
	}
	good = good && loop_finish();
	printf("fuzz: %s\n", good ? "nothing found" : "something was found");
	/* What the kernel has found may keep it from going on */
	fflush(stdout);
	_exit(good ? EXIT_SUCCESS : EXIT_FOUND);
}
