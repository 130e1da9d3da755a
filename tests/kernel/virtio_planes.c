// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtio-gpu's primary planes, seen through the manager fd: they are the
 * guest's own memory, and each command is the change that it should be.
 */
#include "test.h"
#include "gpu_view.h"

#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM

static struct gpu gpu;
static int manager;

static void set_up(const char *type)
{
	gpu_create(&gpu, type);
	manager = manager_open(&gpu.virtio.device);
}

/* A painted resource on a head, all changes of which have been seen */
static void show_new(struct gpu_resource *resource, uint32_t head,
		     uint32_t width, uint32_t height)
{
	gpu_resource_create(&gpu, resource, XRGB, width, height);
	gpu_paint(resource, resource->id);
	gpu_show(&gpu, head, resource);
	view_state(manager, PRIMARY_ID(head));
}

TEST("GET_INFO tells heads, a primary and a cursor on each, and all it can "
     "tell")
{
	static const char *const types[] = {TYPE_GPU_1, TYPE_GPU_2, TYPE_GPU_4,
					    TYPE_GPU_16};
	static const uint32_t heads[] = {1, 2, 4, 16};
	const uint32_t caps = VFIO_DMABUF_MGR_CAP_FLIPS |
			      VFIO_DMABUF_MGR_CAP_DAMAGE |
			      VFIO_DMABUF_MGR_CAP_HOT_SPOT;
	struct vfio_dmabuf_mgr_info info;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		set_up(types[i]);
		memset(&info, 0, sizeof(info));
		info.argsz = sizeof(info);
		CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_GET_INFO, &info));
		CHECK_EQ(info.heads, heads[i]);
		CHECK_EQ(info.overlays, 0);
		CHECK_EQ(info.primaries, 1);
		CHECK_EQ(info.cursors, 1);
		CHECK_EQ(info.caps & caps, caps);
		CHECK_STR(info.device, gpu.virtio.device.uuid);
	}
}

TEST("planes are off until the guest shows something, and off beyond its heads")
{
	union plane_query query;
	uint32_t head;

	set_up(TYPE_GPU_4);
	for (head = 0; head < 4; head++) {
		view_check_off(manager, PRIMARY_ID(head));
		view_check_off(manager, CURSOR_ID(head));
	}
	CHECK_ERRNO(plane_query(manager, PRIMARY_ID(4), &query), EINVAL);
	CHECK_ERRNO(plane_query(manager, OVERLAY_ID(0), &query), EINVAL);
}

TEST("each of the eight formats is its DRM fourcc, and shown as it is")
{
	static const uint32_t formats[] = {
		VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM,
		VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
		VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM,
		VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM,
		VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM,
		VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM,
		VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM,
		VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM,
	};
	struct gpu_resource resource;
	struct virtio_gpu_rect whole;
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		gpu_resource_create(&gpu, &resource, formats[i], 64, 48);
		gpu_paint(&resource, i + 1);
		gpu_show(&gpu, 0, &resource);
		whole = gpu_whole(&resource);
		view_check(manager, PRIMARY_ID(0), &resource, &whole);
	}
}

TEST("screens of many sizes are shown, lines and pages in step or not")
{
	static const uint32_t sizes[][2] = {
		{1, 1},	    {1, 1000},	 {1024, 1},    {640, 480},
		{799, 601}, {1366, 768}, {1920, 1080}, {8192, 16},
	};
	struct gpu_resource resource;
	struct virtio_gpu_rect whole;
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		show_new(&resource, 0, sizes[i][0], sizes[i][1]);
		whole = gpu_whole(&resource);
		view_check(manager, PRIMARY_ID(0), &resource, &whole);
	}
}

TEST("the dma-buf is the guest's memory: what it writes is seen with no "
     "command")
{
	struct gpu_resource resource;
	struct view view;
	uint64_t seed;

	set_up(TYPE_GPU_1);
	show_new(&resource, 0, 800, 600);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	for (seed = 100; seed < 105; seed++) {
		gpu_paint(&resource, seed);
		view_compare(&view, resource.pixels, resource.stride);
	}
	CHECK(!view_changed(manager));
}

TEST("what a viewer with that right writes, the guest reads")
{
	struct gpu_resource resource;
	struct view view;

	set_up(TYPE_GPU_1);
	show_new(&resource, 0, 320, 200);
	view_open(&view, manager, PRIMARY_ID(0),
		  VFIO_DMABUF_MGR_CREATE_WRITABLE);
	bochs_picture(view.map, view.info.size, 4711);
	CHECK_BYTES(resource.pixels, view.map, view.info.size);
}

TEST("a part of a resource is shown from the page that holds its first pixel")
{
	static const struct virtio_gpu_rect parts[] = {
		{0, 0, 640, 480},   {1, 0, 639, 480}, {0, 1, 640, 479},
		{17, 31, 100, 50},  {639, 479, 1, 1}, {320, 0, 320, 480},
		{0, 240, 640, 240},
	};
	struct gpu_resource resource;
	unsigned int i;

	set_up(TYPE_GPU_1);
	show_new(&resource, 0, 640, 480);
	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		CHECK_EQ(gpu_set_scanout(&gpu, 0, resource.id, &parts[i]),
			 GPU_OK);
		view_check(manager, PRIMARY_ID(0), &resource, &parts[i]);
	}
}

