// SPDX-License-Identifier: GPL-2.0-or-later
/* stdout and stderr are files in memory for as long as the verb runs. */
#include "capture.h"

#include "test.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int redirect(int number, int *old)
{
	int fd = (int)CHECK_OK(memfd_create("output", MFD_CLOEXEC));

	*old = (int)CHECK_OK(dup(number));
	CHECK_OK(dup2(fd, number));
	return fd;
}

static void restore(int number, int old, int fd, char *text, size_t room)
{
	CHECK_OK(dup2(old, number));
	long got = CHECK_OK(pread(fd, text, room - 1, 0));
	text[got] = '\0';
	close(fd);
	close(old);
}

void capture_run(struct capture *capture,
		 enum status (*run)(const struct options *options),
		 const struct options *options)
{
	int old_out;
	int old_err;

	fflush(stdout);
	int out = redirect(STDOUT_FILENO, &old_out);
	int err = redirect(STDERR_FILENO, &old_err);
	capture->status = run(options);
	restore(STDOUT_FILENO, old_out, out, capture->out,
		sizeof(capture->out));
	restore(STDERR_FILENO, old_err, err, capture->err,
		sizeof(capture->err));
}
