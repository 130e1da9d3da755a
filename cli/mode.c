// SPDX-License-Identifier: GPL-2.0-or-later
/* planefd mode: asks the guest for a mode, or unplugs a head's monitor. */
#include "describe.h"
#include "displays.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNPLUG "unplug"

struct request {
	uint32_t width; /* 0: unplug the monitor */
	uint32_t height;
	uint32_t refresh; /* 0: the device's choice */
};

/* A number from 1 on at *text, and what comes after it */
static bool take_number(const char **text, uint32_t *number)
{
	char *end;

	/* strtoul() takes signs and blanks, too */
	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	unsigned long value = strtoul(*text, &end, 10);
	if (errno || !value || value > UINT32_MAX)
		return false;
	*number = (uint32_t)value;
	*text = end;
	return true;
}

/* WIDTHxHEIGHT, with @RATE or without, or UNPLUG */
static bool parse_request(const char *text, struct request *request)
{
	*request = (struct request){ 0 };
	if (!strcmp(text, UNPLUG))
		return true;
	if (!take_number(&text, &request->width) || *text++ != 'x' ||
	    !take_number(&text, &request->height))
		return false;
	if (*text == '@') {
		text++;
		if (!take_number(&text, &request->refresh))
			return false;
	}
	return !*text;
}

static enum status report_request(const struct display *display,
				  const char *mode, int error)
{
	const char *device = display->info.device;

	switch (error) {
	case -EINVAL:
		return fail(STATUS_ERROR, "%s never has the mode %s; ask for "
			    "another", device, mode);
	case -EOPNOTSUPP:
	case -ENOTTY:
		return fail(STATUS_ERROR, "%s takes no request for a mode; a "
			    "vfio_virtio_gpu device does", device);
	case -EPERM:
		return fail(STATUS_DENIED, "no permission to ask %s for a mode",
			    device);
	case -ENODEV:
		return fail(STATUS_NOTHING, "%s has just gone", device);
	default:
		return fail(STATUS_ERROR, "cannot ask %s for a mode: %s",
			    device, strerror(-error));
	}
}

static void print_request(const struct display *display,
			  const struct options *options,
			  const struct request *request)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "pid", json_object_new_int(display->pid));
	json_object_object_add(json, "vmm", json_text(display->vmm));
	json_object_object_add(json, "device", json_text(display->info.device));
	json_object_object_add(json, "head",
			       json_object_new_uint64(options->head));
	json_object_object_add(json, "width",
			       json_object_new_uint64(request->width));
	json_object_object_add(json, "height",
			       json_object_new_uint64(request->height));
	json_object_object_add(json, "refresh",
			       json_object_new_uint64(request->refresh));
	print_json(json);
	json_object_put(json);
}

static enum status ask(const struct display *display,
		       const struct options *options,
		       const struct request *request)
{
	enum status status = display_check_head(display, options->head);
	if (status)
		return status;

	int ret = planefd_request_mode(display->planefd, options->head,
				       request->width, request->height,
				       request->refresh);
	if (ret < 0)
		return report_request(display, options->operand, ret);

	if (options->json) {
		print_request(display, options, request);
		return finish_stdout();
	}

	char *device = text_safe(display->info.device);
	if (!device)
		return fail(STATUS_ERROR, "out of memory");
	if (request->width)
		printf("head %u of %s: asked for %s\n", options->head, device,
		       options->operand);
	else
		printf("head %u of %s: unplugged\n", options->head, device);
	free(device);
	return finish_stdout();
}

enum status mode_run(const struct options *options)
{
	struct display display;
	struct request request;

	if (!parse_request(options->operand, &request))
		return fail(STATUS_USAGE, "'%s' is not a mode: give WIDTHx"
			    "HEIGHT, WIDTHxHEIGHT@RATE or '" UNPLUG "'",
			    options->operand);

	enum status status = display_choose(&display, options);
	if (status)
		return status;
	status = ask(&display, options, &request);
	display_finish(&display);
	return status;
}
