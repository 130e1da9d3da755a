// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is exported is what was drawn, byte for byte: in every format, panned,
 * with odd strides, at the far end of VRAM.
 */
#include "planes.h"
#include "test.h"

#include <linux/dma-buf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef void (*draw_fn)(const void *picture, uint64_t offset, size_t size);

static struct device device;
static int manager;

static void set_up(const char *type)
{
	device_create(&device, type);
	bochs_place(&device, VRAM_BASE);
	manager = manager_open(&device);
}

/* As a guest's processor does, through KVM's mapping of the BAR */
static void draw_by_map(const void *picture, uint64_t offset, size_t size)
{
	uint64_t first = offset / 4096 * 4096;
	size_t length = (size_t)(offset + size - first);
	unsigned char *map = region_map(&device, BAR0, first, length);

	memcpy(map + (offset - first), picture, size);
	CHECK_OK(munmap(map, length));
}

/* As a VMM does for accesses that it emulates */
static void draw_by_write(const void *picture, uint64_t offset, size_t size)
{
	CHECK_EQ(region_write(&device, BAR0, offset, picture, size), size);
}

/* Bytes from the first pixel to the end of the last */
static size_t extent(const struct bochs_mode *mode)
{
	return (size_t)bochs_stride(mode) * (mode->height - 1u) +
	       mode->width * bochs_bytes(mode);
}

/* Compare the lines of the plane with those that were drawn, gaps too */
static void check_exported(const struct bochs_mode *mode,
			   const unsigned char *picture)
{
	struct vfio_dmabuf_mgr_plane_info info;
	int dmabuf = plane_create_ok(manager, 0, &info);
	void *map;

	plane_check(&info, mode, VRAM_BASE);
	map = plane_map(dmabuf, &info, PROT_READ);
	CHECK_OK(dmabuf_sync(dmabuf, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_START));
	CHECK_BYTES(plane_pixels(map, &info), picture, extent(mode));
	CHECK_OK(dmabuf_sync(dmabuf, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END));
	CHECK_OK(munmap(map, info.size));
	close(dmabuf);
}

static unsigned char *new_picture(const struct bochs_mode *mode, uint64_t seed)
{
	unsigned char *picture = malloc(extent(mode));

	CHECK(picture);
	bochs_picture(picture, extent(mode), seed);
	return picture;
}

static void show(const struct bochs_mode *mode, draw_fn draw, uint64_t seed)
{
	unsigned char *picture = new_picture(mode, seed);

	bochs_set_mode(&device, mode);
	draw(picture, bochs_offset(mode), extent(mode));
	check_exported(mode, picture);
	free(picture);
}

/* One format, aligned, panned, and with lines of an odd length */
static void show_format(uint16_t bpp)
{
	const struct bochs_mode modes[] = {
		{640, 480, bpp, 0, 0, 0},	 {640, 480, bpp, 0, 0, 480},
		{320, 240, bpp, 1024, 33, 0},	 {320, 240, bpp, 1024, 0, 77},
		{320, 240, bpp, 1024, 511, 333}, {320, 240, bpp, 457, 1, 1},
		{333, 201, bpp, 0, 0, 0},	 {333, 201, bpp, 333, 0, 13},
		{64, 64, bpp, 65, 1, 3},
	};
	unsigned int i;

	set_up(TYPE_16M);
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		show(&modes[i], draw_by_map, 2 * i);
		show(&modes[i], draw_by_write, 2 * i + 1);
	}
}

TEST("XRGB8888 is exported byte for byte, panned and with odd strides")
{
	show_format(32);
}

TEST("RGB888 is exported byte for byte, panned and with odd strides")
{
	show_format(24);
}

TEST("RGB565 is exported byte for byte, panned and with odd strides")
{
	show_format(16);
}

TEST("XRGB1555 is exported byte for byte, panned and with odd strides")
{
	show_format(15);
}

TEST("a first pixel anywhere in a page is at byte start % 4096")
{
	struct bochs_mode mode = {64, 64, 24, 5000, 0, 0};

	set_up(TYPE_16M);
	for (mode.x = 0; mode.x < 1366; mode.x += 91)
		show(&mode, draw_by_map, mode.x);
}

TEST("a picture across several chunks of 2 MiB is exported byte for byte")
{
	static const struct bochs_mode mode = {1600, 1200, 32, 1601, 1, 1};

	set_up(TYPE_16M);
	show(&mode, draw_by_map, 1);
	show(&mode, draw_by_write, 2);
}

TEST("a picture in the last bytes of VRAM is exported byte for byte")
{
	/* 4096 bytes a line, 4096 lines in 16 MiB */
	static const struct bochs_mode mode = {1024, 768, 32, 0, 0, 3328};

	set_up(TYPE_16M);
	CHECK_EQ(bochs_offset(&mode) + bochs_stride(&mode) * mode.height,
		 16 * MIB);
	show(&mode, draw_by_map, 1);
	show(&mode, draw_by_write, 2);
}

