// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VMM that takes guest memory away from under a virtio-gpu: the unmap comes
 * to an end and nothing stays pinned, whoever shows or views that memory.
 */
#include "beside.h"
#include "gpu_view.h"
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define VIDEO_START (RAM_START + (UINT64_C(1) << 33))
#define VIDEO_SIZE (16 * MIB)

static struct gpu gpu;
static struct ram video; /* what is taken away: the rings are elsewhere */
static int manager;

static void set_up(const char *type)
{
	gpu_create(&gpu, type);
	manager = manager_open(&gpu.virtio.device);
	ram_create(&video, &gpu.virtio.device, VIDEO_START, VIDEO_SIZE);
}

static const struct device *device(void)
{
	return &gpu.virtio.device;
}

static uint32_t attach(const struct gpu_resource *resource)
{
	const struct virtio_gpu_mem_entry entry = {resource->at,
						   (uint32_t)resource->size, 0};

	return gpu_attach(&gpu, resource->id, &entry, 1, 1);
}

/* A resource of 64 KiB a line in that memory, from that byte on */
static void create_at(struct gpu_resource *resource, uint32_t id,
		      uint64_t offset, uint32_t width, uint32_t height)
{
	*resource = (struct gpu_resource){
		.id = id,
		.format = XRGB,
		.width = width,
		.height = height,
		.stride = width * 4,
		.at = VIDEO_START + offset,
		.size = ((size_t)width * 4 * height + PAGE - 1) / PAGE * PAGE,
		.pixels = video.bytes + offset,
	};
	CHECK_EQ(gpu_create_2d(&gpu, id, XRGB, width, height), GPU_OK);
	CHECK_EQ(attach(resource), GPU_OK);
	gpu_paint(resource, id);
}

static void unmap_all(void)
{
	CHECK_EQ(ram_unmap(device(), VIDEO_START, VIDEO_SIZE), VIDEO_SIZE);
}

static sigjmp_buf fault;

static void on_fault(int signal)
{
	siglongjmp(fault, signal);
}

/* The signal that reading a byte raises, 0 for none */
static int read_signal(const volatile unsigned char *byte)
{
	const struct sigaction action = {.sa_handler = on_fault};
	int raised;

	CHECK_OK(sigaction(SIGBUS, &action, NULL));
	CHECK_OK(sigaction(SIGSEGV, &action, NULL));
	raised = sigsetjmp(fault, 1);
	if (!raised)
		(void)*byte;
	return raised;
}

/* Nothing of the dma-buf can be reached any more, and it cannot be mapped */
static void check_revoked(const struct view *view)
{
	size_t at;
	void *map;

	for (at = 0; at < view->info.size; at += PAGE)
		CHECK_EQ(read_signal(view->map + at), SIGBUS);
	map = mmap(NULL, view->info.size, PROT_READ, MAP_SHARED, view->dmabuf,
		   0);
	if (map != MAP_FAILED)
		CHECK_EQ(read_signal(map), SIGBUS);
}

static bool is_locked(void *arg)
{
	return ram_pinned() == *(long *)arg;
}

/* The device gives back what is of no more use in its own time, but soon */
static void check_locked(long kib)
{
	if (!test_wait(is_locked, &kib, 5))
		CHECK_EQ(ram_pinned(), kib);
}

TEST("an unmap of what is shown ends, turns the plane off and revokes its "
     "views")
{
	struct gpu_resource resource;
	struct view read_only, writable;

	set_up(TYPE_GPU_1);
	create_at(&resource, 1, 0, 1024, 768);
	gpu_show(&gpu, 0, &resource);
	view_open(&read_only, manager, PRIMARY_ID(0), 0);
	view_open(&writable, manager, PRIMARY_ID(0),
		  VFIO_DMABUF_MGR_CREATE_WRITABLE);
	view_compare(&read_only, resource.pixels, resource.stride);
	view_compare(&writable, resource.pixels, resource.stride);
	unmap_all();
	check_revoked(&read_only);
	check_revoked(&writable);
	view_check_off(manager, PRIMARY_ID(0));
	check_locked(GPU_RINGS_KIB);
	/* The guest's own memory is as it was */
	gpu_paint(&resource, 2);
}

