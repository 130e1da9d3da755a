// SPDX-License-Identifier: GPL-2.0-or-later
/* planefd info: all that one display tells. */
#include "describe.h"
#include "displays.h"
#include "text.h"

#include <errno.h>
#include <string.h>

enum status info_run(const struct options *options)
{
	struct display display;
	struct json_object *json;

	enum status status = display_choose(&display, options);
	if (status)
		return status;

	int ret = describe_display(&display, &json);
	if (ret == -ENODEV) {
		status = fail(STATUS_NOTHING, "%s has just gone",
			      display.info.device);
	} else if (ret < 0) {
		status = fail(STATUS_ERROR, "cannot query %s: %s",
			      display.info.device, strerror(-ret));
	} else {
		if (options->json)
			print_json(json);
		else
			print_info(json);
		json_object_put(json);
		status = finish_stdout();
	}
	display_finish(&display);
	return status;
}
