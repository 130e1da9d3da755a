// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * planefd with a device of two heads, each with an overlay, a primary and a
 * cursor plane: the test display of kernel/test, whose registers display.h
 * there describes.
 */
#include "pixels.h"
#include "run.h"

#include "display.h"
#include "test.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHOT "/tmp/planefd-test-heads.png"

/* A screen of 6 by 4, lines of 28 bytes, and a cursor of 2 by 2 */
#define SCREEN_WIDTH 6
#define SCREEN_HEIGHT 4
#define SCREEN_STRIDE 28
#define SCREEN_PIXELS (SCREEN_WIDTH * SCREEN_HEIGHT)

static struct device device;
static struct run run;

static void set(uint32_t plane_id, enum display_register reg, uint32_t value)
{
	display_set(&device, plane_id, reg, value);
}

static void put_pixel(uint64_t at, uint32_t pixel)
{
	region_set(&device, BAR2, at, 4, pixel);
}

/* Black, with one coloured pixel, at an odd place of memory */
static void show_screen(unsigned int head, uint32_t offset, int at,
			uint32_t colour)
{
	const struct display_picture screen = {
		FOURCC_XRGB8888, SCREEN_WIDTH, SCREEN_HEIGHT,
		SCREEN_STRIDE,	 MEMORY_BAR,   offset,
	};

	for (int i = 0; i < SCREEN_PIXELS; i++)
		put_pixel(offset + (uint32_t)(i / SCREEN_WIDTH) * SCREEN_STRIDE +
				  (uint32_t)(i % SCREEN_WIDTH) * 4,
			  i == at ? colour : 0);
	display_show(&device, PRIMARY_ID(head), &screen);
}

/* Opaque red, half green; clear, opaque white. Premultiplied */
static void show_cursor(unsigned int head, uint32_t offset, int x, int y)
{
	const struct display_picture cursor = {
		FOURCC_ARGB8888, 2, 2, 8, MEMORY_BAR, offset,
	};

	put_pixel(offset, 0xffff0000);
	put_pixel(offset + 4, 0x80008000);
	put_pixel(offset + 8, 0x00000000);
	put_pixel(offset + 12, 0xffffffff);
	set(CURSOR_ID(head), DISPLAY_X, (uint32_t)x);
	set(CURSOR_ID(head), DISPLAY_Y, (uint32_t)y);
	set(CURSOR_ID(head), DISPLAY_HOT_X, 1);
	set(CURSOR_ID(head), DISPLAY_HOT_Y, 0);
	display_show(&device, CURSOR_ID(head), &cursor);
}

/* A file that is black but for these pixels */
static void check_png(const char *path, const uint32_t expected[SCREEN_PIXELS])
{
	uint32_t *pixels = pixels_of_png(path, SCREEN_WIDTH, SCREEN_HEIGHT);

	for (int i = 0; i < SCREEN_PIXELS; i++)
		CHECK_EQ(pixels[i], expected[i]);
	free(pixels);
}

/* Shoot a head */
static void check_shot(const char *head,
		       const uint32_t expected[SCREEN_PIXELS])
{
	RUN(&run, "shot", "--head", head, "-o", SHOT);
	CHECK_STR(run.err, "");
	CHECK_EQ(run.status, 0);
	check_png(SHOT, expected);
}

TEST("each head is shot with its own screen and its own cursor")
{
	static const uint32_t first[SCREEN_PIXELS] = {
		[0] = 0x112233,
		[8] = 0xff0000, [9] = 0x008000,
		[15] = 0xffffff,
	};
	/* Its cursor is left of and above the screen but for one pixel */
	static const uint32_t second[SCREEN_PIXELS] = {
		[0] = 0xffffff,
		[23] = 0x445566,
	};

	display_create(&device);
	show_screen(0, 4, 0, 0x112233);
	show_screen(1, 0x2004, 23, 0x445566);
	show_cursor(0, 0x4000, 2, 1);
	show_cursor(1, 0x5ff0, -1, -1);
	check_shot("0", first);
	check_shot("1", second);
	RUN(&run, "shot", "--head", "all", "-o", SHOT);
	CHECK_STR(run.err, "");
	CHECK_EQ(run.status, 0);
	check_png("/tmp/planefd-test-heads-head0.png", first);
	check_png("/tmp/planefd-test-heads-head1.png", second);
}

TEST("where one of all heads cannot be read none is written")
{
	char line[256];

	display_create(&device);
	show_screen(0, 0, 0, 1);
	show_screen(1, 0x2000, 0, 1);
	set(PRIMARY_ID(1), DISPLAY_FORMAT, 0x3231564e);
	set(PRIMARY_ID(1), DISPLAY_COMMIT, COMMIT_FLIP);
	RUN(&run, "shot", "--head", "all", "-o", SHOT);
	snprintf(line, sizeof(line), "%s shows the format NV12 (0x3231564e), "
		 "which cannot be converted", device.uuid);
	CHECK_FAILS(&run, 1, line);
	CHECK_ERRNO(access("/tmp/planefd-test-heads-head0.png", F_OK), ENOENT);
}

TEST("where one of all heads cannot be written none is")
{
	display_create(&device);
	show_screen(0, 0, 0, 1);
	show_screen(1, 0x2000, 0, 1);
	CHECK_OK(mkdir("/tmp/planefd-test-heads-head1.png", 0700));
	RUN(&run, "shot", "--head", "all", "-o", SHOT);
	CHECK_OK(rmdir("/tmp/planefd-test-heads-head1.png"));
	CHECK_FAILS(&run, 6, "cannot write /tmp/planefd-test-heads-head1.png: "
			     "Is a directory; choose another place with -o");
	CHECK_ERRNO(access("/tmp/planefd-test-heads-head0.png", F_OK), ENOENT);
}

