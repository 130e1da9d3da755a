// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reaching pixels, with faults: regions read and written, BARs and dma-bufs
 * mapped, touched and copied, and memory that a device makes anew.
 */
#include "bochs.h"
#include "bytes.h"
#include "display.h"
#include "fault.h"
#include "planes.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct bochs_mode mode = {.width = 64, .height = 64, .bpp = 32};
#define SIZE (64 * 64 * 4)
#define VRAM_SIZE (16 * MIB)
/* What the device allocates at a time */
#define CHUNK (2 * MIB)

static struct device device;
static unsigned char bytes[3 * 4096];
static off_t region;
static uint64_t at;
static int dmabuf;
static void *map;

static void set_up_at(uint32_t index, uint64_t offset)
{
	struct vfio_region_info info;

	region_info(&device, index, &info);
	region = (off_t)info.offset;
	at = offset;
}

/* Every touch is of a chunk that is not there yet, in a device as new */
static void prepare_untouched(void)
{
	if (device.uuid[0])
		device_close(&device);
	else
		CHECK_EQ(mdev_create(TYPE_16M, device.uuid), 0);
	device_open(&device);
	bochs_place(&device, VRAM_BASE);
	bochs_set_mode(&device, &mode);
	set_up_at(BAR0, CHUNK - 4096);
	memset(bytes, UNTOUCHED, sizeof(bytes));
}

static void set_up_touched(void)
{
	prepare_untouched();
	bochs_picture(bytes, sizeof(bytes), 1);
	CHECK_EQ(region_write(&device, BAR0, at, bytes, sizeof(bytes)),
		 sizeof(bytes));
}

static void prepare_read(void)
{
	memset(bytes, UNTOUCHED, sizeof(bytes));
}

static long run_read(void)
{
	return pread(device.fd, bytes, sizeof(bytes), region + (off_t)at);
}

/* What was read is right, and no more was written than it says */
static void check_read(const unsigned char *expected, size_t size, long result)
{
	CHECK_GT(result, 0);
	CHECK_LE(result, size);
	CHECK_BYTES(bytes, expected, (size_t)result);
}

static void undo_read_untouched(long result)
{
	static const unsigned char zeros[sizeof(bytes)];

	check_read(zeros, sizeof(bytes), result);
}

WALK("reading VRAM that nobody has touched", .prepare = prepare_untouched,
     .run = run_read, .undo = undo_read_untouched)

static void undo_read(long result)
{
	static unsigned char picture[sizeof(bytes)];

	bochs_picture(picture, sizeof(picture), 1);
	check_read(picture, sizeof(bytes), result);
}

WALK("reading VRAM", .set_up = set_up_touched, .prepare = prepare_read,
     .run = run_read, .undo = undo_read, .sites = 3)

static void prepare_write(void)
{
	prepare_untouched();
	bochs_picture(bytes, sizeof(bytes), 1);
}

static long run_write(void)
{
	return pwrite(device.fd, bytes, sizeof(bytes), region + (off_t)at);
}

static void check_write(void)
{
	static unsigned char vram[sizeof(bytes)];

	CHECK_EQ(region_read(&device, BAR0, at, vram, sizeof(vram)),
		 sizeof(vram));
	CHECK_ALL(vram, 0, sizeof(vram));
}

/* As much as it says is there, and the rest still zero */
static void undo_write(long result)
{
	static unsigned char vram[sizeof(bytes)];

	CHECK_GT(result, 0);
	memset(bytes + result, 0, sizeof(bytes) - (size_t)result);
	CHECK_EQ(region_read(&device, BAR0, at, vram, sizeof(vram)),
		 sizeof(vram));
	CHECK_BYTES(vram, bytes, sizeof(vram));
}

WALK("writing VRAM that nobody has touched", .prepare = prepare_write,
     .run = run_write, .check = check_write, .undo = undo_write, .sites = 7)

/* Mapping */

static sigjmp_buf fault;

static void on_bus_error(int number)
{
	(void)number;
	siglongjmp(fault, 1);
}

static void catch_bus_errors(void)
{
	struct sigaction action = {
		.sa_handler = on_bus_error,
		.sa_flags = SA_NODEFER,
	};

	CHECK_OK(sigaction(SIGBUS, &action, NULL));
}

static void *map_at(int fd, size_t size, int prot, off_t offset)
{
	return mmap(NULL, size, prot, MAP_SHARED, fd, offset);
}

static long run_map_bar(void)
{
	map = map_at(device.fd, VRAM_SIZE, PROT_READ | PROT_WRITE, region);
	return map == MAP_FAILED ? -1 : 0;
}

static void undo_map_bar(long result)
{
	CHECK_EQ(result, 0);
	CHECK_ALL(map, 0, 4096);
	CHECK_OK(munmap(map, VRAM_SIZE));
}

WALK("mapping a BAR", .prepare = prepare_untouched, .run = run_map_bar,
     .undo = undo_map_bar, .sites = 2)

static void prepare_map_dmabuf(void)
{
	int manager;

	prepare_untouched();
	manager = manager_open(&device);
	dmabuf = plane_create_ok(manager, 0, NULL);
	CHECK_OK(close(manager));
}

static long run_map_dmabuf(void)
{
	map = map_at(dmabuf, SIZE, PROT_READ, 0);
	return map == MAP_FAILED ? -1 : 0;
}

static void undo_map_dmabuf(long result)
{
	CHECK_EQ(result, 0);
	CHECK_ALL(map, 0, SIZE);
	CHECK_OK(munmap(map, SIZE));
	CHECK_OK(close(dmabuf));
}

