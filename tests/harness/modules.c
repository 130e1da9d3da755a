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
#include <unistd.h>

int module_remove(const char *name)
{
	return (int)syscall(SYS_delete_module, name, O_NONBLOCK);
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
