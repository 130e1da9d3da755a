// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tasks that wait for the manager's lock, which another viewer holds that does
 * not get on: as where a cgroup keeps that one from running. Here the device's
 * driver, kernel/test, keeps it waiting.
 */
#include "display.h"
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct device device;
static int manager;

static void query(void *unused)
{
	union plane_query answer;

	(void)unused;
	plane_query(manager, PRIMARY_ID(0), &answer);
}

static void create(void *unused)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;

	(void)unused;
	plane_create(manager, PRIMARY_ID(0), 0, &create);
}

static void get_info(void *unused)
{
	struct vfio_dmabuf_mgr_info info = {.argsz = sizeof(info)};

	(void)unused;
	ioctl(manager, VFIO_DMABUF_MGR_GET_INFO, &info);
}

static void drop_rights(void *unused)
{
	struct vfio_dmabuf_mgr_drop_rights drop = {.argsz = sizeof(drop)};

	(void)unused;
	ioctl(manager, VFIO_DMABUF_MGR_DROP_RIGHTS, &drop);
}

static void request_mode(void *unused)
{
	struct vfio_dmabuf_mgr_request_mode mode = {.argsz = sizeof(mode)};

	(void)unused;
	ioctl(manager, VFIO_DMABUF_MGR_REQUEST_MODE, &mode);
}

static void query_gfx(void *unused)
{
	struct vfio_device_gfx_plane_info info = {
		.argsz = sizeof(info),
		.flags = VFIO_GFX_PLANE_TYPE_DMABUF,
		.drm_plane_type = VFIO_DMABUF_MGR_PLANE_PRIMARY,
	};

	(void)unused;
	ioctl(device.fd, VFIO_DEVICE_QUERY_GFX_PLANE, &info);
}

static void get_gfx(void *unused)
{
	uint32_t id = 1;

	(void)unused;
	ioctl(device.fd, VFIO_DEVICE_GET_GFX_DMABUF, &id);
}

static void read_fdinfo(void *unused)
{
	char path[64], info[4096];
	int file;

	(void)unused;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", manager);
	file = (int)CHECK_OK(open(path, O_RDONLY));
	CHECK_GE(read(file, info, sizeof(info)), 0);
}

static void (*const calls[])(void *unused) = {
	query,	      create,	 get_info, drop_rights,
	request_mode, query_gfx, get_gfx,  read_fdinfo,
};

/* In a system call that does not end for now, asleep or not to be woken */
static bool is_waiting(void *pid)
{
	char path[64], stat[512];
	const char *end;
	bool waits;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)*(pid_t *)pid);
	file = fopen(path, "re");
	CHECK(file);
	CHECK(fgets(stat, sizeof(stat), file));
	fclose(file);
	end = strrchr(stat, ')');
	waits = end && (end[2] == 'D' || end[2] == 'S');
	return waits;
}

static bool has_ended(void *pid)
{
	return waitpid(*(pid_t *)pid, NULL, WNOHANG) == *(pid_t *)pid;
}

TEST_WITHIN(60, "a task that waits for another viewer can be killed")
{
	pid_t holder, waiter;
	unsigned int i;

	display_create(&device);
	manager = manager_open(&device);
	display_stall(&device, true);
	holder = test_fork(query, NULL);
	CHECK(test_wait(is_waiting, &holder, 10));
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		waiter = test_fork(calls[i], NULL);
		CHECK(test_wait(is_waiting, &waiter, 10));
		/* It waits and has not ended by itself */
		usleep(200000);
		CHECK(!has_ended(&waiter));
		CHECK_OK(kill(waiter, SIGKILL));
		if (!test_wait(has_ended, &waiter, 5))
			test_fail(__FILE__, __LINE__,
				  "call %u cannot be killed", i);
	}
	display_stall(&device, false);
	test_join(holder);
}
