/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device's interrupts as a VMM has them: eventfds, set by
 * VFIO_DEVICE_SET_IRQS. The eventfds made here do not block.
 */
#ifndef TESTS_HARNESS_IRQ_H
#define TESTS_HARNESS_IRQ_H

#include "device.h"

#include <stdint.h>

/* The parts of SET_IRQS's flags, put together */
#define IRQ_EVENTFD (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER)
#define IRQ_TRIGGER (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER)
#define IRQ_MASK (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK)
#define IRQ_UNMASK (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK)

struct irqs {
	uint32_t index; /* VFIO_PCI_*_IRQ_INDEX */
	uint32_t start;
	uint32_t count;
};

/* SET_IRQS with size bytes of data; as ioctl() */
int irq_set(const struct device *device, const struct irqs *irqs,
	    uint32_t flags, const void *data, size_t size);

/* The same for one irq without data, which must work */
void irq_do(const struct device *device, uint32_t index, uint32_t irq,
	    uint32_t flags);

void irq_info(const struct device *device, uint32_t index,
	      struct vfio_irq_info *info);

/* Give the irqs 0 to count - 1 of that index an eventfd each */
void irq_connect(const struct device *device, uint32_t index, int *events,
		 uint32_t count);

/* Take all of them away */
void irq_disconnect(const struct device *device, uint32_t index);

/* How often the eventfd was signalled since it was last asked */
uint64_t irq_count(int event);

/* Sleep until it is signalled, and say how often it was; ends the test late */
uint64_t irq_wait(int event);

#endif /* TESTS_HARNESS_IRQ_H */
