// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A viewer that sleeps, and is woken; see wake.h.
 */
#include "wake.h"

#include "planes.h"
#include "test.h"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROUNDS 300

/* Shared by who changes and who views */
struct scene {
	const struct wake *wake;
	int woken;		 /* an eventfd: the viewer has seen it */
	volatile uint64_t awake; /* measure_now() of the last wake */
};

void wake_see_event(int fd)
{
	uint64_t events;

	CHECK_EQ(read(fd, &events, sizeof(events)), sizeof(events));
}

void wake_see_plane(int fd)
{
	struct vfio_dmabuf_mgr_query_plane query = {
		.argsz = 60,
		.plane_id = PRIMARY,
	};

	CHECK_OK(ioctl(fd, VFIO_DMABUF_MGR_QUERY_PLANE, &query));
}

void wake_prioritize(int policy, int priority)
{
	const struct sched_param param = {.sched_priority = priority};

	CHECK_OK(sched_setscheduler(0, policy, &param));
}

void wake_tell(int event)
{
	const uint64_t one = 1;

	CHECK_EQ(write(event, &one, sizeof(one)), sizeof(one));
}

static void view(void *arg)
{
	struct scene *scene = arg;
	struct pollfd wait = {.fd = scene->wake->fd, .events = POLLIN};

	wake_prioritize(SCHED_FIFO, 1);
	/* What has changed before nobody is to be woken for */
	if (poll(&wait, 1, 0))
		scene->wake->see(wait.fd);
	for (;;) {
		/* With its priority it sleeps before the other one goes on */
		wake_tell(scene->woken);
		CHECK_EQ(poll(&wait, 1, -1), 1);
		scene->awake = measure_now();
		CHECK_EQ(wait.revents, POLLIN);
		scene->wake->see(wait.fd);
	}
}

static uint64_t measure_once(const struct wake *wake, struct scene *scene)
{
	uint64_t start;

	if (wake->change.before)
		wake->change.before(wake->arg);
	start = measure_now();
	wake->change.timed(wake->arg);
	wake_see_event(scene->woken);
	if (wake->change.after)
		wake->change.after(wake->arg);
	return scene->awake - start - measure_overhead();
}

struct figures wake_measure(const struct wake *wake)
{
	static uint64_t samples[ROUNDS];
	struct scene *scene =
		mmap(NULL, sizeof(*scene), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	unsigned int i;
	pid_t viewer;

	CHECK(scene != MAP_FAILED);
	scene->wake = wake;
	scene->woken = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	wake_prioritize(SCHED_IDLE, 0);
	viewer = test_fork(view, scene);
	wake_see_event(scene->woken);
	for (i = 0; i < ROUNDS; i++)
		samples[i] = measure_once(wake, scene);
	test_kill(viewer);
	wake_prioritize(SCHED_OTHER, 0);
	close(scene->woken);
	munmap(scene, sizeof(*scene));
	return measure_figures(samples, ROUNDS);
}
