// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest memory that is away for a moment, and memory that stays although the
 * kernel would like to have it: a VMM that maps the same memory anew in other
 * pieces, that forks, and that is short of memory. The display goes on.
 */
#include "beside.h"
#include "gpu_view.h"
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM

static struct gpu gpu;
static int manager;

static void set_up(void)
{
	gpu_create(&gpu, TYPE_GPU_1);
	manager = manager_open(&gpu.virtio.device);
}

static const struct device *device(void)
{
	return &gpu.virtio.device;
}

/* -------- Away for a moment -------- */

/* As QEMU does where a region of RAM is split or merged */
static void remap(void)
{
	struct ram *ram = &gpu.virtio.ram;
	const size_t half = ram->size / 2;

	CHECK_EQ(ram_unmap(device(), ram->start, ram->size), ram->size);
	CHECK_OK(ram_map_at(device(), ram->start, ram->bytes, half));
	CHECK_OK(ram_map_at(device(), ram->start + half, ram->bytes + half,
			    ram->size - half));
	CHECK_EQ(ram_unmap(device(), ram->start, ram->size), ram->size);
	ram_map(ram, device());
}

static unsigned int remaps; /* by __atomic */

static void remap_often(void *arg)
{
	(void)arg;
	while (!beside_stopped()) {
		remap();
		__atomic_add_fetch(&remaps, 1, __ATOMIC_SEQ_CST);
	}
}

static bool has_remapped(void *arg)
{
	return __atomic_load_n(&remaps, __ATOMIC_SEQ_CST) >=
	       *(const unsigned int *)arg;
}

static bool is_broken(void)
{
	return virtio_status(&gpu.virtio) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

TEST_WITHIN(120,
	    "rings that are away for a moment do not end a running display")
{
	unsigned int commands = 0, all = test_rounds(100);

	set_up();
	beside_start(remap_often, NULL);
	while (!has_remapped(&all)) {
		CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
			 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
		CHECK(!is_broken());
		commands++;
	}
	beside_stop();
	CHECK(!is_broken());
	CHECK_GT(commands, 0);
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

static bool is_shown(void *arg)
{
	union plane_query query;

	(void)arg;
	CHECK_EQ(plane_query(manager, PRIMARY_ID(0), &query), 0);
	return query.base.plane_info.width;
}

TEST("what is shown is shown again when its memory is back, without the guest")
{
	struct gpu_resource resource = {.id = 1};
	struct virtio_gpu_rect whole;
	unsigned int i;

	set_up();
	gpu_resource_create(&gpu, &resource, XRGB, 640, 480);
	whole = gpu_whole(&resource);
	gpu_paint(&resource, 1);
	gpu_show(&gpu, 0, &resource);
	for (i = 0; i < 5; i++) {
		remap();
		CHECK(test_wait(is_shown, NULL, 5));
		view_check(manager, PRIMARY_ID(0), &resource, &whole);
	}
}

TEST("two resources in mappings of their own are each given back by an unmap, "
     "in either order")
{
	const struct virtio_gpu_rect whole = {0, 0, PAGE / 4, 256};
	struct ram rams[2];
	unsigned int i, first;

	set_up();
	for (i = 0; i < 2; i++)
		ram_create(&rams[i], device(),
			   RAM_START + (UINT64_C(1) << 33) + i * MIB, MIB);
	for (first = 0; first < 2; first++) {
		for (i = 0; i < 2; i++) {
			const struct virtio_gpu_mem_entry entry = {
				rams[i].start, (uint32_t)MIB, 0};

			CHECK_EQ(
				gpu_create_2d(&gpu, 1 + i, XRGB, PAGE / 4, 256),
				GPU_OK);
			CHECK_EQ(gpu_attach(&gpu, 1 + i, &entry, 1, 1), GPU_OK);
		}
		CHECK_EQ(ram_pinned(), GPU_RINGS_KIB + 2048);
		for (i = 0; i < 2; i++) {
			struct ram *ram = &rams[(first + i) % 2];

			CHECK_EQ(ram_unmap(device(), ram->start, MIB), MIB);
			CHECK_EQ(ram_pinned(), GPU_RINGS_KIB + (i ? 0 : 1024));
			/* That one is watched still, or again */
			CHECK(GPU_IS_ERROR(gpu_set_scanout(
				&gpu, 0, 1 + (first + i) % 2, &whole)));
		}
		for (i = 0; i < 2; i++) {
			CHECK_EQ(gpu_unref(&gpu, 1 + i), GPU_OK);
			ram_map(&rams[i], device());
		}
	}
}

/* -------- The page that the guest has is the page that is shown -------- */

static void show_painted(struct gpu_resource *resource)
{
	*resource = (struct gpu_resource){.id = 1};
	gpu_resource_create(&gpu, resource, XRGB, 640, 480);
	gpu_paint(resource, 1);
	gpu_show(&gpu, 0, resource);
}

static void stay(void *arg)
{
	char byte;

	CHECK_EQ(read(*(const int *)arg, &byte, 1), 0);
}

TEST("what a guest draws after its VMM has forked is shown")
{
	struct gpu_resource resource;
	struct view view;
	int ends[2];
	pid_t pid;

	set_up();
	show_painted(&resource);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	CHECK_OK(pipe2(ends, O_CLOEXEC));
	pid = test_fork(stay, &ends[0]);
	gpu_paint(&resource, 2);
	view_compare(&view, resource.pixels, resource.stride);
	CHECK_OK(close(ends[1]));
	test_kill(pid);
	gpu_paint(&resource, 3);
	view_compare(&view, resource.pixels, resource.stride);
}

#define SWAP "/dev/zram0"

static void write_line(const char *path, const char *line)
{
	int fd = (int)CHECK_OK(open(path, O_WRONLY | O_CLOEXEC));

	CHECK_EQ(write(fd, line, strlen(line)), strlen(line));
	CHECK_OK(close(fd));
}

static void swap_off(void)
{
	if (!access(SWAP, F_OK))
		swapoff(SWAP);
}

__attribute__((constructor)) static void swap_clean_up(void)
{
	test_after_each(swap_off);
}

static void swap_on(void)
{
	if (system("modprobe -q zram && echo 256M >/sys/block/zram0/disksize "
		   "&& "
		   "mkswap " SWAP " >/dev/null"))
		test_skip("this kernel has no zram to swap to");
	CHECK_OK(swapon(SWAP, 0));
}

/* How much of this process is swapped out, in KiB */
static long swapped(void)
{
	char line[128];
	long kib = -1;
	FILE *file = fopen("/proc/self/status", "re");

	CHECK(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmSwap: %ld", &kib) == 1)
			break;
	fclose(file);
	return kib;
}

TEST_WITHIN(60, "what a guest draws after its VMM was swapped out is shown")
{
	struct gpu_resource resource;
	struct ram *ram = &gpu.virtio.ram;
	struct view view;

	set_up();
	/* What is to go, beside what is to stay */
	memset(ram->bytes + ram->size - 16 * MIB, 1, 16 * MIB);
	show_painted(&resource);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	swap_on();
	CHECK_OK(madvise(ram->bytes, ram->size, MADV_PAGEOUT));
	CHECK_GE(swapped(), 8 * 1024);
	view_compare(&view, resource.pixels, resource.stride);
	gpu_paint(&resource, 2);
	view_compare(&view, resource.pixels, resource.stride);
	write_line("/proc/sys/vm/compact_memory", "1");
	gpu_paint(&resource, 3);
	view_compare(&view, resource.pixels, resource.stride);
}
