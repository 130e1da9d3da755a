// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes beside, syncs, renames. */
#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int fatal_signals[] = { SIGHUP, SIGINT, SIGTERM };

#define SIGNAL_COUNT (sizeof(fatal_signals) / sizeof(fatal_signals[0]))

/*
 * What a signal's handler has to remove. A global, for a handler is given
 * nothing; changed only while those signals are blocked.
 */
static char pending[PATH_MAX];

static void remove_and_die(int number)
{
	if (pending[0])
		unlink(pending);
	/* SA_RESETHAND has put the default action back: end by the signal */
	raise(number);
}

static void block_signals(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaddset(&set, fatal_signals[i]);
	sigprocmask(SIG_BLOCK, &set, old);
}

/* A signal that the caller had us ignore (nohup) stays ignored */
static void catch_signals(void)
{
	struct sigaction action = { .sa_flags = SA_RESETHAND };
	struct sigaction old;

	action.sa_handler = remove_and_die;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < SIGNAL_COUNT; i++) {
		if (!sigaction(fatal_signals[i], NULL, &old) &&
		    old.sa_handler != SIG_IGN)
			sigaction(fatal_signals[i], &action, NULL);
	}
}

/* The mode that open() would have given it; mkstemp() gives 0600 */
static mode_t default_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* "dir/.planefd-XXXXXX" */
static char *beside(const char *path)
{
	char *copy = strdup(path);
	char *name = NULL;

	if (copy && asprintf(&name, "%s/.planefd-XXXXXX", dirname(copy)) < 0)
		name = NULL;
	free(copy);
	return name;
}

static int open_temporary(struct outfile *outfile)
{
	sigset_t old;
	int ret;

	outfile->temporary = beside(outfile->path);
	if (!outfile->temporary)
		return -ENOMEM;
	size_t size = strlen(outfile->temporary) + 1;
	if (size > sizeof(pending))
		return -ENAMETOOLONG;

	block_signals(&old);
	catch_signals();
	int fd = mkostemp(outfile->temporary, O_CLOEXEC);
	ret = fd < 0 ? -errno : fd;
	if (fd >= 0)
		memcpy(pending, outfile->temporary, size);
	sigprocmask(SIG_SETMASK, &old, NULL);

	if (ret >= 0 && fchmod(ret, default_mode()) < 0) {
		ret = -errno;
		close(fd);
	}
	return ret;
}

/* Returns a fd. Leaves path NULL where the file is written directly. */
static int open_target(struct outfile *outfile, const char *path)
{
	struct stat st;

	int fd;

	if (!strcmp(path, "-")) {
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? -errno : fd;
	}

	bool exists = !stat(path, &st);
	if (exists && S_ISDIR(st.st_mode))
		return -EISDIR;
	if (exists && !S_ISREG(st.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return fd < 0 ? -errno : fd;
	}

	/* Through a symbolic link: the link stays, what it names is replaced */
	outfile->path = exists ? realpath(path, NULL) : strdup(path);
	if (!outfile->path)
		return -errno;
	return open_temporary(outfile);
}

int outfile_open(struct outfile *outfile, const char *path)
{
	*outfile = (struct outfile){ 0 };

	int fd = open_target(outfile, path);
	if (fd >= 0) {
		outfile->stream = fdopen(fd, "w");
		if (outfile->stream)
			return 0;
		fd = -errno;
	}
	outfile_abort(outfile);
	return fd;
}

/* Forget it, and remove the temporary file if it still has its name */
static void drop(struct outfile *outfile, bool remove)
{
	sigset_t old;

	block_signals(&old);
	if (remove && pending[0])
		unlink(pending);
	pending[0] = '\0';
	sigprocmask(SIG_SETMASK, &old, NULL);

	free(outfile->path);
	free(outfile->temporary);
	*outfile = (struct outfile){ 0 };
}

int outfile_commit(struct outfile *outfile)
{
	int ret = 0;

	if (fflush(outfile->stream) ||
	    (outfile->path && fsync(fileno(outfile->stream)) < 0))
		ret = -errno;
	if (fclose(outfile->stream) && !ret)
		ret = -errno;
	outfile->stream = NULL;

	if (!ret && outfile->path &&
	    rename(outfile->temporary, outfile->path) < 0)
		ret = -errno;
	drop(outfile, ret != 0);
	return ret;
}

void outfile_abort(struct outfile *outfile)
{
	if (outfile->stream)
		fclose(outfile->stream);
	drop(outfile, true);
}
