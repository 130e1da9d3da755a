// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Displays to be measured, see screen.h.
 */
#include "screen.h"

#include "test.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

const struct size sizes[] = {
	{"640x480", 640, 480, 64 * MIB, "mdpy-vga"},
	{"1920x1080", 1920, 1080, 64 * MIB, "mdpy-hd"},
	{"3840x2160", 3840, 2160, 64 * MIB, NULL},
	{"7680x4320", 7680, 4320, 256 * MIB, NULL},
};

const unsigned int sizes_count = sizeof(sizes) / sizeof(*sizes);

uint64_t size_bytes(const struct size *size)
{
	return (uint64_t)size->width * size->height * 4;
}

uint64_t size_pages(const struct size *size)
{
	return (size_bytes(size) + PAGE - 1) / PAGE;
}

const char *screen_cannot(enum column whose, const struct size *size)
{
	if (whose == MBOCHS && size->vram > MBOCHS_VRAM)
		return "its VRAM is 64 MiB at most";
	if (whose == MDPY && !size->mdpy)
		return "it shows 1920x1080 at most";
	return NULL;
}

bool screen_has(enum column whose)
{
	return !access(whose == MDPY ? "/sys/class/mdev_bus/mdpy"
				     : "/sys/class/mdev_bus/mbochs",
		       F_OK);
}

void screen_open(struct screen *screen)
{
	struct vfio_region_info info;

	device_open(&screen->device);
	region_info(&screen->device, BAR2, &info);
	screen->bar2 = info.offset;
	region_info(&screen->device, BAR0, &info);
	screen->vram = info.size;
	screen->line = 0;
	screen->manager = -1;
	if (screen->whose == PLANEFD)
		screen->manager = manager_open(&screen->device);
}

void screen_close(struct screen *screen)
{
	if (screen->manager >= 0)
		close(screen->manager);
	device_close(&screen->device);
}

static void create(struct screen *screen, enum column whose,
		   const struct size *size, const char *type)
{
	memset(screen, 0, sizeof(*screen));
	screen->whose = whose;
	screen->size = size;
	screen->dmabuf = -1;
	CHECK_EQ(mdev_create(type, screen->device.uuid), 0);
	screen_open(screen);
}

void screen_create(struct screen *screen, enum column whose,
		   const struct size *size)
{
	const char *type = size->vram > 64 * MIB ? TYPE_256M : TYPE_64M;

	if (whose == MBOCHS)
		type = "mbochs-large";
	else if (whose == MDPY)
		type = size->mdpy;
	create(screen, whose, size, type);
	CHECK_GE(screen->vram, size_bytes(size));
}

void screen_create_small(struct screen *screen, enum column whose)
{
	const char *type = TYPE_16M;

	if (whose == MBOCHS)
		type = "mbochs-medium";
	else if (whose == MDPY)
		type = SIZE_VGA->mdpy;
	create(screen, whose, SIZE_VGA, type);
}

void screen_set_mode(struct screen *screen)
{
	const struct bochs_mode mode = {
		.width = screen->size->width,
		.height = screen->size->height,
		.bpp = 32,
	};

	if (screen->whose == MDPY)
		return;
	bochs_place(&screen->device, VRAM_BASE);
	bochs_set_mode(&screen->device, &mode);
}

void screen_show(struct screen *screen)
{
	unsigned char *vram;
	uint64_t at;

	if (screen->whose == MDPY)
		return;
	vram = region_map(&screen->device, BAR0, 0, screen->vram);
	for (at = 0; at < screen->vram; at += PAGE)
		vram[at] = 1;
	munmap(vram, screen->vram);
	screen_set_mode(screen);
}

void screen_pan(struct screen *screen)
{
	screen->line += PAN_LINES;
	CHECK_LE(size_bytes(screen->size) +
			 (uint64_t)screen->line * screen->size->width * 4,
		 screen->vram);
	bochs_pan(&screen->device, 0, screen->line);
}

void screen_flip(struct screen *screen)
{
	screen->status = (int)pwrite(
		screen->device.fd, &screen->line, sizeof(screen->line),
		(off_t)(screen->bar2 + BAR2_DISPI + 2 * DISPI_Y_OFFSET));
}

void screen_has_flipped(const struct screen *screen)
{
	CHECK_EQ(screen->status, sizeof(screen->line));
}

void screen_remove(struct screen *screen)
{
	screen_close(screen);
	CHECK_EQ(mdev_remove(screen->device.uuid), 0);
}

void screen_prepare(struct screen *screen, size_t argsz)
{
	memset(&screen->query, 0, sizeof(screen->query));
	screen->query.base.argsz = (uint32_t)argsz;
	screen->query.base.plane_id = PRIMARY;
	memset(&screen->gfx, 0, sizeof(screen->gfx));
	screen->gfx.argsz = sizeof(screen->gfx);
	screen->gfx.flags = screen->whose == MDPY ? VFIO_GFX_PLANE_TYPE_REGION
						  : VFIO_GFX_PLANE_TYPE_DMABUF;
	screen->gfx.drm_plane_type = 1;
}

void screen_query(void *arg)
{
	struct screen *screen = arg;

	screen->status = ioctl(screen->manager, VFIO_DMABUF_MGR_QUERY_PLANE,
			       &screen->query);
}

void screen_create_dmabuf(void *arg)
{
	struct vfio_dmabuf_mgr_create_dmabuf request = {
		.argsz = sizeof(request),
		.plane_id = PRIMARY,
	};
	struct screen *screen = arg;

	screen->status =
		ioctl(screen->manager, VFIO_DMABUF_MGR_CREATE_DMABUF, &request);
	screen->dmabuf = request.fd;
}

void screen_gfx_query(void *arg)
{
	struct screen *screen = arg;

	screen->status = ioctl(screen->device.fd, VFIO_DEVICE_QUERY_GFX_PLANE,
			       &screen->gfx);
}

void screen_gfx_get(void *arg)
{
	struct screen *screen = arg;

	screen->dmabuf = ioctl(screen->device.fd, VFIO_DEVICE_GET_GFX_DMABUF,
			       &screen->gfx.dmabuf_id);
}

void screen_gfx_export(void *arg)
{
	screen_gfx_query(arg);
	screen_gfx_get(arg);
}

void screen_gfx_export_new(void *arg)
{
	screen_gfx_query(arg);
	screen_gfx_export(arg);
}

void screen_was_asked(void *arg)
{
	const struct screen *screen = arg;
	uint32_t width = screen->query.base.plane_info.width;

	CHECK_EQ(screen->status, 0);
	CHECK_EQ(width ? width : screen->gfx.width, screen->size->width);
}

void screen_has_exported(void *arg)
{
	const struct screen *screen = arg;

	CHECK_EQ(screen->status, 0);
	CHECK_GE(screen->dmabuf, 0);
}

void screen_close_exported(void *arg)
{
	const struct screen *screen = arg;

	screen_has_exported(arg);
	close(screen->dmabuf);
}

int screen_export(struct screen *screen)
{
	screen_prepare(screen, QUERY_MINSZ);
	if (screen->whose == PLANEFD)
		screen_create_dmabuf(screen);
	else
		screen_gfx_export_new(screen);
	screen_has_exported(screen);
	return screen->dmabuf;
}
