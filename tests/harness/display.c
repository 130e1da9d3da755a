// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The test display, see display.h.
 */
#include "display.h"

#include "modules.h"
#include "test.h"

#include <stdlib.h>

#define TYPES 3

/* A dma-buf's last reference goes a moment after its holders */
static bool is_removed(void *arg)
{
	(void)arg;
	return !module_remove(MODULE_DISPLAY) || !module_loaded(MODULE_DISPLAY);
}

static void unload(void)
{
	test_wait(is_removed, NULL, 10);
}

static void create(struct device *device, const char *type)
{
	CHECK_EQ(system("modprobe " MODULE_DISPLAY), 0);
	device_create(device, type);
}

void display_create(struct device *device)
{
	create(device, TYPE_TEST);
}

void display_create_many(struct device *device)
{
	create(device, TYPE_TEST_16);
}

__attribute__((constructor)) static void unload_after_each(void)
{
	test_after_each(unload);
}

void display_set(const struct device *device, uint32_t plane_id,
		 enum display_register reg, uint32_t value)
{
	unsigned int slot = (plane_id >> 16) * TYPES + (plane_id & 0xff);

	region_set(device, BAR0, (slot * DISPLAY_REGISTERS + reg) * 4, 4,
		   value);
}

void display_show(const struct device *device, uint32_t plane_id,
		  const struct display_picture *picture)
{
	display_set(device, plane_id, DISPLAY_FORMAT, picture->format);
	display_set(device, plane_id, DISPLAY_WIDTH, picture->width);
	display_set(device, plane_id, DISPLAY_HEIGHT, picture->height);
	display_set(device, plane_id, DISPLAY_STRIDE, picture->stride);
	display_set(device, plane_id, DISPLAY_MEMORY, picture->memory);
	display_set(device, plane_id, DISPLAY_OFFSET, picture->offset);
	display_set(device, plane_id, DISPLAY_ON, 1);
	display_set(device, plane_id, DISPLAY_COMMIT, COMMIT_FLIP);
}

void display_damage(const struct device *device, uint32_t plane_id, uint32_t x,
		    uint32_t y, uint32_t width, uint32_t height)
{
	display_set(device, plane_id, DISPLAY_DAMAGE_X, x);
	display_set(device, plane_id, DISPLAY_DAMAGE_Y, y);
	display_set(device, plane_id, DISPLAY_DAMAGE_WIDTH, width);
	display_set(device, plane_id, DISPLAY_DAMAGE_HEIGHT, height);
	display_set(device, plane_id, DISPLAY_COMMIT, COMMIT_DAMAGE);
}

void display_stall(const struct device *device, bool stalled)
{
	region_set(device, BAR0, DISPLAY_STALL, 4, stalled);
}

int display_import(const struct device *device, int dmabuf)
{
	const uint32_t fd = (uint32_t)dmabuf;

	return region_write(device, BAR0, DISPLAY_IMPORT, &fd, sizeof(fd)) ==
			       sizeof(fd)
		       ? 0
		       : -1;
}

unsigned int display_told(const struct device *device)
{
	return (unsigned int)region_get(device, BAR0, DISPLAY_IMPORT, 4);
}

void display_renew(const struct device *device, enum display_memory memory)
{
	region_set(device, BAR0, DISPLAY_RENEW, 4, memory);
}
