// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtio-gpu's cursors, seen through the manager fd.
 */
#include "gpu_view.h"
#include "test.h"

#include <string.h>
#include <sys/ioctl.h>

#define ARGB VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM
#define CURSOR_SIZE 64

static struct gpu gpu;
static int manager;

static void set_up(const char *type)
{
	gpu_create(&gpu, type);
	manager = manager_open(&gpu.virtio.device);
}

/* A painted cursor, which is not yet shown */
static void cursor_create(struct gpu_resource *resource)
{
	struct virtio_gpu_rect whole;

	gpu_resource_create(&gpu, resource, ARGB, CURSOR_SIZE, CURSOR_SIZE);
	gpu_paint(resource, resource->id);
	whole = gpu_whole(resource);
	CHECK_EQ(gpu_transfer(&gpu, resource->id, 0, &whole), GPU_OK);
}

static void show(const struct gpu_resource *resource, uint32_t head, uint32_t x,
		 uint32_t y, uint32_t hot_x, uint32_t hot_y)
{
	const struct virtio_gpu_cursor_pos pos = {head, x, y, 0};

	gpu_update_cursor(&gpu, resource->id, &pos, hot_x, hot_y);
}

static void check_place(uint32_t head, int32_t x, int32_t y, uint32_t hot_x,
			uint32_t hot_y)
{
	union plane_query query;

	CHECK_OK(plane_query(manager, CURSOR_ID(head), &query));
	CHECK_EQ((int32_t)query.base.plane_info.x_pos, x);
	CHECK_EQ((int32_t)query.base.plane_info.y_pos, y);
	CHECK_EQ(query.ext.hot_x, hot_x);
	CHECK_EQ(query.ext.hot_y, hot_y);
}

TEST("a cursor has its pixels, its place and its hot spot, without a copy")
{
	struct gpu_resource cursor;
	struct virtio_gpu_rect whole;
	struct view view;

	set_up(TYPE_GPU_1);
	cursor_create(&cursor);
	view_check_off(manager, CURSOR_ID(0));
	show(&cursor, 0, 100, 200, 7, 9);
	whole = gpu_whole(&cursor);
	view_check(manager, CURSOR_ID(0), &cursor, &whole);
	check_place(0, 100, 200, 7, 9);
	view_open(&view, manager, CURSOR_ID(0), 0);
	gpu_paint(&cursor, 55);
	view_compare(&view, cursor.pixels, cursor.stride);
	/* Nothing else was changed by it */
	view_check_off(manager, PRIMARY_ID(0));
}

TEST("a cursor's alpha counts, also where its resource is said to have none")
{
	static const uint32_t formats[][2] = {
		{VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
		 VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM},
		{VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM,
		 VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM},
		{VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM,
		 VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM},
		{VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM,
		 VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM},
	};
	struct gpu_resource resource;
	union plane_query query;
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		gpu_resource_create(&gpu, &resource, formats[i][0], CURSOR_SIZE,
				    CURSOR_SIZE);
		show(&resource, 0, 0, 0, 0, 0);
		CHECK_OK(plane_query(manager, CURSOR_ID(0), &query));
		CHECK_EQ(query.base.plane_info.drm_format,
			 gpu_fourcc(formats[i][1]));
	}
}

TEST("a move changes the place, by a sequence, and neither buffer nor hot spot")
{
	static const int32_t places[][2] = {{0, 0},	 {1, 0},  {-10, -63},
					    {1279, 799}, {-1, 5}, {8191, 8191}};
	struct vfio_dmabuf_mgr_query_plane_ext before, after;
	struct virtio_gpu_cursor_pos pos = {0};
	struct gpu_resource cursor;
	unsigned int i;

	set_up(TYPE_GPU_1);
	cursor_create(&cursor);
	show(&cursor, 0, 100, 200, 3, 4);
	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		before = view_state(manager, CURSOR_ID(0));
		CHECK(!view_changed(manager));
		pos.x = (uint32_t)places[i][0];
		pos.y = (uint32_t)places[i][1];
		gpu_move_cursor(&gpu, &pos);
		CHECK(view_changed(manager));
		check_place(0, places[i][0], places[i][1], 3, 4);
		after = view_state(manager, CURSOR_ID(0));
		CHECK_GT(after.sequence, before.sequence);
		CHECK_EQ(after.buffer_id, before.buffer_id);
	}
}

