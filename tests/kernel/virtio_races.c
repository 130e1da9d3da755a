// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest that changes its rings and commands while the virtio-gpu looks at
 * them, and a VMM that resets, closes and unmaps under way. The device touches
 * nothing that it was not given, and works when all is over.
 */
#include "beside.h"
#include "gpu_view.h"
#include "test.h"

#include <linux/pci_regs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define GUARD 0x5a
#define GUARD_SIZE (256 * 1024)
#define PLAY_SIZE (64 * 1024)
#define ROUNDS 400

static struct gpu gpu;
static uint64_t guard_at; /* no ring, no command and no backing names it */
static uint64_t play_at;  /* what they name, apart from what is nowhere */

static void set_up(const char *type)
{
	gpu_create(&gpu, type);
	guard_at = ram_take(&gpu.virtio.ram, GUARD_SIZE);
	memset(ram_at(&gpu.virtio.ram, guard_at), GUARD, GUARD_SIZE);
	play_at = ram_take(&gpu.virtio.ram, PLAY_SIZE);
}

static void check_recovers(void)
{
	gpu_start(&gpu, GPU_FEATURES);
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	CHECK_ALL(ram_at(&gpu.virtio.ram, guard_at), GUARD, GUARD_SIZE);
}

/* An address in the play area, or one at which nothing is */
static uint64_t some_address(uint64_t *seed)
{
	uint64_t random = test_random(seed) >> 8;

	if (random % 8 == 0)
		return random << 20;
	return play_at + random % PLAY_SIZE;
}

static uint32_t some_length(uint64_t *seed)
{
	static const uint32_t lengths[] = {0,  1,   16,	  24,	 32,
					   48, 128, 4096, 65536, UINT32_MAX};

	return lengths[test_random(seed) % 10];
}

static struct vring_desc some_desc(uint64_t *seed)
{
	return (struct vring_desc){
		.addr = some_address(seed),
		.len = some_length(seed),
		.flags = (uint16_t)(test_random(seed) % 8),
		.next = (uint16_t)(test_random(seed) % 300),
	};
}

/* A command that is nearly right, somewhere in the play area */
static void some_command(uint64_t *seed)
{
	static const uint32_t types[] = {
		VIRTIO_GPU_CMD_GET_DISPLAY_INFO,
		VIRTIO_GPU_CMD_GET_EDID,
		VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
		VIRTIO_GPU_CMD_RESOURCE_UNREF,
		VIRTIO_GPU_CMD_SET_SCANOUT,
		VIRTIO_GPU_CMD_RESOURCE_FLUSH,
		VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
		VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
		VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING,
		VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
		VIRTIO_GPU_CMD_SET_SCANOUT_BLOB,
	};
	uint32_t words[32];
	uint64_t at;
	unsigned int i;

	for (i = 0; i < 32; i++)
		words[i] = (uint32_t)(test_random(seed) % 68);
	words[0] = types[test_random(seed) % 11];
	words[1] = VIRTIO_GPU_FLAG_FENCE;
	at = play_at + test_random(seed) % (PLAY_SIZE / 256) * 256;
	memcpy(ram_at(&gpu.virtio.ram, at), words, sizeof(words));
}

/* Write over the rings and the commands as fast as it goes */
static void scribble(void *arg)
{
	struct virtqueue *queue = arg;
	uint64_t seed = 5;

	while (!beside_stopped()) {
		queue->ring.desc[test_random(&seed) % queue->size] =
			some_desc(&seed);
		some_command(&seed);
		queue->ring.avail->ring[test_random(&seed) % queue->size] =
			(uint16_t)(test_random(&seed) % (queue->size + 2u));
		if (test_random(&seed) % 64 == 0)
			queue->ring.avail->idx = (uint16_t)test_random(&seed);
		vring_used_event(&queue->ring) = (uint16_t)test_random(&seed);
	}
}

/* New rings for a guest that is about to spoil them */
static void start_over(void)
{
	size_t taken = gpu.virtio.ram.taken;

	gpu_start(&gpu, GPU_FEATURES);
	gpu.virtio.ram.taken = taken;
}

