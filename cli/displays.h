/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The displays of this machine's running VMMs, as far as the caller may see
 * them, and how one is chosen by --pid and --device.
 */
#ifndef CLI_DISPLAYS_H
#define CLI_DISPLAYS_H

#include "options.h"

#include <planefd.h>

struct display {
	pid_t pid;
	char vmm[64]; /* the process's name, as it calls itself */
	struct planefd *planefd; /* NULL: error says why */
	struct planefd_info info; /* without planefd only the name, if known */
	int fd;    /* the device's in the process */
	int error; /* -EUSERS: the device has as many viewers as it may have */
};

struct displays {
	struct display *all;
	size_t count;
	unsigned int denied;     /* processes that could not be looked into */
	unsigned int no_manager; /* processes with VFIO devices, no display */
};

/*
 * Every display of every process, also those that cannot be looked at. Errors
 * have been reported.
 */
enum status displays_find(struct displays *displays);

/* Close all of them */
void displays_finish(struct displays *displays);

/* Why displays_find() found nothing; reports it */
enum status displays_explain(const struct displays *displays);

/*
 * The one display that the options mean. On success it is the caller's, to be
 * given to display_finish(). Errors have been reported.
 */
enum status display_choose(struct display *display,
			   const struct options *options);

void display_finish(struct display *display);

/* Why one display, which has been found, cannot be looked at; reports it */
enum status display_report(const struct display *display, int error);

/* STATUS_OK, or STATUS_NOTHING where it has no such head; that is reported */
enum status display_check_head(const struct display *display, uint32_t head);

#endif /* CLI_DISPLAYS_H */
