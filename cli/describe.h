/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A display as JSON. This is the data; text for people is made from it and
 * from nothing else, so the two outputs cannot drift apart.
 */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include "displays.h"

#include <json-c/json.h>

/*
 * {"pid", "vmm", "device", "caps": [], "rights": [], "heads": [{"head",
 * "planes": [{"type", "index", "id", "on", ...}]}]}. 64 bit values that need
 * not fit a double are strings, "0x...". A display that cannot be looked at has
 * no heads but "error" and "fd", and its device is null where it has no name.
 *
 * Returns 0, or -errno of a query: -ENODEV, the device has gone.
 */
int describe_display(const struct display *display, struct json_object **out);

/* Add what describe_display() says of a plane */
void describe_plane(struct json_object *json, uint32_t id,
		    const struct planefd_plane *plane);

/* Of that only size, format and memory; the plane is on */
void describe_geometry(struct json_object *json,
		       const struct planefd_plane *plane);

/* A string of any bytes; they become what text_safe() makes of them */
struct json_object *json_text(const char *text);

/* "0x..." */
struct json_object *json_hex(uint64_t value);

/* Print as JSON, for people to read, or all of it on one line */
void print_json(struct json_object *json);
void print_json_line(struct json_object *json);

#endif /* CLI_DESCRIBE_H */
