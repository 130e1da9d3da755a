// SPDX-License-Identifier: GPL-2.0-or-later
/* planefd list and info against real devices in VMMs that know nothing. */
#include "run.h"
#include "screen.h"

#include "test.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct bochs_mode mode = {
	.width = 1024, .height = 768, .bpp = 16,
};

static struct run run;
static struct screen screen;

/* As many manager fds of a device as it gives out, kept open */
static void fill(const struct device *device)
{
	const struct rlimit limit = { 1024, 1024 };
	uint32_t type = VFIO_DEVICE_DMABUF_MGR_FD;

	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	while (ioctl(device->fd, VFIO_DEVICE_GET_FD, &type) >= 0)
		;
	CHECK_EQ(errno, EUSERS);
}

static struct json_object *get(struct json_object *json, const char *key)
{
	struct json_object *value = json_object_object_get(json, key);

	if (!value)
		test_fail(__FILE__, __LINE__, "there is no %s", key);
	return value;
}

static int64_t number(struct json_object *json, const char *key)
{
	return json_object_get_int64(get(json, key));
}

static const char *text(struct json_object *json, const char *key)
{
	return json_object_get_string(get(json, key));
}

static struct json_object *parse(void)
{
	struct json_object *json;

	CHECK_STR(run.err, "");
	CHECK_EQ(run.status, 0);
	json = json_tokener_parse(run.out);
	CHECK(json);
	return json;
}

/* The display of this process among those listed */
static struct json_object *find(struct json_object *list, int pid)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *json = json_object_array_get_idx(list, i);
		if (number(json, "pid") == pid)
			return json;
	}
	test_fail(__FILE__, __LINE__, "process %d is not listed", pid);
}

static struct json_object *primary(struct json_object *display)
{
	struct json_object *heads = get(display, "heads");
	CHECK_EQ(json_object_array_length(heads), 1);
	struct json_object *planes =
		get(json_object_array_get_idx(heads, 0), "planes");
	CHECK_EQ(json_object_array_length(planes), 1);
	return json_object_array_get_idx(planes, 0);
}

/* The line of the text that begins with this pid; the rest of it is lost */
static const char *line_of(const char *pid)
{
	size_t length = strlen(pid);

	for (char *line = strtok(run.out, "\n"); line;
	     line = strtok(NULL, "\n")) {
		line += strspn(line, " ");
		if (!strncmp(line, pid, length) && line[length] == ' ')
			return line;
	}
	test_fail(__FILE__, __LINE__, "there is no line of %s", pid);
}

TEST("list names pid, VMM, device, head, state and mode")
{
	char expected[256];

	screen_create(&screen, &mode, 1);
	const char *pid = vmm_start("qemu-like");
	RUN(&run, "list");
	CHECK_STR(run.err, "");
	CHECK_EQ(run.status, 0);
	const char *line = line_of(pid);
	char words[6][64] = { { 0 } };
	CHECK_EQ(sscanf(line, "%*d %63s %63s %63s %63s %63s %63s", words[0],
			words[1], words[2], words[3], words[4], words[5]), 6);
	snprintf(expected, sizeof(expected), "qemu-like %s 0 on 1024x768 "
		 "RGB565", screen.device.uuid);
	char got[512];
	snprintf(got, sizeof(got), "%s %s %s %s %s %s", words[0], words[1],
		 words[2], words[3], words[4], words[5]);
	CHECK_STR(got, expected);
}

TEST("list says of a display that is off that it is off")
{
	screen_create(&screen, &mode, 2);
	bochs_off(&screen.device);
	const char *pid = vmm_start("vmm");
	RUN(&run, "list");
	CHECK_STR(run.err, "");
	const char *line = line_of(pid);
	CHECK(strstr(line, " off "));
	CHECK(!strstr(line, "1024x768"));

	RUN(&run, "list", "--json");
	struct json_object *list = parse();
	struct json_object *plane = primary(find(list, atoi(pid)));
	CHECK(!json_object_get_boolean(get(plane, "on")));
	CHECK(!json_object_object_get(plane, "width"));
	json_object_put(list);
}

