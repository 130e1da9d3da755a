// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VMM that is killed: after each step of its life, and in the middle of any.
 * Whatever it had handed out by then stays what it was, and nothing else does.
 */
#include "bochs.h"
#include "fds.h"
#include "gem.h"
#include "planes.h"
#include "test.h"
#include "world.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 100
/* The number that goes with a manager fd; a dma-buf's is its scene */
#define IS_MANAGER SCENES

static const struct bochs_mode mode = {
	.width = SCENE_STRIDE / 4,
	.height = SCENE_LINES,
	.bpp = 32,
};

static const struct world world = {.display = BOCHS};

/* Shared by the VMM and who kills it */
struct life {
	atomic_uint steps; /* done */
	unsigned int stop; /* after that one, 0 never */
	char uuid[UUID_SIZE];
	int socket;
	int card;
};

static void step(struct life *life)
{
	if (atomic_fetch_add(&life->steps, 1) + 1 == life->stop)
		for (;;)
			pause();
}

/* Show a scene, hand out a dma-buf of it; returns it */
static int hand_out(struct life *life, const struct device *device, int manager,
		    uint32_t flags, unsigned int scene)
{
	int dmabuf;

	bochs_pan(device, 0,
		  (uint16_t)(scene_offset(&world, scene) / SCENE_STRIDE));
	dmabuf = plane_create_ok(manager, flags, NULL);
	step(life);
	fds_send(life->socket, dmabuf, scene);
	step(life);
	return dmabuf;
}

static void draw(unsigned char *vram)
{
	unsigned int scene;

	for (scene = 0; scene < SCENES; scene++)
		memcpy(vram + scene_offset(&world, scene),
		       scene_picture(&world, scene), SCENE_SIZE);
}

static void get_as_qemu_does(const struct device *device)
{
	struct vfio_device_gfx_plane_info info = {
		.argsz = sizeof(info),
		.flags = VFIO_GFX_PLANE_TYPE_DMABUF,
		.drm_plane_type = VFIO_DMABUF_MGR_PLANE_PRIMARY,
	};

	CHECK_OK(ioctl(device->fd, VFIO_DEVICE_QUERY_GFX_PLANE, &info));
	CHECK_OK(
		ioctl(device->fd, VFIO_DEVICE_GET_GFX_DMABUF, &info.dmabuf_id));
}

static void live(void *arg)
{
	struct vfio_dmabuf_mgr_plane_info info = {.size = SCENE_SIZE};
	struct life *life = arg;
	struct device device;
	unsigned char *vram;
	int manager, dmabuf;
	void *map;

	strcpy(device.uuid, life->uuid);
	device_open(&device);
	step(life);
	bochs_place(&device, VRAM_BASE);
	bochs_set_mode(&device, &mode);
	step(life);
	vram = region_map(&device, BAR0, 0, 16 * MIB);
	step(life);
	draw(vram);
	step(life);
	manager = manager_open(&device);
	step(life);
	fds_send(life->socket, manager, IS_MANAGER);
	step(life);
	dmabuf = hand_out(life, &device, manager, 0, 1);
	map = plane_map(dmabuf, &info, PROT_READ);
	step(life);
	CHECK_BYTES(map, scene_picture(&world, 1), SCENE_SIZE);
	step(life);
	gem_import(life->card, dmabuf);
	step(life);
	dmabuf = hand_out(life, &device, manager,
			  VFIO_DMABUF_MGR_CREATE_WRITABLE, 2);
	gem_import(life->card, dmabuf);
	step(life);
	get_as_qemu_does(&device);
	step(life);
	CHECK_OK(close(manager));
	step(life);
	manager = manager_open(&device);
	fds_send(life->socket, manager, IS_MANAGER);
	step(life);
	hand_out(life, &device, manager, 0, 3);
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_RESET));
	step(life);
	CHECK_OK(munmap(vram, 16 * MIB));
	step(life);
	device_close(&device);
	step(life);
	CHECK_OK(munmap(map, SCENE_SIZE));
	step(life);
}

