/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is either written whole or not there: it is written beside its
 * name, and gets the name last. A signal that ends the program removes it.
 *
 * What is no regular file (a pipe, a device) has nothing beside it and is
 * written directly; "-" is the standard output.
 */
#ifndef CLI_OUTFILE_H
#define CLI_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

struct outfile {
	FILE *stream;
	char *path; /* where it shall be, NULL if it is written directly */
	char *temporary;
};

/* Zero or a negative errno; only one outfile at a time */
int outfile_open(struct outfile *outfile, const char *path);

/* Give it its name. On error there is no file, and an old one is as before. */
int outfile_commit(struct outfile *outfile);

/* Give it up */
void outfile_abort(struct outfile *outfile);

#endif /* CLI_OUTFILE_H */