WALK("mapping a dma-buf", .prepare = prepare_map_dmabuf, .run = run_map_dmabuf,
     .undo = undo_map_dmabuf, .sites = 2)

/* A touch that finds no memory is a SIGBUS: told here as EFAULT */
static long touch(const volatile unsigned char *address)
{
	if (sigsetjmp(fault, 1)) {
		errno = EFAULT;
		return -1;
	}
	return *address;
}

static void prepare_touch_bar(void)
{
	catch_bus_errors();
	prepare_untouched();
	CHECK_OK(run_map_bar());
}

static long run_touch(void)
{
	return touch(map);
}

static void check_touch_bar(void)
{
	/* The rest of VRAM is no worse for it */
	CHECK_EQ(touch((unsigned char *)map + CHUNK), 0);
}

static void undo_touch_bar(long result)
{
	CHECK_EQ(result, 0);
	CHECK_ALL(map, 0, CHUNK);
	CHECK_OK(munmap(map, VRAM_SIZE));
}

WALK("the first touch of a mapped BAR", .prepare = prepare_touch_bar,
     .run = run_touch, .check = check_touch_bar, .undo = undo_touch_bar,
     .sites = 3)

static void prepare_touch_dmabuf(void)
{
	catch_bus_errors();
	prepare_map_dmabuf();
	CHECK_OK(run_map_dmabuf());
}

WALK("the first touch of a mapped dma-buf", .prepare = prepare_touch_dmabuf,
     .run = run_touch, .undo = undo_map_dmabuf, .sites = 3)

/* What is mapped is split and moved */

static void prepare_mapped(void)
{
	prepare_touch_dmabuf();
	CHECK_EQ(touch(map), 0);
}

static long run_split(void)
{
	return munmap((char *)map + 4096, 4096);
}

static void check_split(void)
{
	CHECK_ALL(map, 0, SIZE);
}

static void undo_split(long result)
{
	CHECK_EQ(result, 0);
	CHECK_ALL(map, 0, 4096);
	CHECK_ALL((unsigned char *)map + 2 * 4096, 0, SIZE - 2 * 4096);
	CHECK_OK(munmap(map, SIZE));
	CHECK_OK(close(dmabuf));
}

WALK("unmapping the middle of a dma-buf", .prepare = prepare_mapped,
     .run = run_split, .check = check_split, .undo = undo_split, .sites = 2)

static void *place;

static void prepare_move(void)
{
	prepare_mapped();
	place = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(place != MAP_FAILED);
}

static long run_move(void)
{
	void *moved =
		mremap(map, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, place);

	return moved == MAP_FAILED ? -1 : 0;
}

static void undo_move(long result)
{
	map = place;
	undo_map_dmabuf(result);
}

WALK("moving the mapping of a dma-buf", .prepare = prepare_move,
     .run = run_move, .check = check_split, .undo = undo_move, .sites = 1)

/* A driver that makes memory of pages anew, and dma-bufs of its own */

static int manager;

static void show(enum display_memory memory)
{
	const struct display_picture picture = {
		FOURCC_XRGB8888, 64, 64, 256, memory, 0,
	};

	display_show(&device, PRIMARY, &picture);
}

static void set_up_display(void)
{
	display_create(&device);
	manager = manager_open(&device);
	set_up_at(BAR0, DISPLAY_RENEW);
}

static uint64_t inode;

static void prepare_renew(void)
{
	show(MEMORY_PAGES_1);
	dmabuf = plane_create_ok(manager, 0, NULL);
	inode = dmabuf_inode(dmabuf);
}

static long run_renew(void)
{
	const uint32_t number = MEMORY_PAGES_1;

	return pwrite(device.fd, &number, sizeof(number), region + (off_t)at);
}

static void check_same(bool same)
{
	int again = plane_create_ok(manager, 0, NULL);

	CHECK_EQ(dmabuf_inode(again) == inode, same);
	CHECK_OK(close(again));
}

static void check_renew(void)
{
	check_same(true);
}

static void undo_renew(long result)
{
	CHECK_EQ(result, 4);
	check_same(false);
	CHECK_OK(close(dmabuf));
}

/* The first thousand are all the same: the driver's own pages */
WALK("making a plane's memory of pages anew", .set_up = set_up_display,
     .prepare = prepare_renew, .run = run_renew, .check = check_renew,
     .undo = undo_renew, .first = 1000, .sites = 1025)

static void prepare_vendor(void)
{
	show(MEMORY_VENDOR);
}

static struct vfio_dmabuf_mgr_create_dmabuf create;

static long run_vendor(void)
{
	return plane_create(manager, PRIMARY, 0, &create);
}

static void undo_vendor(long result)
{
	CHECK_EQ(result, 0);
	map = plane_map(create.fd, &create.plane_info, PROT_READ);
	CHECK_ALL(map, 0x5a, SIZE);
	CHECK_OK(munmap(map, SIZE));
	CHECK_OK(close(create.fd));
	/* The manager keeps it for who asks next, until the device closes */
	device_close(&device);
	CHECK_OK(close(manager));
	device_open(&device);
	manager = manager_open(&device);
}

WALK("CREATE_DMABUF of a vendor's own", .set_up = set_up_display,
     .prepare = prepare_vendor, .run = run_vendor, .undo = undo_vendor,
     .sites = 6)

TEST_WITHIN(120, "kmemleak finds nothing after all these faults")
{
	fault_check_leaks();
}
