/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's log, for tests of what is to be said there, and how often.
 */
#ifndef TESTS_HARNESS_LOG_H
#define TESTS_HARNESS_LOG_H

/* How often the log has that text by now */
unsigned int log_count(const char *text);

#endif /* TESTS_HARNESS_LOG_H */
