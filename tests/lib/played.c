// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The linker sends the library's ioctl(), readlink(), readlinkat() and statx()
 * here (--wrap).
 */
#include "played.h"

#include "test.h"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/vfio_dmabuf_mgr.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a character device with a number that no machine has */
#define CDEV_LINK "/sys/dev/char/4001:7/device"

int __real_statx(int dir, const char *path, int flags, unsigned int mask,
		 struct statx *stx);
int __wrap_statx(int dir, const char *path, int flags, unsigned int mask,
		 struct statx *stx);
ssize_t __real_readlink(const char *path, char *to, size_t size);
ssize_t __wrap_readlink(const char *path, char *to, size_t size);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
ssize_t __real_readlinkat(int dir, const char *path, char *to, size_t size);
ssize_t __wrap_readlinkat(int dir, const char *path, char *to, size_t size);

int interruptions;

static int answer(int error)
{
	if (!error)
		return 0;
	errno = error;
	return -1;
}

/* What comes after the prefix in the name of the memfd, NULL if none does */
static const char *role(const char *link, const char *prefix)
{
	const char *at = strstr(link, prefix);

	return at ? at + strlen(prefix) : NULL;
}

static int device_get_fd(const char *how, const void *arg)
{
	const unsigned char *bytes = arg;
	char name[64];

	/* Mainline's reading of the number takes 60 bytes before it looks */
	for (size_t i = 0; i < 60; i++)
		CHECK_EQ(bytes[i], 0);

	if (!strncmp(how, "notty", 5))
		return answer(ENOTTY);
	if (!strncmp(how, "mainline", 8))
		return answer(EINVAL);
	if (!strncmp(how, "closing", 7))
		return answer(ENODEV);
	if (!strncmp(how, "full", 4))
		return answer(EUSERS);
	if (!strncmp(how, "short", 5))
		return answer(EMFILE);
	snprintf(name, sizeof(name), "manager-%.8s", how);
	return memfd_create(name, MFD_CLOEXEC);
}

/* A plane left of and above its head, panned, with an extension */
static int manager_query(void *arg)
{
	struct vfio_dmabuf_mgr_query_plane *query = arg;
	struct vfio_dmabuf_mgr_query_plane_ext ext = {
		.sequence = UINT64_C(0x100000001),
		.buffer_id = UINT64_C(0x200000002),
		.time_ns = UINT64_C(0x300000003),
		.damage_x = 1,
		.damage_y = 2,
		.damage_width = 3,
		.damage_height = 4,
		.hot_x = 5,
		.hot_y = 6,
	};

	if (query->flags)
		return answer(EINVAL);
	if (query->plane_id == 0x1)
		query->plane_info = (struct vfio_dmabuf_mgr_plane_info){
			.start = UINT64_C(0x80000000e0001234),
			.drm_format_mod = UINT64_C(0x0100000000000002),
			.drm_format = 0x34325258,
			.width = 7,
			.height = 8,
			.stride = 29,
			.size = 8192,
			.x_pos = (__u32)-3,
			.y_pos = (__u32)-4,
		};
	/* Plane 2 is off, of a kernel without the extension */
	else if (query->plane_id != 0x2)
		return answer(EINVAL);
	if (query->plane_id == 0x1 && query->argsz >= 64 + sizeof(ext))
		memcpy((char *)arg + 64, &ext, sizeof(ext));
	return 0;
}

static int manager_create(void *arg)
{
	struct vfio_dmabuf_mgr_create_dmabuf *create = arg;

	create->plane_id = 0x1;
	create->plane_info = (struct vfio_dmabuf_mgr_plane_info){
		.start = 0xe0001234,
		.drm_format = 0x34325258,
		.width = 2,
		.height = 1,
		.stride = 8,
		.size = 4096,
	};
	create->fd = memfd_create("dmabuf", MFD_CLOEXEC);
	CHECK_OK(ftruncate(create->fd, 4096));
	CHECK_EQ(pwrite(create->fd, "pixel", 5, 0x234), 5);
	return 0;
}

struct vfio_dmabuf_mgr_request_mode requested;

static int manager_ioctl(const char *name, unsigned long request, void *arg)
{
	struct vfio_dmabuf_mgr_info *info = arg;

	switch (request) {
	case VFIO_DMABUF_MGR_GET_INFO:
		CHECK_EQ(info->argsz, sizeof(*info));
		if (!strncmp(name, "gone", 4))
			return answer(ENODEV);
		info->heads = 1;
		info->primaries = 1;
		/* No terminator: the library must not run past it */
		memset(info->device, 'x', sizeof(info->device));
		if (strncmp(name, "long", 4) != 0)
			snprintf(info->device, sizeof(info->device), "%.1s",
				 name);
		return 0;
	case VFIO_DMABUF_MGR_QUERY_PLANE:
		return manager_query(arg);
	case VFIO_DMABUF_MGR_CREATE_DMABUF:
		return manager_create(arg);
	case VFIO_DMABUF_MGR_REQUEST_MODE:
		memcpy(&requested, arg, sizeof(requested));
		return answer(requested.head ? EINVAL : 0);
	default:
		return answer(ENOTTY);
	}
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	char path[32];
	char link[128] = { 0 };
	const char *how;
	va_list args;

	va_start(args, request);
	void *arg = va_arg(args, void *);
	va_end(args);

	if (interruptions) {
		interruptions--;
		return answer(EINTR);
	}

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		return answer(EBADF);
	how = role(link, "memfd:device-");
	if (how)
		return request == VFIO_DEVICE_GET_FD ?
			       device_get_fd(how, arg) :
			       answer(ENOTTY);
	how = role(link, "memfd:manager-");
	if (how)
		return manager_ioctl(how, request, arg);
	if (role(link, "memfd:dmabuf"))
		return answer(request == DMA_BUF_IOCTL_SYNC ? 0 : ENOTTY);
	/* A file that is no VFIO device must never be asked */
	test_fail(__FILE__, __LINE__, "ioctl 0x%lx on %s", request, link);
}

int __wrap_statx(int dir, const char *path, int flags, unsigned int mask,
		 struct statx *stx)
{
	char name[32];
	char link[128] = { 0 };

	int ret = __real_statx(dir, path, flags, mask, stx);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", dir);
	if (ret || *path ||
	    __real_readlink(name, link, sizeof(link) - 1) < 0 ||
	    !role(link, "memfd:device-full-cdev"))
		return ret;
	stx->stx_mode = S_IFCHR | 0600;
	stx->stx_rdev_major = 4001;
	stx->stx_rdev_minor = 7;
	return 0;
}

ssize_t __wrap_readlink(const char *path, char *to, size_t size)
{
	static const char target[] = "../../../" PLAYED_CDEV;

	if (strcmp(path, CDEV_LINK) != 0)
		return __real_readlink(path, to, size);
	CHECK_GE(size, sizeof(target) - 1);
	memcpy(to, target, sizeof(target) - 1);
	return sizeof(target) - 1;
}

ssize_t __wrap_readlinkat(int dir, const char *path, char *to, size_t size)
{
	static const char device[] = "anon_inode:[vfio-device]";

	ssize_t length = __real_readlinkat(dir, path, to, size);
	if (length < 0 || !memmem(to, (size_t)length, "memfd:device-", 13))
		return length;
	CHECK_GE(size, sizeof(device) - 1);
	memcpy(to, device, sizeof(device) - 1);
	return sizeof(device) - 1;
}

int add_device(const char *how)
{
	char name[64];

	snprintf(name, sizeof(name), "device-%s", how);
	return (int)CHECK_OK(memfd_create(name, MFD_CLOEXEC));
}
