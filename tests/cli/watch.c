// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * planefd watch of the bochs display and of the test display: every kind of
 * event, what it costs between them, and how it ends.
 */
#include "follow.h"
#include "run.h"

#include "bochs.h"
#include "display.h"
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct bochs_mode first_mode = {
	.width = 320, .height = 200, .bpp = 32,
};

static struct device device;
static struct follow follow;
static struct run run;

static const char *flip_line(int manager, uint32_t plane_id)
{
	static char line[64];
	const char *name = plane_id == OVERLAY_ID(1) ? " overlay 0" : "";
	union plane_query query;

	CHECK_OK(plane_query(manager, plane_id, &query));
	snprintf(line, sizeof(line), "head %u%s flip buffer %llu",
		 plane_id >> 16, name,
		 (unsigned long long)query.ext.buffer_id);
	return line;
}

TEST("the bochs display's modes, flips, off and end are told as they come")
{
	static const struct bochs_mode other = { 201, 103, 16, 1001, 3, 4 };

	bochs_create(&device, TYPE_16M, &first_mode);
	int manager = manager_open(&device);
	FOLLOW(&follow, "--device", device.uuid);
	CHECK_EVENT(&follow, "head 0 mode 320x200 XRGB8888");

	follow.last_ns = test_now();
	bochs_pan(&device, 0, 7);
	CHECK_EVENT(&follow, flip_line(manager, PRIMARY));
	bochs_pan(&device, 0, 0);
	CHECK_EVENT(&follow, flip_line(manager, PRIMARY));
	follow.last_ns = test_now();
	bochs_off(&device);
	CHECK_EVENT(&follow, "head 0 off");
	bochs_set_mode(&device, &other);
	CHECK_EVENT(&follow, "head 0 mode 201x103 RGB565");
	bochs_blank(&device, true);
	CHECK_EVENT(&follow, "head 0 off");
	close(manager);
	follow.last_ns = test_now();
	device_close(&device);
	CHECK_EVENT(&follow, "gone");
	follow_check_end(&follow, 0);
}

TEST("a display that is off, and never was on, is told as off")
{
	device_create(&device, TYPE_16M);
	FOLLOW(&follow, NULL);
	CHECK_STR(follow_line(&follow), "0.000000 head 0 off");
	device_close(&device);
	CHECK_EVENT(&follow, "gone");
	follow_check_end(&follow, 0);
}

static void set(uint32_t plane_id, enum display_register reg, uint32_t value)
{
	display_set(&device, plane_id, reg, value);
}

static void show(uint32_t plane_id, uint32_t format, uint32_t offset)
{
	const struct display_picture picture = {
		format, 8, 4, 32, MEMORY_BAR, offset,
	};

	set(plane_id, DISPLAY_HOT_X, 5);
	set(plane_id, DISPLAY_HOT_Y, 3);
	display_show(&device, plane_id, &picture);
}

static void commit(uint32_t plane_id, enum display_register reg, uint32_t value)
{
	set(plane_id, reg, value);
	set(plane_id, DISPLAY_COMMIT, COMMIT_FLIP);
}

TEST("every kind of change of every kind of plane has its line")
{
	display_create(&device);
	int manager = manager_open(&device);
	show(PRIMARY_ID(1), FOURCC_XRGB8888, 0);
	FOLLOW(&follow, "--head", "all");
	CHECK_EVENT(&follow, "head 0 off");
	CHECK_EVENT(&follow, "head 1 mode 8x4 XRGB8888");

	show(OVERLAY_ID(1), FOURCC_ARGB8888, 0x1000);
	CHECK_EVENT(&follow, "head 1 overlay 0 mode 8x4 ARGB8888");
	commit(OVERLAY_ID(1), DISPLAY_OFFSET, 0x2000);
	CHECK_EVENT(&follow, flip_line(manager, OVERLAY_ID(1)));
	commit(OVERLAY_ID(1), DISPLAY_X, (uint32_t)-6);
	CHECK_EVENT(&follow, "head 1 overlay 0 move to -6,0");
	display_damage(&device, PRIMARY_ID(1), 1, 2, 3, 1);
	CHECK_EVENT(&follow, "head 1 damage 3x1 at 1,2");
	display_damage(&device, OVERLAY_ID(1), 7, 3, 9, 9);
	CHECK_EVENT(&follow, "head 1 overlay 0 damage 1x1 at 7,3");
	commit(PRIMARY_ID(1), DISPLAY_FORMAT, FOURCC_ARGB8888);
	CHECK_EVENT(&follow, "head 1 mode 8x4 ARGB8888");
	commit(PRIMARY_ID(1), DISPLAY_HEIGHT, 3);
	CHECK_EVENT(&follow, "head 1 mode 8x3 ARGB8888");
	commit(PRIMARY_ID(1), DISPLAY_STRIDE, 64);
	CHECK_EVENT(&follow, flip_line(manager, PRIMARY_ID(1)));
	commit(OVERLAY_ID(1), DISPLAY_ON, 0);
	CHECK_EVENT(&follow, "head 1 overlay 0 off");
	commit(PRIMARY_ID(1), DISPLAY_ON, 0);
	CHECK_EVENT(&follow, "head 1 off");
}

