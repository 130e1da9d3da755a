// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The virtio-gpu's rings, rightly used: chains in any number of pieces,
 * indirect tables, every size, indexes that wrap, many commands at once, and
 * the notifications that each side may spare the other.
 */
#include "test.h"
#include "virtio_gpu.h"

#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define EVENT_IDX VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX)

static struct gpu gpu;

static void some_command(void)
{
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

/* A command that creates or unrefs resource 1, in turn, at request_at */
static uint32_t write_command(unsigned int round)
{
	struct virtio_gpu_resource_create_2d *create =
		ram_at(&gpu.virtio.ram, gpu.request_at);

	memset(create, 0, sizeof(*create));
	create->hdr.type = round % 2 ? VIRTIO_GPU_CMD_RESOURCE_UNREF
				     : VIRTIO_GPU_CMD_RESOURCE_CREATE_2D;
	create->resource_id = 1;
	if (round % 2)
		return sizeof(struct virtio_gpu_resource_unref);
	create->format = FORMAT;
	create->width = create->height = 64;
	return sizeof(*create);
}

/* Request and response cut into pieces of so many bytes, laid end to end */
static unsigned int cut(struct piece *pieces, uint64_t at, uint32_t size,
			uint32_t by, uint16_t flags)
{
	unsigned int count = 0;
	uint32_t done, length;

	for (done = 0; done < size; done += length) {
		length = size - done < by ? size - done : by;
		pieces[count++] = (struct piece){at + done, length, flags};
	}
	return count;
}

static uint32_t send_pieces(const struct piece *pieces, unsigned int count,
			    uint64_t table_at)
{
	struct virtio_gpu_ctrl_hdr *response =
		ram_at(&gpu.virtio.ram, gpu.response_at);
	struct vring_used_elem used;
	uint16_t head;

	memset(response, 0, sizeof(*response));
	head = table_at ? virtqueue_indirect(&gpu.control, table_at, pieces,
					     count)
			: virtqueue_chain(&gpu.control, pieces, count);
	virtqueue_offer(&gpu.control, head);
	virtqueue_notify(&gpu.control);
	used = virtqueue_take(&gpu.control);
	CHECK_EQ(used.id, head);
	CHECK_EQ(used.len, sizeof(*response));
	return response->type;
}

/* All ways to cut one command and its answer */
static void send_cut(uint64_t table_at)
{
	struct piece pieces[64 + 24];
	unsigned int count, out, in, round = 0;
	uint32_t size;

	for (out = 1; out <= 41; out += 5) {
		for (in = 1; in <= 25; in += 4) {
			size = write_command(round++);
			count = cut(pieces, gpu.request_at, size, out, 0);
			count += cut(pieces + count, gpu.response_at, 24, in,
				     VRING_DESC_F_WRITE);
			CHECK_LE(count, 64);
			CHECK_EQ(send_pieces(pieces, count, table_at), GPU_OK);
		}
	}
}

TEST("a command and its answer may be cut into pieces of any size")
{
	gpu_create(&gpu, TYPE_GPU_1);
	send_cut(0);
}

TEST("a command may be an indirect table of any number of pieces")
{
	gpu_create(&gpu, TYPE_GPU_1);
	send_cut(ram_take(&gpu.virtio.ram, PAGE));
}

TEST("an indirect table may hold more pieces than the queue has descriptors")
{
	static struct piece pieces[1024];
	unsigned int count, i;
	uint64_t table_at;
	uint32_t size;

	gpu_create(&gpu, TYPE_GPU_1);
	CHECK(virtio_negotiate(&gpu.virtio, GPU_FEATURES));
	virtqueue_create(&gpu.control, &gpu.virtio, GPU_CONTROL, 16);
	gpu.control.event = gpu.events[GPU_VECTOR_CONTROL];
	virtqueue_enable(&gpu.control, GPU_VECTOR_CONTROL);
	virtio_start(&gpu.virtio);
	table_at = ram_take(&gpu.virtio.ram, sizeof(struct vring_desc) * 1024);
	for (i = 0; i < 2; i++) {
		size = write_command(i);
		count = cut(pieces, gpu.request_at, size, 1, 0);
		count += cut(pieces + count, gpu.response_at, 24, 1,
			     VRING_DESC_F_WRITE);
		CHECK_GT(count, 16);
		CHECK_EQ(send_pieces(pieces, count, table_at), GPU_OK);
	}
}

TEST("a queue of every size works, its indexes going round many times")
{
	uint16_t size;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	for (size = 2; size <= GPU_CONTROL_SIZE; size = (uint16_t)(size * 2)) {
		CHECK(virtio_negotiate(&gpu.virtio, GPU_FEATURES));
		virtqueue_create(&gpu.control, &gpu.virtio, GPU_CONTROL, size);
		gpu.control.event = gpu.events[GPU_VECTOR_CONTROL];
		virtqueue_enable(&gpu.control, GPU_VECTOR_CONTROL);
		virtio_start(&gpu.virtio);
		for (i = 0; i < size * 3u + 5; i++)
			some_command();
	}
}

/* Commands of two descriptors each; they and their answers 64 bytes apart */
#define BATCH (GPU_CONTROL_SIZE / 4u)

static void make_batch(uint64_t requests_at, uint64_t responses_at)
{
	struct virtio_gpu_ctrl_hdr *hdr;
	struct piece pieces[2];
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		pieces[0] =
			(struct piece){requests_at + 64 * i, sizeof(*hdr), 0};
		pieces[1] = (struct piece){responses_at + 64 * i, sizeof(*hdr),
					   VRING_DESC_F_WRITE};
		hdr = ram_at(&gpu.virtio.ram, requests_at + 64 * i);
		memset(hdr, 0, sizeof(*hdr));
		/* Refused, which is the shortest of answers */
		hdr->type = VIRTIO_GPU_UNDEFINED;
		hdr->flags = VIRTIO_GPU_FLAG_FENCE;
		CHECK_EQ(virtqueue_chain(&gpu.control, pieces, 2), 2 * i);
	}
}

