// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a virtio-gpu has pinned, against a VMM that takes memory away at the
 * worst of moments: while a pin grows, and while several devices of one
 * container pin all the time. VFIO asks a device for its pins ten times and
 * then brings the host down, so these pass if the machine is still there. And
 * what was taken away is given back, whoever still has a view of it.
 */
#include "beside.h"
#include "cgroup.h"
#include "gpu_view.h"
#include "test.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define VIDEO_START (RAM_START + (UINT64_C(1) << 33))
#define DEVICES 4

static struct gpu gpus[DEVICES];
static struct ram video; /* what is taken away: the rings are elsewhere */

static void create_video(size_t size)
{
	ram_create(&video, &gpus[0].virtio.device, VIDEO_START, size);
}

static void unmap_video(void)
{
	CHECK_EQ(ram_unmap(&gpus[0].virtio.device, VIDEO_START, video.size),
		 video.size);
}

static void map_video(void)
{
	ram_map(&video, &gpus[0].virtio.device);
}

static uint32_t attach(struct gpu *gpu, uint64_t offset, size_t size)
{
	const struct virtio_gpu_mem_entry entry = {VIDEO_START + offset,
						   (uint32_t)size, 0};

	return gpu_attach(gpu, 1, &entry, 1, 1);
}

static bool is_locked(void *arg)
{
	return ram_pinned() == *(long *)arg;
}

static void check_locked(long kib)
{
	if (!test_wait(is_locked, &kib, 5))
		CHECK_EQ(ram_pinned(), kib);
}

#define HUGE_SIZE (128 * MIB)

static bool grows(void *arg)
{
	(void)arg;
	return ram_pinned() > GPU_RINGS_KIB + 256;
}

static void *attach_huge(void *arg)
{
	*(uint32_t *)arg = attach(&gpus[0], 0, HUGE_SIZE);
	return NULL;
}

/* Unmap what is being pinned; was it in the middle of that? */
static bool unmap_growing(void)
{
	pthread_t attacher;
	uint32_t answer;
	long kib;

	CHECK_EQ(pthread_create(&attacher, NULL, attach_huge, &answer), 0);
	CHECK(test_wait(grows, NULL, 20));
	kib = ram_pinned();
	unmap_video();
	CHECK_EQ(pthread_join(attacher, NULL), 0);
	check_locked(GPU_RINGS_KIB);
	map_video();
	/* It may have been done just then */
	if (answer == GPU_OK) {
		CHECK_EQ(gpu_detach(&gpus[0], 1), GPU_OK);
		return false;
	}
	return kib < (long)(HUGE_SIZE / 1024);
}

TEST_WITHIN(120, "an unmap ends a huge pin that is just growing")
{
	unsigned int rounds, hits = 0;

	gpu_create(&gpus[0], TYPE_GPU_1);
	create_video(HUGE_SIZE);
	CHECK_EQ(gpu_create_2d(&gpus[0], 1, XRGB, 8192, 4096), GPU_OK);
	for (rounds = 0; hits < 3; rounds++) {
		CHECK_LT(rounds, 20);
		hits += unmap_growing();
	}
	CHECK_EQ(attach(&gpus[0], 0, HUGE_SIZE), GPU_OK);
	check_locked(GPU_RINGS_KIB + (long)(HUGE_SIZE / 1024));
}

static unsigned int attached; /* by all of them: by __atomic */

static bool has_attached(void *arg)
{
	return __atomic_load_n(&attached, __ATOMIC_SEQ_CST) !=
	       *(const unsigned int *)arg;
}

/* Pin, and give back, as often as the device lets it */
static void attach_often(void *arg)
{
	struct gpu *gpu = arg;
	const uint64_t offset = (uint64_t)(gpu - gpus) * MIB;

	while (!beside_stopped()) {
		if (attach(gpu, offset, 4 * MIB) != GPU_OK)
			continue;
		__atomic_add_fetch(&attached, 1, __ATOMIC_SEQ_CST);
		CHECK_EQ(gpu_detach(gpu, 1), GPU_OK);
	}
}

