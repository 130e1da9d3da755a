// SPDX-License-Identifier: GPL-2.0-or-later
/* planefd shot: what one head shows, as a PNG. */
#include "describe.h"
#include "displays.h"
#include "format.h"
#include "outfile.h"
#include "picture.h"
#include "pngfile.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * How often a plane that changes while it is taken is taken again, to know
 * the sequence of what was taken
 */
#define TAKE_TRIES 10

struct shot {
	const struct display *display;
	uint32_t head;
	struct planefd_plane plane; /* the primary plane, as it was taken */
	struct planefd_plane last;  /* what was taken last, for errors */
	bool sequence_known;
	pixman_image_t *picture;
	bool cursor; /* is in the picture */
	char *path;  /* NULL: the standard output */
};

/* Read a buffer's pixels */
static int read_buffer(struct planefd_buffer *buffer, pixman_image_t **picture)
{
	void *pixels;

	int ret = planefd_buffer_map(buffer, &pixels);
	if (ret < 0)
		return ret;
	ret = planefd_buffer_begin_access(buffer, false);
	if (ret < 0)
		return ret;
	ret = picture_convert(planefd_buffer_plane(buffer), pixels, picture);
	int end = planefd_buffer_end_access(buffer, false);
	if (!ret && end < 0) {
		pixman_image_unref(*picture);
		ret = end;
	}
	return ret;
}

/* Take a plane and read it; what it showed is shot->last */
static int take(struct shot *shot, uint32_t id, pixman_image_t **picture)
{
	struct planefd_buffer *buffer;

	int ret = planefd_create(shot->display->planefd, id, 0, &buffer);
	if (ret < 0)
		return ret;
	shot->last = *planefd_buffer_plane(buffer);
	ret = read_buffer(buffer, picture);
	planefd_buffer_destroy(buffer);
	return ret;
}

/* Take the primary plane between two equal looks at it, if it lets us */
static int take_primary(struct shot *shot)
{
	uint32_t id = planefd_plane_id(PLANEFD_PRIMARY, 0, shot->head);
	struct planefd *planefd = shot->display->planefd;
	struct planefd_plane before;
	struct planefd_plane after;

	for (int tries = 0;; tries++) {
		int ret = planefd_query(planefd, id, &before);
		if (ret < 0)
			return ret;
		ret = take(shot, id, &shot->picture);
		if (ret < 0)
			return ret;
		shot->plane = shot->last;
		if (planefd_query(planefd, id, &after) == 0 &&
		    before.sequence == after.sequence) {
			shot->plane.sequence = before.sequence;
			shot->sequence_known = true;
			return 0;
		}
		if (tries == TAKE_TRIES)
			return 0;
		pixman_image_unref(shot->picture);
		shot->picture = NULL;
	}
}

/* Where the guest shows a cursor, lay it over the picture */
static int take_cursors(struct shot *shot)
{
	for (uint32_t i = 0; i < shot->display->info.cursors; i++) {
		uint32_t id = planefd_plane_id(PLANEFD_CURSOR, i, shot->head);
		const struct planefd_plane *plane = &shot->last;
		pixman_image_t *cursor;

		int ret = take(shot, id, &cursor);
		if (ret == -ENOENT)
			continue;
		if (ret < 0)
			return ret;
		picture_lay_over(shot->picture, cursor,
				 (int64_t)plane->x - shot->plane.x,
				 (int64_t)plane->y - shot->plane.y);
		shot->cursor = true;
		pixman_image_unref(cursor);
	}
	return 0;
}

static enum status report_take(const struct shot *shot, int error)
{
	const char *device = shot->display->info.device;
	char name[FORMAT_NAME_SIZE];

	switch (error) {
	case -ENOENT:
		return fail(STATUS_OFF, "head %u of %s is off: the guest shows "
			    "nothing there; try again when it does",
			    shot->head, device);
	case -ENODEV:
		return fail(STATUS_NOTHING, "%s has just gone", device);
	case -EOPNOTSUPP:
		format_name(shot->last.format, name);
		if (shot->last.modifier)
			return fail(STATUS_ERROR, "%s shows %s with modifier "
				    "0x%llx; only linear planes can be read",
				    device, name,
				    (unsigned long long)shot->last.modifier);
		return fail(STATUS_ERROR, "%s shows the format %s, which "
			    "cannot be converted", device, name);
	case -ERANGE:
		return fail(STATUS_ERROR, "%s describes a plane that does not "
			    "fit its buffer", device);
	case -EMFILE:
	case -ENOSPC:
		return fail(STATUS_ERROR, "cannot take a buffer of %s: there "
			    "are too many; close some of its viewers", device);
	default:
		return fail(STATUS_ERROR, "cannot take a picture of %s: %s",
			    device, strerror(-error));
	}
}

static enum status take_picture(struct shot *shot)
{
	const struct planefd_info *info = &shot->display->info;

