// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * planefd shot of devices that are not the one we have: with a cursor, with
 * several heads, with planes that cannot be read. The library is played here,
 * behind its public header.
 */
#include "capture.h"
#include "displays.h"

#include "test.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define XRGB8888 0x34325258
#define ARGB8888 0x34325241
#define WIDTH 4
#define HEIGHT 3
#define WHITE 0xffffffffu

/* The one device, and what its planes show */
struct planefd {
	struct planefd_info info;
	struct planefd_plane primary;
	struct planefd_plane cursor;
	uint32_t primary_pixels[WIDTH * HEIGHT];
	uint32_t cursor_pixels[4];
	bool always_changing;
	int create_error;
	bool taken_away; /* the pixels, once they are mapped */
	unsigned int signals; /* come while the access is waited for */
	unsigned int takes;
};

struct planefd_buffer {
	struct planefd_plane plane;
	void *pixels;
	bool accessed;
};

static struct planefd device;
static unsigned int live_buffers;
static unsigned int head_asked;

int planefd_search_process(pid_t pid, struct planefd_found **out)
{
	(void)pid;
	*out = calloc(1, sizeof(**out));
	CHECK(*out);
	(*out)->planefd = &device;
	return 1;
}

void planefd_close(struct planefd *planefd)
{
	(void)planefd;
}

int planefd_get_info(struct planefd *planefd, struct planefd_info *info)
{
	*info = planefd->info;
	return 0;
}

static struct planefd_plane *find_plane(struct planefd *planefd, uint32_t id)
{
	head_asked = id >> 16;
	return (id & 0xff) == PLANEFD_CURSOR ? &planefd->cursor :
					       &planefd->primary;
}

int planefd_query(struct planefd *planefd, uint32_t plane_id,
		  struct planefd_plane *plane)
{
	struct planefd_plane *found = find_plane(planefd, plane_id);

	if (planefd->always_changing)
		found->sequence++;
	*plane = *found;
	return 0;
}

int planefd_create(struct planefd *planefd, uint32_t plane_id, uint32_t flags,
		   struct planefd_buffer **out)
{
	struct planefd_plane *plane = find_plane(planefd, plane_id);

	CHECK_EQ(flags, 0);
	if (planefd->create_error)
		return planefd->create_error;
	if (!plane->on)
		return -ENOENT;
	*out = calloc(1, sizeof(**out));
	CHECK(*out);
	(*out)->plane = *plane;
	(*out)->plane.sequence = 0;
	(*out)->pixels = plane == &planefd->primary ? planefd->primary_pixels :
						      planefd->cursor_pixels;
	live_buffers++;
	planefd->takes++;
	return 0;
}

const struct planefd_plane *
planefd_buffer_plane(const struct planefd_buffer *buffer)
{
	return &buffer->plane;
}

int planefd_buffer_map(struct planefd_buffer *buffer, void **pixels)
{
	*pixels = buffer->pixels;
	if (device.taken_away) {
		/* Pages of a file that has none are SIGBUS */
		int fd = (int)CHECK_OK(memfd_create("gone", MFD_CLOEXEC));
		*pixels = mmap(NULL, buffer->plane.size, PROT_READ, MAP_SHARED,
			       fd, 0);
		CHECK(*pixels != MAP_FAILED);
		close(fd);
	}
	return 0;
}

int planefd_buffer_begin_access(struct planefd_buffer *buffer, bool write)
{
	CHECK(!write);
	CHECK(!buffer->accessed);
	if (device.signals) {
		device.signals--;
		return -EINTR;
	}
	buffer->accessed = true;
	return 0;
}

int planefd_buffer_end_access(struct planefd_buffer *buffer, bool write)
{
	CHECK(!write);
	CHECK(buffer->accessed);
	buffer->accessed = false;
	return 0;
}

void planefd_buffer_destroy(struct planefd_buffer *buffer)
{
	CHECK(!buffer->accessed);
	live_buffers--;
	free(buffer);
}

