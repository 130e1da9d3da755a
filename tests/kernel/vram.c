// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BAR0: VRAM as memory, read, written, mapped, split, inherited, and paid for.
 */
#include "bochs.h"
#include "cgroup.h"
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK (2 * MIB)
#define PAGE 4096u

static struct device device;

/* The first bytes of page number nr; no two pages have the same */
static uint64_t mark(uint64_t nr)
{
	return nr * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

static unsigned char *map_all(const char *type, uint64_t size)
{
	device_create(&device, type);
	return region_map(&device, BAR0, 0, size);
}

static void mark_pages(unsigned char *map, uint64_t size)
{
	uint64_t nr, value;

	for (nr = 0; nr < size / PAGE; nr++) {
		value = mark(nr);
		memcpy(map + nr * PAGE, &value, sizeof(value));
	}
}

/* Pages first to last are mapped at map, each where it belongs */
static void check_pages(const unsigned char *map, uint64_t first, uint64_t last)
{
	uint64_t nr, value;

	for (nr = first; nr <= last; nr++) {
		memcpy(&value, map + (nr - first) * PAGE, sizeof(value));
		CHECK_EQ(value, mark(nr));
	}
}

TEST("fresh VRAM reads as zero, through a map and through read")
{
	static unsigned char bytes[65536];
	unsigned char *map = map_all(TYPE_16M, 16 * MIB);

	CHECK_EQ(region_read(&device, BAR0, 0, bytes, sizeof(bytes)),
		 sizeof(bytes));
	CHECK_ALL(bytes, 0, sizeof(bytes));
	CHECK_ALL(map, 0, 16 * MIB);
	CHECK_EQ(region_read(&device, BAR0, 5 * MIB, bytes, sizeof(bytes)),
		 sizeof(bytes));
	CHECK_ALL(bytes, 0, sizeof(bytes));
}

/* Write a piece, and see it by both roads, and its neighbours untouched */
static void check_piece(unsigned char *map, uint64_t offset, size_t size)
{
	static unsigned char bytes[3 * 2097152 + 64], seen[sizeof(bytes)];

	bochs_picture(bytes, size, offset + size);
	memset(map + offset - 8, 0x11, 8);
	memset(map + offset + size, 0x22, 8);
	CHECK_EQ(region_write(&device, BAR0, offset, bytes, size), size);
	CHECK_BYTES(map + offset, bytes, size);
	CHECK_EQ(region_read(&device, BAR0, offset, seen, size), size);
	CHECK_BYTES(seen, bytes, size);
	CHECK_ALL(map + offset - 8, 0x11, 8);
	CHECK_ALL(map + offset + size, 0x22, 8);
}

TEST("reads and writes land where they belong, across pages and chunks")
{
	static const size_t sizes[] = {
		1, 2, 3, 4, 5, 7, 8, 4095, 4096, 4097, 8192, 2 * 2097152 + 9};
	static const uint64_t at[] = {PAGE,	 CHUNK,	   2 * CHUNK,
				      3 * CHUNK, 7 * PAGE, 8 * MIB};
	unsigned char *map = map_all(TYPE_16M, 16 * MIB);
	unsigned int i, j;

	for (i = 0; i < sizeof(at) / sizeof(*at); i++) {
		for (j = 0; j < sizeof(sizes) / sizeof(*sizes); j++) {
			check_piece(map, at[i], sizes[j]);
			check_piece(map, at[i] - 1, sizes[j]);
			check_piece(map, at[i] - 3, sizes[j]);
		}
	}
}

TEST("the last bytes of VRAM are read and written, those after them not")
{
	unsigned char *map = map_all(TYPE_16M, 16 * MIB);
	unsigned char bytes[16], seen[16];

	memset(bytes, 0x77, sizeof(bytes));
	CHECK_EQ(region_write(&device, BAR0, 16 * MIB - 16, bytes, 16), 16);
	CHECK_ALL(map + 16 * MIB - 16, 0x77, 16);
	CHECK_LE(region_write(&device, BAR0, 16 * MIB - 4, bytes, 16), 4);
	memset(seen, 0xa5, sizeof(seen));
	CHECK_LE(region_read(&device, BAR0, 16 * MIB - 4, seen, 16), 4);
	CHECK_ALL(seen + 4, 0xa5, 12);
	CHECK_LE(region_write(&device, BAR0, 16 * MIB, bytes, 1), 0);
	CHECK_LE(region_read(&device, BAR0, 16 * MIB, seen, 1), 0);
}

TEST("every page of VRAM is a page of its own")
{
	unsigned char *map = map_all(TYPE_64M, 64 * MIB);
	uint64_t nr;

	mark_pages(map, 64 * MIB);
	check_pages(map, 0, 64 * MIB / PAGE - 1);
	for (nr = 0; nr < 64 * MIB / PAGE; nr += 511)
		CHECK_EQ(region_get(&device, BAR0, nr * PAGE, 8), mark(nr));
}

TEST("a map of any part shows that part, whichever page is touched first")
{
	unsigned char *map = map_all(TYPE_16M, 16 * MIB);
	static const struct {
		unsigned int first, count, touch;
	} parts[] = {
		{0, 1, 0},	   {511, 2, 1},	     {511, 2, 0},
		{100, 2000, 1999}, {100, 2000, 411}, {1023, 1, 0},
		{4095, 1, 0},	   {1, 4095, 4094},  {300, 700, 350},
	};
	unsigned char *part;
	unsigned int i;
	uint64_t value;

	mark_pages(map, 16 * MIB);
	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		part = region_map(&device, BAR0, parts[i].first * PAGE,
				  parts[i].count * PAGE);
		memcpy(&value, part + (size_t)parts[i].touch * PAGE, 8);
		CHECK_EQ(value, mark(parts[i].first + parts[i].touch));
		check_pages(part, parts[i].first,
			    parts[i].first + parts[i].count - 1);
		CHECK_OK(munmap(part, (size_t)parts[i].count * PAGE));
	}
}