TEST_WITHIN(120, "unmaps end while all devices of a container pin that memory")
{
	unsigned int i, before;

	gpu_create(&gpus[0], TYPE_GPU_1);
	for (i = 1; i < DEVICES; i++)
		gpu_create_beside(&gpus[i], TYPE_GPU_1, &gpus[i - 1]);
	create_video(DEVICES * 4 * MIB);
	for (i = 0; i < DEVICES; i++) {
		CHECK_EQ(gpu_create_2d(&gpus[i], 1, XRGB, 1024, 1024), GPU_OK);
		beside_start(attach_often, &gpus[i]);
	}
	for (i = 0; i < 30; i++) {
		before = __atomic_load_n(&attached, __ATOMIC_SEQ_CST);
		CHECK(test_wait(has_attached, &before, 20));
		unmap_video();
		map_video();
	}
	beside_stop();
	check_locked(DEVICES * GPU_RINGS_KIB);
}

#define SHOWN_SIZE (16 * MIB)

static bool is_charged_less(void *arg)
{
	return cgroup_memory() <= *(long *)arg;
}

TEST("memory that is taken away goes, whatever views of it somebody keeps")
{
	struct gpu_resource resource = {
		.id = 1,
		.at = VIDEO_START,
		.width = 2048,
		.height = 2048,
		.stride = 8192,
		.size = SHOWN_SIZE,
	};
	struct view read_only, writable;
	long most;
	int manager;

	cgroup_join();
	gpu_create(&gpus[0], TYPE_GPU_1);
	manager = manager_open(&gpus[0].virtio.device);
	create_video(SHOWN_SIZE);
	resource.pixels = video.bytes;
	CHECK_EQ(gpu_create_2d(&gpus[0], 1, XRGB, 2048, 2048), GPU_OK);
	CHECK_EQ(attach(&gpus[0], 0, SHOWN_SIZE), GPU_OK);
	gpu_paint(&resource, 1);
	gpu_show(&gpus[0], 0, &resource);
	view_open(&read_only, manager, PRIMARY_ID(0), 0);
	view_open(&writable, manager, PRIMARY_ID(0),
		  VFIO_DMABUF_MGR_CREATE_WRITABLE);
	view_compare(&read_only, resource.pixels, resource.stride);
	view_compare(&writable, resource.pixels, resource.stride);
	most = cgroup_memory() - (long)(SHOWN_SIZE - MIB);
	unmap_video();
	CHECK_OK(munmap(video.bytes, video.size));
	CHECK(test_wait(is_charged_less, &most, 5));
}

TEST("one unmap of several mappings gives each of them back")
{
	const size_t size = 4 * MIB;
	unsigned int i;

	gpu_create(&gpus[0], TYPE_GPU_1);
	create_video(2 * size);
	/* VFIO tells of each mapping by itself */
	unmap_video();
	for (i = 0; i < 2; i++)
		CHECK_OK(ram_map_at(&gpus[0].virtio.device,
				    VIDEO_START + i * size,
				    video.bytes + i * size, size));
	CHECK_EQ(gpu_create_2d(&gpus[0], 1, XRGB, 1024, 1024), GPU_OK);
	CHECK_EQ(gpu_create_2d(&gpus[0], 2, XRGB, 1024, 1024), GPU_OK);
	for (i = 0; i < 2; i++) {
		const struct virtio_gpu_mem_entry entry = {
			VIDEO_START + i * size, (uint32_t)size, 0};

		CHECK_EQ(gpu_attach(&gpus[0], 1 + i, &entry, 1, 1), GPU_OK);
	}
	check_locked(GPU_RINGS_KIB + (long)(2 * size / 1024));
	unmap_video();
	check_locked(GPU_RINGS_KIB);
}
