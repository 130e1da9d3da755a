// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which buffer is the same as which: an importer keeps its imports by this.
 */
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WRITABLE VFIO_DMABUF_MGR_CREATE_WRITABLE

/* Two pages of a double buffered screen, one below the other */
static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};

static struct device device;
static int manager;

static void set_up(void)
{
	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
}

TEST("the same contents and access are the same dma-buf, by a new fd")
{
	int first, second, other_manager, third;

	set_up();
	first = plane_create_ok(manager, 0, NULL);
	second = plane_create_ok(manager, 0, NULL);
	CHECK_NE(first, second);
	CHECK_EQ(dmabuf_inode(first), dmabuf_inode(second));
	other_manager = manager_open(&device);
	third = plane_create_ok(other_manager, 0, NULL);
	CHECK_EQ(dmabuf_inode(first), dmabuf_inode(third));

	first = plane_create_ok(manager, WRITABLE, NULL);
	second = plane_create_ok(other_manager, WRITABLE, NULL);
	CHECK_EQ(dmabuf_inode(first), dmabuf_inode(second));
}

TEST("the other access is another dma-buf of the same memory and buffer_id")
{
	struct vfio_dmabuf_mgr_plane_info info;
	unsigned char *read_map, *write_map;
	int read_only, writable;
	uint64_t id;

	set_up();
	id = plane_buffer_id(manager);
	read_only = plane_create_ok(manager, 0, &info);
	CHECK_EQ(plane_buffer_id(manager), id);
	writable = plane_create_ok(manager, WRITABLE, NULL);
	CHECK_EQ(plane_buffer_id(manager), id);
	CHECK_NE(dmabuf_inode(read_only), dmabuf_inode(writable));

	read_map = plane_map(read_only, &info, PROT_READ);
	write_map = plane_map(writable, &info, PROT_READ | PROT_WRITE);
	bochs_picture(write_map, info.size, 1);
	CHECK_BYTES(read_map, write_map, info.size);
}

TEST("buffer_id stays while nothing changes, for every fd and through drawing")
{
	unsigned int i;
	uint64_t id;

	set_up();
	id = plane_buffer_id(manager);
	CHECK_NE(id, 0);
	for (i = 0; i < 20; i++) {
		region_set(&device, BAR0, i * 1000, 4, i);
		CHECK_EQ(plane_buffer_id(manager), id);
	}
	CHECK_EQ(plane_buffer_id(manager_open(&device)), id);
}

TEST("a flip is another buffer_id and dma-buf, and back it is the old one")
{
	uint64_t front, back;
	int front_buffer, back_buffer;
	unsigned int i;

	set_up();
	front = plane_buffer_id(manager);
	front_buffer = plane_create_ok(manager, 0, NULL);
	bochs_pan(&device, 0, vga.height);
	back = plane_buffer_id(manager);
	back_buffer = plane_create_ok(manager, 0, NULL);
	CHECK_NE(front, back);
	CHECK_NE(dmabuf_inode(front_buffer), dmabuf_inode(back_buffer));

	for (i = 0; i < 50; i++) {
		bochs_pan(&device, 0, i % 2 ? vga.height : 0);
		CHECK_EQ(plane_buffer_id(manager), i % 2 ? back : front);
		CHECK_EQ(dmabuf_inode(plane_create_ok(manager, 0, NULL)),
			 dmabuf_inode(i % 2 ? back_buffer : front_buffer));
	}
}

/* One thing about the mode is different each time */
static const struct bochs_mode others[] = {
	{641, 480, 32, 641, 0, 0}, {640, 481, 32, 640, 0, 0},
	{640, 480, 24, 640, 0, 0}, {640, 480, 16, 640, 0, 0},
	{640, 480, 15, 640, 0, 0}, {640, 480, 32, 641, 0, 0},
	{640, 480, 32, 641, 1, 0}, {640, 480, 32, 640, 0, 1},
	{639, 480, 32, 640, 0, 0}, {640, 479, 32, 640, 0, 0},
};

#define OTHERS (sizeof(others) / sizeof(*others))

