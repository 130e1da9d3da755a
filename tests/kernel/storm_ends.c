// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Openings, devices and modules come and go under each other: VMMs make
 * devices, open and close them under their viewers, others take the devices
 * away, and the modules are removed and loaded all the while.
 */
#include "modules.h"
#include "storm.h"
#include "test.h"
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define VMMS 3
#define VIEWERS 2
#define PAGE 4096

static const struct bochs_mode modes[] = {
	{640, 480, 32, 0, 0, 0},
	{800, 600, 16, 1024, 7, 3},
	{1024, 768, 24, 0, 0, 1},
};
#define MODES (sizeof(modes) / sizeof(*modes))

/* The devices that there are, or were a moment ago; shared */
static char (*uuids)[UUID_SIZE];
static unsigned int *vmms;
static unsigned int *openings;

__attribute__((constructor)) static void load_after_each(void)
{
	test_after_each(modules_load);
}

static void *new_shared(size_t size)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(shared != MAP_FAILED);
	return shared;
}

/* -------- A VMM and its viewers -------- */

static struct device device;
static unsigned int own_place;

static void take_place(void)
{
	own_place = __atomic_fetch_add(vmms, 1, __ATOMIC_RELAXED);
	view_new_ids();
}

/*
 * Who takes away rests a while in between: if nothing ever stayed, nothing
 * would be open when it goes
 */
static void rest(uint64_t *seed, unsigned int most_ms)
{
	CHECK_OK(usleep((useconds_t)(test_random(seed) % (1000 * most_ms))));
}

/* The device is not there, or is on its way out */
static void check_gone(int error)
{
	switch (error) {
	case -ENOENT:
	case -ENODEV:
	/* A group's node that nothing is behind any more */
	case -ENXIO:
		return;
	default:
		test_fail(__FILE__, __LINE__, "a device that goes answers %s",
			  strerror(-error));
	}
}

static bool make_device(uint64_t *seed)
{
	int error;

	do {
		rest(seed, 2);
		error = mdev_create(TYPE_16M, device.uuid);
		if (!error)
			return true;
		check_gone(error);
	} while (storm_goes_on());
	return false;
}

/* All it can do until the device is gone, and what is left to it then */
static void view(void *arg)
{
	struct pollfd pollfd = {.fd = *(int *)arg, .events = POLLIN};
	uint64_t sequence = 0, seed = 1 + own_place;
	struct vfio_dmabuf_mgr_create_dmabuf create;
	uint64_t first = 0;
	void *map = NULL;
	size_t size = 0;

	device_close(&device);
	while (!view_query(pollfd.fd, PRIMARY, &sequence)) {
		CHECK_GE(poll(&pollfd, 1, -1), 1);
		if (view_create(pollfd.fd, PRIMARY, test_random(&seed) % 2,
				&create)) {
			CHECK(errno == ENOENT || errno == ENODEV);
			continue;
		}
		view_pixels(&create, &seed, true);
		if (map)
			CHECK_OK(munmap(map, size));
		first = view_offset(&create.plane_info) / PAGE * PAGE;
		size = create.plane_info.size;
		map = plane_map(create.fd, &create.plane_info, PROT_READ);
		CHECK_OK(close(create.fd));
	}
	CHECK_EQ(errno, ENODEV);
	CHECK_ERRNO(plane_create(pollfd.fd, PRIMARY, 0, &create), ENODEV);
	CHECK_EQ(poll(&pollfd, 1, -1), 1);
	CHECK_EQ(pollfd.revents, POLLHUP);
	if (map)
		marks_check(map, first, size, true);
}

static void be_guest(uint64_t *seed)
{
	static uint32_t page[PAGE / 4];
	uint64_t at;
	unsigned int i;

	bochs_place(&device, VRAM_BASE);
	for (i = 0; i < 20; i++) {
		at = test_random(seed) % (4 * MIB) / PAGE * PAGE;
		marks_write(page, at, PAGE);
		CHECK_EQ(region_write(&device, BAR0, at, page, PAGE), PAGE);
		bochs_set_mode(&device, &modes[test_random(seed) % MODES]);
	}
	if (test_random(seed) % 2)
		CHECK_OK(ioctl(device.fd, VFIO_DEVICE_RESET));
}