TEST("with --head only that head is told, and at the end gone")
{
	display_create(&device);
	FOLLOW(&follow, "--head", "1");
	CHECK_EVENT(&follow, "head 1 off");
	show(PRIMARY_ID(0), FOURCC_XRGB8888, 0);
	show(PRIMARY_ID(1), FOURCC_XRGB8888, 0);
	CHECK_EVENT(&follow, "head 1 mode 8x4 XRGB8888");
	commit(PRIMARY_ID(0), DISPLAY_ON, 0);
	commit(PRIMARY_ID(1), DISPLAY_ON, 0);
	CHECK_EVENT(&follow, "head 1 off");
	device_close(&device);
	CHECK_EVENT(&follow, "gone");
	follow_check_end(&follow, 0);
}

TEST("changes that come while nobody reads are one line, with all the damage")
{
	display_create(&device);
	show(PRIMARY_ID(0), FOURCC_XRGB8888, 0);
	FOLLOW(&follow, "--head", "0");
	CHECK_EVENT(&follow, "head 0 mode 8x4 XRGB8888");
	follow_wait_asleep(&follow);
	CHECK_OK(kill(follow.pid, SIGSTOP));
	CHECK_EQ(waitpid(follow.pid, NULL, WUNTRACED), follow.pid);
	display_damage(&device, PRIMARY_ID(0), 6, 3, 1, 1);
	display_damage(&device, PRIMARY_ID(0), 1, 1, 2, 1);
	CHECK_OK(kill(follow.pid, SIGCONT));
	CHECK_EVENT(&follow, "head 0 damage 6x3 at 1,1");
	follow_wait_asleep(&follow);
	CHECK_OK(kill(follow.pid, SIGSTOP));
	CHECK_EQ(waitpid(follow.pid, NULL, WUNTRACED), follow.pid);
	display_damage(&device, PRIMARY_ID(0), 6, 3, 1, 1);
	commit(PRIMARY_ID(0), DISPLAY_ON, 0);
	commit(PRIMARY_ID(0), DISPLAY_WIDTH, 5);
	commit(PRIMARY_ID(0), DISPLAY_ON, 1);
	CHECK_OK(kill(follow.pid, SIGCONT));
	CHECK_EVENT(&follow, "head 0 mode 5x4 XRGB8888");
}

TEST("planes that change in one go are told in the order of their changes")
{
	display_create(&device);
	FOLLOW(&follow, NULL);
	CHECK_EVENT(&follow, "head 0 off");
	CHECK_EVENT(&follow, "head 1 off");
	follow_wait_asleep(&follow);
	CHECK_OK(kill(follow.pid, SIGSTOP));
	CHECK_EQ(waitpid(follow.pid, NULL, WUNTRACED), follow.pid);
	show(PRIMARY_ID(1), FOURCC_XRGB8888, 0);
	show(OVERLAY_ID(0), FOURCC_XRGB8888, 0);
	show(PRIMARY_ID(0), FOURCC_XRGB8888, 0);
	CHECK_OK(kill(follow.pid, SIGCONT));
	CHECK_EVENT(&follow, "head 1 mode 8x4 XRGB8888");
	CHECK_EVENT(&follow, "head 0 overlay 0 mode 8x4 XRGB8888");
	CHECK_EVENT(&follow, "head 0 mode 8x4 XRGB8888");
}

TEST("while nothing changes it is not run, whatever else is done")
{
	const struct bochs_mode mode = { 64, 64, 32, 0, 0, 0 };
	union plane_query query;

	bochs_create(&device, TYPE_16M, &first_mode);
	FOLLOW(&follow, NULL);
	CHECK_EVENT(&follow, "head 0 mode 320x200 XRGB8888");
	follow_wait_asleep(&follow);
	uint64_t before = follow_runs(&follow);

	/* Others look, and the guest does what no viewer can see */
	int manager = manager_open(&device);
	for (int i = 0; i < 1000; i++) {
		CHECK_OK(plane_query(manager, PRIMARY, &query));
		region_set(&device, BAR0, 0, 4, (uint64_t)i);
		bochs_write(&device, DISPI_BANK, (uint16_t)i);
	}
	RUN(&run, "info", "--device", device.uuid);
	CHECK_EQ(run.status, 0);
	follow_wait_asleep(&follow);
	CHECK_EQ(follow_runs(&follow), before);

	bochs_off(&device);
	CHECK_EVENT(&follow, "head 0 off");
	bochs_set_mode(&device, &mode);
	CHECK_EVENT(&follow, "head 0 mode 64x64 XRGB8888");
	follow_wait_asleep(&follow);
	CHECK_GT(follow_runs(&follow), before);
}

