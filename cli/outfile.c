// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes beside, syncs, renames. */
#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static const int fatal_signals[] = { SIGHUP, SIGINT, SIGTERM };

#define SIGNAL_COUNT (sizeof(fatal_signals) / sizeof(fatal_signals[0]))

/*
 * What a signal's handler has to remove. A global, for a handler is given
 * nothing; changed only while those signals are blocked.
 */
static struct outfile *pending;

static void remove_and_die(int number)
{
	for (const struct outfile *file = pending; file; file = file->next)
		unlink(file->temporary);
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

/* The access control list of a file, or none, as its directory may give one */
static int keep_acl(int fd, const char *path)
{
	static const char name[] = "system.posix_acl_access";
	char acl[4096];

	ssize_t size = getxattr(path, name, acl, sizeof(acl));
	int ret;

	if (size >= 0)
		ret = fsetxattr(fd, name, acl, (size_t)size, 0);
	else if (errno == ENODATA || errno == EOPNOTSUPP)
		ret = fremovexattr(fd, name);
	else
		return -errno;
	if (!ret || errno == ENODATA || errno == EOPNOTSUPP)
		return 0;
	return -errno;
}

/*
 * Let the new file be read by those who may read the old one, and nobody else.
 * Its mode is 0600 before.
 */
static int keep_mode(int fd, const char *path, const struct stat *old)
{
	mode_t mode = old->st_mode & 0777;

	/* The owner is root's to give, a group its members' */
	bool group = !fchown(fd, old->st_uid, old->st_gid) ||
		     !fchown(fd, (uid_t)-1, old->st_gid);
	if (!group || keep_acl(fd, path) < 0)
		mode &= 0700;
	return fchmod(fd, mode) < 0 ? -errno : 0;
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

/* Its mode is 0600 */
static int open_temporary(struct outfile *outfile)
{
	sigset_t old;

	outfile->temporary = beside(outfile->path);
	if (!outfile->temporary)
		return -ENOMEM;

	block_signals(&old);
	catch_signals();
	int fd = mkostemp(outfile->temporary, O_CLOEXEC);
	if (fd < 0) {
		fd = -errno;
	} else {
		outfile->next = pending;
		pending = outfile;
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return fd;
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
	fd = open_temporary(outfile);
	if (fd < 0 || !exists)
		return fd;

	int ret = keep_mode(fd, outfile->path, &st);
	if (ret < 0)
		close(fd);
	return ret < 0 ? ret : fd;
}

int outfile_open(struct outfile *outfile, const char *path)
{
	*outfile = (struct outfile){ 0 };

	int fd = open_target(outfile, path);
	if (fd >= 0) {
		outfile->stream = fdopen(fd, "w");
		if (outfile->stream)
			return 0;
		close(fd);
		fd = -ENOMEM;
	}
	outfile_abort(outfile);
	return fd;
}

/* Forget it, and remove the temporary file if it still has its name */
static void drop(struct outfile *outfile, bool remove)
{
	sigset_t old;

	block_signals(&old);
	for (struct outfile **at = &pending; *at; at = &(*at)->next) {
		if (*at != outfile)
			continue;
		if (remove)
			unlink(outfile->temporary);
		*at = outfile->next;
		break;
	}
	sigprocmask(SIG_SETMASK, &old, NULL);

	free(outfile->path);
	free(outfile->temporary);
	*outfile = (struct outfile){ 0 };
}

int outfile_finish(struct outfile *outfile)
{
	int ret = 0;

	if (fflush(outfile->stream) ||
	    (outfile->path && fsync(fileno(outfile->stream)) < 0))
		ret = -errno;
	if (fclose(outfile->stream) && !ret)
		ret = -errno;
	outfile->stream = NULL;
	if (ret < 0)
		drop(outfile, true);
	return ret;
}

int outfile_commit(struct outfile *outfile)
{
	int ret = 0;

	if (outfile->stream)
		ret = outfile_finish(outfile);
	if (ret < 0)
		return ret;

	if (outfile->path && rename(outfile->temporary, outfile->path) < 0)
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
