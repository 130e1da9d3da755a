// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How often the dma-bufs of a plane can be mapped. To take a guest's memory
 * back the kernel walks all mappings while the guest waits, so their number has
 * a bound that no way of making another mapping passes.
 */
#include "planes.h"
#include "test.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* As MGR_MAX_MAPPINGS in kernel/mgr/mgr.h, and in SECURITY.md */
#define MAX_MAPPINGS 1024

#define PAGE 4096
#define PAGES 4

#define WRITABLE VFIO_DMABUF_MGR_CREATE_WRITABLE

/* Four pages, so that a mapping can be split */
static const struct bochs_mode mode = {64, 64, 32, 0, 0, 0};

static struct device device;
static int manager, dmabuf;
static void *maps[MAX_MAPPINGS];

static void *map_one(int fd)
{
	void *map = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

static void check_full(int fd)
{
	CHECK(!map_one(fd));
	CHECK_EQ(errno, ENOMEM);
}

/* Room for that many is left; then there is none */
static void fill(unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		maps[i] = map_one(dmabuf);
		CHECK(maps[i]);
	}
	check_full(dmabuf);
}

static void set_up(void)
{
	bochs_create(&device, TYPE_16M, &mode);
	manager = manager_open(&device);
	dmabuf = plane_create_ok(manager, 0, NULL);
}

TEST("mappings of a plane's dma-bufs end with ENOMEM; one less is one to be "
     "had")
{
	unsigned int i;

	set_up();
	fill(MAX_MAPPINGS);
	for (i = 0; i < 20; i++) {
		CHECK_OK(munmap(maps[i], PAGES * PAGE));
		maps[i] = map_one(dmabuf);
		CHECK(maps[i]);
		check_full(dmabuf);
	}
	for (i = 0; i < MAX_MAPPINGS; i++)
		CHECK_OK(munmap(maps[i], PAGES * PAGE));
	fill(MAX_MAPPINGS);
}

TEST("all dma-bufs of the same memory and access share the bound")
{
	set_up();
	fill(MAX_MAPPINGS);
	bochs_pan(&device, 0, 1);
	check_full(plane_create_ok(manager, 0, NULL));
}

TEST("mappings of read-only dma-bufs leave the writable ones theirs")
{
	int writable;

	set_up();
	fill(MAX_MAPPINGS);
	writable = plane_create_ok(manager, WRITABLE, NULL);
	CHECK(map_one(writable));
}

TEST("a mapping that is split counts as two, and is not split at the bound")
{
	char *first;

	set_up();
	first = map_one(dmabuf);
	CHECK(first);
	CHECK_OK(mprotect(first, PAGE, PROT_NONE));
	fill(MAX_MAPPINGS - 2);
	CHECK_ERRNO(mprotect(maps[0], PAGE, PROT_NONE), ENOMEM);
	CHECK_ERRNO(munmap((char *)maps[0] + PAGE, PAGE), ENOMEM);
	CHECK_OK(munmap(first, PAGE));
	CHECK_OK(munmap((char *)maps[0] + PAGE, (PAGES - 1) * PAGE));
	CHECK(map_one(dmabuf));
	check_full(dmabuf);
}

TEST("a mapping can be moved at the bound, and counts as one")
{
	void *moved, *place;

	set_up();
	fill(MAX_MAPPINGS);
	place = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	CHECK(place != MAP_FAILED);
	moved = mremap(maps[0], PAGES * PAGE, PAGES * PAGE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, place);
	CHECK(moved == place);
	check_full(dmabuf);
	CHECK_OK(munmap(moved, PAGES * PAGE));
	CHECK(map_one(dmabuf));
	check_full(dmabuf);
}

static void check_no_map(void *map)
{
	unsigned char present[PAGES];

	CHECK_ERRNO(mincore(map, PAGES * PAGE, present), ENOMEM);
	CHECK(map_one(dmabuf));
}

TEST("a child process has none of its parent's mappings, and makes its own")
{
	void *map;

	set_up();
	map = map_one(dmabuf);
	CHECK(map);
	CHECK_ERRNO(madvise(map, PAGES * PAGE, MADV_DOFORK), EINVAL);
	test_join(test_fork(check_no_map, map));
}

static void wait_for_end(void *ends)
{
	char byte;

	CHECK_OK(close(((int *)ends)[1]));
	CHECK_EQ(read(((int *)ends)[0], &byte, 1), 0);
}

TEST("no fork passes the bound")
{
	unsigned int i;
	int ends[2];
	pid_t child;

	set_up();
	fill(MAX_MAPPINGS);
	CHECK_OK(pipe(ends));
	child = test_fork(wait_for_end, ends);
	check_full(dmabuf);
	for (i = 0; i < MAX_MAPPINGS; i++)
		CHECK_OK(munmap(maps[i], PAGES * PAGE));
	/* Were any of them the child's, too, there would be less room */
	fill(MAX_MAPPINGS);
	CHECK_OK(close(ends[1]));
	test_join(child);
}
