/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every test guest begins and ends with: it is the first and only process
 * of a stock kernel, and says on the console what becomes of it.
 */
#ifndef TESTS_GUEST_GUEST_H
#define TESTS_GUEST_GUEST_H

/* Have /dev, and the modules that the initramfs has a list of */
void guest_start(void);

/* The guest stays as it is, but for what others do to it */
_Noreturn void guest_stop(void);

/* Say what did not work, and errno, and stop */
_Noreturn void guest_fail(const char *what);

#endif /* TESTS_GUEST_GUEST_H */
