// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The world's things: how each comes, how it ends, and what may keep it from
 * ending. Manager fds and dma-bufs keep nothing but the manager's module; an
 * open device keeps its mdev and its driver.
 */
#include "world.h"

#include "bochs.h"
#include "display.h"
#include "gem.h"
#include "modules.h"
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REMOVE_SECONDS 10

static int card;

void world_prepare(void)
{
	card = gem_open();
	scene_draw_all();
}

static const char *module_of(const struct world *world, enum kind kind)
{
	switch (kind) {
	case DRIVER:
		return world->display == BOCHS ? MODULE_BOCHS : MODULE_DISPLAY;
	case VDEV:
		return MODULE_VDEV;
	default:
		return MODULE_MGR;
	}
}

__attribute__((constructor)) static void load_after_each(void)
{
	test_after_each(modules_load);
}

bool world_held(const struct world *world, unsigned int number)
{
	unsigned int i;

	if (world->things[number].alive)
		return true;
	/* A handle is the card's, and ends for all who share that */
	if (world->things[number].kind == IMPORT)
		return false;
	for (i = 0; i < world->count; i++)
		if (world->things[i].kind == HOLDER && world->things[i].alive &&
		    world->things[i].holds & UINT64_C(1) << number)
			return true;
	return false;
}

bool world_open(const struct world *world)
{
	unsigned int i;

	for (i = 0; i < world->count; i++)
		if ((world->things[i].kind == DEVICE ||
		     world->things[i].kind == BAR) &&
		    world_held(world, i))
			return true;
	return false;
}

static bool is_vendor(const struct world *world, const struct thing *thing)
{
	return world->display == TEST_DISPLAY &&
	       thing->scene % (MEMORY_VENDOR + 1) == SCENE_VENDOR;
}

/* Whether anything is there that needs this module, which is loaded */
static bool module_needed(const struct world *world, enum kind module)
{
	unsigned int i;

	if (module != DRIVER && module_loaded(module_of(world, DRIVER)))
		return true;
	if (module == MGR && module_loaded(MODULE_VDEV))
		return true;
	if (module == DRIVER && world_open(world))
		return true;
	if (module == VDEV)
		return false;
	for (i = 0; i < world->count; i++) {
		const struct thing *thing = &world->things[i];

		if (!world_held(world, i))
			continue;
		if (thing->kind == MANAGER && module == MGR)
			return true;
		if (thing->kind >= BUFFER && thing->kind <= IMPORT &&
		    is_vendor(world, thing) == (module == DRIVER))
			return true;
	}
	return false;
}

void world_show(struct world *world, unsigned int scene)
{
	const struct device *device = &world->device;
	const struct display_picture picture = {
		FOURCC_XRGB8888,
		SCENE_STRIDE / 4,
		SCENE_LINES,
		SCENE_STRIDE,
		scene % (MEMORY_VENDOR + 1),
		scene_offset(world, scene),
	};

	world->shown = scene;
	if (world->display == BOCHS) {
		bochs_pan(
			device, 0,
			(uint16_t)(scene_offset(world, scene) / SCENE_STRIDE));
		return;
	}
	display_show(device, PRIMARY, &picture);
}

/* Through writable dma-bufs, since not all memory is in a BAR */
static void draw_scenes(struct world *world)
{
	struct vfio_dmabuf_mgr_plane_info info;
	int manager = manager_open(&world->device);
	unsigned int scene;
	int dmabuf;
	void *map;

	for (scene = 0; scene < SCENES; scene++) {
		world_show(world, scene);
		dmabuf = plane_create_ok(
			manager, VFIO_DMABUF_MGR_CREATE_WRITABLE, &info);
		CHECK_EQ(info.size, SCENE_SIZE);
		map = plane_map(dmabuf, &info, PROT_READ | PROT_WRITE);
		memcpy(map, scene_picture(world, scene), SCENE_SIZE);
		CHECK_OK(munmap(map, SCENE_SIZE));
		CHECK_OK(close(dmabuf));
	}
	CHECK_OK(close(manager));
}

static void listen_for_request(struct world *world)
{
	union request_irq irq;

	world->request = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	request_irq_fill(&irq, world->request);
	CHECK_OK(ioctl(world->device.fd, VFIO_DEVICE_SET_IRQS, &irq));
}

