// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * planefd watch of a virtio-gpu of two heads, whose guest is the driver of the
 * harness: each command that changes what is shown is a line, or a JSON
 * object, and what changes nothing costs nothing.
 */
#include "follow.h"
#include "guest.h"

#include "test.h"

#include <string.h>
#include <unistd.h>

static struct gpu gpu;
static int manager;
static struct follow follow;

static void set_up(void)
{
	gpu_create(&gpu, TYPE_GPU_2);
	manager = manager_open(&gpu.virtio.device);
}

static uint64_t buffer_id(uint32_t plane_id)
{
	return view_state(manager, plane_id).buffer_id;
}

static void check_flip(uint32_t head)
{
	char line[64];

	snprintf(line, sizeof(line), "head %u flip buffer %llu", head,
		 (unsigned long long)buffer_id(PRIMARY_ID(head)));
	CHECK_EVENT(&follow, line);
}

static void check_cursor(uint32_t head, const char *place)
{
	char line[96];

	snprintf(line, sizeof(line), "head %u cursor at %s, buffer %llu", head,
		 place, (unsigned long long)buffer_id(CURSOR_ID(head)));
	CHECK_EVENT(&follow, line);
}

TEST("two heads' modes, flips, damage, cursors, off and end are lines")
{
	const struct virtio_gpu_cursor_pos moved = { 0, (uint32_t)-5, 7, 0 };
	const struct virtio_gpu_rect drawn = { 4, 5, 16, 8 };
	struct gpu_resource first, second, other, large, cursor;
	uint64_t id;

	set_up();
	guest_resource(&gpu, &first, XRGB, 96, 72);
	guest_resource(&gpu, &second, XRGB, 96, 72);
	guest_resource(&gpu, &other, ARGB, 64, 48);
	guest_resource(&gpu, &large, XRGB, 160, 90);
	guest_resource(&gpu, &cursor, ARGB, CURSOR_SIZE, CURSOR_SIZE);
	FOLLOW(&follow, NULL);
	CHECK_STR(follow_line(&follow), "0.000000 head 0 off");
	CHECK_STR(follow_line(&follow), "0.000000 head 1 off");

	follow.last_ns = test_now();
	guest_show(&gpu, 0, &first);
	CHECK_EVENT(&follow, "head 0 mode 96x72 XRGB8888");
	id = buffer_id(PRIMARY_ID(0));
	guest_show(&gpu, 1, &other);
	CHECK_EVENT(&follow, "head 1 mode 64x48 ARGB8888");
	gpu_draw(&gpu, &first, &drawn);
	CHECK_EVENT(&follow, "head 0 damage 16x8 at 4,5");
	follow.last_ns = test_now();
	guest_show(&gpu, 0, &second);
	check_flip(0);
	CHECK_NE(buffer_id(PRIMARY_ID(0)), id);
	guest_show(&gpu, 0, &first);
	check_flip(0);
	CHECK_EQ(buffer_id(PRIMARY_ID(0)), id);

	guest_cursor(&gpu, 0, &cursor, 10, 20, 3, 4);
	check_cursor(0, "10,20, hot spot 3,4");
	gpu_move_cursor(&gpu, &moved);
	check_cursor(0, "-5,7, hot spot 3,4");
	guest_cursor(&gpu, 1, &cursor, 0, 0, 63, 0);
	check_cursor(1, "0,0, hot spot 63,0");
	follow.last_ns = test_now();
	guest_show(&gpu, 0, &large);
	CHECK_EVENT(&follow, "head 0 mode 160x90 XRGB8888");
	guest_cursor(&gpu, 0, NULL, 0, 0, 0, 0);
	CHECK_EVENT(&follow, "head 0 cursor off");
	guest_off(&gpu, 0);
	CHECK_EVENT(&follow, "head 0 off");
	CHECK_EQ(gpu_unref(&gpu, cursor.id), GPU_OK);
	CHECK_EVENT(&follow, "head 1 cursor off");
	guest_off(&gpu, 1);
	CHECK_EVENT(&follow, "head 1 off");
	follow.last_ns = test_now();
	device_close(&gpu.virtio.device);
	CHECK_EVENT(&follow, "gone");
	follow_check_end(&follow, 0);
}

/* The next object is this one; expected is given up */
static void check_object(struct json_object *expected)
{
	struct json_object *got = follow_json(&follow);

	if (!json_object_equal(got, expected))
		test_fail(__FILE__, __LINE__, "it is %s, not %s",
			  json_object_to_json_string(got),
			  json_object_to_json_string(expected));
	json_object_put(got);
	json_object_put(expected);
}

static struct json_object *parse(const char *text)
{
	struct json_object *json = json_tokener_parse(text);

	if (!json)
		test_fail(__FILE__, __LINE__, "no JSON: %s", text);
	return json;
}

