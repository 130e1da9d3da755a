/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the test guests ask of KMS, by ioctl, as libdrm would. Everything that
 * can fail returns 0, or -1 and errno.
 */
#ifndef TESTS_GUEST_KMS_H
#define TESTS_GUEST_KMS_H

#include <drm.h>
#include <drm_fourcc.h>
#include <drm_mode.h>
#include <stddef.h>
#include <stdint.h>

#define KMS_MAX_HEADS 16

/* What a monitor offers */
#define KMS_MAX_MODES 128

struct kms {
	int card;
	unsigned int heads;
	uint32_t crtcs[KMS_MAX_HEADS];
	uint32_t connectors[KMS_MAX_HEADS];
};

/* A head's monitor; modes is 0 where none is plugged in */
struct kms_monitor {
	uint32_t nr_modes;
	struct drm_mode_modeinfo modes[KMS_MAX_MODES];
};

/* A dumb buffer of four bytes a pixel, mapped */
struct kms_buffer {
	uint32_t fb;
	uint32_t handle;
	uint32_t width;
	uint32_t height;
	uint32_t stride; /* bytes */
	size_t size;
	uint8_t *pixels;
};

/* The first card; each head is a CRTC with the connector of its number */
int kms_open(struct kms *kms);

/* Look again what monitor a head has */
int kms_probe(const struct kms *kms, unsigned int head,
	      struct kms_monitor *monitor);

/* The monitor's mode of that size, or NULL and ENOENT */
const struct drm_mode_modeinfo *kms_find_mode(const struct kms_monitor *monitor,
					      uint32_t width, uint32_t height);

/* format is DRM_FORMAT_XRGB8888, or DRM_FORMAT_ARGB8888 for a cursor */
int kms_create(const struct kms *kms, uint32_t width, uint32_t height,
	       uint32_t format, struct kms_buffer *buffer);
void kms_destroy(const struct kms *kms, struct kms_buffer *buffer);

/* Show a buffer in that mode, or with NULL turn the head off */
int kms_set(const struct kms *kms, unsigned int head,
	    const struct kms_buffer *buffer,
	    const struct drm_mode_modeinfo *mode);

/* Show another buffer of the same size, and wait until it is shown */
int kms_flip(const struct kms *kms, unsigned int head,
	     const struct kms_buffer *buffer);

/* Tell that the guest has drawn in a rectangle of a buffer */
int kms_dirty(const struct kms *kms, const struct kms_buffer *buffer,
	      const struct drm_clip_rect *rect);

/* A cursor of that hot spot, or with NULL none */
int kms_cursor(const struct kms *kms, unsigned int head,
	       const struct kms_buffer *buffer, int32_t hot_x, int32_t hot_y);
int kms_move_cursor(const struct kms *kms, unsigned int head, int32_t x,
		    int32_t y);

#endif /* TESTS_GUEST_KMS_H */
