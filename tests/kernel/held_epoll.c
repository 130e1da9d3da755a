// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A viewer that closes dma-bufs while they are in an epoll set of his, and
 * holds that set's lock: he waits for events into memory whose fault nobody
 * answers. The kernel takes the lock where the last reference to such a file
 * goes, which is the manager's. Nobody else may wait for him.
 */
#include "fds.h"
#include "gem.h"
#include "missing.h"
#include "modules.h"
#include "planes.h"
#include "test.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

/* vgem's fences signal after so long */
#define FENCE_SECONDS 10

/* As SECURITY.md has it */
#define MAX_OPENINGS 4

/* Many more than are kept that nobody has, and than there are CPUs */
#define MANY 100

/* Together more than the 512 workers that can be stuck at once: SECURITY.md */
#define STUCK_OPENINGS 3
#define STUCK_EACH 200

static const struct bochs_mode mode = {64, 64, 32, 0, 0, 0};

static struct device device;
static int manager;

struct holder {
	unsigned int count;
	bool fenced; /* each dma-buf has a fence that the set waits for */
	int dmabufs[STUCK_EACH];
	int socket;
	int locked; /* eventfds: the lock is held, the dma-bufs are closed */
	int closed;
	pid_t pid;
	int faults; /* the userfaultfd */
};

static void add(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events};

	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

/* dma_buf_poll() then has a reference to it until the fence signals */
static void add_fenced(int epoll, int card, int dmabuf)
{
	uint32_t handle = gem_import(card, dmabuf);

	gem_attach_fence(card, handle);
	add(epoll, dmabuf, EPOLLIN);
	gem_close(card, handle);
}

static void *close_dmabufs(void *arg)
{
	const struct holder *holder = arg;
	eventfd_t value;
	unsigned int i;

	CHECK_OK(eventfd_read(holder->locked, &value));
	for (i = 0; i < holder->count; i++)
		CHECK_OK(close(holder->dmabufs[i]));
	CHECK_OK(eventfd_write(holder->closed, 1));
	return NULL;
}

static void hold(void *arg)
{
	struct holder *holder = arg;
	int epoll = (int)CHECK_OK(epoll_create1(EPOLL_CLOEXEC));
	int card = holder->fenced ? gem_open() : -1;
	pthread_t closer;
	unsigned int i;
	void *page;
	int faults;

	page = missing_create(PAGE, &faults);
	for (i = 0; i < holder->count; i++) {
		bochs_pan(&device, 0, (uint16_t)(1000 + i));
		holder->dmabufs[i] = plane_create_ok(manager, 0, NULL);
		if (holder->fenced)
			add_fenced(epoll, card, holder->dmabufs[i]);
		else
			add(epoll, holder->dmabufs[i], 0);
	}
	device_close(&device);
	CHECK_OK(close(manager));
	/* What there is to be told */
	add(epoll, (int)CHECK_OK(eventfd(1, EFD_CLOEXEC)), EPOLLIN);
	CHECK_EQ(pthread_create(&closer, NULL, close_dmabufs, holder), 0);
	fds_send(holder->socket, faults, 0);
	/* A caller that waits for the lock waits until the test ends */
	epoll_wait(epoll, page, 1, -1);
	test_fail(__FILE__, __LINE__, "the fault was answered");
}

/* Of the device that is open. Returns once he has the lock, and no dma-buf */
static void hold_opening(struct holder *holder, unsigned int count)
{
	int sockets[2];
	eventfd_t value;
	uint32_t number;

	manager = manager_open(&device);
	CHECK_OK(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets));
	holder->count = count;
	holder->socket = sockets[1];
	holder->locked = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	holder->closed = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	holder->pid = test_fork(hold, holder);
	holder->faults = fds_receive(sockets[0], &number);
	missing_wait(holder->faults);
	CHECK_OK(eventfd_write(holder->locked, 1));
	CHECK_OK(eventfd_read(holder->closed, &value));
}

static void start_holder(struct holder *holder, unsigned int count)
{
	missing_needed();
	bochs_create(&device, TYPE_16M, &mode);
	holder->fenced = false;
	hold_opening(holder, count);
}

static bool create_other(unsigned int nr)
{
	bochs_pan(&device, 0, (uint16_t)nr);
	return !close(plane_create_ok(manager, 0, NULL));
}

/* As a VMM does it */
static bool get_other(unsigned int nr)
{
	/* A whole number of pages, which mainline's ABI can tell */
	bochs_pan(&device, 0, (uint16_t)(nr * 16));
	return !close((int)CHECK_OK(plane_get(&device)));
}

/* Among the manager's is one of each living dma-buf */
static long references(void)
{
	return module_users(MODULE_MGR);
}

static bool has_no_more(void *limit)
{
	return references() <= *(long *)limit;
}

