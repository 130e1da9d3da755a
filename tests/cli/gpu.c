// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * planefd with a virtio-gpu of two heads, whose guest is the driver of the
 * harness: what it shows is what shot, info and list tell, to the pixel, and
 * what mode asks for is what it is told.
 */
#include "guest.h"
#include "over.h"
#include "pixels.h"
#include "run.h"

#include "test.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct gpu gpu;
static struct run run;

static void set_up(void)
{
	gpu_create(&gpu, TYPE_GPU_2);
}

static struct json_object *parse(const char *text)
{
	struct json_object *json = json_tokener_parse(text);

	if (!json)
		test_fail(__FILE__, __LINE__, "no JSON: %s", text);
	return json;
}

/* Two heads with a picture each, and a cursor that hangs over an edge each */
struct desk {
	struct gpu_resource screens[2];
	struct gpu_resource cursors[2];
	int places[2][2];
};

static void desk_create(struct desk *desk)
{
	static const int places[2][2] = { { -20, 30 }, { 60, -10 } };

	set_up();
	guest_resource(&gpu, &desk->screens[0], XRGB, 96, 72);
	guest_resource(&gpu, &desk->screens[1], XRGB, 80, 60);
	memcpy(desk->places, places, sizeof(places));
	for (unsigned int i = 0; i < 2; i++) {
		guest_resource(&gpu, &desk->cursors[i], ARGB, CURSOR_SIZE,
				CURSOR_SIZE);
		gpu_show(&gpu, i, &desk->screens[i]);
		/* The place is the corner's, wherever the hot spot is */
		guest_cursor(&gpu, i, &desk->cursors[i], places[i][0], places[i][1],
			   9 + i, 17);
	}
}

static uint32_t pixel_of(const struct gpu_resource *resource, uint32_t x,
			 uint32_t y)
{
	uint32_t pixel;

	memcpy(&pixel, resource->pixels + (size_t)y * resource->stride + x * 4,
	       4);
	return pixel;
}

/* A file shows the head of the desk with its cursor, or without */
static void check_picture(const struct desk *desk, unsigned int head,
			  bool with_cursor, const char *path)
{
	const struct gpu_resource *screen = &desk->screens[head];
	uint32_t *pixels = pixels_of_png(path, screen->width, screen->height);

	for (uint32_t y = 0; y < screen->height; y++)
		for (uint32_t x = 0; x < screen->width; x++) {
			uint32_t expected = pixel_of(screen, x, y) & 0xffffff;
			uint32_t cx = x - (uint32_t)desk->places[head][0];
			uint32_t cy = y - (uint32_t)desk->places[head][1];
			uint32_t got = pixels[y * screen->width + x];

			if (with_cursor && cx < CURSOR_SIZE && cy < CURSOR_SIZE)
				expected = over(pixel_of(&desk->cursors[head],
							 cx, cy),
						expected);
			if (got != expected)
				test_fail(__FILE__, __LINE__,
					  "%s: pixel %u,%u is %06x, not %06x",
					  path, x, y, got, expected);
		}
	free(pixels);
}

/* Into a directory of its own, which must be empty in the end */
static char directory[] = "/tmp/planefd-gpu-XXXXXX";

static void enter_directory(void)
{
	CHECK(mkdtemp(directory));
	CHECK_OK(chdir(directory));
}

static void leave_directory(void)
{
	CHECK_OK(rmdir(directory));
}

static void check_ran(void)
{
	CHECK_STR(run.err, "");
	CHECK_EQ(run.status, 0);
}

TEST("a shot of each head, and of all, is its screen with its cursor")
{
	struct desk desk;
	char line[256];
	char name[64];

	desk_create(&desk);
	enter_directory();
	RUN(&run, "shot", "--head", "0", "-o", "shot.png");
	check_ran();
	check_picture(&desk, 0, true, "shot.png");
	RUN(&run, "shot", "--head", "1", "-o", "shot.png");
	check_ran();
	check_picture(&desk, 1, true, "shot.png");
	RUN(&run, "shot", "--head", "all", "-o", "shot.png");
	check_ran();
	snprintf(line, sizeof(line), "shot-head0.png: 96x72 XRGB8888 of %s\n"
		 "shot-head1.png: 80x60 XRGB8888 of %s\n",
		 gpu.virtio.device.uuid, gpu.virtio.device.uuid);
	CHECK_STR(run.out, line);
	check_picture(&desk, 0, true, "shot-head0.png");
	check_picture(&desk, 1, true, "shot-head1.png");
	RUN(&run, "shot", "--head", "all");
	check_ran();
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "planefd-%s-head%u.png",
			 gpu.virtio.device.uuid, i);
		check_picture(&desk, i, true, name);
	}
	leave_directory();
}

