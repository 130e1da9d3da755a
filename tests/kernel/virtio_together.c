// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What several do at the same time with a virtio-gpu, each of which is sound by
 * itself: a VMM's threads with its interrupts, and viewers with memory that the
 * guest gives and takes. Where one uses what the other has freed the debug
 * kernel says so.
 */
#include "beside.h"
#include "gpu_view.h"
#include "irq.h"
#include "test.h"

#include <sys/eventfd.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define WIDTH 320
#define HEIGHT 200
#define SIZE (63 * PAGE) /* of the picture, in whole pages */
#define ROUNDS 1000

static struct gpu gpu;

/* A guest's picture, whole or gone */
static void look(void *arg)
{
	const int *manager = arg;
	union plane_query query;

	while (!beside_stopped()) {
		CHECK_OK(plane_query(*manager, PRIMARY_ID(0), &query));
		CHECK_EQ(query.base.plane_info.size,
			 query.base.plane_info.start ? SIZE : 0);
	}
}

TEST_WITHIN(120, "viewers look while a resource's memory comes and goes")
{
	const struct virtio_gpu_rect whole = {0, 0, WIDTH, HEIGHT};
	struct gpu_resource resource;
	struct virtio_gpu_mem_entry entry;
	unsigned int i;
	int manager;

	gpu_create(&gpu, TYPE_GPU_1);
	manager = manager_open(&gpu.virtio.device);
	gpu_resource_create(&gpu, &resource, XRGB, WIDTH, HEIGHT);
	entry = (struct virtio_gpu_mem_entry){resource.at, SIZE, 0};
	CHECK_EQ(gpu_set_scanout(&gpu, 0, resource.id, &whole), GPU_OK);
	for (i = 0; i < 2; i++)
		beside_start(look, &manager);
	for (i = 0; i < test_rounds(ROUNDS); i++) {
		CHECK_EQ(gpu_detach(&gpu, resource.id), GPU_OK);
		CHECK_EQ(gpu_attach(&gpu, resource.id, &entry, 1, 1), GPU_OK);
	}
	beside_stop();
}

#define UNMASK_BY_EVENTFD                                                      \
	(VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK)

/* Have INTx unmasked by an eventfd, or by none any more; refused or not */
static void set_unmask(int event)
{
	const struct irqs intx = {VFIO_PCI_INTX_IRQ_INDEX, 0, 1};

	irq_set(&gpu.virtio.device, &intx, UNMASK_BY_EVENTFD, &event,
		sizeof(event));
}

static void connect_often(void *arg)
{
	while (!beside_stopped())
		set_unmask(*(const int *)arg);
}

static void disconnect_often(void *arg)
{
	(void)arg;
	while (!beside_stopped())
		set_unmask(-1);
}

TEST_WITHIN(120, "a VMM's threads set and take the same eventfd of INTx")
{
	int event = (int)CHECK_OK(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	unsigned int i;
	int intx;

	gpu_create(&gpu, TYPE_GPU_1);
	irq_disconnect(&gpu.virtio.device, VFIO_PCI_MSIX_IRQ_INDEX);
	irq_connect(&gpu.virtio.device, VFIO_PCI_INTX_IRQ_INDEX, &intx, 1);
	beside_start(connect_often, &event);
	beside_start(connect_often, &event);
	beside_start(disconnect_often, NULL);
	for (i = 0; i < ROUNDS; i++)
		CHECK_OK(eventfd_write(event, 1));
	beside_stop();
	/* One that is set last is the one that unmasks */
	set_unmask(event);
	irq_do(&gpu.virtio.device, VFIO_PCI_INTX_IRQ_INDEX, 0, IRQ_TRIGGER);
	CHECK_EQ(irq_wait(intx), 1);
}
