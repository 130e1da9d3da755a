// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices that import a virtio-gpu's plane, which is the guest's own memory and
 * only lent. Once it was taken back nobody imports it any more, and what an
 * importer has mapped for the CPU is gone as any other view is. What is mapped
 * for a device stays until the importer lets go, which it is asked to if it
 * can.
 */
#include "cgroup.h"
#include "display.h"
#include "gem.h"
#include "gpu_view.h"
#include "import.h"
#include "test.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define VIDEO_START (RAM_START + (UINT64_C(1) << 33))
#define VIDEO_SIZE (2 * MIB)

static struct gpu gpu;
static struct ram video; /* what is taken back: the rings are elsewhere */
static struct gpu_resource resource;
static int manager;

/* A device whose screen is all of that memory */
static void set_up(void)
{
	const struct virtio_gpu_mem_entry entry = {VIDEO_START, VIDEO_SIZE, 0};

	gpu_create(&gpu, TYPE_GPU_1);
	manager = manager_open(&gpu.virtio.device);
	ram_create(&video, &gpu.virtio.device, VIDEO_START, VIDEO_SIZE);
	resource = (struct gpu_resource){
		.id = 1,
		.width = 1024,
		.height = VIDEO_SIZE / PAGE,
		.stride = PAGE,
		.size = VIDEO_SIZE,
		.pixels = video.bytes,
	};
	CHECK_EQ(gpu_create_2d(&gpu, 1, XRGB, resource.width, resource.height),
		 GPU_OK);
	CHECK_EQ(gpu_attach(&gpu, 1, &entry, 1, 1), GPU_OK);
	gpu_paint(&resource, 1);
	gpu_show(&gpu, 0, &resource);
}

/* As one that may write has it, or one that may only look */
static int export(uint32_t flags)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;

	CHECK_OK(plane_create(manager, PRIMARY_ID(0), flags, &create));
	CHECK_EQ(create.plane_info.size, VIDEO_SIZE);
	return create.fd;
}

enum way {
	BY_DETACH,
	BY_RESET,
	BY_CLOSE,
	BY_UNMAP,
	WAYS,
};

static void take_back(enum way way)
{
	switch (way) {
	case BY_DETACH:
		CHECK_EQ(gpu_detach(&gpu, resource.id), GPU_OK);
		break;
	case BY_RESET:
		virtio_reset(&gpu.virtio);
		break;
	case BY_CLOSE:
		device_close(&gpu.virtio.device);
		break;
	default:
		CHECK_EQ(ram_unmap(&gpu.virtio.device, VIDEO_START, VIDEO_SIZE),
			 VIDEO_SIZE);
		break;
	}
}

TEST("what was taken back is imported no more")
{
	int dmabufs[2];
	unsigned int i;
	enum way way;

	for (way = 0; way < WAYS; way++) {
		set_up();
		dmabufs[0] = export(0);
		dmabufs[1] = export(VFIO_DMABUF_MGR_CREATE_WRITABLE);
		take_back(way);
		for (i = 0; i < 2; i++)
			CHECK_ERRNO(import_dmabuf(dmabufs[i]), ENODEV);
		device_remove(&gpu.virtio.device);
	}
}

static sigjmp_buf fault;

static void on_fault(int signal)
{
	siglongjmp(fault, signal);
}

/* Reading a byte of it is a SIGBUS */
static void check_bus_error(const volatile unsigned char *map)
{
	const struct sigaction action = {.sa_handler = on_fault};
	int raised;

	CHECK_OK(sigaction(SIGBUS, &action, NULL));
	raised = sigsetjmp(fault, 1);
	if (!raised)
		(void)*map;
	CHECK_EQ(raised, SIGBUS);
}

static void check_map_goes(enum way way, uint32_t flags)
{
	int card = gem_open(), dmabuf = export(flags);
	off_t place = gem_next_place(card, VIDEO_SIZE);
	void *map;

	gem_import(card, dmabuf);
	map = mmap(NULL, VIDEO_SIZE, PROT_READ, MAP_SHARED, card, place);
	CHECK(map != MAP_FAILED);
	CHECK_BYTES(map, video.bytes, VIDEO_SIZE);
	take_back(way);
	if (way == BY_UNMAP)
		check_bus_error(map);
	else
		CHECK_ALL(map, 0, VIDEO_SIZE);
	CHECK_OK(munmap(map, VIDEO_SIZE));
	CHECK(mmap(NULL, VIDEO_SIZE, PROT_READ, MAP_SHARED, card, place) ==
	      MAP_FAILED);
	CHECK_EQ(errno, ENODEV);
	CHECK_OK(close(card));
}

TEST_WITHIN(60, "a map through an importer's file goes as any other does, and "
		"comes not back")
{
	enum way way;

	for (way = 0; way < WAYS; way++) {
		set_up();
		check_map_goes(way, 0);
		device_remove(&gpu.virtio.device);
		set_up();
		check_map_goes(way, VFIO_DMABUF_MGR_CREATE_WRITABLE);
		device_remove(&gpu.virtio.device);
	}
}

static bool is_charged_less(void *arg)
{
	return cgroup_memory() <= *(long *)arg;
}

TEST("what an importer has of it stays until it lets go, and then goes")
{
	int importer;
	long most;

	cgroup_join();
	set_up();
	importer = (int)CHECK_OK(
		import_dmabuf(export(VFIO_DMABUF_MGR_CREATE_WRITABLE)));
	most = cgroup_memory() - (long)(VIDEO_SIZE - MIB);
	take_back(BY_UNMAP);
	CHECK_OK(munmap(video.bytes, VIDEO_SIZE));
	CHECK_GT(cgroup_memory(), most);
	CHECK_OK(close(importer));
	CHECK(test_wait(is_charged_less, &most, 5));
}

static bool is_told(void *display)
{
	return display_told(display) == 1;
}

TEST("an importer that can be told to let go of what is taken back is told so")
{
	struct device display;
	int dmabuf;
	long most;

	cgroup_join();
	display_create(&display);
	set_up();
	dmabuf = export(0);
	CHECK_OK(display_import(&display, dmabuf));
	CHECK_EQ(display_told(&display), 0);
	most = cgroup_memory() - (long)(VIDEO_SIZE - MIB);
	take_back(BY_UNMAP);
	CHECK_OK(munmap(video.bytes, VIDEO_SIZE));
	CHECK(test_wait(is_told, &display, 10));
	/* It lets go, and still has the dma-buf */
	CHECK(test_wait(is_charged_less, &most, 10));
	CHECK_ERRNO(display_import(&display, dmabuf), ENODEV);
}

TEST("where several are, each is told, and nobody else")
{
	struct device displays[2], other;
	int dmabuf;
	enum way way;

	for (way = 0; way < WAYS; way++) {
		set_up();
		dmabuf = export(0);
		display_create(&displays[0]);
		display_create(&displays[1]);
		display_create(&other);
		CHECK_OK(display_import(&displays[0], dmabuf));
		CHECK_OK(display_import(
			&displays[1], export(VFIO_DMABUF_MGR_CREATE_WRITABLE)));
		CHECK_EQ(display_told(&displays[0]), 0);
		take_back(way);
		CHECK(test_wait(is_told, &displays[0], 10));
		CHECK(test_wait(is_told, &displays[1], 10));
		CHECK_EQ(display_told(&other), 0);
		device_remove(&displays[0]);
		device_remove(&displays[1]);
		device_remove(&other);
		device_remove(&gpu.virtio.device);
	}
}
