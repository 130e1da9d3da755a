// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a page costs that is mapped and read for the first time: of a dma-buf
 * that shows what a guest has drawn, and of VRAM that nobody has touched.
 *
 * The floor is a memfd, plain memory that is shared in the same way.
 */
#include "rows.h"

#include "test.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAP_ROUNDS 41
#define VRAM_ROUNDS 9
#define PAGE 4096

#define PRIMARY VFIO_DMABUF_MGR_PLANE_ID(VFIO_DMABUF_MGR_PLANE_PRIMARY, 0, 0)

struct mapping {
	struct screen *screen;
	int fd;
	off_t offset;
	size_t size;
	int prot;
	unsigned char *at;
};

static size_t size_pages(const struct size *size)
{
	return (size_bytes(size) + PAGE - 1) / PAGE;
}

static void map_timed(void *arg)
{
	struct mapping *mapping = arg;
	size_t at;

	mapping->at = mmap(NULL, mapping->size, mapping->prot, MAP_SHARED,
			   mapping->fd, mapping->offset);
	if (mapping->at == MAP_FAILED)
		return;
	for (at = 0; at < mapping->size; at += PAGE)
		(void)*(volatile unsigned char *)&mapping->at[at];
}

static void unmap_after(void *arg)
{
	struct mapping *mapping = arg;

	CHECK(mapping->at != MAP_FAILED);
	munmap(mapping->at, mapping->size);
}

static void memfd_before(void *arg)
{
	struct mapping *mapping = arg;

	mapping->fd = (int)CHECK_OK(memfd_create("floor", MFD_CLOEXEC));
	CHECK_OK(ftruncate(mapping->fd, (off_t)mapping->size));
}

static void memfd_after(void *arg)
{
	struct mapping *mapping = arg;

	unmap_after(mapping);
	close(mapping->fd);
}

/* VRAM is new each time that the device is opened */
static void vram_before(void *arg)
{
	struct mapping *mapping = arg;
	struct vfio_region_info info;

	screen_open(mapping->screen);
	region_info(&mapping->screen->device, BAR0, &info);
	mapping->fd = mapping->screen->device.fd;
	mapping->offset = (off_t)info.offset;
}

static void vram_after(void *arg)
{
	struct mapping *mapping = arg;

	unmap_after(mapping);
	screen_close(mapping->screen);
}

static void map_memfd(struct row *row, struct mapping mapping)
{
	static const struct work work = {NULL, map_timed, unmap_after};
	struct figures figures;
	void *map;

	memfd_before(&mapping);
	map = mmap(NULL, mapping.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   mapping.fd, 0);
	CHECK(map != MAP_FAILED);
	memset(map, 1, mapping.size);
	munmap(map, mapping.size);
	figures = measure(&work, MAP_ROUNDS, &mapping);
	close(mapping.fd);
	result_set(row, FLOOR, &figures, (double)mapping.size / PAGE,
		   "a memfd written to");
}

static void row_map(const struct size *size)
{
	static const struct work work = {NULL, map_timed, unmap_after};
	struct row *row = result_row(ROW_MAP, size->name);
	struct vfio_dmabuf_mgr_create_dmabuf create = {
		.argsz = sizeof(create),
		.plane_id = PRIMARY,
	};
	struct mapping mapping = {
		.size = size_pages(size) * PAGE,
		.prot = PROT_READ,
	};
	struct figures figures;
	struct screen screen;

	screen_create(&screen, PLANEFD, size);
	screen_show(&screen);
	CHECK_OK(ioctl(screen.manager, VFIO_DMABUF_MGR_CREATE_DMABUF, &create));
	mapping.fd = create.fd;
	CHECK_EQ(create.plane_info.size, mapping.size);
	figures = measure(&work, MAP_ROUNDS, &mapping);
	result_set(row, PLANEFD, &figures, (double)mapping.size / PAGE, NULL);
	close(create.fd);
	screen_remove(&screen);
	map_memfd(row, mapping);
}

/* The first pages of BAR 0 that a guest's driver draws to */
static void row_vram(enum column whose, const struct size *size)
{
	static const struct work work = {vram_before, map_timed, vram_after};
	static const struct work memfd = {memfd_before, map_timed, memfd_after};
	struct row *row = result_row(ROW_VRAM, size->name);
	struct screen screen;
	struct mapping mapping = {
		.screen = &screen,
		.size = size_pages(size) * PAGE,
		.prot = PROT_READ | PROT_WRITE,
	};
	struct figures figures;

	screen_create(&screen, whose, size);
	screen_close(&screen);
	figures = measure(&work, VRAM_ROUNDS, &mapping);
	result_set(row, whose, &figures, (double)mapping.size / PAGE, NULL);
	screen_open(&screen);
	if (whose == MBOCHS)
		return;
	screen_remove(&screen);

	mapping.offset = 0;
	figures = measure(&memfd, VRAM_ROUNDS, &mapping);
	result_set(row, FLOOR, &figures, (double)mapping.size / PAGE,
		   "a new memfd");
}

void rows_map(void)
{
	row_map(SIZE_HD);
	row_map(SIZE_4K);
	row_vram(PLANEFD, SIZE_4K);
}

static void row_map_mbochs(const struct size *size)
{
	struct row *row = result_row(ROW_MAP, size->name);
	struct screen screen;
	void *map;
	int i;

	screen_create(&screen, MBOCHS, size);
	screen_show(&screen);
	screen.gfx.argsz = sizeof(screen.gfx);
	screen.gfx.flags = VFIO_GFX_PLANE_TYPE_DMABUF;
	screen.gfx.drm_plane_type = 1;
	/* The first query of a mode fails */
	for (i = 0; i < 2; i++)
		screen.status = ioctl(screen.device.fd,
				      VFIO_DEVICE_QUERY_GFX_PLANE, &screen.gfx);
	CHECK_EQ(screen.status, 0);
	screen.dmabuf = (int)CHECK_OK(ioctl(screen.device.fd,
					    VFIO_DEVICE_GET_GFX_DMABUF,
					    &screen.gfx.dmabuf_id));
	map = mmap(NULL, size_bytes(size), PROT_READ, MAP_SHARED, screen.dmabuf,
		   0);
	if (map == MAP_FAILED)
		result_cannot(row, MBOCHS, "mmap() of its dma-buf says %s",
			      strerror(errno));
	else
		test_fail(__FILE__, __LINE__,
			  "a dma-buf of mbochs can be mapped: measure it");
}

void rows_map_mbochs(void)
{
	row_vram(MBOCHS, SIZE_4K);
	row_map_mbochs(SIZE_HD);
	row_map_mbochs(SIZE_4K);
}
