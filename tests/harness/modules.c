// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernel modules, see modules.h.
 */
#include "modules.h"

#include "test.h"

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

void modules_load(void)
{
	if (module_loaded(MODULE_BOCHS))
		return;
	if (system("modprobe " MODULE_BOCHS))
		printf("# cannot load " MODULE_BOCHS " again\n");
}