	if (!info->heads)
		return fail(STATUS_NOTHING, "%s has no heads", info->device);
	if (!info->primaries)
		return fail(STATUS_NOTHING, "%s has no primary plane",
			    info->device);
	if (shot->head >= info->heads)
		return fail(STATUS_NOTHING, "%s has no head %u; its heads are "
			    "0 to %u", info->device, shot->head,
			    info->heads - 1);

	int ret = take_primary(shot);
	if (!ret)
		ret = take_cursors(shot);
	return ret < 0 ? report_take(shot, ret) : STATUS_OK;
}

/* "planefd-DEVICE.png", of other heads than the first "-headN" in it */
static char *default_path(const struct shot *shot)
{
	char device[sizeof(shot->display->info.device)];
	char head[16] = "";
	char *path;

	memcpy(device, shot->display->info.device, sizeof(device));
	for (char *c = device; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-')
			*c = '_';
	if (shot->head)
		snprintf(head, sizeof(head), "-head%u", shot->head);
	if (asprintf(&path, "planefd-%s%s.png", device, head) < 0)
		return NULL;
	return path;
}

static enum status report_write(const char *path, int error)
{
	if (!strcmp(path, "-"))
		path = "the standard output";
	if (error == -ENOSPC || error == -EDQUOT)
		return fail(STATUS_WRITE, "cannot write %s: the disk is full; "
			    "make room or choose another place with -o", path);
	if (error == -ENOMEM)
		return fail(STATUS_ERROR, "out of memory");
	return fail(STATUS_WRITE, "cannot write %s: %s; choose another place "
		    "with -o", path, strerror(-error));
}

static enum status write_picture(const struct shot *shot, const char *path)
{
	struct outfile outfile;

	int ret = outfile_open(&outfile, path);
	if (ret < 0)
		return report_write(path, ret);

	ret = png_write(outfile.stream, shot->picture);
	if (ret < 0)
		outfile_abort(&outfile);
	else
		ret = outfile_commit(&outfile);
	return ret < 0 ? report_write(path, ret) : STATUS_OK;
}

static struct json_object *describe_shot(const struct shot *shot,
					 const char *path)
{
	const struct display *display = shot->display;
	struct json_object *json = json_object_new_object();
	struct json_object *sequence = NULL;

	if (shot->sequence_known)
		sequence = json_object_new_uint64(shot->plane.sequence);

	json_object_object_add(json, "file", json_text(path));
	json_object_object_add(json, "pid", json_object_new_int(display->pid));
	json_object_object_add(json, "vmm", json_text(display->vmm));
	json_object_object_add(json, "device", json_text(display->info.device));
	json_object_object_add(json, "head",
			       json_object_new_uint64(shot->head));
	describe_geometry(json, &shot->plane);
	json_object_object_add(json, "sequence", sequence);
	json_object_object_add(json, "cursor",
			       json_object_new_boolean(shot->cursor));
	return json;
}

/* "FILE: 1024x768 XRGB8888 of DEVICE" */
static void print_shot(struct json_object *json)
{
	printf("%s: %sx%s", json_object_get_string(
				    json_object_object_get(json, "file")),
	       json_object_get_string(json_object_object_get(json, "width")),
	       json_object_get_string(json_object_object_get(json, "height")));
	printf(" %s of %s\n",
	       json_object_get_string(json_object_object_get(json, "format")),
	       json_object_get_string(json_object_object_get(json, "device")));
}

static enum status write_shot(const struct shot *shot,
			      const struct options *options)
{
	char *own = options->output ? NULL : default_path(shot);
	const char *path = options->output ? options->output : own;

	if (!path)
		return fail(STATUS_ERROR, "out of memory");

	enum status status = write_picture(shot, path);
	if (!status && strcmp(path, "-") != 0) {
		struct json_object *json = describe_shot(shot, path);

		if (options->json)
			print_json(json);
		else
			print_shot(json);
		json_object_put(json);
		status = finish_stdout();
	}
	free(own);
	return status;
}

enum status shot_run(const struct options *options)
{
	struct display display;
	struct shot shot = { .display = &display, .head = options->head };

	if (options->output && !strcmp(options->output, "-")) {
		if (options->json)
			return fail(STATUS_USAGE, "--json and '-o -' both want "
				    "the standard output; name a file with -o");
		if (isatty(STDOUT_FILENO))
			return fail(STATUS_USAGE, "'-o -' would fill the "
				    "terminal with a PNG; redirect it");
	}

	/* A reader that goes away is a failed write, and told as one */
	signal(SIGPIPE, SIG_IGN);

	enum status status = display_choose(&display, options);
	if (status)
		return status;

	status = take_picture(&shot);
	if (!status)
		status = write_shot(&shot, options);
	if (shot.picture)
		pixman_image_unref(shot.picture);
	display_finish(&display);
	return status;
}