TEST("each difference in geometry or format is another buffer_id and dma-buf")
{
	uint64_t ids[OTHERS + 1], inodes[OTHERS + 1];
	unsigned int i, j;

	set_up();
	for (i = 0; i <= OTHERS; i++) {
		bochs_set_mode(&device, i ? &others[i - 1] : &vga);
		ids[i] = plane_buffer_id(manager);
		inodes[i] = dmabuf_inode(plane_create_ok(manager, 0, NULL));
		for (j = 0; j < i; j++) {
			CHECK_NE(ids[i], ids[j]);
			CHECK_NE(inodes[i], inodes[j]);
		}
	}
	/* All of these dma-bufs live: going back finds each of them */
	for (i = 0; i <= OTHERS; i++) {
		bochs_set_mode(&device, i ? &others[i - 1] : &vga);
		CHECK_EQ(plane_buffer_id(manager), ids[i]);
		CHECK_EQ(dmabuf_inode(plane_create_ok(manager, 0, NULL)),
			 inodes[i]);
	}
}

TEST("off and on again is the same buffer while its dma-buf lives")
{
	union plane_query query;
	uint64_t id;
	int dmabuf;

	set_up();
	id = plane_buffer_id(manager);
	dmabuf = plane_create_ok(manager, 0, NULL);
	bochs_off(&device);
	plane_query_ok(manager, &query);
	CHECK_EQ(query.ext.buffer_id, 0);
	bochs_set_mode(&device, &vga);
	CHECK_EQ(plane_buffer_id(manager), id);
	CHECK_EQ(dmabuf_inode(plane_create_ok(manager, 0, NULL)),
		 dmabuf_inode(dmabuf));
}

TEST("an id that is told again after long is still of a living dma-buf")
{
	struct bochs_mode mode = {.width = 320, .height = 200, .bpp = 32};
	uint64_t id;
	int dmabuf;

	set_up();
	id = plane_buffer_id(manager);
	dmabuf = plane_create_ok(manager, 0, NULL);
	for (; mode.width < 320 + 200; mode.width++) {
		bochs_set_mode(&device, &mode);
		CHECK_NE(plane_buffer_id(manager), id);
		close(plane_create_ok(manager, 0, NULL));
	}
	bochs_set_mode(&device, &vga);
	CHECK_EQ(plane_buffer_id(manager), id);
	CHECK_EQ(dmabuf_inode(plane_create_ok(manager, 0, NULL)),
		 dmabuf_inode(dmabuf));
}

static uint64_t id_of_line(unsigned int line)
{
	bochs_pan(&device, 0, (uint16_t)line);
	return plane_buffer_id(manager);
}

/* One for the only plane, and sixteen */
#define KNOWN 17

TEST("a plane's buffer and sixteen that nobody has keep their ids, the next "
     "takes a place")
{
	uint64_t ids[KNOWN];
	unsigned int i;

	set_up();
	for (i = 0; i < KNOWN; i++)
		ids[i] = id_of_line(i);
	for (i = 0; i < KNOWN; i++)
		CHECK_EQ(id_of_line(i), ids[i]);
	/* The one that nobody asked for the longest is the first */
	id_of_line(KNOWN);
	for (i = 1; i < KNOWN; i++)
		CHECK_EQ(id_of_line(i), ids[i]);
	CHECK_NE(id_of_line(0), ids[0]);
}

TEST("an id is never given to another buffer once its dma-buf is gone")
{
	struct bochs_mode mode = {.width = 320, .height = 200, .bpp = 32};
	static uint64_t ids[300];
	unsigned int i, j;

	set_up();
	for (i = 0; i < 300; i++, mode.width++) {
		bochs_set_mode(&device, &mode);
		ids[i] = plane_buffer_id(manager);
		close(plane_create_ok(manager, 0, NULL));
		for (j = 0; j < i; j++)
			CHECK_NE(ids[i], ids[j]);
	}
}

TEST("the next opening of the device has other memory behind the same geometry")
{
	struct vfio_dmabuf_mgr_plane_info info;
	int old, fresh;
	void *map;

	set_up();
	old = plane_create_ok(manager, 0, NULL);
	device_close(&device);
	device_open(&device);
	bochs_set_mode(&device, &vga);
	region_set(&device, BAR0, 0, 4, 0x12345678);
	fresh = plane_create_ok(manager_open(&device), 0, &info);
	CHECK_NE(dmabuf_inode(old), dmabuf_inode(fresh));
	map = plane_map(old, &info, PROT_READ);
	CHECK_ALL(map, 0, info.size);
}
