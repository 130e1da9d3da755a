// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtio-gpu whose VMM has been killed, while somebody else still has the
 * device open: the guest's memory is gone, and the device has work.
 */
#include "fds.h"
#include "log.h"
#include "test.h"
#include "virtio_gpu.h"

#include <linux/pci_regs.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

/* As kernel/virtio_gpu/queue.c puts it */
#define BROKEN "queue is broken"

static struct gpu gpu;

/* A VMM, which hands out its device's fd, and a guest with a command to send */
static void vmm(void *arg)
{
	const int socket = *(const int *)arg;
	const struct piece piece = {RAM_START, PAGE, 0};
	const struct device *device = &gpu.virtio.device;

	gpu_create(&gpu, TYPE_GPU_1);
	/* The device does not look before it may master the bus again */
	region_set(device, CONFIG, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	virtqueue_offer(&gpu.control, virtqueue_chain(&gpu.control, &piece, 1));
	CHECK_EQ(write(socket, &gpu.virtio, sizeof(gpu.virtio)),
		 sizeof(gpu.virtio));
	fds_send(socket, device->fd, 0);
	for (;;)
		pause();
}

static bool needs_reset(void *arg)
{
	(void)arg;
	return virtio_status(&gpu.virtio) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

/* Kill a VMM, then have its device look for the command */
static void outlive_vmm(void)
{
	struct virtio *virtio = &gpu.virtio;
	int sockets[2];
	uint32_t number;
	pid_t pid;

	CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	pid = test_fork(vmm, &sockets[1]);
	CHECK_EQ(read(sockets[0], virtio, sizeof(*virtio)), sizeof(*virtio));
	virtio->device.fd = fds_receive(sockets[0], &number);
	test_kill(pid);
	region_set(&virtio->device, CONFIG, PCI_COMMAND, 2,
		   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	CHECK(test_wait(needs_reset, NULL, 10));
	close(virtio->device.fd);
	close(sockets[0]);
	close(sockets[1]);
}

TEST("where a killed VMM's memory is gone the log does not blame the guest")
{
	const unsigned int before = log_count(BROKEN);

	outlive_vmm();
	CHECK_EQ(log_count(BROKEN), before);
}

TEST("where a guest's ring is broken the log says so, once")
{
	const unsigned int before = log_count(BROKEN);

	gpu_create(&gpu, TYPE_GPU_1);
	gpu.control.ring.avail->idx =
		(uint16_t)(gpu.control.ring.avail->idx + GPU_CONTROL_SIZE + 1);
	virtqueue_notify(&gpu.control);
	virtio_wait_broken(&gpu.virtio, gpu.events[GPU_VECTOR_CONFIG]);
	virtqueue_notify(&gpu.control);
	CHECK_EQ(log_count(BROKEN), before + 1);
}
