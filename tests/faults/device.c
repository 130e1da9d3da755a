// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a VMM does, with faults: making an mdev and removing it, opening it,
 * and the device fd's ioctls.
 */
#include "bochs.h"
#include "bytes.h"
#include "fault.h"
#include "planes.h"
#include "virtio_gpu.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct bochs_mode mode = {.width = 64, .height = 64, .bpp = 32};
/* As in kernel/mgr/mgr.h */
#define MAX_FILES 256
/* As in kernel/bochs/device.c */
#define MAX_VRAMS 4

static struct device device;
static unsigned int line;

static union {
	struct vfio_device_info info;
	struct {
		struct vfio_region_info info;
		struct vfio_region_info_cap_type cap;
	} region;
	struct vfio_irq_info irq;
	struct vfio_device_gfx_plane_info plane;
	uint32_t word;
	unsigned char bytes[128];
} arg;

static void set_up(void)
{
	bochs_create(&device, TYPE_16M, &mode);
}

static void check_zero(long result)
{
	CHECK_EQ(result, 0);
}

/* The ioctls that tell what the device is made of */

static void prepare_info(void)
{
	memset(&arg, UNTOUCHED, sizeof(arg));
	arg.info.argsz = sizeof(arg.info);
}

static long run_info(void)
{
	return ioctl(device.fd, VFIO_DEVICE_GET_INFO, &arg.info);
}

static void check_untouched(void)
{
	/* argsz and flags, or argsz alone, are the caller's */
	CHECK_ALL(&arg.bytes[16], UNTOUCHED, sizeof(arg) - 16);
}

static void undo_info(long result)
{
	CHECK_EQ(result, 0);
	CHECK_EQ(arg.info.num_irqs, VFIO_PCI_NUM_IRQS);
}

WALK("DEVICE_GET_INFO", .set_up = set_up, .prepare = prepare_info,
     .run = run_info, .check = check_untouched, .undo = undo_info, .sites = 2)

static void prepare_region(void)
{
	memset(&arg, UNTOUCHED, sizeof(arg));
	arg.region.info.argsz = sizeof(arg.region);
	arg.region.info.index = VFIO_PCI_NUM_REGIONS;
}

static long run_region(void)
{
	return ioctl(device.fd, VFIO_DEVICE_GET_REGION_INFO, &arg.region);
}

static void check_region(void)
{
	/* The caller's, or the capability alone: its place is not yet told */
	CHECK_ALL(&arg.region.info.cap_offset, UNTOUCHED,
		  sizeof(arg.region.info) -
			  offsetof(struct vfio_region_info, cap_offset));
}

static void undo_region(long result)
{
	CHECK_EQ(result, 0);
	CHECK_EQ(arg.region.info.cap_offset, sizeof(arg.region.info));
	CHECK_EQ(arg.region.cap.type, VFIO_REGION_TYPE_GFX);
}

WALK("DEVICE_GET_REGION_INFO of the EDID region", .set_up = set_up,
     .prepare = prepare_region, .run = run_region, .check = check_region,
     .undo = undo_region, .sites = 3)

static void prepare_irq(void)
{
	memset(&arg, UNTOUCHED, sizeof(arg));
	arg.irq.argsz = sizeof(arg.irq);
	arg.irq.index = VFIO_PCI_REQ_IRQ_INDEX;
}

static long run_irq(void)
{
	return ioctl(device.fd, VFIO_DEVICE_GET_IRQ_INFO, &arg.irq);
}

static void undo_irq(long result)
{
	CHECK_EQ(result, 0);
	CHECK_EQ(arg.irq.count, 1);
}

WALK("DEVICE_GET_IRQ_INFO", .set_up = set_up, .prepare = prepare_irq,
     .run = run_irq, .check = check_untouched, .undo = undo_irq, .sites = 2)

static int event;
static union request_irq irqs;

