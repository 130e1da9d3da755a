// SPDX-License-Identifier: GPL-2.0-or-later
/* KMS by ioctl: the legacy calls, which alone can say a cursor's hot spot. */
#include "kms.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t pointer(const void *to)
{
	return (uint64_t)(uintptr_t)to;
}

int kms_open(struct kms *kms)
{
	struct drm_mode_card_res resources = {
		.crtc_id_ptr = pointer(kms->crtcs),
		.connector_id_ptr = pointer(kms->connectors),
		.count_crtcs = KMS_MAX_HEADS,
		.count_connectors = KMS_MAX_HEADS,
	};

	kms->card = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	if (kms->card < 0 ||
	    ioctl(kms->card, DRM_IOCTL_MODE_GETRESOURCES, &resources))
		return -1;
	kms->heads = resources.count_crtcs;
	if (!kms->heads || kms->heads > KMS_MAX_HEADS ||
	    resources.count_connectors != kms->heads) {
		errno = ENODEV;
		return -1;
	}
	return 0;
}

int kms_probe(const struct kms *kms, unsigned int head,
	      struct kms_monitor *monitor)
{
	/* Asked for no mode it looks for them, and says how many */
	struct drm_mode_get_connector get = {
		.connector_id = kms->connectors[head],
	};

	if (ioctl(kms->card, DRM_IOCTL_MODE_GETCONNECTOR, &get))
		return -1;
	if (get.count_modes > KMS_MAX_MODES)
		get.count_modes = KMS_MAX_MODES;
	get.modes_ptr = pointer(monitor->modes);
	get.count_props = get.count_encoders = 0;
	if (get.count_modes &&
	    ioctl(kms->card, DRM_IOCTL_MODE_GETCONNECTOR, &get))
		return -1;
	monitor->nr_modes = get.count_modes;
	return 0;
}

const struct drm_mode_modeinfo *kms_find_mode(const struct kms_monitor *monitor,
					      uint32_t width, uint32_t height)
{
	uint32_t i;

	for (i = 0; i < monitor->nr_modes; i++)
		if (monitor->modes[i].hdisplay == width &&
		    monitor->modes[i].vdisplay == height)
			return &monitor->modes[i];
	errno = ENOENT;
	return NULL;
}

static int map_buffer(const struct kms *kms, struct kms_buffer *buffer)
{
	struct drm_mode_map_dumb map = {.handle = buffer->handle};
	void *pixels;

	if (ioctl(kms->card, DRM_IOCTL_MODE_MAP_DUMB, &map))
		return -1;
	pixels = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      kms->card, (off_t)map.offset);
	if (pixels == MAP_FAILED)
		return -1;
	buffer->pixels = pixels;
	return 0;
}

int kms_create(const struct kms *kms, uint32_t width, uint32_t height,
	       uint32_t format, struct kms_buffer *buffer)
{
	struct drm_mode_create_dumb create = {
		.width = width,
		.height = height,
		.bpp = 32,
	};
	struct drm_mode_fb_cmd2 add = {
		.width = width,
		.height = height,
		.pixel_format = format,
	};

	memset(buffer, 0, sizeof(*buffer));
	if (ioctl(kms->card, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		return -1;
	add.handles[0] = buffer->handle = create.handle;
	add.pitches[0] = buffer->stride = create.pitch;
	buffer->width = width;
	buffer->height = height;
	buffer->size = create.size;
	if (ioctl(kms->card, DRM_IOCTL_MODE_ADDFB2, &add))
		return -1;
	buffer->fb = add.fb_id;
	return map_buffer(kms, buffer);
}

void kms_destroy(const struct kms *kms, struct kms_buffer *buffer)
{
	struct drm_mode_destroy_dumb destroy = {.handle = buffer->handle};

	if (buffer->pixels)
		munmap(buffer->pixels, buffer->size);
	if (buffer->fb)
		ioctl(kms->card, DRM_IOCTL_MODE_RMFB, &buffer->fb);
	if (buffer->handle)
		ioctl(kms->card, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
	memset(buffer, 0, sizeof(*buffer));
}

int kms_set(const struct kms *kms, unsigned int head,
	    const struct kms_buffer *buffer,
	    const struct drm_mode_modeinfo *mode)
{
	struct drm_mode_crtc set = {.crtc_id = kms->crtcs[head]};

	if (buffer) {
		set.fb_id = buffer->fb;
		set.set_connectors_ptr = pointer(&kms->connectors[head]);
		set.count_connectors = 1;
		set.mode = *mode;
		set.mode_valid = 1;
	}
	return ioctl(kms->card, DRM_IOCTL_MODE_SETCRTC, &set);
}

int kms_flip(const struct kms *kms, unsigned int head,
	     const struct kms_buffer *buffer)
{
	struct drm_mode_crtc_page_flip flip = {
		.crtc_id = kms->crtcs[head],
		.fb_id = buffer->fb,
		.flags = DRM_MODE_PAGE_FLIP_EVENT,
	};
	struct drm_event_vblank done;

	if (ioctl(kms->card, DRM_IOCTL_MODE_PAGE_FLIP, &flip) ||
	    read(kms->card, &done, sizeof(done)) < 0)
		return -1;
	return 0;
}

int kms_dirty(const struct kms *kms, const struct kms_buffer *buffer,
	      const struct drm_clip_rect *rect)
{
	struct drm_mode_fb_dirty_cmd dirty = {
		.fb_id = buffer->fb,
		.num_clips = 1,
		.clips_ptr = pointer(rect),
	};

	return ioctl(kms->card, DRM_IOCTL_MODE_DIRTYFB, &dirty);
}

int kms_cursor(const struct kms *kms, unsigned int head,
	       const struct kms_buffer *buffer, int32_t hot_x, int32_t hot_y)
{
	struct drm_mode_cursor2 cursor = {
		.flags = DRM_MODE_CURSOR_BO,
		.crtc_id = kms->crtcs[head],
	};

	if (buffer) {
		cursor.width = buffer->width;
		cursor.height = buffer->height;
		cursor.handle = buffer->handle;
		cursor.hot_x = hot_x;
		cursor.hot_y = hot_y;
	}
	return ioctl(kms->card, DRM_IOCTL_MODE_CURSOR2, &cursor);
}

int kms_move_cursor(const struct kms *kms, unsigned int head, int32_t x,
		    int32_t y)
{
	struct drm_mode_cursor2 cursor = {
		.flags = DRM_MODE_CURSOR_MOVE,
		.crtc_id = kms->crtcs[head],
		.x = x,
		.y = y,
	};

	return ioctl(kms->card, DRM_IOCTL_MODE_CURSOR2, &cursor);
}
