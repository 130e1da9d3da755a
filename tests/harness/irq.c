// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interrupts, see irq.h.
 */
#include "irq.h"

#include "test.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

int irq_set(const struct device *device, const struct irqs *irqs,
	    uint32_t flags, const void *data, size_t size)
{
	struct vfio_irq_set *set = calloc(1, sizeof(*set) + size);
	int ret, error;

	CHECK(set);
	set->argsz = (uint32_t)(sizeof(*set) + size);
	set->flags = flags;
	set->index = irqs->index;
	set->start = irqs->start;
	set->count = irqs->count;
	if (size)
		memcpy(set->data, data, size);
	errno = 0;
	ret = ioctl(device->fd, VFIO_DEVICE_SET_IRQS, set);
	error = errno;
	free(set);
	errno = error;
	return ret;
}

void irq_do(const struct device *device, uint32_t index, uint32_t irq,
	    uint32_t flags)
{
	const struct irqs irqs = {index, irq, 1};

	CHECK_OK(irq_set(device, &irqs, flags, NULL, 0));
}

void irq_info(const struct device *device, uint32_t index,
	      struct vfio_irq_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	CHECK_OK(ioctl(device->fd, VFIO_DEVICE_GET_IRQ_INFO, info));
}

void irq_connect(const struct device *device, uint32_t index, int *events,
		 uint32_t count)
{
	const struct irqs irqs = {index, 0, count};
	uint32_t i;

	for (i = 0; i < count; i++)
		events[i] =
			(int)CHECK_OK(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	CHECK_OK(irq_set(device, &irqs, IRQ_EVENTFD, events,
			 count * sizeof(*events)));
}

void irq_disconnect(const struct device *device, uint32_t index)
{
	const struct irqs none = {index, 0, 0};

	CHECK_OK(irq_set(device, &none, IRQ_TRIGGER, NULL, 0));
}

uint64_t irq_count(int event)
{
	eventfd_t count = 0;

	if (eventfd_read(event, &count))
		CHECK_EQ(errno, EAGAIN);
	return count;
}

uint64_t irq_wait(int event)
{
	struct pollfd poll_for = {.fd = event, .events = POLLIN};

	/* The test's own time limit ends what never comes */
	CHECK_EQ(poll(&poll_for, 1, -1), 1);
	return irq_count(event);
}
