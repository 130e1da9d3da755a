// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that merely holds a VFIO device's fd, as any VMM does, and is
 * connected to from outside.
 */
#include <planefd.h>

#include "bochs.h"
#include "test.h"

#include <ctype.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOBODY 65534
#define PRIMARY 1

static const struct bochs_mode mode = {
	.width = 320, .height = 200, .bpp = 16,
};

static struct device device;

/* The VMM: its fds are those that it was forked with */
static void hold(void *arg)
{
	(void)arg;
	for (;;)
		pause();
}

TEST("a VMM's display is found by its pid, and its pixels are those drawn")
{
	unsigned char picture[320 * 200 * 2];
	struct planefd *planefd;
	struct planefd_info info;
	struct planefd_buffer *buffer;
	void *pixels;

	bochs_create(&device, TYPE_16M, &mode);
	bochs_picture(picture, sizeof(picture), 4);
	CHECK_EQ(region_write(&device, BAR0, 0, picture, sizeof(picture)),
		 sizeof(picture));

	pid_t vmm = test_fork(hold, NULL);
	unsigned int fds = test_fds();
	CHECK_EQ(planefd_open_process(vmm, NULL, &planefd), 0);
	/* The manager fd; the device fd was given back */
	CHECK_EQ(test_fds(), fds + 1);
	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_STR(info.device, device.uuid);
	CHECK_EQ(planefd_create(planefd, PRIMARY, 0, &buffer), 0);
	CHECK_EQ(planefd_buffer_map(buffer, &pixels), 0);
	CHECK_BYTES(pixels, picture, sizeof(picture));
	planefd_buffer_destroy(buffer);
	planefd_close(planefd);
	test_kill(vmm);
}

TEST("looking does not keep the device open when the VMM is killed")
{
	struct planefd *planefd;
	struct planefd_plane plane;

	bochs_create(&device, TYPE_16M, &mode);
	pid_t vmm = test_fork(hold, NULL);
	CHECK_EQ(planefd_open_process(vmm, NULL, &planefd), 0);
	device_close(&device);
	CHECK_EQ(planefd_query(planefd, PRIMARY, &plane), 0);
	test_kill(vmm);
	CHECK_EQ(planefd_wait(planefd, -1), -ENODEV);
	CHECK_EQ(planefd_query(planefd, PRIMARY, &plane), -ENODEV);
	planefd_close(planefd);
}

TEST("a device that a VMM has several fds of is one display")
{
	struct planefd **all;

	bochs_create(&device, TYPE_16M, &mode);
	CHECK_OK(dup(device.fd));
	pid_t vmm = test_fork(hold, NULL);
	CHECK_EQ(planefd_open_process_all(vmm, &all), 1);
	planefd_close(all[0]);
	free(all);
	test_kill(vmm);
}

TEST("of a VMM's several displays one is chosen by its UUID in either case")
{
	struct device other;
	struct planefd *planefd = NULL;
	struct planefd **all;
	struct planefd_info info;
	char name[UUID_SIZE];

	bochs_create(&device, TYPE_16M, &mode);
	bochs_create(&other, TYPE_16M, &mode);
	for (int i = 0; i < UUID_SIZE; i++)
		name[i] = (char)toupper((unsigned char)other.uuid[i]);
	pid_t vmm = test_fork(hold, NULL);

	CHECK_EQ(planefd_open_process(vmm, NULL, &planefd), -ENOTUNIQ);
	CHECK_EQ(planefd_open_process(vmm, "none", &planefd), -ENODEV);
	CHECK(!planefd);
	CHECK_EQ(planefd_open_process(vmm, name, &planefd), 0);
	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_STR(info.device, other.uuid);
	planefd_close(planefd);

	CHECK_EQ(planefd_open_process_all(vmm, &all), 2);
	planefd_close(all[0]);
	planefd_close(all[1]);
	free(all);
	test_kill(vmm);
}

TEST("a VMM that holds a manager fd but no device has no display")
{
	struct planefd *planefd = NULL;

	bochs_create(&device, TYPE_16M, &mode);
	int manager = manager_open(&device);
	device_close(&device);
	CHECK_EQ(planefd_open_process(getpid(), NULL, &planefd), -ENODEV);
	close(manager);
}

static void ask_as_nobody(void *arg)
{
	const pid_t *vmm = arg;
	struct planefd *planefd;

	/* Of what was inherited nothing may help */
	device_close(&device);
	CHECK_OK(setgroups(0, NULL));
	CHECK_OK(setgid(NOBODY));
	CHECK_OK(setuid(NOBODY));
	CHECK_EQ(planefd_open_process(*vmm, NULL, &planefd), -EPERM);
}

TEST("a VMM of another user is -EPERM")
{
	bochs_create(&device, TYPE_16M, &mode);
	pid_t vmm = test_fork(hold, NULL);

	test_join(test_fork(ask_as_nobody, &vmm));
	test_kill(vmm);
}

TEST("a VMM that ends while it is looked into is an error, never a hang")
{
	struct planefd *planefd;

	bochs_create(&device, TYPE_16M, &mode);
	for (int i = 0; i < 200; i++) {
		pid_t vmm = test_fork(hold, NULL);

		CHECK_OK(kill(vmm, SIGKILL));
		int ret = planefd_open_process(vmm, NULL, &planefd);
		if (!ret)
			planefd_close(planefd);
		else
			/* Its fds are closed a moment before it has gone */
			CHECK(ret == -ESRCH || ret == -ENODEV);
		test_kill(vmm);
	}
}