TEST_WITHIN(120, "rings that change while they are read do no harm")
{
	unsigned int i;

	set_up(TYPE_GPU_2);
	start_over();
	beside_start(scribble, &gpu.control);
	for (i = 0; i < ROUNDS; i++) {
		virtqueue_notify(&gpu.control);
		virtqueue_notify(&gpu.cursor);
		/* Rings at the same place, in whatever state they are */
		if (virtio_status(&gpu.virtio) & VIRTIO_CONFIG_S_NEEDS_RESET) {
			CHECK(virtio_negotiate(&gpu.virtio, GPU_FEATURES));
			virtqueue_enable(&gpu.control, GPU_VECTOR_CONTROL);
			virtqueue_enable(&gpu.cursor, GPU_VECTOR_CURSOR);
			virtio_set(&gpu.virtio, COMMON(device_status),
				   VIRTIO_RUNS);
		}
	}
	beside_stop();
	check_recovers();
}

/* Chains that are right and whose commands change all the time */
static void scribble_commands(void *arg)
{
	uint64_t seed = *(uint64_t *)arg;

	while (!beside_stopped())
		some_command(&seed);
}

static void send_from_play(uint64_t *seed)
{
	const uint64_t request = test_random(seed) % (PLAY_SIZE / 512) * 256;
	const uint64_t response = PLAY_SIZE / 2 + request;
	const struct piece pieces[2] = {
		{play_at + request, 128, 0},
		{play_at + response, 256, VRING_DESC_F_WRITE},
	};

	virtqueue_offer(&gpu.control, virtqueue_chain(&gpu.control, pieces, 2));
	virtqueue_notify(&gpu.control);
	/* Rings that are right stay right: each is answered */
	CHECK_LE(virtqueue_take(&gpu.control).len, 256);
}

TEST_WITHIN(120, "commands that change while they are read are each answered")
{
	uint64_t seeds[2] = {11, 12};
	unsigned int i;

	set_up(TYPE_GPU_2);
	beside_start(scribble_commands, &seeds[0]);
	for (i = 0; i < ROUNDS * 5; i++)
		send_from_play(&seeds[1]);
	beside_stop();
	CHECK_EQ(virtio_status(&gpu.virtio), VIRTIO_RUNS);
	check_recovers();
}

TEST_WITHIN(
	120,
	"5,000 random commands are each answered, and change no other memory")
{
	unsigned int round, i;
	uint64_t seed = 20261122;
	uint32_t words[32];

	set_up(TYPE_GPU_2);
	for (round = 0; round < 5000; round++) {
		for (i = 0; i < 32; i++)
			words[i] = (uint32_t)(test_random(&seed) %
					      (round % 3 ? 5 : UINT32_MAX));
		words[0] = (round % 5 ? 0x100 : 0x200) +
			   (uint32_t)(test_random(&seed) % 16);
		words[1] = VIRTIO_GPU_FLAG_FENCE;
		/* Sizes that are right for some, and too short for others */
		gpu_command(&gpu, words, 24 + test_random(&seed) % 105);
	}
	check_recovers();
}

/* Touch every register that there is, right or wrong */
static void poke(void *arg)
{
	static const uint32_t regions[] = {1, 4, CONFIG};
	static const uint32_t sizes[] = {4096, 16384, 256};
	uint64_t seed = *(uint64_t *)arg, value;
	unsigned int which;

	while (!beside_stopped()) {
		which = test_random(&seed) % 3;
		value = test_random(&seed);
		if (value % 4)
			region_read(&gpu.virtio.device, regions[which],
				    test_random(&seed) % sizes[which], &value,
				    1u << value % 4);
		else
			region_write(&gpu.virtio.device, regions[which],
				     test_random(&seed) % sizes[which], &value,
				     1u << test_random(&seed) % 4);
	}
}

