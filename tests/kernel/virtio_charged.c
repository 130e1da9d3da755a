// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a virtio-gpu takes counts against its VMM's limits, what it may lock and
 * its memory cgroup; and where either is at its end the guest is told, nobody
 * is killed, and the log is not filled.
 */
#include "cgroup.h"
#include "gem.h"
#include "log.h"
#include "planes.h"
#include "test.h"
#include "virtio_gpu.h"

#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define WIDTH 640u
#define HEIGHT 480u
#define PICTURE_SIZE (WIDTH * HEIGHT * 4)

/* As in kernel/virtio_gpu/virtio_gpu.h */
#define MAX_RESOURCES 1024u

static struct gpu gpu;
static struct virtio_gpu_mem_entry picture = {.length = PICTURE_SIZE};

static void set_up(void)
{
	gpu_create(&gpu, TYPE_GPU_1);
	picture.addr = ram_take(&gpu.virtio.ram, PICTURE_SIZE);
}

static uint32_t create_picture(uint32_t id)
{
	return gpu_create_2d(&gpu, id, XRGB, WIDTH, HEIGHT);
}

/* -------- The memory cgroup -------- */

TEST("what it takes to find resources by their ids is charged to the VMM")
{
	uint32_t i;
	long before;

	cgroup_join();
	gpu_create(&gpu, TYPE_GPU_1);
	before = cgroup_memory();
	/* Far apart, so that hardly any shares with another */
	for (i = 0; i < MAX_RESOURCES; i++)
		CHECK_EQ(gpu_create_2d(&gpu, i << 22 | 1, XRGB, 64, 64),
			 GPU_OK);
	CHECK_GT(cgroup_memory() - before, (long)MIB);
}

#define VIDEO_START (RAM_START + (UINT64_C(1) << 34))
/* How many more pages the cgroup is let have at the most */
#define ROOM_MAX 512
/* With so much room and more, nothing was refused */
#define ENOUGH 4
/* How many other resources take some of a page first */
#define OTHERS_MAX 60
#define OTHERS_STEP 1

/* Pin, and have it unmapped: what is ready for the next unmap is used up by
 * each */
static bool can_pin(struct ram *video, uint32_t others)
{
	const struct virtio_gpu_mem_entry entry = {video->start, PICTURE_SIZE,
						   0};
	bool can = true;
	uint32_t i;

	for (i = 0; i < others && can; i++)
		can = create_picture(2 + i) == GPU_OK;
	if (can && gpu_attach(&gpu, 1, &entry, 1, 1) == GPU_OK) {
		CHECK_EQ(ram_unmap(&gpu.virtio.device, video->start,
				   video->size),
			 video->size);
		ram_map(video, &gpu.virtio.device);
		CHECK_EQ(gpu_detach(&gpu, 1), GPU_OK);
	} else {
		can = false;
	}
	while (i--)
		gpu_unref(&gpu, 2 + i);
	return can;
}

/*
 * Each page more lets more steps of what pinning allocates through, and how
 * much of the last page is left to a step depends on what was allocated before
 */
static unsigned int count_refused(struct ram *video, unsigned int room)
{
	unsigned int others, refused = 0;

	for (others = 0; others < OTHERS_MAX; others += OTHERS_STEP) {
		cgroup_settle();
		cgroup_limit(cgroup_memory() + (long)(room * PAGE));
		refused += !can_pin(video, others);
		CHECK_EQ(cgroup_kills(), 0);
		cgroup_limit(1L << 40);
	}
	return refused;
}

TEST_WITHIN(120, "nobody is killed for what a device that pins needs itself")
{
	unsigned int room, refused, all = 0, at_ease = 0;
	struct ram video;
	int status;
	pid_t vmm;

	cgroup_join();
	set_up();
	CHECK_EQ(create_picture(1), GPU_OK);
	ram_create(&video, &gpu.virtio.device, VIDEO_START, PICTURE_SIZE);
	CHECK(can_pin(&video, 0));
	vmm = cgroup_fork_victim();
	/* What this process needs for itself is not the question */
	cgroup_leave();

	for (room = 0; at_ease < ENOUGH; room++) {
		CHECK_LT(room, ROOM_MAX);
		refused = count_refused(&video, room);
		all += refused;
		at_ease = refused ? 0 : at_ease + 1;
	}
	test_note("%u refused, with room for up to %u pages", all, room);
	CHECK_GT(all, 0);
	CHECK_EQ(waitpid(vmm, &status, WNOHANG), 0);
	test_kill(vmm);
}

