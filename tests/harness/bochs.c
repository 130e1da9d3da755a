// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's view of a bochs display, see bochs.h.
 */
#include "bochs.h"

#include "test.h"

#include <string.h>

#define FOURCC(a, b, c, d)                                                     \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 |            \
	 (uint32_t)(d) << 24)

#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x2
#define PCI_BASE_ADDRESS_0 0x10

/* VGA ports; those from 0x3c0 on are at BAR2_VGA */
#define VGA_FIRST 0x3c0
#define VGA_ATTRIBUTE 0x3c0
#define VGA_ATTRIBUTE_SHOW 0x20
#define VGA_STATUS_1 0x3da

uint16_t bochs_read(const struct device *device, enum bochs_register index)
{
	return (uint16_t)region_get(device, BAR2, BAR2_DISPI + 2 * index, 2);
}

void bochs_write(const struct device *device, enum bochs_register index,
		 uint16_t value)
{
	region_set(device, BAR2, BAR2_DISPI + 2 * index, 2, value);
}

void bochs_place(const struct device *device, uint32_t base)
{
	region_set(device, CONFIG, PCI_BASE_ADDRESS_0, 4, base);
	region_set(device, CONFIG, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
}

void bochs_set_mode(const struct device *device, const struct bochs_mode *mode)
{
	uint16_t virt_width = mode->virt_width ? mode->virt_width : mode->width;

	bochs_write(device, DISPI_ENABLE, 0);
	bochs_write(device, DISPI_BPP, mode->bpp);
	bochs_write(device, DISPI_XRES, mode->width);
	bochs_write(device, DISPI_YRES, mode->height);
	bochs_write(device, DISPI_BANK, 0);
	bochs_write(device, DISPI_VIRT_WIDTH, virt_width);
	bochs_write(device, DISPI_VIRT_HEIGHT, mode->height);
	bochs_write(device, DISPI_X_OFFSET, mode->x);
	bochs_write(device, DISPI_Y_OFFSET, mode->y);
	bochs_write(device, DISPI_ENABLE, DISPI_ENABLED | DISPI_LFB_ENABLED);
}

void bochs_create(struct device *device, const char *type,
		  const struct bochs_mode *mode)
{
	device_create(device, type);
	bochs_place(device, VRAM_BASE);
	bochs_set_mode(device, mode);
}

void bochs_pan(const struct device *device, uint16_t x, uint16_t y)
{
	bochs_write(device, DISPI_X_OFFSET, x);
	bochs_write(device, DISPI_Y_OFFSET, y);
}

void bochs_off(const struct device *device)
{
	bochs_write(device, DISPI_ENABLE, 0);
}

void bochs_blank(const struct device *device, bool blank)
{
	/* A read of the status makes the attribute port take an index next */
	region_get(device, BAR2, BAR2_VGA + VGA_STATUS_1 - VGA_FIRST, 1);
	region_set(device, BAR2, BAR2_VGA + VGA_ATTRIBUTE - VGA_FIRST, 1,
		   blank ? 0 : VGA_ATTRIBUTE_SHOW);
}

uint32_t bochs_bytes(const struct bochs_mode *mode)
{
	return mode->bpp == 15 ? 2 : mode->bpp / 8;
}

uint32_t bochs_stride(const struct bochs_mode *mode)
{
	return (mode->virt_width > mode->width ? mode->virt_width
					       : mode->width) *
	       bochs_bytes(mode);
}

uint32_t bochs_offset(const struct bochs_mode *mode)
{
	return mode->x * bochs_bytes(mode) + mode->y * bochs_stride(mode);
}

uint32_t bochs_fourcc(const struct bochs_mode *mode)
{
	switch (mode->bpp) {
	case 15:
		return FOURCC('X', 'R', '1', '5');
	case 16:
		return FOURCC('R', 'G', '1', '6');
	case 24:
		return FOURCC('R', 'G', '2', '4');
	case 32:
		return FOURCC('X', 'R', '2', '4');
	default:
		test_fail(__FILE__, __LINE__, "no format has %u bits per pixel",
			  mode->bpp);
	}
}

void bochs_picture(void *bytes, size_t size, uint64_t seed)
{
	unsigned char *at = bytes;
	uint64_t value;

	seed = seed * 2 + 1;
	for (; size >= sizeof(value); at += sizeof(value)) {
		value = test_random(&seed);
		memcpy(at, &value, sizeof(value));
		size -= sizeof(value);
	}
	value = test_random(&seed);
	memcpy(at, &value, size);
}
