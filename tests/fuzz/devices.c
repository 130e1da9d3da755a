// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices and their keeper, see devices.h.
 */
#include "devices.h"

#include "device.h"
#include "display.h"
#include "fail.h"
#include "guest.h"
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HANG_SECONDS 60
/* How long a program waits for what it asked of the keeper */
#define ASK_MS 30

/* The users first, so that each can be unloaded when its turn comes */
static char modules[][20] = {"vfio_virtio_gpu", "vfio_test_display",
			     "vfio_bochs", "vfio_vdev", "vfio_dmabuf_mgr"};
#define MODULES (sizeof(modules) / sizeof(modules[0]))

static const char *const types[DEVICE_KINDS] = {TYPE_16M, TYPE_TEST,
						TYPE_GPU_2};

/* Those that stay open, then the spare ones */
#define DEVICES (2 * DEVICE_KINDS)
static const char *const uuids[DEVICES] = {
	"f0220000-0000-4000-8000-000000000000",
	"f0220000-0000-4000-8000-000000000001",
	"f0220000-0000-4000-8000-000000000002",
	"f0220000-0000-4000-8000-000000000010",
	"f0220000-0000-4000-8000-000000000011",
	"f0220000-0000-4000-8000-000000000012"};
#define SPARE(kind) (DEVICE_KINDS + (unsigned int)(kind))

static int fds[DEVICE_KINDS] = {-1, -1, -1};
static int container = -1; /* of the virtio-gpu that stays open */

/* What the keeper is asked: one byte each, with the device's number */
enum request { REMOVE, MAKE };

static pid_t keeper;
static int requests[2];
static struct {
	unsigned int asked;
	unsigned int done;
} * counts; /* shared with the keeper and with programs */

static unsigned int count_get(const unsigned int *count)
{
	return __atomic_load_n(count, __ATOMIC_ACQUIRE);
}

static void keep(const struct trace *trace)
{
	unsigned char byte;
	unsigned int device;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(requests[1]);
	trace_enable(trace);
	while (read(requests[0], &byte, 1) == 1) {
		device = byte & 15;
		/* Either may be refused, such as to make what is there */
		if (byte >> 4 == REMOVE)
			mdev_remove(uuids[device]);
		else
			mdev_create_named(types[device % DEVICE_KINDS],
					  uuids[device]);
		__atomic_add_fetch(&counts->done, 1, __ATOMIC_RELEASE);
	}
	_exit(0);
}

static unsigned int ask(enum request request, unsigned int device)
{
	unsigned char byte = (unsigned char)(request << 4 | device);
	unsigned int ticket =
		__atomic_add_fetch(&counts->asked, 1, __ATOMIC_RELEASE);

	if (write(requests[1], &byte, 1) != 1)
		fail("the keeper of the devices is gone");
	return ticket;
}

static void ask_and_wait(enum request request, unsigned int device)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	unsigned int i, ticket = ask(request, device);

	for (i = 0; i < ASK_MS; i++) {
		if ((int)(count_get(&counts->done) - ticket) >= 0)
			return;
		nanosleep(&pause, NULL);
	}
}

void devices_ask_remove(enum device_kind kind)
{
	ask_and_wait(REMOVE, SPARE(kind));
}

void devices_ask_make(enum device_kind kind)
{
	ask_and_wait(MAKE, SPARE(kind));
}

static bool keeper_is_idle(void *arg)
{
	(void)arg;
	return count_get(&counts->done) == count_get(&counts->asked);
}

static int open_in_group(int into, int group, const char *uuid)
{
	int fd;

	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &into) ||
	    ioctl(into, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, uuid);
	return fd < 0 ? -errno : fd;
}

/* A guest at work, as a program finds it */
static void start_guest(int into, int fd)
{
	const struct guest_setup usual = {0};

	guest_map(into);
	guest_start(fd, &usual);
}

