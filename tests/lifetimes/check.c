// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is promised of whatever is left of a world.
 */
#include "world.h"

#include "bochs.h"
#include "display.h"
#include "gem.h"
#include "modules.h"
#include "planes.h"
#include "test.h"

#include <dirent.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUFINFO "/sys/kernel/debug/dma_buf/bufinfo"
/* What the test display's own dma-bufs are full of */
#define VENDOR_BYTE 0x5a
#define LEAVE_SECONDS 10

uint32_t scene_offset(const struct world *world, unsigned int scene)
{
	return world->display == BOCHS
		       ? scene * SCENE_STEP
		       : scene / (MEMORY_VENDOR + 1) * SCENE_STEP;
}

static unsigned char pictures[SCENES][SCENE_SIZE];
static unsigned char vendor_picture[SCENE_SIZE];

void scene_draw_all(void)
{
	unsigned int i;

	for (i = 0; i < SCENES; i++)
		bochs_picture(pictures[i], SCENE_SIZE, i + 1);
	memset(vendor_picture, VENDOR_BYTE, SCENE_SIZE);
}

const unsigned char *scene_picture(const struct world *world,
				   unsigned int scene)
{
	if (world->display == TEST_DISPLAY &&
	    scene % (MEMORY_VENDOR + 1) == SCENE_VENDOR)
		return vendor_picture;
	return pictures[scene];
}

/* From one scene that is in the BAR to the next */
static unsigned int bar_step(const struct world *world)
{
	return world->display == BOCHS ? 1 : MEMORY_VENDOR + 1;
}

static void check_buffer(const struct world *world, const struct thing *thing,
			 int dmabuf)
{
	struct vfio_dmabuf_mgr_plane_info info = {.size = SCENE_SIZE};
	void *map = plane_map(dmabuf, &info, PROT_READ);

	CHECK_EQ(lseek(dmabuf, 0, SEEK_END), SCENE_SIZE);
	CHECK_EQ(dmabuf_inode(dmabuf), thing->inode);
	CHECK_OK(dmabuf_sync(dmabuf, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_START));
	CHECK_BYTES(map, scene_picture(world, thing->scene), SCENE_SIZE);
	CHECK_OK(dmabuf_sync(dmabuf, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END));
	CHECK_OK(munmap(map, SCENE_SIZE));
}

/* The handle gives back the dma-buf that was imported */
static void check_import(const struct world *world, const struct thing *thing)
{
	int dmabuf = gem_export(thing->fd, thing->handle);

	check_buffer(world, thing, dmabuf);
	CHECK_OK(close(dmabuf));
}

/* All scenes that are in the BAR */
static void check_bar(const struct world *world, const struct thing *thing)
{
	const unsigned char *map = thing->map;
	unsigned int scene;

	for (scene = 0; scene < SCENES; scene += bar_step(world))
		CHECK_BYTES(map + scene_offset(world, scene),
			    scene_picture(world, scene), SCENE_SIZE);
}

void world_check_pictures(const struct world *world)
{
	unsigned int i;

	for (i = 0; i < world->count; i++) {
		const struct thing *thing = &world->things[i];

		if (!thing->alive)
			continue;
		if (thing->kind == BUFFER || thing->kind == WRITABLE)
			check_buffer(world, thing, thing->fd);
		else if (thing->kind == MAPPING)
			CHECK_BYTES(thing->map,
				    scene_picture(world, thing->scene),
				    SCENE_SIZE);
		else if (thing->kind == BAR)
			check_bar(world, thing);
	}
}

static short events_of(int manager)
{
	struct pollfd poll_for = {.fd = manager, .events = POLLIN | POLLOUT};

	CHECK_OK(poll(&poll_for, 1, 0));
	return poll_for.revents;
}

