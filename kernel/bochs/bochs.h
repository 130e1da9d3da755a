/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A display compatible with QEMU's bochs-display, PCI 1234:1111: linear VRAM
 * in BAR 0, the Bochs dispi registers in BAR 2, no interrupt, no cursor.
 *
 * main.c is the mediated device's types and the module; device.c a device's
 * life and its plane; regs.c the registers that the guest writes.
 */
#ifndef _VFIO_BOCHS_H
#define _VFIO_BOCHS_H

#include <linux/mdev.h>
#include <linux/types.h>
#include <linux/vfio_dmabuf_mgr.h>
#include <linux/vfio_vdev.h>

#define BOCHS_VRAM_BAR	0
#define BOCHS_REGS_BAR	2

/* The registers of the dispi interface, by index: 16 bits each */
enum bochs_dispi {
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
	DISPI_VRAM_64K,
	DISPI_NUM,
};

/*
 * What there is to choose from. The largest mode that the VMM is told of fits
 * the VRAM at four bytes a pixel, with some room for panning.
 */
struct bochs_type {
	struct mdev_type type;
	u32 vram_size;		/* bytes */
	u32 max_xres;
	u32 max_yres;
};

/*
 * What the registers say is shown, checked against the VRAM; offset counts
 * from its start. All zero while nothing is.
 */
struct bochs_mode {
	u64 start;	/* guest-physical */
	u64 offset;
	u32 format;
	u32 width;
	u32 height;
	u32 stride;
};

struct bochs {
	struct vdev vdev;		/* first: VFIO frees what it allocated */
	const struct bochs_type *type;
	u32 vram_size;			/* bytes, constant; 0 until it is taken */
	struct vfio_dmabuf_quota *quota;	/* constant */
	struct vfio_dmabuf_mgr *mgr;	/* while the device is open */
	u16 dispi[DISPI_NUM];		/* vdev.lock */
	bool blanked;			/* by the VGA attribute register: same */
	bool attr_is_data;		/* its flip-flop: same */
	u8 retrace;			/* input status 1: same */
	struct bochs_mode mode;		/* of the registers above: same */
};

static inline struct bochs *to_bochs(struct vdev *vdev)
{
	return container_of(vdev, struct bochs, vdev);
}

/* regs.c */
extern const struct vdev_ops bochs_vdev_ops;

/* device.c */
int bochs_probe(struct mdev_device *mdev, const struct bochs_type *type);
void bochs_remove(struct mdev_device *mdev);

/* main.c: what every device takes a share of; bytes */
bool bochs_memory_get(u32 size);
void bochs_memory_put(u32 size);

#endif /* _VFIO_BOCHS_H */
