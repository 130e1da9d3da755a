/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DRM's pixel formats, as far as pixman has the same: names, and what pixman
 * calls them. DRM's are little-endian words whatever the machine, pixman's
 * are words of the machine.
 */
#ifndef CLI_FORMAT_H
#define CLI_FORMAT_H

#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>

#define FORMAT_NAME_SIZE 24

/* DRM's name without DRM_FORMAT_; of an unknown one its fourcc and number */
void format_name(uint32_t fourcc, char name[FORMAT_NAME_SIZE]);

/* False where pixman cannot read it */
bool format_to_pixman(uint32_t fourcc, pixman_format_code_t *format);

#endif /* CLI_FORMAT_H */
