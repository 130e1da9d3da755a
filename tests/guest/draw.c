// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * First and only process of the test guest, a stock kernel: load the modules
 * of its stock display driver, set a mode through KMS, draw the picture of
 * picture.h and keep it on the screen. Says on the console that it has drawn,
 * or what went wrong.
 *
 * It talks to KMS by ioctl, as libdrm would: a static program of its own needs
 * neither a C library in the guest nor a shell, and starts at once.
 */
#include "picture.h"

#include <drm.h>
#include <drm_fourcc.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_MODES 128
#define MAX_OBJECTS 16

struct output {
	int card;
	uint32_t crtc;
	uint32_t connector;
	struct drm_mode_modeinfo mode;
};

static void stop(void)
{
	for (;;)
		pause();
}

static void fail(const char *what)
{
	printf("guest: %s: %s\n", what, strerror(errno));
	stop();
}

/* Each line of the list: path of a module, then its parameters */
static void load_modules(const char *list)
{
	char line[256], *parameters;
	FILE *file = fopen(list, "re");
	int fd;

	if (!file)
		fail(list);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		parameters = strchr(line, ' ');
		if (parameters)
			*parameters++ = '\0';
		fd = open(line, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd,
				      parameters ? parameters : "", 0))
			fail(line);
		close(fd);
	}
	fclose(file);
}

static uint64_t pointer(void *to)
{
	return (uint64_t)(uintptr_t)to;
}

static void find_mode(struct output *output)
{
	static struct drm_mode_modeinfo modes[MAX_MODES];
	struct drm_mode_get_connector get = {
		.connector_id = output->connector,
	};
	uint32_t i;

	/* Asked for no mode it looks for them, and says how many */
	if (ioctl(output->card, DRM_IOCTL_MODE_GETCONNECTOR, &get))
		fail("no connector");
	if (get.count_modes > MAX_MODES)
		get.count_modes = MAX_MODES;
	get.modes_ptr = pointer(modes);
	get.count_props = get.count_encoders = 0;
	if (ioctl(output->card, DRM_IOCTL_MODE_GETCONNECTOR, &get))
		fail("no modes");
	for (i = 0; i < get.count_modes; i++) {
		output->mode = modes[i];
		if (modes[i].hdisplay == PICTURE_WIDTH &&
		    modes[i].vdisplay == PICTURE_HEIGHT)
			return;
	}
	errno = ENOENT;
	fail("no mode of the picture's size");
}

static void find_output(struct output *output)
{
	uint32_t crtcs[MAX_OBJECTS], connectors[MAX_OBJECTS];
	struct drm_mode_card_res resources = {
		.crtc_id_ptr = pointer(crtcs),
		.connector_id_ptr = pointer(connectors),
		.count_crtcs = MAX_OBJECTS,
		.count_connectors = MAX_OBJECTS,
	};

	output->card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (output->card < 0)
		fail("no card");
	if (ioctl(output->card, DRM_IOCTL_MODE_GETRESOURCES, &resources))
		fail("no resources");
	if (!resources.count_crtcs || !resources.count_connectors) {
		errno = ENODEV;
		fail("no output");
	}
	output->crtc = crtcs[0];
	output->connector = connectors[0];
	find_mode(output);
}

/* A framebuffer of the mode's size; *pixels is its memory, *stride in bytes */
static uint32_t create_framebuffer(const struct output *output,
				   uint8_t **pixels, uint32_t *stride)
{
	struct drm_mode_create_dumb create = {
		.width = output->mode.hdisplay,
		.height = output->mode.vdisplay,
		.bpp = 32,
	};
	struct drm_mode_map_dumb map = { 0 };
	struct drm_mode_fb_cmd2 add = {
		.width = create.width,
		.height = create.height,
		.pixel_format = DRM_FORMAT_XRGB8888,
	};

	if (ioctl(output->card, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		fail("no buffer");
	add.handles[0] = map.handle = create.handle;
	add.pitches[0] = *stride = create.pitch;
	if (ioctl(output->card, DRM_IOCTL_MODE_ADDFB2, &add))
		fail("no framebuffer");
	if (ioctl(output->card, DRM_IOCTL_MODE_MAP_DUMB, &map))
		fail("no mapping");
	*pixels = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       output->card, (off_t)map.offset);
	if (*pixels == MAP_FAILED)
		fail("no memory");
	return add.fb_id;
}

static void draw(uint8_t *pixels, uint32_t stride)
{
	uint32_t x, y, *line;

	for (y = 0; y < PICTURE_HEIGHT; y++) {
		line = (uint32_t *)(void *)(pixels + (size_t)y * stride);
		for (x = 0; x < PICTURE_WIDTH; x++)
			line[x] = picture_pixel(x, y);
	}
}

int main(void)
{
	struct output output = { 0 };
	struct drm_mode_crtc set = { 0 };
	uint32_t stride;
	uint8_t *pixels;

	if (mount("dev", "/dev", "devtmpfs", 0, NULL))
		fail("no /dev");
	load_modules("/modules");
	find_output(&output);
	set.fb_id = create_framebuffer(&output, &pixels, &stride);
	set.crtc_id = output.crtc;
	set.set_connectors_ptr = pointer(&output.connector);
	set.count_connectors = 1;
	set.mode = output.mode;
	set.mode_valid = 1;
	if (ioctl(output.card, DRM_IOCTL_MODE_SETCRTC, &set))
		fail("no mode set");
	draw(pixels, stride);
	printf("guest: the picture is drawn\n");
	stop();
}
