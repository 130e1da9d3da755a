/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handing fds to another process, as a VMM does to its viewers.
 */
#ifndef TESTS_HARNESS_FDS_H
#define TESTS_HARNESS_FDS_H

#include <stdint.h>

/* A fd and a number that says what it is, over a socket that keeps messages */
void fds_send(int socket, int fd, uint32_t number);

/* The next of them, or -1 where there is none and the sender is gone */
int fds_receive(int socket, uint32_t *number);

#endif /* TESTS_HARNESS_FDS_H */
