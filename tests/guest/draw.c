// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest with its stock display driver: sets a mode, draws the picture of
 * picture.h and keeps it on the screen. Says on the console that it has drawn,
 * or what went wrong.
 */
#include "guest.h"
#include "kms.h"
#include "picture.h"

#include <errno.h>
#include <stdio.h>

static int draw(const struct kms *kms, const struct kms_buffer *buffer)
{
	const struct drm_clip_rect all = {.x2 = PICTURE_WIDTH,
					  .y2 = PICTURE_HEIGHT};
	uint32_t x, y, *line;

	for (y = 0; y < PICTURE_HEIGHT; y++) {
		line = (uint32_t *)(void *)(buffer->pixels +
					    (size_t)y * buffer->stride);
		for (x = 0; x < PICTURE_WIDTH; x++)
			line[x] = picture_pixel(x, y);
	}
	/* A driver that has no copy of the buffer has no flush */
	if (kms_dirty(kms, buffer, &all) && errno != ENOSYS)
		return -1;
	return 0;
}

int main(void)
{
	static struct kms_monitor monitor;
	const struct drm_mode_modeinfo *mode;
	struct kms_buffer buffer;
	struct kms kms;

	guest_start();
	if (kms_open(&kms))
		guest_fail("no card");
	if (kms_probe(&kms, 0, &monitor))
		guest_fail("no monitor");
	mode = kms_find_mode(&monitor, PICTURE_WIDTH, PICTURE_HEIGHT);
	if (!mode)
		guest_fail("no mode of the picture's size");
	if (kms_create(&kms, PICTURE_WIDTH, PICTURE_HEIGHT, DRM_FORMAT_XRGB8888,
		       &buffer))
		guest_fail("no buffer");
	if (kms_set(&kms, 0, &buffer, mode))
		guest_fail("no mode set");
	if (draw(&kms, &buffer))
		guest_fail("nothing is drawn");
	printf("guest: the picture is drawn\n");
	guest_stop();
}
