// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest with several heads, which does what it is told on its second serial
 * port, a command a line:
 *
 *	show HEAD WIDTH HEIGHT		draw two screens of a mode, set it, show
 *					the first
 *	flip HEAD			show the other one
 *	off HEAD
 *	cursor HEAD X Y			show the cursor there, or hide it where
 *	hide HEAD			it is
 *	move HEAD X Y
 *	draw HEAD X Y WIDTH HEIGHT	draw over a rectangle of what is shown
 *	play FRAMES			flip all heads, move their cursors, and
 *					set modes
 *
 * Each is answered with "done" or with "failed: " and why. Like any desktop it
 * also follows a monitor whose preferred mode changes, or that is plugged in or
 * out, and tells so: "monitor HEAD WIDTH HEIGHT", 0 and 0 for none.
 */
#include "desktop.h"
#include "guest.h"
#include "kms.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

/* How long a mode stays as it plays */
#define FRAMES_OF_MODE 16

struct head {
	struct kms_buffer screens[DESKTOP_BUFFERS];
	struct kms_buffer cursor;
	unsigned int shown;
	/* What its monitor prefers, 0 for no monitor */
	uint32_t width;
	uint32_t height;
};

static struct kms kms;
static struct kms_monitor monitor;
static struct head heads[KMS_MAX_HEADS];
static int host;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vdprintf(host, format, args);
	va_end(args);
}

static uint32_t *line_of(const struct kms_buffer *buffer, uint32_t y)
{
	return (uint32_t *)(void *)(buffer->pixels +
				    (size_t)y * buffer->stride);
}

static bool is_shown(const struct head *head)
{
	return head->screens[0].fb != 0;
}

/* -------- What it is told -------- */

static int off(unsigned int nr)
{
	struct head *head = &heads[nr];
	unsigned int i;

	if (kms_set(&kms, nr, NULL, NULL))
		return -1;
	for (i = 0; i < DESKTOP_BUFFERS; i++)
		kms_destroy(&kms, &head->screens[i]);
	return 0;
}

static int draw_screens(unsigned int nr, uint32_t width, uint32_t height,
			struct kms_buffer *screens)
{
	uint32_t x, y, *line;
	unsigned int i;

	for (i = 0; i < DESKTOP_BUFFERS; i++) {
		if (kms_create(&kms, width, height, DRM_FORMAT_XRGB8888,
			       &screens[i]))
			return -1;
		for (y = 0; y < height; y++) {
			line = line_of(&screens[i], y);
			for (x = 0; x < width; x++)
				line[x] = desktop_pixel(nr, i, x, y);
		}
	}
	return 0;
}

/* What was shown before goes afterwards. */
static int show(unsigned int nr, uint32_t width, uint32_t height)
{
	struct kms_buffer screens[DESKTOP_BUFFERS] = {{0}};
	const struct drm_mode_modeinfo *mode;
	struct head *head = &heads[nr];
	unsigned int i;
	int ret = -1;

	if (kms_probe(&kms, nr, &monitor))
		return -1;
	mode = kms_find_mode(&monitor, width, height);
	if (mode && !draw_screens(nr, width, height, screens))
		ret = kms_set(&kms, nr, &screens[0], mode);
	for (i = 0; i < DESKTOP_BUFFERS; i++) {
		if (ret) {
			kms_destroy(&kms, &screens[i]);
			continue;
		}
		kms_destroy(&kms, &head->screens[i]);
		head->screens[i] = screens[i];
	}
	if (!ret)
		head->shown = 0;
	return ret;
}

static int flip(unsigned int nr)
{
	struct head *head = &heads[nr];
	unsigned int next = (head->shown + 1) % DESKTOP_BUFFERS;

	if (kms_flip(&kms, nr, &head->screens[next]))
		return -1;
	head->shown = next;
	return 0;
}

static int show_cursor(unsigned int nr, int x, int y)
{
	struct kms_buffer *cursor = &heads[nr].cursor;
	uint32_t i, j;

	if (!cursor->fb &&
	    kms_create(&kms, DESKTOP_CURSOR_SIZE, DESKTOP_CURSOR_SIZE,
		       DRM_FORMAT_ARGB8888, cursor))
		return -1;
	for (j = 0; j < DESKTOP_CURSOR_SIZE; j++)
		for (i = 0; i < DESKTOP_CURSOR_SIZE; i++)
			line_of(cursor, j)[i] = desktop_cursor_pixel(i, j);
	if (kms_move_cursor(&kms, nr, x, y))
		return -1;
	return kms_cursor(&kms, nr, cursor, DESKTOP_HOT_X, DESKTOP_HOT_Y);
}

static int draw(unsigned int nr, unsigned int x, unsigned int y,
		unsigned int width, unsigned int height)
{
	const struct head *head = &heads[nr];
	const struct kms_buffer *screen = &head->screens[head->shown];
	struct drm_clip_rect rect = {
		.x1 = (uint16_t)x,
		.y1 = (uint16_t)y,
		.x2 = (uint16_t)(x + width),
		.y2 = (uint16_t)(y + height),
	};
	unsigned int i, j;

	if (x + width > screen->width || y + height > screen->height) {
		errno = ERANGE;
		return -1;
	}
	for (j = y; j < y + height; j++)
		for (i = x; i < x + width; i++)
			line_of(screen, j)[i] =
				desktop_drawn_pixel(nr, head->shown, i, j);
	return kms_dirty(&kms, screen, &rect);
}