static void run_vm(uint64_t *seed)
{
	pid_t viewers[VIEWERS];
	unsigned int i;
	int fd;

	view_new_ids();
	for (i = 0; i < VIEWERS; i++) {
		fd = manager_open(&device);
		viewers[i] = test_fork(view, &fd);
		CHECK_OK(close(fd));
	}
	be_guest(seed);
	__atomic_fetch_add(openings, 1, __ATOMIC_RELAXED);
	device_close(&device);
	for (i = 0; i < VIEWERS; i++)
		test_join(viewers[i]);
}

static bool has_no_group(void *uuid)
{
	char path[GROUP_PATH_SIZE];

	return !mdev_group(uuid, path);
}

/*
 * VFIO takes the group of a device that goes out of its container: a VMM that
 * is about to open the device has EINVAL. The group's number can then be that
 * of another device, which another VMM has open: EBUSY.
 */
static void check_not_opened(int error)
{
	if (error == -EINVAL || error == -EBUSY)
		CHECK(test_wait(has_no_group, device.uuid, 10));
	else
		check_gone(error);
}

/* Open and run it until somebody takes it away, or the VMM itself does */
static void be_vmm(uint64_t *seed)
{
	int error;

	if (!make_device(seed))
		return;
	memcpy(uuids[own_place], device.uuid, UUID_SIZE);
	for (;;) {
		error = device_try_open(&device);
		if (error)
			break;
		run_vm(seed);
		if (!(test_random(seed) % 4))
			break;
	}
	if (error) {
		check_not_opened(error);
		return;
	}
	error = mdev_remove(device.uuid);
	if (error && error != -EAGAIN)
		check_gone(error);
}

/* -------- Those who take away -------- */

/* Waits until the VMM has closed it */
static void remove_device(uint64_t *seed)
{
	char uuid[UUID_SIZE];
	int error;

	memcpy(uuid, uuids[test_random(seed) % VMMS], UUID_SIZE);
	uuid[UUID_SIZE - 1] = 0;
	rest(seed, 40);
	if (!*uuid)
		return;
	error = mdev_remove(uuid);
	if (error && error != -EAGAIN)
		check_gone(error);
}

static void remove_module(uint64_t *seed)
{
	static const char *const names[] = {MODULE_BOCHS, MODULE_VDEV,
					    MODULE_MGR};

	rest(seed, 100);
	if (module_remove(names[test_random(seed) % 3]))
		CHECK(errno == EBUSY || errno == EWOULDBLOCK ||
		      errno == ENOENT);
}

static void load_modules(uint64_t *seed)
{
	(void)seed;
	/* It fails where the module is removed at the same time */
	if (system("modprobe -q " MODULE_BOCHS))
		return;
}

static void read_types(uint64_t *seed)
{
	char text[32];
	int fd;

	(void)seed;
	fd = open(
		"/sys/class/mdev_bus/vfio_bochs/mdev_supported_types/" TYPE_16M
		"/available_instances",
		O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		check_gone(-errno);
		return;
	}
	if (read(fd, text, sizeof(text)) < 0)
		check_gone(-errno);
	CHECK_OK(close(fd));
}

static bool all_removed(void *arg)
{
	(void)arg;
	module_remove(MODULE_BOCHS);
	module_remove(MODULE_VDEV);
	module_remove(MODULE_MGR);
	return !module_loaded(MODULE_MGR);
}

TEST_WITHIN(160, "openings, devices and modules come and go under each other, "
		 "and nothing is left behind")
{
	static const struct storm_actor actors[] = {
		{"runs VMs", 15, VMMS, 1, take_place, be_vmm},
		{"removes devices", 400, 1, 1, NULL, remove_device},
		{"removes modules", 500, 1, 1, NULL, remove_module},
		{"loads modules", 20, 1, 1, NULL, load_modules},
		{"reads sysfs", 500, 1, 1, NULL, read_types},
	};

	uuids = new_shared(sizeof(*uuids) * VMMS);
	vmms = new_shared(sizeof(*vmms));
	openings = new_shared(sizeof(*openings));
	storm(actors, sizeof(actors) / sizeof(*actors));
	test_note("%u openings", *openings);
	/* Else nothing was there to be taken away */
	CHECK_GT(*openings, 0);
	CHECK(test_wait(all_removed, NULL, 10));
}