TEST_WITHIN(120, "random registers read and written beside commands do no harm")
{
	uint64_t seeds[2] = {21, 22};
	unsigned int i;

	set_up(TYPE_GPU_2);
	for (i = 0; i < 2; i++)
		beside_start(poke, &seeds[i]);
	for (i = 0; i < ROUNDS; i++) {
		virtio_set(&gpu.virtio, COMMON(device_status), 0);
		virtio_set(&gpu.virtio, COMMON(device_status), VIRTIO_READY);
		virtio_set(&gpu.virtio, COMMON(device_status), VIRTIO_RUNS);
		virtqueue_notify(&gpu.control);
	}
	beside_stop();
	CHECK_OK(ioctl(gpu.virtio.device.fd, VFIO_DEVICE_RESET));
	gpu_reconnect(&gpu);
	check_recovers();
}

/* Reset the device by both ways, again and again */
static void reset_often(void *arg)
{
	unsigned int *rounds = arg;

	for (; *rounds; --*rounds)
		CHECK_OK(ioctl(gpu.virtio.device.fd, VFIO_DEVICE_RESET));
}

TEST_WITHIN(
	120,
	"resets while commands and other resets are under way come to an end")
{
	unsigned int rounds[2] = {ROUNDS, ROUNDS}, i;

	set_up(TYPE_GPU_2);
	for (i = 0; i < 2; i++)
		beside_start(reset_often, &rounds[i]);
	while (__atomic_load_n(&rounds[0], __ATOMIC_SEQ_CST) ||
	       __atomic_load_n(&rounds[1], __ATOMIC_SEQ_CST)) {
		virtio_set(&gpu.virtio, COMMON(device_status), VIRTIO_READY);
		virtqueue_notify(&gpu.control);
		virtio_set(&gpu.virtio, COMMON(device_status), 0);
	}
	beside_stop();
	CHECK_OK(ioctl(gpu.virtio.device.fd, VFIO_DEVICE_RESET));
	gpu_reconnect(&gpu);
	check_recovers();
}

/* Make the device run at once, whatever resets it meanwhile, with a command */
static void start_anyhow(void)
{
	const struct virtio *virtio = &gpu.virtio;
	struct virtqueue *queue = &gpu.control;
	size_t taken = gpu.virtio.ram.taken;

	virtio_set(virtio, COMMON(device_status), 0);
	virtqueue_create(queue, &gpu.virtio, GPU_CONTROL, GPU_CONTROL_SIZE);
	gpu.virtio.ram.taken = taken;
	queue->ring.desc[0] =
		(struct vring_desc){gpu.request_at, 24, VRING_DESC_F_NEXT, 1};
	queue->ring.desc[1] =
		(struct vring_desc){gpu.response_at, 24, VRING_DESC_F_WRITE, 0};
	virtqueue_offer(queue, 0);
	virtio_set(virtio, COMMON(device_status), VIRTIO_FOUND);
	virtio_set(virtio, COMMON(guest_feature_select), 1);
	virtio_set(virtio, COMMON(guest_feature), 1);
	virtio_set(virtio, COMMON(device_status), VIRTIO_READY);
	virtqueue_place(queue);
	virtio_set(virtio, COMMON(queue_enable), 1);
	virtio_set(virtio, COMMON(device_status), VIRTIO_RUNS);
}