static void send_batch(uint64_t requests_at, uint64_t responses_at)
{
	struct virtio_gpu_ctrl_hdr *hdr;
	struct vring_used_elem used;
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		hdr = ram_at(&gpu.virtio.ram, requests_at + 64 * i);
		hdr->fence_id = ++gpu.fence;
		virtqueue_offer(&gpu.control, (uint16_t)(2 * i));
	}
	virtqueue_notify(&gpu.control);
	for (i = 0; i < BATCH; i++) {
		used = virtqueue_take(&gpu.control);
		CHECK_EQ(used.id, 2 * i);
		hdr = ram_at(&gpu.virtio.ram, responses_at + 64 * i);
		CHECK_EQ(hdr->fence_id, gpu.fence - BATCH + i + 1);
	}
}

TEST("many commands at once are answered in order, each fence with its own")
{
	uint64_t requests_at, responses_at;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	requests_at = ram_take(&gpu.virtio.ram, BATCH * 64);
	responses_at = ram_take(&gpu.virtio.ram, BATCH * 64);
	make_batch(requests_at, responses_at);
	for (i = 0; i < 20; i++)
		send_batch(requests_at, responses_at);
}

TEST_WITHIN(120, "the indexes wrap after 65,536 commands, and all goes on")
{
	uint64_t requests_at, responses_at;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	requests_at = ram_take(&gpu.virtio.ram, BATCH * 64);
	responses_at = ram_take(&gpu.virtio.ram, BATCH * 64);
	make_batch(requests_at, responses_at);
	for (i = 0; i < 65536 / BATCH + 5; i++)
		send_batch(requests_at, responses_at);
	CHECK_EQ(gpu.control.seen, 5 * BATCH);
}

