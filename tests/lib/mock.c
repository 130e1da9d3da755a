// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The library against a kernel that is played here: what it makes of answers
 * that a good device does not give, or not at will.
 *
 * A memfd plays a file of the kernel, and its name says which. The linker
 * sends the library's ioctl() and readlinkat() here (--wrap).
 */
#include <planefd.h>

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
#include <unistd.h>

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
ssize_t __real_readlinkat(int dir, const char *path, char *to, size_t size);
ssize_t __wrap_readlinkat(int dir, const char *path, char *to, size_t size);

/* The next ioctls are interrupted by a signal this often */
static int interruptions;

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

static struct vfio_dmabuf_mgr_request_mode requested;

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

/* This process gets a VFIO device; its first letter is its name */
static int add_device(const char *how)
{
	char name[64];

	snprintf(name, sizeof(name), "device-%s", how);
	return (int)CHECK_OK(memfd_create(name, MFD_CLOEXEC));
}

static void check_none(int expected)
{
	struct planefd **all;
	struct planefd *one = NULL;
	unsigned int fds = test_fds();

	CHECK_EQ(planefd_open_process_all(getpid(), &all), expected);
	CHECK(!all);
	CHECK_EQ(planefd_open_process(getpid(), NULL, &one), expected);
	CHECK(!one);
	CHECK_EQ(test_fds(), fds);
}

TEST("the only display of a process is found without a name")
{
	struct planefd *planefd;
	struct planefd_info info;

	add_device("A");
	unsigned int fds = test_fds();
	CHECK_EQ(planefd_open_process(getpid(), NULL, &planefd), 0);
	CHECK_EQ(test_fds(), fds + 1);
	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_STR(info.device, "A");
	planefd_close(planefd);
	CHECK_EQ(test_fds(), fds);
}

TEST("several fds of one device are one display")
{
	struct planefd **all;

	int fd = add_device("A");
	CHECK_OK(dup(fd));
	add_device("A");
	unsigned int fds = test_fds();
	CHECK_EQ(planefd_open_process_all(getpid(), &all), 1);
	CHECK_EQ(test_fds(), fds + 1);
	planefd_close(all[0]);
	free(all);
}

TEST("of several displays one is chosen by name, and none without one")
{
	struct planefd *planefd = NULL;
	struct planefd_info info;

	add_device("A");
	add_device("B");
	unsigned int fds = test_fds();
	CHECK_EQ(planefd_open_process(getpid(), NULL, &planefd), -ENOTUNIQ);
	CHECK_EQ(planefd_open_process(getpid(), "C", &planefd), -ENODEV);
	CHECK(!planefd);
	CHECK_EQ(test_fds(), fds);
	CHECK_EQ(planefd_open_process(getpid(), "b", &planefd), 0);
	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_STR(info.device, "B");
	planefd_close(planefd);
}

TEST("VFIO devices that are no displays are passed over")
{
	struct planefd **all;

	add_device("notty");
	add_device("mainline");
	add_device("closing");
	add_device("gone");
	add_device("A");
	add_device("notty");
	CHECK_EQ(planefd_open_process_all(getpid(), &all), 1);
	planefd_close(all[0]);
	free(all);
}

TEST("only VFIO devices without a manager are -ENOTTY")
{
	add_device("notty");
	check_none(-ENOTTY);
	add_device("mainline");
	check_none(-ENOTTY);
}

TEST("a device that is being closed, or has gone, is as good as none")
{
	add_device("closing");
	check_none(-ENODEV);
	add_device("gone");
	check_none(-ENODEV);
}

TEST("a shortage of fds ends the search and is told, and nothing leaks")
{
	add_device("A");
	add_device("short");
	check_none(-EMFILE);
}

TEST("a device that is full hides no other display of its process")
{
	struct planefd *planefd;
	struct planefd_info info;
	struct planefd **all;

	add_device("full");
	add_device("A");
	CHECK_EQ(planefd_open_process_all(getpid(), &all), 1);
	planefd_close(all[0]);
	free(all);
	CHECK_EQ(planefd_open_process(getpid(), "A", &planefd), 0);
	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_STR(info.device, "A");
	planefd_close(planefd);
}

