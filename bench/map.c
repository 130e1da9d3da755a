// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a page costs that is mapped and read for the first time: of a picture
 * that a guest has drawn, and of VRAM that nobody has touched.
 *
 * The floor is a memfd, plain memory that is shared in the same way.
 */
#include "rows.h"

#include "mapping.h"
#include "test.h"
#include "udmabuf.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAP_ROUNDS 41
#define VRAM_ROUNDS 9

static void map_timed(void *arg)
{
	struct mapping *mapping = arg;
	size_t at;

	mapping_map(mapping);
	if (mapping->at == MAP_FAILED)
		return;
	for (at = 0; at < mapping->size; at += PAGE)
		(void)*(volatile unsigned char *)&mapping->at[at];
}

static void unmap_after(void *arg)
{
	mapping_unmap(arg);
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

	screen_open(mapping->screen);
	mapping_of_vram(mapping, mapping->screen);
}

static void vram_after(void *arg)
{
	struct mapping *mapping = arg;

	unmap_after(mapping);
	screen_close(mapping->screen);
}

static const struct work map_work = {NULL, map_timed, unmap_after};

static void row_map(const struct size *size)
{
	struct row *row = result_row(ROW_MAP, size->name);
	struct mapping mapping;
	struct screen screen;
	struct udmabuf udmabuf;

	screen_create(&screen, PLANEFD, size);
	screen_show(&screen);
	mapping_of_export(&mapping, &screen);
	result_measure_many(row, PLANEFD, &map_work, MAP_ROUNDS, &mapping,
			    size_pages(size), NULL);
	close(mapping.fd);
	screen_remove(&screen);

	mapping_of_memfd(&mapping, mapping.size);
	result_measure_many(row, FLOOR, &map_work, MAP_ROUNDS, &mapping,
			    size_pages(size), "a memfd written to");
	close(mapping.fd);

	if (!udmabuf_has())
		return;
	mapping_of_udmabuf(&mapping, &udmabuf, mapping.size);
	result_measure_many(row, UDMABUF, &map_work, MAP_ROUNDS, &mapping,
			    size_pages(size), NULL);
	close(mapping.fd);
	udmabuf_close(&udmabuf);
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
		.prot = PROT_READ | PROT_WRITE,
	};

	screen_create(&screen, whose, size);
	screen_close(&screen);
	result_measure_many(row, whose, &work, VRAM_ROUNDS, &mapping,
			    size_pages(size), NULL);
	screen_open(&screen);
	if (whose == MBOCHS)
		return;
	screen_remove(&screen);

	mapping.offset = 0;
	mapping.size = size_pages(size) * PAGE;
	result_measure_many(row, FLOOR, &memfd, VRAM_ROUNDS, &mapping,
			    size_pages(size), "a new memfd");
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
	int fd;

	screen_create(&screen, MBOCHS, size);
	screen_show(&screen);
	fd = screen_export(&screen);
	map = mmap(NULL, size_bytes(size), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		result_cannot(row, MBOCHS, "mmap() of its dma-buf says %s",
			      strerror(errno));
	else
		test_fail(__FILE__, __LINE__,
			  "a dma-buf of mbochs can be mapped: measure it");
}

static void row_map_mdpy(const struct size *size)
{
	struct row *row = result_row(ROW_MAP, size->name);
	const char *cannot = screen_cannot(MDPY, size);
	struct mapping mapping;
	struct screen screen;

	if (cannot) {
		result_cannot(row, MDPY, "%s", cannot);
		return;
	}
	screen_create(&screen, MDPY, size);
	mapping_of_vram(&mapping, &screen);
	mapping.prot = PROT_READ;
	result_measure_many(row, MDPY, &map_work, MAP_ROUNDS, &mapping,
			    size_pages(size), NULL);
	screen_remove(&screen);
}

void rows_map_peer(enum column whose)
{
	if (whose == MDPY) {
		row_map_mdpy(SIZE_HD);
		row_map_mdpy(SIZE_4K);
		result_cannot(result_row(ROW_VRAM, SIZE_4K->name), MDPY,
			      "all of it is there when the device is made");
		return;
	}
	row_vram(MBOCHS, SIZE_4K);
	row_map_mbochs(SIZE_HD);
	row_map_mbochs(SIZE_4K);
}