TEST("list has every display of every VMM")
{
	struct screen other;
	char first[16];
	char second[16];

	screen_create(&screen, &mode, 3);
	snprintf(first, sizeof(first), "%s", vmm_start("first"));
	/* The second VMM has both devices, the first one */
	screen_create(&other, &mode, 4);
	snprintf(second, sizeof(second), "%s", vmm_start("second"));

	RUN(&run, "list", "--json");
	struct json_object *list = parse();
	size_t count = json_object_array_length(list);
	/* One, two, and the two of this process itself */
	CHECK_EQ(count, 5);
	int of_second = 0;
	for (size_t i = 0; i < count; i++) {
		struct json_object *json = json_object_array_get_idx(list, i);
		if (number(json, "pid") == atoi(second))
			of_second++;
	}
	CHECK_EQ(of_second, 2);
	struct json_object *json = find(list, atoi(first));
	CHECK_STR(text(json, "vmm"), "first");
	CHECK_STR(text(json, "device"), screen.device.uuid);
	json_object_put(list);
}

TEST("a VMM's name cannot steer the terminal")
{
	screen_create(&screen, &mode, 5);
	const char *pid = vmm_start("a\033[2J\nb\xff");
	RUN(&run, "list");
	CHECK_EQ(run.status, 0);
	CHECK(!memchr(run.out, '\033', run.out_size));
	const char *line = line_of(pid);
	CHECK(strstr(line, "a\\x1b[2J\\x0ab\\xff "));

	RUN(&run, "list", "--json");
	struct json_object *list = parse();
	CHECK_STR(text(find(list, atoi(pid)), "vmm"), "a\\x1b[2J\\x0ab\\xff");
	json_object_put(list);
}

TEST("list --verbose says how many processes it could not look into")
{
	screen_create(&screen, &mode, 6);
	RUN(&run, "list", "--verbose");
	CHECK_EQ(run.status, 0);
	CHECK_STR(run.err, "planefd: 0 processes could not be looked into\n");
}

TEST("list as a user without the permission says so, with 4")
{
	screen_create(&screen, &mode, 7);
	run_planefd_as_nobody(&run, (const char *const[]){ "list", NULL });
	CHECK_EQ(run.status, 4);
	CHECK_EQ(run.out_size, 0);
	CHECK(!strncmp(run.err, "planefd: no display found, but ", 31));
	CHECK(strstr(run.err, "run as root or with CAP_SYS_PTRACE\n"));
}

TEST("without a display list says that no VMM has a VFIO device, with 3")
{
	RUN(&run, "list");
	CHECK_FAILS(&run, 3, "no display found: no running VMM has a VFIO "
			     "device open; start one with a vfio_bochs or "
			     "vfio_virtio_gpu device");
}

TEST("info --json tells all of the device and its plane")
{
	static const struct bochs_mode odd = { 201, 103, 24, 333, 1, 1 };

	screen_create(&screen, &odd, 8);
	const char *pid = vmm_start("vmm");
	RUN(&run, "info", "--pid", pid, "--json");
	struct json_object *json = parse();
	CHECK_EQ(number(json, "pid"), atoi(pid));
	CHECK_STR(text(json, "device"), screen.device.uuid);
	CHECK_EQ(json_object_array_length(get(json, "caps")), 1);
	CHECK_STR(json_object_get_string(
			  json_object_array_get_idx(get(json, "caps"), 0)),
		  "flips");
	CHECK_STR(json_object_get_string(
			  json_object_array_get_idx(get(json, "rights"), 0)),
		  "writable");

	struct json_object *plane = primary(json);
	CHECK_STR(text(plane, "type"), "primary");
	CHECK_EQ(number(plane, "id"), 1);
	CHECK(json_object_get_boolean(get(plane, "on")));
	CHECK_EQ(number(plane, "width"), 201);
	CHECK_EQ(number(plane, "height"), 103);
	CHECK_EQ(number(plane, "stride"), 999);
	CHECK_STR(text(plane, "format"), "RGB888");
	CHECK_STR(text(plane, "start"), "0xe00003ea");
	CHECK_EQ(number(plane, "offset"), 1002);
	CHECK_EQ(number(plane, "x"), 0);
	CHECK(json_object_object_get_ex(plane, "hot_x", NULL));
	CHECK(!json_object_object_get(plane, "hot_x"));
	CHECK_EQ(number(get(plane, "damage"), "width"), 201);
	CHECK_EQ(number(get(plane, "damage"), "height"), 103);
	json_object_put(json);
}

