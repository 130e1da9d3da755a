// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dma-bufs of plain memory, see udmabuf.h.
 */
#include "udmabuf.h"

#include "test.h"

#include <fcntl.h>
#include <linux/udmabuf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONTROL "/dev/udmabuf"
/* 64 by default, which an 8K picture does not fit in */
#define LIMIT "/sys/module/udmabuf/parameters/size_limit_mb"
#define LIMIT_MIB "1024"

bool udmabuf_has(void)
{
	return !access(CONTROL, F_OK);
}

void udmabuf_open(struct udmabuf *udmabuf, size_t size)
{
	int fd = (int)CHECK_OK(open(LIMIT, O_WRONLY | O_CLOEXEC));
	void *map;

	CHECK_EQ(write(fd, LIMIT_MIB, strlen(LIMIT_MIB)), strlen(LIMIT_MIB));
	close(fd);
	udmabuf->size = size;
	udmabuf->fd = -1;
	udmabuf->control = (int)CHECK_OK(open(CONTROL, O_RDWR | O_CLOEXEC));
	udmabuf->memfd = (int)CHECK_OK(
		memfd_create("udmabuf", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	CHECK_OK(ftruncate(udmabuf->memfd, (off_t)size));
	CHECK_OK(fcntl(udmabuf->memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   udmabuf->memfd, 0);
	CHECK(map != MAP_FAILED);
	memset(map, 1, size);
	munmap(map, size);
}

void udmabuf_close(struct udmabuf *udmabuf)
{
	close(udmabuf->memfd);
	close(udmabuf->control);
}

void udmabuf_create(void *arg)
{
	struct udmabuf *udmabuf = arg;
	struct udmabuf_create create = {
		.memfd = (uint32_t)udmabuf->memfd,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = udmabuf->size,
	};

	udmabuf->fd = ioctl(udmabuf->control, UDMABUF_CREATE, &create);
}

void udmabuf_created(void *arg)
{
	const struct udmabuf *udmabuf = arg;

	CHECK_GE(udmabuf->fd, 0);
}

void udmabuf_close_created(void *arg)
{
	const struct udmabuf *udmabuf = arg;

	udmabuf_created(arg);
	close(udmabuf->fd);
}