/*
 * A process that has nothing of the device open. The word that lets it go
 * tells what its removal is to be answered: 1 is 0, 2 is -ENOENT.
 */
static void be_remover(void *arg)
{
	const struct world *world = arg;
	eventfd_t word;

	CHECK_OK(eventfd_read(world->go, &word));
	CHECK_EQ(mdev_remove(world->device.uuid), word == 1 ? 0 : -ENOENT);
}

/* Only this display's driver, so that nothing else keeps the other modules */
static void load_modules(enum display display)
{
	const char *other = display == BOCHS ? MODULE_DISPLAY : MODULE_BOCHS;

	if (module_loaded(other))
		CHECK_OK(module_remove(other));
	module_load(MODULE_MGR);
	module_load(MODULE_VDEV);
	module_load(display == BOCHS ? MODULE_BOCHS : MODULE_DISPLAY);
}

void world_begin(struct world *world, enum display display)
{
	static const struct bochs_mode mode = {
		.width = SCENE_STRIDE / 4,
		.height = SCENE_LINES,
		.bpp = 32,
	};
	const char *type = display == BOCHS ? TYPE_16M : TYPE_TEST;

	memset(world, 0, sizeof(*world));
	world->display = display;
	world->bar = display == BOCHS ? BAR0 : BAR2;
	world->fds = test_fds();
	load_modules(display);
	world->go = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	CHECK_EQ(mdev_create(type, world->device.uuid), 0);
	world->exists = true;
	world->remover = test_fork(be_remover, world);
	device_open(&world->device);
	if (display == BOCHS) {
		bochs_place(&world->device, VRAM_BASE);
		bochs_set_mode(&world->device, &mode);
	}
	listen_for_request(world);
	world->things[world->count++] =
		(struct thing){.kind = DEVICE, .alive = true};
	draw_scenes(world);
}

/* A file of vgem's for each import, so that each has a handle of its own */
static int new_card(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", card);
	return (int)CHECK_OK(open(path, O_RDWR | O_CLOEXEC));
}

/* A child has no mapping of one of the manager's dma-bufs from its parent */
static bool is_inherited(const struct world *world, const struct thing *thing)
{
	return thing->kind != MAPPING || is_vendor(world, thing);
}

static void check_not_inherited(const struct world *world, struct thing *thing)
{
	if (!thing->alive || is_inherited(world, thing))
		return;
	CHECK_ERRNO(msync(thing->map, SCENE_SIZE, MS_ASYNC), ENOMEM);
	thing->alive = false;
}

static void be_holder(void *arg)
{
	struct world *world = arg;
	int socket = world->things[world->count].fd;
	unsigned int i;
	char byte;

	for (i = 0; i < world->count; i++)
		check_not_inherited(world, &world->things[i]);
	while (read(socket, &byte, 1) == 1) {
		world_check_pictures(world);
		CHECK_EQ(write(socket, &byte, 1), 1);
	}
}

static void begin_holder(struct world *world, struct thing *thing)
{
	int sockets[2];
	unsigned int i;

	for (i = 0; i < world->count; i++)
		if (world->things[i].alive &&
		    is_inherited(world, &world->things[i]))
			thing->holds |= UINT64_C(1) << i;
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	thing->fd = sockets[1];
	thing->pid = test_fork(be_holder, world);
	thing->fd = sockets[0];
	close(sockets[1]);
}

/* A new dma-buf of a scene, however it is then kept */
static void begin_buffer(struct world *world, struct thing *thing)
{
	uint32_t flags =
		thing->kind == WRITABLE ? VFIO_DMABUF_MGR_CREATE_WRITABLE : 0;
	struct vfio_dmabuf_mgr_plane_info info;
	int manager = manager_open(&world->device);
	int dmabuf;

	world_show(world, thing->scene);
	dmabuf = plane_create_ok(manager, flags, &info);
	CHECK_OK(close(manager));
	thing->inode = dmabuf_inode(dmabuf);
	thing->fd = dmabuf;
	if (thing->kind == MAPPING) {
		thing->map = plane_map(dmabuf, &info, PROT_READ);
	} else if (thing->kind == IMPORT) {
		thing->fd = new_card();
		thing->handle = gem_import(thing->fd, dmabuf);
	}
	if (thing->fd != dmabuf || thing->map)
		CHECK_OK(close(dmabuf));
}