/* Each is pinned for a resource of its own, from 1 on */
#define SMALLS 2
/* Pixels; whole pages, and as few as can be */
#define SMALL_SIZE 32u
/* The most that one process waits for the other */
#define SECONDS 60

static struct ram smalls[SMALLS];
static int manager, card;

/* What the unmapper is asked for, and whether it has done so */
static bool unmap_asked, unmap_done;
static uint64_t unmapped[SMALLS];

static bool is_set(void *flag)
{
	return __atomic_exchange_n((bool *)flag, false, __ATOMIC_ACQUIRE);
}

/*
 * In the cgroup, with this process's memory, which nobody else may unmap. The
 * first unmap uses up what the device has ready, and nothing is pinned before
 * the next.
 */
static int unmap_when_asked(void *arg)
{
	unsigned int i;

	(void)arg;
	CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGKILL));
	while (test_wait(is_set, &unmap_asked, SECONDS)) {
		for (i = 0; i < SMALLS; i++)
			unmapped[i] =
				ram_unmap(&gpu.virtio.device, smalls[i].start,
					  smalls[i].size);
		__atomic_store_n(&unmap_done, true, __ATOMIC_RELEASE);
	}
	return 0;
}

static pid_t clone_unmapper(void)
{
	static unsigned char stack[16 * PAGE] __attribute__((aligned(16)));

	/* It is to need no page of its own */
	memset(stack, 0, sizeof(stack));
	return (pid_t)CHECK_OK(clone(unmap_when_asked, stack + sizeof(stack),
				     CLONE_VM | SIGCHLD, NULL));
}

/* Pin and import it: then to unmap it frees nothing that is charged */
static void pin_small(uint32_t i)
{
	const struct virtio_gpu_rect whole = {0, 0, SMALL_SIZE, SMALL_SIZE};
	const struct virtio_gpu_mem_entry entry = {smalls[i].start, PAGE, 0};
	int dmabuf;

	CHECK_EQ(gpu_attach(&gpu, 1 + i, &entry, 1, 1), GPU_OK);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, 1 + i, &whole), GPU_OK);
	dmabuf = plane_create_ok(manager, O_RDONLY, NULL);
	gem_import(card, dmabuf);
	close(dmabuf);
}

/* All that is pinned, where the cgroup has so much room */
static void unmap_smalls(unsigned int room)
{
	cgroup_settle();
	cgroup_limit(cgroup_memory() + (long)(room * PAGE));
	__atomic_store_n(&unmap_asked, true, __ATOMIC_RELEASE);
	CHECK(test_wait(is_set, &unmap_done, SECONDS));
	cgroup_limit(1L << 40);
	CHECK_EQ(cgroup_kills(), 0);
}

static void unmap_in_a_row(unsigned int room, uint32_t others)
{
	uint32_t i;

	for (i = 0; i < others; i++)
		CHECK_EQ(create_picture(1 + SMALLS + i), GPU_OK);
	card = gem_open();
	for (i = 0; i < SMALLS; i++)
		pin_small(i);
	unmap_smalls(room);
	close(card);
	for (i = 0; i < SMALLS; i++) {
		CHECK_EQ(unmapped[i], smalls[i].size);
		ram_map(&smalls[i], &gpu.virtio.device);
		CHECK_EQ(gpu_detach(&gpu, 1 + i), GPU_OK);
	}
	for (i = 0; i < others; i++)
		CHECK_EQ(gpu_unref(&gpu, 1 + SMALLS + i), GPU_OK);
}

TEST_WITHIN(120,
	    "a VMM with no memory left unmaps in a row, and its device pins "
	    "again")
{
	unsigned int i, room;
	pid_t vmm, unmapper;
	uint32_t others;
	int status;

	cgroup_join();
	gpu_create(&gpu, TYPE_GPU_1);
	manager = manager_open(&gpu.virtio.device);
	for (i = 0; i < SMALLS; i++) {
		CHECK_EQ(gpu_create_2d(&gpu, 1 + i, XRGB, SMALL_SIZE,
				       SMALL_SIZE),
			 GPU_OK);
		ram_create(&smalls[i], &gpu.virtio.device,
			   VIDEO_START + i * PAGE, PAGE);
	}
	unmapper = clone_unmapper();
	vmm = cgroup_fork_victim();
	cgroup_leave();

	for (room = 0; room < ENOUGH; room++)
		for (others = 0; others < OTHERS_MAX; others += OTHERS_STEP)
			unmap_in_a_row(room, others);
	CHECK_EQ(waitpid(vmm, &status, WNOHANG), 0);
	test_kill(vmm);
	test_kill(unmapper);
}