TEST("another cursor is another buffer, the first one again the first buffer")
{
	struct gpu_resource cursors[2];
	struct virtio_gpu_rect whole;
	uint64_t ids[2];
	struct view views[2];
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < 2; i++) {
		cursor_create(&cursors[i]);
		show(&cursors[i], 0, i, i, i, i);
		ids[i] = view_state(manager, CURSOR_ID(0)).buffer_id;
		view_open(&views[i], manager, CURSOR_ID(0), 0);
	}
	CHECK_NE(ids[0], ids[1]);
	for (i = 0; i < 10; i++) {
		show(&cursors[i % 2], 0, i, i, i % 2, i % 2);
		CHECK_EQ(view_state(manager, CURSOR_ID(0)).buffer_id,
			 ids[i % 2]);
		whole = gpu_whole(&cursors[i % 2]);
		view_check(manager, CURSOR_ID(0), &cursors[i % 2], &whole);
	}
}

TEST("an update with the same resource is a change: it may have been redrawn")
{
	struct vfio_dmabuf_mgr_query_plane_ext before, after;
	struct gpu_resource cursor;

	set_up(TYPE_GPU_1);
	cursor_create(&cursor);
	show(&cursor, 0, 5, 5, 0, 0);
	before = view_state(manager, CURSOR_ID(0));
	gpu_paint(&cursor, 99);
	show(&cursor, 0, 5, 5, 0, 0);
	CHECK(view_changed(manager));
	after = view_state(manager, CURSOR_ID(0));
	CHECK_EQ(after.buffer_id, before.buffer_id);
	CHECK_EQ(after.damage_width, CURSOR_SIZE);
	CHECK_EQ(after.damage_height, CURSOR_SIZE);
}

TEST("no resource, an unref and a reset turn the cursor off")
{
	const struct virtio_gpu_cursor_pos pos = {.x = 3};
	struct gpu_resource cursor;

	set_up(TYPE_GPU_1);
	cursor_create(&cursor);
	show(&cursor, 0, 1, 2, 3, 4);
	gpu_update_cursor(&gpu, 0, &pos, 0, 0);
	CHECK(view_changed(manager));
	view_check_off(manager, CURSOR_ID(0));
	show(&cursor, 0, 1, 2, 3, 4);
	view_state(manager, CURSOR_ID(0));
	CHECK_EQ(gpu_unref(&gpu, cursor.id), GPU_OK);
	CHECK(view_changed(manager));
	view_check_off(manager, CURSOR_ID(0));
	cursor_create(&cursor);
	show(&cursor, 0, 1, 2, 3, 4);
	view_state(manager, CURSOR_ID(0));
	virtio_reset(&gpu.virtio);
	CHECK(view_changed(manager));
	view_check_off(manager, CURSOR_ID(0));
}

TEST("each head has a cursor of its own")
{
	const struct virtio_gpu_cursor_pos pos = {2, 70, 80, 0};
	struct gpu_resource cursors[4];
	struct virtio_gpu_rect whole;
	uint32_t head;

	set_up(TYPE_GPU_4);
	for (head = 0; head < 4; head++) {
		cursor_create(&cursors[head]);
		show(&cursors[head], head, head * 10, head * 20, head, 1);
	}
	gpu_move_cursor(&gpu, &pos);
	for (head = 0; head < 4; head++) {
		whole = gpu_whole(&cursors[head]);
		view_check(manager, CURSOR_ID(head), &cursors[head], &whole);
		if (head == 2)
			check_place(head, 70, 80, head, 1);
		else
			check_place(head, (int32_t)head * 10,
				    (int32_t)head * 20, head, 1);
	}
}

TEST("a head, a resource and a command that are not there do no harm")
{
	static const uint32_t heads[] = {1, 15, 16, 17, 0x10000, UINT32_MAX};
	struct virtio_gpu_cursor_pos pos = {0};
	struct gpu_resource cursor;
	struct virtio_gpu_rect whole;
	unsigned int i;

	set_up(TYPE_GPU_1);
	cursor_create(&cursor);
	show(&cursor, 0, 1, 2, 3, 4);
	for (i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		pos.scanout_id = heads[i];
		gpu_update_cursor(&gpu, cursor.id, &pos, 0, 0);
		gpu_update_cursor(&gpu, 0, &pos, 0, 0);
		gpu_move_cursor(&gpu, &pos);
	}
	whole = gpu_whole(&cursor);
	view_check(manager, CURSOR_ID(0), &cursor, &whole);
	check_place(0, 1, 2, 3, 4);
	pos.scanout_id = 0;
	gpu_update_cursor(&gpu, 12345, &pos, 0, 0);
	gpu_update_cursor(&gpu, UINT32_MAX, &pos, UINT32_MAX, UINT32_MAX);
	show(&cursor, 0, 1, 2, 3, 4);
	view_check(manager, CURSOR_ID(0), &cursor, &whole);
}