#define STEPS 23

static void check_manager(int manager)
{
	struct pollfd poll_for = {.fd = manager, .events = POLLIN};
	union plane_query query;

	/* A process that was waited for has let go of all it had */
	CHECK_EQ(poll(&poll_for, 1, 0), 1);
	CHECK_EQ(poll_for.revents, POLLHUP);
	CHECK_ERRNO(plane_query(manager, PRIMARY, &query), ENODEV);
}

static void check_dmabuf(int dmabuf, unsigned int scene)
{
	struct vfio_dmabuf_mgr_plane_info info = {.size = SCENE_SIZE};
	void *map = plane_map(dmabuf, &info, PROT_READ);

	CHECK_BYTES(map, scene_picture(&world, scene), SCENE_SIZE);
	CHECK_OK(munmap(map, SCENE_SIZE));
}

/* What was handed out, even if it was still on its way */
static void check_handed_out(int socket)
{
	uint32_t number;
	int fd;

	while ((fd = fds_receive(socket, &number)) >= 0) {
		if (number == IS_MANAGER)
			check_manager(fd);
		else
			check_dmabuf(fd, number);
		CHECK_OK(close(fd));
	}
}

static struct life *begin_life(void)
{
	struct life *life = mmap(NULL, sizeof(*life), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(life != MAP_FAILED);
	scene_draw_all();
	life->card = gem_open();
	return life;
}

/* A VMM that is killed after so many steps and so many turns of ours */
static void kill_one(struct life *life, unsigned int steps, unsigned int turns,
		     bool look)
{
	siginfo_t ended;
	int sockets[2];
	pid_t vmm;

	CHECK_OK(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets));
	CHECK_EQ(mdev_create(TYPE_16M, life->uuid), 0);
	atomic_store(&life->steps, 0);
	life->socket = sockets[1];
	vmm = test_fork(live, life);
	CHECK_OK(close(sockets[1]));
	while (atomic_load(&life->steps) < steps) {
		/* It ends by itself only after all of them, or at a failure */
		ended.si_pid = 0;
		CHECK_OK(waitid(P_PID, (id_t)vmm, &ended,
				WEXITED | WNOHANG | WNOWAIT));
		if (ended.si_pid && atomic_load(&life->steps) < steps)
			test_fail(__FILE__, __LINE__, "the VMM failed");
		sched_yield();
	}
	while (turns--)
		sched_yield();
	test_kill(vmm);
	if (look)
		check_handed_out(sockets[0]);
	CHECK_OK(close(sockets[0]));
	CHECK_EQ(mdev_remove(life->uuid), 0);
}

/* The imports are in a card's file that its VMM shares with us: a new one */
static void end_round(struct life *life)
{
	CHECK_OK(close(life->card));
	world_check_nothing_left();
	life->card = gem_open();
}

TEST_WITHIN(200, "a VMM killed after each of its 23 steps leaves viewers what "
		 "they were handed, and nothing else")
{
	struct life *life = begin_life();
	unsigned int stop;

	for (stop = 1; stop <= STEPS; stop++) {
		life->stop = stop;
		kill_one(life, stop, 0, true);
		end_round(life);
	}
	/* And there are no more */
	life->stop = 0;
	kill_one(life, STEPS, 0, true);
	CHECK_EQ(atomic_load(&life->steps), STEPS);
	end_round(life);
}

TEST_WITHIN(200,
	    "a VMM killed 100 times in the middle of things leaves viewers "
	    "what they were handed, and nothing else")
{
	struct life *life = begin_life();
	uint64_t seed = test_seed();
	unsigned int round;

	for (round = 0; round < ROUNDS; round += test_each())
		/* Every third dies with what it sent never received */
		kill_one(life, (unsigned int)(test_random(&seed) % STEPS),
			 (unsigned int)(test_random(&seed) % 64), round % 3);
	end_round(life);
}