/* What JSON tells of a plane that is off or on, but for its time */
static struct json_object *plane_object(const char *event, uint32_t plane_id)
{
	uint32_t type = plane_id & 0xff;
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"event\":\"%s\",\"device\":\"%s\",\"head\":%u,"
		 "\"type\":\"%s\",\"index\":0,\"id\":%u,\"on\":false,"
		 "\"sequence\":%llu}",
		 event, gpu.virtio.device.uuid, plane_id >> 16,
		 type == VFIO_DMABUF_MGR_PLANE_CURSOR ? "cursor" : "primary",
		 plane_id,
		 (unsigned long long)view_state(manager, plane_id).sequence);
	return parse(text);
}

/* The same of one that is on and shows all of a resource */
static struct json_object *shown_object(const char *event, uint32_t plane_id,
					const struct gpu_resource *resource,
					const char *format, const char *place,
					const struct virtio_gpu_rect *damage)
{
	struct json_object *json = plane_object(event, plane_id);
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"on\":true,\"width\":%u,\"height\":%u,\"format\":\"%s\","
		 "\"modifier\":\"0x0\",\"stride\":%u,\"start\":\"0x%llx\","
		 "\"offset\":0,\"size\":%zu,%s,\"buffer_id\":%llu,"
		 "\"damage\":{\"x\":%u,\"y\":%u,\"width\":%u,\"height\":%u}}",
		 resource->width, resource->height, format, resource->stride,
		 (unsigned long long)resource->at, resource->size, place,
		 (unsigned long long)buffer_id(plane_id), damage->x, damage->y,
		 damage->width, damage->height);
	struct json_object *more = parse(text);
	json_object_object_foreach(more, key, value)
		json_object_object_add(json, key, json_object_get(value));
	json_object_put(more);
	return json;
}

#define AT_CORNER "\"x\":0,\"y\":0,\"hot_x\":null,\"hot_y\":null"

TEST("--json is an object for each change, with all that the plane is")
{
	const struct virtio_gpu_rect drawn = { 4, 5, 16, 8 };
	struct gpu_resource first, second, cursor;
	struct virtio_gpu_rect whole;
	char gone[128];

	set_up();
	guest_resource(&gpu, &first, XRGB, 96, 72);
	guest_resource(&gpu, &second, XRGB, 96, 72);
	guest_resource(&gpu, &cursor, ARGB, CURSOR_SIZE, CURSOR_SIZE);
	whole = gpu_whole(&first);
	FOLLOW(&follow, "--json", "--head", "1");
	check_object(plane_object("off", PRIMARY_ID(1)));
	follow.last_ns = test_now();
	guest_show(&gpu, 1, &first);
	check_object(shown_object("mode", PRIMARY_ID(1), &first, "XRGB8888",
				  AT_CORNER, &whole));
	guest_show(&gpu, 1, &second);
	check_object(shown_object("flip", PRIMARY_ID(1), &second, "XRGB8888",
				  AT_CORNER, &whole));
	gpu_draw(&gpu, &second, &drawn);
	check_object(shown_object("damage", PRIMARY_ID(1), &second, "XRGB8888",
				  AT_CORNER, &drawn));
	guest_cursor(&gpu, 1, &cursor, -1, 71, 63, 2);
	whole = gpu_whole(&cursor);
	check_object(shown_object("cursor", CURSOR_ID(1), &cursor, "ARGB8888",
				  "\"x\":-1,\"y\":71,\"hot_x\":63,\"hot_y\":2",
				  &whole));
	guest_cursor(&gpu, 1, NULL, 0, 0, 0, 0);
	check_object(plane_object("cursor", CURSOR_ID(1)));
	guest_off(&gpu, 1);
	check_object(plane_object("off", PRIMARY_ID(1)));
	device_close(&gpu.virtio.device);
	snprintf(gone, sizeof(gone), "{\"event\":\"gone\",\"device\":\"%s\"}",
		 gpu.virtio.device.uuid);
	check_object(parse(gone));
	follow_check_end(&follow, 0);
}

TEST("while the guest only asks and moves memory, watch is not run")
{
	struct gpu_resource shown, hidden;
	struct virtio_gpu_rect whole;

	set_up();
	guest_resource(&gpu, &shown, XRGB, 96, 72);
	guest_resource(&gpu, &hidden, XRGB, 96, 72);
	whole = gpu_whole(&hidden);
	guest_show(&gpu, 0, &shown);
	FOLLOW(&follow, "--head", "0");
	CHECK_EVENT(&follow, "head 0 mode 96x72 XRGB8888");
	follow_wait_asleep(&follow);
	uint64_t before = follow_runs(&follow);
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
			 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
		gpu_draw(&gpu, &hidden, &whole);
	}
	follow_wait_asleep(&follow);
	CHECK_EQ(follow_runs(&follow), before);
	gpu_draw(&gpu, &shown, &whole);
	CHECK_EVENT(&follow, "head 0 damage 96x72 at 0,0");
	follow_wait_asleep(&follow);
	CHECK_GT(follow_runs(&follow), before);
}