TEST("a view that nobody has touched yet is revoked as well")
{
	struct gpu_resource resource;
	struct view view;

	set_up(TYPE_GPU_1);
	create_at(&resource, 1, 0, 256, 256);
	gpu_show(&gpu, 0, &resource);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	unmap_all();
	check_revoked(&view);
}

TEST("a view in another process is revoked as well")
{
	struct gpu_resource resource;
	struct view view;
	int there[2], go[2];
	char byte = 0;
	pid_t pid;

	set_up(TYPE_GPU_1);
	create_at(&resource, 1, 0, 256, 256);
	gpu_show(&gpu, 0, &resource);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	CHECK_OK(pipe2(there, O_CLOEXEC));
	CHECK_OK(pipe2(go, O_CLOEXEC));
	fflush(NULL);
	pid = (pid_t)CHECK_OK(fork());
	if (!pid) {
		/* No process has a map of its parent's */
		view.map = plane_map(view.dmabuf, &view.info, PROT_READ);
		if (read_signal(view.map) || write(there[1], &byte, 1) != 1 ||
		    read(go[0], &byte, 1) != 1)
			_exit(2);
		_exit(read_signal(view.map) == SIGBUS ? 0 : 3);
	}
	CHECK_EQ(read(there[0], &byte, 1), 1);
	unmap_all();
	CHECK_EQ(write(go[1], &byte, 1), 1);
	test_join(pid);
}

TEST("the same memory mapped again is shown again by the guest's next commands")
{
	struct gpu_resource resource;
	struct virtio_gpu_rect whole;
	struct view old;
	unsigned int i;

	set_up(TYPE_GPU_1);
	create_at(&resource, 1, 0, 640, 480);
	whole = gpu_whole(&resource);
	for (i = 0; i < 5; i++) {
		gpu_show(&gpu, 0, &resource);
		view_check(manager, PRIMARY_ID(0), &resource, &whole);
		view_open(&old, manager, PRIMARY_ID(0), 0);
		unmap_all();
		ram_map(&video, device());
		check_revoked(&old);
		gpu_detach(&gpu, resource.id);
		CHECK_EQ(attach(&resource), GPU_OK);
		gpu_paint(&resource, 100 + i);
	}
	gpu_show(&gpu, 0, &resource);
	view_check(manager, PRIMARY_ID(0), &resource, &whole);
}

TEST("memory that is there again for one head is for all that showed it")
{
	struct gpu_resource resource;
	struct virtio_gpu_rect whole;

	set_up(TYPE_GPU_2);
	create_at(&resource, 1, 0, 640, 480);
	whole = gpu_whole(&resource);
	gpu_show(&gpu, 0, &resource);
	gpu_show(&gpu, 1, &resource);
	unmap_all();
	view_check_off(manager, PRIMARY_ID(0));
	view_check_off(manager, PRIMARY_ID(1));
	ram_map(&video, device());
	gpu_show(&gpu, 0, &resource);
	view_check(manager, PRIMARY_ID(0), &resource, &whole);
	view_check(manager, PRIMARY_ID(1), &resource, &whole);
}

TEST("other memory at the same place is what is shown next, not the old one")
{
	struct gpu_resource resource;
	struct virtio_gpu_rect whole;
	unsigned char *old;

	set_up(TYPE_GPU_1);
	create_at(&resource, 1, 0, 640, 480);
	whole = gpu_whole(&resource);
	gpu_show(&gpu, 0, &resource);
	unmap_all();
	old = video.bytes;
	ram_create(&video, device(), VIDEO_START, VIDEO_SIZE);
	CHECK(video.bytes != old);
	resource.pixels = video.bytes;
	gpu_paint(&resource, 9);
	gpu_detach(&gpu, resource.id);
	CHECK_EQ(attach(&resource), GPU_OK);
	gpu_show(&gpu, 0, &resource);
	view_check(manager, PRIMARY_ID(0), &resource, &whole);
}

TEST("an unmap of other memory changes nothing")
{
	struct gpu_resource resource;
	struct virtio_gpu_rect whole;
	struct ram other;
	struct view view;

	set_up(TYPE_GPU_1);
	ram_create(&other, device(), VIDEO_START + VIDEO_SIZE, MIB);
	create_at(&resource, 1, 0, 640, 480);
	whole = gpu_whole(&resource);
	gpu_show(&gpu, 0, &resource);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	view_state(manager, PRIMARY_ID(0));
	CHECK_EQ(ram_unmap(device(), VIDEO_START + VIDEO_SIZE, MIB), MIB);
	CHECK(!view_changed(manager));
	view_compare(&view, resource.pixels, resource.stride);
	view_check(manager, PRIMARY_ID(0), &resource, &whole);
}

