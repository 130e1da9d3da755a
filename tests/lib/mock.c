// SPDX-License-Identifier: GPL-2.0-or-later
/* The library's calls against a kernel that is played, see played.h. */
#include <planefd.h>

#include "played.h"
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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

TEST("a signal ends the wait for a buffer's fences, and not its end")
{
	struct planefd *planefd;
	struct planefd_buffer *buffer;

	CHECK_EQ(planefd_open_device(add_device("A"), &planefd), 0);
	CHECK_EQ(planefd_create(planefd, 1, 0, &buffer), 0);
	interruptions = 3;
	CHECK_EQ(planefd_buffer_begin_access(buffer, false), -EINTR);
	CHECK_EQ(interruptions, 2);
	interruptions = 0;
	CHECK_EQ(planefd_buffer_begin_access(buffer, false), 0);
	interruptions = 3;
	CHECK_EQ(planefd_buffer_end_access(buffer, false), 0);
	CHECK_EQ(interruptions, 0);
	planefd_buffer_destroy(buffer);
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
