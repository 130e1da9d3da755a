// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who outlives whom: device, manager fd, dma-buf, mapping and process. Every
 * order of their ends is in tests/lifetimes.
 */
#include "fds.h"
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};
#define PICTURE_SIZE (640 * 480 * 4)

static struct device device;
static unsigned char picture[PICTURE_SIZE];

static void draw(uint64_t seed)
{
	bochs_picture(picture, sizeof(picture), seed);
	CHECK_EQ(region_write(&device, BAR0, 0, picture, sizeof(picture)),
		 sizeof(picture));
}

static void set_up(void)
{
	bochs_create(&device, TYPE_16M, &vga);
	draw(1);
}

static void check_shows_picture(int dmabuf)
{
	struct vfio_dmabuf_mgr_plane_info info = {.size = PICTURE_SIZE};
	void *map = plane_map(dmabuf, &info, PROT_READ);

	CHECK_BYTES(map, picture, sizeof(picture));
	CHECK_OK(munmap(map, info.size));
}

TEST("a dma-buf that was never mapped is mapped after all else is gone")
{
	int manager, dmabuf;

	set_up();
	manager = manager_open(&device);
	dmabuf = plane_create_ok(manager, 0, NULL);
	close(manager);
	device_remove(&device);
	check_shows_picture(dmabuf);
}

TEST("pages that no one had touched read as zero after the device is gone")
{
	struct vfio_dmabuf_mgr_plane_info info;
	int dmabuf;
	void *map;

	bochs_create(&device, TYPE_16M, &vga);
	dmabuf = plane_create_ok(manager_open(&device),
				 VFIO_DMABUF_MGR_CREATE_WRITABLE, &info);
	device_remove(&device);
	map = plane_map(dmabuf, &info, PROT_READ | PROT_WRITE);
	CHECK_ALL(map, 0, info.size);
	memset(map, 0x11, info.size);
	CHECK_ALL(map, 0x11, info.size);
}

enum handed {
	MANAGER,
	DMABUF,
};

/* The VMM: makes the device and gives a viewer a manager fd and a dma-buf */
static void be_vmm(void *arg)
{
	int socket = *(int *)arg, fd;

	device_open(&device);
	bochs_set_mode(&device, &vga);
	draw(1);
	fd = manager_open(&device);
	fds_send(socket, fd, MANAGER);
	fds_send(socket, plane_create_ok(fd, 0, NULL), DMABUF);
	for (;;)
		pause();
}

static int receive(int socket, uint32_t expected)
{
	uint32_t what;
	int fd = fds_receive(socket, &what);

	CHECK_OK(fd);
	CHECK_EQ(what, expected);
	return fd;
}

TEST("a VMM that is killed leaves its viewers the last picture and a hang-up")
{
	struct pollfd poll_for = {.events = POLLIN};
	union plane_query query;
	int sockets[2], dmabuf;
	pid_t vmm;

	CHECK_EQ(mdev_create(TYPE_16M, device.uuid), 0);
	CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	vmm = test_fork(be_vmm, &sockets[1]);
	poll_for.fd = receive(sockets[0], MANAGER);
	dmabuf = receive(sockets[0], DMABUF);
	bochs_picture(picture, sizeof(picture), 1);
	check_shows_picture(dmabuf);
	CHECK_OK(plane_query(poll_for.fd, PRIMARY, &query));

	test_kill(vmm);
	/* The killed process's fds are closed by the time it is waited for */
	CHECK_EQ(poll(&poll_for, 1, 0), 1);
	CHECK_EQ(poll_for.revents, POLLHUP);
	CHECK_ERRNO(plane_query(poll_for.fd, PRIMARY, &query), ENODEV);
	check_shows_picture(dmabuf);

	CHECK_EQ(mdev_remove(device.uuid), 0);
	check_shows_picture(dmabuf);
}

TEST("neither manager fds nor dma-bufs keep an mdev from being removed")
{
	int managers[8], dmabufs[8];
	unsigned int i;

	set_up();
	for (i = 0; i < 8; i++) {
		managers[i] = manager_open(&device);
		bochs_pan(&device, 0, (uint16_t)i);
		dmabufs[i] = plane_create_ok(managers[i], 0, NULL);
	}
	device_close(&device);
	CHECK_EQ(mdev_remove(device.uuid), 0);
	bochs_picture(picture, sizeof(picture), 1);
	check_shows_picture(dmabufs[0]);
}

