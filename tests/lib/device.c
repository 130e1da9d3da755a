// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The library against the real device: three ways to connect, looking,
 * taking, waiting, and what outlives what.
 */
#include <planefd.h>

#include "bochs.h"
#include "test.h"
#include "virtio_gpu.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRIMARY 1
#define CURSOR 2

/* Lines of an odd length, panned to an odd place */
static const struct bochs_mode odd_mode = {
	.width = 203, .height = 101, .bpp = 24, .virt_width = 401,
	.x = 33, .y = 7,
};

static const struct bochs_mode plain_mode = {
	.width = 640, .height = 480, .bpp = 32,
};

static struct device device;

static struct planefd *connect_device(void)
{
	struct planefd *planefd = NULL;

	CHECK_EQ(planefd_open_device(device.fd, &planefd), 0);
	CHECK(planefd);
	return planefd;
}

/* The device shows the mode; its connection */
static struct planefd *show(const struct bochs_mode *mode)
{
	bochs_create(&device, TYPE_16M, mode);
	return connect_device();
}

static size_t extent(const struct bochs_mode *mode)
{
	return (size_t)bochs_stride(mode) * (mode->height - 1u) +
	       mode->width * bochs_bytes(mode);
}

/* Draw a picture where the mode shows it; to be freed */
static unsigned char *draw(const struct bochs_mode *mode, uint64_t seed)
{
	unsigned char *picture = malloc(extent(mode));
	unsigned char *vram = region_map(&device, BAR0, 0, 16 * MIB);

	CHECK(picture);
	bochs_picture(picture, extent(mode), seed);
	memcpy(vram + bochs_offset(mode), picture, extent(mode));
	CHECK_OK(munmap(vram, 16 * MIB));
	return picture;
}

static void check_plane(const struct planefd_plane *plane,
			const struct bochs_mode *mode)
{
	CHECK(plane->on);
	CHECK_EQ(plane->format, bochs_fourcc(mode));
	CHECK_EQ(plane->modifier, 0);
	CHECK_EQ(plane->width, mode->width);
	CHECK_EQ(plane->height, mode->height);
	CHECK_EQ(plane->stride, bochs_stride(mode));
	CHECK_EQ(plane->start, (uint64_t)VRAM_BASE + bochs_offset(mode));
	CHECK_EQ(plane->offset, bochs_offset(mode) % 4096);
	CHECK_EQ(plane->size % 4096, 0);
	CHECK_GE(plane->size, plane->offset + extent(mode));
	CHECK_EQ(plane->x, 0);
	CHECK_EQ(plane->y, 0);
}

static void check_pixels(struct planefd_buffer *buffer,
			 const unsigned char *picture, size_t size)
{
	void *pixels;

	CHECK_EQ(planefd_buffer_map(buffer, &pixels), 0);
	CHECK_EQ(planefd_buffer_begin_access(buffer, false), 0);
	CHECK_BYTES(pixels, picture, size);
	CHECK_EQ(planefd_buffer_end_access(buffer, false), 0);
}

TEST("a connection through a device fd tells what the device has")
{
	struct planefd_info info;
	struct planefd *planefd = show(&plain_mode);

	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_STR(info.device, device.uuid);
	CHECK_EQ(info.heads, 1);
	CHECK_EQ(info.overlays, 0);
	CHECK_EQ(info.primaries, 1);
	CHECK_EQ(info.cursors, 0);
	CHECK_EQ(info.caps, PLANEFD_CAP_FLIPS);
	CHECK_EQ(info.rights, PLANEFD_RIGHT_WRITABLE);
	CHECK_OK(fcntl(device.fd, F_GETFD));
	planefd_close(planefd);
}

TEST("a manager fd that was handed over is closed with its connection")
{
	struct planefd *planefd;
	struct planefd_plane plane;

	bochs_create(&device, TYPE_16M, &plain_mode);
	int fd = manager_open(&device);
	CHECK_EQ(planefd_open_manager(fd, &planefd), 0);
	CHECK_EQ(planefd_fd(planefd), fd);
	CHECK_EQ(planefd_query(planefd, PRIMARY, &plane), 0);
	check_plane(&plane, &plain_mode);
	planefd_close(planefd);
	CHECK_ERRNO(fcntl(fd, F_GETFD), EBADF);
}

