// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A dma-buf that was not asked for as writable cannot be written, by any road.
 */
#include "gem.h"
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};
#define PICTURE_SIZE (640 * 480 * 4)

static struct device device;
static int manager;
static unsigned char picture[PICTURE_SIZE];

static void set_up(void)
{
	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	bochs_picture(picture, sizeof(picture), 1);
	CHECK_EQ(region_write(&device, BAR0, 0, picture, sizeof(picture)),
		 sizeof(picture));
}

/* VRAM is as the guest left it */
static void check_unharmed(void)
{
	static unsigned char vram[PICTURE_SIZE];

	CHECK_EQ(region_read(&device, BAR0, 0, vram, sizeof(vram)),
		 sizeof(vram));
	CHECK_BYTES(vram, picture, sizeof(vram));
}

static int try_map(int dmabuf, int prot, int flags)
{
	void *map = mmap(NULL, 4096, prot, flags, dmabuf, 0);

	if (map == MAP_FAILED)
		return -1;
	munmap(map, 4096);
	return 0;
}

/* Everything that a holder of the fd alone can try */
static void check_read_only(int dmabuf)
{
	CHECK_EQ(fcntl(dmabuf, F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_EQ(try_map(dmabuf, PROT_READ, MAP_SHARED), 0);
	CHECK_EQ(try_map(dmabuf, PROT_WRITE, MAP_SHARED), -1);
	CHECK_EQ(try_map(dmabuf, PROT_READ | PROT_WRITE, MAP_SHARED), -1);
	CHECK_EQ(try_map(dmabuf, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE),
		 -1);
}

TEST("a read-only dma-buf cannot be mapped for writing")
{
	set_up();
	check_read_only(plane_create_ok(manager, 0, NULL));
	check_unharmed();
}

TEST("a mapping of it cannot be made writable afterwards")
{
	struct vfio_dmabuf_mgr_plane_info info;
	int dmabuf;
	void *map;

	set_up();
	dmabuf = plane_create_ok(manager, 0, &info);
	map = plane_map(dmabuf, &info, PROT_READ);
	CHECK_ERRNO(mprotect(map, info.size, PROT_READ | PROT_WRITE), EACCES);
	CHECK_ERRNO(mprotect(map, 4096, PROT_WRITE), EACCES);
	CHECK_BYTES(map, picture, sizeof(picture));
	CHECK_ERRNO(mprotect(map, 4096, PROT_WRITE), EACCES);
	check_unharmed();
}

TEST("a private mapping never writes to VRAM")
{
	unsigned char *map;
	int dmabuf;

	set_up();
	dmabuf = plane_create_ok(manager, 0, NULL);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, dmabuf, 0);
	if (map != MAP_FAILED)
		memset(map, 0, 4096);
	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, dmabuf, 0);
	if (map != MAP_FAILED && !mprotect(map, 4096, PROT_READ | PROT_WRITE))
		memset(map, 0, 4096);
	check_unharmed();
}

TEST("the fd cannot be reopened for writing through /proc")
{
	char path[64];
	int again;

	set_up();
	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 plane_create_ok(manager, 0, NULL));
	CHECK_EQ(open(path, O_RDWR), -1);
	CHECK_EQ(open(path, O_WRONLY), -1);
	again = open(path, O_RDONLY);
	if (again >= 0)
		check_read_only(again);
	check_unharmed();
}

TEST("the fd's access mode cannot be changed, the fd not written")
{
	unsigned char zeros[4096] = {0};
	int dmabuf;

	set_up();
	dmabuf = plane_create_ok(manager, 0, NULL);
	fcntl(dmabuf, F_SETFL, O_RDWR);
	check_read_only(dmabuf);
	check_read_only((int)CHECK_OK(dup(dmabuf)));
	CHECK_EQ(write(dmabuf, zeros, sizeof(zeros)), -1);
	CHECK_EQ(pwrite(dmabuf, zeros, sizeof(zeros), 0), -1);
	CHECK_EQ(ftruncate(dmabuf, 0), -1);
	CHECK_EQ(fallocate(dmabuf, 0, 0, 4096), -1);
	check_unharmed();
}

TEST("a mapping of it is not written through /proc/self/mem")
{
	struct vfio_dmabuf_mgr_plane_info info;
	unsigned char zeros[64] = {0};
	void *map;
	int mem;

	set_up();
	map = plane_map(plane_create_ok(manager, 0, &info), &info, PROT_READ);
	CHECK_BYTES(map, picture, sizeof(picture));
	mem = (int)CHECK_OK(open("/proc/self/mem", O_RDWR));
	CHECK_EQ(pwrite(mem, zeros, sizeof(zeros), (off_t)(uintptr_t)map), -1);
	check_unharmed();
}

TEST("a mapping of it is not written by a system call")
{
	struct vfio_dmabuf_mgr_plane_info info;
	unsigned char zeros[64] = {0};
	struct iovec from = {zeros, sizeof(zeros)};
	struct iovec to;
	int zero;

	set_up();
	to.iov_base =
		plane_map(plane_create_ok(manager, 0, &info), &info, PROT_READ);
	to.iov_len = sizeof(zeros);
	zero = (int)CHECK_OK(open("/dev/zero", O_RDONLY));
	CHECK_ERRNO(read(zero, to.iov_base, to.iov_len), EFAULT);
	CHECK_EQ(process_vm_writev(getpid(), &from, 1, &to, 1, 0), -1);
	check_unharmed();
}

