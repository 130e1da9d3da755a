// SPDX-License-Identifier: MIT
/*
 * A running VMM's displays, found from outside: /proc tells which of its fds
 * are VFIO devices, pidfd_getfd(2) lends each for as long as it takes to ask
 * for a manager fd.
 */
#include "private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What was seen of one process so far */
struct search {
	int pidfd;
	struct planefd_found *found;
	int count;
	bool denied;      /* something could not be looked at */
	bool no_manager;  /* a VFIO device has no dma-buf manager */
};

/* A zombie counts as gone: its files are closed */
static bool process_is_gone(int pidfd)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

/* Whether a character device is one of /dev/vfio/devices, by its class */
static bool is_vfio_cdev(unsigned int major, unsigned int minor)
{
	char path[64];
	char target[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/subsystem", major,
		 minor);
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';

	const char *name = strrchr(target, '/');
	return name && !strcmp(name + 1, "vfio-dev");
}

/*
 * Whether the link `name` of a /proc/PID/fd directory is a VFIO device: an
 * anonymous inode of that name when it came from a group, the character
 * device of its own when it was opened through /dev/vfio/devices.
 *
 * Returns 1 if so, 0 if not, -errno if that cannot be told.
 */
static int link_is_vfio_device(int dir, const char *name)
{
	char target[64];
	struct statx stx;

	ssize_t length = readlinkat(dir, name, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';

	if (!strcmp(target, "anon_inode:[vfio-device]"))
		return 1;
	if (target[0] != '/')
		return 0;

	/*
	 * Not synced: the file may lie on a file system that the process
	 * itself serves, and would never answer.
	 */
	if (statx(dir, name, AT_STATX_DONT_SYNC, STATX_TYPE, &stx) < 0)
		return 0;
	return S_ISCHR(stx.stx_mode) &&
	       is_vfio_cdev(stx.stx_rdev_major, stx.stx_rdev_minor);
}

/*
 * Whether our copy is still a VFIO device. The process may have closed it and
 * opened something else under its number before it was copied, and what
 * GET_FD's number means to another file is anyone's guess: to a VFIO container
 * it is "unmap".
 */
static bool copy_is_vfio_device(int fd)
{
	char name[16];

	int dir = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return false;
	snprintf(name, sizeof(name), "%d", fd);
	int ret = link_is_vfio_device(dir, name);
	close(dir);
	return ret == 1;
}

/* Errors that are the caller's or the machine's, not this one device's */
static bool is_shortage(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE ||
	       error == -ENOSYS;
}

/* Takes over the connection, also on error */
static int search_add(struct search *search, const struct planefd_found *one)
{
	for (int i = 0; one->planefd && i < search->count; i++) {
		if (!strcmp(search->found[i].device, one->device)) {
			planefd_close(one->planefd);
			return 0;
		}
	}

	struct planefd_found *found =
		reallocarray(search->found, search->count + 1, sizeof(*found));
	if (!found) {
		planefd_close(one->planefd);
		return -ENOMEM;
	}
	found[search->count++] = *one;
	search->found = found;
	return 0;
}

/* Ask one VFIO device of the process for a manager; -errno ends the search */
static int search_device(struct search *search, int number)
{
	struct planefd_found one = { .fd = number };

	int fd = (int)syscall(SYS_pidfd_getfd, search->pidfd, number, 0);
	if (fd < 0) {
		/* Anything else: it was closed, or the process is exiting */
		if (errno == EPERM || errno == EACCES)
			search->denied = true;
		return is_shortage(-errno) ? -errno : 0;
	}

	if (!copy_is_vfio_device(fd)) {
		close(fd);
		return 0;
	}

	one.error = planefd_open_device(fd, &one.planefd);
	if (!one.error)
		memcpy(one.device, one.planefd->device, sizeof(one.device));
	else if (one.error == -EUSERS)
		planefd_private_cdev_name(fd, one.device);
	close(fd);
	if (!one.error || one.error == -EUSERS)
		return search_add(search, &one);
	if (is_shortage(one.error))
		return one.error;
	/* A device that is being closed is as good as not there */
	if (one.error != -ENODEV)
		search->no_manager = true;
	return 0;
}

static int search_fds(struct search *search, DIR *fds)
{
	struct dirent *entry;

	while ((entry = readdir(fds))) {
		char *end;
		long number = strtol(entry->d_name, &end, 10);
		if (end == entry->d_name || *end || number > INT_MAX)
			continue;

		int ret = link_is_vfio_device(dirfd(fds), entry->d_name);
		if (ret == -EACCES || ret == -EPERM)
			search->denied = true;
		if (ret == 1)
			ret = search_device(search, (int)number);
		else
			ret = 0;
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Several fds of a full device are one display, where it has a name */
static void search_merge(struct search *search)
{
	int kept = 0;

	for (int i = 0; i < search->count; i++) {
		const struct planefd_found *one = &search->found[i];
		bool same = false;

		for (int j = 0; *one->device && !same && j < kept; j++)
			same = !strcmp(search->found[j].device, one->device);
		if (same)
			planefd_close(one->planefd);
		else
			search->found[kept++] = *one;
	}
	search->count = kept;
}

/*
 * A device that gives no manager does not tell its name. Where the process has
 * one device in its VFIO groups that is not named yet, that is the one.
 */
static void search_name(struct search *search, DIR *fds)
{
	char name[PLANEFD_NAME_SIZE];
	bool unnamed = false;

	for (int i = 0; i < search->count; i++)
		unnamed |= !*search->found[i].device;
	if (unnamed && planefd_private_group_name(fds, search->found,
						  search->count, name))
		for (int i = 0; i < search->count; i++)
			if (!*search->found[i].device)
				memcpy(search->found[i].device, name,
				       sizeof(name));
	search_merge(search);
}

static int search_process(struct search *search, pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *fds = opendir(path);
	int ret = -errno;

	/*
	 * Only a process that lives still has its number: after this look the
	 * directory, if it was opened, is the right one.
	 */
	bool gone = process_is_gone(search->pidfd);
	if (!fds) {
		if (gone)
			return -ESRCH;
		/* -ENOENT: a /proc that hides the processes of others */
		return ret == -EACCES || ret == -ENOENT ? -EPERM : ret;
	}

	ret = gone ? -ESRCH : search_fds(search, fds);
	if (!ret)
		search_name(search, fds);
	closedir(fds);
	return ret;
}

/* Why nothing was found */
static int search_explain(const struct search *search)
{
	if (process_is_gone(search->pidfd))
		return -ESRCH;
	if (search->denied)
		return -EPERM;
	if (search->no_manager)
		return -ENOTTY;
	return -ENODEV;
}

static void search_finish(struct search *search)
{
	for (int i = 0; i < search->count; i++)
		planefd_close(search->found[i].planefd);
	free(search->found);
}

/*
 * Zero, and at least one display found; the caller calls search_finish() or
 * takes over what was found. On error nothing is left to finish.
 */
static int search_start(struct search *search, pid_t pid)
{
	*search = (struct search){ 0 };

	/* EINVAL, of late ENOENT: a thread's number, no process's */
	search->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (search->pidfd < 0 && (errno == EINVAL || errno == ENOENT))
		return -ESRCH;
	if (search->pidfd < 0)
		return -errno;

	int ret = search_process(search, pid);
	if (!ret && !search->found)
		ret = search_explain(search);
	close(search->pidfd);
	if (ret)
		search_finish(search);
	return ret;
}

int planefd_search_process(pid_t pid, struct planefd_found **out)
{
	struct search search;

	*out = NULL;
	int ret = search_start(&search, pid);
	if (ret)
		return ret;
	*out = search.found;
	return search.count;
}

int planefd_open_process_all(pid_t pid, struct planefd ***out)
{
	struct search search;
	int count = 0;

	*out = NULL;
	int ret = search_start(&search, pid);
	if (ret)
		return ret;

	struct planefd **all =
		reallocarray(NULL, search.count, sizeof(struct planefd *));
	if (!all) {
		search_finish(&search);
		return -ENOMEM;
	}
	for (int i = 0; i < search.count; i++) {
		if (search.found[i].planefd)
			all[count++] = search.found[i].planefd;
		else
			ret = search.found[i].error;
	}
	free(search.found);
	if (!count) {
		free(all);
		return ret;
	}
	*out = all;
	return count;
}

/*
 * Which display is meant by this name, or by none. Or -ENODEV, -ENOTUNIQ, or
 * the error of a display that, having no name, may be the one.
 */
static int search_choose(const struct search *search, const char *device)
{
	int ret = -ENODEV;

	if (!device)
		return search->count == 1 ? 0 : -ENOTUNIQ;
	for (int i = 0; i < search->count; i++) {
		const struct planefd_found *one = &search->found[i];

		/* UUIDs: upper and lower case are the same */
		if (!strcasecmp(one->device, device))
			return i;
		if (!*one->device)
			ret = one->error;
	}
	return ret;
}

int planefd_open_process(pid_t pid, const char *device, struct planefd **out)
{
	struct search search;

	int ret = search_start(&search, pid);
	if (ret)
		return ret;

	ret = search_choose(&search, device);
	if (ret >= 0) {
		struct planefd_found *one = &search.found[ret];

		ret = one->error;
		if (!ret)
			*out = one->planefd;
		one->planefd = NULL;
	}
	search_finish(&search);
	return ret;
}
