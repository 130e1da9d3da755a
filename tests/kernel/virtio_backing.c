// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a virtio-gpu's resources are made of: guest memory in pieces of any
 * kind. Whole pages are shown as they are, all else through a copy of what is
 * transferred, and the host does not do more than it has bounds for.
 */
#include "gpu_view.h"
#include "test.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define WIDTH 640u
#define HEIGHT 480u
#define STRIDE (WIDTH * 4)
#define PICTURE_SIZE (STRIDE * HEIGHT) /* 300 pages */
#define MAX_ENTRIES 16384u
#define MAX_RESOURCES 1024u

static struct gpu gpu;
static int manager;
static unsigned char picture[PICTURE_SIZE];

static void set_up(const char *type)
{
	gpu_create(&gpu, type);
	manager = manager_open(&gpu.virtio.device);
	bochs_picture(picture, sizeof(picture), 42);
}

static bool is_copied(void)
{
	struct vfio_dmabuf_mgr_info info = {.argsz = sizeof(info)};

	CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_GET_INFO, &info));
	return info.caps & VFIO_DMABUF_MGR_CAP_COPIED;
}

/* The picture's bytes from done on, to or from where an entry says */
static void put(const struct virtio_gpu_mem_entry *entry, uint32_t done)
{
	memcpy(ram_at(&gpu.virtio.ram, entry->addr), picture + done,
	       entry->length);
}

static void put_all(const struct virtio_gpu_mem_entry *entries,
		    unsigned int count)
{
	uint32_t done = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		put(&entries[i], done);
		done += entries[i].length;
	}
	CHECK_EQ(done, PICTURE_SIZE);
}

static const struct virtio_gpu_rect whole = {0, 0, WIDTH, HEIGHT};

/* Resource 1 made of these, shown, and flushed */
static void show_entries(const struct virtio_gpu_mem_entry *entries,
			 unsigned int count)
{
	put_all(entries, count);
	CHECK_EQ(gpu_create_2d(&gpu, 1, XRGB, WIDTH, HEIGHT), GPU_OK);
	CHECK_EQ(gpu_attach(&gpu, 1, entries, count, count), GPU_OK);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, 1, &whole), GPU_OK);
	CHECK_EQ(gpu_transfer(&gpu, 1, 0, &whole), GPU_OK);
	CHECK_EQ(gpu_flush(&gpu, 1, &whole), GPU_OK);
}

/* The picture is seen, and so is at once what is changed in its middle */
static void check_zero_copy(const struct virtio_gpu_mem_entry *entries,
			    unsigned int count)
{
	struct view view;
	unsigned int i;

	show_entries(entries, count);
	CHECK(!is_copied());
	view_open(&view, manager, PRIMARY_ID(0), 0);
	CHECK_EQ(view.info.start, entries[0].addr);
	view_compare(&view, picture, STRIDE);
	for (i = 0; i < PICTURE_SIZE; i++)
		picture[i] ^= 0x5a;
	put_all(entries, count);
	view_compare(&view, picture, STRIDE);
}

/* Pieces of so many pages each, the last of them first in memory */
static unsigned int scatter(struct virtio_gpu_mem_entry *entries,
			    uint32_t pages)
{
	uint64_t at = ram_take(&gpu.virtio.ram, PICTURE_SIZE * 2);
	uint32_t left = PICTURE_SIZE / PAGE, take;
	unsigned int count = 0;

	at += (uint64_t)PICTURE_SIZE * 2;
	while (left) {
		take = left < pages ? left : pages;
		at -= (uint64_t)take * PAGE;
		entries[count++] =
			(struct virtio_gpu_mem_entry){at, take * PAGE, 0};
		left -= take;
	}
	return count;
}

TEST("pages in any order are shown in theirs, without a copy")
{
	static const uint32_t sizes[] = {1, 2, 7, 100, 300};
	static struct virtio_gpu_mem_entry entries[PICTURE_SIZE / PAGE];
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		set_up(TYPE_GPU_1);
		check_zero_copy(entries, scatter(entries, sizes[i]));
		device_remove(&gpu.virtio.device);
	}
}

