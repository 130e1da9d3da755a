// SPDX-License-Identifier: GPL-2.0-only
/*
 * BAR 2: what the guest reads and writes to set a mode.
 *
 *	0x000	EDID
 *	0x400	VGA ports 0x3c0 to 0x3df, of which the attribute register blanks
 *	0x500	dispi registers
 *	0x600	QEMU's extended registers: size and endianness, little only
 *
 * What lies between reads as all ones, as on QEMU.
 *
 * After each write, and when a BAR may have moved, the mode that all registers
 * together say is worked out, in 64 bit and against the VRAM; only if that
 * changed has the plane changed.
 */
#include <linux/kernel.h>
#include <drm/drm_fourcc.h>

#include "bochs.h"

#define EDID_END	0x400
#define VGA_BASE	0x400
#define VGA_END		0x420
#define DISPI_BASE	0x500
#define DISPI_END	(DISPI_BASE + 2 * DISPI_NUM)
#define EXT_BASE	0x600
#define EXT_END		0x608

/* The dispi version that has the VRAM's size in a register */
#define DISPI_ID5		0xb0c5
#define DISPI_ENABLED		BIT(0)
/* Less than this is no screen, and more neither, as QEMU has it */
#define MIN_WIDTH		64
#define MIN_HEIGHT		64
#define MAX_WIDTH		16000
#define MAX_HEIGHT		12000

#define VGA_ATTR		(VGA_BASE + 0x3c0 - 0x3c0)
#define VGA_STATUS1		(VGA_BASE + 0x3da - 0x3c0)
/* In the attribute index: palette access off, that is, video on */
#define VGA_ATTR_VIDEO		BIT(5)
#define VGA_STATUS1_RETRACE	(BIT(0) | BIT(3))

/* A byte of what is no register */
#define NO_REGISTER		0xff

/* Each byte of the endianness register */
#define EXT_LITTLE_ENDIAN	0x1e

static bool format_of_bpp(u16 bpp, u32 *format, u32 *cpp)
{
	switch (bpp) {
	case 15:
		*format = DRM_FORMAT_XRGB1555;
		*cpp = 2;
		return true;
	case 16:
		*format = DRM_FORMAT_RGB565;
		*cpp = 2;
		return true;
	case 24:
		*format = DRM_FORMAT_RGB888;
		*cpp = 3;
		return true;
	case 32:
		*format = DRM_FORMAT_XRGB8888;
		*cpp = 4;
		return true;
	default:
		return false;
	}
}

static void mode_of_regs(const struct bochs *bochs, struct bochs_mode *mode)
{
	const u16 *dispi = bochs->dispi;
	u32 format, cpp, stride;
	u64 offset;

	memset(mode, 0, sizeof(*mode));
	if (!(dispi[DISPI_ENABLE] & DISPI_ENABLED) || bochs->blanked ||
	    !format_of_bpp(dispi[DISPI_BPP], &format, &cpp) ||
	    dispi[DISPI_XRES] < MIN_WIDTH || dispi[DISPI_XRES] > MAX_WIDTH ||
	    dispi[DISPI_YRES] < MIN_HEIGHT || dispi[DISPI_YRES] > MAX_HEIGHT)
		return;

	/* All factors have 16 bits, so no product overflows */
	stride = max(dispi[DISPI_VIRT_WIDTH], dispi[DISPI_XRES]) * cpp;
	offset = (u64)dispi[DISPI_Y_OFFSET] * stride +
		 dispi[DISPI_X_OFFSET] * cpp;
	if (offset + (u64)stride * dispi[DISPI_YRES] > bochs->vram_size)
		return;

	/* The guest may have given it no address yet */
	mode->start = (vdev_bar_address(&bochs->vdev, BOCHS_VRAM_BAR) ?:
		       VFIO_DMABUF_NO_ADDRESS) + offset;
	mode->offset = offset;
	mode->format = format;
	mode->width = dispi[DISPI_XRES];
	mode->height = dispi[DISPI_YRES];
	mode->stride = stride;
}