TEST("a mapping of it does not grow beyond what was mapped")
{
	struct vfio_dmabuf_mgr_plane_info info;
	void *map;

	set_up();
	map = plane_map(plane_create_ok(manager, 0, &info), &info, PROT_READ);
	CHECK(mremap(map, info.size, info.size + 4096, MREMAP_MAYMOVE) ==
	      MAP_FAILED);
	CHECK(mremap(map, info.size, info.size * 2, MREMAP_MAYMOVE) ==
	      MAP_FAILED);
	check_unharmed();
}

TEST("the CPU's accesses can be bracketed on a read-only dma-buf")
{
	int dmabuf;

	set_up();
	dmabuf = plane_create_ok(manager, 0, NULL);
	CHECK_OK(dmabuf_sync(dmabuf, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_START));
	CHECK_OK(dmabuf_sync(dmabuf, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END));
	check_unharmed();
}

TEST("a writable dma-buf of the same plane makes the read-only one no wider")
{
	int read_only;

	set_up();
	read_only = plane_create_ok(manager, 0, NULL);
	plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE, NULL);
	check_read_only(read_only);
	check_read_only(plane_create_ok(manager, 0, NULL));
	check_unharmed();
}

TEST("a file that dropped its rights gives read-only dma-bufs")
{
	struct vfio_dmabuf_mgr_drop_rights drop = {
		.argsz = sizeof(drop),
		.rights = VFIO_DMABUF_MGR_RIGHT_WRITABLE,
	};

	set_up();
	/* Also where a writable one is alive already */
	plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE, NULL);
	CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_DROP_RIGHTS, &drop));
	check_read_only(plane_create_ok(manager, 0, NULL));
	check_unharmed();
}

TEST("what is written to a writable dma-buf is in VRAM")
{
	struct vfio_dmabuf_mgr_plane_info info;
	unsigned char *map;
	int dmabuf;

	set_up();
	dmabuf = plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE,
				 &info);
	map = plane_map(dmabuf, &info, PROT_READ | PROT_WRITE);
	CHECK_OK(dmabuf_sync(dmabuf, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START));
	CHECK_BYTES(map, picture, sizeof(picture));
	bochs_picture(picture, sizeof(picture), 2);
	memcpy(map, picture, sizeof(picture));
	CHECK_OK(dmabuf_sync(dmabuf, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END));
	check_unharmed();

	/* And of a mapping that becomes writable only after it was read */
	map = plane_map(dmabuf, &info, PROT_READ);
	CHECK_BYTES(map, picture, sizeof(picture));
	CHECK_OK(mprotect(map, info.size, PROT_READ | PROT_WRITE));
	map[7] ^= 0xff;
	picture[7] ^= 0xff;
	check_unharmed();
}

/* Import a dma-buf and map it through the card's file, which is O_RDWR */
static void *map_imported(int card, int dmabuf, int prot)
{
	off_t place = gem_next_place(card, PICTURE_SIZE);

	gem_import(card, dmabuf);
	return mmap(NULL, PICTURE_SIZE, prot, MAP_SHARED, card, place);
}

TEST("an importer's file maps a read-only dma-buf for reading and no more")
{
	void *map;

	set_up();
	map = map_imported(gem_open(), plane_create_ok(manager, 0, NULL),
			   PROT_READ);
	CHECK(map != MAP_FAILED);
	CHECK_BYTES(map, picture, sizeof(picture));
	CHECK_ERRNO(mprotect(map, PICTURE_SIZE, PROT_READ | PROT_WRITE),
		    EACCES);
	check_unharmed();
}

TEST("an importer's file does not map a read-only dma-buf for writing")
{
	set_up();
	CHECK(map_imported(gem_open(), plane_create_ok(manager, 0, NULL),
			   PROT_READ | PROT_WRITE) == MAP_FAILED);
	check_unharmed();
}

TEST("an importer's file maps a writable dma-buf for writing, and that is VRAM")
{
	unsigned char *map;
	int dmabuf;

	set_up();
	dmabuf =
		plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE, NULL);
	map = map_imported(gem_open(), dmabuf, PROT_READ | PROT_WRITE);
	CHECK(map != MAP_FAILED);
	CHECK_BYTES(map, picture, sizeof(picture));
	map[4096] ^= 0xff;
	picture[4096] ^= 0xff;
	check_unharmed();
}

TEST("a GEM importer cannot pass a read-only dma-buf on as a writable one")
{
	uint32_t handle;
	int card, again;

	set_up();
	card = gem_open();
	handle = gem_import(card, plane_create_ok(manager, 0, NULL));
	again = gem_export(card, handle);
	check_read_only(again);
	check_unharmed();
}

TEST("a GEM importer can pass a writable dma-buf on, and it writes to VRAM")
{
	struct vfio_dmabuf_mgr_plane_info info;
	unsigned char *map;
	int card, again;

	set_up();
	card = gem_open();
	again = gem_export(
		card, gem_import(card, plane_create_ok(
					       manager,
					       VFIO_DMABUF_MGR_CREATE_WRITABLE,
					       &info)));
	map = plane_map(again, &info, PROT_READ | PROT_WRITE);
	CHECK_BYTES(map, picture, sizeof(picture));
	map[100] ^= 0xff;
	picture[100] ^= 0xff;
	check_unharmed();
}