TEST("the same page may be in a picture many times")
{
	static struct virtio_gpu_mem_entry entries[PICTURE_SIZE / PAGE];
	uint64_t at;
	unsigned int i;
	struct view view;

	set_up(TYPE_GPU_1);
	at = ram_take(&gpu.virtio.ram, PAGE);
	memset(ram_at(&gpu.virtio.ram, at), 0x77, PAGE);
	for (i = 0; i < PICTURE_SIZE / PAGE; i++)
		entries[i] = (struct virtio_gpu_mem_entry){at, PAGE, 0};
	CHECK_EQ(gpu_create_2d(&gpu, 1, XRGB, WIDTH, HEIGHT), GPU_OK);
	CHECK_EQ(gpu_attach(&gpu, 1, entries, i, i), GPU_OK);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, 1, &whole), GPU_OK);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	CHECK_ALL(view.map, 0x77, PICTURE_SIZE);
	memset(ram_at(&gpu.virtio.ram, at), 0x33, PAGE);
	CHECK_ALL(view.map, 0x33, PICTURE_SIZE);
	CHECK_EQ(gpu_unref(&gpu, 1), GPU_OK);
}

/* Pieces that are no pages: so many bytes each, so many bytes apart */
static unsigned int chop(struct virtio_gpu_mem_entry *entries, uint32_t bytes,
			 uint32_t apart, uint32_t first)
{
	uint32_t left = PICTURE_SIZE, take;
	unsigned int count = 0;
	uint64_t at;

	at = ram_take(&gpu.virtio.ram,
		      (size_t)(PICTURE_SIZE / bytes + 1) * apart + first);
	at += first;
	while (left) {
		take = left < bytes ? left : bytes;
		entries[count++] = (struct virtio_gpu_mem_entry){at, take, 0};
		at += apart;
		left -= take;
	}
	return count;
}

static const struct {
	uint32_t bytes;
	uint32_t apart;
	uint32_t first;
} kinds[] = {
	{1000, 1024, 0},	  /* neither begin nor end with a page */
	{STRIDE, STRIDE + 64, 0}, /* a line each */
	{PAGE, PAGE * 2, 16},	  /* as long as a page, but between two */
	{PAGE + 4, PAGE * 2, 0},  /* a page and a pixel */
	{100, 100, 4},		  /* many, of which each is small */
};

TEST("pieces that are no whole pages are shown as they were at the last flush")
{
	static struct virtio_gpu_mem_entry entries[MAX_ENTRIES];
	unsigned char *old = mmap(NULL, PICTURE_SIZE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i, j, count;
	struct view view;

	CHECK(old != MAP_FAILED);
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		set_up(TYPE_GPU_1);
		count = chop(entries, kinds[i].bytes, kinds[i].apart,
			     kinds[i].first);
		show_entries(entries, count);
		CHECK(is_copied());
		view_open(&view, manager, PRIMARY_ID(0), 0);
		CHECK_NE(view.info.start, 0);
		view_compare(&view, picture, STRIDE);
		memcpy(old, picture, PICTURE_SIZE);
		for (j = 0; j < PICTURE_SIZE; j++)
			picture[j] ^= 0xc3;
		put_all(entries, count);
		view_compare(&view, old, STRIDE);
		CHECK_EQ(gpu_transfer(&gpu, 1, 0, &whole), GPU_OK);
		CHECK_EQ(gpu_flush(&gpu, 1, &whole), GPU_OK);
		/* The same view: a copy goes where the last one went */
		view_compare(&view, picture, STRIDE);
		device_remove(&gpu.virtio.device);
	}
}

TEST("a flush of a part copies that part, and is damage of that part")
{
	static struct virtio_gpu_mem_entry entries[MAX_ENTRIES];
	const struct virtio_gpu_rect part = {100, 200, 50, 30};
	struct vfio_dmabuf_mgr_query_plane_ext state;
	unsigned int count, x, y;
	struct view view;

	set_up(TYPE_GPU_1);
	count = chop(entries, 1000, 1024, 0);
	show_entries(entries, count);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	view_state(manager, PRIMARY_ID(0));
	for (y = part.y; y < part.y + part.height; y++)
		for (x = part.x * 4; x < (part.x + part.width) * 4; x++)
			picture[y * STRIDE + x] ^= 0xff;
	put_all(entries, count);
	CHECK_EQ(gpu_transfer(&gpu, 1, part.y * STRIDE + part.x * 4, &part),
		 GPU_OK);
	CHECK_EQ(gpu_flush(&gpu, 1, &part), GPU_OK);
	view_compare(&view, picture, STRIDE);
	state = view_state(manager, PRIMARY_ID(0));
	CHECK_EQ(state.damage_x, part.x);
	CHECK_EQ(state.damage_y, part.y);
	CHECK_EQ(state.damage_width, part.width);
	CHECK_EQ(state.damage_height, part.height);
}

