// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest that writes nonsense: whatever its registers say, no plane reaches
 * beyond its VRAM, and what is told can be exported, mapped and read.
 */
#include "planes.h"
#include "test.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define VRAM_SIZE (16 * MIB)

static struct device device;
static int manager;

static void set_up(void)
{
	device_create(&device, TYPE_16M);
	bochs_place(&device, VRAM_BASE);
	manager = manager_open(&device);
}

/* What any answer must satisfy; returns whether the plane is on */
static bool check_bounds(const struct vfio_dmabuf_mgr_plane_info *info,
			 uint64_t base)
{
	uint64_t offset = info->start - base;
	unsigned int bytes;

	if (!info->width) {
		CHECK_ALL(info, 0, sizeof(*info));
		return false;
	}
	CHECK_NE(info->start, 0);
	CHECK_NE(info->drm_format, 0);
	bytes = (info->drm_format >> 16 & 0xff) == '2'
			? (info->drm_format & 0xff) == 'X' ? 4 : 3
			: 2;
	CHECK_GE(info->stride, (uint64_t)info->width * bytes);
	CHECK_LE(offset, VRAM_SIZE);
	CHECK_LE(offset + (uint64_t)info->stride * info->height, VRAM_SIZE);
	CHECK_EQ(info->size % 4096, 0);
	CHECK_LE(offset / 4096 * 4096 + info->size, VRAM_SIZE);
	return true;
}

/* Read a byte of each page, the last one too; a SIGBUS would be a failure */
static void touch(const unsigned char *map, size_t size)
{
	volatile unsigned char sum = 0;
	size_t at;

	for (at = 0; at < size; at += 4096)
		sum = (unsigned char)(sum + map[at]);
	sum = (unsigned char)(sum + map[size - 1]);
	(void)sum;
}

/* Returns whether the plane is on */
static bool check_plane(bool map_it)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;
	union plane_query query;
	void *map;

	plane_query_ok(manager, &query);
	if (!check_bounds(&query.base.plane_info, VRAM_BASE)) {
		CHECK_ERRNO(plane_create(manager, PRIMARY, 0, &create), ENOENT);
		return false;
	}
	CHECK_OK(plane_create(manager, PRIMARY, 0, &create));
	CHECK_BYTES(&create.plane_info, &query.base.plane_info,
		    sizeof(create.plane_info));
	CHECK_EQ(lseek(create.fd, 0, SEEK_END), create.plane_info.size);
	if (map_it) {
		map = plane_map(create.fd, &create.plane_info, PROT_READ);
		touch(map, create.plane_info.size);
		CHECK_OK(munmap(map, create.plane_info.size));
	}
	CHECK_OK(close(create.fd));
	return true;
}

TEST("registers at their extremes, all of them together, make no bad plane")
{
	static const uint16_t values[] = {0, 1, 64, 4096, 32768, 65535};
	static const uint16_t bpps[] = {0, 15, 24, 32, 65535};
	const unsigned int count = sizeof(values) / sizeof(*values);
	unsigned int i, j;

	set_up();
	bochs_write(&device, DISPI_ENABLE, 0xffff);
	/* Five registers of six values each, by the digits of i in base six */
	for (i = 0; i < count * count * count * count * count; i++) {
		j = i;
		bochs_write(&device, DISPI_XRES, values[j % count]);
		j /= count;
		bochs_write(&device, DISPI_YRES, values[j % count]);
		j /= count;
		bochs_write(&device, DISPI_VIRT_WIDTH, values[j % count]);
		j /= count;
		bochs_write(&device, DISPI_X_OFFSET, values[j % count]);
		j /= count;
		bochs_write(&device, DISPI_Y_OFFSET, values[j % count]);
		bochs_write(&device, DISPI_BPP, bpps[i % 5]);
		check_plane(false);
	}
}

/* Often a small number, often a large one, sometimes any */
static uint16_t some_value(uint64_t *seed)
{
	uint64_t random = test_random(seed) >> 16;

	switch (random % 4) {
	case 0:
		return (uint16_t)(random >> 8);
	case 1:
		return (uint16_t)(64 + (random >> 8) % 2048);
	case 2:
		return (uint16_t)((random >> 8) % 16);
	default:
		return (uint16_t)(65535 - (random >> 8) % 16);
	}
}

