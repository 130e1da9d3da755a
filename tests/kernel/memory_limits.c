// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a viewer can do to the memory of the machine and of the VMM: no more
 * than is bounded, and nobody is killed for it.
 */
#include "bochs.h"
#include "cgroup.h"
#include "planes.h"
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* As in kernel/bochs/device.c: this opening's VRAM and three earlier ones' */
#define MAX_VRAMS 4

static const struct bochs_mode mode = {2000, 2000, 32, 0, 0, 0};
#define PICTURE_SIZE (2000 * 2000 * 4)

static struct device device;

/* Open the device again, without its group and container in between */
static int reopen(void)
{
	close(device.fd);
	device.fd = ioctl(device.group, VFIO_GROUP_GET_DEVICE_FD, device.uuid);
	return device.fd;
}

/* As a viewer does */
static int hold_picture(void)
{
	int manager = manager_open(&device);
	int dmabuf;

	bochs_set_mode(&device, &mode);
	dmabuf = plane_create_ok(manager, 0, NULL);
	close(manager);
	return dmabuf;
}

/* As a VMM does */
static int get_picture(void)
{
	bochs_set_mode(&device, &mode);
	return (int)CHECK_OK(plane_get(&device));
}

TEST("viewers that keep VRAM do not keep the device from being opened")
{
	struct vfio_dmabuf_mgr_create_dmabuf create;
	int dmabufs[MAX_VRAMS], manager;
	unsigned int i;

	device_create(&device, TYPE_64M);
	for (i = 0; i < MAX_VRAMS; i++) {
		dmabufs[i] = hold_picture();
		CHECK_OK(reopen());
	}
	/* Viewers have what they may keep; a VMM has its own */
	bochs_set_mode(&device, &mode);
	manager = manager_open(&device);
	CHECK_ERRNO(plane_create(manager, PRIMARY, 0, &create), ENOSPC);
	CHECK_OK(plane_get(&device));
	CHECK_ERRNO(plane_create(manager, PRIMARY,
				 VFIO_DMABUF_MGR_CREATE_WRITABLE, &create),
		    ENOSPC);
	close(dmabufs[1]);
	CHECK_OK(plane_create(manager, PRIMARY, 0, &create));
}

TEST("VRAM that a VMM keeps is bounded: then the device is not opened again")
{
	int dmabufs[MAX_VRAMS];
	unsigned int i;

	device_create(&device, TYPE_64M);
	for (i = 0; i < MAX_VRAMS; i++) {
		dmabufs[i] = get_picture();
		if (i < MAX_VRAMS - 1)
			CHECK_OK(reopen());
	}
	CHECK_ERRNO(reopen(), ENOSPC);
	/* One that is let go is one that can be had */
	close(dmabufs[1]);
	CHECK_OK(reopen());
	CHECK_OK(close(dmabufs[0]));
	CHECK_OK(close(dmabufs[2]));
	CHECK_OK(close(dmabufs[3]));
	for (i = 0; i < 2 * MAX_VRAMS; i++)
		CHECK_OK(reopen());
}

TEST("VRAM that dma-bufs of one device keep is nothing to another")
{
	struct device other;
	unsigned int i;

	device_create(&device, TYPE_16M);
	for (i = 0; i < MAX_VRAMS; i++) {
		get_picture();
		if (i < MAX_VRAMS - 1)
			CHECK_OK(reopen());
	}
	device_create(&other, TYPE_16M);
	CHECK_ERRNO(reopen(), ENOSPC);
}

static void read_one(void *arg)
{
	struct vfio_dmabuf_mgr_plane_info info = {.size = PICTURE_SIZE};
	const volatile unsigned char *map =
		plane_map(*(int *)arg, &info, PROT_READ);

	signal(SIGBUS, SIG_DFL);
	(void)*map;
}

static void read_all(void *arg)
{
	struct vfio_dmabuf_mgr_plane_info info = {.size = PICTURE_SIZE};
	const volatile unsigned char *map =
		plane_map(*(int *)arg, &info, PROT_READ);
	size_t offset;

	signal(SIGBUS, SIG_DFL);
	for (offset = 0; offset < info.size; offset += 4096)
		(void)map[offset];
}

/* Whether a viewer of its own gets to read the first byte */
static bool viewer_reads(int dmabuf)
{
	pid_t viewer = test_fork(read_one, &dmabuf);
	int status;

	CHECK_EQ(waitpid(viewer, &status, 0), viewer);
	if (!status)
		return true;
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGBUS);
	return false;
}

TEST("a viewer that reads where the VMM's cgroup is full to the page kills "
     "nobody")
{
	pid_t vmm;
	unsigned int refused = 0;
	int dmabuf, status;
	long limit;

	cgroup_join();
	device_create(&device, TYPE_64M);
	vmm = cgroup_fork_victim();
	dmabuf = hold_picture();
	cgroup_leave();

	/* Each page more lets one more step of the allocation through */
	for (limit = cgroup_memory(); refused < 8; limit += 4096, refused++) {
		cgroup_limit(limit);
		CHECK(!viewer_reads(dmabuf));
		CHECK_EQ(cgroup_kills(), 0);
	}
	cgroup_limit(limit + 4 * (long)MIB);
	CHECK(viewer_reads(dmabuf));
	CHECK_EQ(cgroup_kills(), 0);
	CHECK_EQ(waitpid(vmm, &status, WNOHANG), 0);
	test_kill(vmm);
}

TEST("a viewer that reads what the VMM's cgroup cannot hold kills nobody")
{
	pid_t vmm, viewer;
	int dmabuf, status;

	cgroup_join();
	device_create(&device, TYPE_64M);
	vmm = cgroup_fork_victim();
	dmabuf = hold_picture();
	cgroup_limit(cgroup_memory() + 8 * (long)MIB);
	cgroup_leave();

	viewer = test_fork(read_all, &dmabuf);
	CHECK_EQ(waitpid(viewer, &status, 0), viewer);
	/* 16 MB do not fit: it is told so, at its own cost alone */
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGBUS);
	CHECK_EQ(cgroup_kills(), 0);
	CHECK_EQ(waitpid(vmm, &status, WNOHANG), 0);
	test_kill(vmm);
}
