// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A GEM driver that imports dma-bufs, see gem.h.
 */
#include "gem.h"

#include "test.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int gem_open(void)
{
	char name[32];
	struct gem_version version = {.name = name};
	glob_t cards;
	size_t i;
	int fd;

	CHECK_EQ(system("modprobe vgem"), 0);
	CHECK_EQ(glob("/dev/dri/card*", 0, NULL, &cards), 0);
	for (i = 0; i < cards.gl_pathc; i++) {
		fd = open(cards.gl_pathv[i], O_RDWR | O_CLOEXEC);
		memset(name, 0, sizeof(name));
		version.name_length = sizeof(name) - 1;
		if (fd >= 0 && !ioctl(fd, GEM_VERSION, &version) &&
		    !strcmp(name, "vgem")) {
			globfree(&cards);
			return fd;
		}
		close(fd);
	}
	test_fail(__FILE__, __LINE__, "vgem has no card");
}

uint32_t gem_import(int card, int dmabuf)
{
	struct gem_prime prime = {.fd = dmabuf};

	CHECK_OK(ioctl(card, GEM_PRIME_FD_TO_HANDLE, &prime));
	return prime.handle;
}

int gem_export(int card, uint32_t handle)
{
	struct gem_prime prime = {
		.handle = handle,
		.flags = O_RDWR | O_CLOEXEC,
		.fd = -1,
	};

	CHECK_OK(ioctl(card, GEM_PRIME_HANDLE_TO_FD, &prime));
	return prime.fd;
}

off_t gem_next_place(int card, size_t size)
{
	struct gem_create_dumb dumb = {
		.width = 1024,
		.height = (uint32_t)(size / 4096),
		.bpp = 32,
	};
	struct gem_map_dumb place = {0};
	struct gem_destroy_dumb destroy;

	CHECK_OK(ioctl(card, GEM_CREATE_DUMB, &dumb));
	CHECK_EQ(dumb.size, size);
	place.handle = destroy.handle = dumb.handle;
	CHECK_OK(ioctl(card, GEM_MAP_DUMB, &place));
	CHECK_OK(ioctl(card, GEM_DESTROY_DUMB, &destroy));
	return (off_t)place.offset;
}

void gem_attach_fence(int card, uint32_t handle)
{
	struct gem_attach_fence attach = {
		.handle = handle,
		.flags = GEM_FENCE_WRITE,
	};

	CHECK_OK(ioctl(card, GEM_ATTACH_FENCE, &attach));
}

void gem_close(int card, uint32_t handle)
{
	struct gem_handle close = {.handle = handle};

	CHECK_OK(ioctl(card, GEM_CLOSE, &close));
}
