// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ABI answer by answer: the device was closed, or removed, under the
 * manager fd.
 */
#include "planes.h"
#include "test.h"

#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};

static struct device device;
static int manager;

static void set_up(void)
{
	device_create(&device, TYPE_16M);
	bochs_set_mode(&device, &vga);
	manager = manager_open(&device);
}

static void check_alive(int fd)
{
	struct pollfd poll_for = {.fd = fd, .events = POLLIN};
	union plane_query query;

	CHECK_GE(poll(&poll_for, 1, 0), 0);
	CHECK_EQ(poll_for.revents & POLLHUP, 0);
	CHECK_OK(plane_query(fd, PRIMARY, &query));
}

static void check_gone(int fd)
{
	struct vfio_dmabuf_mgr_info info = {.argsz = sizeof(info)};
	struct vfio_dmabuf_mgr_drop_rights drop = {.argsz = sizeof(drop)};
	struct vfio_dmabuf_mgr_create_dmabuf create;
	struct pollfd poll_for = {.fd = fd};
	unsigned int fds = test_fds();
	union plane_query query;

	CHECK_ERRNO(plane_query(fd, PRIMARY, &query), ENODEV);
	CHECK_ERRNO(plane_create(fd, PRIMARY, 0, &create), ENODEV);
	CHECK_ERRNO(plane_create(fd, PRIMARY, VFIO_DMABUF_MGR_CREATE_WRITABLE,
				 &create),
		    ENODEV);
	CHECK_ERRNO(ioctl(fd, VFIO_DMABUF_MGR_GET_INFO, &info), ENODEV);
	CHECK_ERRNO(ioctl(fd, VFIO_DMABUF_MGR_DROP_RIGHTS, &drop), ENODEV);
	CHECK_EQ(poll(&poll_for, 1, 0), 1);
	CHECK_EQ(poll_for.revents & POLLHUP, POLLHUP);
	CHECK_EQ(test_fds(), fds);
}

TEST("after the device is closed every ioctl is ENODEV and poll hangs up")
{
	set_up();
	check_alive(manager);
	device_close(&device);
	check_gone(manager);
}

TEST("after the device is removed every ioctl is ENODEV and poll hangs up")
{
	set_up();
	check_alive(manager);
	device_remove(&device);
	check_gone(manager);
}

TEST("a device that is opened again is not the old manager fd's device")
{
	int old;

	set_up();
	old = manager;
	device_close(&device);
	device_open(&device);
	check_gone(old);
	manager = manager_open(&device);
	check_alive(manager);
	check_gone(old);
}

TEST("every manager fd of the device hangs up, not the first alone")
{
	int others[5];
	unsigned int i;

	set_up();
	for (i = 0; i < 5; i++)
		others[i] = manager_open(&device);
	device_close(&device);
	check_gone(manager);
	for (i = 0; i < 5; i++)
		check_gone(others[i]);
}

TEST("a device that goes leaves the manager fds of another alone")
{
	struct device other;
	int other_manager;

	set_up();
	device_create(&other, TYPE_16M);
	other_manager = manager_open(&other);
	device_remove(&device);
	check_gone(manager);
	check_alive(other_manager);
}

TEST("epoll reports the hang-up to who asked for nothing")
{
	struct epoll_event event = {.events = 0};
	int epoll;

	set_up();
	epoll = (int)CHECK_OK(epoll_create1(EPOLL_CLOEXEC));
	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, manager, &event));
	CHECK_EQ(epoll_wait(epoll, &event, 1, 0), 0);
	device_close(&device);
	CHECK_EQ(epoll_wait(epoll, &event, 1, -1), 1);
	CHECK_EQ(event.events & EPOLLHUP, EPOLLHUP);
}