TEST("info for people tells the same")
{
	static const char *const facts[] = {
		"primary 0: 1024x768 RGB565", "caps     flips\n",
		"rights   writable", "stride 2048", "guest address 0xe0000000",
		"hot spot unknown,unknown", "(vmm)",
	};

	screen_create(&screen, &mode, 9);
	const char *pid = vmm_start("vmm");
	RUN(&run, "info", "--pid", pid);
	CHECK_STR(run.err, "");
	CHECK_EQ(run.status, 0);
	CHECK(strstr(run.out, screen.device.uuid));
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (!strstr(run.out, facts[i]))
			test_fail(__FILE__, __LINE__, "no '%s' in: %s",
				  facts[i], run.out);
}

TEST("a device that is full is listed as full, and hides no other")
{
	struct screen other;
	char line[256];
	char pid[16];

	screen_create(&screen, &mode, 10);
	screen_create(&other, &mode, 11);
	fill(&screen.device);
	snprintf(pid, sizeof(pid), "%d", getpid());
	RUN(&run, "list");
	CHECK_EQ(run.status, 0);
	snprintf(line, sizeof(line), "planefd: %s of process %s (list) has as "
		 "many viewers as it may have; close some of them\n",
		 screen.device.uuid, pid);
	CHECK_STR(run.err, line);
	snprintf(line, sizeof(line), "%s     -  full   -  ",
		 screen.device.uuid);
	CHECK(strstr(run.out, line));
	snprintf(line, sizeof(line), "%s     0  on     1024x768 RGB565 ",
		 other.device.uuid);
	CHECK(strstr(run.out, line));
}

TEST("list --json has a full device with its error and without heads")
{
	struct screen other;

	screen_create(&screen, &mode, 12);
	screen_create(&other, &mode, 13);
	fill(&screen.device);
	RUN(&run, "list", "--json");
	CHECK_EQ(run.status, 0);
	struct json_object *list = json_tokener_parse(run.out);
	CHECK(list);
	CHECK_EQ(json_object_array_length(list), 2);
	for (size_t i = 0; i < 2; i++) {
		struct json_object *json = json_object_array_get_idx(list, i);
		bool full = !strcmp(text(json, "device"), screen.device.uuid);

		CHECK_EQ(number(json, "pid"), getpid());
		CHECK_EQ(json_object_array_length(get(json, "heads")), !full);
		CHECK_EQ(json_object_object_get_ex(json, "error", NULL), full);
		if (!full)
			continue;
		CHECK_STR(text(json, "error"), "full");
		CHECK_EQ(number(json, "fd"), screen.device.fd);
	}
	json_object_put(list);
}

TEST("where every display is full list shows them all, with 1")
{
	char line[256];
	char pid[16];

	screen_create(&screen, &mode, 14);
	fill(&screen.device);
	snprintf(pid, sizeof(pid), "%d", getpid());
	RUN(&run, "list");
	CHECK_EQ(run.status, 1);
	snprintf(line, sizeof(line), "%s     -  full   -  ",
		 screen.device.uuid);
	CHECK(strstr(line_of(pid), line));
	snprintf(line, sizeof(line), "planefd: %s of process %s (list) has as "
		 "many viewers as it may have; close some of them\n",
		 screen.device.uuid, pid);
	CHECK_STR(run.err, line);
}

TEST("a full device keeps no other from being chosen by its UUID")
{
	struct screen other;
	char line[256];

	screen_create(&screen, &mode, 15);
	screen_create(&other, &mode, 16);
	fill(&screen.device);
	RUN(&run, "info", "--device", other.device.uuid);
	CHECK_STR(run.err, "");
	CHECK_EQ(run.status, 0);
	CHECK(strstr(run.out, other.device.uuid));
	RUN(&run, "info", "--device", screen.device.uuid);
	snprintf(line, sizeof(line), "%s of process %d (list) has as many "
		 "viewers as it may have; close some of them",
		 screen.device.uuid, getpid());
	CHECK_FAILS(&run, 1, line);
	/* Two displays are two, though only one can be looked at */
	RUN(&run, "info");
	CHECK_EQ(run.status, 2);
	CHECK(strstr(run.err, screen.device.uuid));
	CHECK(strstr(run.err, other.device.uuid));
}
