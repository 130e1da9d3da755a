// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a viewer does, with faults: the manager fd's ioctls, and what can be
 * done with a dma-buf.
 */
#include "bochs.h"
#include "bytes.h"
#include "fault.h"
#include "gem.h"
#include "planes.h"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct bochs_mode mode = {.width = 64, .height = 64, .bpp = 32};
#define SIZE (64 * 64 * 4)
/* As in kernel/mgr/mgr.h: what one device may have */
#define MAX_BUFFERS 256

static struct device device;
static int manager;
static int dmabuf;
static int card;
static unsigned int line;

static union {
	union plane_query query;
	struct vfio_dmabuf_mgr_create_dmabuf create;
	struct vfio_dmabuf_mgr_info info;
	struct vfio_dmabuf_mgr_drop_rights drop;
	unsigned char bytes[128];
} arg;

static void set_up(void)
{
	bochs_create(&device, TYPE_16M, &mode);
	manager = manager_open(&device);
}

/* The plane shows what it never has shown */
static void show_new(void)
{
	bochs_pan(&device, 0, (uint16_t)(++line * 16));
}

static void check_lines(void)
{
	/* The counter's end in the VRAM, so that each was a new place */
	CHECK_LT(line * 16, 16 * MIB / 256 - 64);
}

/* How many dma-bufs of the device are alive, as its manager counts them */
static unsigned int buffers(void)
{
	char path[64], text[256];
	unsigned int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", manager);
	file = fopen(path, "re");
	CHECK(file);
	while (fgets(text, sizeof(text), file))
		if (sscanf(text, "buffers: %u", &count) == 1)
			break;
	fclose(file);
	return count;
}

/* QUERY */

static void prepare_query(void)
{
	show_new();
	memset(&arg, UNTOUCHED, sizeof(arg));
	arg.query.base.argsz = sizeof(arg.query);
	arg.query.base.flags = 0;
	arg.query.base.plane_id = PRIMARY;
}

static long run_query(void)
{
	return ioctl(manager, VFIO_DMABUF_MGR_QUERY_PLANE, &arg.query);
}

static void check_query(void)
{
	struct pollfd poll_for = {.fd = manager, .events = POLLIN};

	/* What was not told is still to be told */
	CHECK_EQ(poll(&poll_for, 1, 0), 1);
	CHECK_EQ(poll_for.revents, POLLIN);
	CHECK_ALL(&arg.query.base.plane_info, UNTOUCHED,
		  sizeof(arg.query.base.plane_info));
}

static void undo_query(long result)
{
	struct pollfd poll_for = {.fd = manager, .events = POLLIN};

	CHECK_EQ(result, 0);
	CHECK_EQ(poll(&poll_for, 1, 0), 0);
	CHECK_EQ(arg.query.base.plane_info.height, mode.height);
	CHECK_EQ(arg.query.ext.damage_height, mode.height);
}

WALK("QUERY_PLANE with its extension", .set_up = set_up,
     .prepare = prepare_query, .run = run_query, .check = check_query,
     .undo = undo_query, .tear_down = check_lines, .sites = 1)

/* CREATE */

static uint32_t create_flags;
static unsigned int buffers_before;

static void prepare_create(void)
{
	memset(&arg, UNTOUCHED, sizeof(arg));
	arg.create.argsz = sizeof(arg.create);
	arg.create.flags = create_flags;
	arg.create.plane_id = PRIMARY;
	buffers_before = buffers();
}

static void prepare_fresh(void)
{
	show_new();
	prepare_create();
}

static void prepare_fresh_writable(void)
{
	create_flags = VFIO_DMABUF_MGR_CREATE_WRITABLE;
	prepare_fresh();
}

static long run_create(void)
{
	return ioctl(manager, VFIO_DMABUF_MGR_CREATE_DMABUF, &arg.create);
}

static void check_create(void)
{
	/* One that could not be handed over may wait to be asked for again */
	CHECK_LE(buffers(), buffers_before + 1);
	prepare_create();
}

static void undo_create(long result)
{
	void *map;

	CHECK_EQ(result, 0);
	CHECK_EQ(arg.create.plane_info.height, mode.height);
	map = plane_map(arg.create.fd, &arg.create.plane_info, PROT_READ);
	CHECK_ALL(map, 0, SIZE);
	CHECK_OK(munmap(map, SIZE));
	CHECK_OK(close(arg.create.fd));
}

/* None of those that failed counts as alive */
static void check_all_buffers(void)
{
	unsigned int i;

	check_lines();
	for (i = 0; i < MAX_BUFFERS; i++) {
		bochs_pan(&device, 1, (uint16_t)i);
		prepare_create();
		CHECK_OK(run_create());
	}
}

WALK("CREATE_DMABUF of what nobody has", .set_up = set_up,
     .prepare = prepare_fresh, .run = run_create, .check = check_create,
     .undo = undo_create, .tear_down = check_all_buffers, .sites = 6)

WALK("CREATE_DMABUF, writable, of what nobody has", .set_up = set_up,
     .prepare = prepare_fresh_writable, .run = run_create,
     .check = check_create, .undo = undo_create, .tear_down = check_all_buffers,
     .sites = 6)

