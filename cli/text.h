/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What describe.h made, for people. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <json-c/json.h>

/* A table of an array of displays, a line a head */
void print_list(struct json_object *displays);

/* All that is known of one display */
void print_info(struct json_object *display);

/* One event of planefd watch */
void print_event(struct json_object *event);

#endif /* CLI_TEXT_H */
