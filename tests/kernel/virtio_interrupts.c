// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The virtio-gpu's interrupts: MSI-X and INTx as a VMM sets them up through
 * VFIO, and when the device raises them. When it may be quiet, by the rings'
 * flags and event indexes, is in virtio_rings.c.
 */
#include "gpu_view.h"
#include "test.h"

#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define INTX VFIO_PCI_INTX_IRQ_INDEX
#define MSIX VFIO_PCI_MSIX_IRQ_INDEX
#define ISR_QUEUE 1
#define ISR_CONFIG 2
#define PBA 0x800 /* in the BAR of the MSI-X table */
#define MSIX_BAR 1

static struct gpu gpu;
static int intx; /* the eventfd of INTx */

static struct device *device(void)
{
	return &gpu.virtio.device;
}

/* As many commands as the control queue is to have used */
static void some_command(void)
{
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

static void some_cursor(void)
{
	const struct virtio_gpu_cursor_pos pos = {.x = 1, .y = 1};

	gpu_move_cursor(&gpu, &pos);
}

TEST("there are INTx, three MSI-X vectors and the request, and no other irq")
{
	static const uint32_t counts[] = {1, 0, GPU_VECTORS, 0, 1};
	const uint32_t intx_flags = VFIO_IRQ_INFO_EVENTFD |
				    VFIO_IRQ_INFO_MASKABLE |
				    VFIO_IRQ_INFO_AUTOMASKED;
	struct vfio_irq_info info;
	uint32_t i;

	gpu_create(&gpu, TYPE_GPU_1);
	for (i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
		/* There is none, and asking for it is an error */
		if (i == VFIO_PCI_ERR_IRQ_INDEX)
			continue;
		irq_info(device(), i, &info);
		CHECK_EQ(info.count, counts[i]);
		if (info.count)
			CHECK(info.flags & VFIO_IRQ_INFO_EVENTFD);
		if (i == INTX)
			CHECK_EQ(info.flags & intx_flags, intx_flags);
		else
			CHECK_EQ(info.flags & VFIO_IRQ_INFO_AUTOMASKED, 0);
	}
}

TEST("a VMM can try each MSI-X vector, and hears that one only")
{
	unsigned int i, j;

	gpu_create(&gpu, TYPE_GPU_1);
	for (i = 0; i < GPU_VECTORS; i++) {
		irq_do(device(), MSIX, i, IRQ_TRIGGER);
		for (j = 0; j < GPU_VECTORS; j++)
			CHECK_EQ(irq_count(gpu.events[j]), i == j);
	}
}

TEST("a VMM can try some vectors of a range by bools, and all by none")
{
	const uint32_t flags =
		VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER;
	const struct irqs all = {MSIX, 0, GPU_VECTORS};
	const struct irqs last = {MSIX, 1, 2};
	const uint8_t outer[] = {1, 0, 1};

	gpu_create(&gpu, TYPE_GPU_1);
	CHECK_OK(irq_set(device(), &all, flags, outer, sizeof(outer)));
	CHECK_EQ(irq_count(gpu.events[0]), 1);
	CHECK_EQ(irq_count(gpu.events[1]), 0);
	CHECK_EQ(irq_count(gpu.events[2]), 1);
	CHECK_OK(irq_set(device(), &last, IRQ_TRIGGER, NULL, 0));
	CHECK_EQ(irq_count(gpu.events[0]), 0);
	CHECK_EQ(irq_count(gpu.events[1]), 1);
	CHECK_EQ(irq_count(gpu.events[2]), 1);
}

TEST("each source raises its own vector once, and no other")
{
	gpu_create(&gpu, TYPE_GPU_1);
	some_command();
	some_command();
	some_cursor();
	/* Those of the queues were taken by whoever waited for them */
	CHECK_EQ(irq_count(gpu.events[GPU_VECTOR_CONTROL]), 0);
	CHECK_EQ(irq_count(gpu.events[GPU_VECTOR_CURSOR]), 0);
	CHECK_EQ(irq_count(gpu.events[GPU_VECTOR_CONFIG]), 0);
}

TEST("two queues can share a vector")
{
	struct virtio *virtio = &gpu.virtio;

	gpu_create(&gpu, TYPE_GPU_1);
	CHECK(virtio_negotiate(virtio, GPU_FEATURES));
	virtqueue_create(&gpu.control, virtio, GPU_CONTROL, 64);
	virtqueue_create(&gpu.cursor, virtio, GPU_CURSOR, 16);
	gpu.control.event = gpu.cursor.event = gpu.events[2];
	virtqueue_enable(&gpu.control, 2);
	virtqueue_enable(&gpu.cursor, 2);
	virtio_start(virtio);
	some_command();
	some_cursor();
	some_command();
	CHECK_EQ(irq_count(gpu.events[0]), 0);
	CHECK_EQ(irq_count(gpu.events[1]), 0);
}

TEST("a queue without a vector works, and raises nothing")
{
	struct virtio *virtio = &gpu.virtio;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	CHECK(virtio_negotiate(virtio, GPU_FEATURES));
	virtqueue_create(&gpu.control, virtio, GPU_CONTROL, 64);
	virtqueue_create(&gpu.cursor, virtio, GPU_CURSOR, 16);
	virtqueue_enable(&gpu.control, VIRTIO_MSI_NO_VECTOR);
	gpu.cursor.event = gpu.events[GPU_VECTOR_CURSOR];
	virtqueue_enable(&gpu.cursor, GPU_VECTOR_CURSOR);
	virtio_start(virtio);
	for (i = 0; i < 10; i++)
		some_command();
	/* By then an interrupt of the other queue would have come */
	some_cursor();
	for (i = 0; i < GPU_VECTORS; i++)
		CHECK_EQ(irq_count(gpu.events[i]), 0);
}

TEST("an eventfd that is replaced, taken away or closed hears nothing more")
{
	const struct irqs control = {MSIX, GPU_VECTOR_CONTROL, 1};
	int old, none = -1;

	gpu_create(&gpu, TYPE_GPU_1);
	some_command();
	old = gpu.events[GPU_VECTOR_CONTROL];
	gpu.control.event =
		(int)CHECK_OK(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	CHECK_OK(irq_set(device(), &control, IRQ_EVENTFD, &gpu.control.event,
			 sizeof(int)));
	some_command();
	CHECK_EQ(irq_count(old), 0);

	old = gpu.control.event;
	CHECK_OK(irq_set(device(), &control, IRQ_EVENTFD, &none, sizeof(none)));
	gpu.control.event = -1;
	some_command();
	some_cursor();
	CHECK_EQ(irq_count(old), 0);
	/* The device keeps its own reference of what it signals */
	CHECK_OK(irq_set(device(), &control, IRQ_EVENTFD, &old, sizeof(old)));
	close(old);
	some_command();
	irq_disconnect(device(), MSIX);
	some_command();
}

TEST("irqs that are not there, and fds that are no eventfd, are refused")
{
	static const struct irqs bad[] = {
		{MSIX, GPU_VECTORS, 1},
		{MSIX, 0, GPU_VECTORS + 1},
		{MSIX, 2, 2},
		{MSIX, UINT32_MAX, 1},
		{MSIX, 1, UINT32_MAX},
		{INTX, 1, 1},
		{INTX, 0, 2},
		{VFIO_PCI_MSI_IRQ_INDEX, 0, 1},
		{VFIO_PCI_ERR_IRQ_INDEX, 0, 1},
		{VFIO_PCI_NUM_IRQS, 0, 1},
		{UINT32_MAX, 0, 1},
	};
	const struct irqs one = {MSIX, 0, 1};
	int fds[GPU_VECTORS + 1], not_event;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	for (i = 0; i < GPU_VECTORS + 1; i++)
		fds[i] = gpu.events[0];
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_EQ(irq_set(device(), &bad[i], IRQ_EVENTFD, fds,
				 sizeof(fds)),
			 -1);
	not_event = device()->fd;
	CHECK_EQ(irq_set(device(), &one, IRQ_EVENTFD, &not_event,
			 sizeof(not_event)),
		 -1);
	/* What was there before is still there */
	some_command();
	some_cursor();
}

/* INTx instead of MSI-X, the device running with these features */
static void start_intx(uint64_t features)
{
	struct virtio *virtio = &gpu.virtio;
	uint8_t cap;

	gpu_create(&gpu, TYPE_GPU_1);
	cap = virtio_pci_cap(device(), PCI_CAP_ID_MSIX);
	virtio_reset(virtio);
	region_set(device(), CONFIG, cap + PCI_MSIX_FLAGS, 2, 0);
	irq_disconnect(device(), MSIX);
	irq_connect(device(), INTX, &intx, 1);
	CHECK(virtio_negotiate(virtio, features));
	virtqueue_create(&gpu.control, virtio, GPU_CONTROL, GPU_CONTROL_SIZE);
	virtqueue_create(&gpu.cursor, virtio, GPU_CURSOR, GPU_CURSOR_SIZE);
	virtqueue_enable(&gpu.control, VIRTIO_MSI_NO_VECTOR);
	virtqueue_enable(&gpu.cursor, VIRTIO_MSI_NO_VECTOR);
	virtio_start(virtio);
	CHECK_EQ(irq_count(intx), 0);
}

static bool line_is_up(void)
{
	return region_get(device(), CONFIG, PCI_STATUS, 2) &
	       PCI_STATUS_INTERRUPT;
}

TEST("INTx is raised for a used buffer, and the ISR says which and is cleared")
{
	unsigned int i;

	start_intx(GPU_FEATURES);
	for (i = 0; i < 3; i++) {
		some_command();
		CHECK_EQ(irq_wait(intx), 1);
		CHECK(line_is_up());
		CHECK_EQ(virtio_get(&gpu.virtio, ISR), ISR_QUEUE);
		CHECK(!line_is_up());
		CHECK_EQ(virtio_get(&gpu.virtio, ISR), 0);
		irq_do(device(), INTX, 0, IRQ_UNMASK);
		CHECK_EQ(irq_count(intx), 0);
	}
}

TEST("INTx masks itself: it comes again once unmasked, and only if it is still "
     "up")
{
	start_intx(GPU_FEATURES);
	some_command();
	CHECK_EQ(irq_wait(intx), 1);
	some_command();
	some_cursor();
	some_command();
	CHECK_EQ(irq_count(intx), 0);
	irq_do(device(), INTX, 0, IRQ_UNMASK);
	CHECK_EQ(irq_wait(intx), 1);
	/* Nobody has read the ISR, so it goes on */
	irq_do(device(), INTX, 0, IRQ_UNMASK);
	CHECK_EQ(irq_wait(intx), 1);
	CHECK_EQ(virtio_get(&gpu.virtio, ISR), ISR_QUEUE);
	irq_do(device(), INTX, 0, IRQ_UNMASK);
	CHECK_EQ(irq_count(intx), 0);
}

TEST("INTx that a VMM masks waits until it is unmasked")
{
	start_intx(GPU_FEATURES);
	irq_do(device(), INTX, 0, IRQ_MASK);
	some_command();
	some_command();
	CHECK_EQ(irq_count(intx), 0);
	irq_do(device(), INTX, 0, IRQ_UNMASK);
	CHECK_EQ(irq_wait(intx), 1);
}

TEST("INTx is unmasked by an eventfd as by an ioctl")
{
	const uint32_t flags =
		VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK;
	const struct irqs irqs = {INTX, 0, 1};
	int unmask;

	start_intx(GPU_FEATURES);
	unmask = (int)CHECK_OK(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	if (irq_set(device(), &irqs, flags, &unmask, sizeof(unmask)))
		test_skip("this device has no eventfd to unmask INTx by");
	some_command();
	CHECK_EQ(irq_wait(intx), 1);
	CHECK_OK(eventfd_write(unmask, 1));
	CHECK_EQ(irq_wait(intx), 1);
}

TEST("a guest that disables INTx in the command register hears nothing")
{
	start_intx(GPU_FEATURES);
	region_set(device(), CONFIG, PCI_COMMAND, 2,
		   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			   PCI_COMMAND_INTX_DISABLE);
	some_command();
	some_command();
	CHECK_EQ(irq_count(intx), 0);
	CHECK(line_is_up());
	region_set(device(), CONFIG, PCI_COMMAND, 2,
		   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	CHECK_EQ(irq_wait(intx), 1);
}

TEST("a virtio reset takes INTx back, and the ISR is 0 after it")
{
	start_intx(GPU_FEATURES);
	some_command();
	CHECK_EQ(irq_wait(intx), 1);
	virtio_reset(&gpu.virtio);
	CHECK(!line_is_up());
	CHECK_EQ(virtio_get(&gpu.virtio, ISR), 0);
	irq_do(device(), INTX, 0, IRQ_UNMASK);
	CHECK_EQ(irq_count(intx), 0);
}

TEST("with MSI-X on, INTx stays down")
{
	gpu_create(&gpu, TYPE_GPU_1);
	some_command();
	some_cursor();
	CHECK(!line_is_up());
}

TEST("by INTx a configuration change is bits 0 and 1 of the ISR, as on QEMU")
{
	int manager;

	start_intx(GPU_FEATURES);
	manager = manager_open(device());
	CHECK_OK(gpu_request_mode(manager, 0, 800, 600, 0));
	CHECK_EQ(irq_wait(intx), 1);
	CHECK(line_is_up());
	/* Windows's driver takes 1 and 3, and ignores 2 */
	CHECK_EQ(virtio_get(&gpu.virtio, ISR), ISR_QUEUE | ISR_CONFIG);
	CHECK(!line_is_up());
	CHECK_EQ(virtio_get(&gpu.virtio, ISR), 0);
}

/* Have each vector pend, masked by the VMM */
static void let_pend(void)
{
	uint32_t vector;

	for (vector = 0; vector < GPU_VECTORS; vector++)
		irq_do(device(), MSIX, vector, IRQ_MASK);
	gpu.control.event = -1;
	gpu.cursor.event = -1;
	CHECK_OK(gpu_request_mode(manager_open(device()), 0, 800, 600, 0));
	some_command();
	some_cursor();
	/* The cursor's interrupt comes a moment after its used buffer */
	while (region_get(device(), MSIX_BAR, PBA, 4) !=
	       (1u << GPU_VECTORS) - 1)
		;
}

static void check_none_pends(void)
{
	uint32_t vector;

	CHECK_EQ(region_get(device(), MSIX_BAR, PBA, 8), 0);
	for (vector = 0; vector < GPU_VECTORS; vector++) {
		irq_do(device(), MSIX, vector, IRQ_UNMASK);
		CHECK_EQ(irq_count(gpu.events[vector]), 0);
	}
}

TEST("vectors that pend do so no more after a virtio reset, nor after VFIO's")
{
	gpu_create(&gpu, TYPE_GPU_1);
	let_pend();
	virtio_reset(&gpu.virtio);
	check_none_pends();
	gpu_start(&gpu, GPU_FEATURES);
	let_pend();
	CHECK_OK(ioctl(device()->fd, VFIO_DEVICE_RESET));
	check_none_pends();
}
