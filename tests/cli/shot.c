// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * planefd shot of a real device in a VMM that knows nothing of it: the PNG is
 * what was drawn, pixel for pixel.
 */
#include "run.h"
#include "screen.h"

#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHOT "/tmp/planefd-test-shot.png"

static const struct bochs_mode plain_mode = {
	.width = 320, .height = 200, .bpp = 32,
};

static struct run run;
static struct screen screen;

/* Shoot the VMM's screen and compare; again after each change of mode */
static void check_format(uint16_t bpp)
{
	const struct bochs_mode modes[] = {
		{ 320, 200, bpp, 0, 0, 0 },
		{ 320, 200, bpp, 0, 0, 77 },
		{ 319, 201, bpp, 0, 0, 0 },
		{ 201, 103, bpp, 333, 1, 1 },
		{ 201, 103, bpp, 1001, 333, 45 },
	};

	screen_create(&screen, &modes[0], 1);
	const char *pid = vmm_start("vmm");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		screen_change(&screen, &modes[i], 100 + i);
		RUN(&run, "shot", "--pid", pid, "-o", SHOT);
		CHECK_STR(run.err, "");
		CHECK_EQ(run.status, 0);
		check_png_file(&screen, SHOT);
	}
}

TEST("a shot of XRGB8888 is the picture, panned and with odd strides")
{
	check_format(32);
}

TEST("a shot of RGB888 is the picture, panned and with odd strides")
{
	check_format(24);
}

TEST("a shot of RGB565 is the picture, panned and with odd strides")
{
	check_format(16);
}

TEST("a shot of XRGB1555 is the picture, panned and with odd strides")
{
	check_format(15);
}

TEST("a shot by the device's UUID needs no pid")
{
	char line[256];

	screen_create(&screen, &plain_mode, 2);
	RUN(&run, "shot", "--device", screen.device.uuid, "-o", SHOT);
	CHECK_STR(run.err, "");
	CHECK_EQ(run.status, 0);
	snprintf(line, sizeof(line), SHOT ": 320x200 XRGB8888 of %s\n",
		 screen.device.uuid);
	CHECK_STR(run.out, line);
	check_png_file(&screen, SHOT);
}

TEST("a device that two processes have open is one display")
{
	screen_create(&screen, &plain_mode, 3);
	vmm_start("vmm");
	RUN(&run, "shot", "-o", SHOT);
	CHECK_STR(run.err, "");
	CHECK_EQ(run.status, 0);
	check_png_file(&screen, SHOT);
}

TEST("without -o the file is named for the device, in this directory")
{
	char directory[] = "/tmp/planefd-shot-XXXXXX";
	char name[64];

	CHECK(mkdtemp(directory));
	CHECK_OK(chdir(directory));
	screen_create(&screen, &plain_mode, 4);
	RUN(&run, "shot");
	CHECK_STR(run.err, "");
	snprintf(name, sizeof(name), "planefd-%s.png", screen.device.uuid);
	check_png_file(&screen, name);
	CHECK_OK(rmdir(directory));
}

TEST("-o - writes the PNG to stdout and nothing else")
{
	/* Small: the pipe's reader keeps all of it */
	static const struct bochs_mode small = { 64, 64, 32, 0, 0, 0 };

	screen_create(&screen, &small, 5);
	RUN(&run, "shot", "-o", "-");
	CHECK_STR(run.err, "");
	CHECK_EQ(run.status, 0);
	check_png(&screen, run.out, run.out_size);
}

static uint64_t number(struct json_object *json, const char *key)
{
	struct json_object *value = json_object_object_get(json, key);

	if (!json_object_is_type(value, json_type_int))
		test_fail(__FILE__, __LINE__, "%s is no number", key);
	return json_object_get_uint64(value);
}

static const char *text(struct json_object *json, const char *key)
{
	struct json_object *value = json_object_object_get(json, key);

	if (!json_object_is_type(value, json_type_string))
		test_fail(__FILE__, __LINE__, "%s is no string", key);
	return json_object_get_string(value);
}

TEST("--json tells what was shot")
{
	static const struct bochs_mode mode = { 201, 103, 24, 333, 1, 1 };

	screen_create(&screen, &mode, 6);
	const char *pid = vmm_start("the vmm");
	RUN(&run, "shot", "--pid", pid, "--json", "-o", SHOT);
	CHECK_STR(run.err, "");
	struct json_object *json = json_tokener_parse(run.out);
	CHECK(json);
	CHECK_STR(text(json, "file"), SHOT);
	CHECK_EQ(number(json, "pid"), atoi(pid));
	CHECK_STR(text(json, "vmm"), "the vmm");
	CHECK_STR(text(json, "device"), screen.device.uuid);
	CHECK_EQ(number(json, "head"), 0);
	CHECK_EQ(number(json, "width"), 201);
	CHECK_EQ(number(json, "height"), 103);
	CHECK_STR(text(json, "format"), "RGB888");
	CHECK_STR(text(json, "modifier"), "0x0");
	CHECK_EQ(number(json, "stride"), 999);
	/* One line and one pixel into VRAM */
	CHECK_STR(text(json, "start"), "0xe00003ea");
	CHECK_EQ(number(json, "offset"), 1002);
	CHECK_NE(number(json, "sequence"), 0);
	CHECK(!json_object_get_boolean(json_object_object_get(json, "cursor")));
	json_object_put(json);
	check_png_file(&screen, SHOT);
}

