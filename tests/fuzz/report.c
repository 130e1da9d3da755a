// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Progress and coverage, see report.h.
 */
#include "report.h"

#include "coverage.h"
#include "fail.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define PROGRESS_SECONDS 5

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void report_progress(uint64_t programs, size_t corpus, bool last)
{
	static double begin, told;
	static uint64_t told_programs;
	unsigned int reached, all;
	double time = now(), past;

	if (begin == 0)
		begin = told = time;
	past = last ? time - begin : time - told;
	if (past < PROGRESS_SECONDS && !last)
		return;
	if (last)
		told_programs = 0;
	coverage_sites(&reached, &all);
	printf("fuzz: %" PRIu64 " programs, %.0f a second; corpus %zu; "
	       "%zu features, %u of %u blocks\n",
	       programs, (double)(programs - told_programs) / past, corpus,
	       coverage_known(), reached, all);
	fflush(stdout);
	told = time;
	told_programs = programs;
}

static unsigned int percent(unsigned int reached, unsigned int all)
{
	return all ? reached * 100 / all : 0;
}

static void write_table(FILE *file, const struct function *functions,
			size_t count)
{
	const struct function *function;
	size_t i;

	fputs("reached  blocks    %  module             function\n", file);
	for (i = 0; i < count; i++) {
		function = &functions[i];
		fprintf(file, "%7u %7u %4u  %-17s  %s%s%s\n", function->reached,
			function->sites,
			percent(function->reached, function->sites),
			coverage_modules[function->module], function->name,
			function->not_ours ? ": " : "",
			function->not_ours ? function->not_ours : "");
	}
}

static void print_summary(const struct function *functions, size_t count)
{
	unsigned int module, reached, all;
	size_t i;

	for (module = 0; module < COVERAGE_MODULES; module++) {
		reached = all = 0;
		for (i = 0; i < count; i++) {
			if (functions[i].module != module ||
			    functions[i].not_ours)
				continue;
			reached += functions[i].reached;
			all += functions[i].sites;
		}
		printf("fuzz: %-17s  %4u of %4u blocks, %3u %%\n",
		       coverage_modules[module], reached, all,
		       percent(reached, all));
	}
}

void report_coverage(const char *path)
{
	const struct function *functions;
	FILE *file = fopen(path, "we");
	size_t count;

	if (!file)
		fail_errno("%s", path);
	functions = coverage_functions(&count);
	write_table(file, functions, count);
	fclose(file);
	print_summary(functions, count);
}