/* A white screen with a cursor of 2 by 2, numbered and opaque, that is off */
static void set_up(void)
{
	device = (struct planefd){
		.info = { .device = "device", .heads = 1, .primaries = 1,
			  .cursors = 1 },
		.primary = { .on = true, .format = XRGB8888, .width = WIDTH,
			     .height = HEIGHT, .stride = 4 * WIDTH,
			     .size = 4096, .start = 0xe0000000,
			     .sequence = 7 },
		.cursor = { .format = ARGB8888, .width = 2, .height = 2,
			    .stride = 8, .size = 4096, .start = 0xe0001000 },
		.cursor_pixels = { 0xff000001, 0xff000002, 0xff000003,
				   0xff000004 },
	};
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		device.primary_pixels[i] = WHITE;
}

static void shoot(struct capture *shot, const struct options *options)
{
	capture_run(shot, shot_run, options);
	CHECK_EQ(live_buffers, 0);
}

static char directory[] = "/tmp/planefd-devices-XXXXXX";

/* Shoot into a directory of its own; the PNG's pixels, 0xRRGGBB each */
static void shoot_pixels(uint32_t pixels[WIDTH * HEIGHT], const char *name,
			 const struct options *options)
{
	unsigned char rgb[3 * WIDTH * HEIGHT];
	png_image image = { .version = PNG_IMAGE_VERSION };
	struct capture shot;

	CHECK(mkdtemp(directory));
	CHECK_OK(chdir(directory));
	shoot(&shot, options);
	CHECK_STR(shot.err, "");
	CHECK_EQ(shot.status, STATUS_OK);
	CHECK(png_image_begin_read_from_file(&image, name));
	CHECK_EQ(image.width, WIDTH);
	CHECK_EQ(image.height, HEIGHT);
	image.format = PNG_FORMAT_RGB;
	CHECK(png_image_finish_read(&image, NULL, rgb, 0, NULL));
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		pixels[i] = (uint32_t)rgb[3 * i] << 16 |
			    (uint32_t)rgb[3 * i + 1] << 8 | rgb[3 * i + 2];
	CHECK_OK(unlink(name));
	CHECK_OK(rmdir(directory));
}

static const struct options defaults = { .pid = 1, .output = "shot.png" };

/* The screen is white but for these pixels, each at its place */
static void check_screen(const uint32_t expected[WIDTH * HEIGHT])
{
	uint32_t pixels[WIDTH * HEIGHT];

	shoot_pixels(pixels, "shot.png", &defaults);
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		CHECK_EQ(pixels[i], expected[i] ? expected[i] : 0xffffff);
}

TEST("a cursor that is off is not in the picture")
{
	static const uint32_t white[WIDTH * HEIGHT];

	set_up();
	check_screen(white);
}

TEST("a cursor is in the picture where the device says")
{
	static const uint32_t expected[WIDTH * HEIGHT] = {
		0, 0, 0, 0,
		0, 0, 1, 2,
		0, 0, 3, 4,
	};

	set_up();
	device.cursor.on = true;
	device.cursor.x = 2;
	device.cursor.y = 1;
	check_screen(expected);
}

TEST("a cursor that is left of and above the screen is cut")
{
	static const uint32_t expected[WIDTH * HEIGHT] = { 3, 4 };

	set_up();
	device.cursor.on = true;
	device.cursor.x = 0;
	device.cursor.y = -1;
	check_screen(expected);
}

TEST("a primary plane that is not at its head's corner moves the cursor too")
{
	static const uint32_t expected[WIDTH * HEIGHT] = {
		0, 1, 2, 0,
		0, 3, 4, 0,
	};

	set_up();
	device.primary.x = 1919;
	device.primary.y = -10;
	device.cursor.on = true;
	device.cursor.x = 1920;
	device.cursor.y = -10;
	check_screen(expected);
}

TEST("another head is asked for its planes and named in the file's name")
{
	const struct options options = { .pid = 1, .head = 2 };
	uint32_t pixels[WIDTH * HEIGHT];

	set_up();
	device.info.heads = 3;
	strcpy(device.info.device, "a/../b");
	shoot_pixels(pixels, "planefd-a____b-head2.png", &options);
	CHECK_EQ(head_asked, 2);
}

