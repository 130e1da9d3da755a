// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a KiB of a picture costs: through a map that is there, through one that
 * is made for the purpose, and by read() of the device where nothing can be
 * mapped. At one instruction a nanosecond 1000 / figure is GiB a second.
 *
 * The floor is plain memory: a process's own, a memfd.
 */
#include "rows.h"

#include "mapping.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROUNDS 11
#define KIB 1024
/* As much as a read() is for: the samples copy four bytes at a time */
#define PREAD_SIZE (64 * KIB)

static const char no_map[] = "its dma-bufs cannot be mapped";

/* Eight bytes at a time, as a compiler does it that is told nothing */
static void read_timed(void *arg)
{
	const struct mapping *mapping = arg;
	const volatile uint64_t *word = (const void *)mapping->at;
	size_t i;

	for (i = 0; i < mapping->size / sizeof(*word); i++)
		(void)word[i];
}

static void write_timed(void *arg)
{
	const struct mapping *mapping = arg;
	volatile uint64_t *word = (void *)mapping->at;
	size_t i;

	for (i = 0; i < mapping->size / sizeof(*word); i++)
		word[i] = i;
}

static void once_timed(void *arg)
{
	struct mapping *mapping = arg;

	mapping_map(mapping);
	if (mapping->at == MAP_FAILED)
		return;
	read_timed(mapping);
	munmap(mapping->at, mapping->size);
}

static void once_after(void *arg)
{
	const struct mapping *mapping = arg;

	CHECK(mapping->at != MAP_FAILED);
}

static void pread_timed(void *arg)
{
	struct mapping *mapping = arg;

	mapping->screen->status = (int)pread(mapping->fd, mapping->at,
					     mapping->size, mapping->offset);
}

static void pread_after(void *arg)
{
	const struct mapping *mapping = arg;

	CHECK_EQ(mapping->screen->status, mapping->size);
}

static const struct work read_work = {NULL, read_timed, NULL};
static const struct work write_work = {NULL, write_timed, NULL};
static const struct work once_work = {NULL, once_timed, once_after};
static const struct work pread_work = {NULL, pread_timed, pread_after};

static void set(const char *name, enum column column, const struct work *work,
		struct mapping *mapping, const char *what)
{
	result_measure_many(result_row(name, SIZE_HD->name), column, work,
			    ROUNDS, mapping, (double)mapping->size / KIB, what);
}

/* Through a map that is there, each page of it touched */
static void set_mapped(const char *name, enum column column,
		       const struct work *work, struct mapping *mapping)
{
	mapping_map(mapping);
	CHECK(mapping->at != MAP_FAILED);
	set(name, column, work, mapping, NULL);
	mapping_unmap(mapping);
}

/* By read() into memory of our own */
static void set_pread(enum column column, struct mapping *mapping,
		      const char *what)
{
	mapping->size = PREAD_SIZE;
	mapping->at = calloc(1, mapping->size);
	CHECK(mapping->at);
	set(ROW_PREAD, column, &pread_work, mapping, what);
	free(mapping->at);
}

static void floors(struct screen *screen)
{
	struct mapping mapping = {.size = size_pages(screen->size) * PAGE};

	mapping.at = malloc(mapping.size);
	CHECK(mapping.at);
	memset(mapping.at, 1, mapping.size);
	set(ROW_READ, FLOOR, &read_work, &mapping, "memory of its own");
	set(ROW_WRITE, FLOOR, &write_work, &mapping, "memory of its own");
	free(mapping.at);

	mapping_of_memfd(&mapping, mapping.size);
	mapping.screen = screen;
	set(ROW_ONCE, FLOOR, &once_work, &mapping, "a memfd");
	set_pread(FLOOR, &mapping, "a memfd");
	close(mapping.fd);
}

/* What is there of udmabuf */
static void udmabufs(const struct size *size)
{
	struct udmabuf udmabuf;
	struct mapping mapping;

	mapping_of_udmabuf(&mapping, &udmabuf, size_pages(size) * PAGE);
	set_mapped(ROW_READ, UDMABUF, &read_work, &mapping);
	set_mapped(ROW_WRITE, UDMABUF, &write_work, &mapping);
	set(ROW_ONCE, UDMABUF, &once_work, &mapping, NULL);
	close(mapping.fd);
	udmabuf_close(&udmabuf);
}

void rows_bytes(void)
{
	struct mapping mapping;
	struct screen screen;

	screen_create(&screen, PLANEFD, SIZE_HD);
	screen_show(&screen);
	mapping_of_export(&mapping, &screen);
	set_mapped(ROW_READ, PLANEFD, &read_work, &mapping);
	set(ROW_ONCE, PLANEFD, &once_work, &mapping, NULL);
	close(mapping.fd);
	mapping_of_writable(&mapping, &screen);
	set_mapped(ROW_WRITE, PLANEFD, &write_work, &mapping);
	close(mapping.fd);
	mapping_of_vram(&mapping, &screen);
	set_pread(PLANEFD, &mapping, NULL);
	floors(&screen);
	screen_remove(&screen);
	if (udmabuf_has())
		udmabufs(SIZE_HD);
}

void rows_bytes_peer(enum column whose)
{
	struct mapping mapping;
	struct screen screen;

	screen_create(&screen, whose, SIZE_HD);
	screen_show(&screen);
	mapping_of_vram(&mapping, &screen);
	set_pread(whose, &mapping, NULL);
	if (whose == MDPY) {
		mapping_of_vram(&mapping, &screen);
		set_mapped(ROW_READ, whose, &read_work, &mapping);
		set_mapped(ROW_WRITE, whose, &write_work, &mapping);
		set(ROW_ONCE, whose, &once_work, &mapping, NULL);
	} else {
		result_cannot(result_row(ROW_READ, SIZE_HD->name), whose,
			      no_map);
		result_cannot(result_row(ROW_WRITE, SIZE_HD->name), whose,
			      no_map);
		result_cannot(result_row(ROW_ONCE, SIZE_HD->name), whose,
			      no_map);
	}
	screen_remove(&screen);
}
