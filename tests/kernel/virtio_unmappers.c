// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VMMs that unmap in every way that VFIO lets them: from several threads at
 * once, while their devices are closed and opened anew, while devices wait for
 * memory that the VMM withholds. Each unmap ends, each device can be removed,
 * and no other VMM notices.
 *
 * What VFIO has pinned for a device is what an unmap has to wait for, so that
 * it is little is checked here, too.
 */
#include "beside.h"
#include "gpu_view.h"
#include "readers.h"
#include "test.h"

#include <linux/pci_regs.h>
#include <pthread.h>
#include <time.h>

#define VIDEO_START (RAM_START + (UINT64_C(1) << 34))
#define VIDEO_SIZE ((size_t)2 * MIB)
#define RANGES 2
#define SECONDS 30

/* As in kernel/virtio_gpu/pin.h */
#define MAX_WATCHES_KIB (256 * 4)

static struct gpu gpu;
static struct ram videos[RANGES];

static void map_videos(void)
{
	unsigned int i;

	for (i = 0; i < RANGES; i++)
		ram_create(&videos[i], &gpu.virtio.device,
			   VIDEO_START + ((uint64_t)i << 30), VIDEO_SIZE);
}

/* A blob of a range, so many times over */
static uint32_t pin(struct gpu *of, uint32_t id, unsigned int range,
		    unsigned int repeats)
{
	static struct virtio_gpu_mem_entry entries[240];
	const struct virtio_gpu_resource_create_blob create = {
		.resource_id = id,
		.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
		.nr_entries = repeats,
		.size = VIDEO_SIZE,
	};
	unsigned int i;

	for (i = 0; i < repeats; i++)
		entries[i] = (struct virtio_gpu_mem_entry){
			videos[range].start, (uint32_t)VIDEO_SIZE, 0};
	return gpu_create_blob(of, &create, entries, repeats);
}

static void sleep_ms(long ms)
{
	const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

	CHECK_OK(nanosleep(&time, NULL));
}

/* -------- Several threads at once -------- */

static pthread_barrier_t barrier;

static void *unmap(void *arg)
{
	struct ram *ram = arg;

	pthread_barrier_wait(&barrier);
	ram->taken = ram_unmap(&gpu.virtio.device, ram->start, ram->size);
	return NULL;
}

/* Both at once, and both have ended in time */
static void unmap_both(void)
{
	pthread_t threads[RANGES];
	struct timespec end;
	unsigned int i;

	CHECK_EQ(pthread_barrier_init(&barrier, NULL, RANGES), 0);
	for (i = 0; i < RANGES; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, unmap, &videos[i]),
			 0);
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &end));
	end.tv_sec += (time_t)(SECONDS * test_slow());
	for (i = 0; i < RANGES; i++) {
		CHECK_EQ(pthread_timedjoin_np(threads[i], NULL, &end), 0);
		CHECK_EQ(videos[i].taken, VIDEO_SIZE);
	}
	CHECK_EQ(pthread_barrier_destroy(&barrier), 0);
}

#define BLOBS 16
#define REPEATS 60

/*
 * VFIO's two locks go back and forth between the two threads; what the device
 * has to do meanwhile must not take more turns than VFIO allows
 */
TEST_WITHIN(200, "two threads that unmap at once what a device has pinned a "
		 "thousand times over both come to an end")
{
	unsigned int round;
	uint32_t id;

	virtio_load_with("pinned_mib=65536");
	gpu_create(&gpu, TYPE_GPU_1);
	map_videos();
	for (round = 0; round < 2; round++) {
		for (id = 1; id <= BLOBS; id++)
			CHECK_EQ(pin(&gpu, id, id % RANGES, REPEATS), GPU_OK);
		unmap_both();
		CHECK_EQ(ram_pinned(), GPU_RINGS_KIB);
		for (id = 1; id <= BLOBS; id++)
			CHECK_EQ(gpu_unref(&gpu, id), GPU_OK);
		for (id = 0; id < RANGES; id++)
			ram_map(&videos[id], &gpu.virtio.device);
	}
	device_remove(&gpu.virtio.device);
}

#define DEVICES 4
#define ROUNDS 20

static struct gpu others[DEVICES - 1];

/* Show and drop, whatever becomes of it */
static void pin_often(void *arg)
{
	struct gpu *of = arg;
	uint32_t id;

	for (id = 1; !beside_stopped(); id++)
		if (pin(of, 1, id % RANGES, 4) == GPU_OK)
			CHECK_EQ(gpu_unref(of, 1), GPU_OK);
}

TEST_WITHIN(200, "unmaps of two threads end while four devices of theirs pin")
{
	unsigned int i, round;

	gpu_create(&gpu, TYPE_GPU_1);
	map_videos();
	for (i = 0; i < DEVICES - 1; i++)
		gpu_create_beside(&others[i], TYPE_GPU_1,
				  i ? &others[i - 1] : &gpu);
	beside_start(pin_often, &gpu);
	for (i = 0; i < DEVICES - 1; i++)
		beside_start(pin_often, &others[i]);
	for (round = 0; round < test_rounds(ROUNDS); round++) {
		unmap_both();
		for (i = 0; i < RANGES; i++)
			ram_map(&videos[i], &gpu.virtio.device);
	}
	beside_stop();
	CHECK_EQ(ram_pinned(), DEVICES * GPU_RINGS_KIB);
}

/* -------- What VFIO has pinned -------- */

#define SCATTERED 2000u

