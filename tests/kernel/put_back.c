// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A dma-buf that CREATE has made and cannot tell of: the memory for the answer
 * goes while the kernel writes to it, and meanwhile the device has gone, so that
 * nobody but the manager has the dma-buf once the reference is put back.
 */
#include "bochs.h"
#include "missing.h"
#include "modules.h"
#include "planes.h"
#include "test.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static const struct bochs_mode mode = {64, 64, 32, 0, 0, 0};

static struct device device;
static int manager;

struct asker {
	struct vfio_dmabuf_mgr_create_dmabuf *create;
	int result;
	int error;
};

static void *ask(void *arg)
{
	struct asker *asker = arg;

	asker->result =
		ioctl(manager, VFIO_DMABUF_MGR_CREATE_DMABUF, asker->create);
	asker->error = errno;
	return NULL;
}

/* The argument of a CREATE, which can be read, but not be written */
static struct vfio_dmabuf_mgr_create_dmabuf *argument(int *faults)
{
	static const struct vfio_dmabuf_mgr_create_dmabuf filled = {
		.argsz = sizeof(filled),
		.plane_id = PRIMARY,
	};
	struct vfio_dmabuf_mgr_create_dmabuf *create;

	create = missing_for_writers(PAGE, &filled, sizeof(filled), faults);
	CHECK_EQ(create->argsz, sizeof(filled));
	return create;
}

static bool has_as_few(void *users)
{
	return module_users(MODULE_MGR) <= *(long *)users;
}

/* Everything goes while the answer is being written, and then the answer's page
 */
static void ask_in_vain(void)
{
	struct asker asker;
	pthread_t thread;
	int faults;

	asker.create = argument(&faults);
	CHECK_EQ(pthread_create(&thread, NULL, ask, &asker), 0);
	CHECK_EQ(missing_wait(faults), (uintptr_t)asker.create);
	device_remove(&device);
	CHECK_OK(munmap(asker.create, PAGE));
	CHECK_OK(close(faults));
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(asker.result, -1);
	CHECK_EQ(asker.error, EFAULT);
	CHECK_OK(close(manager));
}

static void create_device(void)
{
	bochs_create(&device, TYPE_16M, &mode);
	manager = manager_open(&device);
}

TEST("a dma-buf that cannot be told of goes, though all else is gone before")
{
	long users = module_users(MODULE_MGR);
	unsigned int fds;

	missing_needed();
	fds = test_fds();
	create_device();
	ask_in_vain();
	CHECK_EQ(test_fds(), fds);
	CHECK(test_wait(has_as_few, &users, 10));
}

TEST("so does one that is in an epoll set")
{
	struct epoll_event event = {.events = 0};
	long users = module_users(MODULE_MGR);
	int epoll, dmabuf;

	missing_needed();
	create_device();
	epoll = (int)CHECK_OK(epoll_create1(EPOLL_CLOEXEC));
	dmabuf = plane_create_ok(manager, 0, NULL);
	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, dmabuf, &event));
	/* The set has it as long as the manager does */
	CHECK_OK(close(dmabuf));
	ask_in_vain();
	CHECK(test_wait(has_as_few, &users, 10));
}
