// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * poll and epoll on a manager fd: awake for every change, asleep otherwise.
 */
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};
static const struct bochs_mode svga = {.width = 800, .height = 600, .bpp = 32};

static struct device device;
static int manager;

static void set_up(void)
{
	union plane_query query;

	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	plane_query_ok(manager, &query);
}

static int poll_within(int fd, int milliseconds)
{
	struct pollfd poll_for = {.fd = fd, .events = POLLIN};
	int count = (int)CHECK_OK(poll(&poll_for, 1, milliseconds));

	CHECK_EQ(poll_for.revents, count ? POLLIN : 0);
	return count;
}

static uint64_t see(int fd)
{
	union plane_query query;

	plane_query_ok(fd, &query);
	return query.ext.sequence;
}

/* The change is to be told of, once, and to have a higher sequence */
static void check_change(uint64_t *sequence)
{
	uint64_t before = *sequence;

	CHECK_EQ(poll_within(manager, 0), 1);
	*sequence = see(manager);
	CHECK_GT(*sequence, before);
	CHECK_EQ(poll_within(manager, 0), 0);
}

TEST("a fd is not readable before the plane first changes, then it is")
{
	device_create(&device, TYPE_16M);
	manager = manager_open(&device);
	see(manager);
	CHECK_EQ(poll_within(manager, 0), 0);
	bochs_set_mode(&device, &vga);
	CHECK_EQ(poll_within(manager, 0), 1);
}

TEST("a new fd on a plane that is on has a change that it has not seen")
{
	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	CHECK_EQ(poll_within(manager, 0), 1);
	see(manager);
	CHECK_EQ(poll_within(manager, 0), 0);
}

TEST("mode set, pan, off, on, blank and unblank are each a change")
{
	uint64_t sequence;

	set_up();
	sequence = see(manager);
	CHECK_EQ(poll_within(manager, 0), 0);
	bochs_set_mode(&device, &svga);
	check_change(&sequence);
	bochs_write(&device, DISPI_X_OFFSET, 8);
	check_change(&sequence);
	bochs_write(&device, DISPI_Y_OFFSET, 600);
	check_change(&sequence);
	bochs_write(&device, DISPI_VIRT_WIDTH, 1024);
	check_change(&sequence);
	bochs_write(&device, DISPI_BPP, 16);
	check_change(&sequence);
	bochs_off(&device);
	check_change(&sequence);
	bochs_write(&device, DISPI_ENABLE, DISPI_ENABLED);
	check_change(&sequence);
	bochs_blank(&device, true);
	check_change(&sequence);
	bochs_blank(&device, false);
	check_change(&sequence);
}

TEST("a reset by the VMM turns the plane off, and that is a change")
{
	union plane_query query;

	set_up();
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_RESET));
	CHECK_EQ(poll_within(manager, 0), 1);
	plane_query_ok(manager, &query);
	CHECK_ALL(&query.base.plane_info, 0, sizeof(query.base.plane_info));
	CHECK_EQ(poll_within(manager, 0), 0);
}

TEST("BAR0's move is a change: start is another")
{
	uint64_t sequence;

	set_up();
	sequence = see(manager);
	bochs_place(&device, VRAM_BASE + (1u << 28));
	check_change(&sequence);
}

TEST("drawing is no change, nor is what shows nothing else")
{
	uint64_t sequence;

	set_up();
	sequence = see(manager);
	region_set(&device, BAR0, 0, 4, 0xffffff);
	*(volatile uint32_t *)region_map(&device, BAR0, 4096, 4096) = 0xff00;
	bochs_write(&device, DISPI_BANK, 3);
	bochs_write(&device, DISPI_ID, 0xb0c0);
	bochs_write(&device, DISPI_XRES, vga.width);
	bochs_blank(&device, false);
	CHECK_EQ(poll_within(manager, 0), 0);
	CHECK_EQ(see(manager), sequence);
}

TEST("without a change poll sleeps until its time is over")
{
	uint64_t before;

	set_up();
	before = test_now();
	CHECK_EQ(poll_within(manager, 300), 0);
	CHECK_GE(test_now() - before, 300000000);
}

/* A file of its own for the sleeper, so that nobody else sees for it */
struct sleeper {
	int fd;
	short expected;
};

