// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The storm's processes and threads, see storm.h.
 */
#include "storm.h"

#include "test.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ACTORS_MAX 24
#define PROCESSES_MAX 64
#define THREADS_MAX 8
#define NICEST 19

/* Shared by all processes of a storm */
static struct storm {
	unsigned int
		behind; /* threads that have not done their share; 0: over */
	time_t deadline;
	unsigned int rounds[ACTORS_MAX];
} * shared;

static int over;

struct worker {
	const struct storm_actor *actor;
	unsigned int *rounds;
	uint64_t seed;
};

static unsigned int at_least_one(unsigned int number)
{
	return number ? number : 1;
}

int storm_over(void)
{
	return over;
}

bool storm_goes_on(void)
{
	return __atomic_load_n(&shared->behind, __ATOMIC_ACQUIRE);
}

static time_t now(void)
{
	struct timespec time;

	CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &time));
	return time.tv_sec;
}

static void end_storm(void)
{
	CHECK_OK(eventfd_write(over, 1));
}

/* One more has done its share; the last one ends it */
static void leave_behind(void)
{
	unsigned int behind =
		__atomic_load_n(&shared->behind, __ATOMIC_ACQUIRE);

	while (behind && !__atomic_compare_exchange_n(
				 &shared->behind, &behind, behind - 1, false,
				 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		;
	if (behind == 1)
		end_storm();
}

static void end_in_time(void)
{
	if (now() >= shared->deadline &&
	    __atomic_exchange_n(&shared->behind, 0, __ATOMIC_ACQ_REL)) {
		test_note("half of the time is over, and so is the storm");
		end_storm();
	}
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	unsigned int share = test_rounds(worker->actor->rounds);
	unsigned int done = 0;

	while (storm_goes_on()) {
		worker->actor->round(&worker->seed);
		if (++done == share) {
			/* Go on, but leave the CPU to those who are behind */
			CHECK_OK(setpriority(PRIO_PROCESS, 0, NICEST));
			leave_behind();
		}
		end_in_time();
	}
	__atomic_fetch_add(worker->rounds, done, __ATOMIC_RELAXED);
	return NULL;
}

static void run_actor(void *arg)
{
	const struct worker *first = arg;
	unsigned int threads = at_least_one(first->actor->threads), i;
	struct worker workers[THREADS_MAX];
	pthread_t ids[THREADS_MAX];

	CHECK_LE(threads, THREADS_MAX);
	if (first->actor->start)
		first->actor->start();
	for (i = 0; i < threads; i++) {
		workers[i] = *first;
		workers[i].seed += i;
		CHECK_EQ(pthread_create(&ids[i], NULL, work, &workers[i]), 0);
	}
	for (i = 0; i < threads; i++)
		CHECK_EQ(pthread_join(ids[i], NULL), 0);
}

/* They end in any order, but the first that fails ends the test */
static void wait_for(const pid_t *pids, const struct worker *workers,
		     unsigned int count)
{
	unsigned int left, i;
	int status;
	pid_t pid;

	for (left = count; left;) {
		pid = (pid_t)CHECK_OK(wait(&status));
		for (i = 0; i < count; i++)
			if (pids[i] == pid)
				break;
		if (i == count)
			continue;
		left--;
		if (status)
			test_fail(__FILE__, __LINE__,
				  "\"%s\" ended with status 0x%x",
				  workers[i].actor->name, status);
	}
}

void storm(const struct storm_actor *actors, size_t count)
{
	struct worker workers[PROCESSES_MAX];
	pid_t pids[PROCESSES_MAX];
	unsigned int started = 0, i, process;

	CHECK_LE(count, ACTORS_MAX);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	over = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	shared->deadline = now() + (time_t)test_limit() / 2;
	for (i = 0; i < count; i++)
		shared->behind += at_least_one(actors[i].processes) *
				  at_least_one(actors[i].threads);
	for (i = 0; i < count; i++) {
		for (process = 0; process < at_least_one(actors[i].processes);
		     process++) {
			CHECK_LT(started, PROCESSES_MAX);
			workers[started].actor = &actors[i];
			workers[started].rounds = &shared->rounds[i];
			workers[started].seed = 1 + started * THREADS_MAX;
			pids[started] = test_fork(run_actor, &workers[started]);
			started++;
		}
	}
	wait_for(pids, workers, started);
	for (i = 0; i < count; i++)
		test_note("%s: %u rounds", actors[i].name, shared->rounds[i]);
	close(over);
	munmap(shared, sizeof(*shared));
}
