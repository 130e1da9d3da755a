// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fuzzer of the kernel modules. It runs in a VM with a debug kernel, which
 * tests/fuzz/run does for you.
 */
#include "corpus.h"
#include "fail.h"
#include "loop.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
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

static bool carry_out(struct command *command)
{
	loop_start(&command->settings, command->mode != RUN);
	switch (command->mode) {
	case RUN:
		return loop_run(&command->corpus) && loop_finish();
	case MINIMIZE:
		return loop_minimize(&command->corpus) && loop_finish();
	case FUZZ:
		break;
	}
	return loop_fuzz(&command->corpus) && loop_finish();
}

/*
 * Fork, and return in the child only, with a pipe for its exit status. What the
 * kernel has found may keep the child, which has devices open, from ending.
 */
static int supervise(void)
{
	int answer[2], ending;
	char status;
	pid_t pid;

	if (pipe2(answer, O_CLOEXEC))
		fail_errno("cannot make a pipe");
	pid = fork();
	if (pid < 0)
		fail_errno("cannot fork");
	if (!pid) {
		close(answer[0]);
		return answer[1];
	}
	close(answer[1]);
	if (read(answer[0], &status, 1) == 1)
		_exit(status);
	if (waitpid(pid, &ending, 0) == pid && WIFSIGNALED(ending))
		fail("ended by signal %d", WTERMSIG(ending));
	_exit(EXIT_BROKEN);
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
	char status = EXIT_SUCCESS;
	int answer;

	parse(&command, argc, argv);
	if (!getenv("PLANEFD_VM"))
		fail("not outside a VM: this is to break the kernel; see "
		     "tests/fuzz/run");
	answer = supervise();
	if (!carry_out(&command))
		status = EXIT_FOUND;
	printf("fuzz: %s\n", status ? "something was found" : "nothing found");
	fflush(stdout);
	if (write(answer, &status, 1) != 1)
		fail_errno("cannot write to a pipe");
	_exit(status);
}
