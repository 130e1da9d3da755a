/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VMM does with a mediated device: make it, open it through VFIO's
 * group API, reach its regions, ask it for a manager fd. Everything checks
 * itself and ends the test where it fails, unless it returns a status.
 *
 * Devices that a test leaves behind are removed after it.
 */
#ifndef TESTS_HARNESS_DEVICE_H
#define TESTS_HARNESS_DEVICE_H

#include <linux/vfio.h>
#include <linux/vfio_dmabuf_mgr.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The types: their parent's name, a dash and their own; and bytes of VRAM */
#define TYPE_16M "vfio_bochs-16m"
#define TYPE_64M "vfio_bochs-64m"
#define TYPE_256M "vfio_bochs-256m"
#define MIB (UINT64_C(1) << 20)

#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
#define BAR2 VFIO_PCI_BAR2_REGION_INDEX
#define CONFIG VFIO_PCI_CONFIG_REGION_INDEX

#define UUID_SIZE 37
#define GROUP_PATH_SIZE 64

struct device {
	char uuid[UUID_SIZE];
	int container;
	int group;
	int fd;
};

/* Make a mediated device with a new UUID; 0 or a negative errno */
int mdev_create(const char *type, char uuid[UUID_SIZE]);

/* The same with this UUID; not removed after the test */
int mdev_create_named(const char *type, const char *uuid);

/*
 * Remove it; 0 or a negative errno. The kernel makes this wait until the
 * device's fd is closed.
 */
int mdev_remove(const char *uuid);

/* The path of its VFIO group; false if that is not there (yet) */
bool mdev_group(const char *uuid, char path[GROUP_PATH_SIZE]);

/* What sysfs tells of a type, such as available_instances, without newline */
void mdev_type_text(const char *type, const char *attribute, char *text,
		    size_t size);
long mdev_type_number(const char *type, const char *attribute);

/* Make a mediated device and open it */
void device_create(struct device *device, const char *type);

/* The same in the container that another one is open in */
void device_create_beside(struct device *device, const char *type,
			  const struct device *other);

/* Open the mediated device of device->uuid, once it has appeared */
void device_open(struct device *device);

/* The same for one that may be going: 0 or a negative errno */
int device_try_open(struct device *device);

/* Close it; it can be opened again */
void device_close(struct device *device);

/* Close it and remove it */
void device_remove(struct device *device);

void region_info(const struct device *device, uint32_t index,
		 struct vfio_region_info *info);

/* pread() and pwrite() within a region */
ssize_t region_read(const struct device *device, uint32_t index,
		    uint64_t offset, void *data, size_t size);
ssize_t region_write(const struct device *device, uint32_t index,
		     uint64_t offset, const void *data, size_t size);

/* The same for a number of 1, 2, 4 or 8 bytes, which must work */
uint64_t region_get(const struct device *device, uint32_t index,
		    uint64_t offset, unsigned int width);
void region_set(const struct device *device, uint32_t index, uint64_t offset,
		unsigned int width, uint64_t value);

/* Map a part of a region shared, readable and writable */
void *region_map(const struct device *device, uint32_t index, uint64_t offset,
		 size_t size);

/* What SET_IRQS is told to have the request irq signal an eventfd */
union request_irq {
	struct vfio_irq_set set;
	unsigned char bytes[sizeof(struct vfio_irq_set) + sizeof(int32_t)];
};

void request_irq_fill(union request_irq *irq, int event);

/* Have the request irq raised; does that signal the eventfd, O_NONBLOCK? */
bool request_irq_signals(const struct device *device, int event);

/* A new manager fd */
int manager_open(const struct device *device);

#endif /* TESTS_HARNESS_DEVICE_H */