static void set_up_again(void)
{
	set_up();
	dmabuf = plane_create_ok(manager, 0, NULL);
}

WALK("CREATE_DMABUF of what somebody has", .set_up = set_up_again,
     .prepare = prepare_create, .run = run_create, .check = check_create,
     .undo = undo_create, .sites = 1)

/* The others */

static void prepare_info(void)
{
	memset(&arg, UNTOUCHED, sizeof(arg));
	arg.info.argsz = sizeof(arg.info);
	arg.info.flags = 0;
}

static long run_info(void)
{
	return ioctl(manager, VFIO_DMABUF_MGR_GET_INFO, &arg.info);
}

static void check_info(void)
{
	CHECK_ALL(&arg.bytes[8], UNTOUCHED, sizeof(arg.info) - 8);
}

static void undo_info(long result)
{
	CHECK_EQ(result, 0);
	CHECK_STR(arg.info.device, device.uuid);
}

WALK("GET_INFO", .set_up = set_up, .prepare = prepare_info, .run = run_info,
     .check = check_info, .undo = undo_info, .sites = 2)

static void prepare_drop(void)
{
	close(manager);
	manager = manager_open(&device);
	arg.drop = (struct vfio_dmabuf_mgr_drop_rights){
		.argsz = sizeof(arg.drop),
		.rights = VFIO_DMABUF_MGR_RIGHT_WRITABLE,
	};
}

static long run_drop(void)
{
	return ioctl(manager, VFIO_DMABUF_MGR_DROP_RIGHTS, &arg.drop);
}

static void check_drop(void)
{
	/* Not done is not done: it may still write */
	CHECK_OK(close(plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE,
				       NULL)));
}

static void undo_drop(long result)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;

	CHECK_EQ(result, 0);
	CHECK_ERRNO(plane_create(manager, PRIMARY,
				 VFIO_DMABUF_MGR_CREATE_WRITABLE, &create),
		    EPERM);
}

WALK("DROP_RIGHTS", .set_up = set_up, .prepare = prepare_drop, .run = run_drop,
     .check = check_drop, .undo = undo_drop, .sites = 1)

static int epoll;

static void set_up_epoll(void)
{
	set_up();
	epoll = (int)CHECK_OK(epoll_create1(EPOLL_CLOEXEC));
}

static long run_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, manager, &event);
}

static void undo_epoll(long result)
{
	struct epoll_event event;

	CHECK_EQ(result, 0);
	show_new();
	CHECK_EQ(epoll_wait(epoll, &event, 1, -1), 1);
	CHECK_EQ(event.events, EPOLLIN);
	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_DEL, manager, NULL));
}

WALK("adding a manager fd to an epoll set", .set_up = set_up_epoll,
     .run = run_epoll, .undo = undo_epoll, .sites = 2)

static int fdinfo;
static char fdinfo_text[4096];

static void prepare_fdinfo(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", manager);
	fdinfo = (int)CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
}

static long run_fdinfo(void)
{
	return pread(fdinfo, fdinfo_text, sizeof(fdinfo_text) - 1, 0);
}

static void undo_fdinfo(long result)
{
	CHECK_GT(result, 0);
	fdinfo_text[result] = 0;
	CHECK(strstr(fdinfo_text, "rights:\twritable"));
	CHECK(strstr(fdinfo_text, "plane-0x1:\t64x64"));
	CHECK_OK(close(fdinfo));
}

WALK("reading a manager fd's fdinfo", .set_up = set_up,
     .prepare = prepare_fdinfo, .run = run_fdinfo, .undo = undo_fdinfo,
     .sites = 1)

/* Dma-bufs */

static void prepare_dmabuf(void)
{
	show_new();
	dmabuf = plane_create_ok(manager, 0, NULL);
}

static long run_sync(void)
{
	return dmabuf_sync(dmabuf, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_START);
}

static void undo_sync(long result)
{
	CHECK_EQ(result, 0);
	CHECK_OK(dmabuf_sync(dmabuf, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END));
}

WALK("DMA_BUF_IOCTL_SYNC", .set_up = set_up_again, .run = run_sync,
     .undo = undo_sync, .sites = 1)

static void set_up_import(void)
{
	card = gem_open();
	set_up();
}

static struct gem_prime prime;

static void prepare_import(void)
{
	prepare_dmabuf();
	prime = (struct gem_prime){.fd = dmabuf};
}

static long run_import(void)
{
	return ioctl(card, GEM_PRIME_FD_TO_HANDLE, &prime);
}

/* The importer has it: its handle gives the same dma-buf back */
static void undo_import(long result)
{
	int again;

	CHECK_EQ(result, 0);
	again = gem_export(card, prime.handle);
	CHECK_EQ(dmabuf_inode(again), dmabuf_inode(dmabuf));
	CHECK_OK(close(again));
	gem_close(card, prime.handle);
	CHECK_OK(close(dmabuf));
}

WALK("importing a dma-buf into a device", .set_up = set_up_import,
     .prepare = prepare_import, .run = run_import, .undo = undo_import,
     .tear_down = check_all_buffers, .sites = 6)

TEST_WITHIN(120, "kmemleak finds nothing after all these faults")
{
	fault_check_leaks();
}