/* Every other page of some memory, so that no two are one piece */
static uint32_t pin_scattered(uint32_t id, const struct ram *ram)
{
	static struct virtio_gpu_mem_entry entries[SCATTERED];
	unsigned int i;

	for (i = 0; i < SCATTERED; i++)
		entries[i] = (struct virtio_gpu_mem_entry){
			ram->start + (uint64_t)i * 2 * PAGE, PAGE, 0};
	CHECK_EQ(gpu_create_2d(&gpu, id, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
			       PAGE / 4, SCATTERED),
		 GPU_OK);
	return gpu_attach(&gpu, id, entries, SCATTERED, SCATTERED);
}

TEST("VFIO has at most 256 pages pinned for a device, and none once it is "
     "reset")
{
	struct ram ram;

	gpu_create(&gpu, TYPE_GPU_1);
	ram_create(&ram, &gpu.virtio.device, VIDEO_START,
		   (size_t)SCATTERED * 2 * PAGE);
	CHECK_EQ(pin_scattered(1, &ram), GPU_OK);
	CHECK_EQ(ram_pinned(), GPU_RINGS_KIB + SCATTERED * 4);
	CHECK_GT(ram_locked(), 0);
	CHECK_LE(ram_locked(), MAX_WATCHES_KIB);
	virtio_reset(&gpu.virtio);
	CHECK_EQ(ram_pinned(), 0);
	CHECK_EQ(ram_locked(), 0);
}

static bool is_locked_at_most(void *arg)
{
	return ram_locked() <= *(long *)arg;
}

TEST("VFIO has nothing pinned that the guest has taken back")
{
	struct ram ram;
	long rings;

	gpu_create(&gpu, TYPE_GPU_1);
	gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
	rings = ram_locked();
	CHECK_GT(rings, 0);
	CHECK_LE(rings, GPU_RINGS_KIB);
	ram_create(&ram, &gpu.virtio.device, VIDEO_START,
		   (size_t)SCATTERED * 2 * PAGE);
	CHECK_EQ(pin_scattered(1, &ram), GPU_OK);
	CHECK_EQ(gpu_unref(&gpu, 1), GPU_OK);
	CHECK(test_wait(is_locked_at_most, &rings, 5));
	CHECK_EQ(ram_pinned(), GPU_RINGS_KIB);
	/* The rings are watched still */
	CHECK_GT(ram_locked(), 0);
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

static bool is_pinned(void *arg)
{
	return ram_pinned() == *(long *)arg;
}

TEST("a mapping of one page among others is given back by its own unmap")
{
	const struct virtio_gpu_rect whole = {0, 0, PAGE / 4, 1};
	const uint32_t pages = 16;
	union plane_query query;
	struct ram rams[16];
	int manager;
	uint32_t i;
	long kib;

	gpu_create(&gpu, TYPE_GPU_1);
	manager = manager_open(&gpu.virtio.device);
	for (i = 0; i < pages; i++) {
		const struct virtio_gpu_mem_entry entry = {
			VIDEO_START + i * PAGE, PAGE, 0};

		ram_create(&rams[i], &gpu.virtio.device, entry.addr, PAGE);
		CHECK_EQ(gpu_create_2d(&gpu, 1 + i,
				       VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
				       PAGE / 4, 1),
			 GPU_OK);
		CHECK_EQ(gpu_attach(&gpu, 1 + i, &entry, 1, 1), GPU_OK);
	}
	for (i = 0; i < pages; i++) {
		CHECK_EQ(gpu_set_scanout(&gpu, 0, 1 + i, &whole), GPU_OK);
		CHECK_EQ(plane_query(manager, PRIMARY_ID(0), &query), 0);
		CHECK_EQ(query.base.plane_info.width, PAGE / 4);
		CHECK_EQ(ram_unmap(&gpu.virtio.device, rams[i].start, PAGE),
			 PAGE);
		view_check_off(manager, PRIMARY_ID(0));
		/* For a moment it looks whether the memory comes back */
		kib = GPU_RINGS_KIB + (pages - 1 - i) * 4;
		CHECK(test_wait(is_pinned, &kib, 5));
	}
}

/* -------- Other VMMs -------- */

static struct readers readers;

/* Another VMM: its firmware polls, its kernel takes the bus away */
static void be_tenant(void *arg)
{
	struct gpu tenant;

	(void)arg;
	gpu_create(&tenant, TYPE_GPU_1);
	CHECK_EQ(gpu_simple(&tenant, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	region_set(&tenant.virtio.device, CONFIG, PCI_COMMAND, 2,
		   PCI_COMMAND_MEMORY);
	device_close(&tenant.virtio.device);
}

TEST_WITHIN(120, "a VMM whose unmap stands still does not hold up another one "
		 "that opens its device meanwhile")
{
	const unsigned int rounds = 4;
	struct timespec end;
	pthread_t thread;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	readers_create(&readers, &gpu);
	map_videos();
	for (i = 1; i <= 8; i++)
		CHECK_EQ(pin(&gpu, i, 0, 60), GPU_OK);
	readers_send(&readers, 0);
	readers_wait(&readers, 0);
	CHECK_EQ(pthread_barrier_init(&barrier, NULL, 1), 0);
	CHECK_EQ(pthread_create(&thread, NULL, unmap, &videos[0]), 0);
	for (i = 1; i <= rounds; i++) {
		sleep_ms(1300);
		readers_send(&readers, i);
		sleep_ms(100);
		readers_answer(&readers, i - 1);
		readers_wait(&readers, i);
		test_join(test_fork(be_tenant, NULL));
	}
	readers_answer(&readers, rounds);
	CHECK_OK(clock_gettime(CLOCK_REALTIME, &end));
	end.tv_sec += (time_t)(SECONDS * test_slow());
	CHECK_EQ(pthread_timedjoin_np(thread, NULL, &end), 0);
	CHECK_EQ(videos[0].taken, VIDEO_SIZE);
	readers_take(&readers, rounds + 1);
}
