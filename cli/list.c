// SPDX-License-Identifier: GPL-2.0-or-later
/* planefd list: every display of every VMM that the caller may look into. */
#include "describe.h"
#include "displays.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Displays that have gone since they were found are left out */
static enum status describe_all(const struct displays *displays,
				struct json_object *array)
{
	for (size_t i = 0; i < displays->count; i++) {
		struct json_object *json;

		int ret = describe_display(&displays->all[i], &json);
		if (!ret)
			json_object_array_add(array, json);
		else if (ret != -ENODEV)
			return fail(STATUS_ERROR, "cannot query %s: %s",
				    displays->all[i].info.device,
				    strerror(-ret));
	}
	return STATUS_OK;
}

enum status list_run(const struct options *options)
{
	struct displays displays;

	enum status status = displays_find(&displays);
	if (status)
		return status;

	struct json_object *array = json_object_new_array();
	status = describe_all(&displays, array);
	bool found = json_object_array_length(array) > 0;
	if (!status) {
		if (options->json)
			print_json(array);
		else if (found)
			print_list(array);
		status = finish_stdout();
	}
	if (!status && !found)
		status = displays_explain(&displays);
	else if (!status && options->verbose)
		fprintf(stderr, "planefd: %u processes could not be looked "
			"into\n", displays.denied);

	json_object_put(array);
	displays_finish(&displays);
	return status;
}
