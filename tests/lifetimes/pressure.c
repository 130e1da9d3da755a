// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same where the VMM's memory cgroup is full: VRAM that was there stays
 * what it was, a touch of what was not is told there is no memory, whoever and
 * whatever touches it, and ends in any order are as good as ever.
 */
#include "bochs.h"
#include "cgroup.h"
#include "order.h"
#include "planes.h"
#include "test.h"
#include "world.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#define LIMIT 200
/* What is allocated at a time */
#define CHUNK (2 * MIB)
/* Some, but not for a chunk: what of that was there is given back */
#define ROOM (CHUNK * 3 / 4)

static sigjmp_buf fault;

static void on_bus_error(int number)
{
	(void)number;
	siglongjmp(fault, 1);
}

/* Only here is a SIGBUS an answer */
static bool can_touch(const volatile unsigned char *address)
{
	struct sigaction action = {
		.sa_handler = on_bus_error,
		.sa_flags = SA_NODEFER,
	};
	struct sigaction before;
	volatile bool can = false;

	CHECK_OK(sigaction(SIGBUS, &action, &before));
	if (!sigsetjmp(fault, 1)) {
		(void)*address;
		can = true;
	}
	CHECK_OK(sigaction(SIGBUS, &before, NULL));
	return can;
}

/* Everything that needs VRAM that is not there: each is told, none is killed */
static void touch_more(struct world *world)
{
	static const unsigned char bytes[4096] = {1};
	struct vfio_dmabuf_mgr_plane_info info;
	unsigned char *bar;
	int manager, dmabuf;
	void *map;

	bar = region_map(&world->device, BAR0, 0, 16 * MIB);
	CHECK(!can_touch(bar + 3 * CHUNK));
	CHECK_OK(munmap(bar, 16 * MIB));
	CHECK_EQ(region_write(&world->device, BAR0, 5 * CHUNK, bytes,
			      sizeof(bytes)),
		 -1);
	CHECK_EQ(errno, ENOMEM);

	/* The plane itself may be there: it takes no memory to say so */
	bochs_pan(&world->device, 0, 7 * CHUNK / SCENE_STRIDE);
	manager = manager_open(&world->device);
	dmabuf = plane_create_ok(manager, 0, &info);
	map = plane_map(dmabuf, &info, PROT_READ);
	CHECK(!can_touch(map));
	CHECK_OK(munmap(map, info.size));
	CHECK_OK(close(dmabuf));
	CHECK_OK(close(manager));
	world_show(world, world->shown);
}

static const enum kind kinds[4] = {DEVICE, MANAGER, MAPPING, IMPORT};

static void run_order(void *arg)
{
	const struct order *order = arg;
	static struct world world;
	unsigned int number[4], i;

	cgroup_join();
	world_begin(&world, BOCHS);
	for (i = 1; i < 4; i++)
		number[i] = world_add(&world, kinds[i], i);
	number[0] = 0;
	/* Where it still ran it could be killed for a page of its own */
	test_wait_asleep(world.remover);
	cgroup_limit(cgroup_memory() + (long)ROOM);
	/* What this process needs for itself is not the question */
	cgroup_leave();
	touch_more(&world);
	for (i = 0; i < 4; i++) {
		world_end(&world, number[order->at[i]]);
		world_check(&world);
	}
	world_finish(&world);
	CHECK_EQ(cgroup_kills(), 0);
	cgroup_limit(1L << 40);
}

TEST_WITHIN(LIMIT,
	    "device, manager fd, mapping and import end in each of their "
	    "24 orders where the VMM's cgroup is full")
{
	world_prepare();
	CHECK_EQ(order_every(4, run_order, NULL), 24);
}
