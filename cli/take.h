/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one head shows, as a picture: its primary plane with its cursors laid
 * over it.
 */
#ifndef CLI_TAKE_H
#define CLI_TAKE_H

#include "displays.h"

#include <pixman.h>

struct taken {
	const struct display *display;
	uint32_t head;
	struct planefd_plane plane; /* the primary plane, as it was taken */
	struct planefd_plane last;  /* what was taken last, for errors */
	bool sequence_known;        /* that of the primary plane */
	bool cursor;                /* one is in the picture */
	pixman_image_t *picture;
};

/*
 * Take a head that the display has. Returns 0, or a negative errno that
 * take_report() knows; -ENOENT: the head is off. In both cases the taken is to
 * be given to take_finish().
 */
int take_head(struct taken *taken, const struct display *display,
	      uint32_t head);

/* Report why it could not be taken */
enum status take_report(const struct taken *taken, int error);

void take_finish(struct taken *taken);

#endif /* CLI_TAKE_H */
