// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A viewer that watches a dma-buf's file with inotify, and closes it. What the
 * kernel tells a watch takes memory of its owner's cgroup, for which it can have
 * whoever puts the file last wait: a VMM, or a worker of the kernel's.
 */
#include "display.h"
#include "modules.h"
#include "planes.h"
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct bochs_mode mode = {64, 64, 32, 0, 0, 0};

static struct device device;
static int inotify;

/* The fd's file, with all that can be told of it; returns the watch */
static int watch(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return (int)CHECK_OK(inotify_add_watch(inotify, path, IN_ALL_EVENTS));
}

static bool is_unused(void *module)
{
	return !module_users(module);
}

/* Close it and all else that has it. Once nobody uses its module it was put. */
static void end_all(int dmabuf, int manager, char *module)
{
	CHECK_OK(close(dmabuf));
	CHECK_OK(close(manager));
	CHECK_GT(module_users(module), 0);
	device_remove(&device);
	CHECK(test_wait(is_unused, module, 10));
}

/* Close the other file, whose watch is told; no other was */
static void check_told_only_of(int fd, int watch)
{
	struct inotify_event event;
	unsigned int nr = 0;

	CHECK_OK(close(fd));
	while (read(inotify, &event, sizeof(event)) == sizeof(event)) {
		CHECK_EQ(event.wd, watch);
		nr++;
	}
	CHECK_EQ(errno, EAGAIN);
	CHECK_GT(nr, 0);
}

/* Another file, and its watch */
static int start(int *watched)
{
	int fd = (int)CHECK_OK(memfd_create("other", MFD_CLOEXEC));

	inotify = (int)CHECK_OK(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	*watched = watch(fd);
	return fd;
}

TEST("a watch is not told of a dma-buf, whoever puts it last")
{
	static char module[] = MODULE_MGR;
	int manager, dmabuf, other, watched;

	other = start(&watched);
	bochs_create(&device, TYPE_16M, &mode);
	manager = manager_open(&device);
	dmabuf = plane_create_ok(manager, 0, NULL);
	watch(dmabuf);
	end_all(dmabuf, manager, module);
	check_told_only_of(other, watched);
}

TEST("nor is it of a vendor's own")
{
	static const struct display_picture picture = {
		FOURCC_XRGB8888, 64, 32, 256, MEMORY_VENDOR, 0,
	};
	static char module[] = MODULE_DISPLAY;
	int manager, dmabuf, other, watched;

	other = start(&watched);
	display_create(&device);
	manager = manager_open(&device);
	display_show(&device, PRIMARY, &picture);
	dmabuf = plane_create_ok(manager, 0, NULL);
	watch(dmabuf);
	end_all(dmabuf, manager, module);
	check_told_only_of(other, watched);
}