/* Send what is at request_at, cut to that size, through the cursor queue */
static void send_raw(const void *request, uint32_t size)
{
	struct piece piece = {gpu.request_at, size, 0};

	memcpy(ram_at(&gpu.virtio.ram, gpu.request_at), request, size);
	virtqueue_offer(&gpu.cursor, virtqueue_chain(&gpu.cursor, &piece, 1));
	virtqueue_notify(&gpu.cursor);
	CHECK_EQ(virtqueue_take(&gpu.cursor).len, 0);
}

TEST("cursor commands that are cut short or are none change nothing")
{
	struct virtio_gpu_update_cursor update = {
		.hdr = {.type = VIRTIO_GPU_CMD_UPDATE_CURSOR},
		.pos = {.x = 500, .y = 600},
	};
	struct gpu_resource cursor;
	uint32_t size;

	set_up(TYPE_GPU_1);
	cursor_create(&cursor);
	show(&cursor, 0, 1, 2, 3, 4);
	for (size = 1; size < offsetof(struct virtio_gpu_update_cursor, hot_y);
	     size++)
		send_raw(&update, size);
	update.hdr.type = VIRTIO_GPU_CMD_MOVE_CURSOR + 1;
	send_raw(&update, sizeof(update));
	update.hdr.type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO;
	send_raw(&update, sizeof(update));
	check_place(0, 1, 2, 3, 4);
}

TEST("a cursor that is off can be moved, and shows up where it was moved to")
{
	struct virtio_gpu_cursor_pos pos = {0, 30, 40, 0};
	struct gpu_resource cursor;

	set_up(TYPE_GPU_1);
	gpu_move_cursor(&gpu, &pos);
	view_check_off(manager, CURSOR_ID(0));
	cursor_create(&cursor);
	show(&cursor, 0, 31, 41, 1, 1);
	check_place(0, 31, 41, 1, 1);
}

TEST("a picture that is no cursor's size is never shown beyond its own memory")
{
	static const uint32_t sizes[][2] = {{1, 1},   {32, 32}, {64, 63},
					    {63, 64}, {65, 64}, {256, 256}};
	const struct virtio_gpu_cursor_pos pos = {0};
	struct gpu_resource resource;
	union plane_query query;
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		gpu_resource_create(&gpu, &resource, ARGB, sizes[i][0],
				    sizes[i][1]);
		gpu_update_cursor(&gpu, resource.id, &pos, 0, 0);
		CHECK_OK(plane_query(manager, CURSOR_ID(0), &query));
		CHECK_LE(query.base.plane_info.size, resource.size);
	}
}

TEST("a cursor whose memory was unmapped and is there again is shown by a move")
{
	const uint64_t start = RAM_START + (UINT64_C(1) << 33);
	const size_t size = (size_t)CURSOR_SIZE * CURSOR_SIZE * 4;
	const struct virtio_gpu_mem_entry entry = {start, (uint32_t)size, 0};
	const struct virtio_gpu_cursor_pos pos = {0, 5, 6, 0};
	struct gpu_resource cursor = {.id = 1};
	uint64_t sequence;
	struct ram video;
	struct view view;

	set_up(TYPE_GPU_1);
	ram_create(&video, &gpu.virtio.device, start, size);
	memset(video.bytes, 0x5a, size);
	CHECK_EQ(gpu_create_2d(&gpu, cursor.id, ARGB, CURSOR_SIZE, CURSOR_SIZE),
		 GPU_OK);
	CHECK_EQ(gpu_attach(&gpu, cursor.id, &entry, 1, 1), GPU_OK);
	show(&cursor, 0, 1, 2, 3, 4);
	CHECK_EQ(ram_unmap(&gpu.virtio.device, start, size), size);
	gpu_move_cursor(&gpu, &pos);
	view_check_off(manager, CURSOR_ID(0));
	ram_map(&video, &gpu.virtio.device);
	/* To the same place */
	sequence = view_state(manager, CURSOR_ID(0)).sequence;
	gpu_move_cursor(&gpu, &pos);
	check_place(0, 5, 6, 3, 4);
	CHECK_EQ(view_state(manager, CURSOR_ID(0)).sequence, sequence + 1);
	view_open(&view, manager, CURSOR_ID(0), 0);
	view_compare(&view, video.bytes, CURSOR_SIZE * 4);
}

