/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is either written whole or not there: it is written beside its
 * name, and gets the name last. A signal that ends the program removes it.
 *
 * A new file is its owner's alone, for a screen holds secrets. A file that is
 * there already keeps its mode and its access control list, and its owner and
 * group as far as the caller may give them; where the group or the list cannot
 * be kept the file is its owner's alone.
 *
 * What is no regular file (a pipe, a device) has nothing beside it and is
 * written directly; "-" is the standard output.
 */
#ifndef CLI_OUTFILE_H
#define CLI_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

/* From outfile_open() until it is committed or given up it stays in its place */
struct outfile {
	FILE *stream; /* NULL once it is finished */
	char *path; /* where it shall be, NULL if it is written directly */
	char *temporary;
	struct outfile *next; /* of those that a signal removes */
};

/* Zero or a negative errno */
int outfile_open(struct outfile *outfile, const char *path);

/*
 * It is all written: put it on the disk, under no name yet. On error it is
 * given up.
 */
int outfile_finish(struct outfile *outfile);

/*
 * Finish it if that is not done, and give it its name. On error there is no
 * file, and an old one is as before.
 */
int outfile_commit(struct outfile *outfile);

/* Give it up */
void outfile_abort(struct outfile *outfile);

#endif /* CLI_OUTFILE_H */
