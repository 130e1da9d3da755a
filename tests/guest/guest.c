// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process that is all of a guest's user space. It loads the kernel's
 * modules itself: a static program needs neither a C library in the guest nor a
 * shell, and starts at once.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

void guest_stop(void)
{
	for (;;)
		pause();
}

void guest_fail(const char *what)
{
	printf("guest: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	/* What waits for the guest sees that its QEMU, told not to, ends */
	reboot(RB_AUTOBOOT);
	guest_stop();
}

/* Each line of the list: path of a module, then its parameters */
static void load_modules(const char *list)
{
	char line[256], *parameters;
	FILE *file = fopen(list, "re");
	int fd;

	if (!file)
		guest_fail(list);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		parameters = strchr(line, ' ');
		if (parameters)
			*parameters++ = '\0';
		fd = open(line, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd,
				      parameters ? parameters : "", 0))
			guest_fail(line);
		close(fd);
	}
	fclose(file);
}

void guest_start(void)
{
	if (mount("dev", "/dev", "devtmpfs", 0, NULL))
		guest_fail("no /dev");
	load_modules("/modules");
}