TEST("a guest that flips as fast as it can is followed up to its last flip")
{
	const struct bochs_mode mode = { 320, 200, 32, 0, 0, 0 };
	uint64_t sequence = 0;
	const char *start;

	bochs_create(&device, TYPE_16M, &mode);
	FOLLOW(&follow, "--json");
	json_object_put(follow_json(&follow));
	for (int i = 0; i < 2000; i++)
		bochs_pan(&device, 0, (uint16_t)(i + 1));
	bochs_pan(&device, 0, 3000);
	do {
		struct json_object *json = follow_json(&follow);
		uint64_t next = json_object_get_uint64(
			json_object_object_get(json, "sequence"));

		CHECK_GT(next, sequence);
		sequence = next;
		CHECK_STR(json_object_get_string(
				  json_object_object_get(json, "event")),
			  "flip");
		start = json_object_get_string(
			json_object_object_get(json, "start"));
		/* 3000 lines of 1280 bytes into VRAM */
		if (!strcmp(start, "0xe03a9800"))
			start = NULL;
		json_object_put(json);
	} while (start);
	/* And that was the last one */
	bochs_off(&device);
	struct json_object *off = follow_json(&follow);
	CHECK_STR(json_object_get_string(json_object_object_get(off, "event")),
		  "off");
	json_object_put(off);
}

static void hold(void *arg)
{
	(void)arg;
	for (;;)
		pause();
}

TEST("when the VMM is killed the watch says gone and ends with 0")
{
	char pid[16];

	bochs_create(&device, TYPE_16M, &first_mode);
	bochs_off(&device);
	pid_t vmm = test_fork(hold, NULL);
	device_close(&device);
	snprintf(pid, sizeof(pid), "%d", (int)vmm);
	FOLLOW(&follow, "--pid", pid);
	CHECK_EVENT(&follow, "head 0 off");
	follow.last_ns = test_now();
	test_kill(vmm);
	CHECK_EVENT(&follow, "gone");
	follow_check_end(&follow, 0);
}

TEST("SIGINT, SIGTERM and SIGHUP end it by that signal, without a word")
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	bochs_create(&device, TYPE_16M, &first_mode);
	for (size_t i = 0; i < 3; i++) {
		FOLLOW(&follow, NULL);
		CHECK_EVENT(&follow, "head 0 mode 320x200 XRGB8888");
		CHECK_OK(kill(follow.pid, signals[i]));
		follow_check_end(&follow, signals[i]);
	}
}

TEST("a reader that goes ends it at once, with 6, though nothing changes")
{
	char error[256] = "";
	int status;

	bochs_create(&device, TYPE_16M, &first_mode);
	FOLLOW(&follow, NULL);
	CHECK_EVENT(&follow, "head 0 mode 320x200 XRGB8888");
	follow_wait_asleep(&follow);
	fclose(follow.out);
	CHECK(fgets(error, sizeof(error), follow.err));
	CHECK_STR(error, "planefd: cannot write to the standard output: Broken "
			 "pipe\n");
	CHECK_EQ(waitpid(follow.pid, &status, 0), follow.pid);
	CHECK_EQ(status, 6 << 8);
}

static void watch_full(void *arg)
{
	(void)arg;
	int full = (int)CHECK_OK(open("/dev/full", O_WRONLY));
	CHECK_OK(dup2(full, STDOUT_FILENO));
	CHECK_OK(execl(PLANEFD_PATH, "planefd", "watch", (char *)NULL));
}

TEST("output that cannot be written ends it, with 6")
{
	int status;

	bochs_create(&device, TYPE_16M, &first_mode);
	pid_t pid = test_fork(watch_full, NULL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 6 << 8);
}

TEST("a head that the device has not is told, with 3")
{
	char line[256];

	bochs_create(&device, TYPE_16M, &first_mode);
	RUN(&run, "watch", "--head", "1");
	snprintf(line, sizeof(line), "%s has no head 1; its heads are 0 to 0",
		 device.uuid);
	CHECK_FAILS(&run, 3, line);
}

TEST("a display that takes no requests for a mode says so, with 1")
{
	char line[256];

	bochs_create(&device, TYPE_16M, &first_mode);
	RUN(&run, "mode", "800x600");
	snprintf(line, sizeof(line), "%s takes no request for a mode; a "
		 "vfio_virtio_gpu device does", device.uuid);
	CHECK_FAILS(&run, 1, line);
}