/* Now and then it sets another mode, too, with two screens of its own. */
static int play_frame(unsigned int nr, unsigned int frame)
{
	if (frame % FRAMES_OF_MODE == FRAMES_OF_MODE - 1) {
		if (heads[nr].screens[0].width == 640)
			return show(nr, 800, 600);
		return show(nr, 640, 480);
	}
	if (flip(nr))
		return -1;
	return kms_move_cursor(&kms, nr, (int)frame % 640, (int)frame % 480);
}

static int play(unsigned int frames)
{
	unsigned int i, nr;

	for (i = 0; i < frames; i++)
		for (nr = 0; nr < kms.heads; nr++)
			if (is_shown(&heads[nr]) && play_frame(nr, i))
				return -1;
	return 0;
}

/* Returns 0, or -1 and errno */
static int obey(const char *line)
{
	unsigned int nr, args[4] = {0};
	char verb[16];
	int nr_args;

	nr_args = sscanf(line, "%15s %u %u %u %u %u", verb, &nr, &args[0],
			 &args[1], &args[2], &args[3]);
	errno = EINVAL;
	if (nr_args < 2)
		return -1;
	if (!strcmp(verb, "play"))
		return play(nr);
	if (nr >= kms.heads)
		return -1;
	if (!strcmp(verb, "show") && nr_args == 4)
		return show(nr, args[0], args[1]);
	if (!strcmp(verb, "flip"))
		return flip(nr);
	if (!strcmp(verb, "off"))
		return off(nr);
	if (!strcmp(verb, "cursor") && nr_args == 4)
		return show_cursor(nr, (int)args[0], (int)args[1]);
	if (!strcmp(verb, "hide"))
		return kms_cursor(&kms, nr, NULL, 0, 0);
	if (!strcmp(verb, "move") && nr_args == 4)
		return kms_move_cursor(&kms, nr, (int)args[0], (int)args[1]);
	if (!strcmp(verb, "draw") && nr_args == 6)
		return draw(nr, args[0], args[1], args[2], args[3]);
	return -1;
}

static void take_commands(void)
{
	static char line[128];
	static size_t length;
	char next;

	while (read(host, &next, 1) == 1) {
		if (next != '\n') {
			if (length < sizeof(line) - 1)
				line[length++] = next;
			continue;
		}
		line[length] = '\0';
		length = 0;
		if (obey(line))
			say("failed: %s\n", strerror(errno));
		else
			say("done\n");
	}
}

/* -------- What it does by itself -------- */

/* The first mode is what the monitor prefers. Returns whether it is another. */
static bool look_at_monitor(unsigned int nr)
{
	struct head *head = &heads[nr];
	uint32_t width = 0, height = 0;

	if (kms_probe(&kms, nr, &monitor))
		guest_fail("no connector");
	if (monitor.nr_modes) {
		width = monitor.modes[0].hdisplay;
		height = monitor.modes[0].vdisplay;
	}
	if (width == head->width && height == head->height)
		return false;
	head->width = width;
	head->height = height;
	return true;
}

static void follow_monitors(void)
{
	struct head *head;
	unsigned int nr;

	for (nr = 0; nr < kms.heads; nr++) {
		head = &heads[nr];
		if (!look_at_monitor(nr))
			continue;
		if (head->width ? show(nr, head->width, head->height) : off(nr))
			say("failed: to follow: %s\n", strerror(errno));
		else
			say("monitor %u %u %u\n", nr, head->width,
			    head->height);
	}
}

/* Is it the card's event, that its connectors have changed? */
static bool is_hotplug(int uevents)
{
	char event[2048];
	ssize_t size = recv(uevents, event, sizeof(event) - 1, 0);
	const char *line;

	if (size <= 0)
		return false;
	event[size] = '\0';
	for (line = event; line < event + size; line += strlen(line) + 1)
		if (!strcmp(line, "HOTPLUG=1"))
			return true;
	return false;
}

static int listen_to_uevents(void)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = 1,
	};
	int uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
			     NETLINK_KOBJECT_UEVENT);

	if (uevents < 0 ||
	    bind(uevents, (struct sockaddr *)(void *)&address, sizeof(address)))
		guest_fail("no uevents");
	return uevents;
}

static void open_host(void)
{
	struct termios raw;

	host = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (host < 0 || tcgetattr(host, &raw))
		guest_fail("no serial port");
	cfmakeraw(&raw);
	if (tcsetattr(host, TCSANOW, &raw))
		guest_fail("no raw serial port");
}

int main(void)
{
	struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};
	unsigned int nr;

	guest_start();
	open_host();
	fds[0].fd = host;
	fds[1].fd = listen_to_uevents();
	if (kms_open(&kms))
		guest_fail("no card");
	for (nr = 0; nr < kms.heads; nr++)
		look_at_monitor(nr);
	say("ready: %u heads\n", kms.heads);
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			guest_fail("no poll");
		if (fds[0].revents)
			take_commands();
		if (fds[1].revents && is_hotplug(fds[1].fd))
			follow_monitors();
	}
}
