// SPDX-License-Identifier: GPL-2.0-or-later
/* A display becomes JSON. */
#include "describe.h"

#include "format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bit_name {
	uint32_t bit;
	const char *name;
};

static const struct bit_name cap_names[] = {
	{ PLANEFD_CAP_FLIPS, "flips" },
	{ PLANEFD_CAP_DAMAGE, "damage" },
	{ PLANEFD_CAP_HOT_SPOT, "hot-spot" },
	{ PLANEFD_CAP_MODE, "mode" },
	{ PLANEFD_CAP_COPIED, "copied" },
	{ 0, NULL },
};

static const struct bit_name right_names[] = {
	{ PLANEFD_RIGHT_WRITABLE, "writable" },
	{ PLANEFD_RIGHT_MODE, "mode" },
	{ 0, NULL },
};

static const char *const type_names[] = {
	[PLANEFD_OVERLAY] = "overlay",
	[PLANEFD_PRIMARY] = "primary",
	[PLANEFD_CURSOR] = "cursor",
};

struct json_object *json_text(const char *text)
{
	char *safe = text_safe(text);
	struct json_object *json = json_object_new_string(safe ? safe : "");

	free(safe);
	return json;
}

struct json_object *json_hex(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_object_new_string(text);
}

static void add_number(struct json_object *json, const char *key,
		       uint64_t value)
{
	json_object_object_add(json, key, json_object_new_uint64(value));
}

static void add_place(struct json_object *json, const char *key, uint32_t value)
{
	if (value == PLANEFD_UNKNOWN)
		json_object_object_add(json, key, NULL);
	else
		add_number(json, key, value);
}

static struct json_object *name_bits(uint32_t bits,
				     const struct bit_name *names)
{
	struct json_object *json = json_object_new_array();

	for (; names->name; names++)
		if (bits & names->bit)
			json_object_array_add(
				json, json_object_new_string(names->name));
	return json;
}

void describe_geometry(struct json_object *json,
		       const struct planefd_plane *plane)
{
	char name[FORMAT_NAME_SIZE];

	format_name(plane->format, name);
	add_number(json, "width", plane->width);
	add_number(json, "height", plane->height);
	json_object_object_add(json, "format", json_object_new_string(name));
	json_object_object_add(json, "modifier", json_hex(plane->modifier));
	add_number(json, "stride", plane->stride);
	json_object_object_add(json, "start", json_hex(plane->start));
	add_number(json, "offset", plane->offset);
	add_number(json, "size", plane->size);
}

static struct json_object *describe_damage(const struct planefd_plane *plane)
{
	struct json_object *json = json_object_new_object();

	add_number(json, "x", plane->damage.x);
	add_number(json, "y", plane->damage.y);
	add_number(json, "width", plane->damage.width);
	add_number(json, "height", plane->damage.height);
	return json;
}

void describe_plane(struct json_object *json, uint32_t id,
		    const struct planefd_plane *plane)
{
	const char *type = type_names[planefd_id_type(id)];

	json_object_object_add(json, "type", json_object_new_string(type));
	add_number(json, "index", planefd_id_index(id));
	add_number(json, "id", id);
	json_object_object_add(json, "on", json_object_new_boolean(plane->on));
	add_number(json, "sequence", plane->sequence);
	add_number(json, "changed_ns", plane->time_ns);
	if (!plane->on)
		return;
	describe_geometry(json, plane);
	json_object_object_add(json, "x", json_object_new_int(plane->x));
	json_object_object_add(json, "y", json_object_new_int(plane->y));
	add_place(json, "hot_x", plane->hot_x);
	add_place(json, "hot_y", plane->hot_y);
	add_number(json, "buffer_id", plane->buffer_id);
	json_object_object_add(json, "damage", describe_damage(plane));
}

/* Each with an array for its planes */
static struct json_object *describe_heads(const struct planefd_info *info)
{
	struct json_object *heads = json_object_new_array();

	for (uint32_t i = 0; i < info->heads; i++) {
		struct json_object *head = json_object_new_object();

		add_number(head, "head", i);
		json_object_object_add(head, "planes", json_object_new_array());
		json_object_array_add(heads, head);
	}
	return heads;
}

static int add_planes(const struct display *display, struct json_object *heads)
{
	struct planefd_plane plane;
	uint32_t id;

	for (uint32_t n = 0; !planefd_plane_nth(&display->info, n, &id); n++) {
		struct json_object *head;
		struct json_object *json;

		int ret = planefd_query(display->planefd, id, &plane);
		if (ret < 0)
			return ret;
		json = json_object_new_object();
		describe_plane(json, id, &plane);
		head = json_object_array_get_idx(heads, planefd_id_head(id));
		json_object_array_add(json_object_object_get(head, "planes"),
				      json);
	}
	return 0;
}

/* "full" is a word of its own, for programs */
static void add_error(struct json_object *json, const struct display *display)
{
	const char *error = display->error == -EUSERS ?
				    "full" :
				    strerror(-display->error);

	json_object_object_add(json, "fd", json_object_new_int(display->fd));
	json_object_object_add(json, "error", json_text(error));
}

int describe_display(const struct display *display, struct json_object **out)
{
	const struct planefd_info *info = &display->info;
	struct json_object *json = json_object_new_object();
	struct json_object *heads = describe_heads(info);

	json_object_object_add(json, "pid", json_object_new_int(display->pid));
	json_object_object_add(json, "vmm", json_text(display->vmm));
	json_object_object_add(json, "device", *info->device ?
						      json_text(info->device) :
						      NULL);
	json_object_object_add(json, "caps", name_bits(info->caps, cap_names));
	json_object_object_add(json, "rights",
			       name_bits(info->rights, right_names));
	json_object_object_add(json, "heads", heads);

	if (display->error)
		add_error(json, display);

	int ret = add_planes(display, heads);
	if (ret < 0)
		json_object_put(json);
	else
		*out = json;
	return ret;
}

void print_json_line(struct json_object *json)
{
	puts(json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

void print_json(struct json_object *json)
{
	puts(json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			      JSON_C_TO_STRING_NOSLASHESCAPE));
}
