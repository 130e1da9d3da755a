// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The limits on what one device's viewers can take, and that nothing is lost
 * when they are met.
 */
#include "planes.h"
#include "test.h"

#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* More than any sensible limit */
#define MANY 20000

/* As MGR_MAX_FILES in kernel/mgr/mgr.h, and in SECURITY.md */
#define MAX_FILES 256

/* Open dma-bufs of each kind: SECURITY.md, and the kernel's MGR_MAX_BUFFERS */
#define MAX_DMABUFS 256

#define WRITABLE VFIO_DMABUF_MGR_CREATE_WRITABLE

static struct bochs_mode mode = {64, 64, 32, 0, 0, 0};

static struct device device;
static int fds[MANY];

static void set_up(void)
{
	struct rlimit limit = {2 * MANY, 2 * MANY};

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	bochs_create(&device, TYPE_16M, &mode);
}

static unsigned int open_until_refused(void)
{
	uint32_t type = VFIO_DEVICE_DMABUF_MGR_FD;
	unsigned int count;

	for (count = 0; count < MANY; count++) {
		fds[count] = ioctl(device.fd, VFIO_DEVICE_GET_FD, &type);
		if (fds[count] < 0)
			break;
	}
	CHECK_EQ(errno, EUSERS);
	CHECK_EQ(count, MAX_FILES);
	return count;
}

TEST("manager fds of a device end with EUSERS; all that there are work on")
{
	union plane_query query;
	uint32_t type = VFIO_DEVICE_DMABUF_MGR_FD;
	unsigned int count, before, i;

	set_up();
	before = test_fds();
	count = open_until_refused();
	CHECK_EQ(test_fds(), before + count);
	for (i = 0; i < count; i++) {
		plane_query_ok(fds[i], &query);
		CHECK_EQ(query.base.plane_info.width, 64);
	}
	/* One closed is one to be had, once */
	CHECK_OK(close(fds[0]));
	fds[0] = manager_open(&device);
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_FD, &type), EUSERS);
	for (i = 0; i < count; i++)
		CHECK_OK(close(fds[i]));
	CHECK_EQ(open_until_refused(), count);
}

TEST("a device at its limit of manager fds takes nothing from another")
{
	struct device other;

	set_up();
	open_until_refused();
	bochs_create(&other, TYPE_16M, &mode);
	CHECK_OK(manager_open(&other));
}

TEST("all manager fds of a device at its limit wake for one flip")
{
	struct pollfd poll_for = {.events = POLLIN};
	union plane_query query;
	unsigned int count, i;

	set_up();
	count = open_until_refused();
	for (i = 0; i < count; i++)
		plane_query_ok(fds[i], &query);
	bochs_pan(&device, 0, 1);
	for (i = 0; i < count; i++) {
		poll_for.fd = fds[i];
		CHECK_EQ(poll(&poll_for, 1, 0), 1);
	}
}

static int create_shown(int manager, uint32_t flags)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;

	if (plane_create(manager, PRIMARY, flags, &create))
		return -1;
	return create.fd;
}

/* A different first line, so a different buffer, each time */
static int create_other(int manager, unsigned int nr, uint32_t flags)
{
	bochs_pan(&device, 0, (uint16_t)nr);
	return create_shown(manager, flags);
}

static unsigned int create_until_refused(int manager, uint32_t flags)
{
	unsigned int count;

	for (count = 0; count < MANY; count++) {
		fds[count] = create_other(manager, count, flags);
		if (fds[count] < 0)
			break;
	}
	CHECK_EQ(errno, ENOSPC);
	CHECK_EQ(count, MAX_DMABUFS);
	return count;
}

TEST("live dma-bufs of a device end with ENOSPC; what lives can be had again")
{
	unsigned int count, before, i;
	int manager, again;

	set_up();
	manager = manager_open(&device);
	before = test_fds();
	count = create_until_refused(manager, 0);
	CHECK_EQ(test_fds(), before + count);
	for (i = 0; i < count; i++) {
		again = create_other(manager, i, 0);
		CHECK_GE(again, 0);
		CHECK_EQ(dmabuf_inode(again), dmabuf_inode(fds[i]));
		CHECK_OK(close(again));
	}
	/* The same through another manager fd */
	CHECK_ERRNO(create_other(manager_open(&device), count, 0), ENOSPC);
}

