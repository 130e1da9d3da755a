// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VMM that keeps its virtio-gpus waiting: it has no answer for guest memory
 * that they read, for as long as it likes, and VFIO's lock is held meanwhile.
 * Memory that it unmaps at that time is given back all the same, and VFIO is
 * not led to believe that it never will be: vfio_iommu_type1 has a BUG for
 * that, after ten times.
 */
#include "cgroup.h"
#include "gpu_view.h"
#include "readers.h"
#include "test.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What is unmapped, and how often each of some blobs consists of it */
#define VIDEO_START (RAM_START + (UINT64_C(1) << 34))
#define VIDEO_SIZE ((size_t)2 * MIB)
#define REPEATS 120
#define BLOBS 4

#define SECONDS 30

/* VFIO would have a BUG for it before that. A slow kernel needs some rounds */
#define TURNS 30

static struct gpu holder;      /* has memory pinned */
static struct readers readers; /* in its container */
static struct gpu stranger;    /* in another container, and so is late */
static struct gpu late;
static struct ram video;

/* A blob of what is unmapped, so many times over */
static uint32_t pin(uint32_t id, unsigned int repeats)
{
	static struct virtio_gpu_mem_entry entries[REPEATS];
	const struct virtio_gpu_resource_create_blob create = {
		.resource_id = id,
		.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
		.nr_entries = repeats,
		.size = repeats * VIDEO_SIZE,
	};
	unsigned int i;

	for (i = 0; i < repeats; i++)
		entries[i] = (struct virtio_gpu_mem_entry){
			VIDEO_START, (uint32_t)VIDEO_SIZE, 0};
	return gpu_create_blob(&holder, &create, entries, repeats);
}

/* Many, so that unpinning takes many calls */
static void pin_video(void)
{
	uint32_t id;

	for (id = 1; id <= BLOBS; id++)
		CHECK_EQ(pin(id, REPEATS), GPU_OK);
}

static void sleep_ms(long ms)
{
	const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

	CHECK_OK(nanosleep(&time, NULL));
}

static pid_t waiter;

