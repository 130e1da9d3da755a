// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loop, see loop.h.
 */
#include "loop.h"

#include "devices.h"
#include "execute.h"
#include "mutate.h"
#include "record.h"
#include "report.h"
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* After how many programs the devices are opened anew, and the modules go */
#define REOPEN_PROGRAMS 64
#define RELOAD_PROGRAMS 4096
/* A new program in how many, instead of an old one's mutation */
#define GENERATE_ONE_IN 32
#define STOP_FILE "stop"

static const struct settings *settings;
static uint64_t programs;
static char corpus_path[512], coverage_path[512], stop_path[512];

static bool found(const char *what)
{
	record_crash(what);
	return false;
}

static bool check_kernel(void)
{
	char *splat = watch_splat();

	if (splat)
		found(splat);
	free(splat);
	return !splat;
}

static bool unload(void)
{
	const char *why = "a process hangs";
	char text[256];

	if (execute_retire() && devices_unload(&why))
		return true;
	snprintf(text, sizeof(text), "not all modules can be unloaded: %s",
		 why);
	return found(text);
}

static bool reload(void)
{
	if (!unload())
		return false;
	devices_load();
	coverage_locate();
	return check_kernel();
}

/* Run one, and see what becomes of the kernel */
static bool run_one(const struct program *program, struct outcome *outcome,
		    struct features *features, bool loud)
{
	record_program(program, ++programs, settings->seed);
	execute(program, outcome, features, loud);
	if (!check_kernel())
		return false;
	if (outcome->ending == HANGS)
		return found("a process or the removal of a device hangs");
	if (programs % RELOAD_PROGRAMS == 0)
		return reload();
	if (programs % REOPEN_PROGRAMS == 0) {
		execute_retire();
		devices_reopen();
	}
	return true;
}

void loop_start(const struct settings *given, bool traced)
{
	const char *out = given->out;

	settings = given;
	snprintf(corpus_path, sizeof(corpus_path), "%s/corpus", out);
	snprintf(coverage_path, sizeof(coverage_path), "%s/coverage", out);
	snprintf(stop_path, sizeof(stop_path), "%s/" STOP_FILE, out);
	record_start(out);
	watch_start(given->splats);
	if (traced)
		coverage_init();
	execute_start(traced);
	coverage_locate();
}

bool loop_finish(void)
{
	bool good = unload();
	char *leaks;

	devices_finish();
	if (!good)
		return false;
	leaks = watch_leaks();
	if (leaks)
		found(leaks);
	free(leaks);
	return !leaks && check_kernel();
}

bool loop_run(const struct corpus *corpus)
{
	struct outcome outcome;
	size_t i;

	for (i = 0; i < corpus->count; i++) {
		if (!run_one(&corpus->entries[i].program, &outcome, NULL, true))
			return false;
		printf("fuzz: %s after %u ops\n",
		       outcome.ending == ENDED ? "the program ended"
					       : "the program was killed",
		       outcome.ran);
	}
	return true;
}

static double minutes_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begin->tv_sec) / 60;
}

/* The host is asked now and then only */
static bool is_over(const struct timespec *begin)
{
	if (settings->programs && programs >= settings->programs)
		return true;
	if (minutes_since(begin) >= settings->minutes)
		return true;
	return programs % 16 == 0 && !access(stop_path, F_OK);
}

/* Those that are there at first teach what is known */
static bool run_corpus(struct corpus *corpus, struct features *features)
{
	struct outcome outcome;
	size_t i;

	for (i = 0; i < corpus->count; i++) {
		if (!run_one(&corpus->entries[i].program, &outcome, features,
			     false))
			return false;
		coverage_learn(features);
		report_progress(programs, corpus->count, false);
	}
	return true;
}

static void next_program(const struct corpus *corpus, struct program *program,
			 uint64_t *seed)
{
	const struct entry *other;

	if (!corpus->count || !random_below(seed, GENERATE_ONE_IN)) {
		program_generate(program, seed);
		return;
	}
	other = &corpus->entries[random_below(seed, corpus->count)];
	*program = corpus->entries[random_below(seed, corpus->count)].program;
	program_mutate(program, &other->program, seed);
}

static bool fuzz(struct corpus *corpus, struct features *features)
{
	uint64_t seed = settings->seed;
	struct program program;
	struct outcome outcome;
	struct timespec begin;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (!run_corpus(corpus, features))
		return false;
	while (!is_over(&begin)) {
		next_program(corpus, &program, &seed);
		if (!run_one(&program, &outcome, features, false))
			return false;
		if (coverage_learn(features)) {
			corpus_add(corpus, &program);
			corpus_save(&program, corpus_path);
		}
		report_progress(programs, corpus->count, false);
	}
	return true;
}

bool loop_fuzz(struct corpus *corpus)
{
	struct features features = {0};
	bool good = fuzz(corpus, &features);

	features_free(&features);
	report_progress(programs, corpus->count, true);
	report_coverage(coverage_path);
	return good;
}

bool loop_minimize(struct corpus *corpus)
{
	struct features features = {0};
	struct outcome outcome;
	size_t i, before = corpus->count;

	for (i = 0; i < corpus->count; i++) {
		if (!run_one(&corpus->entries[i].program, &outcome, &features,
			     false))
			return false;
		features_copy(&corpus->entries[i].features, &features);
		coverage_learn(&features);
		report_progress(programs, corpus->count, false);
	}
	corpus_minimize(corpus);
	for (i = 0; i < corpus->count; i++)
		corpus_save(&corpus->entries[i].program, corpus_path);
	printf("fuzz: %zu of %zu programs have all features; they are in %s\n",
	       corpus->count, before, corpus_path);
	features_free(&features);
	return true;
}
