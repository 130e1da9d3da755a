// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A dma-buf's release comes with the end of its dentry, which an O_PATH file
 * keeps longer than the dma-buf's own file. Whoever gives out the same dma-buf
 * again by a pointer to that file then gives out whatever has its memory now.
 */
#include "bochs.h"
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Enough that a cache of a few does not hold on to the first */
#define OTHERS 40
#define FILES 3000

/* As SECURITY.md has it */
#define MAX_OPENINGS 4

static const struct bochs_mode mode = {
	.width = 640,
	.height = 480,
	.bpp = 32,
	.virt_width = 640,
};

static int open_path(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return (int)CHECK_OK(open(path, O_PATH | O_CLOEXEC));
}

static void check_is_dmabuf(int fd, size_t size)
{
	char path[64], link[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_OK(readlink(path, link, sizeof(link) - 1));
	CHECK(!strncmp(link, "/dmabuf:", 8));
	CHECK_EQ(lseek(fd, 0, SEEK_END), size);
}

/* Have the manager give out many others, each closed at once */
static void show_others(const struct device *device, int manager)
{
	unsigned int i;

	for (i = 1; i <= OTHERS; i++) {
		bochs_pan(device, 0, (uint16_t)i);
		close(plane_create_ok(manager, 0, NULL));
	}
}

/*
 * Take the memory of files that were freed: on the processor that freed them,
 * and only once the kernel's grace period for them is over, which a global
 * membarrier waits for.
 */
static void reuse_files(void)
{
	struct rlimit limit = {FILES + 100, FILES + 100};
	unsigned int i;

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < 5; i++)
		CHECK_OK(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0));
	for (i = 0; i < FILES; i++)
		CHECK_OK(open("/proc/version", O_RDONLY));
}

static void stay_on_one_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	CHECK_OK(sched_setaffinity(0, sizeof(set), &set));
}

TEST("a buffer whose file is closed and whose dentry is held is made anew")
{
	struct vfio_dmabuf_mgr_plane_info info;
	struct device device;
	unsigned char *map;
	int manager, first, path, again;

	stay_on_one_processor();
	bochs_create(&device, TYPE_16M, &mode);
	manager = manager_open(&device);
	first = plane_create_ok(manager, 0, &info);
	path = open_path(first);
	show_others(&device, manager);
	close(first);
	show_others(&device, manager);
	reuse_files();

	bochs_pan(&device, 0, 0);
	again = plane_create_ok(manager, 0, &info);
	check_is_dmabuf(again, info.size);
	map = plane_map(again, &info, PROT_READ);
	CHECK_ALL(map, 0, info.size);
	close(path);
}

TEST("a dentry that is held outlives device and manager fd and does no harm")
{
	struct vfio_dmabuf_mgr_plane_info info;
	struct device device;
	int manager, dmabuf, path;

	bochs_create(&device, TYPE_16M, &mode);
	manager = manager_open(&device);
	dmabuf = plane_create_ok(manager, 0, &info);
	path = open_path(dmabuf);
	close(dmabuf);
	device_remove(&device);
	close(manager);
	CHECK_OK(close(path));
}

TEST("a dentry that is held keeps no VRAM once the dma-buf is closed")
{
	struct device device;
	int manager, dmabuf;
	unsigned int i;

	bochs_create(&device, TYPE_16M, &mode);
	for (i = 0; i < MAX_OPENINGS; i++) {
		manager = manager_open(&device);
		dmabuf = plane_create_ok(manager, 0, NULL);
		open_path(dmabuf);
		device_close(&device);
		CHECK_OK(close(dmabuf));
		CHECK_OK(close(manager));
		device_open(&device);
		bochs_set_mode(&device, &mode);
	}
	plane_create_ok(manager_open(&device), 0, NULL);
}

TEST("buffers closed at once never use up the device's buffers")
{
	struct device device;
	unsigned int i;
	int manager;

	bochs_create(&device, TYPE_16M, &mode);
	manager = manager_open(&device);
	for (i = 0; i < 20; i++)
		show_others(&device, manager);
}
