/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices that programs attack: a bochs, a test display and a virtio-gpu
 * with its guest that stay open from program to program, and a spare one of
 * each that programs may open, remove and make.
 *
 * To remove a device waits for whoever has it open, which may be the one who
 * asks. So a process of its own, the keeper, removes and makes them; it has
 * none of them open.
 */
#ifndef TESTS_FUZZ_DEVICES_H
#define TESTS_FUZZ_DEVICES_H

#include "coverage.h"

#include <stdbool.h>

enum device_kind { DEVICE_BOCHS, DEVICE_DISPLAY, DEVICE_GPU, DEVICE_KINDS };

/*
 * Start the keeper, before any device is open; what it does in the modules is
 * traced there, if traced. Then load the modules and make the devices.
 */
void devices_start(struct trace *trace, bool traced);
void devices_finish(void);

/* Remove all devices and unload the modules, or say why that is impossible */
bool devices_unload(const char **why);
void devices_load(void);

/*
 * The fds of those that stay open, and of the container that the virtio-gpu is
 * in; open them anew
 */
int devices_fd(enum device_kind kind);
int devices_container(void);
void devices_reopen(void);

/* Open a spare one: a fd, or a negative errno */
int devices_open_spare(enum device_kind kind);

/* Have the keeper do it, and wait a short while for that */
void devices_ask_remove(enum device_kind kind);
void devices_ask_make(enum device_kind kind);

/*
 * Between two programs: wait for the keeper, have the spare devices there, and
 * the others as after a reset and the guest's driver at work. False if the
 * keeper hangs.
 */
bool devices_settle(void);

#endif /* TESTS_FUZZ_DEVICES_H */
