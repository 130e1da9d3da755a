// SPDX-License-Identifier: GPL-2.0-or-later
/* planefd shot: what one head shows, or each of them, as a PNG. */
#include "describe.h"
#include "outfile.h"
#include "pngfile.h"
#include "take.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One picture, on the disk and not yet under its name */
struct shot {
	struct outfile outfile;
	char *path;
	struct json_object *json;
};

struct shots {
	const struct display *display;
	const struct options *options;
	struct shot *all;
	size_t count;
};

/* "planefd-DEVICE.png" */
static char *default_name(const struct display *display)
{
	char device[sizeof(display->info.device)];
	char *name;

	memcpy(device, display->info.device, sizeof(device));
	for (char *c = device; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-')
			*c = '_';
	return asprintf(&name, "planefd-%s.png", device) < 0 ? NULL : name;
}

/* How many bytes of a path come before its extension, if it has one */
static size_t stem_length(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	return dot && dot != name ? (size_t)(dot - path) : strlen(path);
}

/*
 * Where a picture is to go, to be freed: "-headN" comes before the extension
 * where there are several, and in our own names for heads other than 0.
 */
static char *path_of(const struct shots *shots, const struct taken *taken)
{
	const struct options *options = shots->options;
	char *name = options->output ? strdup(options->output) :
				       default_name(shots->display);
	char *path;

	if (!name || !(options->all_heads || (!options->output && taken->head)))
		return name;

	int stem = (int)stem_length(name);
	if (asprintf(&path, "%.*s-head%u%s", stem, name, taken->head,
		     name + stem) < 0)
		path = NULL;
	free(name);
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

/* Put a picture on the disk; on success shot->outfile is to be committed */
static enum status write_picture(struct shot *shot, const struct taken *taken)
{
	int ret = outfile_open(&shot->outfile, shot->path);
	if (ret < 0)
		return report_write(shot->path, ret);

	ret = png_write(shot->outfile.stream, taken->picture);
	if (ret < 0)
		outfile_abort(&shot->outfile);
	else
		ret = outfile_finish(&shot->outfile);
	return ret < 0 ? report_write(shot->path, ret) : STATUS_OK;
}

static struct json_object *describe_shot(const struct taken *taken,
					 const char *path)
{
	const struct display *display = taken->display;
	struct json_object *json = json_object_new_object();
	struct json_object *sequence = NULL;

	if (taken->sequence_known)
		sequence = json_object_new_uint64(taken->plane.sequence);

	json_object_object_add(json, "file", json_text(path));
	json_object_object_add(json, "pid", json_object_new_int(display->pid));
	json_object_object_add(json, "vmm", json_text(display->vmm));
	json_object_object_add(json, "device", json_text(display->info.device));
	json_object_object_add(json, "head",
			       json_object_new_uint64(taken->head));
	describe_geometry(json, &taken->plane);
	json_object_object_add(json, "sequence", sequence);
	json_object_object_add(json, "cursor",
			       json_object_new_boolean(taken->cursor));
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

/* Write what was taken; on success it is one of shots */
static enum status write_shot(struct shots *shots, const struct taken *taken)
{
	struct shot *shot = &shots->all[shots->count];

	shot->path = path_of(shots, taken);
	if (!shot->path)
		return fail(STATUS_ERROR, "out of memory");

	enum status status = write_picture(shot, taken);
	if (status) {
		free(shot->path);
		return status;
	}
	shot->json = describe_shot(taken, shot->path);
	shots->count++;
	return STATUS_OK;
}

/*
 * Take and write one head after the other, so that one picture at most is in
 * memory: how large they are is the guest's choice. Of all heads those are left
 * out that are off, for one error if all are.
 */
static enum status shoot_heads(struct shots *shots, uint32_t first,
			       uint32_t end)
{
	bool all = shots->options->all_heads;

	shots->all = calloc(end - first, sizeof(*shots->all));
	if (!shots->all)
		return fail(STATUS_ERROR, "out of memory");
	for (uint32_t head = first; head < end; head++) {
		enum status status = STATUS_OK;
		struct taken taken;

		int ret = take_head(&taken, shots->display, head);
		if (!ret)
			status = write_shot(shots, &taken);
		else if (!all || ret != -ENOENT)
			status = take_report(&taken, ret);
		take_finish(&taken);
		if (status)
			return status;
	}
	if (!shots->count)
		return fail(STATUS_OFF, "every head of %s is off: the guest "
			    "shows nothing; try again when it does",
			    shots->display->info.device);
	return STATUS_OK;
}

static enum status shoot(struct shots *shots)
{
	const struct options *options = shots->options;
	const struct planefd_info *info = &shots->display->info;

	enum status status = display_check_head(shots->display, options->head);
	if (status)
		return status;
	if (!info->primaries)
		return fail(STATUS_NOTHING, "%s has no primary plane",
			    info->device);
	if (options->all_heads)
		return shoot_heads(shots, 0, info->heads);
	return shoot_heads(shots, options->head, options->head + 1);
}

/* Give it its name and tell of it: at once, or in the array where there is one */
static enum status commit_shot(const struct shots *shots, struct shot *shot,
			       struct json_object *array)
{
	int ret = outfile_commit(&shot->outfile);
	if (ret < 0)
		return report_write(shot->path, ret);

	if (!strcmp(shot->path, "-"))
		return STATUS_OK;
	if (array)
		json_object_array_add(array, json_object_get(shot->json));
	else if (shots->options->json)
		print_json(shot->json);
	else
		print_shot(shot->json);
	return STATUS_OK;
}

static enum status commit_all(const struct shots *shots)
{
	const struct options *options = shots->options;
	struct json_object *array = NULL;
	enum status status = STATUS_OK;

	if (options->json && options->all_heads)
		array = json_object_new_array();
	for (size_t i = 0; i < shots->count && !status; i++)
		status = commit_shot(shots, &shots->all[i], array);
	if (array && json_object_array_length(array))
		print_json(array);
	json_object_put(array);

	enum status printed = finish_stdout();
	return status ? status : printed;
}

/* What has not got its name is given up */
static void shots_finish(struct shots *shots)
{
	for (size_t i = 0; i < shots->count; i++) {
		struct shot *shot = &shots->all[i];

		outfile_abort(&shot->outfile);
		json_object_put(shot->json);
		free(shot->path);
	}
	free(shots->all);
}

static enum status check_output(const struct options *options)
{
	if (!options->output || strcmp(options->output, "-") != 0)
		return STATUS_OK;
	if (options->all_heads)
		return fail(STATUS_USAGE, "'--head all' writes several files; "
			    "name them with -o");
	if (options->json)
		return fail(STATUS_USAGE, "--json and '-o -' both want the "
			    "standard output; name a file with -o");
	if (isatty(STDOUT_FILENO))
		return fail(STATUS_USAGE, "'-o -' would fill the terminal with "
			    "a PNG; redirect it");
	return STATUS_OK;
}

enum status shot_run(const struct options *options)
{
	struct display display;
	struct shots shots = { .display = &display, .options = options };

	enum status status = check_output(options);
	if (status)
		return status;

	/* A reader that goes away is a failed write, and told as one */
	signal(SIGPIPE, SIG_IGN);

	status = display_choose(&display, options);
	if (status)
		return status;

	status = shoot(&shots);
	if (!status)
		status = commit_all(&shots);
	shots_finish(&shots);
	display_finish(&display);
	return status;
}