static void set_up_event(void)
{
	set_up();
	event = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

static void prepare_irqs(void)
{
	request_irq_fill(&irqs, event);
}

static long run_irqs(void)
{
	return ioctl(device.fd, VFIO_DEVICE_SET_IRQS, &irqs);
}

static void check_irqs(void)
{
	CHECK(!request_irq_signals(&device, event));
}

static void undo_irqs(long result)
{
	CHECK_EQ(result, 0);
	CHECK(request_irq_signals(&device, event));
	irqs.set.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
	irqs.set.count = 0;
	CHECK_OK(run_irqs());
}

WALK("DEVICE_SET_IRQS", .set_up = set_up_event, .prepare = prepare_irqs,
     .run = run_irqs, .check = check_irqs, .undo = undo_irqs, .sites = 3)

static long run_reset(void)
{
	return ioctl(device.fd, VFIO_DEVICE_RESET);
}

WALK("DEVICE_RESET", .set_up = set_up, .run = run_reset, .undo = check_zero)

/* Manager fds */

static void prepare_get_fd(void)
{
	arg.word = VFIO_DEVICE_DMABUF_MGR_FD;
}

static long run_get_fd(void)
{
	return ioctl(device.fd, VFIO_DEVICE_GET_FD, &arg.word);
}

static void undo_get_fd(long fd)
{
	union plane_query query;

	plane_query_ok((int)fd, &query);
	CHECK_OK(close((int)fd));
}

/* None of those that failed counts */
static void check_all_files(void)
{
	unsigned int i;

	for (i = 0; i < MAX_FILES; i++)
		CHECK_OK(run_get_fd());
	CHECK_ERRNO(run_get_fd(), EUSERS);
}

WALK("GET_FD", .set_up = set_up, .prepare = prepare_get_fd, .run = run_get_fd,
     .undo = undo_get_fd, .tear_down = check_all_files, .sites = 3)

/* Mainline's ABI */

static void prepare_plane(void)
{
	bochs_pan(&device, 0, (uint16_t)(++line * 16));
	memset(&arg, 0, sizeof(arg));
	arg.plane.argsz = sizeof(arg.plane);
	arg.plane.flags = VFIO_GFX_PLANE_TYPE_DMABUF;
	arg.plane.drm_plane_type = VFIO_DMABUF_MGR_PLANE_PRIMARY;
}

static long run_plane(void)
{
	return ioctl(device.fd, VFIO_DEVICE_QUERY_GFX_PLANE, &arg.plane);
}

static void check_plane(void)
{
	CHECK_EQ(arg.plane.height, 0);
	CHECK_EQ(arg.plane.dmabuf_id, 0);
}

static void undo_plane(long result)
{
	CHECK_EQ(result, 0);
	CHECK_EQ(arg.plane.height, mode.height);
	CHECK_NE(arg.plane.dmabuf_id, 0);
}

WALK("DEVICE_QUERY_GFX_PLANE", .set_up = set_up, .prepare = prepare_plane,
     .run = run_plane, .check = check_plane, .undo = undo_plane, .sites = 1)

static void prepare_get_dmabuf(void)
{
	prepare_plane();
	CHECK_OK(run_plane());
	arg.word = arg.plane.dmabuf_id;
}

static long run_get_dmabuf(void)
{
	return ioctl(device.fd, VFIO_DEVICE_GET_GFX_DMABUF, &arg.word);
}

static void undo_get_dmabuf(long fd)
{
	struct vfio_dmabuf_mgr_plane_info info = {.size = 64 * 64 * 4};

	CHECK_ALL(plane_map((int)fd, &info, PROT_READ), 0, info.size);
	CHECK_OK(close((int)fd));
}

WALK("DEVICE_GET_GFX_DMABUF", .set_up = set_up, .prepare = prepare_get_dmabuf,
     .run = run_get_dmabuf, .undo = undo_get_dmabuf, .sites = 5)

/* Opening the device. Its group takes any error for one of its own. */

static const int open_errnos[] = {ENOMEM, EFAULT, EINVAL, ENODEV, 0};

static void set_up_closed(void)
{
	set_up();
	CHECK_OK(close(device.fd));
	device.fd = -1;
}

static long run_open(void)
{
	return ioctl(device.group, VFIO_GROUP_GET_DEVICE_FD, device.uuid);
}

static void undo_open(long fd)
{
	union plane_query query;

	device.fd = (int)fd;
	bochs_place(&device, VRAM_BASE);
	bochs_set_mode(&device, &mode);
	plane_query_ok(manager_open(&device), &query);
	CHECK_EQ(query.base.plane_info.height, mode.height);
	CHECK_OK(close(device.fd));
}

/* No opening that failed has taken any VRAM */
static void check_vram(void)
{
	unsigned int i;

	for (i = 0; i < MAX_VRAMS; i++) {
		device.fd = (int)CHECK_OK(run_open());
		bochs_set_mode(&device, &mode);
		/* The VMM's own: what viewers keep counts apart */
		CHECK_OK(plane_get(&device));
		CHECK_OK(close(device.fd));
	}
	CHECK_ERRNO(run_open(), ENOSPC);
}

WALK("opening a device", .set_up = set_up_closed, .run = run_open,
     .undo = undo_open, .tear_down = check_vram, .errnos = open_errnos,
     .sites = 5)

/* Making an mdev and removing it */

static const char *type;
static int create;
static char uuid[UUID_SIZE];
static char path[256];
static long instances;

static void set_up_create_of(const char *of)
{
	type = of;
	instances = mdev_type_number(type, "available_instances");
	snprintf(path, sizeof(path),
		 "/sys/class/mdev_bus/%.*s/mdev_supported_types/%s/create",
		 (int)strcspn(type, "-"), type, type);
	create = (int)CHECK_OK(open(path, O_WRONLY | O_CLOEXEC));
	strcpy(uuid, "5ca1ab1e-0000-4000-8000-000000000001");
}

static void set_up_create(void)
{
	set_up_create_of(TYPE_16M);
}

static void set_up_create_gpu(void)
{
	virtio_load();
	set_up_create_of(TYPE_GPU_16);
}

static long run_create(void)
{
	return pwrite(create, uuid, UUID_SIZE - 1, 0);
}

static bool mdev_there(void)
{
	char there[128];

	snprintf(there, sizeof(there), "/sys/bus/mdev/devices/%s", uuid);
	return !access(there, F_OK);
}

static void check_create(void)
{
	CHECK(!mdev_there());
	CHECK_EQ(mdev_type_number(type, "available_instances"), instances);
}

/*
 * One that is there works; but for lack of its group's node in /dev, which the
 * kernel's device core does not take for an error.
 */
static void undo_create(long result)
{
	char node[GROUP_PATH_SIZE];

	CHECK_EQ(result, UUID_SIZE - 1);
	strcpy(device.uuid, uuid);
	CHECK(mdev_there());
	if (mdev_group(uuid, node)) {
		device_open(&device);
		device_close(&device);
	}
	CHECK_EQ(mdev_remove(uuid), 0);
	check_create();
}

WALK("making an mdev", .set_up = set_up_create, .run = run_create,
     .check = check_create, .undo = undo_create, .dear = true, .sites = 20)

WALK("making a virtio-gpu's mdev", .set_up = set_up_create_gpu,
     .run = run_create, .check = check_create, .undo = undo_create,
     .dear = true, .sites = 22)

static int remove_file;

static void set_up_remove(void)
{
	type = TYPE_16M;
	instances = mdev_type_number(type, "available_instances");
}

static void set_up_remove_gpu(void)
{
	virtio_load();
	type = TYPE_GPU_16;
	instances = mdev_type_number(type, "available_instances");
}

static void prepare_remove(void)
{
	CHECK_EQ(mdev_create(type, uuid), 0);
	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s/remove", uuid);
	remove_file = (int)CHECK_OK(open(path, O_WRONLY | O_CLOEXEC));
}

static long run_remove(void)
{
	return pwrite(remove_file, "1", 1, 0);
}

static void check_remove(void)
{
	CHECK(mdev_there());
}

static void undo_remove(long result)
{
	CHECK_EQ(result, 1);
	CHECK_OK(close(remove_file));
	/* For the list of what is to be removed after the test */
	CHECK_EQ(mdev_remove(uuid), -ENOENT);
	check_create();
}

WALK("removing an mdev", .set_up = set_up_remove, .prepare = prepare_remove,
     .run = run_remove, .check = check_remove, .undo = undo_remove, .sites = 2)

WALK("removing a virtio-gpu's mdev", .set_up = set_up_remove_gpu,
     .prepare = prepare_remove, .run = run_remove, .check = check_remove,
     .undo = undo_remove, .sites = 2)

TEST_WITHIN(120, "kmemleak finds nothing after all these faults")
{
	fault_check_leaks();
}