static void check_refused(enum status status, const char *line)
{
	struct capture shot;

	shoot(&shot, &defaults);
	CHECK_EQ(shot.status, status);
	CHECK_STR(shot.out, "");
	CHECK_STR(shot.err, line);
	CHECK_ERRNO(access("shot.png", F_OK), ENOENT);
}

TEST("a plane that is not linear is told with its modifier")
{
	set_up();
	device.primary.modifier = UINT64_C(0x0100000000000001);
	check_refused(STATUS_ERROR,
		      "planefd: device shows XRGB8888 with modifier "
		      "0x100000000000001; only linear planes can be read\n");
}

TEST("a format that cannot be converted is told by its letters")
{
	set_up();
	device.primary.format = 0x3231564e;
	check_refused(STATUS_ERROR,
		      "planefd: device shows the format NV12 (0x3231564e), "
		      "which cannot be converted\n");
}

TEST("a cursor that cannot be converted is told as what it is")
{
	set_up();
	device.cursor.on = true;
	device.cursor.format = 0x20203852;
	check_refused(STATUS_ERROR,
		      "planefd: device shows the format R8?? (0x20203852), "
		      "which cannot be converted\n");
}

TEST("a plane that does not fit its buffer is told and not read")
{
	set_up();
	device.primary.height = 4097;
	check_refused(STATUS_ERROR, "planefd: device describes a plane that "
				    "does not fit its buffer\n");
}

TEST("a device that goes meanwhile, or has no buffer to spare, is told")
{
	set_up();
	device.create_error = -ENODEV;
	check_refused(STATUS_NOTHING, "planefd: device has just gone\n");
	device.create_error = -ENOSPC;
	check_refused(STATUS_ERROR,
		      "planefd: cannot take a buffer of device: there are too "
		      "many; close some of its viewers\n");
}

TEST("a signal that ends nothing is no error while a buffer is waited for")
{
	static const uint32_t white[WIDTH * HEIGHT];

	set_up();
	device.signals = 3;
	check_screen(white);
	CHECK_EQ(device.signals, 0);
}

TEST("memory that the guest takes away while it is read is told, no SIGBUS")
{
	set_up();
	device.taken_away = true;
	check_refused(STATUS_ERROR,
		      "planefd: the guest of device took its picture away "
		      "while it was read; try again\n");
}

TEST("a device without heads or without a primary plane has none to shoot")
{
	set_up();
	device.info.heads = 0;
	check_refused(STATUS_NOTHING, "planefd: device has no heads\n");
	device.info.heads = 1;
	device.info.primaries = 0;
	check_refused(STATUS_NOTHING, "planefd: device has no primary plane\n");
}

/* Shoots with --json; the answer is to be given back */
static struct json_object *shoot_json(void)
{
	const struct options options = {
		.pid = 1, .output = "shot.png", .json = true,
	};
	struct capture shot;

	CHECK(mkdtemp(directory));
	CHECK_OK(chdir(directory));
	shoot(&shot, &options);
	CHECK_STR(shot.err, "");
	CHECK_OK(unlink("shot.png"));
	CHECK_OK(rmdir(directory));
	struct json_object *json = json_tokener_parse(shot.out);
	CHECK(json);
	return json;
}

TEST("the sequence of a plane that holds still is told, with the cursor")
{
	set_up();
	device.cursor.on = true;
	struct json_object *json = shoot_json();
	CHECK_EQ(json_object_get_int(json_object_object_get(json, "sequence")),
		 7);
	CHECK(json_object_get_boolean(json_object_object_get(json, "cursor")));
	CHECK_EQ(device.takes, 2);
	json_object_put(json);
}

TEST("a plane that never holds still is shot, its sequence untold")
{
	struct json_object *sequence;

	set_up();
	device.always_changing = true;
	struct json_object *json = shoot_json();
	CHECK(json_object_object_get_ex(json, "sequence", &sequence));
	CHECK(!sequence);
	CHECK(!json_object_get_boolean(json_object_object_get(json, "cursor")));
	CHECK_LT(device.takes, 100);
	json_object_put(json);
}