static void sleep_in_poll(void *arg)
{
	const struct sleeper *sleeper = arg;
	struct pollfd poll_for = {.fd = sleeper->fd, .events = POLLIN};

	close(device.fd);
	/*
	 * Without end: poll looks once more when its time is over, and would
	 * find the change then even if nobody had woken it.
	 */
	CHECK_EQ(poll(&poll_for, 1, -1), 1);
	CHECK_EQ(poll_for.revents, sleeper->expected);
}

/* Is the process asleep in poll()? */
static bool is_asleep(void *arg)
{
	char path[64], line[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", *(pid_t *)arg);
	fd = (int)CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
	CHECK_OK(read(fd, line, sizeof(line) - 1));
	close(fd);
	/* "running", or the number of the call that it is blocked in */
	return line[0] != 'r' && atoi(line) == SYS_poll;
}

static pid_t start_sleeper(struct sleeper *sleeper)
{
	pid_t pid = test_fork(sleep_in_poll, sleeper);

	CHECK(test_wait(is_asleep, &pid, 10));
	return pid;
}

TEST("a sleeping viewer wakes when the guest flips")
{
	struct sleeper sleeper = {.expected = POLLIN};
	pid_t pid;

	set_up();
	sleeper.fd = manager;
	pid = start_sleeper(&sleeper);
	bochs_pan(&device, 0, vga.height);
	test_join(pid);
}

TEST("a sleeping viewer wakes when the guest sets a mode or turns it off")
{
	struct sleeper sleeper = {.expected = POLLIN};
	pid_t pid;

	set_up();
	sleeper.fd = manager;
	pid = start_sleeper(&sleeper);
	bochs_off(&device);
	test_join(pid);
	see(manager);
	pid = start_sleeper(&sleeper);
	bochs_set_mode(&device, &svga);
	test_join(pid);
}

TEST("many sleeping viewers wake together")
{
	struct sleeper sleepers[6];
	pid_t pids[6];
	unsigned int i;

	set_up();
	for (i = 0; i < 6; i++) {
		sleepers[i].fd = manager_open(&device);
		sleepers[i].expected = POLLIN;
		see(sleepers[i].fd);
		pids[i] = start_sleeper(&sleepers[i]);
	}
	bochs_pan(&device, 0, vga.height);
	for (i = 0; i < 6; i++)
		test_join(pids[i]);
}

TEST("a sleeping viewer wakes with a hang-up when the device is closed")
{
	struct sleeper sleeper = {.expected = POLLHUP};
	pid_t pid;

	set_up();
	sleeper.fd = manager;
	pid = start_sleeper(&sleeper);
	device_close(&device);
	test_join(pid);
}

static int watch(uint32_t events)
{
	struct epoll_event event = {.events = events};
	int epoll = (int)CHECK_OK(epoll_create1(EPOLL_CLOEXEC));

	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, manager, &event));
	return epoll;
}

/* The guest does not wait until its viewers are woken, so a change may be new */
static uint32_t next_event(int epoll, int milliseconds)
{
	struct epoll_event event = {.events = 0};

	CHECK_OK(epoll_wait(epoll, &event, 1, milliseconds));
	return event.events;
}

TEST("level-triggered epoll tells of a change until it is queried")
{
	int epoll;

	set_up();
	epoll = watch(EPOLLIN);
	CHECK_EQ(next_event(epoll, 0), 0);
	bochs_pan(&device, 0, 10);
	CHECK_EQ(next_event(epoll, -1), EPOLLIN);
	CHECK_EQ(next_event(epoll, 0), EPOLLIN);
	see(manager);
	CHECK_EQ(next_event(epoll, 0), 0);
	CHECK_EQ(next_event(epoll, 100), 0);
}

TEST("edge-triggered epoll tells of each change once, queried or not")
{
	int epoll;

	set_up();
	epoll = watch(EPOLLIN | EPOLLET);
	CHECK_EQ(next_event(epoll, 0), 0);
	bochs_pan(&device, 0, 10);
	CHECK_EQ(next_event(epoll, -1), EPOLLIN);
	CHECK_EQ(next_event(epoll, 0), 0);
	bochs_pan(&device, 0, 20);
	CHECK_EQ(next_event(epoll, -1), EPOLLIN);
	CHECK_EQ(next_event(epoll, 0), 0);
	see(manager);
	CHECK_EQ(next_event(epoll, 0), 0);
	bochs_off(&device);
	CHECK_EQ(next_event(epoll, -1), EPOLLIN);
}

