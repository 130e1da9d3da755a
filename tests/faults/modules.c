// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading the modules, with faults in what comes last: the module's own
 * beginning, and what the kernel does around it. What the kernel's loader does
 * before that for any module is not walked, since it logs what it has no memory
 * for. Its tracepoint tells where the one ends and the other begins.
 */
#include "modules.h"
#include "device.h"
#include "display.h"
#include "fault.h"
#include "virtio_gpu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define TRACING "/sys/kernel/debug/tracing"
#define EVENT TRACING "/events/module/module_load/enable"

static const char *module;
static int file;

static void trace(const char *on)
{
	int fd = open(EVENT, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		test_skip("this kernel does not trace modules: no %s", EVENT);
	CHECK_EQ(write(fd, on, 1), 1);
	close(fd);
}

static void leave_as_found(void)
{
	int fd = open(EVENT, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "0", 1) != 1)
		printf("# cannot end tracing\n");
	close(fd);
	modules_load();
}

__attribute__((constructor)) static void clean_up_after_each(void)
{
	test_after_each(leave_as_found);
}

static void forget_trace(void)
{
	CHECK_OK(close((int)CHECK_OK(
		open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC))));
}

/* The loader has come to the module's own beginning */
static bool reached(void)
{
	FILE *trace = fopen(TRACING "/trace", "re");
	char expected[64], text[256];
	bool found = false;

	CHECK(trace);
	snprintf(expected, sizeof(expected), "module_load: %s ", module);
	while (fgets(text, sizeof(text), trace))
		found |= strstr(text, expected) != NULL;
	fclose(trace);
	return found;
}

static void unload_all(void)
{
	static const char *const all[] = {MODULE_BOCHS, MODULE_VIRTIO_GPU,
					  MODULE_DISPLAY, MODULE_VDEV,
					  MODULE_MGR};
	unsigned int i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (module_loaded(all[i]))
			CHECK_OK(module_remove(all[i]));
}

/* All that it needs is there, and it is not */
static void set_up(const char *name)
{
	static const char *const below[] = {MODULE_MGR, MODULE_VDEV};
	struct utsname system;
	char path[256];
	unsigned int i;

	trace("1");
	unload_all();
	module = name;
	for (i = 0; i < 2 && strcmp(name, below[i]) != 0; i++)
		module_load(below[i]);
	CHECK_OK(uname(&system));
	snprintf(path, sizeof(path), "/lib/modules/%s/updates/%s.ko",
		 system.release, name);
	file = (int)CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
}

static long run(void)
{
	return syscall(SYS_finit_module, file, "", 0);
}

/* Nothing of it is left */
static void check(void)
{
	static const char *const places[] = {
		"/sys/module",		"/sys/class",
		"/sys/class/mdev_bus",	"/sys/bus/mdev/drivers",
		"/sys/devices/virtual",
	};
	char path[128];
	unsigned int i;

	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(path, sizeof(path), "%s/%s", places[i], module);
		if (!access(path, F_OK))
			test_fail(__FILE__, __LINE__, "%s is left", path);
	}
}

static void undo(long result)
{
	CHECK_EQ(result, 0);
	CHECK(module_loaded(module));
	CHECK_OK(module_remove(module));
	check();
}

/* It loads as ever, and nothing holds what it needs */
static void tear_down(void)
{
	CHECK_OK(run());
	undo(0);
	unload_all();
}

static void tear_down_device(const char *type)
{
	char uuid[UUID_SIZE];

	CHECK_OK(run());
	CHECK_EQ(mdev_create(type, uuid), 0);
	CHECK_EQ(mdev_remove(uuid), 0);
	undo(0);
	unload_all();
}

static void tear_down_bochs(void)
{
	tear_down_device(TYPE_16M);
}

static void tear_down_gpu(void)
{
	tear_down_device(TYPE_GPU_1);
}

static void set_up_mgr(void)
{
	set_up(MODULE_MGR);
}

static void set_up_vdev(void)
{
	set_up(MODULE_VDEV);
}

static void set_up_bochs(void)
{
	set_up(MODULE_BOCHS);
}

static void set_up_gpu(void)
{
	set_up(MODULE_VIRTIO_GPU);
}

/* 6.12's module_add_driver() has EINVAL where a directory cannot be made */
static const int driver_errnos[] = {ENOMEM, EINVAL, 0};

WALK("loading vfio_dmabuf_mgr", .set_up = set_up_mgr, .prepare = forget_trace,
     .run = run, .reached = reached, .check = check, .undo = undo,
     .tear_down = tear_down, .dear = true, .sites = 3)

WALK("loading vfio_vdev", .set_up = set_up_vdev, .prepare = forget_trace,
     .run = run, .reached = reached, .check = check, .undo = undo,
     .tear_down = tear_down, .dear = true, .sites = 1)

WALK("loading vfio_bochs", .set_up = set_up_bochs, .prepare = forget_trace,
     .run = run, .reached = reached, .check = check, .undo = undo,
     .tear_down = tear_down_bochs, .errnos = driver_errnos, .dear = true,
     .sites = 20)

WALK("loading vfio_virtio_gpu", .set_up = set_up_gpu, .prepare = forget_trace,
     .run = run, .reached = reached, .check = check, .undo = undo,
     .tear_down = tear_down_gpu, .errnos = driver_errnos, .dear = true,
     .sites = 20)

TEST_WITHIN(120, "kmemleak finds nothing after all these faults")
{
	fault_check_leaks();
}