/* -------- RLIMIT_MEMLOCK -------- */

/* Take the right to lock more than the limit from this process */
static void limit_locked(rlim_t bytes)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	const struct rlimit limit = {bytes, bytes};

	CHECK_OK(syscall(SYS_capget, &header, data));
	data[0].effective &= ~(UINT32_C(1) << CAP_IPC_LOCK);
	CHECK_OK(syscall(SYS_capset, &header, data));
	CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
}

/* How often VFIO has said in the kernel's log that it pins no more */
static unsigned int count_refusals(void)
{
	return log_count("RLIMIT_MEMLOCK");
}

TEST("no more is pinned than the VMM may lock, and what fits goes on working")
{
	const struct virtio_gpu_rect whole = {0, 0, WIDTH, HEIGHT};
	const unsigned int refusals = count_refusals();
	uint32_t id, fit = 0;

	limit_locked(4 * MIB);
	set_up();
	for (id = 1; id <= 8; id++) {
		picture.addr = ram_take(&gpu.virtio.ram, PICTURE_SIZE);
		CHECK_EQ(create_picture(id), GPU_OK);
		fit += gpu_attach(&gpu, id, &picture, 1, 1) == GPU_OK &&
		       gpu_set_scanout(&gpu, 0, id, &whole) == GPU_OK;
	}
	/* 1.2 MB each */
	CHECK_EQ(fit, 4 * MIB / PICTURE_SIZE);
	CHECK_EQ(gpu_unref(&gpu, 1), GPU_OK);
	CHECK_EQ(create_picture(9), GPU_OK);
	CHECK_EQ(gpu_attach(&gpu, 9, &picture, 1, 1), GPU_OK);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, 9, &whole), GPU_OK);
	/* It is the device that refuses, and says so to the guest alone */
	CHECK_EQ(count_refusals(), refusals);
}

static bool is_refused(void *arg)
{
	return count_refusals() > *(unsigned int *)arg;
}

static double seconds(void)
{
	struct timespec now;

	CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &now));
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Send it, and do not wait for the answer */
static void send_attach(void)
{
	struct {
		struct virtio_gpu_resource_attach_backing attach;
		struct virtio_gpu_mem_entry entry;
	} request = {
		{.resource_id = 1, .nr_entries = 1},
		picture,
	};
	const struct piece pieces[2] = {
		{gpu.request_at, sizeof(request), 0},
		{gpu.response_at, 24, VRING_DESC_F_WRITE},
	};

	request.attach.hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING;
	memcpy(ram_at(&gpu.virtio.ram, gpu.request_at), &request,
	       sizeof(request));
	virtqueue_offer(&gpu.control, virtqueue_chain(&gpu.control, pieces, 2));
	virtqueue_notify(&gpu.control);
}

TEST_WITHIN(60,
	    "a guest that resets its device whenever VFIO pins no more does "
	    "not fill the log")
{
	/* The rings fit into what is left of it */
	const rlim_t limit = 4 * MIB;
	unsigned int before, count;
	double begin, end;
	void *locked = mmap(NULL, limit, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	/* VFIO counts with what is locked otherwise, the device does not */
	limit_locked(limit);
	CHECK(locked != MAP_FAILED);
	CHECK_OK(mlock(locked, limit - MIB / 2));
	set_up();
	before = count = count_refusals();
	for (begin = seconds(); (end = seconds()) < begin + 3;) {
		CHECK_EQ(create_picture(1), GPU_OK);
		send_attach();
		CHECK(test_wait(is_refused, &count, 10));
		count = count_refusals();
		gpu_start(&gpu, GPU_FEATURES);
	}
	/* Half a second is between two of them */
	CHECK_LE(count - before, 1 + 2 * (unsigned int)(end - begin + 1));
}