TEST("flips alternate between two buffer_ids, and two dma-bufs that stay")
{
	struct gpu_resource resources[2];
	uint64_t ids[2], sequence = 0, inodes[2];
	struct vfio_dmabuf_mgr_query_plane_ext state;
	struct view views[2];
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < 2; i++) {
		show_new(&resources[i], 0, 640, 480);
		ids[i] = view_state(manager, PRIMARY_ID(0)).buffer_id;
		view_open(&views[i], manager, PRIMARY_ID(0), 0);
		inodes[i] = dmabuf_inode(views[i].dmabuf);
	}
	CHECK_NE(ids[0], 0);
	CHECK_NE(ids[0], ids[1]);
	CHECK_NE(inodes[0], inodes[1]);
	for (i = 0; i < 60; i++) {
		gpu_show(&gpu, 0, &resources[i % 2]);
		CHECK(view_changed(manager));
		state = view_state(manager, PRIMARY_ID(0));
		CHECK_EQ(state.buffer_id, ids[i % 2]);
		CHECK_GT(state.sequence, sequence);
		sequence = state.sequence;
		if (i % 10 == 0) {
			struct view view;

			view_open(&view, manager, PRIMARY_ID(0), 0);
			CHECK_EQ(dmabuf_inode(view.dmabuf), inodes[i % 2]);
			view_close(&view);
		}
	}
	view_compare(&views[0], resources[0].pixels, resources[0].stride);
	view_compare(&views[1], resources[1].pixels, resources[1].stride);
}

static void check_damage(uint32_t head, uint32_t x, uint32_t y, uint32_t width,
			 uint32_t height)
{
	struct vfio_dmabuf_mgr_query_plane_ext state =
		view_state(manager, PRIMARY_ID(head));

	CHECK_EQ(state.damage_x, x);
	CHECK_EQ(state.damage_y, y);
	CHECK_EQ(state.damage_width, width);
	CHECK_EQ(state.damage_height, height);
}

TEST("a flush is exactly its rectangle's damage, until it has been seen")
{
	static const struct virtio_gpu_rect rects[] = {
		{0, 0, 640, 480}, {0, 0, 1, 1},	    {639, 479, 1, 1},
		{10, 20, 30, 40}, {0, 479, 640, 1},
	};
	struct gpu_resource resource;
	uint64_t before, id;
	unsigned int i;

	set_up(TYPE_GPU_1);
	show_new(&resource, 0, 640, 480);
	id = view_state(manager, PRIMARY_ID(0)).buffer_id;
	for (i = 0; i < sizeof(rects) / sizeof(*rects); i++) {
		before = view_state(manager, PRIMARY_ID(0)).sequence;
		CHECK(!view_changed(manager));
		gpu_draw(&gpu, &resource, &rects[i]);
		CHECK(view_changed(manager));
		check_damage(0, rects[i].x, rects[i].y, rects[i].width,
			     rects[i].height);
		check_damage(0, 0, 0, 0, 0);
		CHECK_EQ(view_state(manager, PRIMARY_ID(0)).sequence,
			 before + 1);
		CHECK_EQ(view_state(manager, PRIMARY_ID(0)).buffer_id, id);
	}
}

TEST("damage adds up to the smallest rectangle around it, for each fd by "
     "itself")
{
	const struct virtio_gpu_rect first = {10, 20, 30, 40};
	const struct virtio_gpu_rect second = {100, 5, 10, 10};
	struct gpu_resource resource;
	int other, own;

	set_up(TYPE_GPU_1);
	show_new(&resource, 0, 640, 480);
	own = manager;
	other = manager_open(&gpu.virtio.device);
	view_state(other, PRIMARY_ID(0));
	gpu_draw(&gpu, &resource, &first);
	check_damage(0, 10, 20, 30, 40);
	gpu_draw(&gpu, &resource, &second);
	check_damage(0, 100, 5, 10, 10);
	manager = other;
	check_damage(0, 10, 5, 100, 55);
	manager = own;
}

