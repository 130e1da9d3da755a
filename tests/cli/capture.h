/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verb run in the test's own process, and what it says. */
#ifndef TESTS_CLI_CAPTURE_H
#define TESTS_CLI_CAPTURE_H

#include "options.h"

struct capture {
	enum status status;
	char out[4096];
	char err[4096];
};

void capture_run(struct capture *capture,
		 enum status (*run)(const struct options *options),
		 const struct options *options);

#endif /* TESTS_CLI_CAPTURE_H */