static bool is_served_or_reset(void *arg)
{
	(void)arg;
	/* Which a reset takes away, before the start or after it */
	region_set(&gpu.virtio.device, CONFIG, PCI_COMMAND, 2,
		   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	return virtqueue_has_used(&gpu.control) ||
	       virtio_status(&gpu.virtio) != VIRTIO_RUNS;
}

/* Notify and write the status from another of the VMM's threads */
static void disturb(void *arg)
{
	(void)arg;
	while (!beside_stopped()) {
		virtqueue_notify(&gpu.cursor);
		virtio_set(&gpu.virtio, COMMON(device_status), VIRTIO_FOUND);
	}
}

/* Reset it at another moment each time */
static void reset_at_times(void *arg)
{
	unsigned int *rounds = arg, steps;
	uint64_t seed = 31;

	for (; *rounds; --*rounds) {
		for (steps = test_random(&seed) % 300; steps; steps--)
			virtio_status(&gpu.virtio);
		CHECK_OK(ioctl(gpu.virtio.device.fd, VFIO_DEVICE_RESET));
	}
}

TEST_WITHIN(120, "a start beside resets is undone by one, or served")
{
	unsigned int rounds = ROUNDS * 2, served = 0;

	set_up(TYPE_GPU_2);
	memset(ram_at(&gpu.virtio.ram, gpu.request_at), 0, 24);
	beside_start(reset_at_times, &rounds);
	beside_start(disturb, NULL);
	while (__atomic_load_n(&rounds, __ATOMIC_SEQ_CST)) {
		start_anyhow();
		CHECK(test_wait(is_served_or_reset, NULL, 10));
		served += virtqueue_has_used(&gpu.control);
	}
	beside_stop();
	CHECK_GT(served, 0);
	CHECK_OK(ioctl(gpu.virtio.device.fd, VFIO_DEVICE_RESET));
	gpu_reconnect(&gpu);
	check_recovers();
}

/*
 * The used index only ever grows, and not beyond what was made available, each
 * time it is looked at. The guest's index is read after the device's
 */
static void watch_used(void *arg)
{
	const struct vring *ring = arg;
	uint16_t last = 0, used, made;

	while (!beside_stopped()) {
		used = __atomic_load_n(&ring->used->idx, __ATOMIC_SEQ_CST);
		made = __atomic_load_n(&ring->avail->idx, __ATOMIC_SEQ_CST);
		CHECK_LE((uint16_t)(used - last), (uint16_t)(made - last));
		last = used;
	}
}

TEST_WITHIN(240, "an index that changes both its bytes is seen whole")
{
	struct virtqueue *queue = &gpu.control;
	const unsigned int count = test_rounds(65536 * 2);
	unsigned int i;

	set_up(TYPE_GPU_1);
	memset(ram_at(&gpu.virtio.ram, gpu.request_at), 0, 24);
	queue->ring.desc[0] =
		(struct vring_desc){gpu.request_at, 24, VRING_DESC_F_NEXT, 1};
	queue->ring.desc[1] =
		(struct vring_desc){gpu.response_at, 24, VRING_DESC_F_WRITE, 0};
	beside_start(watch_used, &queue->ring);
	for (i = 0; i < count; i++) {
		/* The same chain each time: the device reads it, no more */
		virtqueue_offer(queue, 0);
		if (i % 8 == 0)
			virtqueue_notify(queue);
		while ((uint16_t)(queue->made - queue->seen) > 64)
			CHECK_EQ(virtqueue_take(queue).len, 24);
	}
	virtqueue_notify(queue);
	while (queue->seen != queue->made)
		CHECK_EQ(virtqueue_take(queue).len, 24);
	beside_stop();
	CHECK_EQ(virtio_status(&gpu.virtio), VIRTIO_RUNS);
	check_recovers();
}

/* Look at and export all planes, whatever they show */
static void look(void *arg)
{
	int manager = *(int *)arg;
	struct vfio_dmabuf_mgr_create_dmabuf create;
	union plane_query query;
	uint32_t head;

	while (!beside_stopped()) {
		for (head = 0; head < 2; head++) {
			CHECK_OK(
				plane_query(manager, PRIMARY_ID(head), &query));
			if (!plane_create(manager, PRIMARY_ID(head), 0,
					  &create))
				close(create.fd);
			if (!plane_create(manager, CURSOR_ID(head), 0, &create))
				close(create.fd);
		}
	}
}

TEST_WITHIN(120,
	    "viewers look and export while the guest flips as fast as it can")
{
	struct gpu_resource resources[2], cursors[2];
	struct virtio_gpu_cursor_pos pos = {0};
	unsigned int i;
	int manager;

	set_up(TYPE_GPU_2);
	manager = manager_open(&gpu.virtio.device);
	for (i = 0; i < 2; i++) {
		gpu_resource_create(&gpu, &resources[i], XRGB, 320, 200);
		gpu_resource_create(&gpu, &cursors[i],
				    VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, 64, 64);
	}
	beside_start(look, &manager);
	for (i = 0; i < ROUNDS; i++) {
		gpu_show(&gpu, i % 2, &resources[i / 2 % 2]);
		pos.scanout_id = i % 2;
		pos.x = i;
		gpu_update_cursor(&gpu, cursors[i % 2].id, &pos, 0, 0);
		gpu_move_cursor(&gpu, &pos);
	}
	beside_stop();
}
