// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BAR2: the registers that a guest's driver sees and writes.
 */
#include "planes.h"
#include "test.h"

#include <string.h>
#include <sys/ioctl.h>

#define EDID_BLOCK 128

static struct device device;

static uint64_t get(uint32_t offset, unsigned int width)
{
	return region_get(&device, BAR2, offset, width);
}

TEST("the dispi id is 0xb0c5 and the memory is told in 64 KiB")
{
	device_create(&device, TYPE_16M);
	CHECK_EQ(bochs_read(&device, DISPI_ID), 0xb0c5);
	CHECK_EQ(bochs_read(&device, DISPI_MEMORY_64K), 16 * 16);
	device_create(&device, TYPE_256M);
	CHECK_EQ(bochs_read(&device, DISPI_MEMORY_64K), 256 * 16);
}

TEST("id and memory size cannot be written")
{
	device_create(&device, TYPE_16M);
	bochs_write(&device, DISPI_ID, 0xb0c0);
	bochs_write(&device, DISPI_MEMORY_64K, 1);
	CHECK_EQ(bochs_read(&device, DISPI_ID), 0xb0c5);
	CHECK_EQ(bochs_read(&device, DISPI_MEMORY_64K), 16 * 16);
}

TEST("every other dispi register reads back what was written")
{
	enum bochs_register index;
	unsigned int round;
	uint16_t value;

	device_create(&device, TYPE_16M);
	for (round = 0; round < 4; round++) {
		for (index = DISPI_XRES; index < DISPI_MEMORY_64K; index++) {
			value = (uint16_t)(0x1234 * (round + 1) + index * 7);
			bochs_write(&device, index, value);
			CHECK_EQ(bochs_read(&device, index), value);
		}
	}
}

TEST("two dispi registers are read and written by one access of 4 bytes")
{
	device_create(&device, TYPE_16M);
	region_set(&device, BAR2, BAR2_DISPI + 2 * DISPI_YRES, 4, 0x00200300);
	CHECK_EQ(bochs_read(&device, DISPI_YRES), 0x300);
	CHECK_EQ(bochs_read(&device, DISPI_BPP), 0x20);
	CHECK_EQ(get(BAR2_DISPI + 2 * DISPI_YRES, 4), 0x00200300);
}

TEST("the extended registers tell their size and little endian")
{
	device_create(&device, TYPE_16M);
	CHECK_EQ(get(BAR2_EXTENDED, 4), 8);
	CHECK_EQ(get(BAR2_EXTENDED + 4, 4), 0x1e1e1e1e);
	region_set(&device, BAR2, BAR2_EXTENDED + 4, 4, 0x1e1e1e1e);
	CHECK_EQ(get(BAR2_EXTENDED + 4, 4), 0x1e1e1e1e);
}

TEST("what is no register reads as all ones, as on QEMU's")
{
	static const struct {
		uint32_t start;
		uint32_t end;
	} holes[] = {
		{BAR2_VGA + 0x20, BAR2_DISPI},
		{BAR2_DISPI + 2 * (DISPI_MEMORY_64K + 1), BAR2_EXTENDED},
		{BAR2_EXTENDED + 8, 4096},
	};
	unsigned int i, width;
	uint32_t at;

	device_create(&device, TYPE_16M);
	for (i = 0; i < sizeof(holes) / sizeof(*holes); i++)
		for (width = 1; width <= 4; width *= 2)
			for (at = (holes[i].start + 3) & ~3u;
			     at + width <= holes[i].end; at += width)
				CHECK_EQ(get(at, width),
					 UINT32_MAX >> (32 - 8 * width));
	CHECK_EQ(bochs_read(&device, DISPI_MEMORY_64K + 1), 0xffff);
	/* The last register, and what is behind it */
	CHECK_EQ(get(BAR2_DISPI + 2 * DISPI_MEMORY_64K, 4), 0xffff0100);
}

TEST("the EDID has its header, whole blocks and right sums, by every width")
{
	static const unsigned char header[8] = {0,    0xff, 0xff, 0xff,
						0xff, 0xff, 0xff, 0};
	unsigned char edid[BAR2_VGA], part[8];
	unsigned int blocks, block, i, width;
	unsigned char sum;

	device_create(&device, TYPE_16M);
	CHECK_EQ(region_read(&device, BAR2, BAR2_EDID, edid, sizeof(edid)),
		 sizeof(edid));
	CHECK_BYTES(edid, header, sizeof(header));
	blocks = 1u + edid[126];
	CHECK_LE(blocks * EDID_BLOCK, sizeof(edid));
	for (block = 0; block < blocks; block++) {
		for (sum = 0, i = 0; i < EDID_BLOCK; i++)
			sum = (unsigned char)(sum +
					      edid[block * EDID_BLOCK + i]);
		CHECK_EQ(sum, 0);
	}
	for (width = 1; width <= 8; width *= 2) {
		for (i = 0; i + width <= EDID_BLOCK; i++) {
			CHECK_EQ(region_read(&device, BAR2, i, part, width),
				 width);
			CHECK_BYTES(part, edid + i, width);
		}
	}
}