TEST("a device fd is no manager fd and stays the caller's")
{
	struct planefd *planefd = NULL;

	bochs_create(&device, TYPE_16M, &plain_mode);
	CHECK_EQ(planefd_open_manager(device.fd, &planefd), -ENOTTY);
	CHECK(!planefd);
	CHECK_OK(fcntl(device.fd, F_GETFD));
}

TEST("a plane that is off is seen as off and cannot be taken")
{
	struct planefd *planefd = show(&plain_mode);
	struct planefd_plane plane;
	struct planefd_buffer *buffer = NULL;

	bochs_off(&device);
	CHECK_EQ(planefd_query(planefd, PRIMARY, &plane), 0);
	CHECK(!plane.on);
	CHECK_EQ(plane.width, 0);
	CHECK_EQ(plane.hot_x, PLANEFD_UNKNOWN);
	unsigned int fds = test_fds();
	CHECK_EQ(planefd_create(planefd, PRIMARY, 0, &buffer), -ENOENT);
	CHECK(!buffer);
	CHECK_EQ(test_fds(), fds);
	planefd_close(planefd);
}

TEST("a plane that the device never has is -EINVAL, and so is a wrong flag")
{
	struct planefd *planefd = show(&plain_mode);
	struct planefd_plane plane;
	struct planefd_buffer *buffer;

	CHECK_EQ(planefd_query(planefd, CURSOR, &plane), -EINVAL);
	CHECK_EQ(planefd_create(planefd, CURSOR, 0, &buffer), -EINVAL);
	CHECK_EQ(planefd_create(planefd, PRIMARY, 2, &buffer), -EINVAL);
	planefd_close(planefd);
}

TEST("what is taken is what was drawn, panned and with odd lines")
{
	struct planefd *planefd = show(&odd_mode);
	struct planefd_plane plane;
	struct planefd_buffer *buffer;
	unsigned char *picture = draw(&odd_mode, 1);

	CHECK_EQ(planefd_query(planefd, PRIMARY, &plane), 0);
	check_plane(&plane, &odd_mode);
	CHECK_NE(plane.buffer_id, 0);
	CHECK_NE(plane.sequence, 0);
	CHECK_LE(plane.time_ns, test_now());
	CHECK_EQ(planefd_create(planefd, PRIMARY, 0, &buffer), 0);
	check_plane(planefd_buffer_plane(buffer), &odd_mode);
	CHECK_EQ(planefd_buffer_plane(buffer)->sequence, 0);
	check_pixels(buffer, picture, extent(&odd_mode));
	planefd_buffer_destroy(buffer);
	planefd_close(planefd);
}

TEST("the sequence grows and the buffer's id changes with a flip")
{
	struct planefd *planefd = show(&odd_mode);
	struct planefd_plane before;
	struct planefd_plane after;

	CHECK_EQ(planefd_query(planefd, PRIMARY, &before), 0);
	CHECK_EQ(planefd_query(planefd, PRIMARY, &after), 0);
	CHECK_EQ(after.sequence, before.sequence);
	CHECK_EQ(after.buffer_id, before.buffer_id);
	bochs_pan(&device, 0, 0);
	CHECK_EQ(planefd_query(planefd, PRIMARY, &after), 0);
	CHECK_GT(after.sequence, before.sequence);
	CHECK_NE(after.buffer_id, before.buffer_id);
	planefd_close(planefd);
}

TEST("a buffer outlives its connection and its device")
{
	struct planefd *planefd = show(&odd_mode);
	struct planefd_buffer *buffer;
	unsigned char *picture = draw(&odd_mode, 2);

	CHECK_EQ(planefd_create(planefd, PRIMARY, 0, &buffer), 0);
	planefd_close(planefd);
	check_pixels(buffer, picture, extent(&odd_mode));
	planefd_buffer_unmap(buffer);
	device_remove(&device);
	check_pixels(buffer, picture, extent(&odd_mode));
	planefd_buffer_destroy(buffer);
}

