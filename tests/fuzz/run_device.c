// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ops on a device's fd: what a VMM does, and through it a guest.
 */
#include "run.h"

#include "bochs.h"
#include "display.h"

#include <errno.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PLANE_TYPES 3

/* fd, argsz, at */
long run_device_info(struct run *run, const uint64_t *operands)
{
	struct vfio_device_info info = {.argsz = (uint32_t)operands[1]};

	return run_ioctl_at(run, operands[0], VFIO_DEVICE_GET_INFO, operands[2],
			    &info, sizeof(info));
}

/* fd, argsz, index, at */
long run_region_info(struct run *run, const uint64_t *operands)
{
	struct vfio_region_info info = {.argsz = (uint32_t)operands[1],
					.index = (uint32_t)operands[2]};

	return run_ioctl_at(run, operands[0], VFIO_DEVICE_GET_REGION_INFO,
			    operands[3], &info, sizeof(info));
}

/* fd, argsz, index, at */
long run_irq_info(struct run *run, const uint64_t *operands)
{
	struct vfio_irq_info info = {.argsz = (uint32_t)operands[1],
				     .index = (uint32_t)operands[2]};

	return run_ioctl_at(run, operands[0], VFIO_DEVICE_GET_IRQ_INFO,
			    operands[3], &info, sizeof(info));
}

/* fd, argsz, flags, index, start, count, event, at */
long run_set_irqs(struct run *run, const uint64_t *operands)
{
	/* struct vfio_irq_set, whose data is as many words as it takes */
	uint32_t words[16] = {
		(uint32_t)operands[1], (uint32_t)operands[2],
		(uint32_t)operands[3], (uint32_t)operands[4],
		(uint32_t)operands[5], (uint32_t)run->fds[operands[6]],
	};

	return run_ioctl_at(run, operands[0], VFIO_DEVICE_SET_IRQS, operands[7],
			    words, sizeof(words));
}

long run_reset(struct run *run, const uint64_t *operands)
{
	return run_result(ioctl(run->fds[operands[0]], VFIO_DEVICE_RESET));
}

static off_t region_position(uint64_t region, uint64_t offset)
{
	return (off_t)((region << RUN_REGION_SHIFT) + offset);
}

static size_t bulk_size(uint64_t size)
{
	return size < RUN_BULK_MAX ? size : RUN_BULK_MAX;
}

/* fd, region, offset, size, at */
long run_read(struct run *run, const uint64_t *operands)
{
	void *at = run_place(run, operands[4], "", 0);

	return run_result(pread(run->fds[operands[0]], at,
				bulk_size(operands[3]),
				region_position(operands[1], operands[2])));
}

/* fd, region, offset, size, value, at */
long run_write(struct run *run, const uint64_t *operands)
{
	uint64_t value[2] = {operands[4], operands[4]};
	void *at = run_place(run, operands[5], value, sizeof(value));

	return run_result(pwrite(run->fds[operands[0]], at,
				 bulk_size(operands[3]),
				 region_position(operands[1], operands[2])));
}

static long put(const struct run *run, uint64_t fd, uint64_t region,
		uint64_t offset, uint64_t value, size_t size)
{
	return run_result(pwrite(run->fds[fd], &value, size,
				 region_position(region, offset)));
}

static long put_dispi(const struct run *run, uint64_t fd, uint64_t reg,
		      uint64_t value)
{
	return put(run, fd, BAR2, BAR2_DISPI + 2 * reg, value, 2);
}

/* fd, reg, value */
long run_dispi(struct run *run, const uint64_t *operands)
{
	return put_dispi(run, operands[0], operands[1], operands[2]);
}

/* fd, width, height, bpp, virt, x, y: as a guest's driver sets a mode */
long run_mode(struct run *run, const uint64_t *operands)
{
	static const enum bochs_register registers[] = {
		DISPI_XRES,	  DISPI_YRES,	  DISPI_BPP,
		DISPI_VIRT_WIDTH, DISPI_X_OFFSET, DISPI_Y_OFFSET};
	unsigned int i;

	put_dispi(run, operands[0], DISPI_ENABLE, 0);
	for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		put_dispi(run, operands[0], registers[i], operands[1 + i]);
	put(run, operands[0], BAR2, BAR2_VGA, 0x20, 1);
	return put_dispi(run, operands[0], DISPI_ENABLE,
			 DISPI_ENABLED | DISPI_LFB_ENABLED);
}

static long put_plane(const struct run *run, uint64_t fd, uint64_t plane,
		      uint64_t reg, uint64_t value)
{
	uint64_t slot = (plane >> 16) * PLANE_TYPES + (plane & 0xff);

	return put(run, fd, BAR0,
		   ((slot * DISPLAY_REGISTERS + reg) * 4) & UINT32_MAX, value,
		   4);
}

/* fd, plane, reg, value */
long run_plane(struct run *run, const uint64_t *operands)
{
	return put_plane(run, operands[0], operands[1], operands[2],
			 operands[3]);
}

/* fd, plane, memory, format, width, height, stride, offset: on, and a flip */
long run_show(struct run *run, const uint64_t *operands)
{
	static const enum display_register registers[] = {
		DISPLAY_MEMORY, DISPLAY_FORMAT, DISPLAY_WIDTH,
		DISPLAY_HEIGHT, DISPLAY_STRIDE, DISPLAY_OFFSET};
	unsigned int i;

	for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		put_plane(run, operands[0], operands[1], registers[i],
			  operands[2 + i]);
	put_plane(run, operands[0], operands[1], DISPLAY_ON, 1);
	return put_plane(run, operands[0], operands[1], DISPLAY_COMMIT,
			 COMMIT_FLIP);
}
