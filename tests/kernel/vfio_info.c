// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the device tells a VMM of its regions and irqs, and whether that and
 * the accesses agree.
 */
#include "bochs.h"
#include "bytes.h"
#include "test.h"

#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define READ VFIO_REGION_INFO_FLAG_READ
#define WRITE VFIO_REGION_INFO_FLAG_WRITE
#define MMAP VFIO_REGION_INFO_FLAG_MMAP

static struct device device;

static void get_info(struct vfio_device_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_GET_INFO, info));
}

TEST("the device is a PCI device that can be reset, with all its regions")
{
	struct vfio_device_info info;

	device_create(&device, TYPE_16M);
	get_info(&info);
	CHECK_EQ(info.flags & VFIO_DEVICE_FLAGS_PCI, VFIO_DEVICE_FLAGS_PCI);
	CHECK_EQ(info.flags & VFIO_DEVICE_FLAGS_RESET, VFIO_DEVICE_FLAGS_RESET);
	CHECK_GE(info.num_regions, VFIO_PCI_NUM_REGIONS);
	CHECK_EQ(info.num_irqs, VFIO_PCI_NUM_IRQS);
}

TEST("regions have the sizes and the access that the device has")
{
	struct vfio_region_info info;
	uint32_t index;

	device_create(&device, TYPE_64M);
	region_info(&device, BAR0, &info);
	CHECK_EQ(info.size, 64 * MIB);
	CHECK_EQ(info.flags & (READ | WRITE | MMAP), READ | WRITE | MMAP);
	region_info(&device, BAR2, &info);
	CHECK_EQ(info.size, 4096);
	CHECK_EQ(info.flags & (READ | WRITE | MMAP), READ | WRITE);
	region_info(&device, CONFIG, &info);
	CHECK_EQ(info.size, 256);
	CHECK_EQ(info.flags & (READ | WRITE | MMAP), READ | WRITE);
	for (index = 0; index < VFIO_PCI_NUM_REGIONS; index++) {
		if (index == BAR0 || index == BAR2 || index == CONFIG)
			continue;
		region_info(&device, index, &info);
		CHECK_EQ(info.size, 0);
		CHECK_EQ(info.flags & (READ | WRITE | MMAP), 0);
	}
}

TEST("region sizes are those that sizing the BARs finds")
{
	static const char *const types[] = {TYPE_16M, TYPE_64M, TYPE_256M};
	struct vfio_region_info info;
	unsigned int i, bar;
	uint32_t offset, mask;

	for (i = 0; i < 3; i++) {
		device_create(&device, types[i]);
		for (bar = 0; bar < 6; bar++) {
			offset = PCI_BASE_ADDRESS_0 + 4 * bar;
			region_set(&device, CONFIG, offset, 4, UINT32_MAX);
			mask = (uint32_t)region_get(&device, CONFIG, offset, 4);
			mask &= (uint32_t)PCI_BASE_ADDRESS_MEM_MASK;
			region_info(&device, bar, &info);
			CHECK_EQ(info.size, mask ? ~mask + UINT64_C(1) : 0);
		}
	}
}

TEST("no two regions overlap in the device fd")
{
	struct vfio_region_info a, b;
	struct vfio_device_info info;
	uint32_t i, j;

	device_create(&device, TYPE_256M);
	get_info(&info);
	for (i = 0; i < info.num_regions; i++) {
		region_info(&device, i, &a);
		for (j = 0; j < i; j++) {
			region_info(&device, j, &b);
			CHECK(a.offset >= b.offset + b.size ||
			      b.offset >= a.offset + a.size);
		}
	}
}

TEST("an unknown region or irq and a short argsz are EINVAL, nothing written")
{
	struct vfio_region_info region, region_before;
	struct vfio_irq_info irq, irq_before;
	struct vfio_device_info info;

	device_create(&device, TYPE_16M);
	get_info(&info);
	memset(&region, UNTOUCHED, sizeof(region));
	region.argsz = sizeof(region);
	region.index = info.num_regions;
	region_before = region;
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_REGION_INFO, &region),
		    EINVAL);
	CHECK_BYTES(&region, &region_before, sizeof(region));
	region.argsz = sizeof(region) - 1;
	region.index = 0;
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_REGION_INFO, &region),
		    EINVAL);
	memset(&irq, UNTOUCHED, sizeof(irq));
	irq.argsz = sizeof(irq);
	irq.index = info.num_irqs;
	irq_before = irq;
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_IRQ_INFO, &irq), EINVAL);
	CHECK_BYTES(&irq, &irq_before, sizeof(irq));
	irq.argsz = sizeof(irq) - 1;
	irq.index = 0;
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_IRQ_INFO, &irq), EINVAL);
	info.argsz = 4;
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_INFO, &info), EINVAL);
}

