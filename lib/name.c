// SPDX-License-Identifier: MIT
/*
 * The name of a VFIO device that gives no manager to ask: sysfs tells which
 * device a character device is of, and which devices are in a group.
 */
#include "private.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Cut as the kernel's manager cuts it */
static void set_name(char name[PLANEFD_NAME_SIZE], const char *from)
{
	size_t length = strnlen(from, PLANEFD_NAME_SIZE - 1);

	memcpy(name, from, length);
	name[length] = '\0';
}

void planefd_private_cdev_name(int fd, char name[PLANEFD_NAME_SIZE])
{
	char path[64];
	char target[PATH_MAX];
	struct statx stx;

	*name = '\0';
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE,
		  &stx) < 0 || !S_ISCHR(stx.stx_mode))
		return;
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/device",
		 stx.stx_rdev_major, stx.stx_rdev_minor);
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return;
	target[length] = '\0';

	const char *last = strrchr(target, '/');
	set_name(name, last ? last + 1 : target);
}

static bool is_named(const struct planefd_found *found, int count,
		     const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(found[i].device, name))
			return true;
	return false;
}

/* "7", where a link of the directory is to /dev/vfio/7 */
static bool link_is_group(int fds, const char *link, char group[16])
{
	char target[64];
	char rest;

	ssize_t length = readlinkat(fds, link, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	return sscanf(target, "/dev/vfio/%15[0-9]%c", group, &rest) == 1;
}

/*
 * Look for devices of a group that are not found yet. name is the one that is,
 * or ""; false: there is another.
 */
static bool search_group(const char *group, const struct planefd_found *found,
			 int count, char name[PLANEFD_NAME_SIZE])
{
	char device[PLANEFD_NAME_SIZE];
	struct dirent *entry;
	char path[64];
	bool only = true;

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%s/devices",
		 group);
	DIR *devices = opendir(path);
	while (devices && only && (entry = readdir(devices))) {
		if (*entry->d_name == '.')
			continue;
		set_name(device, entry->d_name);
		if (is_named(found, count, device))
			continue;
		only = !*name || !strcmp(name, device);
		set_name(name, device);
	}
	if (devices)
		closedir(devices);
	return only;
}

bool planefd_private_group_name(DIR *fds, const struct planefd_found *found,
				int count, char name[PLANEFD_NAME_SIZE])
{
	struct dirent *entry;
	char group[16];
	bool only = true;

	*name = '\0';
	rewinddir(fds);
	while (only && (entry = readdir(fds)))
		if (link_is_group(dirfd(fds), entry->d_name, group))
			only = search_group(group, found, count, name);
	return only && *name;
}
