// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an administrator sees: fdinfo of a manager fd, and the tracepoints.
 */
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#define TRACING "/sys/kernel/tracing"
#define EVENTS TRACING "/events/vfio_dmabuf_mgr"

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};

static struct device device;
static int manager;

static char text[1 << 20];

static void read_file(const char *path)
{
	size_t length = 0;
	ssize_t size;
	int fd = (int)CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));

	while ((size = CHECK_OK(read(fd, text + length,
				     sizeof(text) - 1 - length))) > 0)
		length += (size_t)size;
	text[length] = 0;
	close(fd);
}

static void write_file(const char *path, const char *what)
{
	int fd = (int)CHECK_OK(open(path, O_WRONLY | O_TRUNC | O_CLOEXEC));

	CHECK_EQ(write(fd, what, strlen(what)), (ssize_t)strlen(what));
	close(fd);
}

static void read_fdinfo(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", manager);
	read_file(path);
}

static void check_has(const char *part)
{
	if (!strstr(text, part))
		test_fail(__FILE__, __LINE__, "\"%s\" is not in:\n%s", part,
			  text);
}

static void check_has_not(const char *part)
{
	if (strstr(text, part))
		test_fail(__FILE__, __LINE__, "\"%s\" is in:\n%s", part, text);
}

TEST("fdinfo names the device, the rights and each plane, off and on")
{
	device_create(&device, TYPE_16M);
	manager = manager_open(&device);
	read_fdinfo();
	check_has(device.uuid);
	check_has("rights:\twritable");
	check_has("plane-0x1:\toff");
	check_has("buffers:\t0");
	bochs_set_mode(&device, &vga);
	read_fdinfo();
	check_has("plane-0x1:\t640x480 XR24");
	check_has("stride 2560");
}

TEST("fdinfo tells of rights that were dropped")
{
	struct vfio_dmabuf_mgr_drop_rights drop = {
		.argsz = sizeof(drop),
		.rights = VFIO_DMABUF_MGR_RIGHT_WRITABLE,
	};

	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_DROP_RIGHTS, &drop));
	read_fdinfo();
	check_has("rights:\tnone");
}

TEST("fdinfo lists the live dma-bufs by id, size, access and inode")
{
	char line[128];
	uint64_t id;
	int dmabuf;

	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	id = plane_buffer_id(manager);
	dmabuf = plane_create_ok(manager, 0, NULL);
	read_fdinfo();
	check_has("buffers:\t1");
	snprintf(line, sizeof(line), "buffer-%llu:\t%d bytes ro inode %llu\n",
		 (unsigned long long)id, 640 * 480 * 4,
		 (unsigned long long)dmabuf_inode(dmabuf));
	check_has(line);
	dmabuf =
		plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE, NULL);
	read_fdinfo();
	check_has("buffers:\t2");
	snprintf(line, sizeof(line), "buffer-%llu:\t%d bytes rw inode %llu\n",
		 (unsigned long long)id, 640 * 480 * 4,
		 (unsigned long long)dmabuf_inode(dmabuf));
	check_has(line);
}

TEST("fdinfo can still be read after the device is gone")
{
	int dmabuf;

	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	dmabuf = plane_create_ok(manager, 0, NULL);
	device_remove(&device);
	read_fdinfo();
	check_has(device.uuid);
	check_has_not("plane-0x1:");
	check_has("buffers:\t1");
	CHECK_OK(close(dmabuf));
	read_fdinfo();
	check_has("buffers:\t0");
}

/* The tracer's own state is the machine's: off again after each test */
static void stop_tracing(void)
{
	int fd = open(EVENTS "/enable", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "0", 1) < 0)
		perror("# " EVENTS "/enable");
	close(fd);
}

__attribute__((constructor)) static void clean_up(void)
{
	test_after_each(stop_tracing);
}

static void start_tracing(void)
{
	if (access(TRACING "/trace", F_OK))
		CHECK_OK(mount("tracefs", TRACING, "tracefs", 0, NULL));
	/*
	 * Names of processes are recorded by a tracepoint in the scheduler.
	 * Patching code that another processor is running hangs QEMU 7.2's TCG
	 * once in some thirty times; code of ours runs for this test alone.
	 */
	write_file(TRACING "/options/record-cmd", "0");
	write_file(EVENTS "/enable", "1");
	write_file(TRACING "/tracing_on", "1");
	write_file(TRACING "/trace", "");
}

/* One event of this name, of this device, with this in it */
static void check_event(const char *name, const char *part)
{
	char start[128], *line, *end;

	snprintf(start, sizeof(start), "vfio_dmabuf_mgr_%s: device=%s", name,
		 device.uuid);
	for (line = strstr(text, start); line; line = strstr(end, start)) {
		end = strchr(line, '\n');
		CHECK(end);
		*end = 0;
		if (strstr(line, part)) {
			*end = '\n';
			return;
		}
		*end = '\n';
	}
	test_fail(__FILE__, __LINE__, "no %s with \"%s\" in:\n%s", name, part,
		  text);
}

/* Its last reference goes a moment after all that was done */
static bool is_released(void *arg)
{
	(void)arg;
	read_file(TRACING "/trace");
	return strstr(text, "vfio_dmabuf_mgr_release:");
}

TEST("open, query, create, change, release, close and revoke are traced")
{
	union plane_query query;
	int dmabuf;

	device_create(&device, TYPE_16M);
	start_tracing();
	manager = manager_open(&device);
	bochs_set_mode(&device, &vga);
	plane_query_ok(manager, &query);
	dmabuf = plane_create_ok(manager, 0, NULL);
	CHECK_OK(close(dmabuf));
	device_close(&device);
	CHECK_OK(close(manager));
	CHECK(test_wait(is_released, NULL, 10));
	check_event("open", "");
	check_event("change", "plane=0x1");
	check_event("query", "plane=0x1 on=1");
	check_event("query", "640x480");
	check_event("create", "writable=0");
	check_event("revoke", "");
	check_event("release", "writable=0");
	check_event("close", "");
}

TEST("what was exported already is not traced as created again")
{
	const char *first;

	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	start_tracing();
	plane_create_ok(manager, 0, NULL);
	plane_create_ok(manager, 0, NULL);
	read_file(TRACING "/trace");
	first = strstr(text, "vfio_dmabuf_mgr_create:");
	CHECK(first);
	CHECK(!strstr(first + 1, "vfio_dmabuf_mgr_create:"));
}
