// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several at once: what CREATE tells is what it gives while the guest sets
 * modes, and devices come and go under their viewers.
 */
#include "beside.h"
#include "planes.h"
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MODES 8
#define FLIPS 50000
#define WAKES 5000

static struct device device;

/* Each mode is at a line of its own, which is all of its own colour */
static const struct bochs_mode modes[MODES] = {
	{64, 64, 32, 1024, 0, 0},      {128, 100, 32, 1024, 0, 100},
	{200, 333, 32, 1024, 0, 300},  {640, 480, 32, 1024, 0, 700},
	{64, 64, 16, 2048, 0, 1200},   {800, 64, 32, 1024, 0, 1300},
	{100, 640, 32, 1024, 0, 1400}, {1024, 768, 32, 1024, 0, 2100},
};

static void paint(void)
{
	unsigned char *vram = region_map(&device, BAR0, 0, 16 * MIB);
	unsigned int i;

	for (i = 0; i < MODES; i++)
		memset(vram + bochs_offset(&modes[i]), (int)i + 1,
		       (size_t)bochs_stride(&modes[i]) * modes[i].height);
	CHECK_OK(munmap(vram, 16 * MIB));
}

static void set_modes(void *arg)
{
	uint64_t seed = 7;

	(void)arg;
	for (;;)
		bochs_set_mode(&device, &modes[test_random(&seed) % MODES]);
}

/*
 * The guest turns the plane off while it writes a mode's registers, so whatever
 * is exported is one of the modes as a whole, and shows its colour.
 */
static void check_created(const struct vfio_dmabuf_mgr_create_dmabuf *create)
{
	const struct vfio_dmabuf_mgr_plane_info *info = &create->plane_info;
	unsigned char *map, *pixels;
	uint32_t line;
	unsigned int i;

	CHECK_EQ(lseek(create->fd, 0, SEEK_END), info->size);
	for (i = 0; i < MODES; i++)
		if (info->start == VRAM_BASE + bochs_offset(&modes[i]))
			break;
	CHECK_LT(i, MODES);
	plane_check(info, &modes[i], VRAM_BASE);
	map = plane_map(create->fd, info, PROT_READ);
	pixels = plane_pixels(map, info);
	CHECK_ALL(pixels, (unsigned char)(i + 1), info->stride);
	for (line = 0; line < info->height; line++)
		CHECK_EQ(pixels[(size_t)line * info->stride], i + 1);
	CHECK_OK(munmap(map, info->size));
}

TEST_WITHIN(90, "CREATE gives what it tells while the guest sets modes")
{
	struct vfio_dmabuf_mgr_create_dmabuf create;
	const unsigned int rounds = test_rounds(1000);
	unsigned int created = 0, off = 0;
	int manager;
	pid_t guest;

	bochs_create(&device, TYPE_16M, &modes[0]);
	paint();
	manager = manager_open(&device);
	guest = test_fork(set_modes, NULL);
	while (created < rounds) {
		if (plane_create(manager, PRIMARY, 0, &create)) {
			CHECK_EQ(errno, ENOENT);
			off++;
			continue;
		}
		check_created(&create);
		CHECK_OK(close(create.fd));
		created++;
	}
	test_kill(guest);
	test_note("%u times on, %u times off", created, off);
	/* Else nothing changed meanwhile, and this has proved nothing */
	CHECK_GT(off, 0);
}

/* Looks, takes and waits as fast as it can until the device is gone */
static void view_until_gone(void *arg)
{
	int manager = *(int *)arg;
	struct vfio_dmabuf_mgr_create_dmabuf create;
	struct pollfd poll_for = {.fd = manager, .events = POLLIN};
	union plane_query query;

	device_close(&device);
	while (!plane_query(manager, PRIMARY, &query)) {
		if (!plane_create(manager, PRIMARY, 0, &create)) {
			CHECK_EQ(lseek(create.fd, 0, SEEK_END),
				 create.plane_info.size);
			CHECK_OK(close(create.fd));
		}
		CHECK_OK(poll(&poll_for, 1, 0));
	}
	CHECK_EQ(errno, ENODEV);
	CHECK_ERRNO(plane_create(manager, PRIMARY, 0, &create), ENODEV);
	/* The hang-up is due, if perhaps not in the same instant: sleep for it
	 */
	poll_for.events = 0;
	CHECK_EQ(poll(&poll_for, 1, -1), 1);
	CHECK_EQ(poll_for.revents, POLLHUP);
}