TEST("a picture as large as VRAM is exported byte for byte")
{
	static const struct bochs_mode mode = {2048, 2048, 32, 0, 0, 0};

	set_up(TYPE_16M);
	CHECK_EQ(bochs_stride(&mode) * mode.height, 16 * MIB);
	show(&mode, draw_by_map, 1);
	show(&mode, draw_by_write, 2);
}

TEST("one line more than VRAM holds is no picture")
{
	static const struct bochs_mode mode = {2048, 2049, 32, 0, 0, 0};
	static const struct bochs_mode panned = {2048, 2048, 32, 0, 0, 1};
	union plane_query query;

	set_up(TYPE_16M);
	bochs_set_mode(&device, &mode);
	plane_query_ok(manager, &query);
	CHECK_ALL(&query.base.plane_info, 0, sizeof(query.base.plane_info));
	bochs_set_mode(&device, &panned);
	plane_query_ok(manager, &query);
	CHECK_ALL(&query.base.plane_info, 0, sizeof(query.base.plane_info));
}

TEST("a picture beyond the first 32 MiB of a large VRAM is exported")
{
	static const struct bochs_mode mode = {1024, 768, 32, 4096, 1, 15000};

	set_up(TYPE_256M);
	show(&mode, draw_by_map, 1);
}

TEST("what is drawn after the export is seen in the same mapping")
{
	static const struct bochs_mode mode = {640, 480, 32, 0, 0, 0};
	struct vfio_dmabuf_mgr_plane_info info;
	unsigned char *picture;
	uint64_t seed;
	void *map;

	set_up(TYPE_16M);
	bochs_set_mode(&device, &mode);
	map = plane_map(plane_create_ok(manager, 0, &info), &info, PROT_READ);
	CHECK_ALL(map, 0, info.size);
	for (seed = 1; seed < 5; seed++) {
		picture = new_picture(&mode, seed);
		if (seed % 2)
			draw_by_map(picture, 0, extent(&mode));
		else
			draw_by_write(picture, 0, extent(&mode));
		CHECK_BYTES(map, picture, extent(&mode));
		free(picture);
	}
}

TEST("a dma-buf begins at the page of its first pixel and goes no further back")
{
	static const struct bochs_mode mode = {640, 480, 32, 1024, 100, 3};
	struct vfio_dmabuf_mgr_plane_info info;
	unsigned char *vram, *map;
	uint64_t first;
	int dmabuf;

	set_up(TYPE_16M);
	bochs_set_mode(&device, &mode);
	vram = region_map(&device, BAR0, 0, 16 * MIB);
	bochs_picture(vram, 4 * MIB, 9);
	dmabuf = plane_create_ok(manager, 0, &info);
	map = plane_map(dmabuf, &info, PROT_READ);
	first = (info.start - VRAM_BASE) / 4096 * 4096;
	CHECK_EQ(first, 3 * 4096);
	CHECK_BYTES(map, vram + first, info.size);
	CHECK(mmap(NULL, info.size + 4096, PROT_READ, MAP_SHARED, dmabuf, 0) ==
	      MAP_FAILED);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, dmabuf,
		   (off_t)info.size) == MAP_FAILED);
}

TEST("a part of a dma-buf can be mapped, its last page alone too")
{
	static const struct bochs_mode mode = {640, 480, 32, 0, 0, 0};
	struct vfio_dmabuf_mgr_plane_info info;
	unsigned char *picture, *map;
	int dmabuf;
	off_t at;

	set_up(TYPE_16M);
	bochs_set_mode(&device, &mode);
	picture = new_picture(&mode, 3);
	draw_by_write(picture, 0, extent(&mode));
	dmabuf = plane_create_ok(manager, 0, &info);
	CHECK_EQ(info.size, extent(&mode));
	for (at = 0; at < (off_t)info.size; at += 4096) {
		map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, dmabuf, at);
		CHECK(map != MAP_FAILED);
		CHECK_BYTES(map, picture + at, 4096);
		CHECK_OK(munmap(map, 4096));
	}
}

TEST("BAR0's address moves start and nothing else")
{
	static const struct bochs_mode mode = {640, 480, 32, 0, 3, 5};
	static const uint32_t bases[] = {0xc0000000, 0xfe000000, 0x10000000};
	union plane_query query;
	uint64_t id;
	unsigned int i;

	set_up(TYPE_16M);
	bochs_set_mode(&device, &mode);
	id = plane_buffer_id(manager);
	for (i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		bochs_place(&device, bases[i]);
		plane_query_ok(manager, &query);
		plane_check(&query.base.plane_info, &mode, bases[i]);
		CHECK_EQ(query.ext.buffer_id, id);
	}
}