/* Until now nobody has waited for him */
static void let_go(const struct holder *holder)
{
	CHECK_EQ(waitpid(holder->pid, NULL, WNOHANG), 0);
	test_kill(holder->pid);
	CHECK_OK(close(holder->faults));
}

TEST("a VMM that closes its device does not wait for a viewer's epoll set")
{
	struct holder holder;

	start_holder(&holder, 1);
	device_close(&device);
	device_open(&device);
	bochs_set_mode(&device, &mode);
	CHECK_OK(manager_open(&device));
	device_remove(&device);
	let_go(&holder);
}

TEST("nor does who asks for a dma-buf, so that others are given up for it")
{
	struct holder holder;
	unsigned int i;

	start_holder(&holder, 1);
	for (i = 0; i < MANY; i++)
		CHECK(create_other(i));
	for (i = 0; i < MANY; i++)
		CHECK(get_other(i));
	let_go(&holder);
}

TEST("what is held so holds up no other; it goes when the viewer lets go")
{
	struct holder holder;
	struct device other;
	long before, held;

	before = references();
	start_holder(&holder, MANY);
	CHECK_OK(close(manager));
	device_remove(&device);
	held = references();
	CHECK_GE(held, before + MANY);

	bochs_create(&other, TYPE_16M, &mode);
	manager = manager_open(&other);
	CHECK_OK(close(plane_create_ok(manager, 0, NULL)));
	CHECK_GT(references(), held);
	CHECK_OK(close(manager));
	device_remove(&other);
	CHECK(test_wait(has_no_more, &held, 10));

	let_go(&holder);
	CHECK(test_wait(has_no_more, &before, 10));
}

/* Does a thread of the kernel's release files that others have put? */
static bool puts_files(const char *pid)
{
	char path[64], line[256];
	bool found = false;
	FILE *stack;

	snprintf(path, sizeof(path), "/proc/%.16s/stack", pid);
	stack = fopen(path, "re");
	while (stack && !found && fgets(line, sizeof(line), stack))
		found = strstr(line, "delayed_fput");
	if (stack)
		fclose(stack);
	return found;
}

static bool any_puts_files(void)
{
	const struct dirent *entry;
	DIR *processes = opendir("/proc");
	bool found = false;

	CHECK(processes);
	while (!found && (entry = readdir(processes)))
		found = *entry->d_name >= '1' && *entry->d_name <= '9' &&
			puts_files(entry->d_name);
	closedir(processes);
	return found;
}

/* A viewer of one opening, which then ends; the device is opened again */
static void hold_fenced(struct holder *holder)
{
	holder->fenced = true;
	hold_opening(holder, 1);
	CHECK_OK(close(manager));
	device_close(&device);
	device_open(&device);
	bochs_set_mode(&device, &mode);
}

TEST("a closed dma-buf that a fence and an epoll set keep has no memory")
{
	static struct holder holders[MAX_OPENINGS];
	long before = references();
	unsigned int i;

	missing_needed();
	bochs_create(&device, TYPE_16M, &mode);
	for (i = 0; i < MAX_OPENINGS; i++)
		hold_fenced(&holders[i]);
	/* Those that viewers keep leave no room for this one */
	manager = manager_open(&device);
	CHECK(create_other(0));
	device_remove(&device);
	CHECK_OK(close(manager));
	for (i = 0; i < MAX_OPENINGS; i++)
		let_go(&holders[i]);
	CHECK(test_wait(has_no_more, &before, FENCE_SECONDS + 10));
}

TEST("no put of the kernel's waits for such a set once the fence signals")
{
	struct holder holder;

	missing_needed();
	bochs_create(&device, TYPE_16M, &mode);
	hold_fenced(&holder);
	device_remove(&device);
	/* The worker that all wait for would stay there until let_go() */
	sleep(FENCE_SECONDS + 1);
	CHECK(!any_puts_files());
	let_go(&holder);
}

TEST("more held than there are workers for keep no VRAM of another device")
{
	static struct holder holders[STUCK_OPENINGS];
	long before = references();
	unsigned int i;

	missing_needed();
	for (i = 0; i < STUCK_OPENINGS; i++) {
		start_holder(&holders[i], STUCK_EACH);
		CHECK_OK(close(manager));
		device_remove(&device);
	}
	bochs_create(&device, TYPE_16M, &mode);
	for (i = 0; i <= MAX_OPENINGS; i++) {
		manager = manager_open(&device);
		CHECK(create_other(i));
		CHECK_OK(close(manager));
		device_close(&device);
		device_open(&device);
		bochs_set_mode(&device, &mode);
	}
	device_remove(&device);
	for (i = 0; i < STUCK_OPENINGS; i++)
		let_go(&holders[i]);
	CHECK(test_wait(has_no_more, &before, 20));
}
