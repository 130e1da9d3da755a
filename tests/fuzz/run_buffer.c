// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ops on dma-bufs, and importing them into a DRM device.
 */
#include "run.h"

#include "gem.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_CARDS 8
#define NAME_BYTES 40

/* fd, flags, at */
long run_sync(struct run *run, const uint64_t *operands)
{
	struct dma_buf_sync sync = {.flags = operands[1]};

	return run_ioctl_at(run, operands[0], DMA_BUF_IOCTL_SYNC, operands[2],
			    &sync, sizeof(sync));
}

/* to, fd, flags, at: the buffer's fences as a file, then that as its fence */
long run_sync_file(struct run *run, const uint64_t *operands)
{
	struct dma_buf_export_sync_file out = {.flags = (uint32_t)operands[2],
					       .fd = -1};
	struct dma_buf_import_sync_file in = {.flags = out.flags};
	long result =
		run_ioctl_at(run, operands[1], DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
			     operands[3], &out, sizeof(out));

	if (result)
		return result;
	in.fd = out.fd;
	run_keep_fd(run, operands[0], out.fd);
	return run_result(ioctl(run->fds[operands[1]],
				DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &in));
}

/* fd, offset, whence */
long run_seek(struct run *run, const uint64_t *operands)
{
	static const int whences[] = {SEEK_SET, SEEK_CUR, SEEK_END};
	long result =
		run_result(lseek(run->fds[operands[0]], (off_t)operands[1],
				 whences[operands[2]]));

	return result < 0 ? result : 0;
}

/* fd, size, at: a name of that many letters */
long run_name(struct run *run, const uint64_t *operands)
{
	char name[NAME_BYTES] = "";

	memset(name, 'a',
	       operands[1] < NAME_BYTES - 1 ? operands[1] : NAME_BYTES - 1);
	return run_ioctl_at(run, operands[0], DMA_BUF_SET_NAME_B, operands[2],
			    name, sizeof(name));
}

static bool is_driver(int card, const char *driver)
{
	char name[16] = "";
	struct gem_version version = {.name = name,
				      .name_length = sizeof(name) - 1};

	return !ioctl(card, GEM_VERSION, &version) && !strcmp(name, driver);
}

/* to, driver */
long run_card(struct run *run, const uint64_t *operands)
{
	static const char *const drivers[] = {"vgem", "vkms"};
	char path[32];
	unsigned int i;
	int fd;

	for (i = 0; i < MAX_CARDS; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%u", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (is_driver(fd, drivers[operands[1]]))
			return run_keep_fd(run, operands[0], fd);
		close(fd);
	}
	return -ENODEV;
}

/* to, card, fd */
long run_import(struct run *run, const uint64_t *operands)
{
	struct gem_prime prime = {.fd = run->fds[operands[2]]};
	long result = run_result(
		ioctl(run->fds[operands[1]], GEM_PRIME_FD_TO_HANDLE, &prime));

	if (!result)
		run->ids[operands[0]] = prime.handle;
	return result;
}

/* to, card, id, size, prot */
long run_gem_map(struct run *run, const uint64_t *operands)
{
	struct gem_map_dumb dumb = {.handle = run->ids[operands[2]]};
	int card = run->fds[operands[1]];

	if (ioctl(card, GEM_MAP_DUMB, &dumb))
		return -errno;
	return run_map_at(run, operands[0], card, dumb.offset, operands[3],
			  run_prot(operands[4]), MAP_SHARED, 0);
}

/* to, card, id */
long run_gem_export(struct run *run, const uint64_t *operands)
{
	struct gem_prime prime = {.handle = run->ids[operands[2]],
				  .flags = O_RDWR | O_CLOEXEC,
				  .fd = -1};
	long result = run_result(
		ioctl(run->fds[operands[1]], GEM_PRIME_HANDLE_TO_FD, &prime));

	if (!result)
		run_keep_fd(run, operands[0], prime.fd);
	return result;
}

/* card, id */
long run_gem_close(struct run *run, const uint64_t *operands)
{
	struct gem_destroy_dumb handle = {.handle = run->ids[operands[1]]};

	return run_result(
		ioctl(run->fds[operands[0]], GEM_DESTROY_DUMB, &handle));
}