TEST("of all heads those that are off are left out; with all off it is 5")
{
	struct desk desk;
	char line[256];

	desk_create(&desk);
	enter_directory();
	guest_off(&gpu, 0);
	guest_cursor(&gpu, 1, NULL, 0, 0, 0, 0);
	RUN(&run, "shot", "--head", "all", "-o", "a.b/../shot");
	CHECK_FAILS(&run, 6, "cannot write a.b/../shot-head1: No such file or "
			     "directory; choose another place with -o");
	RUN(&run, "shot", "--head", "all", "--json", "-o", "shot");
	check_ran();
	struct json_object *all = parse(run.out);
	CHECK_EQ(json_object_array_length(all), 1);
	struct json_object *one = json_object_array_get_idx(all, 0);
	CHECK_STR(json_object_get_string(json_object_object_get(one, "file")),
		  "shot-head1");
	CHECK_EQ(json_object_get_int(json_object_object_get(one, "head")), 1);
	CHECK(!json_object_get_boolean(json_object_object_get(one, "cursor")));
	json_object_put(all);
	check_picture(&desk, 1, false, "shot-head1");
	guest_off(&gpu, 1);
	RUN(&run, "shot", "--head", "all");
	snprintf(line, sizeof(line), "every head of %s is off: the guest shows "
		 "nothing; try again when it does", gpu.virtio.device.uuid);
	CHECK_FAILS(&run, 5, line);
	leave_directory();
}

/* Of the names that an array of an object has, the nth */
static const char *nth(struct json_object *json, const char *key, size_t n)
{
	return json_object_get_string(json_object_array_get_idx(
		json_object_object_get(json, key), n));
}

TEST("info has two heads with their cursors, what they can, and who may what")
{
	static const char *const caps[] = { "flips", "damage", "hot-spot",
					    "mode" };
	static const char *const facts[] = {
		"\ncaps     flips damage hot-spot mode\n",
		"\nrights   writable mode\n",
		"\nhead 0\n  primary 0: 96x72 XRGB8888\n",
		"\n  cursor 0: 64x64 ARGB8888\n",
		"    at -20,30 of the head, hot spot 9,17\n",
		"\nhead 1\n  primary 0: 80x60 XRGB8888\n",
		"    at 60,-10 of the head, hot spot 10,17\n",
	};
	struct desk desk;

	desk_create(&desk);
	RUN(&run, "info", "--json");
	check_ran();
	struct json_object *json = parse(run.out);
	for (size_t i = 0; i < 4; i++)
		CHECK_STR(nth(json, "caps", i), caps[i]);
	CHECK(!nth(json, "caps", 4));
	CHECK_STR(nth(json, "rights", 0), "writable");
	CHECK_STR(nth(json, "rights", 1), "mode");
	json_object_put(json);

	RUN(&run, "info");
	check_ran();
	const char *at = run.out;
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		at = strstr(at, facts[i]);
		if (!at)
			test_fail(__FILE__, __LINE__, "no '%s' in: %s",
				  facts[i], run.out);
	}
}

TEST("info says that a plane is a copy where it is one")
{
	struct virtio_gpu_mem_entry entry;
	struct virtio_gpu_rect whole = { 0, 0, 16, 16 };

	set_up();
	/* It begins within a page */
	entry = (struct virtio_gpu_mem_entry){
		.addr = ram_take(&gpu.virtio.ram, PAGE) + 64,
		.length = 16 * 16 * 4,
	};
	CHECK_EQ(gpu_create_2d(&gpu, 77, XRGB, 16, 16), GPU_OK);
	CHECK_EQ(gpu_attach(&gpu, 77, &entry, 1, 1), GPU_OK);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, 77, &whole), GPU_OK);
	RUN(&run, "info");
	check_ran();
	CHECK(strstr(run.out, "\ncaps     flips damage hot-spot mode copied\n"));
}