/* It looks, and exports what is shown now */
static void check_manager_open(const struct world *world, int manager)
{
	static const unsigned char zeros[SCENE_SIZE];
	struct vfio_dmabuf_mgr_plane_info info;
	const unsigned char *expected;
	union plane_query query;
	int dmabuf;
	void *map;

	CHECK_EQ(events_of(manager) & POLLHUP, 0);
	plane_query_ok(manager, &query);
	CHECK_EQ(query.base.plane_info.height, SCENE_LINES);
	dmabuf = plane_create_ok(manager, 0, &info);
	map = plane_map(dmabuf, &info, PROT_READ);
	expected = scene_picture(world, world->shown);
	if (world->renewed && world->shown % (MEMORY_VENDOR + 1) == SCENE_PAGES)
		expected = zeros;
	CHECK_BYTES(map, expected, SCENE_SIZE);
	CHECK_OK(munmap(map, SCENE_SIZE));
	CHECK_OK(close(dmabuf));
}

static void check_manager_gone(int manager)
{
	struct vfio_dmabuf_mgr_info info = {.argsz = sizeof(info)};
	struct vfio_dmabuf_mgr_drop_rights drop = {.argsz = sizeof(drop)};
	struct vfio_dmabuf_mgr_create_dmabuf create;
	union plane_query query;

	CHECK_EQ(events_of(manager), POLLHUP);
	CHECK_ERRNO(plane_query(manager, PRIMARY, &query), ENODEV);
	CHECK_ERRNO(plane_create(manager, PRIMARY, 0, &create), ENODEV);
	CHECK_ERRNO(ioctl(manager, VFIO_DMABUF_MGR_GET_INFO, &info), ENODEV);
	CHECK_ERRNO(ioctl(manager, VFIO_DMABUF_MGR_DROP_RIGHTS, &drop), ENODEV);
}

/* In the process that has the copies */
static void check_holder(const struct thing *thing)
{
	char byte = 0;

	CHECK_EQ(write(thing->fd, &byte, 1), 1);
	CHECK_EQ(read(thing->fd, &byte, 1), 1);
}

void world_check(const struct world *world)
{
	bool open = world_open(world);
	unsigned int i;

	world_check_pictures(world);
	for (i = 0; i < world->count; i++) {
		const struct thing *thing = &world->things[i];

		if (!thing->alive)
			continue;
		if (thing->kind == MANAGER && open)
			check_manager_open(world, thing->fd);
		else if (thing->kind == MANAGER)
			check_manager_gone(thing->fd);
		else if (thing->kind == IMPORT)
			check_import(world, thing);
		else if (thing->kind == HOLDER)
			check_holder(thing);
	}
}

void world_check_fresh(const struct world *world)
{
	static unsigned char bytes[SCENE_SIZE];
	struct device again = world->device;
	unsigned int scene;

	device_open(&again);
	for (scene = 0; scene < SCENES; scene += bar_step(world)) {
		uint32_t offset = scene_offset(world, scene);

		CHECK_EQ(region_read(&again, world->bar, offset, bytes,
				     SCENE_SIZE),
			 SCENE_SIZE);
		CHECK_ALL(bytes, 0, SCENE_SIZE);
		memset(bytes, 0xee, SCENE_SIZE);
		CHECK_EQ(region_write(&again, world->bar, offset, bytes,
				      SCENE_SIZE),
			 SCENE_SIZE);
	}
	/* What the last opening left shows none of that, and finds no device */
	world_check(world);
	device_close(&again);
}

static bool dmabuf_left(void)
{
	FILE *file = fopen(BUFINFO, "re");
	bool left = false;
	char line[256];

	/* Not every kernel tells */
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		left |= strstr(line, MODULE_MGR) ||
			strstr(line, MODULE_DISPLAY);
	fclose(file);
	return left;
}

static bool nothing_left(void *arg)
{
	(void)arg;
	return !dmabuf_left() && !module_users(MODULE_MGR) &&
	       !module_users(MODULE_VDEV) && !module_users(MODULE_BOCHS) &&
	       !module_users(MODULE_DISPLAY);
}

void world_check_nothing_left(void)
{
	/* A file's last reference goes a moment after its fd */
	if (test_wait(nothing_left, NULL, LEAVE_SECONDS))
		return;
	CHECK(!dmabuf_left());
	CHECK_EQ(module_users(MODULE_MGR), 0);
	CHECK_EQ(module_users(MODULE_VDEV), 0);
	CHECK_EQ(module_users(MODULE_BOCHS), 0);
	CHECK_EQ(module_users(MODULE_DISPLAY), 0);
}