TEST("one-shot epoll can be armed again while a change is unseen")
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};
	int epoll;

	set_up();
	epoll = watch(EPOLLIN | EPOLLONESHOT);
	bochs_pan(&device, 0, 10);
	CHECK_EQ(next_event(epoll, -1), EPOLLIN);
	CHECK_EQ(next_event(epoll, 0), 0);
	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_MOD, manager, &event));
	CHECK_EQ(next_event(epoll, 0), EPOLLIN);
}

/* A file of its own, in an epoll set of its own, for a process of its own */
struct watcher {
	int fd;
	uint32_t expected;
};

static void sleep_in_epoll(void *arg)
{
	const struct watcher *watcher = arg;
	struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};
	int epoll = (int)CHECK_OK(epoll_create1(EPOLL_CLOEXEC));

	device_close(&device);
	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, watcher->fd, &event));
	CHECK_EQ(next_event(epoll, -1), watcher->expected);
}

TEST("exclusive waiters of several files wake for one change, and a hang-up")
{
	static const uint32_t expected[] = {EPOLLIN, EPOLLHUP};
	struct watcher watchers[2];
	unsigned int i, round;
	pid_t pids[2];

	set_up();
	for (i = 0; i < 2; i++)
		watchers[i].fd = manager_open(&device);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 2; i++) {
			watchers[i].expected = expected[round];
			see(watchers[i].fd);
			pids[i] = test_fork(sleep_in_epoll, &watchers[i]);
			test_wait_asleep(pids[i]);
		}
		if (round)
			device_close(&device);
		else
			bochs_pan(&device, 0, vga.height);
		for (i = 0; i < 2; i++)
			test_join(pids[i]);
	}
}

TEST("each file has its own idea of what was seen, a duplicate has the same")
{
	int other, duplicate;

	set_up();
	other = manager_open(&device);
	duplicate = (int)CHECK_OK(dup(manager));
	see(other);
	bochs_pan(&device, 0, 10);
	CHECK_EQ(poll_within(manager, 0), 1);
	CHECK_EQ(poll_within(duplicate, 0), 1);
	CHECK_EQ(poll_within(other, 0), 1);
	see(manager);
	CHECK_EQ(poll_within(manager, 0), 0);
	CHECK_EQ(poll_within(duplicate, 0), 0);
	CHECK_EQ(poll_within(other, 0), 1);
	see(other);
	CHECK_EQ(poll_within(other, 0), 0);
}

TEST("damage is the whole plane after a flip and nothing where nothing was")
{
	union plane_query query;

	set_up();
	plane_query_ok(manager, &query);
	CHECK_EQ(query.ext.damage_width, 0);
	CHECK_EQ(query.ext.damage_height, 0);
	bochs_pan(&device, 0, 10);
	plane_query_ok(manager, &query);
	CHECK_EQ(query.ext.damage_x, 0);
	CHECK_EQ(query.ext.damage_y, 0);
	CHECK_EQ(query.ext.damage_width, vga.width);
	CHECK_EQ(query.ext.damage_height, vga.height);
	plane_query_ok(manager, &query);
	CHECK_EQ(query.ext.damage_width, 0);
	CHECK_EQ(query.ext.damage_height, 0);
}

TEST("damage of a thousand flips that were not seen is the whole plane, once")
{
	union plane_query query;
	unsigned int i;

	set_up();
	for (i = 0; i < 1000; i++)
		bochs_write(&device, DISPI_Y_OFFSET, (uint16_t)(1 + i % 2));
	plane_query_ok(manager, &query);
	CHECK_EQ(query.ext.damage_width, vga.width);
	CHECK_EQ(query.ext.damage_height, vga.height);
	plane_query_ok(manager, &query);
	CHECK_EQ(query.ext.damage_width, 0);
}

TEST("CREATE alone does not count as having seen a change")
{
	set_up();
	bochs_pan(&device, 0, 10);
	close(plane_create_ok(manager, 0, NULL));
	CHECK_EQ(poll_within(manager, 0), 1);
}