TEST("of two resources only the one that is unmapped is revoked")
{
	struct ram other;
	struct gpu_resource here, there;
	struct virtio_gpu_mem_entry entry;
	struct virtio_gpu_rect whole;
	struct view view_here, view_there;

	set_up(TYPE_GPU_2);
	ram_create(&other, device(), VIDEO_START + VIDEO_SIZE, MIB);
	create_at(&here, 1, 0, 64, 64);
	there = here;
	there.id = 2;
	there.at = other.start;
	there.pixels = other.bytes;
	entry = (struct virtio_gpu_mem_entry){there.at, (uint32_t)there.size,
					      0};
	CHECK_EQ(gpu_create_2d(&gpu, 2, XRGB, 64, 64), GPU_OK);
	CHECK_EQ(gpu_attach(&gpu, 2, &entry, 1, 1), GPU_OK);
	gpu_paint(&there, 2);
	gpu_show(&gpu, 0, &here);
	gpu_show(&gpu, 1, &there);
	view_open(&view_here, manager, PRIMARY_ID(0), 0);
	view_open(&view_there, manager, PRIMARY_ID(1), 0);
	unmap_all();
	check_revoked(&view_here);
	view_compare(&view_there, there.pixels, there.stride);
	whole = gpu_whole(&there);
	view_check(manager, PRIMARY_ID(1), &there, &whole);
}

TEST("a cursor's memory can be unmapped, too")
{
	const struct virtio_gpu_cursor_pos pos = {0};
	struct gpu_resource cursor;
	struct view view;

	set_up(TYPE_GPU_1);
	create_at(&cursor, 1, 0, 64, 64);
	gpu_update_cursor(&gpu, 1, &pos, 0, 0);
	view_open(&view, manager, CURSOR_ID(0), 0);
	unmap_all();
	check_revoked(&view);
	view_check_off(manager, CURSOR_ID(0));
}

TEST("commands on what was unmapped are answered, whatever they are")
{
	struct gpu_resource resource;
	struct virtio_gpu_rect whole;
	struct virtio_gpu_cursor_pos pos = {0};

	set_up(TYPE_GPU_1);
	create_at(&resource, 1, 0, 64, 64);
	whole = gpu_whole(&resource);
	gpu_show(&gpu, 0, &resource);
	unmap_all();
	gpu_flush(&gpu, 1, &whole);
	gpu_transfer(&gpu, 1, 0, &whole);
	gpu_set_scanout(&gpu, 0, 1, &whole);
	gpu_update_cursor(&gpu, 1, &pos, 0, 0);
	view_check_off(manager, PRIMARY_ID(0));
	CHECK(GPU_IS_ERROR(attach(&resource)));
	CHECK_EQ(gpu_unref(&gpu, 1), GPU_OK);
	CHECK_EQ(gpu_create_2d(&gpu, 1, XRGB, 64, 64), GPU_OK);
	CHECK(GPU_IS_ERROR(attach(&resource)));
	check_locked(GPU_RINGS_KIB);
}

TEST("what is pinned is charged to the VMM, and given back in every way")
{
	struct gpu_resource resource;
	long kib;

	set_up(TYPE_GPU_1);
	check_locked(GPU_RINGS_KIB);
	create_at(&resource, 1, 0, 1024, 768);
	gpu_show(&gpu, 0, &resource);
	kib = GPU_RINGS_KIB + (long)resource.size / 1024;
	check_locked(kib);
	CHECK_EQ(gpu_detach(&gpu, 1), GPU_OK);
	check_locked(GPU_RINGS_KIB);
	CHECK_EQ(attach(&resource), GPU_OK);
	gpu_show(&gpu, 0, &resource);
	check_locked(kib);
	CHECK_EQ(gpu_unref(&gpu, 1), GPU_OK);
	check_locked(GPU_RINGS_KIB);
	create_at(&resource, 1, 0, 1024, 768);
	gpu_show(&gpu, 0, &resource);
	check_locked(kib);
	virtio_reset(&gpu.virtio);
	check_locked(0);
	gpu_start(&gpu, GPU_FEATURES);
	create_at(&resource, 1, 0, 1024, 768);
	gpu_show(&gpu, 0, &resource);
	check_locked(kib);
	CHECK_OK(ioctl(device()->fd, VFIO_DEVICE_RESET));
	check_locked(0);
	gpu_reconnect(&gpu);
	gpu_start(&gpu, GPU_FEATURES);
	create_at(&resource, 1, 0, 1024, 768);
	gpu_show(&gpu, 0, &resource);
	device_close(&gpu.virtio.device);
	check_locked(0);
}

