// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The example of libplanefd(3), compiled as the man page has it, in a process
 * that looks at this one's display. The linker sends its planefd_wait() here.
 */
#include <planefd.h>

#include "display.h"
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHANGES 20

int __real_planefd_wait(struct planefd *planefd, int timeout_ms);
int __wrap_planefd_wait(struct planefd *planefd, int timeout_ms);

static struct device device;
static int output[2];

/* How often the example was woken; shared with its process */
static unsigned int *wakes;

int __wrap_planefd_wait(struct planefd *planefd, int timeout_ms)
{
	int ret = __real_planefd_wait(planefd, timeout_ms);

	if (ret == 1)
		__atomic_add_fetch(wakes, 1, __ATOMIC_SEQ_CST);
	return ret;
}

static unsigned int count_wakes(void)
{
	return __atomic_load_n(wakes, __ATOMIC_SEQ_CST);
}

static void example(pid_t pid)
{
#include "example.inc"
}

static void run_example(void *arg)
{
	(void)arg;
	/* Only the tester's own copy keeps the device open */
	device_close(&device);
	CHECK_OK(dup2(output[1], STDOUT_FILENO));
	example(getppid());
	fflush(stdout);
}

/* A display whose first pixel is this, and the example that looks at it */
static pid_t start(uint8_t first)
{
	static const struct display_picture screen = {
		FOURCC_XRGB8888, 8, 4, 32, MEMORY_BAR, 0,
	};
	static const struct display_picture cursor = {
		FOURCC_ARGB8888, 2, 2, 8, MEMORY_BAR, 4096,
	};

	wakes = mmap(NULL, sizeof(*wakes), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(wakes != MAP_FAILED);
	CHECK_OK(pipe(output));
	display_create(&device);
	region_set(&device, BAR2, 0, 4, first);
	display_show(&device, PRIMARY_ID(0), &screen);
	display_show(&device, CURSOR_ID(0), &cursor);
	fflush(stdout);
	pid_t pid = test_fork(run_example, NULL);
	CHECK_OK(close(output[1]));
	return pid;
}

static bool has_woken(void *arg)
{
	const unsigned int *times = arg;

	return count_wakes() >= *times;
}

/* Each change of the plane wakes the example once, and then it sleeps again */
static void check_wakes(pid_t pid, uint32_t plane_id)
{
	test_wait_asleep(pid);
	unsigned int before = count_wakes();
	for (unsigned int i = 1; i <= CHANGES; i++) {
		unsigned int times = before + i;

		display_set(&device, plane_id, DISPLAY_X, i);
		display_set(&device, plane_id, DISPLAY_COMMIT, COMMIT_FLIP);
		CHECK(test_wait(has_woken, &times, 10));
		test_wait_asleep(pid);
		CHECK_EQ(count_wakes(), times);
	}
}

TEST("the example of libplanefd(3) sleeps while nothing changes")
{
	pid_t pid = start(0);

	test_wait_asleep(pid);
	CHECK_EQ(count_wakes(), 0);
	usleep(300 * 1000);
	CHECK_EQ(count_wakes(), 0);
	test_kill(pid);
}

TEST("each change of a cursor wakes the example once")
{
	pid_t pid = start(0);

	check_wakes(pid, CURSOR_ID(0));
	test_kill(pid);
}

TEST("each change of another head wakes the example once")
{
	static const struct display_picture other = {
		FOURCC_XRGB8888, 8, 4, 32, MEMORY_BAR, 8192,
	};
	pid_t pid = start(0);

	display_show(&device, PRIMARY_ID(1), &other);
	display_show(&device, CURSOR_ID(1), &other);
	check_wakes(pid, PRIMARY_ID(1));
	check_wakes(pid, CURSOR_ID(1));
	test_kill(pid);
}

TEST("the example prints the first pixel at each change, up to the end")
{
	static const char expected[] = "5a\n5a\n5a\n";
	char text[64] = { 0 };
	unsigned int times = 0;

	pid_t pid = start(0x5a);
	test_wait_asleep(pid);
	while (times++ < 2) {
		display_damage(&device, PRIMARY_ID(0), 0, 0, 1, 1);
		CHECK(test_wait(has_woken, &times, 10));
		test_wait_asleep(pid);
	}
	device_close(&device);
	test_join(pid);
	CHECK_EQ(read(output[0], text, sizeof(text) - 1),
		 sizeof(expected) - 1);
	CHECK_STR(text, expected);
}