TEST("a frame is copied once, when it is transferred, on however many heads")
{
	static struct virtio_gpu_mem_entry entries[MAX_ENTRIES];
	const struct virtio_gpu_rect part = {WIDTH / 2 + 8, 100, 10, 20};
	unsigned long long before;
	unsigned int count, head;

	set_up(TYPE_GPU_16);
	count = chop(entries, 1000, 1024, 0);
	show_entries(entries, count);
	CHECK_EQ(gpu_copied(manager), PICTURE_SIZE);
	for (head = 1; head < 16; head++)
		CHECK_EQ(gpu_set_scanout(&gpu, head, 1, &whole), GPU_OK);
	CHECK_EQ(gpu_flush(&gpu, 1, &whole), GPU_OK);
	CHECK_EQ(gpu_copied(manager), PICTURE_SIZE);
	before = gpu_copied(manager);
	CHECK_EQ(gpu_transfer(&gpu, 1, part.y * STRIDE + part.x * 4, &part),
		 GPU_OK);
	CHECK_EQ(gpu_flush(&gpu, 1, &part), GPU_OK);
	CHECK_EQ(gpu_copied(manager) - before, part.width * part.height * 4);
}

static void show_blob(struct virtio_gpu_set_scanout_blob *set, uint32_t heads)
{
	for (; set->scanout_id < heads; set->scanout_id++)
		CHECK_EQ(gpu_set_scanout_blob(&gpu, set), GPU_OK);
}

TEST("a blob is copied when shown, and at a flush once on however many heads")
{
	static struct virtio_gpu_mem_entry entries[MAX_ENTRIES];
	const struct virtio_gpu_rect part = {0, 100, WIDTH, 20};
	struct virtio_gpu_resource_create_blob create = {
		.resource_id = 1,
		.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
		.size = PICTURE_SIZE,
	};
	struct virtio_gpu_set_scanout_blob set = {
		.r = whole,
		.resource_id = 1,
		.width = WIDTH,
		.height = HEIGHT,
		.format = XRGB,
		.strides = {STRIDE},
	};
	unsigned long long before;
	unsigned int count, i;
	struct view view;

	set_up(TYPE_GPU_16);
	count = chop(entries, 1000, 1024, 0);
	put_all(entries, count);
	create.nr_entries = count;
	CHECK_EQ(gpu_create_blob(&gpu, &create, entries, count), GPU_OK);
	show_blob(&set, 1);
	CHECK(is_copied());
	view_open(&view, manager, PRIMARY_ID(0), 0);
	view_compare(&view, picture, STRIDE);
	for (i = part.y * STRIDE; i < (part.y + part.height) * STRIDE; i++)
		picture[i] ^= 0x3c;
	put_all(entries, count);
	before = gpu_copied(manager);
	CHECK_EQ(gpu_flush(&gpu, 1, &part), GPU_OK);
	CHECK_EQ(gpu_copied(manager) - before, part.height * STRIDE);
	view_compare(&view, picture, STRIDE);
	show_blob(&set, 16);
	before = gpu_copied(manager);
	CHECK_EQ(gpu_flush(&gpu, 1, &whole), GPU_OK);
	CHECK_EQ(gpu_copied(manager) - before, PICTURE_SIZE);
}

TEST("a viewer that writes to a copy does not reach the guest's memory")
{
	static struct virtio_gpu_mem_entry entries[MAX_ENTRIES];
	struct vfio_dmabuf_mgr_create_dmabuf create;
	unsigned int count, i;
	uint32_t done = 0;
	void *map;

	set_up(TYPE_GPU_1);
	count = chop(entries, 1000, 1024, 0);
	show_entries(entries, count);
	if (!plane_create(manager, PRIMARY_ID(0),
			  VFIO_DMABUF_MGR_CREATE_WRITABLE, &create)) {
		map = plane_map(create.fd, &create.plane_info,
				PROT_READ | PROT_WRITE);
		memset(map, 0, create.plane_info.size);
	}
	for (i = 0; i < count; i++) {
		CHECK_BYTES(ram_at(&gpu.virtio.ram, entries[i].addr),
			    picture + done, entries[i].length);
		done += entries[i].length;
	}
}