TEST("the EDID's preferred timing is a mode that fits VRAM in every format")
{
	unsigned char d[18];
	struct bochs_mode mode = {.bpp = 32};
	union plane_query query;

	device_create(&device, TYPE_16M);
	CHECK_EQ(region_read(&device, BAR2, 54, d, sizeof(d)), sizeof(d));
	CHECK_NE(d[0] | d[1] << 8, 0);
	mode.width = (uint16_t)(d[2] | (d[4] & 0xf0) << 4);
	mode.height = (uint16_t)(d[5] | (d[7] & 0xf0) << 4);
	bochs_place(&device, VRAM_BASE);
	bochs_set_mode(&device, &mode);
	plane_query_ok(manager_open(&device), &query);
	plane_check(&query.base.plane_info, &mode, VRAM_BASE);
}

TEST("every byte of BAR2 can be read, by every width")
{
	unsigned char part[8];
	unsigned int offset, width;

	device_create(&device, TYPE_16M);
	for (width = 1; width <= 8; width *= 2)
		for (offset = 0; offset + width <= 4096; offset += width)
			CHECK_EQ(
				region_read(&device, BAR2, offset, part, width),
				width);
}

TEST("writes to what is no register are taken and do nothing")
{
	static const struct bochs_mode vga = {640, 480, 32, 0, 0, 0};
	union plane_query before, after;
	unsigned int offset;
	int manager;

	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	plane_query_ok(manager, &before);
	for (offset = 0; offset < 4096; offset += 4) {
		if (offset >= BAR2_VGA && offset < BAR2_DISPI + 0x20)
			continue;
		region_set(&device, BAR2, offset, 4, 0xa5a5a5a5);
	}
	plane_query_ok(manager, &after);
	CHECK_EQ(after.ext.sequence, before.ext.sequence);
	CHECK_EQ(bochs_read(&device, DISPI_ID), 0xb0c5);
	CHECK_EQ(get(BAR2_EXTENDED, 4), 8);
}

TEST("whoever waits for a vertical retrace sees it come and go")
{
	unsigned int i, on = 0, off = 0;

	device_create(&device, TYPE_16M);
	for (i = 0; i < 100; i++) {
		if (get(BAR2_VGA + 0x1a, 1) & 8)
			on++;
		else
			off++;
	}
	CHECK_GT(on, 0);
	CHECK_GT(off, 0);
}

TEST("blanking takes an index and a datum in turn, a status read begins anew")
{
	static const struct bochs_mode vga = {640, 480, 32, 0, 0, 0};
	union plane_query query;
	int manager;

	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	get(BAR2_VGA + 0x1a, 1);
	/* Index 0x20 shows the picture; the datum 0 after it does not blank */
	region_set(&device, BAR2, BAR2_VGA, 1, 0x20);
	region_set(&device, BAR2, BAR2_VGA, 1, 0x00);
	plane_query_ok(manager, &query);
	CHECK_EQ(query.base.plane_info.width, 640);
	region_set(&device, BAR2, BAR2_VGA, 1, 0x00);
	plane_query_ok(manager, &query);
	CHECK_EQ(query.base.plane_info.width, 0);
	/* The next would be a datum, but for the status read */
	get(BAR2_VGA + 0x1a, 1);
	region_set(&device, BAR2, BAR2_VGA, 1, 0x20);
	plane_query_ok(manager, &query);
	CHECK_EQ(query.base.plane_info.width, 640);
}

TEST("the plane is on from 64x64, of 15, 16, 24 and 32 bits a pixel alone")
{
	struct bochs_mode mode = {64, 64, 32, 0, 0, 0};
	union plane_query query;
	unsigned int bpp;
	int manager;

	bochs_create(&device, TYPE_16M, &mode);
	manager = manager_open(&device);
	for (bpp = 0; bpp < 70; bpp++) {
		bochs_write(&device, DISPI_BPP, (uint16_t)bpp);
		plane_query_ok(manager, &query);
		mode.bpp = (uint16_t)bpp;
		if (bpp == 15 || bpp == 16 || bpp == 24 || bpp == 32)
			plane_check(&query.base.plane_info, &mode, VRAM_BASE);
		else
			CHECK_EQ(query.base.plane_info.width, 0);
	}
	bochs_write(&device, DISPI_BPP, 32);
	bochs_write(&device, DISPI_XRES, 63);
	plane_query_ok(manager, &query);
	CHECK_EQ(query.base.plane_info.width, 0);
	bochs_write(&device, DISPI_XRES, 64);
	bochs_write(&device, DISPI_YRES, 63);
	plane_query_ok(manager, &query);
	CHECK_EQ(query.base.plane_info.width, 0);
}

TEST("a reset turns the plane off and clears the registers")
{
	static const struct bochs_mode vga = {640, 480, 32, 700, 3, 4};
	enum bochs_register index;
	union plane_query query;
	int manager;

	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_RESET));
	plane_query_ok(manager, &query);
	CHECK_EQ(query.base.plane_info.width, 0);
	CHECK_EQ(bochs_read(&device, DISPI_ID), 0xb0c5);
	CHECK_EQ(bochs_read(&device, DISPI_MEMORY_64K), 16 * 16);
	for (index = DISPI_XRES; index < DISPI_MEMORY_64K; index++)
		CHECK_EQ(bochs_read(&device, index), 0);
	bochs_set_mode(&device, &vga);
	plane_query_ok(manager, &query);
	CHECK_EQ(query.base.plane_info.width, 640);
}
