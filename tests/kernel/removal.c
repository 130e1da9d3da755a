// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which module can be removed while what lives.
 */
#include "modules.h"
#include "planes.h"
#include "test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};
#define PICTURE_SIZE (640 * 480 * 4)

static struct device device;
static unsigned char picture[PICTURE_SIZE];

__attribute__((constructor)) static void load_after_each(void)
{
	test_after_each(modules_load);
}

static void set_up(void)
{
	bochs_create(&device, TYPE_16M, &vga);
	bochs_picture(picture, sizeof(picture), 1);
	CHECK_EQ(region_write(&device, BAR0, 0, picture, sizeof(picture)),
		 sizeof(picture));
}

static bool try_remove(void *name)
{
	return !module_remove(name);
}

/*
 * It must be possible, if perhaps after what is left of a close: a file's
 * last reference goes a moment after its fd.
 */
static void remove_module(const char *name)
{
	char copy[32];

	strcpy(copy, name);
	if (!test_wait(try_remove, copy, 10))
		test_fail(__FILE__, __LINE__, "%s cannot be removed: %s", name,
			  strerror(errno));
	CHECK(!module_loaded(name));
}

static void check_refused(const char *name)
{
	CHECK_EQ(module_remove(name), -1);
	CHECK(errno == EBUSY || errno == EWOULDBLOCK);
	CHECK(module_loaded(name));
}

static void check_shows_picture(int dmabuf)
{
	struct vfio_dmabuf_mgr_plane_info info = {.size = PICTURE_SIZE};
	void *map = plane_map(dmabuf, &info, PROT_READ);

	CHECK_BYTES(map, picture, sizeof(picture));
	CHECK_OK(munmap(map, info.size));
}

TEST("all modules can be removed when nothing lives, and loaded again")
{
	unsigned int round;
	int manager;

	for (round = 0; round < 3; round++) {
		set_up();
		manager = manager_open(&device);
		CHECK_OK(close(plane_create_ok(manager, 0, NULL)));
		CHECK_OK(close(manager));
		device_remove(&device);
		remove_module(MODULE_BOCHS);
		remove_module(MODULE_VDEV);
		remove_module(MODULE_MGR);
		modules_load();
		CHECK(module_loaded(MODULE_BOCHS));
	}
}

TEST("no module can be removed while the device is open")
{
	set_up();
	check_refused(MODULE_BOCHS);
	check_refused(MODULE_VDEV);
	check_refused(MODULE_MGR);
}

TEST("a manager fd needs the manager's module alone")
{
	union plane_query query;
	int manager;

	set_up();
	manager = manager_open(&device);
	device_remove(&device);
	remove_module(MODULE_BOCHS);
	remove_module(MODULE_VDEV);
	check_refused(MODULE_MGR);
	CHECK_ERRNO(plane_query(manager, PRIMARY, &query), ENODEV);
	CHECK_OK(close(manager));
	remove_module(MODULE_MGR);
}

TEST("a dma-buf needs the manager's module alone")
{
	int manager, dmabuf;

	set_up();
	manager = manager_open(&device);
	dmabuf = plane_create_ok(manager, 0, NULL);
	CHECK_OK(close(manager));
	device_remove(&device);
	remove_module(MODULE_BOCHS);
	remove_module(MODULE_VDEV);
	check_refused(MODULE_MGR);
	check_shows_picture(dmabuf);
	CHECK_OK(close(dmabuf));
	remove_module(MODULE_MGR);
}

TEST("a mapping of a dma-buf needs the manager's module alone")
{
	struct vfio_dmabuf_mgr_plane_info info;
	int manager, dmabuf;
	void *map;

	set_up();
	manager = manager_open(&device);
	dmabuf = plane_create_ok(manager, 0, &info);
	map = plane_map(dmabuf, &info, PROT_READ);
	CHECK_OK(close(manager));
	CHECK_OK(close(dmabuf));
	device_remove(&device);
	remove_module(MODULE_BOCHS);
	remove_module(MODULE_VDEV);
	check_refused(MODULE_MGR);
	/* Faults come after the driver is gone */
	CHECK_BYTES(map, picture, sizeof(picture));
	CHECK_OK(munmap(map, info.size));
	remove_module(MODULE_MGR);
}

TEST("a device that exists and is not open does not keep its module")
{
	CHECK_EQ(mdev_create(TYPE_16M, device.uuid), 0);
	remove_module(MODULE_BOCHS);
	remove_module(MODULE_VDEV);
	remove_module(MODULE_MGR);
}

TEST("dma-bufs of a driver that was removed and loaded again stay as they were")
{
	int dmabuf, fresh;

	set_up();
	dmabuf = plane_create_ok(manager_open(&device), 0, NULL);
	device_remove(&device);
	remove_module(MODULE_BOCHS);
	modules_load();
	bochs_create(&device, TYPE_16M, &vga);
	fresh = plane_create_ok(manager_open(&device), 0, NULL);
	CHECK_NE(dmabuf_inode(dmabuf), dmabuf_inode(fresh));
	check_shows_picture(dmabuf);
}