static void update_mode(struct bochs *bochs)
{
	struct bochs_mode mode;

	mode_of_regs(bochs, &mode);
	if (!memcmp(&mode, &bochs->mode, sizeof(mode)))
		return;
	bochs->mode = mode;
	vfio_dmabuf_mgr_changed(bochs->mgr,
				VFIO_DMABUF_MGR_PLANE_ID(VFIO_DMABUF_MGR_PLANE_PRIMARY, 0, 0),
				NULL);
}

static void regs_reset(struct vdev *vdev)
{
	struct bochs *bochs = to_bochs(vdev);

	memset(bochs->dispi, 0, sizeof(bochs->dispi));
	bochs->dispi[DISPI_ID] = DISPI_ID5;
	bochs->dispi[DISPI_VRAM_64K] = bochs->vram_size >> 16;
	bochs->blanked = false;
	bochs->attr_is_data = false;
	update_mode(bochs);
}

static u8 vga_read(struct bochs *bochs, u32 port)
{
	if (port != VGA_STATUS1)
		return 0;
	bochs->attr_is_data = false;
	/* Whoever waits for a retrace, or for its end, sees it come */
	bochs->retrace ^= VGA_STATUS1_RETRACE;
	return bochs->retrace;
}

static void vga_write(struct bochs *bochs, u32 port, u8 value)
{
	if (port != VGA_ATTR)
		return;
	if (!bochs->attr_is_data)
		bochs->blanked = !(value & VGA_ATTR_VIDEO);
	bochs->attr_is_data = !bochs->attr_is_data;
}

static u8 regs_read_byte(struct bochs *bochs, u32 offset)
{
	if (offset < EDID_END)
		return vdev_edid_byte(&bochs->vdev.edid, offset);
	if (offset >= VGA_BASE && offset < VGA_END)
		return vga_read(bochs, offset);
	if (offset >= DISPI_BASE && offset < DISPI_END)
		return bochs->dispi[(offset - DISPI_BASE) / 2] >>
		       8 * (offset % 2);
	if (offset >= EXT_BASE && offset < EXT_BASE + 4)
		return (u32)(EXT_END - EXT_BASE) >> 8 * (offset - EXT_BASE);
	if (offset >= EXT_BASE + 4 && offset < EXT_END)
		return EXT_LITTLE_ENDIAN;
	return NO_REGISTER;
}

static u32 regs_read(struct vdev *vdev, unsigned int bar, u32 offset,
		     unsigned int size)
{
	u32 value = 0;
	unsigned int i;

	for (i = 0; i < size; i++)
		value |= (u32)regs_read_byte(to_bochs(vdev), offset + i) <<
			 8 * i;
	return value;
}

/* One or both bytes of one register */
static void dispi_write(struct bochs *bochs, u32 offset, unsigned int size,
			u16 value)
{
	unsigned int index = (offset - DISPI_BASE) / 2;
	u16 mask = 0xffff;

	if (index == DISPI_ID || index == DISPI_VRAM_64K)
		return;
	if (size == 1) {
		mask = 0xff << 8 * (offset % 2);
		value <<= 8 * (offset % 2);
	}
	bochs->dispi[index] = (bochs->dispi[index] & ~mask) | (value & mask);
}

static void regs_write(struct vdev *vdev, unsigned int bar, u32 offset,
		       unsigned int size, u32 value)
{
	struct bochs *bochs = to_bochs(vdev);
	unsigned int i, step;

	for (i = 0; i < size; i += step, value >>= 8 * step, offset += step) {
		step = 1;
		if (offset >= VGA_BASE && offset < VGA_END) {
			vga_write(bochs, offset, value);
		} else if (offset >= DISPI_BASE && offset < DISPI_END) {
			step = min(size - i, 2u);
			dispi_write(bochs, offset, step, value);
		}
	}
	update_mode(bochs);
}

static void regs_config_changed(struct vdev *vdev)
{
	update_mode(to_bochs(vdev));
}

const struct vdev_ops bochs_vdev_ops = {
	.reset = regs_reset,
	.read = regs_read,
	.write = regs_write,
	.config_changed = regs_config_changed,
};
