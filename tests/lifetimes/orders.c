// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every order in which the things of a small set can end, each of them from
 * the beginning: after each end, all that is left is checked.
 */
#include "order.h"
#include "test.h"
#include "world.h"

#define LIMIT 400

struct set {
	enum display display;
	unsigned int scene;
	/* By these a failing order's numbers count */
	enum kind kinds[ORDER_MAX];
	unsigned int count;
};

static void run_order(void *arg)
{
	const struct order *order = arg;
	const struct set *set = order->of;
	static struct world world;
	unsigned int number[ORDER_MAX];
	unsigned int i;

	world_begin(&world, set->display);
	for (i = 0; i < set->count; i++)
		number[i] =
			set->kinds[i] == DEVICE
				? 0
				: world_add(&world, set->kinds[i], set->scene);
	for (i = 0; i < set->count; i++) {
		world_end(&world, number[order->at[i]]);
		world_check(&world);
	}
	world_finish(&world);
}

static void check_set(const struct set *set, unsigned int expected)
{
	world_prepare();
	CHECK_EQ(order_every(set->count, run_order, set), expected);
}

TEST_WITHIN(LIMIT, "device, manager fd, dma-buf, mapping, import and mdev end "
		   "in each of their 720 orders")
{
	static const struct set set = {
		.display = BOCHS,
		.scene = 2,
		.kinds = {DEVICE, MANAGER, BUFFER, MAPPING, IMPORT, MDEV},
		.count = 6,
	};

	check_set(&set, 720);
}

TEST_WITHIN(LIMIT, "device, mapped BAR, writable dma-buf, mdev and driver end "
		   "in each of their 120 orders")
{
	static const struct set set = {
		.display = BOCHS,
		.scene = 5,
		.kinds = {DEVICE, BAR, WRITABLE, MDEV, DRIVER},
		.count = 5,
	};

	check_set(&set, 120);
}

TEST_WITHIN(LIMIT, "device, manager fd and all three modules end in each of "
		   "their 120 orders")
{
	static const struct set set = {
		.display = BOCHS,
		.scene = 0,
		.kinds = {DEVICE, MANAGER, DRIVER, VDEV, MGR},
		.count = 5,
	};

	check_set(&set, 120);
}

TEST_WITHIN(LIMIT,
	    "device, import and all three modules end in each of their 120 "
	    "orders")
{
	static const struct set set = {
		.display = BOCHS,
		.scene = 11,
		.kinds = {DEVICE, IMPORT, DRIVER, VDEV, MGR},
		.count = 5,
	};

	check_set(&set, 120);
}

TEST_WITHIN(LIMIT,
	    "device, manager fd, a process with copies of both, mdev and "
	    "driver end in each of their 120 orders")
{
	static const struct set set = {
		.display = BOCHS,
		.scene = 7,
		.kinds = {DEVICE, MANAGER, HOLDER, MDEV, DRIVER},
		.count = 5,
	};

	check_set(&set, 120);
}

TEST_WITHIN(LIMIT,
	    "device, manager fd, mapping, import and a plane's pages end "
	    "in each of their 120 orders")
{
	static const struct set set = {
		.display = TEST_DISPLAY,
		.scene = SCENE_PAGES,
		.kinds = {DEVICE, MANAGER, MAPPING, IMPORT, MEMORY},
		.count = 5,
	};

	check_set(&set, 120);
}

TEST_WITHIN(LIMIT,
	    "device, a vendor's own dma-buf, its mapping, mdev and driver "
	    "end in each of their 120 orders")
{
	static const struct set set = {
		.display = TEST_DISPLAY,
		.scene = SCENE_VENDOR,
		.kinds = {DEVICE, BUFFER, MAPPING, MDEV, DRIVER},
		.count = 5,
	};

	check_set(&set, 120);
}
