// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A camera that captures into a plane: an importer that draws through the
 * kernel's own mapping and never asks how the dma-buf was opened. vivid is one
 * that needs no hardware, and shares all of this with a webcam's driver.
 */
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CAPTURE V4L2_BUF_TYPE_VIDEO_CAPTURE
#define BUFFERS 2
/* No smaller than what the camera draws */
#define PLANE_SIZE (1280 * 800 * 4)

static const struct bochs_mode mode = {.width = 1280, .height = 800, .bpp = 32};

static struct device device;
static int manager, video;

static void remove_camera(void)
{
	if (system("modprobe -qr vivid"))
		test_note("vivid is still in use");
}

__attribute__((constructor)) static void remove_after_each(void)
{
	test_after_each(remove_camera);
}

static bool open_video(void *arg)
{
	(void)arg;
	video = open("/dev/video0", O_RDWR | O_CLOEXEC);
	return video >= 0;
}

static void set_up(void)
{
	struct v4l2_requestbuffers request = {
		.count = BUFFERS,
		.type = CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
	};
	struct v4l2_format format = {.type = CAPTURE};

	bochs_create(&device, TYPE_16M, &mode);
	manager = manager_open(&device);
	CHECK_EQ(system("modprobe vivid n_devs=1 node_types=0x1"), 0);
	CHECK(test_wait(open_video, NULL, 10));
	CHECK_OK(ioctl(video, VIDIOC_G_FMT, &format));
	format.fmt.pix.width = 320;
	format.fmt.pix.height = 180;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	CHECK_OK(ioctl(video, VIDIOC_S_FMT, &format));
	CHECK_LE(format.fmt.pix.sizeimage, PLANE_SIZE);
	CHECK_OK(ioctl(video, VIDIOC_REQBUFS, &request));
	CHECK_EQ(request.count, BUFFERS);
}

static int queue(int dmabuf, unsigned int index)
{
	struct v4l2_buffer buffer = {
		.index = index,
		.type = CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
		.m.fd = dmabuf,
	};

	return ioctl(video, VIDIOC_QBUF, &buffer);
}

/* How many bytes of the plane's first line are not as VRAM begins */
static unsigned int drawn(void)
{
	unsigned char line[1280 * 4];
	unsigned int i, count = 0;

	CHECK_EQ(region_read(&device, BAR0, 0, line, sizeof(line)),
		 sizeof(line));
	for (i = 0; i < sizeof(line); i++)
		count += line[i] != 0;
	return count;
}

TEST("a camera is refused a read-only dma-buf, and draws nothing")
{
	int dmabuf;

	set_up();
	dmabuf = plane_create_ok(manager, 0, NULL);
	CHECK_ERRNO(queue(dmabuf, 0), EFAULT);
	CHECK_ERRNO(queue(dmabuf, 1), EFAULT);
	CHECK_EQ(drawn(), 0);
}

TEST("a camera draws into a writable dma-buf, and that is VRAM")
{
	struct v4l2_buffer filled = {
		.type = CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
	};
	int dmabuf, type = CAPTURE;
	unsigned int i;

	set_up();
	dmabuf =
		plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE, NULL);
	for (i = 0; i < BUFFERS; i++)
		CHECK_OK(queue(dmabuf, i));
	CHECK_OK(ioctl(video, VIDIOC_STREAMON, &type));
	CHECK_OK(ioctl(video, VIDIOC_DQBUF, &filled));
	CHECK_GT(drawn(), 0);
}