TEST("the answer that has no room is cut, and nothing is written beyond")
{
	unsigned char *response;
	struct piece pieces[2];
	struct vring_used_elem used;
	uint32_t room;

	gpu_create(&gpu, TYPE_GPU_1);
	response = ram_at(&gpu.virtio.ram, gpu.response_at);
	for (room = 24; room < 408; room += 24) {
		memset(response, 0xa5, 512);
		memset(ram_at(&gpu.virtio.ram, gpu.request_at), 0, 24);
		*(uint32_t *)ram_at(&gpu.virtio.ram, gpu.request_at) =
			VIRTIO_GPU_CMD_GET_DISPLAY_INFO;
		pieces[0] = (struct piece){gpu.request_at, 24, 0};
		pieces[1] = (struct piece){gpu.response_at, room,
					   VRING_DESC_F_WRITE};
		virtqueue_offer(&gpu.control,
				virtqueue_chain(&gpu.control, pieces, 2));
		virtqueue_notify(&gpu.control);
		used = virtqueue_take(&gpu.control);
		CHECK_LE(used.len, room);
		CHECK_ALL(response + room, 0xa5, 512 - room);
	}
	some_command();
}

TEST("a guest that asks for no interrupt gets none, and then the next one")
{
	struct vring_avail *avail;

	gpu_create(&gpu, TYPE_GPU_1);
	gpu_start(&gpu, GPU_FEATURES & ~EVENT_IDX);
	avail = gpu.control.ring.avail;
	some_command();
	avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	gpu.control.event = -1;
	some_command();
	some_command();
	avail->flags = 0;
	gpu.control.event = gpu.events[GPU_VECTOR_CONTROL];
	some_command();
	CHECK_EQ(irq_count(gpu.control.event), 0);
}

TEST("with event indexes the interrupt comes with the buffer that was named")
{
	const struct vring *ring = &gpu.control.ring;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	for (i = 0; i < 10; i++) {
		/* The flag means nothing now */
		ring->avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
		some_command();
		/* Tell of the third after this one only */
		gpu.control.event = -1;
		vring_used_event(ring) = (uint16_t)(gpu.control.seen + 2);
		some_command();
		vring_used_event(ring) = (uint16_t)(gpu.control.seen + 1);
		some_command();
		CHECK_EQ(irq_count(gpu.events[GPU_VECTOR_CONTROL]), 0);
		vring_used_event(ring) = gpu.control.seen;
		gpu.control.event = gpu.events[GPU_VECTOR_CONTROL];
		some_command();
		CHECK_EQ(irq_count(gpu.control.event), 0);
	}
}

/* What the device asks to be told of, by either way to ask */
static bool wants_notify(const struct virtqueue *queue, uint16_t before)
{
	const struct vring *ring = &queue->ring;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (queue->virtio->features & EVENT_IDX)
		return vring_need_event(vring_avail_event(ring), queue->made,
					before);
	return !(ring->used->flags & VRING_USED_F_NO_NOTIFY);
}

/* Commands in flights of several sizes, the device told only where it asks */
static void send_sparing(void)
{
	struct piece pieces[2] = {
		{gpu.request_at, 24, 0},
		{gpu.response_at, 24, VRING_DESC_F_WRITE},
	};
	unsigned int round, i, flight;
	uint16_t before;

	memset(ram_at(&gpu.virtio.ram, gpu.request_at), 0, 24);
	for (round = 0; round < 1000; round++) {
		flight = 1 + round % 7;
		for (i = 0; i < flight; i++) {
			before = gpu.control.made;
			virtqueue_offer(
				&gpu.control,
				virtqueue_chain(&gpu.control, pieces, 2));
			if (wants_notify(&gpu.control, before))
				virtqueue_notify(&gpu.control);
		}
		for (i = 0; i < flight; i++)
			CHECK_EQ(virtqueue_take(&gpu.control).len, 24);
	}
}

TEST("a driver that notifies only when it is asked to is never left waiting")
{
	gpu_create(&gpu, TYPE_GPU_1);
	send_sparing();
	gpu_start(&gpu, GPU_FEATURES & ~EVENT_IDX);
	send_sparing();
}

TEST("a notification of nothing does nothing, on a queue that is off, too")
{
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	for (i = 0; i < 10; i++) {
		virtqueue_notify(&gpu.control);
		virtqueue_notify(&gpu.cursor);
	}
	some_command();
	CHECK_EQ(gpu.control.ring.used->idx, 1);
	CHECK_EQ(gpu.cursor.ring.used->idx, 0);
	virtio_reset(&gpu.virtio);
	virtqueue_notify(&gpu.control);
	virtqueue_notify(&gpu.cursor);
	gpu_start(&gpu, GPU_FEATURES);
	some_command();
}