TEST("a blob that is large enough is a cursor, as ARGB")
{
	const uint32_t size = CURSOR_SIZE * CURSOR_SIZE * 4;
	struct virtio_gpu_mem_entry entry = {.length = size};
	struct virtio_gpu_resource_create_blob create = {
		.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
		.nr_entries = 1,
	};
	struct gpu_resource cursor = {
		.format = ARGB,
		.width = CURSOR_SIZE,
		.height = CURSOR_SIZE,
		.stride = CURSOR_SIZE * 4,
		.size = size,
	};
	struct virtio_gpu_rect whole;

	set_up(TYPE_GPU_1);
	entry.addr = cursor.at = ram_take(&gpu.virtio.ram, size);
	cursor.pixels = ram_at(&gpu.virtio.ram, cursor.at);
	gpu_paint(&cursor, 3);

	/* A page less than it takes */
	create.resource_id = cursor.id = 1;
	create.size = entry.length = size - PAGE;
	CHECK_EQ(gpu_create_blob(&gpu, &create, &entry, 1), GPU_OK);
	show(&cursor, 0, 1, 2, 3, 4);
	view_check_off(manager, CURSOR_ID(0));

	create.resource_id = cursor.id = 2;
	create.size = entry.length = size;
	CHECK_EQ(gpu_create_blob(&gpu, &create, &entry, 1), GPU_OK);
	show(&cursor, 0, 1, 2, 3, 4);
	whole = gpu_whole(&cursor);
	view_check(manager, CURSOR_ID(0), &cursor, &whole);
	check_place(0, 1, 2, 3, 4);
}

TEST("a hot spot beyond the cursor is the nearest one within")
{
	static const uint32_t spots[][4] = {
		{63, 63, 63, 63},	{64, 0, 63, 0},
		{0, 64, 0, 63},		{1000, 1000, 63, 63},
		{UINT32_MAX, 5, 63, 5}, {0x80000000, 0x10003, 63, 63},
	};
	struct gpu_resource cursor;
	unsigned int i;

	set_up(TYPE_GPU_1);
	cursor_create(&cursor);
	for (i = 0; i < sizeof(spots) / sizeof(*spots); i++) {
		show(&cursor, 0, i, 2, spots[i][0], spots[i][1]);
		check_place(0, (int32_t)i, 2, spots[i][2], spots[i][3]);
	}
}

TEST("a move that names no resource hides the cursor, one that does shows it")
{
	const struct virtio_gpu_cursor_pos hidden = {0, 50, 60, 0};
	const struct virtio_gpu_cursor_pos shown = {0, 51, 61, 0};
	struct gpu_resource cursor;
	struct virtio_gpu_rect whole;

	set_up(TYPE_GPU_1);
	cursor_create(&cursor);
	show(&cursor, 0, 1, 2, 3, 4);
	view_state(manager, CURSOR_ID(0));
	gpu_move_cursor_as(&gpu, 0, &hidden);
	CHECK(view_changed(manager));
	view_check_off(manager, CURSOR_ID(0));
	gpu_move_cursor_as(&gpu, 0, &shown);
	CHECK(!view_changed(manager));
	view_check_off(manager, CURSOR_ID(0));
	/* At the place where it was hidden */
	gpu_move_cursor_as(&gpu, cursor.id, &shown);
	CHECK(view_changed(manager));
	check_place(0, 51, 61, 3, 4);
	whole = gpu_whole(&cursor);
	view_check(manager, CURSOR_ID(0), &cursor, &whole);
	/* An update is seen, wherever it was moved to before */
	gpu_move_cursor_as(&gpu, 0, &hidden);
	show(&cursor, 0, 50, 60, 3, 4);
	check_place(0, 50, 60, 3, 4);
}

TEST("a hidden cursor whose memory comes and goes stays hidden")
{
	struct virtio_gpu_mem_entry entry = {
		.length = CURSOR_SIZE * CURSOR_SIZE * 4,
	};
	const struct virtio_gpu_cursor_pos pos = {0, 50, 60, 0};
	struct gpu_resource cursor;

	set_up(TYPE_GPU_1);
	cursor_create(&cursor);
	entry.addr = cursor.at;
	show(&cursor, 0, 1, 2, 3, 4);
	gpu_move_cursor_as(&gpu, 0, &pos);
	view_check_off(manager, CURSOR_ID(0));
	CHECK_EQ(gpu_detach(&gpu, cursor.id), GPU_OK);
	CHECK_EQ(gpu_attach(&gpu, cursor.id, &entry, 1, 1), GPU_OK);
	CHECK(!view_changed(manager));
	view_check_off(manager, CURSOR_ID(0));
	gpu_move_cursor_as(&gpu, cursor.id, &pos);
	check_place(0, 50, 60, 3, 4);
}

TEST("a move to where the cursor is already is no change")
{
	const struct virtio_gpu_cursor_pos pos = {0, 7, 8, 0};
	struct gpu_resource cursor;
	uint64_t sequence;
	unsigned int i;

	set_up(TYPE_GPU_1);
	cursor_create(&cursor);
	show(&cursor, 0, 7, 8, 0, 0);
	sequence = view_state(manager, CURSOR_ID(0)).sequence;
	for (i = 0; i < 10; i++)
		gpu_move_cursor(&gpu, &pos);
	CHECK(!view_changed(manager));
	CHECK_EQ(view_state(manager, CURSOR_ID(0)).sequence, sequence);
}