TEST("a buffer that was taken to be written is, and the guest sees it")
{
	struct planefd *planefd = show(&plain_mode);
	struct planefd_buffer *buffer;
	void *pixels;

	free(draw(&plain_mode, 3));
	CHECK_EQ(planefd_create(planefd, PRIMARY, PLANEFD_CREATE_WRITABLE,
				&buffer), 0);
	CHECK_EQ(planefd_buffer_map(buffer, &pixels), 0);
	CHECK_EQ(planefd_buffer_begin_access(buffer, true), 0);
	memset(pixels, 0x5a, 4);
	CHECK_EQ(planefd_buffer_end_access(buffer, true), 0);
	CHECK_EQ(region_get(&device, BAR0, 0, 4), 0x5a5a5a5a);
	planefd_buffer_destroy(buffer);
	planefd_close(planefd);
}

static void write_read_only(void *arg)
{
	struct planefd_buffer *buffer = arg;
	void *pixels;

	CHECK_EQ(planefd_buffer_map(buffer, &pixels), 0);
	*(volatile unsigned char *)pixels = 1;
}

TEST("a buffer that was taken to be read cannot be written")
{
	struct planefd *planefd = show(&plain_mode);
	struct planefd_buffer *buffer;
	int status;

	CHECK_EQ(planefd_create(planefd, PRIMARY, 0, &buffer), 0);
	CHECK_EQ(planefd_buffer_begin_access(buffer, true), -EINVAL);
	pid_t pid = test_fork(write_read_only, buffer);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGSEGV);
	planefd_buffer_destroy(buffer);
	planefd_close(planefd);
}

TEST("a right that was dropped is -EPERM, for who shares the file too")
{
	struct planefd *planefd = show(&plain_mode);
	struct planefd *shared;
	struct planefd_buffer *buffer;
	struct planefd_info info;

	CHECK_EQ(planefd_open_manager(dup(planefd_fd(planefd)), &shared), 0);
	CHECK_EQ(planefd_drop_rights(planefd, 1u << 31), -EINVAL);
	CHECK_EQ(planefd_drop_rights(planefd, PLANEFD_RIGHT_WRITABLE), 0);
	CHECK_EQ(planefd_get_info(shared, &info), 0);
	CHECK_EQ(info.rights, 0);
	CHECK_EQ(planefd_create(shared, PRIMARY, PLANEFD_CREATE_WRITABLE,
				&buffer), -EPERM);
	CHECK_EQ(planefd_create(shared, PRIMARY, 0, &buffer), 0);
	planefd_buffer_destroy(buffer);
	planefd_close(shared);
	planefd_close(planefd);
}

TEST("a device that takes no request for a mode is -EOPNOTSUPP")
{
	struct planefd *planefd = show(&plain_mode);
	struct planefd_info info;

	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_EQ(info.caps, PLANEFD_CAP_FLIPS);
	CHECK_EQ(info.rights, PLANEFD_RIGHT_WRITABLE);
	CHECK_EQ(planefd_request_mode(planefd, 0, 640, 480, 0), -EOPNOTSUPP);
	planefd_close(planefd);
}

