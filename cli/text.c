// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints for people what is JSON for programs. */
#include "text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MODE_SIZE 64

static const char *text(struct json_object *json, const char *key)
{
	const char *value = json_object_get_string(
		json_object_object_get(json, key));

	return value ? value : "unknown";
}

static uint64_t number(struct json_object *json, const char *key)
{
	return json_object_get_uint64(json_object_object_get(json, key));
}

static bool is_on(struct json_object *plane)
{
	return json_object_get_boolean(json_object_object_get(plane, "on"));
}

/* "1024x768 XRGB8888" */
static const char *mode(struct json_object *plane, char buffer[MODE_SIZE])
{
	snprintf(buffer, MODE_SIZE, "%" PRIu64 "x%" PRIu64 " %s",
		 number(plane, "width"), number(plane, "height"),
		 text(plane, "format"));
	return buffer;
}

/* The head's first plane of the type, NULL if it has none */
static struct json_object *find_plane(struct json_object *head,
				      const char *type)
{
	struct json_object *planes = json_object_object_get(head, "planes");

	for (size_t i = 0; i < json_object_array_length(planes); i++) {
		struct json_object *plane =
			json_object_array_get_idx(planes, i);
		if (!strcmp(text(plane, "type"), type))
			return plane;
	}
	return NULL;
}

static int place(struct json_object *plane, const char *key)
{
	return json_object_get_int(json_object_object_get(plane, key));
}

static void print_head(struct json_object *display, struct json_object *head,
		       int vmm_width, int device_width)
{
	struct json_object *plane = find_plane(head, "primary");
	struct json_object *cursor = find_plane(head, "cursor");
	bool on = plane && is_on(plane);
	char buffer[MODE_SIZE];

	printf("%7" PRIu64 "  %-*s  %-*s  %4" PRIu64 "  %-5s  %-20s  ",
	       number(display, "pid"), vmm_width, text(display, "vmm"),
	       device_width, text(display, "device"), number(head, "head"),
	       on ? "on" : "off", on ? mode(plane, buffer) : "-");
	/* A cursor plane may be on where nothing is shown below it */
	if (on && cursor && is_on(cursor))
		printf("%" PRIu64 "x%" PRIu64 " at %d,%d\n",
		       number(cursor, "width"), number(cursor, "height"),
		       place(cursor, "x"), place(cursor, "y"));
	else
		puts("-");
}

/* One that cannot be looked at */
static void print_failed(struct json_object *display, int vmm_width,
			 int device_width)
{
	bool full = !strcmp(text(display, "error"), "full");

	printf("%7" PRIu64 "  %-*s  %-*s  %4s  %-5s  %-20s  -\n",
	       number(display, "pid"), vmm_width, text(display, "vmm"),
	       device_width, text(display, "device"), "-",
	       full ? "full" : "error", "-");
}

static int widest(struct json_object *displays, const char *key)
{
	size_t width = strlen(key);

	for (size_t i = 0; i < json_object_array_length(displays); i++) {
		const char *value =
			text(json_object_array_get_idx(displays, i), key);
		if (strlen(value) > width)
			width = strlen(value);
	}
	return (int)width;
}

void print_list(struct json_object *displays)
{
	int vmm_width = widest(displays, "vmm");
	int device_width = widest(displays, "device");

	printf("%7s  %-*s  %-*s  %4s  %-5s  %-20s  %s\n", "PID", vmm_width,
	       "VMM", device_width, "DEVICE", "HEAD", "STATE", "MODE",
	       "CURSOR");
	for (size_t i = 0; i < json_object_array_length(displays); i++) {
		struct json_object *display =
			json_object_array_get_idx(displays, i);
		struct json_object *heads =
			json_object_object_get(display, "heads");
		if (json_object_object_get(display, "error"))
			print_failed(display, vmm_width, device_width);
		for (size_t j = 0; j < json_object_array_length(heads); j++)
			print_head(display, json_object_array_get_idx(heads, j),
				   vmm_width, device_width);
	}
}

static void print_names(const char *label, struct json_object *names)
{
	size_t count = json_object_array_length(names);

	printf("%-8s", label);
	for (size_t i = 0; i < count; i++)
		printf(" %s", json_object_get_string(
				     json_object_array_get_idx(names, i)));
	puts(count ? "" : " nothing");
}

