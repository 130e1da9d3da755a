// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What planefd costs, beside the kernel's own sample driver and beside the
 * least that work of the kind takes. Runs in the VM under bench/run.
 *
 * usage: bench FILE.json
 *
 * Exit status: 0 when the figures are what they must be, 1 when one is not, or
 * could not be had.
 */
#include "rows.h"

#include "test.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* How far apart sizes may be where the size does not matter, in percent */
#define SAME_PERCENT 2
#define MBOCHS_SECONDS 300
#define CLEANUPS_MAX 4

static void (*cleanups[CLEANUPS_MAX])(void);
static unsigned int cleanups_count;

/* In the process that measures mbochs: where it tells that it is through */
static int mbochs_done = -1;

/* What mbochs has exported cannot be closed safely, so who holds it never ends
 */
static _Noreturn void rest(void)
{
	for (;;)
		pause();
}

/* The harness's device code calls these two; the tests' runner has its own */

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
	if (mbochs_done >= 0) {
		close(mbochs_done);
		rest();
	}
	_exit(1);
}

static void cleanup(void)
{
	while (cleanups_count)
		cleanups[--cleanups_count]();
}

static _Noreturn void run_mbochs(void)
{
	const struct rlimit files = {.rlim_cur = 4096, .rlim_max = 4096};

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &files));
	rows_events_mbochs();
	rows_map_mbochs();
	rows_planes_mbochs();
	CHECK_EQ(write(mbochs_done, "", 1), 1);
	rest();
}

/* Measure mbochs in a process of its own, for it may take that with it */
static void try_mbochs(void)
{
	struct pollfd wait = {.events = POLLIN};
	int done[2];
	pid_t pid;
	char byte;

	if (!screen_has_mbochs()) {
		fprintf(stderr, "bench: mbochs is not loaded\n");
		return;
	}
	CHECK_OK(pipe(done));
	fflush(stdout);
	pid = (pid_t)CHECK_OK(fork());
	if (!pid) {
		close(done[0]);
		mbochs_done = done[1];
		run_mbochs();
	}
	close(done[1]);
	wait.fd = done[0];
	if (poll(&wait, 1, MBOCHS_SECONDS * 1000) != 1)
		fprintf(stderr, "bench: mbochs hangs\n");
	else if (read(done[0], &byte, 1) != 1)
		fprintf(stderr, "bench: measuring mbochs ended early\n");
	close(done[0]);
}

static const struct figures *figures_of(const char *work, const char *size,
					enum column column)
{
	const struct row *row = result_find(work, size);

	if (!row || row->cells[column].kind != CELL_FIGURES)
		return NULL;
	return &row->cells[column].figures;
}

/* QUERY costs less than the query of the sample driver */
static void check_query(const struct size *size)
{
	const struct figures *ours = figures_of(ROW_QUERY, size->name, PLANEFD);
	const struct figures *theirs =
		figures_of(ROW_QUERY, size->name, MBOCHS);

	if (size->vram > MBOCHS_VRAM)
		return;
	result_check(ours && theirs && ours->median < theirs->median,
		     "QUERY at %s costs less than mbochs's query", size->name);
}

/* CREATE of what is exported already costs the same at every size */
static void check_create(const struct size *size)
{
	const struct figures *base =
		figures_of(ROW_AGAIN, SIZE_VGA->name, PLANEFD);
	const struct figures *ours = figures_of(ROW_AGAIN, size->name, PLANEFD);
	double off = 100;

	if (base && ours)
		off = (ours->median - base->median) / base->median * 100;
	result_check(off <= SAME_PERCENT && off >= -SAME_PERCENT,
		     "CREATE of an exported plane at %s is within %d %% of %s: "
		     "%+.1f %%",
		     size->name, SAME_PERCENT, SIZE_VGA->name, off);
}

static void write_json(const char *path)
{
	int error = result_write_json(path);

	if (error)
		test_fail(__FILE__, __LINE__, "cannot write %s: %s", path,
			  strerror(-error));
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE.json\n", argv[0]);
		return 2;
	}
	result_init();
	measure_init();
	rows_planes();
	rows_map();
	rows_events();
	cleanup();
	/* In case that the kernel does not survive what comes next */
	write_json(argv[1]);
	try_mbochs();

	for (i = 0; i < sizes_count; i++)
		check_query(&sizes[i]);
	for (i = 1; i < sizes_count; i++)
		check_create(&sizes[i]);
	write_json(argv[1]);
	result_print(stdout);
	return result_failed() != 0;
}
