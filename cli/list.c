// SPDX-License-Identifier: GPL-2.0-or-later
/* planefd list: every display of every VMM that the caller may look into. */
#include "describe.h"
#include "displays.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* As one that cannot be looked at, because of this error */
static struct json_object *describe_failed(const struct display *display,
					   int error)
{
	struct display failed = *display;
	struct json_object *json = NULL;

	failed.info = (struct planefd_info){ 0 };
	memcpy(failed.info.device, display->info.device,
	       sizeof(failed.info.device));
	failed.error = error;
	describe_display(&failed, &json);
	return json;
}

/*
 * Displays that have gone since they were found are left out. Those that cannot
 * be looked at are described as such, and reported; the others are counted.
 */
static unsigned int describe_all(const struct displays *displays,
				 struct json_object *array)
{
	unsigned int good = 0;

	for (size_t i = 0; i < displays->count; i++) {
		const struct display *display = &displays->all[i];
		struct json_object *json = NULL;
		int error = display->error;

		if (!error)
			error = describe_display(display, &json);
		if (error == -ENODEV)
			continue;
		if (error) {
			json = describe_failed(display, error);
			display_report(display, error);
		} else {
			good++;
		}
		json_object_array_add(array, json);
	}
	return good;
}

enum status list_run(const struct options *options)
{
	struct displays displays;

	enum status status = displays_find(&displays);
	if (status)
		return status;

	struct json_object *array = json_object_new_array();
	unsigned int good = describe_all(&displays, array);
	bool found = json_object_array_length(array) > 0;
	if (options->json)
		print_json(array);
	else if (found)
		print_list(array);
	status = finish_stdout();
	if (!status && !found)
		status = displays_explain(&displays);
	else if (!status && options->verbose)
		fprintf(stderr, "planefd: %u processes could not be looked "
			"into\n", displays.denied);
	if (!status && !good)
		status = STATUS_ERROR;

	json_object_put(array);
	displays_finish(&displays);
	return status;
}
