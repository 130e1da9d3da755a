// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many ranges the backings of a virtio-gpu may have in all: 262,144. What
 * does not fit is out of memory, and leaves as it was what is there.
 */
#include "gpu_view.h"
#include "test.h"

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define FULL VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY
/* A line of this width is a page */
#define WIDTH (PAGE / 4)
#define MAX_RANGES 16384u /* of one backing */
#define MAX_BACKINGS 16u  /* of so many each */

static struct gpu gpu;
static int manager;

/* Pages, none of which goes on where the one before it ended */
static struct virtio_gpu_mem_entry ranges[MAX_RANGES];

static void set_up(void)
{
	const size_t size = (size_t)MAX_RANGES * PAGE;
	uint64_t at;
	unsigned int i;

	/* By default they would be all that may be pinned, too */
	virtio_load_with("pinned_mib=4096");
	gpu_create(&gpu, TYPE_GPU_1);
	manager = manager_open(&gpu.virtio.device);
	at = ram_take(&gpu.virtio.ram, size) + size;
	for (i = 0; i < MAX_RANGES; i++) {
		at -= PAGE;
		ranges[i] = (struct virtio_gpu_mem_entry){at, PAGE, 0};
	}
}

/* A resource of a page, whose backing has the first so many of them */
static uint32_t attach(uint32_t id, uint32_t count)
{
	return gpu_attach(&gpu, id, ranges, count, count);
}

static uint32_t make(uint32_t id, uint32_t count)
{
	CHECK_EQ(gpu_create_2d(&gpu, id, XRGB, WIDTH, 1), GPU_OK);
	return attach(id, count);
}

/* The same of one range that is copied */
static uint32_t make_copy(uint32_t id)
{
	struct virtio_gpu_mem_entry range = ranges[1];

	range.addr += 16;
	CHECK_EQ(gpu_create_2d(&gpu, id, XRGB, WIDTH, 1), GPU_OK);
	return gpu_attach(&gpu, id, &range, 1, 1);
}

/* All that there can be but one, by resources 1 to MAX_BACKINGS */
static void fill(void)
{
	uint32_t id;

	for (id = 1; id < MAX_BACKINGS; id++)
		CHECK_EQ(make(id, MAX_RANGES), GPU_OK);
	CHECK_EQ(make(id, MAX_RANGES - 1), GPU_OK);
}

TEST_WITHIN(60, "262,144 ranges of all backings are taken, and one more is out "
		"of memory until a backing goes")
{
	set_up();
	fill();
	CHECK_EQ(make(20, 2), FULL);
	/* Copied or not, they are ranges */
	CHECK_EQ(make_copy(21), GPU_OK);
	CHECK_EQ(make_copy(22), FULL);
	CHECK_EQ(make(23, 1), FULL);
	CHECK_EQ(gpu_unref(&gpu, 2), GPU_OK);
	CHECK_EQ(make(24, MAX_RANGES), GPU_OK);
	CHECK_EQ(attach(23, 1), FULL);
	CHECK_EQ(gpu_detach(&gpu, 21), GPU_OK);
	CHECK_EQ(attach(23, 1), GPU_OK);
	CHECK_EQ(attach(21, 1), FULL);
}

TEST_WITHIN(60, "a backing with ranges that do not fit changes nothing")
{
	const struct virtio_gpu_rect whole = {0, 0, WIDTH, 1};
	unsigned char *pixels;
	struct view view;

	set_up();
	fill();
	pixels = ram_at(&gpu.virtio.ram, ranges[0].addr);
	bochs_picture(pixels, PAGE, 1);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, 1, &whole), GPU_OK);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	view_state(manager, PRIMARY_ID(0));
	CHECK_EQ(make(20, MAX_RANGES), FULL);
	CHECK(GPU_IS_ERROR(gpu_detach(&gpu, 20)));
	CHECK(!view_changed(manager));
	view_compare(&view, pixels, PAGE);
	bochs_picture(pixels, PAGE, 2);
	CHECK_EQ(gpu_flush(&gpu, 1, &whole), GPU_OK);
	view_compare(&view, pixels, PAGE);
}

TEST_WITHIN(60, "ranges that were refused, or are gone with a reset, do not "
		"count")
{
	struct virtio_gpu_mem_entry *last = &ranges[MAX_RANGES - 1];
	unsigned int i;

	set_up();
	last->addr = gpu.virtio.ram.start + gpu.virtio.ram.size;
	CHECK_EQ(gpu_create_2d(&gpu, 100, XRGB, WIDTH, 1), GPU_OK);
	for (i = 0; i <= MAX_BACKINGS; i++)
		CHECK_EQ(attach(100, MAX_RANGES),
			 VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
	last->addr = ranges[0].addr;
	fill();
	gpu_start(&gpu, GPU_FEATURES);
	fill();
	CHECK_EQ(make(101, 2), FULL);
	CHECK_EQ(make(102, 1), GPU_OK);
}