TEST("backing that is smaller than its picture shows nothing beyond itself")
{
	static const uint32_t sizes[] = {4, STRIDE, PAGE, PICTURE_SIZE - PAGE,
					 PICTURE_SIZE - 4};
	struct vfio_dmabuf_mgr_create_dmabuf create;
	struct virtio_gpu_mem_entry entry;
	unsigned char *map;
	unsigned int i;
	size_t at;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		set_up(TYPE_GPU_1);
		entry.addr = ram_take(&gpu.virtio.ram, PICTURE_SIZE + PAGE);
		entry.length = sizes[i];
		memset(ram_at(&gpu.virtio.ram, entry.addr), 0x11, sizes[i]);
		memset((char *)ram_at(&gpu.virtio.ram, entry.addr) + sizes[i],
		       0xee, PICTURE_SIZE + PAGE - sizes[i]);
		CHECK_EQ(gpu_create_2d(&gpu, 1, XRGB, WIDTH, HEIGHT), GPU_OK);
		gpu_attach(&gpu, 1, &entry, 1, 1);
		gpu_set_scanout(&gpu, 0, 1, &whole);
		gpu_transfer(&gpu, 1, 0, &whole);
		gpu_flush(&gpu, 1, &whole);
		if (plane_create(manager, PRIMARY_ID(0), 0, &create)) {
			device_remove(&gpu.virtio.device);
			continue;
		}
		map = plane_map(create.fd, &create.plane_info, PROT_READ);
		/* Whole pages are given out, and not a page more */
		for (at = 0; at < create.plane_info.size; at += PAGE)
			CHECK(map[at] != 0xee);
		device_remove(&gpu.virtio.device);
	}
}

TEST("backing of 16,384 entries is taken, of one more refused")
{
	static struct virtio_gpu_mem_entry entries[MAX_ENTRIES + 1];
	uint64_t at;
	unsigned int i;

	set_up(TYPE_GPU_1);
	at = ram_take(&gpu.virtio.ram, PAGE);
	for (i = 0; i <= MAX_ENTRIES; i++)
		entries[i] = (struct virtio_gpu_mem_entry){at, PAGE, 0};
	CHECK_EQ(gpu_create_2d(&gpu, 1, XRGB, WIDTH, HEIGHT), GPU_OK);
	CHECK(GPU_IS_ERROR(gpu_attach(&gpu, 1, entries, MAX_ENTRIES + 1,
				      MAX_ENTRIES + 1)));
	CHECK_EQ(gpu_attach(&gpu, 1, entries, MAX_ENTRIES, MAX_ENTRIES),
		 GPU_OK);
	CHECK_EQ(gpu_detach(&gpu, 1), GPU_OK);
}

TEST("entries without a length, or whose lengths are absurd, are not believed")
{
	static const uint32_t lengths[] = {0, UINT32_MAX, 0x80000000,
					   0xfffff000};
	struct virtio_gpu_mem_entry entries[2];
	unsigned int i;

	set_up(TYPE_GPU_1);
	entries[1] = (struct virtio_gpu_mem_entry){
		ram_take(&gpu.virtio.ram, PICTURE_SIZE), PICTURE_SIZE, 0};
	CHECK_EQ(gpu_create_2d(&gpu, 1, XRGB, WIDTH, HEIGHT), GPU_OK);
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		entries[0] = entries[1];
		entries[0].length = lengths[i];
		if (GPU_IS_ERROR(gpu_attach(&gpu, 1, entries, 2, 2)))
			continue;
		/* An empty piece is no harm */
		CHECK_EQ(lengths[i], 0);
		CHECK_EQ(gpu_detach(&gpu, 1), GPU_OK);
	}
	CHECK_EQ(gpu_attach(&gpu, 1, &entries[1], 1, 1), GPU_OK);
}

TEST("there can be 1,024 resources, and one more is out of memory until one "
     "goes")
{
	uint32_t id;

	set_up(TYPE_GPU_1);
	for (id = 1; id <= MAX_RESOURCES; id++)
		CHECK_EQ(gpu_create_2d(&gpu, id, XRGB, 64, 64), GPU_OK);
	CHECK_EQ(gpu_create_2d(&gpu, id, XRGB, 64, 64),
		 VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY);
	CHECK_EQ(gpu_unref(&gpu, 500), GPU_OK);
	CHECK_EQ(gpu_create_2d(&gpu, id, XRGB, 64, 64), GPU_OK);
	CHECK_EQ(gpu_create_2d(&gpu, 500, XRGB, 64, 64),
		 VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY);
}