TEST_WITHIN(120, "20,000 random register settings make no bad plane")
{
	static const uint16_t bpps[] = {15, 16, 24, 32, 8, 0, 33, 65535};
	uint64_t seed = 20170615;
	unsigned int round, on = 0;
	enum bochs_register index;

	set_up();
	for (round = 0; round < 20000; round++) {
		index = (enum bochs_register)(test_random(&seed) % 16);
		bochs_write(&device, index % 11, some_value(&seed));
		if (round % 3 == 0)
			bochs_write(&device, DISPI_ENABLE, DISPI_ENABLED);
		if (round % 5 == 0)
			bochs_write(&device, DISPI_BPP,
				    bpps[test_random(&seed) % 8]);
		if (round % 7 == 0) {
			bochs_write(&device, DISPI_XRES,
				    (uint16_t)(64 + test_random(&seed) % 800));
			bochs_write(&device, DISPI_YRES,
				    (uint16_t)(64 + test_random(&seed) % 600));
		}
		if (round % 11 == 0) {
			bochs_write(&device, DISPI_VIRT_WIDTH, 0);
			bochs_write(&device, DISPI_X_OFFSET, 0);
			bochs_write(&device, DISPI_Y_OFFSET, 0);
		}
		on += check_plane(round % 16 == 0);
	}
	/* Else this would have tested little */
	CHECK_GT(on, 1000);
	CHECK_LT(on, 19000);
}

TEST("planes that end exactly at VRAM's end are on, one byte more is off")
{
	/* Offset and size of these add up to VRAM exactly */
	static const struct bochs_mode exact[] = {
		{2048, 2048, 32, 0, 0, 0},
		{1024, 1024, 32, 0, 0, 3072},
		{4096, 2048, 16, 0, 0, 0},
		{64, 64, 32, 1024, 0, 4032},
	};
	struct bochs_mode more;
	union plane_query query;
	unsigned int i;

	set_up();
	for (i = 0; i < sizeof(exact) / sizeof(*exact); i++) {
		bochs_set_mode(&device, &exact[i]);
		CHECK(check_plane(true));
		plane_query_ok(manager, &query);
		CHECK_EQ(query.base.plane_info.start - VRAM_BASE +
				 query.base.plane_info.stride *
					 (uint64_t)exact[i].height,
			 VRAM_SIZE);
		more = exact[i];
		more.x++;
		bochs_set_mode(&device, &more);
		CHECK(!check_plane(true));
	}
}

TEST_WITHIN(120, "random reads and writes of every region do no harm")
{
	static const uint32_t regions[] = {BAR2, BAR2, BAR2, BAR0, CONFIG, 9};
	struct vfio_region_info info;
	unsigned char bytes[64];
	uint64_t seed = 4711, offset;
	unsigned int round, index;
	union plane_query query;
	size_t size;

	set_up();
	for (round = 0; round < 30000; round++) {
		index = regions[test_random(&seed) % 6];
		region_info(&device, index, &info);
		offset = test_random(&seed) % (info.size + 16);
		if (index == BAR2 && round % 2)
			offset = BAR2_DISPI + test_random(&seed) % 32;
		size = test_random(&seed) % sizeof(bytes);
		bochs_picture(bytes, sizeof(bytes), test_random(&seed));
		if (round % 4)
			region_write(&device, index, offset, bytes, size);
		else
			region_read(&device, index, offset, bytes, size);
		if (round % 64 == 0) {
			bochs_place(&device, VRAM_BASE);
			check_plane(round % 256 == 0);
		}
		if (round % 1000 == 0)
			CHECK_OK(ioctl(device.fd, VFIO_DEVICE_RESET));
	}
	/* And afterwards it works as if nothing had been */
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_RESET));
	bochs_place(&device, VRAM_BASE);
	bochs_set_mode(&device, &(struct bochs_mode){640, 480, 32, 0, 0, 0});
	CHECK(check_plane(true));
	plane_query_ok(manager, &query);
	CHECK_EQ(query.base.plane_info.width, 640);
}

TEST("random ioctl arguments on a manager fd do no harm")
{
	static const unsigned int requests[] = {
		VFIO_DMABUF_MGR_QUERY_PLANE, VFIO_DMABUF_MGR_CREATE_DMABUF,
		VFIO_DMABUF_MGR_GET_INFO, VFIO_DMABUF_MGR_DROP_RIGHTS};
	union {
		struct vfio_dmabuf_mgr_create_dmabuf create;
		uint32_t words[64];
		unsigned char bytes[256];
	} arg;
	unsigned int round, request, fds;
	uint64_t seed = 99;

	set_up();
	bochs_set_mode(&device, &(struct bochs_mode){640, 480, 32, 0, 0, 0});
	fds = test_fds();
	for (round = 0; round < 50000; round++) {
		bochs_picture(arg.bytes, sizeof(arg), test_random(&seed));
		request = requests[round % 4];
		if (test_random(&seed) % 4)
			arg.words[0] = (uint32_t)(test_random(&seed) % 200);
		if (test_random(&seed) % 4)
			arg.words[1] = (uint32_t)(test_random(&seed) % 3);
		if (test_random(&seed) % 4)
			arg.create.plane_id =
				(uint32_t)(test_random(&seed) % 4);
		if (!ioctl(manager, request, &arg) &&
		    request == VFIO_DMABUF_MGR_CREATE_DMABUF)
			CHECK_OK(close(arg.create.fd));
	}
	CHECK_EQ(test_fds(), fds);
	CHECK(check_plane(true));
}
