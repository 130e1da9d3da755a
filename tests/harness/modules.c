// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernel modules, see modules.h.
 */
#include "modules.h"

#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

int module_remove(const char *name)
{
	return (int)syscall(SYS_delete_module, name, O_NONBLOCK);
}

void module_load(const char *name)
{
	struct utsname system;
	char path[256];
	int fd;

	if (module_loaded(name))
		return;
	CHECK_OK(uname(&system));
	snprintf(path, sizeof(path), "/lib/modules/%s/updates/%s.ko",
		 system.release, name);
	fd = (int)CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
	CHECK_OK(syscall(SYS_finit_module, fd, "", 0));
	close(fd);
}

bool module_loaded(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return !access(path, F_OK);
}

static long references_of(const char *name)
{
	char path[128], text[32];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	CHECK(fgets(text, sizeof(text), file));
	fclose(file);
	return strtol(text, NULL, 10);
}

long module_users(const char *name)
{
	long users = references_of(name);
	struct dirent *entry;
	char path[128];
	DIR *holders;

	snprintf(path, sizeof(path), "/sys/module/%s/holders", name);
	holders = opendir(path);
	if (!holders)
		return users;
	while ((entry = readdir(holders)))
		users -= entry->d_name[0] != '.';
	closedir(holders);
	return users;
}

void modules_load(void)
{
	if (module_loaded(MODULE_BOCHS))
		return;
	if (system("modprobe " MODULE_BOCHS))
		printf("# cannot load " MODULE_BOCHS " again\n");
}