TEST("rings that are unmapped break the device, and mapped again it recovers")
{
	struct virtio *virtio = &gpu.virtio;
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(ram_unmap(device(), virtio->ram.start,
				   virtio->ram.size),
			 virtio->ram.size);
		virtqueue_notify(&gpu.control);
		virtio_wait_broken(virtio, gpu.events[GPU_VECTOR_CONFIG]);
		ram_map(&virtio->ram, device());
		gpu_start(&gpu, GPU_FEATURES);
		CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
			 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	}
}

/* How many resources were made, shown and dropped: by __atomic */
static unsigned int shown;

static bool has_shown(void *arg)
{
	return __atomic_load_n(&shown, __ATOMIC_SEQ_CST) !=
	       *(const unsigned int *)arg;
}

/*
 * Take away what the guest's commands use, each time at another moment of
 * them, and give it back
 */
static void *unmap_often(void *arg)
{
	const unsigned int rounds = *(const unsigned int *)arg;
	unsigned int i, before, steps;
	uint64_t seed = 17;

	for (i = 0; i < rounds; i++) {
		before = __atomic_load_n(&shown, __ATOMIC_SEQ_CST);
		CHECK(test_wait(has_shown, &before, 20));
		for (steps = test_random(&seed) % 100; steps; steps--)
			virtio_status(&gpu.virtio);
		unmap_all();
		ram_map(&video, device());
	}
	return NULL;
}

/* Whatever becomes of them, the commands are answered */
static void show_anyhow(uint32_t id)
{
	struct gpu_resource resource = {
		.id = id,
		.at = VIDEO_START + id % 8 * MIB,
		.size = 8 * MIB,
		.width = 2048,
		.height = 1024,
	};
	struct virtio_gpu_rect whole = gpu_whole(&resource);

	CHECK_EQ(gpu_create_2d(&gpu, id, XRGB, 2048, 1024), GPU_OK);
	attach(&resource);
	gpu_set_scanout(&gpu, 0, id, &whole);
	gpu_flush(&gpu, id, &whole);
	CHECK_EQ(gpu_unref(&gpu, id), GPU_OK);
	__atomic_add_fetch(&shown, 1, __ATOMIC_SEQ_CST);
}

/* Export and touch whatever is on, and go on when it goes */
static void view_often(void *arg)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;
	unsigned char *map;

	(void)arg;
	while (!beside_stopped()) {
		if (plane_create(manager, PRIMARY_ID(0), 0, &create))
			continue;
		map = mmap(NULL, create.plane_info.size, PROT_READ, MAP_SHARED,
			   create.fd, 0);
		if (map != MAP_FAILED) {
			read_signal(map);
			munmap(map, create.plane_info.size);
		}
		close(create.fd);
	}
}

TEST_WITHIN(120, "unmaps while the guest shows and others view come to an end")
{
	unsigned int rounds = test_rounds(100), i;
	pthread_t unmapper;

	set_up(TYPE_GPU_1);
	beside_start(view_often, NULL);
	CHECK_EQ(pthread_create(&unmapper, NULL, unmap_often, &rounds), 0);
	for (i = 1; pthread_tryjoin_np(unmapper, NULL); i++)
		show_anyhow(i);
	beside_stop();
	CHECK_GT(i, rounds);
	check_locked(GPU_RINGS_KIB);
}

TEST("the process may end with everything mapped, shown and viewed")
{
	struct gpu_resource resource;
	struct view view;

	set_up(TYPE_GPU_1);
	create_at(&resource, 1, 0, 1024, 768);
	gpu_show(&gpu, 0, &resource);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	view_compare(&view, resource.pixels, resource.stride);
	/* The device goes after the test, and so must its pins */
}