TEST("the only display is not chosen without a name beside a full device")
{
	struct planefd *planefd = NULL;

	add_device("A");
	add_device("full");
	CHECK_EQ(planefd_open_process(getpid(), NULL, &planefd), -ENOTUNIQ);
	CHECK(!planefd);
}

TEST("a process whose only display is full is -EUSERS, whatever its name")
{
	struct planefd *planefd = NULL;

	add_device("notty");
	add_device("full");
	check_none(-EUSERS);
	CHECK_EQ(planefd_open_process(getpid(), "A", &planefd), -EUSERS);
	CHECK(!planefd);
}

TEST("a search tells each display, and of a full one its fd and error")
{
	struct planefd_found *found;

	add_device("notty");
	int first = add_device("A");
	int second = add_device("full");
	add_device("closing");
	unsigned int fds = test_fds();
	CHECK_EQ(planefd_search_process(getpid(), &found), 2);
	CHECK_EQ(test_fds(), fds + 1);
	CHECK(found[0].planefd);
	CHECK_EQ(found[0].error, 0);
	CHECK_EQ(found[0].fd, first);
	CHECK_STR(found[0].device, "A");
	CHECK(!found[1].planefd);
	CHECK_EQ(found[1].error, -EUSERS);
	CHECK_EQ(found[1].fd, second);
	CHECK_STR(found[1].device, "");
	planefd_close(found[0].planefd);
	free(found);
}

TEST("a device's own answer comes through planefd_open_device()")
{
	struct planefd *planefd = NULL;
	unsigned int fds = test_fds();

	CHECK_EQ(planefd_open_device(add_device("notty"), &planefd), -ENOTTY);
	CHECK_EQ(planefd_open_device(add_device("mainline"), &planefd),
		 -EINVAL);
	CHECK_EQ(planefd_open_device(add_device("closing"), &planefd),
		 -ENODEV);
	CHECK_EQ(planefd_open_device(add_device("gone"), &planefd), -ENODEV);
	CHECK(!planefd);
	/* The four devices; the manager of the last was closed */
	CHECK_EQ(test_fds(), fds + 4);
}

TEST("a device's name that is not ended is cut, not read past")
{
	struct planefd *planefd;
	struct planefd_info info;

	CHECK_EQ(planefd_open_device(add_device("long"), &planefd), 0);
	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_EQ(strlen(info.device), sizeof(info.device) - 1);
	planefd_close(planefd);
}

TEST("a query gives every field its place, positions signed")
{
	struct planefd *planefd;
	struct planefd_plane plane;

	CHECK_EQ(planefd_open_device(add_device("A"), &planefd), 0);
	CHECK_EQ(planefd_query(planefd, 1, &plane), 0);
	CHECK(plane.on);
	CHECK_EQ(plane.format, 0x34325258);
	CHECK_EQ(plane.modifier, UINT64_C(0x0100000000000002));
	CHECK_EQ(plane.width, 7);
	CHECK_EQ(plane.height, 8);
	CHECK_EQ(plane.stride, 29);
	CHECK_EQ(plane.size, 8192);
	CHECK_EQ(plane.start, UINT64_C(0x80000000e0001234));
	CHECK_EQ(plane.offset, 0x234);
	CHECK_EQ(plane.x, -3);
	CHECK_EQ(plane.y, -4);
	CHECK_EQ(plane.sequence, UINT64_C(0x100000001));
	CHECK_EQ(plane.buffer_id, UINT64_C(0x200000002));
	CHECK_EQ(plane.time_ns, UINT64_C(0x300000003));
	CHECK_EQ(plane.damage.x, 1);
	CHECK_EQ(plane.damage.y, 2);
	CHECK_EQ(plane.damage.width, 3);
	CHECK_EQ(plane.damage.height, 4);
	CHECK_EQ(plane.hot_x, 5);
	CHECK_EQ(plane.hot_y, 6);
	CHECK_EQ(planefd_query(planefd, 3, &plane), -EINVAL);
	planefd_close(planefd);
}

TEST("a kernel that fills no extension leaves the hot spot unknown")
{
	struct planefd *planefd;
	struct planefd_plane plane;

	CHECK_EQ(planefd_open_device(add_device("A"), &planefd), 0);
	CHECK_EQ(planefd_query(planefd, 2, &plane), 0);
	CHECK(!plane.on);
	CHECK_EQ(plane.hot_x, PLANEFD_UNKNOWN);
	CHECK_EQ(plane.hot_y, PLANEFD_UNKNOWN);
	CHECK_EQ(plane.sequence, 0);
	planefd_close(planefd);
}

