// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * planefd watch of looks that no device gives at will: those that a change
 * comes in between, or that fail. The library is played here, behind its
 * public header: each look at the one plane is the next of a list, and after
 * the last the device is gone.
 */
#include "capture.h"
#include "displays.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define XRGB8888 0x34325258
#define LOOKS_MAX 8

struct planefd {
	struct planefd_info info;
	struct planefd_plane looks[LOOKS_MAX];
	unsigned int looks_end; /* how many there are */
	unsigned int next;
	int error; /* of what comes after them */
	int fd;	   /* always readable */
};

static struct planefd device;
static struct capture watched;

int planefd_search_process(pid_t pid, struct planefd_found **out)
{
	(void)pid;
	*out = calloc(1, sizeof(**out));
	CHECK(*out);
	(*out)->planefd = &device;
	return 1;
}

void planefd_close(struct planefd *planefd)
{
	close(planefd->fd);
}

int planefd_fd(const struct planefd *planefd)
{
	return planefd->fd;
}

int planefd_get_info(struct planefd *planefd, struct planefd_info *info)
{
	*info = planefd->info;
	return 0;
}

int planefd_query(struct planefd *planefd, uint32_t plane_id,
		  struct planefd_plane *plane)
{
	CHECK_EQ(plane_id, planefd_plane_id(PLANEFD_PRIMARY, 0, 0));
	if (planefd->next == planefd->looks_end)
		return planefd->error;
	*plane = planefd->looks[planefd->next++];
	return 0;
}

/* A device without planes shown that tells of what is in caps */
static void set_up(uint32_t caps)
{
	device = (struct planefd){
		.info = { .device = "device", .heads = 1, .primaries = 1,
			  .caps = caps },
		.error = -ENODEV,
		.fd = (int)CHECK_OK(eventfd(1, EFD_CLOEXEC)),
	};
}

/* The next look; buffer 0 is off. Times are seconds, as the sequence is */
static void add_look(uint64_t sequence, uint64_t buffer_id)
{
	struct planefd_plane *plane = &device.looks[device.looks_end++];

	CHECK_LE(device.looks_end, LOOKS_MAX);
	plane->sequence = sequence;
	plane->time_ns = sequence * UINT64_C(1000000000);
	if (!buffer_id)
		return;
	plane->on = true;
	plane->format = XRGB8888;
	plane->width = 8;
	plane->height = 4;
	plane->stride = 32;
	plane->start = 4096 * buffer_id;
	plane->buffer_id = buffer_id;
	plane->damage.width = 8;
	plane->damage.height = 4;
}

/* It says these lines, and then gone */
static void check_watch(const char *lines)
{
	static const struct options options = { .pid = 1 };

	capture_run(&watched, watch_run, &options);
	CHECK_STR(watched.err, "");
	CHECK_EQ(watched.status, STATUS_OK);
	CHECK(!strncmp(watched.out, lines, strlen(lines)));
	const char *gone = watched.out + strlen(lines);
	CHECK_STR(gone + strcspn(gone, " "), " gone\n");
}

TEST("a mode that a look has before its sequence is told as a mode, once")
{
	set_up(PLANEFD_CAP_FLIPS | PLANEFD_CAP_DAMAGE);
	add_look(0, 0);
	add_look(0, 1);
	add_look(1, 1);
	check_watch("0.000000 head 0 off\n"
		    "1.000000 head 0 mode 8x4 XRGB8888\n");
}

TEST("what is told early of the next change is damage when that comes")
{
	set_up(PLANEFD_CAP_FLIPS | PLANEFD_CAP_DAMAGE);
	add_look(1, 1);
	add_look(2, 3);
	add_look(3, 3);
	check_watch("1.000000 head 0 mode 8x4 XRGB8888\n"
		    "2.000000 head 0 flip buffer 3\n"
		    "3.000000 head 0 damage 8x4 at 0,0\n");
}

TEST("of a device that cannot tell what is drawn there is no damage")
{
	set_up(PLANEFD_CAP_FLIPS);
	add_look(1, 1);
	add_look(2, 3);
	add_look(3, 3);
	add_look(4, 1);
	check_watch("1.000000 head 0 mode 8x4 XRGB8888\n"
		    "2.000000 head 0 flip buffer 3\n"
		    "4.000000 head 0 flip buffer 1\n");
}

TEST("a look that changes nothing says nothing")
{
	set_up(PLANEFD_CAP_FLIPS | PLANEFD_CAP_DAMAGE);
	add_look(1, 1);
	add_look(1, 1);
	add_look(1, 1);
	check_watch("1.000000 head 0 mode 8x4 XRGB8888\n");
}

TEST("a device that has gone before the first look is gone")
{
	set_up(PLANEFD_CAP_FLIPS);
	check_watch("");
}

TEST("a query that fails ends the watch, with 1")
{
	static const struct options options = { .pid = 1 };

	set_up(PLANEFD_CAP_FLIPS);
	add_look(1, 1);
	device.error = -EIO;
	capture_run(&watched, watch_run, &options);
	CHECK_EQ(watched.status, STATUS_ERROR);
	CHECK_STR(watched.out, "1.000000 head 0 mode 8x4 XRGB8888\n");
	CHECK_STR(watched.err, "planefd: cannot query device: Input/output "
			       "error\n");
}
