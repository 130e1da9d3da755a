/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's driver does with a bochs display: its registers, and what a
 * mode means in bytes. The numbers are those of QEMU's docs/specs/
 * standard-vga and of the Bochs VBE extensions.
 */
#ifndef TESTS_HARNESS_BOCHS_H
#define TESTS_HARNESS_BOCHS_H

#include "device.h"

#include <stdbool.h>

/* Indexes of the 16 bit dispi registers, at BAR2 + 0x500 + 2 * index */
enum bochs_register {
	DISPI_ID,
	DISPI_XRES,
	DISPI_YRES,
	DISPI_BPP,
	DISPI_ENABLE,
	DISPI_BANK,
	DISPI_VIRT_WIDTH,
	DISPI_VIRT_HEIGHT,
	DISPI_X_OFFSET,
	DISPI_Y_OFFSET,
	DISPI_MEMORY_64K,
};

#define DISPI_ENABLED 0x01
#define DISPI_LFB_ENABLED 0x40

#define BAR2_EDID 0x000
#define BAR2_VGA 0x400
#define BAR2_DISPI 0x500
#define BAR2_EXTENDED 0x600

/* Where the tests put BAR0 */
#define VRAM_BASE UINT32_C(0xe0000000)

/* virt_width 0: as wide as the picture */
struct bochs_mode {
	uint16_t width;
	uint16_t height;
	uint16_t bpp;
	uint16_t virt_width;
	uint16_t x;
	uint16_t y;
};

uint16_t bochs_read(const struct device *device, enum bochs_register index);
void bochs_write(const struct device *device, enum bochs_register index,
		 uint16_t value);

/* Give BAR0 an address and let the device decode memory */
void bochs_place(const struct device *device, uint32_t base);

/* Switch off, write all of the mode, switch on */
void bochs_set_mode(const struct device *device, const struct bochs_mode *mode);

/* A new device, opened, BAR0 at VRAM_BASE, showing this mode */
void bochs_create(struct device *device, const char *type,
		  const struct bochs_mode *mode);

/* Move the picture within the virtual screen, as a page flip does */
void bochs_pan(const struct device *device, uint16_t x, uint16_t y);

/* Clear the enable bit */
void bochs_off(const struct device *device);

/* Blank and unblank through the VGA attribute register */
void bochs_blank(const struct device *device, bool blank);

/* What a mode is in bytes, and its DRM fourcc */
uint32_t bochs_bytes(const struct bochs_mode *mode);
uint32_t bochs_stride(const struct bochs_mode *mode);
uint32_t bochs_offset(const struct bochs_mode *mode);
uint32_t bochs_fourcc(const struct bochs_mode *mode);

/* size bytes that are different for each seed and repeat after no period */
void bochs_picture(void *bytes, size_t size, uint64_t seed);

#endif /* TESTS_HARNESS_BOCHS_H */