TEST("one dma-buf closed is one to be had, once")
{
	unsigned int count, i;
	int manager;

	set_up();
	manager = manager_open(&device);
	count = create_until_refused(manager, 0);
	for (i = 0; i < 20; i++) {
		CHECK_OK(close(fds[i]));
		fds[i] = create_other(manager, count + i, 0);
		CHECK_GE(fds[i], 0);
		CHECK_ERRNO(create_other(manager, count + 100 + i, 0), ENOSPC);
	}
}

TEST("a mapping keeps its dma-buf counted after the fd is closed")
{
	struct vfio_dmabuf_mgr_plane_info info = {.size = 64 * 64 * 4};
	unsigned int count;
	int manager;
	void *map;

	set_up();
	manager = manager_open(&device);
	count = create_until_refused(manager, 0);
	map = plane_map(fds[3], &info, PROT_READ);
	CHECK_OK(close(fds[3]));
	CHECK_ERRNO(create_other(manager, count, 0), ENOSPC);
	CHECK_OK(munmap(map, info.size));
	CHECK_GE(create_other(manager, count, 0), 0);
}

/* Show and GET through mainline's ABI, as a VMM does */
static int get_other(unsigned int nr)
{
	/* A whole number of pages, which mainline's ABI can tell */
	bochs_pan(&device, 0, (uint16_t)(nr * 16));
	return plane_get(&device);
}

TEST("viewers that may only look leave the VMM its dma-bufs")
{
	struct vfio_dmabuf_mgr_drop_rights drop = {
		.argsz = sizeof(drop),
		.rights = VFIO_DMABUF_MGR_RIGHT_WRITABLE,
	};
	int manager;

	set_up();
	manager = manager_open(&device);
	CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_DROP_RIGHTS, &drop));
	create_until_refused(manager, 0);
	CHECK_OK(get_other(20));
}

TEST("viewers that hoard writable dma-bufs leave the VMM its own")
{
	unsigned int count;
	int manager;

	set_up();
	manager = manager_open(&device);
	count = create_until_refused(manager, WRITABLE);
	CHECK_OK(get_other(20));
	CHECK_ERRNO(create_other(manager, count, WRITABLE), ENOSPC);
}

TEST("nor can they have those that the VMM had made, beyond their own")
{
	unsigned int count, i;
	int manager, dmabuf;

	set_up();
	manager = manager_open(&device);
	/* Each is asked for by the VMM first, and kept by the viewer alone */
	for (count = 0; count < MANY; count++) {
		dmabuf = (int)CHECK_OK(get_other(count));
		fds[count] = create_shown(manager, WRITABLE);
		if (fds[count] < 0)
			break;
		CHECK_EQ(dmabuf_inode(fds[count]), dmabuf_inode(dmabuf));
		CHECK_OK(close(dmabuf));
	}
	CHECK_EQ(errno, ENOSPC);
	CHECK_EQ(count, MAX_DMABUFS);
	for (i = 0; i < 20; i++)
		CHECK_OK(get_other(count + i));
	/* What they have already the VMM has, too */
	CHECK_EQ(dmabuf_inode((int)CHECK_OK(get_other(3))),
		 dmabuf_inode(fds[3]));
}

TEST("mainline's GET has a limit, and its query has none")
{
	unsigned int count;
	int dmabuf;

	set_up();
	for (count = 0; count < MANY; count++) {
		dmabuf = get_other(count);
		if (dmabuf < 0)
			break;
	}
	CHECK_EQ(errno, ENOSPC);
	CHECK_EQ(count, MAX_DMABUFS);
}

TEST("dma-bufs of an earlier opening do not count against the next")
{
	set_up();
	create_until_refused(manager_open(&device), 0);
	device_close(&device);
	device_open(&device);
	bochs_set_mode(&device, &mode);
	memset(fds, 0, sizeof(fds));
	create_until_refused(manager_open(&device), 0);
}
