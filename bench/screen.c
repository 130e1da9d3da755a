// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Displays to be measured, see screen.h.
 */
#include "screen.h"

#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MBOCHS_CREATE                                                          \
	"/sys/class/mdev_bus/mbochs/mdev_supported_types/mbochs-large/create"

const struct size sizes[] = {
	{"640x480", 640, 480, 64 * MIB},
	{"1920x1080", 1920, 1080, 64 * MIB},
	{"3840x2160", 3840, 2160, 64 * MIB},
	{"7680x4320", 7680, 4320, 256 * MIB},
};

const unsigned int sizes_count = sizeof(sizes) / sizeof(*sizes);

uint64_t size_bytes(const struct size *size)
{
	return (uint64_t)size->width * size->height * 4;
}

bool screen_has_mbochs(void)
{
	return !access(MBOCHS_CREATE, F_OK);
}

static void create_mbochs(char uuid[UUID_SIZE])
{
	ssize_t size;
	int fd;

	fd = (int)CHECK_OK(open("/proc/sys/kernel/random/uuid", O_RDONLY));
	size = CHECK_OK(read(fd, uuid, UUID_SIZE));
	CHECK_EQ(size, UUID_SIZE);
	close(fd);
	uuid[UUID_SIZE - 1] = 0;
	fd = (int)CHECK_OK(open(MBOCHS_CREATE, O_WRONLY | O_CLOEXEC));
	CHECK_OK(write(fd, uuid, UUID_SIZE - 1));
	close(fd);
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

void screen_create(struct screen *screen, enum column whose,
		   const struct size *size)
{
	memset(screen, 0, sizeof(*screen));
	screen->whose = whose;
	screen->size = size;
	screen->dmabuf = -1;
	if (whose == MBOCHS)
		create_mbochs(screen->device.uuid);
	else
		CHECK_EQ(mdev_create(size->vram > 64 * MIB ? TYPE_256M
							   : TYPE_64M,
				     screen->device.uuid),
			 0);
	screen_open(screen);
	CHECK_GE(screen->vram, size->vram);
}

void screen_show(struct screen *screen)
{
	const struct bochs_mode mode = {
		.width = screen->size->width,
		.height = screen->size->height,
		.bpp = 32,
	};
	unsigned char *vram;
	uint64_t at;

	vram = region_map(&screen->device, BAR0, 0, screen->vram);
	for (at = 0; at < screen->vram; at += 4096)
		vram[at] = 1;
	munmap(vram, screen->vram);
	bochs_place(&screen->device, VRAM_BASE);
	bochs_set_mode(&screen->device, &mode);
}

void screen_pan(struct screen *screen)
{
	screen->line += PAN_LINES;
	CHECK_LE(size_bytes(screen->size) +
			 (uint64_t)screen->line * screen->size->width * 4,
		 screen->vram);
	bochs_pan(&screen->device, 0, screen->line);
}

void screen_remove(struct screen *screen)
{
	screen_close(screen);
	CHECK_EQ(mdev_remove(screen->device.uuid), 0);
}
