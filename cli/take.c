// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes planes as dma-bufs, reads them, and lays one over the other. */
#include "take.h"

#include "format.h"
#include "picture.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * How often a plane that changes while it is taken is taken again, to know
 * the sequence of what was taken
 */
#define TAKE_TRIES 10

static int write_all(int fd, const char *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t written = write(fd, bytes + done, size - done);
		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0)
			done += (size_t)written;
	}
	return 0;
}

/*
 * The pixels in memory of our own, to be unmapped. The guest may take its
 * memory away while it is read. To read it then would end us by SIGBUS, but
 * the kernel, which copies here, makes an error of it: -EFAULT.
 */
static int copy_pixels(const void *pixels, size_t size, void **copy)
{
	int ret;

	int fd = memfd_create("planefd", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write_all(fd, pixels, size);
	if (!ret) {
		*copy = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (*copy == MAP_FAILED)
			ret = -errno;
	}
	close(fd);
	return ret;
}

/* Copy a buffer's pixels */
static int copy_buffer(struct planefd_buffer *buffer, size_t size, void **copy)
{
	void *pixels;

	int ret = planefd_buffer_map(buffer, &pixels);
	if (ret < 0)
		return ret;
	/* A signal that is to end us does so by itself */
	do {
		ret = planefd_buffer_begin_access(buffer, false);
	} while (ret == -EINTR);
	if (ret < 0)
		return ret;
	ret = copy_pixels(pixels, size, copy);
	int end = planefd_buffer_end_access(buffer, false);
	if (!ret && end < 0) {
		munmap(*copy, size);
		ret = end;
	}
	return ret;
}

/* Read a buffer's pixels */
static int read_buffer(struct planefd_buffer *buffer, pixman_image_t **picture)
{
	const struct planefd_plane *plane = planefd_buffer_plane(buffer);
	void *copy = NULL;
	size_t size;

	int ret = picture_extent(plane, &size);
	if (ret < 0)
		return ret;
	ret = copy_buffer(buffer, size, &copy);
	if (ret < 0)
		return ret;
	ret = picture_convert(plane, copy, picture);
	munmap(copy, size);
	return ret;
}

/* Take a plane and read it; what it showed is taken->last */
static int take(struct taken *taken, uint32_t id, pixman_image_t **picture)
{
	struct planefd_buffer *buffer;

	int ret = planefd_create(taken->display->planefd, id, 0, &buffer);
	if (ret < 0)
		return ret;
	taken->last = *planefd_buffer_plane(buffer);
	ret = read_buffer(buffer, picture);
	planefd_buffer_destroy(buffer);
	return ret;
}

/* Take the primary plane between two equal looks at it, if it lets us */
static int take_primary(struct taken *taken)
{
	uint32_t id = planefd_plane_id(PLANEFD_PRIMARY, 0, taken->head);
	struct planefd *planefd = taken->display->planefd;
	struct planefd_plane before;
	struct planefd_plane after;

	for (int tries = 0;; tries++) {
		int ret = planefd_query(planefd, id, &before);
		if (ret < 0)
			return ret;
		ret = take(taken, id, &taken->picture);
		if (ret < 0)
			return ret;
		taken->plane = taken->last;
		if (planefd_query(planefd, id, &after) == 0 &&
		    before.sequence == after.sequence) {
			taken->plane.sequence = before.sequence;
			taken->sequence_known = true;
			return 0;
		}
		if (tries == TAKE_TRIES)
			return 0;
		pixman_image_unref(taken->picture);
		taken->picture = NULL;
	}
}

/* Where the guest shows a cursor, lay it over the picture */
static int take_cursors(struct taken *taken)
{
	for (uint32_t i = 0; i < taken->display->info.cursors; i++) {
		uint32_t id = planefd_plane_id(PLANEFD_CURSOR, i, taken->head);
		const struct planefd_plane *plane = &taken->last;
		pixman_image_t *cursor;

		int ret = take(taken, id, &cursor);
		if (ret == -ENOENT)
			continue;
		if (ret < 0)
			return ret;
		picture_lay_over(taken->picture, cursor,
				 (int64_t)plane->x - taken->plane.x,
				 (int64_t)plane->y - taken->plane.y);
		taken->cursor = true;
		pixman_image_unref(cursor);
	}
	return 0;
}

int take_head(struct taken *taken, const struct display *display, uint32_t head)
{
	*taken = (struct taken){ .display = display, .head = head };

	int ret = take_primary(taken);
	return ret < 0 ? ret : take_cursors(taken);
}

void take_finish(struct taken *taken)
{
	if (taken->picture)
		pixman_image_unref(taken->picture);
	taken->picture = NULL;
}

enum status take_report(const struct taken *taken, int error)
{
	const char *device = taken->display->info.device;
	char name[FORMAT_NAME_SIZE];

	switch (error) {
	case -ENOENT:
		return fail(STATUS_OFF, "head %u of %s is off: the guest shows "
			    "nothing there; try again when it does",
			    taken->head, device);
	case -ENODEV:
		return fail(STATUS_NOTHING, "%s has just gone", device);
	case -EOPNOTSUPP:
		format_name(taken->last.format, name);
		if (taken->last.modifier)
			return fail(STATUS_ERROR, "%s shows %s with modifier "
				    "0x%llx; only linear planes can be read",
				    device, name,
				    (unsigned long long)taken->last.modifier);
		return fail(STATUS_ERROR, "%s shows the format %s, which "
			    "cannot be converted", device, name);
	case -ERANGE:
		return fail(STATUS_ERROR, "%s describes a plane that does not "
			    "fit its buffer", device);
	case -EFAULT:
		return fail(STATUS_ERROR, "the guest of %s took its picture "
			    "away while it was read; try again", device);
	case -ENOSPC:
		return fail(STATUS_ERROR, "cannot take a buffer of %s: there "
			    "are too many; close some of its viewers", device);
	default:
		return fail(STATUS_ERROR, "cannot take a picture of %s: %s",
			    device, strerror(-error));
	}
}