static void be_waiter(void)
{
	__atomic_store_n(&waiter, (pid_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
}

static void *unmap(void *arg)
{
	uint64_t *unmapped = arg;

	be_waiter();
	*unmapped = ram_unmap(&holder.virtio.device, VIDEO_START, VIDEO_SIZE);
	return NULL;
}

/* It waits in the kernel, where nothing but its lock lets it go on */
static bool waits(void *arg)
{
	char path[64], state = 0;
	FILE *file;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat",
		 __atomic_load_n(&waiter, __ATOMIC_SEQ_CST));
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(file);
	return state == 'D';
}

/* A device that has pinned nothing yet is asked for something */
static void open_late(void)
{
	struct piece pieces[2] = {
		{.length = 24},
		{.length = 24, .flags = VRING_DESC_F_WRITE},
	};
	struct virtio_gpu_ctrl_hdr *hdr;

	gpu_create(&late, TYPE_GPU_1);
	pieces[0].at = late.request_at;
	pieces[1].at = late.response_at;
	hdr = ram_at(&late.virtio.ram, late.request_at);
	hdr->type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO;
	virtqueue_offer(&late.control,
			virtqueue_chain(&late.control, pieces, 2));
	virtqueue_notify(&late.control);
}

struct unmapping {
	pthread_t thread;
	uint64_t size;
};

/* Begin to unmap what is pinned, while a device reads the round's page */
static void unmapping_begin(struct unmapping *unmapping, unsigned int round)
{
	pin_video();
	readers_send(&readers, round);
	readers_wait(&readers, round);
	CHECK_EQ(pthread_create(&unmapping->thread, NULL, unmap,
				&unmapping->size),
		 0);
	CHECK(test_wait(waits, NULL, SECONDS));
}

/*
 * As long as an unmap waits for a device that does not get on, and then another
 * device is next to have VFIO's lock
 */
static void hold_up(unsigned int round)
{
	sleep_ms(1300);
	readers_send(&readers, round);
	sleep_ms(100);
	readers_answer(&readers, round - 1);
	readers_wait(&readers, round);
}

static void create_holder(void)
{
	gpu_create(&holder, TYPE_GPU_1);
	gpu_simple(&holder, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
	readers_create(&readers, &holder);
	ram_create(&video, &holder.virtio.device, VIDEO_START, VIDEO_SIZE);
}

static bool is_pinned_less(void *arg)
{
	return ram_pinned() <= *(long *)arg;
}

TEST_WITHIN(120,
	    "an unmap ends, whatever devices read that the VMM withholds")
{
	struct unmapping unmapping;
	unsigned int round = 0;
	long rings;

	create_holder();
	rings = ram_pinned();
	unmapping_begin(&unmapping, 0);
	do {
		CHECK_LE(++round, TURNS);
		hold_up(round);
		/* It is given back before VFIO's lock is had for it */
		CHECK(test_wait(is_pinned_less, &rings, SECONDS));
	} while (pthread_tryjoin_np(unmapping.thread, NULL));
	test_note("%u turns", round);
	CHECK_EQ(unmapping.size, VIDEO_SIZE);
	readers_answer(&readers, round);
	readers_take(&readers, round + 1);
}

/*
 * Until the device was told of an unmap that stands still. Returns the round
 * whose page is being read then. What has VFIO's lock first is a matter of
 * luck.
 */
static unsigned int unmapping_hold(struct unmapping *unmapping, long rings)
{
	unsigned int round = 0;
	uint32_t id;

	unmapping_begin(unmapping, round);
	for (;;) {
		hold_up(++round);
		sleep_ms(100);
		if (!pthread_tryjoin_np(unmapping->thread, NULL)) {
			/* It is over: once more */
			readers_answer(&readers, round);
			ram_map(&video, &holder.virtio.device);
			for (id = 1; id <= BLOBS; id++)
				CHECK_EQ(gpu_unref(&holder, id), GPU_OK);
			unmapping_begin(unmapping, ++round);
		} else if (test_wait(is_pinned_less, &rings, 2)) {
			return round;
		}
	}
}

TEST_WITHIN(120, "a device that a VMM opens while its unmap stands still pins "
		 "nothing before that is over, and others go on")
{
	struct gpu_resource resource = {.id = 1};
	struct unmapping unmapping;
	unsigned int round;
	long pinned, locked;

	gpu_create(&stranger, TYPE_GPU_1);
	gpu_simple(&stranger, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
	create_holder();
	round = unmapping_hold(&unmapping, ram_pinned());
	/* What VFIO has pinned; the device charges what it is about to pin */
	locked = ram_locked();
	open_late();
	sleep_ms(500);
	CHECK(!virtqueue_has_used(&late.control));
	CHECK_EQ(ram_locked(), locked);
	pinned = ram_pinned();
	/* What is pinned is the resource's memory */
	gpu_resource_create(&stranger, &resource,
			    VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 64, 64);
	CHECK_GT(ram_pinned(), pinned);
	readers_answer(&readers, round);
	CHECK_EQ(pthread_join(unmapping.thread, NULL), 0);
	CHECK_EQ(unmapping.size, VIDEO_SIZE);
	virtqueue_take(&late.control);
	readers_take(&readers, round + 1);
}

/* -------- The bus is taken away -------- */

static void set_bus_master(bool on)
{
	region_set(&readers.gpus[0].virtio.device, CONFIG, PCI_COMMAND, 2,
		   PCI_COMMAND_MEMORY | (on ? PCI_COMMAND_MASTER : 0));
}

TEST("taking the bus away returns at once although a command waits for memory, "
     "and the command is carried out once the bus is back")
{
	create_holder();
	readers_send(&readers, 0);
	readers_wait(&readers, 0);
	set_bus_master(false);
	sleep_ms(100);
	CHECK(!virtqueue_has_used(&readers.gpus[0].control));
	set_bus_master(true);
	readers_wait(&readers, 0);
	readers_answer(&readers, 0);
	virtqueue_take(&readers.gpus[0].control);
}

TEST("a reset returns at once although a command waits for memory that the VMM "
     "withholds")
{
	create_holder();
	readers_send(&readers, 0);
	readers_wait(&readers, 0);
	virtio_reset(&readers.gpus[0].virtio);
	gpu_start(&readers.gpus[0], GPU_FEATURES);
	CHECK_EQ(gpu_simple(&readers.gpus[0], VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

TEST("a device closes at once although a command waits for memory that the VMM "
     "withholds")
{
	create_holder();
	readers_send(&readers, 0);
	readers_wait(&readers, 0);
	device_close(&readers.gpus[0].virtio.device);
	CHECK_EQ(gpu_simple(&holder, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

/* A VMM that withholds memory, and is in its unmap meanwhile */
static void be_stuck(void *arg)
{
	struct unmapping unmapping;

	create_holder();
	unmapping_begin(&unmapping, 0);
	CHECK_EQ(write(*(const int *)arg, "", 1), 1);
	pause();
}

TEST_WITHIN(60, "a VMM that withholds memory from its device and unmaps can be "
		"killed")
{
	int ends[2];
	char byte;
	pid_t pid;

	CHECK_OK(pipe2(ends, O_CLOEXEC));
	pid = test_fork(be_stuck, &ends[1]);
	CHECK_EQ(read(ends[0], &byte, 1), 1);
	/* Waits for its end */
	test_kill(pid);
}

/* -------- A VMM that is kept from going on -------- */

/* In a second the unmapper and what is in its way have this much of a CPU */
#define QUOTA_US 5000
#define PERIOD_US 1000000

/* After that the unmapper has had one, and waits for VFIO's lock */
#define PERIODS_MS 3000

/* Beside each other, or the one might have all there is on one CPU */
static void starve(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	CHECK_OK(sched_setaffinity(0, sizeof(first), &first));
	cgroup_join();
}

static void spin(void *arg)
{
	starve();
	for (;;)
		__asm__ volatile("" : : "r"(arg) : "memory");
}

static void unmap_slowly(void *arg)
{
	(void)arg;
	starve();
	CHECK_EQ(ram_unmap(&holder.virtio.device, VIDEO_START, VIDEO_SIZE),
		 VIDEO_SIZE);
}

static bool is_answered(void *arg)
{
	return virtqueue_has_used(arg);
}

/* Have the holder pin the video once more, and do not wait for the answer */
static void send_pin(void)
{
	struct {
		struct virtio_gpu_resource_create_blob create;
		struct virtio_gpu_mem_entry entry;
	} request = {
		{
			.hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
			.resource_id = BLOBS + 1,
			.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
			.nr_entries = 1,
			.size = VIDEO_SIZE,
		},
		{VIDEO_START, (uint32_t)VIDEO_SIZE, 0},
	};
	const struct piece pieces[2] = {
		{holder.request_at, sizeof(request), 0},
		{holder.response_at, 24, VRING_DESC_F_WRITE},
	};

	memcpy(ram_at(&holder.virtio.ram, holder.request_at), &request,
	       sizeof(request));
	virtqueue_offer(&holder.control,
			virtqueue_chain(&holder.control, pieces, 2));
	virtqueue_notify(&holder.control);
}

/*
 * The unmapper was told that all is unpinned. VFIO's lock, with which it then
 * looks, somebody else has for long; and once it is free the unmapper has no
 * CPU to take it with. It has one again at the end.
 */
static void unmap_late(unsigned int round)
{
	long kib = ram_pinned() - (long)(VIDEO_SIZE / 1024);
	const struct virtio_gpu_ctrl_hdr *hdr =
		ram_at(&holder.virtio.ram, holder.response_at);
	pid_t pid = test_fork(unmap_slowly, NULL);

	CHECK(test_wait(is_pinned_less, &kib, SECONDS));
	readers_send(&readers, round);
	readers_wait(&readers, round);
	sleep_ms(PERIODS_MS);
	readers_answer(&readers, round);
	send_pin();
	sleep_ms(PERIODS_MS);
	CHECK_LE(ram_pinned(), kib);
	cgroup_limit_cpu(PERIOD_US, PERIOD_US);
	CHECK(test_wait(is_answered, &holder.control, SECONDS));
	virtqueue_take(&holder.control);
	CHECK(GPU_IS_ERROR(hdr->type));
	test_join(pid);
	virtqueue_take(&readers.gpus[round % 2].control);
}

TEST_WITHIN(120, "nothing is pinned anew before an unmap is over, however late "
		 "that is")
{
	unsigned int round;
	pid_t spinner;

	if (!cgroup_limit_cpu(QUOTA_US, PERIOD_US))
		test_skip("this kernel cannot limit a cgroup's CPU time");
	create_holder();
	spinner = test_fork(spin, NULL);
	for (round = 0; round < 3; round++) {
		cgroup_limit_cpu(QUOTA_US, PERIOD_US);
		CHECK_EQ(pin(round + 1, REPEATS), GPU_OK);
		unmap_late(round);
		ram_map(&video, &holder.virtio.device);
	}
	test_kill(spinner);
}