unsigned int world_add(struct world *world, enum kind kind, unsigned int scene)
{
	struct thing *thing = &world->things[world->count];

	CHECK_LT(world->count, WORLD_THINGS);
	*thing = (struct thing){.kind = kind, .scene = scene, .fd = -1};
	switch (kind) {
	case BAR:
		thing->map =
			region_map(&world->device, world->bar, 0, 16 * MIB);
		break;
	case MANAGER:
		thing->fd = manager_open(&world->device);
		break;
	case BUFFER:
	case WRITABLE:
	case MAPPING:
	case IMPORT:
		begin_buffer(world, thing);
		break;
	case HOLDER:
		begin_holder(world, thing);
		break;
	default:
		break;
	}
	thing->alive = true;
	return world->count++;
}

static bool try_remove(void *name)
{
	return !module_remove(name);
}

/* Refused while anything needs it; otherwise it goes, if after a moment */
static void end_module(struct world *world, struct thing *thing)
{
	char name[32];

	strcpy(name, module_of(world, thing->kind));
	if (module_needed(world, thing->kind)) {
		CHECK_EQ(module_remove(name), -1);
		CHECK(errno == EBUSY || errno == EWOULDBLOCK);
		return;
	}
	if (!test_wait(try_remove, name, REMOVE_SECONDS))
		test_fail(__FILE__, __LINE__, "%s cannot be removed: %s", name,
			  strerror(errno));
	thing->alive = false;
	if (thing->kind == DRIVER)
		world->exists = false;
}

/* Waits for the device and says so; manager fds and dma-bufs do not count */
static void end_mdev(struct world *world)
{
	eventfd_t value;

	CHECK_OK(eventfd_write(world->go, world->exists ? 1 : 2));
	if (world_open(world)) {
		CHECK_OK(eventfd_read(world->request, &value));
		CHECK_EQ(waitpid(world->remover, NULL, WNOHANG), 0);
		world->removing = true;
	} else {
		test_join(world->remover);
		world->remover = 0;
		world->exists = false;
	}
}

static void end_memory(struct world *world)
{
	if (world->things[0].alive) {
		display_renew(&world->device, MEMORY_PAGES_1);
		world->renewed = true;
	}
}

static void end_thing(struct world *world, struct thing *thing)
{
	switch (thing->kind) {
	case DEVICE:
		device_close(&world->device);
		break;
	case BAR:
		CHECK_OK(munmap(thing->map, 16 * MIB));
		break;
	case MAPPING:
		CHECK_OK(munmap(thing->map, SCENE_SIZE));
		break;
	case HOLDER:
		test_kill(thing->pid);
		CHECK_OK(close(thing->fd));
		break;
	case IMPORT:
		gem_close(thing->fd, thing->handle);
		CHECK_OK(close(thing->fd));
		break;
	case MEMORY:
		end_memory(world);
		break;
	case MDEV:
		end_mdev(world);
		break;
	default:
		CHECK_OK(close(thing->fd));
		break;
	}
	thing->alive = false;
}

void world_end(struct world *world, unsigned int number)
{
	struct thing *thing = &world->things[number];
	bool open = world_open(world);

	if (thing->kind >= DRIVER)
		end_module(world, thing);
	else
		end_thing(world, thing);
	if (!open || world_open(world))
		return;
	/* The device is closed now */
	if (world->removing) {
		test_join(world->remover);
		world->remover = 0;
		world->removing = world->exists = false;
	} else if (world->exists) {
		world_check_fresh(world);
	}
}

void world_finish(struct world *world)
{
	unsigned int i;

	/* What came last goes first, but modules need all else to be gone */
	for (i = world->count; i--;)
		if (world->things[i].alive && world->things[i].kind < DRIVER)
			world_end(world, i);
	if (world->remover) {
		CHECK_OK(eventfd_write(world->go, world->exists ? 1 : 2));
		test_join(world->remover);
	}
	/* For the list of what is to be removed after the test */
	CHECK_EQ(mdev_remove(world->device.uuid), -ENOENT);
	for (i = 0; i < world->count; i++)
		if (world->things[i].alive) {
			world_end(world, i);
			CHECK(!world->things[i].alive);
		}
	close(world->go);
	close(world->request);
	CHECK_EQ(test_fds(), world->fds);
	world_check_nothing_left();
}
