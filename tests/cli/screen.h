/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A screen with a picture on it, in a process that plays the VMM, and the
 * colours that must come out of it.
 */
#ifndef TESTS_CLI_SCREEN_H
#define TESTS_CLI_SCREEN_H

#include "bochs.h"

struct screen {
	struct device device;
	struct bochs_mode mode;
	unsigned char *picture; /* from its first pixel on */
};

/* A new device that shows a random picture in this mode */
void screen_create(struct screen *screen, const struct bochs_mode *mode,
		   uint64_t seed);

/* Show the picture in another mode */
void screen_change(struct screen *screen, const struct bochs_mode *mode,
		   uint64_t seed);

/*
 * A process that does nothing but hold the fds that this one has; `name` is
 * what it calls itself. The pid as text, valid until the next call.
 */
const char *vmm_start(const char *name);

/* This PNG, in memory, shows the screen and nothing else */
void check_png(const struct screen *screen, const void *png, size_t size);

/* The same of a file, which is removed */
void check_png_file(const struct screen *screen, const char *path);

#endif /* TESTS_CLI_SCREEN_H */
