// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flip, and how far it is from there to a viewer that slept in poll.
 *
 * A flip is what a guest's driver does to pan: one write to a register. On one
 * CPU the viewer has the higher real time priority, so it runs as soon as it is
 * woken, and the flipper goes on when it sleeps again.
 */
#include "rows.h"

#include "test.h"

#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define FLIP_ROUNDS 500
#define WAKE_ROUNDS 300

/* What there is to flip and to wait for; shared by flipper and viewer */
struct scene {
	struct screen screen;
	int eventfd; /* instead of the screen, or -1 */
	volatile int ready;
	volatile unsigned int wakes;
	volatile uint64_t awake; /* measure_now() of the last wake */
};

static void flip_timed(void *arg)
{
	struct scene *scene = arg;

	screen_flip(&scene->screen);
}

static void flip_before(void *arg)
{
	struct scene *scene = arg;

	scene->screen.line = scene->screen.line ? 0 : PAN_LINES;
}

static void flip_after(void *arg)
{
	struct scene *scene = arg;

	screen_has_flipped(&scene->screen);
}

static void event_timed(void *arg)
{
	struct scene *scene = arg;
	uint64_t one = 1;

	scene->screen.status = (int)write(scene->eventfd, &one, sizeof(one));
}

static void see(const struct scene *scene)
{
	struct vfio_dmabuf_mgr_query_plane query = {
		.argsz = 60,
		.plane_id = PRIMARY,
	};
	uint64_t events;

	if (scene->eventfd >= 0)
		CHECK_EQ(read(scene->eventfd, &events, sizeof(events)),
			 sizeof(events));
	else
		CHECK_OK(ioctl(scene->screen.manager,
			       VFIO_DMABUF_MGR_QUERY_PLANE, &query));
}

static void prioritize(int priority)
{
	const struct sched_param param = {.sched_priority = priority};

	CHECK_OK(sched_setscheduler(0, SCHED_FIFO, &param));
}

static void view(void *arg)
{
	struct scene *scene = arg;
	struct pollfd wait = {
		.fd = scene->eventfd >= 0 ? scene->eventfd
					  : scene->screen.manager,
		.events = POLLIN,
	};

	prioritize(2);
	if (scene->eventfd < 0)
		see(scene);
	scene->ready = 1;
	for (;;) {
		CHECK_EQ(poll(&wait, 1, -1), 1);
		scene->awake = measure_now();
		CHECK_EQ(wait.revents, POLLIN);
		scene->wakes++;
		see(scene);
	}
}

static struct figures measure_wake(struct scene *scene)
{
	static uint64_t samples[WAKE_ROUNDS];
	const struct sched_param normal = {.sched_priority = 0};
	unsigned int i, wakes;
	uint64_t start;
	pid_t viewer;

	prioritize(1);
	scene->ready = 0;
	viewer = test_fork(view, scene);
	while (!scene->ready)
		sched_yield();
	/* The viewer has the priority: it is asleep in poll by now */
	for (i = 0; i < WAKE_ROUNDS; i++) {
		flip_before(scene);
		wakes = scene->wakes;
		start = measure_now();
		if (scene->eventfd >= 0)
			event_timed(scene);
		else
			flip_timed(scene);
		CHECK_EQ(scene->wakes, wakes + 1);
		samples[i] = scene->awake - start - measure_overhead();
	}
	test_kill(viewer);
	CHECK_OK(sched_setscheduler(0, SCHED_OTHER, &normal));
	return measure_figures(samples, WAKE_ROUNDS);
}

static struct scene *scene_create(void)
{
	struct scene *scene =
		mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	CHECK(scene != MAP_FAILED);
	scene->eventfd = -1;
	return scene;
}

static const struct work flip = {flip_before, flip_timed, flip_after};
static const struct work event = {NULL, event_timed, NULL};

void rows_events(void)
{
	struct row *flips = result_row(ROW_FLIP, "");
	struct row *wakes = result_row(ROW_WAKE, "");
	struct scene *scene = scene_create();
	struct figures figures;

	screen_create(&scene->screen, PLANEFD, SIZE_HD);
	screen_show(&scene->screen);
	result_measure(flips, PLANEFD, &flip, FLIP_ROUNDS, scene, NULL);
	figures = measure_wake(scene);
	result_set(wakes, PLANEFD, &figures, 1, NULL);
	screen_remove(&scene->screen);

	scene->eventfd = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	result_measure(flips, FLOOR, &event, FLIP_ROUNDS, scene,
		       "write() to an eventfd");
	CHECK_OK(close(scene->eventfd));
	scene->eventfd = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	figures = measure_wake(scene);
	result_set(wakes, FLOOR, &figures, 1, "the same by an eventfd");
	close(scene->eventfd);
	munmap(scene, sizeof(*scene));
}

void rows_events_peer(enum column whose)
{
	struct scene *scene;

	result_cannot(result_row(ROW_WAKE, ""), whose,
		      "nothing tells of a flip: its viewers ask again and "
		      "again");
	if (whose == MDPY) {
		result_cannot(result_row(ROW_FLIP, ""), whose,
			      "it shows one mode for good");
		return;
	}
	scene = scene_create();
	screen_create(&scene->screen, whose, SIZE_HD);
	screen_show(&scene->screen);
	result_measure(result_row(ROW_FLIP, ""), whose, &flip, FLIP_ROUNDS,
		       scene, NULL);
}
