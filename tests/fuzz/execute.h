/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a program, in a process of its own that is traced: whatever becomes
 * of it, the fuzzer goes on, and all that it opened is closed.
 */
#ifndef TESTS_FUZZ_EXECUTE_H
#define TESTS_FUZZ_EXECUTE_H

#include "coverage.h"
#include "program.h"

enum ending {
	ENDED,	/* it ran to its end */
	KILLED, /* it took too long, or died; that is no failure */
	HANGS,	/* it cannot be killed */
};

struct outcome {
	enum ending ending;
	unsigned int ran;		  /* ops */
	int32_t answers[PROGRAM_MAX_OPS]; /* 0 or errno */
};

/* Once, before any device is open; not traced, nothing is ever reached */
void execute_start(bool traced);

/* End the process that has the devices open; false if it cannot be ended */
bool execute_retire(void);

/*
 * Run a program on the devices, and leave them settled for the next. features,
 * unless NULL, is what it reached. With loud, tell each op and its answer.
 */
void execute(const struct program *program, struct outcome *outcome,
	     struct features *features, bool loud);

#endif /* TESTS_FUZZ_EXECUTE_H */