TEST("what the guest draws and does not flush, or flushes unseen, is no change")
{
	const struct virtio_gpu_rect rect = {0, 0, 64, 64};
	struct gpu_resource shown, hidden;

	set_up(TYPE_GPU_1);
	show_new(&shown, 0, 64, 64);
	gpu_resource_create(&gpu, &hidden, XRGB, 64, 64);
	gpu_draw(&gpu, &hidden, &rect);
	gpu_paint(&shown, 5);
	CHECK_EQ(gpu_transfer(&gpu, shown.id, 0, &rect), GPU_OK);
	gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
	CHECK_EQ(gpu_flush(&gpu, 12345, &rect),
		 VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
	CHECK_EQ(gpu_unref(&gpu, hidden.id), GPU_OK);
	CHECK(!view_changed(manager));
}

TEST("damage is in pixels of the plane where a part of a resource is shown")
{
	const struct virtio_gpu_rect part = {100, 50, 200, 100};
	const struct virtio_gpu_rect inside = {110, 60, 10, 10};
	const struct virtio_gpu_rect across = {90, 40, 20, 20};
	const struct virtio_gpu_rect beside = {0, 0, 100, 480};
	struct gpu_resource resource;

	set_up(TYPE_GPU_1);
	show_new(&resource, 0, 640, 480);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, resource.id, &part), GPU_OK);
	view_state(manager, PRIMARY_ID(0));
	gpu_draw(&gpu, &resource, &inside);
	check_damage(0, 10, 10, 10, 10);
	gpu_draw(&gpu, &resource, &across);
	check_damage(0, 0, 0, 10, 10);
	gpu_draw(&gpu, &resource, &beside);
	CHECK(!view_changed(manager));
}

TEST("a flip damages all of the plane")
{
	struct gpu_resource a, b;
	struct virtio_gpu_rect whole;

	set_up(TYPE_GPU_1);
	show_new(&a, 0, 640, 480);
	gpu_resource_create(&gpu, &b, XRGB, 640, 480);
	whole = gpu_whole(&b);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, b.id, &whole), GPU_OK);
	check_damage(0, 0, 0, 640, 480);
}

TEST("the time is when the command was carried out")
{
	const struct virtio_gpu_rect rect = {0, 0, 8, 8};
	struct gpu_resource resource;
	uint64_t before, time;

	set_up(TYPE_GPU_1);
	show_new(&resource, 0, 64, 64);
	before = test_now();
	gpu_draw(&gpu, &resource, &rect);
	time = view_state(manager, PRIMARY_ID(0)).time_ns;
	CHECK_GE(time, before);
	CHECK_LE(time, test_now());
}

TEST("heads are apart: each shows its own, and changes by itself")
{
	struct gpu_resource resources[16];
	struct virtio_gpu_rect whole;
	uint64_t sequences[16];
	uint32_t head, changed;

	set_up(TYPE_GPU_16);
	for (head = 0; head < 16; head++)
		show_new(&resources[head], head, 64 + head, 48);
	for (head = 0; head < 16; head++) {
		whole = gpu_whole(&resources[head]);
		view_check(manager, PRIMARY_ID(head), &resources[head], &whole);
	}
	for (changed = 0; changed < 16; changed++) {
		for (head = 0; head < 16; head++)
			sequences[head] =
				view_state(manager, PRIMARY_ID(head)).sequence;
		whole = gpu_whole(&resources[changed]);
		gpu_draw(&gpu, &resources[changed], &whole);
		for (head = 0; head < 16; head++)
			CHECK_EQ(view_state(manager, PRIMARY_ID(head)).sequence,
				 sequences[head] + (head == changed));
	}
}

TEST("heads that show parts of one resource are damaged where they show it")
{
	const struct virtio_gpu_rect left = {0, 0, 100, 100};
	const struct virtio_gpu_rect right = {100, 0, 100, 100};
	const struct virtio_gpu_rect across = {90, 10, 20, 5};
	struct gpu_resource resource;

	set_up(TYPE_GPU_2);
	gpu_resource_create(&gpu, &resource, XRGB, 200, 100);
	gpu_paint(&resource, 1);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, resource.id, &left), GPU_OK);
	CHECK_EQ(gpu_set_scanout(&gpu, 1, resource.id, &right), GPU_OK);
	view_check(manager, PRIMARY_ID(0), &resource, &left);
	view_check(manager, PRIMARY_ID(1), &resource, &right);
	view_state(manager, PRIMARY_ID(0));
	view_state(manager, PRIMARY_ID(1));
	gpu_draw(&gpu, &resource, &across);
	check_damage(0, 90, 10, 10, 5);
	check_damage(1, 0, 10, 10, 5);
}

/* A file of its own for the sleeper, so that nobody else sees for it */
static void sleep_in_poll(void *arg)
{
	struct pollfd poll_for = {.fd = *(int *)arg, .events = POLLIN};

	CHECK_EQ(poll(&poll_for, 1, -1), 1);
	CHECK_EQ(poll_for.revents, POLLIN);
}

TEST("a viewer that sleeps is woken by a flush, and by a flip")
{
	struct gpu_resource a, b;
	struct virtio_gpu_rect whole;
	pid_t pid;

	set_up(TYPE_GPU_1);
	show_new(&a, 0, 64, 64);
	gpu_resource_create(&gpu, &b, XRGB, 64, 64);
	whole = gpu_whole(&a);
	pid = test_fork(sleep_in_poll, &manager);
	gpu_draw(&gpu, &a, &whole);
	test_join(pid);
	view_state(manager, PRIMARY_ID(0));
	pid = test_fork(sleep_in_poll, &manager);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, b.id, &whole), GPU_OK);
	test_join(pid);
}
