// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Orders by chance, of sets that are too large for all of them: some of
 * everything, among it processes that begin somewhere in the order and hold
 * copies of what there is then.
 *
 * The seed is printed before the first, and that of an order that fails after
 * it; PLANEFD_SEED in the environment gives one to repeat.
 */
#include "test.h"
#include "world.h"

#include <sys/wait.h>

#define LIMIT 400
#define ORDERS 30
#define HOLDERS 2
#define STEPS_MAX (WORLD_THINGS + HOLDERS)
/* Instead of a thing to end: a holder begins, and ends where it is again */
#define BEGIN_HOLDER WORLD_THINGS

static uint64_t seed;

static unsigned int below(unsigned int limit)
{
	return (unsigned int)(test_random(&seed) % limit);
}

static void add_things(struct world *world)
{
	static const struct {
		enum kind kind;
		unsigned int count;
	} some[] = {
		{BAR, 2},     {MANAGER, 4}, {BUFFER, 4}, {WRITABLE, 3},
		{MAPPING, 5}, {IMPORT, 3},  {MDEV, 1},	 {DRIVER, 1},
		{VDEV, 1},    {MGR, 1},
	};
	unsigned int i, j, scene;

	for (i = 0; i < sizeof(some) / sizeof(*some); i++)
		for (j = 0; j < some[i].count; j++) {
			do
				scene = below(SCENES);
			while (some[i].kind == IMPORT &&
			       world->display == TEST_DISPLAY &&
			       scene % 4 == SCENE_VENDOR);
			world_add(world, some[i].kind, scene);
		}
	if (world->display == TEST_DISPLAY)
		world_add(world, MEMORY, 0);
}

static void shuffle(unsigned int *steps, unsigned int count)
{
	unsigned int i, other, step;

	for (i = count; i > 1; i--) {
		other = below(i);
		step = steps[i - 1];
		steps[i - 1] = steps[other];
		steps[other] = step;
	}
}

/* The first time it begins, the second time it ends */
static unsigned int do_holder(struct world *world, unsigned int holder)
{
	if (!holder)
		return world_add(world, HOLDER, 0);
	world_end(world, holder);
	return holder;
}

static void run_order(void *arg)
{
	static struct world world;
	unsigned int holders[HOLDERS] = {0};
	unsigned int steps[STEPS_MAX + HOLDERS];
	unsigned int i, count = 0;

	world_begin(&world, *(const enum display *)arg);
	add_things(&world);
	for (i = 0; i < world.count; i++)
		steps[count++] = i;
	for (i = 0; i < 2 * HOLDERS; i++)
		steps[count++] = BEGIN_HOLDER + i / 2;
	shuffle(steps, count);
	for (i = 0; i < count; i++) {
		if (steps[i] >= BEGIN_HOLDER) {
			unsigned int *holder =
				&holders[steps[i] - BEGIN_HOLDER];

			*holder = do_holder(&world, *holder);
		} else {
			world_end(&world, steps[i]);
		}
		world_check(&world);
	}
	world_finish(&world);
}

static void run_orders(enum display display)
{
	unsigned int order;
	uint64_t first;

	world_prepare();
	seed = test_seed();
	for (order = 0; order < ORDERS; order += test_each()) {
		pid_t pid;
		int status;

		first = seed;
		pid = test_fork(run_order, &display);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		if (status)
			test_fail(__FILE__, __LINE__,
				  "to repeat: PLANEFD_SEED=0x%llx",
				  (unsigned long long)first);
		test_random(&seed);
	}
}

TEST_WITHIN(LIMIT,
	    "26 things of a bochs display and 2 processes with copies of "
	    "them end in 30 orders by chance")
{
	run_orders(BOCHS);
}

TEST_WITHIN(LIMIT, "27 things of a display with pages and dma-bufs of its own "
		   "and 2 processes end in 30 orders by chance")
{
	run_orders(TEST_DISPLAY);
}
