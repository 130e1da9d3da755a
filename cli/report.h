/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user is told when something went wrong: one line, and the exit
 * status that goes with it. Names that come from elsewhere (a process may call
 * itself anything) cannot move the terminal's cursor.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stddef.h>

/* Documented in planefd(1) */
enum status {
	STATUS_OK = 0,
	STATUS_ERROR = 1,   /* any other error */
	STATUS_USAGE = 2,   /* the command line */
	STATUS_NOTHING = 3, /* no such display, process or head */
	STATUS_DENIED = 4,  /* a permission is missing */
	STATUS_OFF = 5,     /* the plane is off */
	STATUS_WRITE = 6,   /* the output could not be written */
};

/* "planefd: ..." on stderr; returns status */
enum status fail(enum status status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * A copy of the text in which each byte of a control character, of a character
 * that formats text without being seen, and of what is not UTF-8 is written as
 * \xNN. To be freed; NULL without memory.
 */
char *text_safe(const char *text);

/* Flush stdout; tells if what was printed did not all arrive */
enum status finish_stdout(void);

#endif /* CLI_REPORT_H */