TEST("there is no irq but the request, as the config space has no pin")
{
	struct vfio_irq_info irq;
	uint32_t index;

	device_create(&device, TYPE_16M);
	CHECK_EQ(region_get(&device, CONFIG, PCI_INTERRUPT_PIN, 1), 0);
	for (index = 0; index < VFIO_PCI_NUM_IRQS; index++) {
		memset(&irq, 0, sizeof(irq));
		irq.argsz = sizeof(irq);
		irq.index = index;
		if (index == VFIO_PCI_ERR_IRQ_INDEX)
			continue;
		CHECK_OK(ioctl(device.fd, VFIO_DEVICE_GET_IRQ_INFO, &irq));
		CHECK_EQ(irq.count, index == VFIO_PCI_REQ_IRQ_INDEX ? 1 : 0);
		if (irq.count)
			CHECK_EQ(irq.flags & VFIO_IRQ_INFO_EVENTFD,
				 VFIO_IRQ_INFO_EVENTFD);
	}
}

TEST("there is no error irq, which VFIO says by EINVAL, so that QEMU is quiet")
{
	struct vfio_irq_info irq, before;

	device_create(&device, TYPE_16M);
	memset(&irq, UNTOUCHED, sizeof(irq));
	irq.argsz = sizeof(irq);
	irq.index = VFIO_PCI_ERR_IRQ_INDEX;
	before = irq;
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_IRQ_INFO, &irq), EINVAL);
	CHECK_BYTES(&irq, &before, sizeof(irq));
}

static int set_irq(uint32_t index, uint32_t flags, uint32_t start,
		   uint32_t count, int32_t data)
{
	struct vfio_irq_set *set = calloc(1, sizeof(*set) + sizeof(data));
	int ret, error;

	CHECK(set);
	set->argsz = sizeof(*set) + sizeof(data);
	set->flags = flags;
	set->index = index;
	set->start = start;
	set->count = count;
	memcpy(set->data, &data, sizeof(data));
	ret = ioctl(device.fd, VFIO_DEVICE_SET_IRQS, set);
	error = errno;
	free(set);
	errno = error;
	return ret;
}

TEST("the request irq's eventfd is set, tried, replaced and taken away")
{
	const uint32_t trigger = VFIO_IRQ_SET_ACTION_TRIGGER;
	const uint32_t event_data = VFIO_IRQ_SET_DATA_EVENTFD | trigger;
	const uint32_t no_data = VFIO_IRQ_SET_DATA_NONE | trigger;
	eventfd_t value;
	int first, second;

	device_create(&device, TYPE_16M);
	first = (int)CHECK_OK(eventfd(0, EFD_NONBLOCK));
	second = (int)CHECK_OK(eventfd(0, EFD_NONBLOCK));
	CHECK_OK(set_irq(VFIO_PCI_REQ_IRQ_INDEX, event_data, 0, 1, first));
	CHECK_OK(set_irq(VFIO_PCI_REQ_IRQ_INDEX, no_data, 0, 1, 0));
	CHECK_OK(eventfd_read(first, &value));
	CHECK_OK(set_irq(VFIO_PCI_REQ_IRQ_INDEX, event_data, 0, 1, second));
	CHECK_OK(set_irq(VFIO_PCI_REQ_IRQ_INDEX, no_data, 0, 1, 0));
	CHECK_OK(eventfd_read(second, &value));
	CHECK_ERRNO(eventfd_read(first, &value), EAGAIN);
	CHECK_OK(set_irq(VFIO_PCI_REQ_IRQ_INDEX, event_data, 0, 1, -1));
	set_irq(VFIO_PCI_REQ_IRQ_INDEX, no_data, 0, 1, 0);
	CHECK_ERRNO(eventfd_read(second, &value), EAGAIN);
	CHECK_OK(set_irq(VFIO_PCI_REQ_IRQ_INDEX, event_data, 0, 1, first));
	CHECK_OK(set_irq(VFIO_PCI_REQ_IRQ_INDEX, no_data, 0, 0, 0));
	CHECK_ERRNO(eventfd_read(first, &value), EAGAIN);
}