TEST("the next opener finds zeroed VRAM while an old dma-buf shows the old")
{
	static unsigned char vram[1 << 20];
	unsigned int offset, round;
	int old[3];

	set_up();
	for (round = 0; round < 3; round++) {
		old[round] = plane_create_ok(manager_open(&device), 0, NULL);
		device_close(&device);
		device_open(&device);
		for (offset = 0; offset < 16 * MIB; offset += sizeof(vram)) {
			CHECK_EQ(region_read(&device, BAR0, offset, vram,
					     sizeof(vram)),
				 sizeof(vram));
			CHECK_ALL(vram, 0, sizeof(vram));
		}
		bochs_set_mode(&device, &vga);
		draw(2 + round);
	}
	for (round = 0; round < 3; round++) {
		bochs_picture(picture, sizeof(picture), 1 + round);
		check_shows_picture(old[round]);
	}
}

TEST("the next opener finds the device as after power-on")
{
	union plane_query query;

	set_up();
	device_close(&device);
	device_open(&device);
	plane_query_ok(manager_open(&device), &query);
	CHECK_ALL(&query.base.plane_info, 0, sizeof(query.base.plane_info));
	CHECK_EQ(bochs_read(&device, DISPI_ENABLE), 0);
	CHECK_EQ(bochs_read(&device, DISPI_XRES), 0);
	CHECK_EQ(region_get(&device, CONFIG, 0x10, 4) & 0xfffffff0, 0);
	CHECK_EQ(region_get(&device, CONFIG, 0x04, 2) & 2, 0);
}

struct viewer {
	int fds[2]; /* manager, and a dma-buf of the front page */
	int ready;
	int drawn;
};

/* Looks for itself, then waits for the guest to draw, and looks again */
static void view(void *arg)
{
	struct viewer *viewer = arg;
	struct vfio_dmabuf_mgr_plane_info info;
	int dmabuf = plane_create_ok(viewer->fds[0], 0, &info);
	void *map = plane_map(dmabuf, &info, PROT_READ);
	eventfd_t value;

	device_close(&device);
	CHECK_EQ(dmabuf_inode(dmabuf), dmabuf_inode(viewer->fds[1]));
	CHECK_BYTES(map, picture, sizeof(picture));
	CHECK_OK(eventfd_write(viewer->ready, 1));
	CHECK_OK(eventfd_read(viewer->drawn, &value));
	bochs_picture(picture, sizeof(picture), 2);
	CHECK_BYTES(map, picture, sizeof(picture));
	CHECK_OK(eventfd_write(viewer->ready, 1));
	CHECK_OK(eventfd_read(viewer->drawn, &value));
}

TEST("two viewers at once see the same picture, live")
{
	struct viewer viewers[2];
	pid_t pids[2];
	eventfd_t value;
	unsigned int i;

	set_up();
	for (i = 0; i < 2; i++) {
		viewers[i].fds[0] = manager_open(&device);
		viewers[i].fds[1] = plane_create_ok(viewers[i].fds[0], 0, NULL);
		viewers[i].ready = (int)CHECK_OK(eventfd(0, EFD_SEMAPHORE));
		viewers[i].drawn = (int)CHECK_OK(eventfd(0, EFD_SEMAPHORE));
		pids[i] = test_fork(view, &viewers[i]);
	}
	for (i = 0; i < 2; i++)
		CHECK_OK(eventfd_read(viewers[i].ready, &value));
	draw(2);
	for (i = 0; i < 2; i++)
		CHECK_OK(eventfd_write(viewers[i].drawn, 1));
	/* Both have it mapped at this moment */
	for (i = 0; i < 2; i++)
		CHECK_OK(eventfd_read(viewers[i].ready, &value));
	for (i = 0; i < 2; i++)
		CHECK_OK(eventfd_write(viewers[i].drawn, 1));
	for (i = 0; i < 2; i++)
		test_join(pids[i]);
}

TEST("a mapping of BAR0 outlives the device's fds and its opening")
{
	unsigned char *map;

	set_up();
	map = region_map(&device, BAR0, 0, 16 * MIB);
	close(device.fd);
	CHECK_BYTES(map, picture, sizeof(picture));
	CHECK_OK(munmap(map, 16 * MIB));
	device.fd = -1;
	close(device.group);
	close(device.container);
	CHECK_EQ(mdev_remove(device.uuid), 0);
}

static void remove_device(void *arg)
{
	(void)arg;
	device_close(&device);
	CHECK_EQ(mdev_remove(device.uuid), 0);
}

TEST("removal asks the VMM for the device and waits until it is given")
{
	struct vfio_irq_set *set;
	eventfd_t value;
	pid_t pid;
	int event;

	set_up();
	event = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	set = calloc(1, sizeof(*set) + sizeof(event));
	CHECK(set);
	set->argsz = sizeof(*set) + sizeof(event);
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = VFIO_PCI_REQ_IRQ_INDEX;
	set->count = 1;
	memcpy(set->data, &event, sizeof(event));
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_SET_IRQS, set));
	free(set);
	pid = test_fork(remove_device, NULL);
	/* Blocks until the request comes; the test's time limit is the bound */
	CHECK_OK(eventfd_read(event, &value));
	device_close(&device);
	test_join(pid);
}
