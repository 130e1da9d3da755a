// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Doing it again and again: nothing oopses, leaks or grows.
 */
#include "planes.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ROUNDS 100000
#define SECONDS 400
/* A leak of 100 bytes a round would be 10 MB */
#define MAY_GROW_KB 6000

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};

static struct device device;
static int manager;

static long meminfo_kb(const char *name)
{
	char line[128];
	long value = -1;
	FILE *file = fopen("/proc/meminfo", "re");

	CHECK(file);
	while (value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			value = atol(line + strlen(name));
	fclose(file);
	CHECK_GE(value, 0);
	return value;
}

/* What the kernel allocated for itself */
static long kernel_kb(void)
{
	return meminfo_kb("SUnreclaim:") + meminfo_kb("VmallocUsed:") +
	       meminfo_kb("Percpu:") + meminfo_kb("PageTables:");
}

/* Files are freed after a grace period, so give what was freed time to go */
static bool is_back(void *arg)
{
	const long *before = arg;

	return kernel_kb() - before[0] < MAY_GROW_KB &&
	       before[1] - meminfo_kb("MemAvailable:") < 8 * MAY_GROW_KB;
}

/* In a debug kernel fewer: it sees each mistake at the first round already */
static void repeat(void (*round)(unsigned int nr), unsigned int count)
{
	unsigned int fds = test_fds();
	long before[2];
	unsigned int nr;

	if (test_slow() > 1) {
		count /= 10 * test_slow();
		test_note("%u rounds in a debug kernel", count);
	}
	/* Caches fill first */
	for (nr = 0; nr < count / 10 && nr < 2000; nr++)
		round(nr);
	before[0] = kernel_kb();
	before[1] = meminfo_kb("MemAvailable:");
	for (nr = 0; nr < count; nr++)
		round(nr);
	CHECK_EQ(test_fds(), fds);
	if (!test_wait(is_back, before, 20))
		test_fail(__FILE__, __LINE__,
			  "kernel memory grew from %ld to %ld kB, what is "
			  "available fell from %ld to %ld kB",
			  before[0], kernel_kb(), before[1],
			  meminfo_kb("MemAvailable:"));
}

static void manager_round(unsigned int nr)
{
	union plane_query query;

	(void)nr;
	plane_query_ok(manager, &query);
	CHECK_EQ(query.base.plane_info.width, vga.width);
	CHECK_OK(close(plane_create_ok(manager, 0, NULL)));
}

TEST_WITHIN(SECONDS, "query, create, close run 100,000 rounds on a manager fd")
{
	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	repeat(manager_round, ROUNDS);
}

/* The plane is on and this wide */
static void gfx_get(unsigned int width)
{
	struct vfio_device_gfx_plane_info info = {
		.argsz = sizeof(info),
		.flags = VFIO_GFX_PLANE_TYPE_DMABUF,
		.drm_plane_type = VFIO_DMABUF_MGR_PLANE_PRIMARY,
	};

	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_QUERY_GFX_PLANE, &info));
	CHECK_EQ(info.width, width);
	CHECK_OK(close((int)CHECK_OK(ioctl(
		device.fd, VFIO_DEVICE_GET_GFX_DMABUF, &info.dmabuf_id))));
}

static void gfx_round(unsigned int nr)
{
	(void)nr;
	gfx_get(vga.width);
}

TEST_WITHIN(SECONDS, "query, get, close run 100,000 rounds on the device fd")
{
	bochs_create(&device, TYPE_16M, &vga);
	repeat(gfx_round, ROUNDS);
}

static void both_round(unsigned int nr)
{
	manager_round(nr);
	gfx_round(nr);
}

TEST_WITHIN(SECONDS, "both ABIs take turns for 20,000 rounds")
{
	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	repeat(both_round, ROUNDS / 5);
}

/* Three pictures in turn: more than the manager keeps for itself */
static void flip_round(unsigned int nr)
{
	bochs_write(&device, DISPI_Y_OFFSET, (uint16_t)(nr % 3));
	CHECK_OK(close(plane_create_ok(manager, 0, NULL)));
}

TEST_WITHIN(SECONDS, "a viewer of a guest that flips makes 30,000 dma-bufs")
{
	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	repeat(flip_round, 30000);
}

static void open_round(unsigned int nr)
{
	(void)nr;
	CHECK_OK(close(manager_open(&device)));
}

TEST_WITHIN(SECONDS, "manager fds are opened and closed for 20,000 rounds")
{
	bochs_create(&device, TYPE_16M, &vga);
	repeat(open_round, ROUNDS / 5);
}

/* 640 to 1639 wide and 10 different heights: no two of 10,000 modes equal */
static void mode_round(unsigned int nr)
{
	struct bochs_mode mode = {
		.width = (uint16_t)(640 + nr % 1000),
		.height = (uint16_t)(480 + nr / 1000 % 10),
		.bpp = 32,
	};
	struct vfio_dmabuf_mgr_plane_info info;

	bochs_set_mode(&device, &mode);
	CHECK_OK(close(plane_create_ok(manager, 0, &info)));
	CHECK_EQ(info.width, mode.width);
	gfx_get(mode.width);
}

TEST_WITHIN(SECONDS, "a guest that sets 10,000 different modes costs no memory")
{
	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	repeat(mode_round, 10000);
}

static void device_round(unsigned int nr)
{
	(void)nr;
	device_open(&device);
	bochs_set_mode(&device, &vga);
	region_set(&device, BAR0, 0, 4, nr);
	manager = manager_open(&device);
	CHECK_OK(close(plane_create_ok(manager, 0, NULL)));
	CHECK_OK(close(manager));
	device_close(&device);
}

TEST_WITHIN(SECONDS, "the device is opened, shown and closed for 1,000 rounds")
{
	CHECK_EQ(mdev_create(TYPE_16M, device.uuid), 0);
	repeat(device_round, 1000);
}