TEST("a mode is asked for, and no longer once that right is dropped")
{
	static struct gpu gpu;
	struct planefd_info info;
	struct planefd *planefd;
	uint32_t plane_id;

	gpu_create(&gpu, TYPE_GPU_16);
	CHECK_EQ(planefd_open_device(gpu.virtio.device.fd, &planefd), 0);
	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_EQ(info.heads, 16);
	CHECK_EQ(planefd_plane_nth(&info, 31, &plane_id), 0);
	CHECK_EQ(plane_id, planefd_plane_id(PLANEFD_CURSOR, 0, 15));
	CHECK_EQ(info.caps, PLANEFD_CAP_FLIPS | PLANEFD_CAP_DAMAGE |
				    PLANEFD_CAP_HOT_SPOT | PLANEFD_CAP_MODE);
	CHECK_EQ(info.rights, PLANEFD_RIGHT_WRITABLE | PLANEFD_RIGHT_MODE);
	CHECK_EQ(planefd_request_mode(planefd, 16, 800, 600, 0), -EINVAL);
	CHECK_EQ(planefd_request_mode(planefd, 15, 800, 600, 0), 0);
	irq_wait(gpu.events[GPU_VECTOR_CONFIG]);
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	CHECK_EQ(gpu.response.display.pmodes[15].r.width, 800);
	CHECK_EQ(gpu.response.display.pmodes[15].r.height, 600);
	CHECK_EQ(planefd_drop_rights(planefd, PLANEFD_RIGHT_MODE), 0);
	CHECK_EQ(planefd_request_mode(planefd, 15, 640, 480, 0), -EPERM);
	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_EQ(info.rights, PLANEFD_RIGHT_WRITABLE);
	planefd_close(planefd);
}

TEST("nothing changed is a wait that runs out, a flip one that does not")
{
	struct planefd *planefd = show(&plain_mode);
	struct planefd_plane plane;

	/* What happened before the first look counts as a change */
	CHECK_EQ(planefd_wait(planefd, 0), 1);
	CHECK_EQ(planefd_query(planefd, PRIMARY, &plane), 0);
	CHECK_EQ(planefd_wait(planefd, 0), 0);
	uint64_t before = test_now();
	CHECK_EQ(planefd_wait(planefd, 100), 0);
	CHECK_GE(test_now() - before, 100 * 1000 * 1000);

	bochs_pan(&device, 0, 100);
	CHECK_EQ(planefd_wait(planefd, 0), 1);
	CHECK_EQ(planefd_wait(planefd, -1), 1);
	CHECK_EQ(planefd_query(planefd, PRIMARY, &plane), 0);
	CHECK_EQ(planefd_wait(planefd, 0), 0);
	planefd_close(planefd);
}

static void wait_for_flip(void *arg)
{
	struct planefd *planefd = arg;

	CHECK_EQ(planefd_wait(planefd, -1), 1);
}

static void wait_for_end(void *arg)
{
	struct planefd *planefd = arg;

	/* Only the tester's own copy keeps the device open */
	device_close(&device);
	CHECK_EQ(planefd_wait(planefd, -1), -ENODEV);
}

TEST("a viewer that sleeps is woken by a flip")
{
	struct planefd *planefd = show(&plain_mode);
	struct planefd_plane plane;

	CHECK_EQ(planefd_query(planefd, PRIMARY, &plane), 0);
	pid_t pid = test_fork(wait_for_flip, planefd);
	test_wait_asleep(pid);
	bochs_pan(&device, 0, 8);
	test_join(pid);
	planefd_close(planefd);
}

TEST("a viewer that sleeps is woken when the device is closed")
{
	struct planefd *planefd = show(&plain_mode);
	struct planefd_plane plane;

	CHECK_EQ(planefd_query(planefd, PRIMARY, &plane), 0);
	pid_t pid = test_fork(wait_for_end, planefd);
	test_wait_asleep(pid);
	device_close(&device);
	test_join(pid);
	planefd_close(planefd);
}

TEST("after its device is closed a connection is -ENODEV in all it does")
{
	struct planefd *planefd = show(&plain_mode);
	struct planefd_plane plane;
	struct planefd_info info;
	struct planefd_buffer *buffer;

	device_close(&device);
	CHECK_EQ(planefd_query(planefd, PRIMARY, &plane), -ENODEV);
	CHECK_EQ(planefd_get_info(planefd, &info), -ENODEV);
	CHECK_EQ(planefd_create(planefd, PRIMARY, 0, &buffer), -ENODEV);
	CHECK_EQ(planefd_drop_rights(planefd, 0), -ENODEV);
	CHECK_EQ(planefd_request_mode(planefd, 0, 640, 480, 0), -ENODEV);
	CHECK_EQ(planefd_wait(planefd, -1), -ENODEV);
	planefd_close(planefd);
}