TEST_WITHIN(90, "a device that closes under busy viewers is ENODEV for each")
{
	unsigned int round, i;
	int managers[3];
	pid_t pids[3];

	CHECK_EQ(mdev_create(TYPE_16M, device.uuid), 0);
	for (round = 0; round < 30; round++) {
		device_open(&device);
		bochs_set_mode(&device, &modes[round % MODES]);
		for (i = 0; i < 3; i++) {
			managers[i] = manager_open(&device);
			pids[i] = test_fork(view_until_gone, &managers[i]);
			close(managers[i]);
		}
		for (i = 0; i < 50; i++)
			bochs_pan(&device, 0, (uint16_t)(i + round));
		device_close(&device);
		for (i = 0; i < 3; i++)
			test_join(pids[i]);
	}
}

static int shared_manager;

/* Threads share the process's fds, so the file's release is a race, too */
static void create_and_close(void *arg)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;
	uint32_t flags = *(uint32_t *)arg;

	while (!beside_stopped()) {
		if (plane_create(shared_manager, PRIMARY, flags, &create)) {
			CHECK_EQ(errno, ENOENT);
			continue;
		}
		CHECK_EQ(lseek(create.fd, 0, SEEK_END), create.plane_info.size);
		CHECK_OK(close(create.fd));
	}
}

TEST_WITHIN(60, "the last close of a dma-buf races its next export, harmlessly")
{
	uint32_t flags[2] = {0, VFIO_DMABUF_MGR_CREATE_WRITABLE};
	unsigned int i, flip, fds;
	uint64_t seed = 3;

	bochs_create(&device, TYPE_16M, &modes[0]);
	shared_manager = manager_open(&device);
	fds = test_fds();
	for (i = 0; i < 4; i++)
		beside_start(create_and_close, &flags[i % 2]);
	/* Flips make the manager let go of what it holds itself */
	for (flip = 0; flip < test_rounds(FLIPS); flip++)
		bochs_write(&device, DISPI_Y_OFFSET,
			    (uint16_t)(test_random(&seed) % 4));
	beside_stop();
	CHECK_EQ(test_fds(), fds);
}

static unsigned char *raced_map;

static void *touch_all(void *arg)
{
	uint64_t seed = *(uint64_t *)arg, offset;
	unsigned int i;

	for (i = 0; i < 4000; i++) {
		offset = test_random(&seed) % (64 * MIB) / 4096 * 4096 +
			 seed % 4;
		raced_map[offset] = (unsigned char)(offset >> 12);
	}
	return NULL;
}

TEST("threads that touch the same untouched VRAM at once get the same pages")
{
	uint64_t seeds[4] = {1, 2, 3, 4}, page;
	unsigned char byte, *bytes;
	pthread_t threads[4];
	unsigned int i;

	device_create(&device, TYPE_64M);
	raced_map = region_map(&device, BAR0, 0, 64 * MIB);
	for (i = 0; i < 4; i++)
		CHECK_EQ(
			pthread_create(&threads[i], NULL, touch_all, &seeds[i]),
			0);
	for (i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	bytes = region_map(&device, BAR0, 0, 64 * MIB);
	CHECK_BYTES(bytes, raced_map, 64 * MIB);
	for (page = 0; page < 64 * MIB / 4096; page++) {
		for (i = 0; i < 4; i++) {
			byte = raced_map[page * 4096 + i];
			CHECK(!byte || byte == (unsigned char)page);
		}
	}
}

/* Tells its parent of each wake, right before it goes to sleep again */
static void acknowledge(void *arg)
{
	int pipe = *(int *)arg;
	struct pollfd poll_for = {.events = POLLIN};
	union plane_query query;
	const unsigned int rounds = test_rounds(WAKES);
	unsigned int i;

	poll_for.fd = manager_open(&device);
	plane_query_ok(poll_for.fd, &query);
	for (i = 0; i <= rounds; i++) {
		CHECK_EQ(write(pipe, "", 1), 1);
		if (i == rounds)
			break;
		CHECK_EQ(poll(&poll_for, 1, -1), 1);
		plane_query_ok(poll_for.fd, &query);
	}
}

TEST_WITHIN(90, "a flip that comes as a viewer falls asleep wakes it, each "
		"time")
{
	unsigned int i;
	int pipes[2];
	pid_t viewer;
	char byte;

	bochs_create(&device, TYPE_16M, &modes[0]);
	CHECK_OK(pipe(pipes));
	viewer = test_fork(acknowledge, &pipes[1]);
	for (i = 0; i < test_rounds(WAKES); i++) {
		CHECK_EQ(read(pipes[0], &byte, 1), 1);
		bochs_write(&device, DISPI_Y_OFFSET, (uint16_t)(i % 2 + 1));
	}
	CHECK_EQ(read(pipes[0], &byte, 1), 1);
	test_join(viewer);
}
