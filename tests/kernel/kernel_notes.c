// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel's own sample, mbochs, was seen to get wrong, each under the
 * number that it has in the project's notes. Others are proved elsewhere: the
 * rounds of 2 in rounds.c, the life of 5 in lifetimes.c and removal.c.
 */
#include "planes.h"
#include "test.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};

static struct device device;

static int gfx_query(struct vfio_device_gfx_plane_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->flags = VFIO_GFX_PLANE_TYPE_DMABUF;
	info->drm_plane_type = VFIO_DMABUF_MGR_PLANE_PRIMARY;
	return ioctl(device.fd, VFIO_DEVICE_QUERY_GFX_PLANE, info);
}

static int gfx_get(uint32_t id)
{
	return ioctl(device.fd, VFIO_DEVICE_GET_GFX_DMABUF, &id);
}

TEST("1: the first query of every new mode works, through both ABIs")
{
	struct bochs_mode mode = {.width = 640, .height = 480, .bpp = 32};
	struct vfio_device_gfx_plane_info info;
	union plane_query query;
	int manager;

	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	for (; mode.width < 740; mode.width++) {
		bochs_set_mode(&device, &mode);
		if (mode.width % 2) {
			plane_query_ok(manager, &query);
			CHECK_EQ(query.base.plane_info.width, mode.width);
		} else {
			CHECK_EQ(gfx_query(&info), 0);
			CHECK_EQ(info.width, mode.width);
		}
	}
}

TEST("2: a dma-buf got twice and closed twice is still there for the third")
{
	struct vfio_device_gfx_plane_info info;
	unsigned int round;
	int first, second;

	bochs_create(&device, TYPE_16M, &vga);
	CHECK_EQ(gfx_query(&info), 0);
	for (round = 0; round < 2000; round++) {
		first = (int)CHECK_OK(gfx_get(info.dmabuf_id));
		second = (int)CHECK_OK(gfx_get(info.dmabuf_id));
		CHECK_OK(close(first));
		CHECK_EQ(lseek(second, 0, SEEK_END), info.size);
		CHECK_OK(close(second));
	}
}

TEST("3: a dma-buf that is O_RDONLY can be mapped by the CPU")
{
	struct vfio_dmabuf_mgr_plane_info info;
	void *map;

	bochs_create(&device, TYPE_16M, &vga);
	map = plane_map(plane_create_ok(manager_open(&device), 0, &info), &info,
			PROT_READ);
	CHECK_ALL(map, 0, info.size);
}

TEST("4: VRAM is read and written at the offset that is asked for")
{
	unsigned char *map;
	uint64_t page;

	bochs_create(&device, TYPE_16M, &vga);
	map = region_map(&device, BAR0, 0, 16 * MIB);
	for (page = 0; page < 4096; page += 7) {
		region_set(&device, BAR0, page * 4096, 8, page + 1);
		CHECK_EQ(*(uint64_t *)(void *)(map + page * 4096), page + 1);
		*(uint64_t *)(void *)(map + page * 4096 + 8) = page + 2;
		CHECK_EQ(region_get(&device, BAR0, page * 4096 + 8, 8),
			 page + 2);
	}
}

TEST("4: config space is read to its last byte and no further")
{
	unsigned char bytes[16];

	device_create(&device, TYPE_16M);
	memset(bytes, 0xa5, sizeof(bytes));
	CHECK_EQ(region_read(&device, CONFIG, 0xfc, bytes, 4), 4);
	CHECK_LE(region_read(&device, CONFIG, 0xfc, bytes, 8), 4);
	CHECK_ALL(bytes + 4, 0xa5, sizeof(bytes) - 4);
}

TEST("4: after a split a dma-buf's mapping shows the right pages")
{
	struct vfio_dmabuf_mgr_plane_info info;
	unsigned char *vram, *map;
	int dmabuf;

	bochs_create(&device, TYPE_16M, &vga);
	vram = region_map(&device, BAR0, 0, 2 * MIB);
	bochs_picture(vram, 2 * MIB, 1);
	dmabuf = plane_create_ok(manager_open(&device), 0, &info);
	map = plane_map(dmabuf, &info, PROT_READ);
	/* Untouched so far: every fault comes after the split */
	CHECK_OK(munmap(map + 100 * 4096, 50 * 4096));
	CHECK_BYTES(map + 150 * 4096, vram + 150 * 4096,
		    info.size - 150 * 4096);
	CHECK_BYTES(map, vram, 100 * 4096);
}

TEST("5: a dma-buf is released after the device and its group are gone")
{
	struct vfio_device_gfx_plane_info info;
	int dmabuf;

	bochs_create(&device, TYPE_16M, &vga);
	CHECK_EQ(gfx_query(&info), 0);
	dmabuf = (int)CHECK_OK(gfx_get(info.dmabuf_id));
	device_remove(&device);
	CHECK_EQ(lseek(dmabuf, 0, SEEK_END), info.size);
	CHECK_OK(close(dmabuf));
}

TEST("7: what a query promises a get gives, on a page boundary or not")
{
	struct bochs_mode mode = {640, 480, 32, 1021, 0, 0};
	struct vfio_device_gfx_plane_info info;
	struct vfio_dmabuf_mgr_plane_info plane;
	unsigned int promised = 0;
	int manager;

	bochs_create(&device, TYPE_16M, &mode);
	manager = manager_open(&device);
	for (mode.x = 0; mode.x < 20; mode.x++) {
		for (mode.y = 0; mode.y < 20; mode.y++) {
			bochs_set_mode(&device, &mode);
			/* Mainline's ABI has no way to tell an offset */
			if (!gfx_query(&info)) {
				CHECK_EQ(bochs_offset(&mode) % 4096, 0);
				promised++;
				close((int)CHECK_OK(gfx_get(info.dmabuf_id)));
			}
			/* Ours has, so it never has to refuse */
			close(plane_create_ok(manager, 0, &plane));
			plane_check(&plane, &mode, VRAM_BASE);
		}
	}
	CHECK_GT(promised, 0);
}