TEST("a plane that is off is told, with 5, and leaves no file")
{
	char line[256];

	screen_create(&screen, &plain_mode, 7);
	bochs_off(&screen.device);
	RUN(&run, "shot", "-o", SHOT);
	snprintf(line, sizeof(line), "head 0 of %s is off: the guest shows "
		 "nothing there; try again when it does", screen.device.uuid);
	CHECK_FAILS(&run, 5, line);
	CHECK_ERRNO(access(SHOT, F_OK), ENOENT);
}

TEST("a head that the device has not is told, with 3")
{
	char line[256];

	screen_create(&screen, &plain_mode, 8);
	RUN(&run, "shot", "--head", "1", "-o", SHOT);
	snprintf(line, sizeof(line), "%s has no head 1; its heads are 0 to 0",
		 screen.device.uuid);
	CHECK_FAILS(&run, 3, line);
}

TEST("of several displays none is taken by chance, with 2")
{
	static const char begin[] = "planefd: there are several displays; "
				    "choose one with --device: ";
	struct screen other;

	screen_create(&screen, &plain_mode, 9);
	screen_create(&other, &plain_mode, 10);
	RUN(&run, "shot", "-o", SHOT);
	CHECK_EQ(run.status, 2);
	CHECK_EQ(run.out_size, 0);
	CHECK(!strncmp(run.err, begin, sizeof(begin) - 1));
	CHECK(strstr(run.err, screen.device.uuid));
	CHECK(strstr(run.err, other.device.uuid));
	RUN(&run, "shot", "--device", other.device.uuid, "-o", SHOT);
	CHECK_EQ(run.status, 0);
	check_png_file(&other, SHOT);
}

TEST("a device that no VMM has is told, with 3")
{
	screen_create(&screen, &plain_mode, 11);
	RUN(&run, "shot", "--device", "00000000-0000-0000-0000-000000000000");
	CHECK_FAILS(&run, 3, "no running VMM has a display '00000000-0000-0000-"
			     "0000-000000000000'; 'planefd list' names those "
			     "there are");
}

static int count_files(const char *path)
{
	int count = 0;
	DIR *dir = opendir(path);

	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

TEST("a disk that is full is told, with 6, and there is no half of a file")
{
	char directory[] = "/tmp/planefd-full-XXXXXX";
	char path[64];
	char line[256];

	screen_create(&screen, &plain_mode, 12);
	CHECK(mkdtemp(directory));
	CHECK_OK(mount("none", directory, "tmpfs", 0, "size=16k"));
	snprintf(path, sizeof(path), "%s/shot.png", directory);
	RUN(&run, "shot", "-o", path);
	int left = count_files(directory);
	CHECK_OK(umount(directory));
	CHECK_OK(rmdir(directory));
	snprintf(line, sizeof(line), "cannot write %s: the disk is full; make "
		 "room or choose another place with -o", path);
	CHECK_FAILS(&run, 6, line);
	CHECK_EQ(left, 0);

	RUN(&run, "shot", "-o", "/dev/full");
	CHECK_FAILS(&run, 6, "cannot write /dev/full: the disk is full; make "
			     "room or choose another place with -o");
}

TEST("a directory that is not there is told, with 6")
{
	screen_create(&screen, &plain_mode, 13);
	RUN(&run, "shot", "-o", "/tmp/planefd-none/shot.png");
	CHECK_FAILS(&run, 6, "cannot write /tmp/planefd-none/shot.png: No such "
			     "file or directory; choose another place with -o");
}

TEST_WITHIN(120, "a shot of a guest that flips all the time is one of its "
		 "pictures")
{
	struct bochs_mode mode = { 320, 200, 32, 0, 0, 0 };
	struct screen flipped;

	screen_create(&screen, &mode, 14);
	/* The same device shows a second picture below the first */
	flipped = screen;
	flipped.picture = NULL;
	mode.y = 200;
	screen_change(&flipped, &mode, 15);

	pid_t flipper = (pid_t)CHECK_OK(fork());
	if (!flipper)
		for (uint16_t y = 0;; y = (uint16_t)(200 - y))
			bochs_write(&screen.device, DISPI_Y_OFFSET, y);
	for (int i = 0; i < 10; i++) {
		struct json_object *json;

		RUN(&run, "shot", "--json", "-o", SHOT);
		CHECK_STR(run.err, "");
		CHECK_EQ(run.status, 0);
		json = json_tokener_parse(run.out);
		CHECK(json);
		bool second = !strcmp(text(json, "start"), "0xe003e800");
		check_png_file(second ? &flipped : &screen, SHOT);
		json_object_put(json);
	}
	kill(flipper, SIGKILL);
	CHECK_EQ(waitpid(flipper, NULL, 0), flipper);
}
