// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What planefd costs, beside the kernel's own sample drivers, beside udmabuf
 * where the kernel has it, and beside the least that work of the kind takes.
 * Runs in the VM under bench/run.
 *
 * usage: bench FILE.json [SUBJECT...]
 *
 * With subjects only those are measured, and nothing is judged.
 *
 * Exit status: 0 when the figures are what they must be, 1 when one is not, or
 * could not be had.
 */
#include "checks.h"
#include "report.h"
#include "rows.h"

#include "test.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PEER_SECONDS 1000
#define CLEANUPS_MAX 4

/* In the order in which a peer survives them longest */
static const struct subject {
	const char *name;
	void (*rows)(void);
	void (*rows_peer)(enum column whose);
} subjects[] = {
	{"query", rows_query, rows_query_peer},
	{"events", rows_events, rows_events_peer},
	{"crowd", rows_crowd, rows_crowd_peer},
	{"gpu", rows_gpu, rows_gpu_peer},
	{"map", rows_map, rows_map_peer},
	{"bytes", rows_bytes, rows_bytes_peer},
	{"idle", rows_idle, rows_idle_peer},
	{"many", rows_many, rows_many_peer},
	{"memory", rows_memory, rows_memory_peer},
	{"export", rows_export, rows_export_peer},
};

#define SUBJECTS (sizeof(subjects) / sizeof(*subjects))

/* Names of those to measure, up to NULL; none means all */
static char **wanted;

static void (*cleanups[CLEANUPS_MAX])(void);
static unsigned int cleanups_count;

/* In the process that measures a peer: where it tells that it is through */
static int peer_done = -1;

/*
 * What mbochs has exported cannot be closed safely, so who holds it never ends
 */
static _Noreturn void rest(void)
{
	for (;;)
		pause();
}

/* The harness calls these; the tests' runner has its own */

void test_after_each(void (*cleanup)(void))
{
	if (cleanups_count < CLEANUPS_MAX)
		cleanups[cleanups_count++] = cleanup;
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "bench: %s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	if (peer_done >= 0) {
		close(peer_done);
		rest();
	}
	_exit(1);
}

static void cleanup(void)
{
	while (cleanups_count)
		cleanups[--cleanups_count]();
}

static bool is_wanted(const struct subject *subject)
{
	char **name;

	for (name = wanted; *name; name++)
		if (!strcmp(*name, subject->name))
			return true;
	return !*wanted;
}

static _Noreturn void run_peer(enum column whose)
{
	unsigned int i;

	for (i = 0; i < SUBJECTS; i++)
		if (is_wanted(&subjects[i]))
			subjects[i].rows_peer(whose);
	CHECK_EQ(write(peer_done, "", 1), 1);
	rest();
}

/* Measure a peer in a process of its own, for it may take that with it */
static void try_peer(enum column whose, const char *name)
{
	struct pollfd wait = {.events = POLLIN};
	int done[2];
	pid_t pid;
	char byte;

	if (!screen_has(whose)) {
		fprintf(stderr, "bench: %s is not loaded\n", name);
		return;
	}
	CHECK_OK(pipe(done));
	fflush(stdout);
	pid = (pid_t)CHECK_OK(fork());
	if (!pid) {
		close(done[0]);
		peer_done = done[1];
		run_peer(whose);
	}
	close(done[1]);
	wait.fd = done[0];
	if (poll(&wait, 1, PEER_SECONDS * 1000) != 1)
		fprintf(stderr, "bench: %s hangs\n", name);
	else if (read(done[0], &byte, 1) != 1)
		fprintf(stderr, "bench: measuring %s ended early\n", name);
	close(done[0]);
}

static void write_json(const char *path)
{
	int error = report_json(path);

	if (error)
		test_fail(__FILE__, __LINE__, "cannot write %s: %s", path,
			  strerror(-error));
}

static bool is_subject(const char *name)
{
	unsigned int i;

	for (i = 0; i < SUBJECTS; i++)
		if (!strcmp(subjects[i].name, name))
			return true;
	return false;
}

static void prepare(int argc, char **argv)
{
	const struct rlimit files = {.rlim_cur = 4096, .rlim_max = 4096};
	int i;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE.json [SUBJECT...]\n", argv[0]);
		exit(2);
	}
	wanted = argv + 2;
	for (i = 2; i < argc; i++) {
		if (is_subject(argv[i]))
			continue;
		fprintf(stderr, "bench: there is no subject %s\n", argv[i]);
		exit(2);
	}
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &files));
	result_init();
	measure_init();
}

int main(int argc, char **argv)
{
	unsigned int i;

	/* To read it would be measured, too */
	unsetenv("PLANEFD_CLOCK");
	prepare(argc, argv);
	for (i = 0; i < SUBJECTS; i++)
		if (is_wanted(&subjects[i]))
			subjects[i].rows();
	cleanup();
	/* In case that the kernel does not survive what comes next */
	write_json(argv[1]);
	try_peer(MDPY, "mdpy");
	try_peer(MBOCHS, "mbochs");
	if (!*wanted)
		checks();
	write_json(argv[1]);
	report_print(stdout);
	return result_failed() != 0;
}