TEST("irqs that are not there, and fds that are no eventfd, are refused")
{
	const uint32_t flags =
		VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	int event, device_fd;
	uint32_t index;

	device_create(&device, TYPE_16M);
	event = (int)CHECK_OK(eventfd(0, EFD_NONBLOCK));
	device_fd = device.fd;
	for (index = 0; index < VFIO_PCI_REQ_IRQ_INDEX; index++)
		CHECK_EQ(set_irq(index, flags, 0, 1, event), -1);
	CHECK_EQ(set_irq(VFIO_PCI_NUM_IRQS, flags, 0, 1, event), -1);
	CHECK_EQ(set_irq(VFIO_PCI_REQ_IRQ_INDEX, flags, 1, 1, event), -1);
	CHECK_EQ(set_irq(VFIO_PCI_REQ_IRQ_INDEX, flags, 0, 2, event), -1);
	CHECK_EQ(set_irq(VFIO_PCI_REQ_IRQ_INDEX, flags, 0, 1, device_fd), -1);
	CHECK_EQ(set_irq(VFIO_PCI_REQ_IRQ_INDEX, 0, 0, 1, event), -1);
	CHECK_EQ(set_irq(VFIO_PCI_REQ_IRQ_INDEX, UINT32_MAX, 0, 1, event), -1);
}

TEST("accesses outside of every region fail and harm nothing")
{
	struct vfio_device_info info;
	struct vfio_region_info region, last;
	uint64_t value = 0;
	uint32_t index;

	device_create(&device, TYPE_16M);
	get_info(&info);
	for (index = 0; index < info.num_regions; index++) {
		region_info(&device, index, &region);
		CHECK_LE(region_read(&device, index, region.size, &value, 8),
			 0);
		CHECK_LE(region_write(&device, index, region.size, &value, 8),
			 0);
	}
	region_info(&device, info.num_regions - 1, &last);
	CHECK_EQ(pread(device.fd, &value, 8,
		       (off_t)(last.offset * 2 + (UINT64_C(1) << 40))),
		 -1);
	CHECK_EQ(pread(device.fd, &value, 8, INT64_MAX - 8), -1);
	CHECK_EQ(pwrite(device.fd, &value, 8, INT64_MAX - 8), -1);
	CHECK_EQ(pread(device.fd, &value, 8, -8), -1);
}

TEST("only BAR0 can be mapped, and not beyond its end")
{
	struct vfio_device_info info;
	struct vfio_region_info region;
	uint32_t index;
	void *map;

	device_create(&device, TYPE_16M);
	get_info(&info);
	for (index = 0; index < info.num_regions; index++) {
		region_info(&device, index, &region);
		map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, device.fd,
			   (off_t)region.offset);
		CHECK_EQ(map != MAP_FAILED, index == BAR0);
	}
	region_info(&device, BAR0, &region);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, device.fd,
		   (off_t)(region.offset + region.size)) == MAP_FAILED);
	CHECK(mmap(NULL, 8192, PROT_READ, MAP_SHARED, device.fd,
		   (off_t)(region.offset + region.size - 4096)) == MAP_FAILED);
	CHECK(mmap(NULL, region.size + 4096, PROT_READ, MAP_SHARED, device.fd,
		   (off_t)region.offset) == MAP_FAILED);
}

TEST("bad buffers of reads and writes are EFAULT in every kind of region")
{
	static const uint32_t indexes[] = {BAR0, BAR2, CONFIG};
	void *unmapped = bytes_unmapped();
	unsigned int i;

	device_create(&device, TYPE_16M);
	for (i = 0; i < 3; i++) {
		CHECK_ERRNO(region_read(&device, indexes[i], 0, unmapped, 4),
			    EFAULT);
		CHECK_ERRNO(region_write(&device, indexes[i], 0, unmapped, 4),
			    EFAULT);
	}
}

/* Whether the kernel has character devices of VFIO devices (VFIO_DEVICE_CDEV)
 */
static bool has_cdevs(void)
{
	return !access("/dev/vfio/devices", F_OK);
}

TEST("an ioctl that the device does not have is refused")
{
	char data[4096] = "";

	device_create(&device, TYPE_16M);
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_IOEVENTFD, data), ENOTTY);
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_PCI_HOT_RESET, data), ENOTTY);
	/* Its number is VFIO_DEVICE_BIND_IOMMUFD's, which a group's fd refuses
	 */
	CHECK_ERRNO(ioctl(device.fd, VFIO_DMABUF_MGR_DROP_RIGHTS, data),
		    has_cdevs() ? EINVAL : ENOTTY);
}
