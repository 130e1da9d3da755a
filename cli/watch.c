// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * planefd watch: each change of what a display shows, as it comes.
 *
 * One sleep in the kernel until the manager fd tells of a change, then a look
 * at each plane: what has a new sequence is printed. All planes are looked at,
 * also those of heads that nobody asked for, for a change that is not looked
 * at keeps the fd readable.
 */
#include "describe.h"
#include "displays.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct watched {
	uint32_t id;
	struct planefd_plane shown; /* as it was told last; at first off */
	struct planefd_plane now;
};

struct watch {
	const struct display *display;
	const struct options *options;
	struct watched *planes;
	struct watched **changed; /* has room for all of them */
	size_t count;
};

/* Cursors change as a whole; of other planes the greatest change is told */
static const char *name_change(const struct watched *plane)
{
	const struct planefd_plane *before = &plane->shown;
	const struct planefd_plane *now = &plane->now;

	if (planefd_id_type(plane->id) == PLANEFD_CURSOR)
		return "cursor";
	if (!now->on)
		return "off";
	if (!before->on || before->width != now->width ||
	    before->height != now->height || before->format != now->format ||
	    before->modifier != now->modifier)
		return "mode";
	if (before->buffer_id != now->buffer_id)
		return "flip";
	if (before->x != now->x || before->y != now->y)
		return "move";
	return "damage";
}

/* Print one, at once: it may be long until there is another */
static enum status print_one(const struct watch *watch,
			     struct json_object *json)
{
	if (watch->options->json)
		print_json_line(json);
	else
		print_event(json);
	json_object_put(json);
	return finish_stdout();
}

static struct json_object *describe_event(const struct watch *watch,
					  const char *event)
{
	struct json_object *json = json_object_new_object();
	const char *device = watch->display->info.device;

	json_object_object_add(json, "event", json_object_new_string(event));
	json_object_object_add(json, "device", json_text(device));
	return json;
}

static enum status print_change(const struct watch *watch,
				const struct watched *plane)
{
	uint32_t head = planefd_id_head(plane->id);
	struct json_object *json;

	if (watch->options->head_given && head != watch->options->head)
		return STATUS_OK;
	json = describe_event(watch, name_change(plane));
	json_object_object_add(json, "head", json_object_new_uint64(head));
	describe_plane(json, plane->id, &plane->now);
	return print_one(watch, json);
}

static enum status print_gone(const struct watch *watch)
{
	struct json_object *json = describe_event(watch, "gone");
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	json_object_object_add(
		json, "changed_ns",
		json_object_new_uint64((uint64_t)now.tv_sec * 1000000000u +
				       (uint64_t)now.tv_nsec));
	return print_one(watch, json);
}

/* At first: each head's primary planes, and of the others those that are on */
static bool is_news(const struct watch *watch, const struct watched *plane,
		    bool first)
{
	if (first)
		return plane->now.on ||
		       planefd_id_type(plane->id) == PLANEFD_PRIMARY;
	if (plane->now.sequence == plane->shown.sequence)
		return false;
	/* There and back again, of a device that cannot tell what is drawn */
	return watch->display->info.caps & PLANEFD_CAP_DAMAGE ||
	       strcmp(name_change(plane), "damage") != 0;
}

static int compare_times(const void *a, const void *b)
{
	const struct watched *const *first = a;
	const struct watched *const *second = b;
	uint64_t first_ns = (*first)->now.time_ns;
	uint64_t second_ns = (*second)->now.time_ns;

	if (first_ns != second_ns)
		return first_ns < second_ns ? -1 : 1;
	/* They lie in one array */
	return *first < *second ? -1 : 1;
}

/* Look at every plane and print what is new, in its order; sets *gone */
static enum status look(const struct watch *watch, bool first, bool *gone)
{
	size_t changed = 0;

	for (size_t i = 0; i < watch->count; i++) {
		struct watched *plane = &watch->planes[i];

		int ret = planefd_query(watch->display->planefd, plane->id,
					&plane->now);
		if (ret == -ENODEV) {
			*gone = true;
			break;
		}
		if (ret < 0)
			return fail(STATUS_ERROR, "cannot query %s: %s",
				    watch->display->info.device,
				    strerror(-ret));
		/*
		 * What is not told now keeps what was told last: a look while
		 * it changes may have the new plane with the old sequence.
		 */
		if (is_news(watch, plane, first))
			watch->changed[changed++] = plane;
		else if (first)
			plane->shown = plane->now;
	}

	qsort(watch->changed, changed, sizeof(struct watched *), compare_times);
	for (size_t i = 0; i < changed; i++) {
		struct watched *plane = watch->changed[i];

		enum status status = print_change(watch, plane);
		if (status)
			return status;
		plane->shown = plane->now;
	}
	return STATUS_OK;
}

/*
 * Sleep until something has changed; sets *gone. A reader of our output that
 * goes away ends the watch, too: else it would not, until the next change.
 */
static enum status wait_change(const struct watch *watch, bool *gone)
{
	struct pollfd fds[] = {
		{ .fd = planefd_fd(watch->display->planefd), .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return fail(STATUS_ERROR, "cannot wait for %s: %s",
				    watch->display->info.device,
				    strerror(errno));
	if (fds[1].revents)
		return fail(STATUS_WRITE, "cannot write to the standard "
			    "output: %s", strerror(EPIPE));
	*gone = fds[0].revents & (POLLHUP | POLLERR);
	return STATUS_OK;
}

static enum status follow(const struct watch *watch)
{
	bool gone = false;

	enum status status = look(watch, true, &gone);
	while (!status && !gone) {
		status = wait_change(watch, &gone);
		if (!status && !gone)
			status = look(watch, false, &gone);
	}
	return status ? status : print_gone(watch);
}

static enum status list_planes(struct watch *watch)
{
	const struct planefd_info *info = &watch->display->info;
	uint32_t id;

	while (!planefd_plane_nth(info, (uint32_t)watch->count, &id))
		watch->count++;
	/* One more, for to ask for none may give none */
	watch->planes = calloc(watch->count + 1, sizeof(*watch->planes));
	watch->changed = calloc(watch->count + 1, sizeof(struct watched *));
	if (!watch->planes || !watch->changed)
		return fail(STATUS_ERROR, "out of memory");
	for (uint32_t n = 0; n < watch->count; n++)
		planefd_plane_nth(info, n, &watch->planes[n].id);
	return STATUS_OK;
}

enum status watch_run(const struct options *options)
{
	struct display display;
	struct watch watch = { .display = &display, .options = options };

	/* A reader that goes away is a failed write, and told as one */
	signal(SIGPIPE, SIG_IGN);

	enum status status = display_choose(&display, options);
	if (status)
		return status;

	if (options->head_given)
		status = display_check_head(&display, options->head);
	if (!status)
		status = list_planes(&watch);
	if (!status)
		status = follow(&watch);
	free(watch.planes);
	free(watch.changed);
	display_finish(&display);
	return status;
}