TEST("after the middle of a map is unmapped both ends show their own pages")
{
	unsigned char *map = map_all(TYPE_16M, 16 * MIB);
	unsigned char *split;

	mark_pages(map, 16 * MIB);
	split = region_map(&device, BAR0, 0, 16 * MIB);
	/* Nothing of split was touched: all faults come after the split */
	CHECK_OK(munmap(split + 1000 * PAGE, 500 * PAGE));
	CHECK_OK(munmap(split + 2048 * PAGE, PAGE));
	check_pages(split + 2049 * PAGE, 2049, 4095);
	check_pages(split + 1500 * PAGE, 1500, 2047);
	check_pages(split, 0, 999);
}

TEST("a map that is moved shows the same pages at its new place")
{
	unsigned char *map = map_all(TYPE_16M, 16 * MIB);
	unsigned char *part, *moved;

	mark_pages(map, 16 * MIB);
	part = region_map(&device, BAR0, 700 * PAGE, 2000 * PAGE);
	check_pages(part, 700, 900);
	moved = mremap(part + 300 * PAGE, 1000 * PAGE, 1000 * PAGE,
		       MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	if (moved == MAP_FAILED) {
		void *room = mmap(NULL, 1000 * PAGE, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		moved = mremap(part + 300 * PAGE, 1000 * PAGE, 1000 * PAGE,
			       MREMAP_MAYMOVE | MREMAP_FIXED, room);
	}
	CHECK(moved != MAP_FAILED);
	check_pages(moved, 1000, 1999);
	check_pages(part, 700, 999);
	check_pages(part + 1300 * PAGE, 2000, 2699);
	CHECK(mremap(moved, 1000 * PAGE, 2000 * PAGE, MREMAP_MAYMOVE) ==
	      MAP_FAILED);
}

TEST("a part that was made read-only and writable again is written")
{
	unsigned char *map = map_all(TYPE_16M, 16 * MIB);

	mark_pages(map, 16 * MIB);
	CHECK_OK(mprotect(map + 10 * PAGE, 10 * PAGE, PROT_READ));
	check_pages(map, 0, 30);
	CHECK_OK(mprotect(map + 10 * PAGE, 10 * PAGE, PROT_READ | PROT_WRITE));
	map[15 * PAGE + 100] = 0x42;
	CHECK_EQ(region_get(&device, BAR0, 15 * PAGE + 100, 1), 0x42);
	check_pages(map, 0, 4095);
}

static void use_inherited(void *arg)
{
	unsigned char *map = arg;

	check_pages(map, 0, 4095);
	map[77] = 0x5a;
	CHECK_OK(munmap(map + MIB, MIB));
	check_pages(map + 2 * MIB, 512, 4095);
}

TEST("a child inherits the map, and what it writes is VRAM")
{
	unsigned char *map = map_all(TYPE_16M, 16 * MIB);

	mark_pages(map, 8 * MIB);
	mark_pages(map, 16 * MIB);
	test_join(test_fork(use_inherited, map));
	CHECK_EQ(map[77], 0x5a);
	CHECK_EQ(region_get(&device, BAR0, 77, 1), 0x5a);
	check_pages(map, 0, 4095);
}

TEST("MADV_DONTNEED, MADV_DONTFORK and mlock do no harm to a map")
{
	unsigned char *map = map_all(TYPE_16M, 16 * MIB);

	mark_pages(map, 16 * MIB);
	/* Whether they are allowed for such a map is the kernel's to say */
	madvise(map, 4 * MIB, MADV_DONTNEED);
	madvise(map, 4 * MIB, MADV_WILLNEED);
	madvise(map, 4 * MIB, MADV_PAGEOUT);
	mlock(map, 4 * MIB);
	check_pages(map, 0, 4095);
}

static long available_kb(void)
{
	char line[128];
	long value = -1;
	FILE *file = fopen("/proc/meminfo", "re");

	CHECK(file);
	while (value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, "MemAvailable:", 13))
			value = strtol(line + 13, NULL, 10);
	fclose(file);
	return value;
}

TEST("VRAM that nobody touched takes no memory")
{
	static unsigned char bytes[1 << 20];
	struct device devices[4];
	long before = available_kb();
	uint64_t offset;
	unsigned int i;

	/* A gibibyte in all, read but not written */
	for (i = 0; i < 4; i++) {
		device_create(&devices[i], TYPE_256M);
		region_map(&devices[i], BAR0, 0, 256 * MIB);
		for (offset = 0; offset < 256 * MIB; offset += 16 * MIB)
			CHECK_EQ(region_read(&devices[i], BAR0, offset, bytes,
					     sizeof(bytes)),
				 sizeof(bytes));
	}
	CHECK_LT(before - available_kb(), 100 * 1024);
}

static bool is_given_back(void *arg)
{
	return *(long *)arg - available_kb() < 30 * 1024;
}

TEST("touched VRAM is memory, and is given back when the device is closed")
{
	unsigned char *map;
	long before, used;
	uint64_t offset;

	CHECK_EQ(mdev_create(TYPE_256M, device.uuid), 0);
	before = available_kb();
	device_open(&device);
	map = region_map(&device, BAR0, 0, 256 * MIB);
	for (offset = 0; offset < 256 * MIB; offset += CHUNK)
		map[offset] = 1;
	used = before - available_kb();
	CHECK_GT(used, 200 * 1024);
	CHECK_LT(used, 300 * 1024);
	CHECK_OK(munmap(map, 256 * MIB));
	device_close(&device);
	CHECK(test_wait(is_given_back, &before, 10));
}

static void touch(void *arg)
{
	uint64_t offset;

	cgroup_leave();
	for (offset = 0; offset < 64 * MIB; offset += CHUNK)
		((unsigned char *)arg)[offset] = 1;
}

TEST("VRAM is charged to the cgroup of the opener, whoever touches it")
{
	unsigned char *map;
	long before;

	cgroup_join();
	CHECK_EQ(mdev_create(TYPE_64M, device.uuid), 0);
	device_open(&device);
	map = region_map(&device, BAR0, 0, 64 * MIB);
	before = cgroup_memory();
	test_join(test_fork(touch, map));
	CHECK_GT(cgroup_memory() - before, 60 * (long)MIB);
	CHECK_LT(cgroup_memory() - before, 70 * (long)MIB);
	device_close(&device);
	CHECK_OK(munmap(map, 64 * MIB));
	cgroup_leave();
}