/*
 * The device's fd keeps its group and container as long as it needs them. Into
 * kept, unless NULL, goes one of the container.
 */
static int open_device(enum device_kind kind, const char *uuid, int *kept)
{
	char path[GROUP_PATH_SIZE];
	int into, group, fd;

	if (!mdev_group(uuid, path))
		return -ENODEV;
	into = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (into < 0)
		return -errno;
	group = open(path, O_RDWR | O_CLOEXEC);
	fd = group < 0 ? -errno : open_in_group(into, group, uuid);
	if (group >= 0)
		close(group);
	if (fd >= 0 && kind == DEVICE_GPU)
		start_guest(into, fd);
	if (fd >= 0 && kept)
		*kept = into;
	else
		close(into);
	return fd;
}

int devices_open_spare(enum device_kind kind)
{
	return open_device(kind, uuids[SPARE(kind)], NULL);
}

int devices_fd(enum device_kind kind)
{
	return fds[kind];
}

int devices_container(void)
{
	return container;
}

static void close_devices(void)
{
	unsigned int i;

	for (i = 0; i < DEVICE_KINDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
	if (container >= 0)
		close(container);
	container = -1;
}

void devices_reopen(void)
{
	unsigned int i;

	close_devices();
	for (i = 0; i < DEVICE_KINDS; i++) {
		fds[i] = open_device((enum device_kind)i, uuids[i],
				     i == DEVICE_GPU ? &container : NULL);
		if (fds[i] < 0)
			fail("cannot open a %s: %s", types[i],
			     strerror(-fds[i]));
	}
}

bool devices_settle(void)
{
	char path[GROUP_PATH_SIZE];
	unsigned int i;

	if (!test_wait(keeper_is_idle, NULL, HANG_SECONDS))
		return false;
	for (i = 0; i < DEVICE_KINDS; i++) {
		if (!mdev_group(uuids[SPARE(i)], path))
			ask(MAKE, SPARE(i));
		ioctl(fds[i], VFIO_DEVICE_RESET);
	}
	start_guest(container, fds[DEVICE_GPU]);
	return test_wait(keeper_is_idle, NULL, HANG_SECONDS);
}

void devices_load(void)
{
	unsigned int i;

	/* Not every kernel has the importers */
	if (system("modprobe -a -q vgem vkms") < 0 ||
	    system("modprobe -a vfio_iommu_type1 mdev vfio_bochs "
		   "vfio_test_display vfio_virtio_gpu"))
		fail("cannot load the modules");
	for (i = 0; i < DEVICES; i++)
		ask(MAKE, i);
	if (!test_wait(keeper_is_idle, NULL, HANG_SECONDS))
		fail("cannot make the devices");
	devices_reopen();
}

static bool module_unloads(void *arg)
{
	return !syscall(SYS_delete_module, arg, O_NONBLOCK) || errno == ENOENT;
}

bool devices_unload(const char **why)
{
	unsigned int i;

	close_devices();
	for (i = 0; i < DEVICES; i++)
		ask(REMOVE, i);
	if (!test_wait(keeper_is_idle, NULL, HANG_SECONDS)) {
		*why = "a device cannot be removed: somebody still has it";
		return false;
	}
	/* What was closed last may be released by a work of the kernel's */
	for (i = 0; i < MODULES; i++) {
		if (test_wait(module_unloads, modules[i], HANG_SECONDS))
			continue;
		*why = modules[i];
		return false;
	}
	return true;
}

void devices_start(struct trace *trace, bool traced)
{
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED || pipe2(requests, O_CLOEXEC))
		fail("no memory");
	guest_init();
	trace_open(trace, traced);
	keeper = fork();
	if (keeper < 0)
		fail_errno("cannot fork");
	if (!keeper)
		keep(trace);
	close(requests[0]);
	trace_keep(trace);
	devices_load();
}

void devices_finish(void)
{
	close(requests[1]);
	waitpid(keeper, NULL, 0);
	keeper = 0;
}
