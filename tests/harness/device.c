// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mediated devices and VFIO's group API, see device.h.
 */
#include "device.h"

#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MDEV_DEVICES "/sys/bus/mdev/devices"
#define MDEVS_MAX 256
#define APPEAR_SECONDS 10

/* UUIDs of what is to be removed after the test; shared with its process */
static char (*mdevs)[UUID_SIZE];

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		error = -errno;
	close(fd);
	return error;
}

static void remove_left(void)
{
	unsigned int i;

	for (i = 0; i < MDEVS_MAX; i++)
		if (mdevs[i][0])
			mdev_remove(mdevs[i]);
}

__attribute__((constructor)) static void share_mdevs(void)
{
	void *memory =
		mmap(NULL, sizeof(*mdevs) * MDEVS_MAX, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	mdevs = memory;
	test_after_each(remove_left);
}

static void remember(const char *uuid)
{
	unsigned int i;
	char unused;

	/* Another process may be at the same place of the list */
	for (i = 0; i < MDEVS_MAX; i++) {
		unused = 0;
		if (!__atomic_compare_exchange_n(&mdevs[i][0], &unused, *uuid,
						 false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
			continue;
		strcpy(&mdevs[i][1], &uuid[1]);
		return;
	}
	test_fail(__FILE__, __LINE__, "more than %d devices", MDEVS_MAX);
}

static void forget(const char *uuid)
{
	unsigned int i;

	for (i = 0; i < MDEVS_MAX; i++)
		if (!strcmp(mdevs[i], uuid))
			__atomic_store_n(&mdevs[i][0], 0, __ATOMIC_RELEASE);
}

static void type_path(char *path, size_t size, const char *type,
		      const char *attribute)
{
	snprintf(path, size,
		 "/sys/class/mdev_bus/%.*s/mdev_supported_types/%s/%s",
		 (int)strcspn(type, "-"), type, type, attribute);
}

int mdev_create_named(const char *type, const char *uuid)
{
	char path[256];

	type_path(path, sizeof(path), type, "create");
	return write_file(path, uuid);
}

int mdev_create(const char *type, char uuid[UUID_SIZE])
{
	ssize_t size;
	int error, fd;

	fd = (int)CHECK_OK(open("/proc/sys/kernel/random/uuid", O_RDONLY));
	size = CHECK_OK(read(fd, uuid, UUID_SIZE));
	close(fd);
	CHECK_EQ(size, UUID_SIZE);
	uuid[UUID_SIZE - 1] = 0;

	error = mdev_create_named(type, uuid);
	if (!error)
		remember(uuid);
	return error;
}

int mdev_remove(const char *uuid)
{
	char path[256];
	int error;

	snprintf(path, sizeof(path), MDEV_DEVICES "/%s/remove", uuid);
	error = write_file(path, "1");
	if (!error || error == -ENOENT)
		forget(uuid);
	return error;
}

void mdev_type_text(const char *type, const char *attribute, char *text,
		    size_t size)
{
	char path[256];
	ssize_t length;
	int fd;

	type_path(path, sizeof(path), type, attribute);
	fd = (int)CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
	length = CHECK_OK(read(fd, text, size - 1));
	close(fd);
	text[length] = 0;
	text[strcspn(text, "\n")] = 0;
}

long mdev_type_number(const char *type, const char *attribute)
{
	char text[32], *end;
	long number;

	mdev_type_text(type, attribute, text, sizeof(text));
	number = strtol(text, &end, 10);
	CHECK_GT(end - text, 0);
	return number;
}

bool mdev_group(const char *uuid, char path[GROUP_PATH_SIZE])
{
	char link[256], target[256];
	ssize_t size;

	snprintf(link, sizeof(link), MDEV_DEVICES "/%s/iommu_group", uuid);
	size = readlink(link, target, sizeof(target) - 1);
	if (size < 0)
		return false;
	target[size] = 0;
	snprintf(path, GROUP_PATH_SIZE, "/dev/vfio%s", strrchr(target, '/'));
	return !access(path, F_OK);
}

static bool has_group(void *arg)
{
	char path[GROUP_PATH_SIZE];

	return mdev_group(arg, path);
}

/* The last error, with what was opened before it closed again */
static int open_failed(struct device *device)
{
	int error = -errno;

	device_close(device);
	return error;
}

/* The group is in the container that the device has: open it */
static int open_in_container(struct device *device)
{
	device->fd =
		ioctl(device->group, VFIO_GROUP_GET_DEVICE_FD, device->uuid);
	return device->fd < 0 ? open_failed(device) : 0;
}

int device_try_open(struct device *device)
{
	char path[GROUP_PATH_SIZE];

	device->fd = device->group = device->container = -1;
	if (!mdev_group(device->uuid, path))
		return -ENOENT;
	device->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (device->container < 0)
		return open_failed(device);
	device->group = open(path, O_RDWR | O_CLOEXEC);
	if (device->group < 0 ||
	    ioctl(device->group, VFIO_GROUP_SET_CONTAINER,
		  &device->container) ||
	    ioctl(device->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return open_failed(device);
	return open_in_container(device);
}

static void wait_for_group(struct device *device)
{
	if (!test_wait(has_group, device->uuid, APPEAR_SECONDS))
		test_fail(__FILE__, __LINE__, "device %s has no VFIO group",
			  device->uuid);
}

void device_open(struct device *device)
{
	int error;

	wait_for_group(device);
	error = device_try_open(device);
	if (error)
		test_fail(__FILE__, __LINE__, "cannot open device %s: %s",
			  device->uuid, strerror(-error));
}

void device_create_beside(struct device *device, const char *type,
			  const struct device *other)
{
	char path[GROUP_PATH_SIZE];

	CHECK_EQ(mdev_create(type, device->uuid), 0);
	wait_for_group(device);
	CHECK(mdev_group(device->uuid, path));
	device->container =
		(int)CHECK_OK(fcntl(other->container, F_DUPFD_CLOEXEC, 0));
	device->group = (int)CHECK_OK(open(path, O_RDWR | O_CLOEXEC));
	CHECK_OK(ioctl(device->group, VFIO_GROUP_SET_CONTAINER,
		       &device->container));
	CHECK_EQ(open_in_container(device), 0);
}

void device_create(struct device *device, const char *type)
{
	int error = mdev_create(type, device->uuid);

	if (error)
		test_fail(__FILE__, __LINE__, "cannot create a %s: %s", type,
			  strerror(-error));
	device_open(device);
}

void device_close(struct device *device)
{
	close(device->fd);
	close(device->group);
	close(device->container);
	device->fd = device->group = device->container = -1;
}

void device_remove(struct device *device)
{
	if (device->fd >= 0)
		device_close(device);
	CHECK_EQ(mdev_remove(device->uuid), 0);
}

void region_info(const struct device *device, uint32_t index,
		 struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	CHECK_OK(ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, info));
}

static off_t region_at(const struct device *device, uint32_t index,
		       uint64_t offset)
{
	struct vfio_region_info info;

	region_info(device, index, &info);
	return (off_t)(info.offset + offset);
}

ssize_t region_read(const struct device *device, uint32_t index,
		    uint64_t offset, void *data, size_t size)
{
	off_t at = region_at(device, index, offset);

	errno = 0;
	return pread(device->fd, data, size, at);
}

ssize_t region_write(const struct device *device, uint32_t index,
		     uint64_t offset, const void *data, size_t size)
{
	off_t at = region_at(device, index, offset);

	errno = 0;
	return pwrite(device->fd, data, size, at);
}

uint64_t region_get(const struct device *device, uint32_t index,
		    uint64_t offset, unsigned int width)
{
	uint64_t value = 0;

	if (region_read(device, index, offset, &value, width) != (int)width)
		test_fail(__FILE__, __LINE__,
			  "cannot read %u bytes at 0x%llx of region %u: %s",
			  width, (unsigned long long)offset, index,
			  strerror(errno));
	return value;
}

void region_set(const struct device *device, uint32_t index, uint64_t offset,
		unsigned int width, uint64_t value)
{
	if (region_write(device, index, offset, &value, width) != (int)width)
		test_fail(__FILE__, __LINE__,
			  "cannot write %u bytes at 0x%llx of region %u: %s",
			  width, (unsigned long long)offset, index,
			  strerror(errno));
}

void *region_map(const struct device *device, uint32_t index, uint64_t offset,
		 size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 device->fd, region_at(device, index, offset));

	if (map == MAP_FAILED)
		test_fail(__FILE__, __LINE__, "cannot map region %u: %s", index,
			  strerror(errno));
	return map;
}

void request_irq_fill(union request_irq *irq, int event)
{
	irq->set = (struct vfio_irq_set){
		.argsz = sizeof(*irq),
		.flags =
			VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_REQ_IRQ_INDEX,
		.count = 1,
	};
	memcpy(irq->set.data, &event, sizeof(event));
}

bool request_irq_signals(const struct device *device, int event)
{
	struct vfio_irq_set raise = {
		.argsz = sizeof(raise),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_REQ_IRQ_INDEX,
		.count = 1,
	};
	eventfd_t value;

	CHECK_OK(ioctl(device->fd, VFIO_DEVICE_SET_IRQS, &raise));
	return !eventfd_read(event, &value);
}

int manager_open(const struct device *device)
{
	uint32_t type = VFIO_DEVICE_DMABUF_MGR_FD;

	return (int)CHECK_OK(ioctl(device->fd, VFIO_DEVICE_GET_FD, &type));
}