static void print_changed(struct json_object *plane)
{
	uint64_t changed = number(plane, "changed_ns");
	struct timespec now;

	if (!changed) {
		puts("    never changed");
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	double age = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec -
		     1e-9 * (double)changed;
	printf("    change %" PRIu64 ", %.1f s ago\n",
	       number(plane, "sequence"), age > 0 ? age : 0);
}

static void print_plane(struct json_object *plane)
{
	char buffer[MODE_SIZE];
	bool on = is_on(plane);

	printf("  %s %" PRIu64 ": %s\n", text(plane, "type"),
	       number(plane, "index"), on ? mode(plane, buffer) : "off");
	if (on) {
		printf("    at %d,%d of the head, hot spot %s,%s\n",
		       place(plane, "x"), place(plane, "y"),
		       text(plane, "hot_x"), text(plane, "hot_y"));
		printf("    stride %" PRIu64 ", modifier %s, first pixel at "
		       "guest address %s\n", number(plane, "stride"),
		       text(plane, "modifier"), text(plane, "start"));
		printf("    dma-buf of %" PRIu64 " bytes, first pixel at %"
		       PRIu64 ", buffer %" PRIu64 "\n", number(plane, "size"),
		       number(plane, "offset"), number(plane, "buffer_id"));
	}
	print_changed(plane);
}

void print_info(struct json_object *display)
{
	struct json_object *heads = json_object_object_get(display, "heads");

	printf("%-8s %s\n", "device", text(display, "device"));
	printf("%-8s %" PRIu64 " (%s)\n", "process", number(display, "pid"),
	       text(display, "vmm"));
	print_names("caps", json_object_object_get(display, "caps"));
	print_names("rights", json_object_object_get(display, "rights"));
	for (size_t i = 0; i < json_object_array_length(heads); i++) {
		struct json_object *head = json_object_array_get_idx(heads, i);
		struct json_object *planes =
			json_object_object_get(head, "planes");

		printf("head %" PRIu64 "\n", number(head, "head"));
		for (size_t j = 0; j < json_object_array_length(planes); j++)
			print_plane(json_object_array_get_idx(planes, j));
	}
}

/* " head 1", and of other planes than its first primary one " overlay 0" */
static void print_subject(struct json_object *event)
{
	const char *type = text(event, "type");
	uint64_t index = number(event, "index");

	printf(" head %" PRIu64, number(event, "head"));
	if (!strcmp(type, "cursor") && !index)
		printf(" cursor");
	else if (strcmp(type, "primary") != 0 || index)
		printf(" %s %" PRIu64, type, index);
}

static void print_cursor(struct json_object *event)
{
	if (!is_on(event)) {
		puts(" off");
		return;
	}
	printf(" at %d,%d, hot spot %s,%s, buffer %" PRIu64 "\n",
	       place(event, "x"), place(event, "y"), text(event, "hot_x"),
	       text(event, "hot_y"), number(event, "buffer_id"));
}

static void print_damage(struct json_object *event)
{
	struct json_object *damage = json_object_object_get(event, "damage");

	printf(" %" PRIu64 "x%" PRIu64 " at %" PRIu64 ",%" PRIu64 "\n",
	       number(damage, "width"), number(damage, "height"),
	       number(damage, "x"), number(damage, "y"));
}

void print_event(struct json_object *event)
{
	const char *name = text(event, "event");
	uint64_t ns = number(event, "changed_ns");
	char buffer[MODE_SIZE];

	printf("%" PRIu64 ".%06" PRIu64, ns / 1000000000, ns / 1000 % 1000000);
	if (!strcmp(name, "gone")) {
		puts(" gone");
		return;
	}
	print_subject(event);
	if (!strcmp(name, "cursor")) {
		print_cursor(event);
		return;
	}
	printf(" %s", name);
	if (!strcmp(name, "mode"))
		printf(" %s\n", mode(event, buffer));
	else if (!strcmp(name, "flip"))
		printf(" buffer %" PRIu64 "\n", number(event, "buffer_id"));
	else if (!strcmp(name, "move"))
		printf(" to %d,%d\n", place(event, "x"), place(event, "y"));
	else if (!strcmp(name, "damage"))
		print_damage(event);
	else
		puts("");
}