/* 4 MiB on each of 16 heads, and memory for fewer than half of them */
TEST_WITHIN(120, "all heads are shot with room for a few of them in memory")
{
	static const struct display_picture large = {
		FOURCC_XRGB8888, 1024, 1024, 4096, MEMORY_BAR, 0,
	};
	const struct rlimit limit = { 40 * MIB, 40 * MIB };
	char path[64];
	int lines = 0;

	display_create_many(&device);
	for (unsigned int head = 0; head < 16; head++)
		display_show(&device, PRIMARY_ID(head), &large);
	CHECK_OK(setrlimit(RLIMIT_AS, &limit));
	RUN(&run, "shot", "--head", "all", "-o", SHOT);
	for (int head = 0; head < 16; head++) {
		snprintf(path, sizeof(path),
			 "/tmp/planefd-test-heads-head%d.png", head);
		lines += !unlink(path);
	}
	CHECK_STR(run.err, "");
	CHECK_EQ(run.status, 0);
	CHECK_EQ(lines, 16);
}

TEST("a cursor that is off is left out, and one that has left the screen")
{
	static const uint32_t alone[SCREEN_PIXELS] = { [7] = 0xabcdef };

	display_create(&device);
	show_screen(0, 0, 7, 0xabcdef);
	show_cursor(0, 0x4000, SCREEN_WIDTH, 0);
	check_shot("0", alone);
	show_cursor(0, 0x4000, 0, INT32_MIN);
	check_shot("0", alone);
	show_cursor(0, 0x4000, 0, 0);
	set(CURSOR_ID(0), DISPLAY_ON, 0);
	set(CURSOR_ID(0), DISPLAY_COMMIT, COMMIT_FLIP);
	check_shot("0", alone);
}

TEST("a head that is off is told by its number, with 5")
{
	char line[256];

	display_create(&device);
	show_screen(0, 0, 0, 1);
	RUN(&run, "shot", "--head", "1", "-o", SHOT);
	snprintf(line, sizeof(line), "head 1 of %s is off: the guest shows "
		 "nothing there; try again when it does", device.uuid);
	CHECK_FAILS(&run, 5, line);
}

TEST("list has a line for each head, on or off")
{
	int head;
	char state[16];
	int lines = 0;

	display_create(&device);
	show_screen(1, 0, 0, 1);
	RUN(&run, "list");
	CHECK_STR(run.err, "");
	strtok(run.out, "\n");
	for (char *line; (line = strtok(NULL, "\n")); lines++) {
		CHECK_EQ(sscanf(line, "%*d %*s %*s %d %15s", &head, state), 2);
		CHECK_EQ(head, lines);
		CHECK_STR(state, lines ? "on" : "off");
	}
	CHECK_EQ(lines, 2);
}

TEST("list has no cursor of a head that is off")
{
	char line[512];

	display_create(&device);
	show_screen(0, 0, 0, 1);
	show_cursor(0, 0x4000, 3, 1);
	show_cursor(1, 0x5000, 2, 1);
	RUN(&run, "list");
	CHECK_STR(run.err, "");
	snprintf(line, sizeof(line), "%s     0  on     6x4 XRGB8888"
		 "          2x2 at 3,1\n", device.uuid);
	CHECK(strstr(run.out, line));
	snprintf(line, sizeof(line), "%s     1  off    -         "
		 "            -\n", device.uuid);
	CHECK(strstr(run.out, line));
}

static struct json_object *get(struct json_object *json, const char *key)
{
	struct json_object *value = json_object_object_get(json, key);

	if (!value)
		test_fail(__FILE__, __LINE__, "there is no %s", key);
	return value;
}

TEST("info --json has every plane of every head, from bottom to top")
{
	static const char *const types[] = { "primary", "overlay", "cursor" };
	static const int ids[] = {
		VFIO_DMABUF_MGR_PLANE_PRIMARY,
		VFIO_DMABUF_MGR_PLANE_OVERLAY,
		VFIO_DMABUF_MGR_PLANE_CURSOR,
	};

	display_create(&device);
	show_screen(1, 0, 0, 1);
	show_cursor(1, 0x4000, -5, 3);
	RUN(&run, "info", "--json");
	CHECK_STR(run.err, "");
	struct json_object *json = json_tokener_parse(run.out);
	CHECK(json);
	CHECK_EQ(json_object_array_length(get(json, "caps")), 3);
	struct json_object *heads = get(json, "heads");
	CHECK_EQ(json_object_array_length(heads), 2);
	struct json_object *plane = NULL;
	for (size_t i = 0; i < 2; i++) {
		struct json_object *head = json_object_array_get_idx(heads, i);
		CHECK_EQ(json_object_get_int(get(head, "head")), i);
		CHECK_EQ(json_object_array_length(get(head, "planes")), 3);
		for (size_t j = 0; j < 3; j++) {
			plane = json_object_array_get_idx(get(head, "planes"),
							  j);
			CHECK_STR(json_object_get_string(get(plane, "type")),
				  types[j]);
			CHECK_EQ(json_object_get_int(get(plane, "id")),
				 ids[j] + ((int)i << 16));
			CHECK_EQ(json_object_get_boolean(get(plane, "on")),
				 i == 1 && j != 1);
		}
	}
	/* The last one is the cursor that is on */
	CHECK_EQ(json_object_get_int(get(plane, "x")), -5);
	CHECK_EQ(json_object_get_int(get(plane, "y")), 3);
	CHECK_EQ(json_object_get_int(get(plane, "hot_x")), 1);
	CHECK_EQ(json_object_get_int(get(plane, "hot_y")), 0);
	json_object_put(json);
}
