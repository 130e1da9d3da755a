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

static void print_head(struct json_object *display, struct json_object *head,
		       int vmm_width, int device_width)
{
	struct json_object *plane = find_plane(head, "primary");
	bool on = plane && is_on(plane);
	char buffer[MODE_SIZE];

	printf("%7" PRIu64 "  %-*s  %-*s  %4" PRIu64 "  %-5s  %s\n",
	       number(display, "pid"), vmm_width, text(display, "vmm"),
	       device_width, text(display, "device"), number(head, "head"),
	       on ? "on" : "off", on ? mode(plane, buffer) : "-");
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

	printf("%7s  %-*s  %-*s  %4s  %-5s  %s\n", "PID", vmm_width, "VMM",
	       device_width, "DEVICE", "HEAD", "STATE", "MODE");
	for (size_t i = 0; i < json_object_array_length(displays); i++) {
		struct json_object *display =
			json_object_array_get_idx(displays, i);
		struct json_object *heads =
			json_object_object_get(display, "heads");
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
		struct json_object *x = json_object_object_get(plane, "x");
		struct json_object *y = json_object_object_get(plane, "y");

		printf("    at %d,%d of the head, hot spot %s,%s\n",
		       json_object_get_int(x), json_object_get_int(y),
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
	print_names("tells of", json_object_object_get(display, "caps"));
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