TEST("a request for a mode gives every field its place")
{
	struct planefd *planefd;

	CHECK_EQ(planefd_open_device(add_device("A"), &planefd), 0);
	CHECK_EQ(planefd_request_mode(planefd, 0, 2, 3, 4), 0);
	CHECK_EQ(requested.argsz, 24);
	CHECK_EQ(requested.flags, 0);
	CHECK_EQ(requested.width, 2);
	CHECK_EQ(requested.height, 3);
	CHECK_EQ(requested.refresh, 4);
	CHECK_EQ(planefd_request_mode(planefd, 1, 2, 3, 4), -EINVAL);
	CHECK_EQ(requested.head, 1);
	planefd_close(planefd);
}

TEST("a buffer's first pixel is at its offset, mapped twice or again")
{
	struct planefd *planefd;
	struct planefd_buffer *buffer;
	void *pixels;
	void *again;

	CHECK_EQ(planefd_open_device(add_device("A"), &planefd), 0);
	CHECK_EQ(planefd_create(planefd, 1, 0, &buffer), 0);
	planefd_close(planefd);
	CHECK_EQ(planefd_buffer_plane(buffer)->offset, 0x234);
	CHECK_EQ(planefd_buffer_plane(buffer)->hot_x, PLANEFD_UNKNOWN);
	CHECK_EQ(planefd_buffer_map(buffer, &pixels), 0);
	CHECK_BYTES(pixels, "pixel", 5);
	CHECK_EQ(planefd_buffer_map(buffer, &again), 0);
	CHECK(pixels == again);
	planefd_buffer_unmap(buffer);
	planefd_buffer_unmap(buffer);
	CHECK_EQ(planefd_buffer_map(buffer, &pixels), 0);
	CHECK_BYTES(pixels, "pixel", 5);
	planefd_buffer_destroy(buffer);
}

TEST("writing to a buffer that was taken to be read is -EINVAL")
{
	struct planefd *planefd;
	struct planefd_buffer *buffer;

	CHECK_EQ(planefd_open_device(add_device("A"), &planefd), 0);
	CHECK_EQ(planefd_create(planefd, 1, 0, &buffer), 0);
	CHECK_EQ(planefd_buffer_begin_access(buffer, false), 0);
	CHECK_EQ(planefd_buffer_end_access(buffer, false), 0);
	CHECK_EQ(planefd_buffer_begin_access(buffer, true), -EINVAL);
	CHECK_EQ(planefd_buffer_end_access(buffer, true), -EINVAL);
	planefd_buffer_destroy(buffer);
	CHECK_EQ(planefd_create(planefd, 1, PLANEFD_CREATE_WRITABLE, &buffer),
		 0);
	CHECK_EQ(planefd_buffer_begin_access(buffer, true), 0);
	planefd_buffer_destroy(buffer);
	planefd_close(planefd);
}

TEST("a signal in the middle of an ioctl is not an error")
{
	struct planefd *planefd;
	struct planefd_plane plane;
	int fd = add_device("A");

	interruptions = 3;
	CHECK_EQ(planefd_open_device(fd, &planefd), 0);
	CHECK_EQ(interruptions, 0);
	interruptions = 3;
	CHECK_EQ(planefd_query(planefd, 1, &plane), 0);
	CHECK_EQ(interruptions, 0);
	planefd_close(planefd);
}

TEST("every fd that the library makes is closed on exec")
{
	struct planefd *planefd;
	struct planefd_buffer *buffer;

	add_device("A");
	CHECK_EQ(planefd_open_process(getpid(), NULL, &planefd), 0);
	CHECK_EQ(fcntl(planefd_fd(planefd), F_GETFD), FD_CLOEXEC);
	CHECK_EQ(planefd_create(planefd, 1, 0, &buffer), 0);
	CHECK_EQ(fcntl(planefd_buffer_fd(buffer), F_GETFD), FD_CLOEXEC);
	planefd_buffer_destroy(buffer);
	planefd_close(planefd);
}
