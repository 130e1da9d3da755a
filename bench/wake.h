/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far it is from a change to a viewer, another process, that slept in poll
 * for it: from before the change to poll's return.
 *
 * On one CPU the viewer has real time priority, so it runs as soon as it is
 * woken. Who changes has the lowest there is, so that whatever of the kernel is
 * to run in between does so first, too.
 */
#ifndef BENCH_WAKE_H
#define BENCH_WAKE_H

#include "measure.h"

struct wake {
	int fd;		     /* that is polled */
	void (*see)(int fd); /* make it sleep again, by the viewer */
	/* before, timed and after are those of a struct work */
	struct work change;
	void *arg;
};

struct figures wake_measure(const struct wake *wake);

/* As sched_setscheduler() has it, for this process */
void wake_prioritize(int policy, int priority);

/* Count one more in an eventfd */
void wake_tell(int event);

/* See what an eventfd has, and what a manager fd tells of its first plane */
void wake_see_event(int fd);
void wake_see_plane(int fd);

#endif /* BENCH_WAKE_H */