/* Two pieces offered to a queue that is on, of a device that is not started */
static void offer_early(void)
{
	struct piece pieces[2];

	gpu_create(&gpu, TYPE_GPU_1);
	pieces[0] = (struct piece){gpu.request_at, 24, 0};
	pieces[1] = (struct piece){gpu.response_at, 24, VRING_DESC_F_WRITE};
	memset(ram_at(&gpu.virtio.ram, gpu.request_at), 0, 24);
	CHECK(virtio_negotiate(&gpu.virtio, GPU_FEATURES));
	virtqueue_create(&gpu.control, &gpu.virtio, GPU_CONTROL, 16);
	gpu.control.event = gpu.events[GPU_VECTOR_CONTROL];
	virtqueue_enable(&gpu.control, GPU_VECTOR_CONTROL);
	virtqueue_offer(&gpu.control, virtqueue_chain(&gpu.control, pieces, 2));
}

TEST("what is offered before the device is started is done when it is notified")
{
	offer_early();
	/* It must not touch the ring before DRIVER_OK */
	virtqueue_notify(&gpu.control);
	CHECK_EQ(gpu.control.ring.used->idx, 0);
	virtio_start(&gpu.virtio);
	virtqueue_notify(&gpu.control);
	CHECK_EQ(virtqueue_take(&gpu.control).len, 24);
}

static bool is_answered(void *arg)
{
	(void)arg;
	return gpu.control.ring.used->idx;
}

TEST("a device that is no bus master leaves its rings alone until it is one")
{
	const struct device *device = &gpu.virtio.device;

	offer_early();
	region_set(device, CONFIG, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	virtio_start(&gpu.virtio);
	virtqueue_notify(&gpu.control);
	CHECK(!test_wait(is_answered, NULL, 1));
	region_set(device, CONFIG, PCI_COMMAND, 2,
		   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	CHECK_EQ(virtqueue_take(&gpu.control).len, 24);
}

/* Transfers that take long, since they are copied: half of what the queue holds */
static void offer_transfers(void)
{
	struct ram *ram = &gpu.virtio.ram;
	const uint32_t width = 1024, height = 512, size = width * height * 4;
	const struct virtio_gpu_mem_entry odd = {ram_take(ram, size + PAGE) + 16,
						 size, 0};
	const struct virtio_gpu_transfer_to_host_2d transfer = {
		.hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
		.r = {0, 0, width, height},
		.resource_id = 1,
	};
	const struct piece pieces[] = {
		{gpu.request_at, sizeof(transfer), 0},
		{gpu.response_at, 24, VRING_DESC_F_WRITE},
	};
	unsigned int i;

	CHECK_EQ(gpu_create_2d(&gpu, 1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, width,
			       height),
		 GPU_OK);
	CHECK_EQ(gpu_attach(&gpu, 1, &odd, 1, 1), GPU_OK);
	memcpy(ram_at(ram, gpu.request_at), &transfer, sizeof(transfer));
	for (i = 0; i < GPU_CONTROL_SIZE / 2; i++)
		virtqueue_offer(&gpu.control,
				virtqueue_chain(&gpu.control, pieces, 2));
}

static uint16_t answers(void)
{
	return __atomic_load_n(&gpu.control.ring.used->idx, __ATOMIC_ACQUIRE);
}

static bool has_more_answers(void *arg)
{
	return answers() != *(uint16_t *)arg;
}

TEST("a device that is no bus master any more has written its last answer")
{
	const struct device *device = &gpu.virtio.device;
	uint16_t before, after, all;

	gpu_create(&gpu, TYPE_GPU_1);
	offer_transfers();
	before = answers();
	all = (uint16_t)(before + GPU_CONTROL_SIZE / 2);
	virtqueue_notify(&gpu.control);
	CHECK(test_wait(has_more_answers, &before, 10));
	region_set(device, CONFIG, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	after = answers();
	/* Else it was through before */
	CHECK_GT(all, after);
	CHECK(!test_wait(has_more_answers, &after, 1));
	region_set(device, CONFIG, PCI_COMMAND, 2,
		   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	while (after != all) {
		CHECK(test_wait(has_more_answers, &after, 10));
		after = answers();
	}
}