TEST("list has a line for each head, with its mode and its cursor")
{
	struct desk desk;
	char expected[2][256];
	char *line;

	desk_create(&desk);
	guest_cursor(&gpu, 1, NULL, 0, 0, 0, 0);
	RUN(&run, "list");
	check_ran();
	const char *const rest[] = {
		"   0  on     96x72 XRGB8888        64x64 at -20,30",
		"   1  on     80x60 XRGB8888        -",
	};
	for (int i = 0; i < 2; i++)
		snprintf(expected[i], sizeof(expected[i]), "%s  %s",
			 gpu.virtio.device.uuid, rest[i]);
	line = strtok(run.out, "\n");
	CHECK(strstr(line, "  HEAD  STATE  MODE                  CURSOR"));
	for (int i = 0; i < 2; i++) {
		line = strtok(NULL, "\n");
		CHECK(line);
		CHECK(strlen(line) > strlen(expected[i]));
		CHECK_STR(line + strlen(line) - strlen(expected[i]),
			  expected[i]);
	}
	CHECK(!strtok(NULL, "\n"));
}

/* The guest is told once; what it then reads of the head */
static struct virtio_gpu_display_one take_display(uint32_t head)
{
	irq_wait(gpu.events[GPU_VECTOR_CONFIG]);
	CHECK_EQ(virtio_get(&gpu.virtio, GPU_CONFIG(events_read)),
		 VIRTIO_GPU_EVENT_DISPLAY);
	virtio_set(&gpu.virtio, GPU_CONFIG(events_clear),
		   VIRTIO_GPU_EVENT_DISPLAY);
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	return gpu.response.display.pmodes[head];
}

static void check_asked(const char *head, const char *mode,
			const char *expected)
{
	char line[128];

	RUN(&run, "mode", "--head", head, mode);
	check_ran();
	snprintf(line, sizeof(line), "head %s of %s: %s\n", head,
		 gpu.virtio.device.uuid, expected);
	CHECK_STR(run.out, line);
}

TEST("mode asks the guest's head for a mode, unplugs it and plugs it in again")
{
	struct virtio_gpu_display_one one;

	set_up();
	check_asked("1", "1024x768", "asked for 1024x768");
	one = take_display(1);
	CHECK_EQ(one.enabled, 1);
	CHECK_EQ(one.r.width, 1024);
	CHECK_EQ(one.r.height, 768);
	check_asked("1", "unplug", "unplugged");
	CHECK_EQ(take_display(1).enabled, 0);
	check_asked("1", "800x600@75", "asked for 800x600@75");
	one = take_display(1);
	CHECK_EQ(one.enabled, 1);
	CHECK_EQ(one.r.width, 800);
	CHECK_EQ(one.r.height, 600);
	/* Head 0 is what is meant where none is named */
	RUN(&run, "mode", "640x480");
	check_ran();
	one = take_display(0);
	CHECK_EQ(one.r.width, 640);
	CHECK_EQ(one.r.height, 480);
}

TEST("mode --json tells what was asked")
{
	char expected[256];

	set_up();
	RUN(&run, "mode", "--json", "--head", "1", "1366x768@60");
	check_ran();
	struct json_object *json = parse(run.out);
	json_object_object_del(json, "pid");
	json_object_object_del(json, "vmm");
	snprintf(expected, sizeof(expected), "{\"device\":\"%s\",\"head\":1,"
		 "\"width\":1366,\"height\":768,\"refresh\":60}",
		 gpu.virtio.device.uuid);
	struct json_object *want = parse(expected);
	CHECK(json_object_equal(json, want));
	json_object_put(want);
	json_object_put(json);
}

TEST("a mode that the device never has and a head it has not are told")
{
	char line[256];

	set_up();
	RUN(&run, "mode", "8193x600");
	snprintf(line, sizeof(line), "%s never has the mode 8193x600; ask for "
		 "another", gpu.virtio.device.uuid);
	CHECK_FAILS(&run, 1, line);
	RUN(&run, "mode", "--head", "2", "800x600");
	snprintf(line, sizeof(line), "%s has no head 2; its heads are 0 to 1",
		 gpu.virtio.device.uuid);
	CHECK_FAILS(&run, 3, line);
	CHECK_EQ(irq_count(gpu.events[GPU_VECTOR_CONFIG]), 0);
}
