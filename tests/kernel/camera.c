// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A camera that captures into a plane: an importer that draws through the
 * kernel's own mapping and never asks how the dma-buf was opened. vivid is one
 * that needs no hardware, and shares all of this with a webcam's driver.
 */
#include "cgroup.h"
#include "gem.h"
#include "gpu_view.h"
#include "test.h"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

/* So many buffers, each of which is to be a dma-buf */
static void request(unsigned int count)
{
	struct v4l2_requestbuffers buffers = {
		.count = count,
		.type = CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
	};

	CHECK_OK(ioctl(video, VIDIOC_REQBUFS, &buffers));
	CHECK_EQ(buffers.count, count);
}

static void open_camera(void)
{
	struct v4l2_format format = {.type = CAPTURE};

	CHECK_EQ(system("modprobe vivid n_devs=1 node_types=0x1"), 0);
	CHECK(test_wait(open_video, NULL, 10));
	CHECK_OK(ioctl(video, VIDIOC_G_FMT, &format));
	format.fmt.pix.width = 320;
	format.fmt.pix.height = 180;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	CHECK_OK(ioctl(video, VIDIOC_S_FMT, &format));
	CHECK_LE(format.fmt.pix.sizeimage, PLANE_SIZE);
	request(BUFFERS);
}

static void set_up(void)
{
	bochs_create(&device, TYPE_16M, &mode);
	manager = manager_open(&device);
	open_camera();
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

/* Give it the dma-buf for all its buffers */
static void queue_all(int dmabuf)
{
	unsigned int i;

	for (i = 0; i < BUFFERS; i++)
		CHECK_OK(queue(dmabuf, i));
}

/* Have it draw, until it has filled one of what was queued */
static void capture(void)
{
	struct v4l2_buffer filled = {
		.type = CAPTURE,
		.memory = V4L2_MEMORY_DMABUF,
	};
	int type = CAPTURE;

	CHECK_OK(ioctl(video, VIDIOC_STREAMON, &type));
	CHECK_OK(ioctl(video, VIDIOC_DQBUF, &filled));
	CHECK_EQ(filled.flags & V4L2_BUF_FLAG_ERROR, 0);
}

/* End that, and have it keep nothing */
static void let_go(void)
{
	int type = CAPTURE;

	CHECK_OK(ioctl(video, VIDIOC_STREAMOFF, &type));
	request(0);
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
	set_up();
	queue_all(plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE,
				  NULL));
	capture();
	CHECK_GT(drawn(), 0);
}

/* -------- A guest's own memory, which it or its VMM takes back -------- */

#define WIDTH 1024u
#define HEIGHT 512u
#define SIZE (WIDTH * HEIGHT * 4)
#define VIDEO_START (RAM_START + (UINT64_C(1) << 33))

static struct gpu gpu;
static struct ram memory;
static unsigned char painted[SIZE];

/* A screen in memory of its own, as a dma-buf that can be written to */
static int show_memory(void)
{
	const struct virtio_gpu_mem_entry entry = {VIDEO_START, SIZE, 0};
	const struct virtio_gpu_rect whole = {0, 0, WIDTH, HEIGHT};
	struct vfio_dmabuf_mgr_create_dmabuf create;

	gpu_create(&gpu, TYPE_GPU_1);
	manager = manager_open(&gpu.virtio.device);
	ram_create(&memory, &gpu.virtio.device, VIDEO_START, SIZE);
	bochs_picture(painted, SIZE, 1);
	memcpy(memory.bytes, painted, SIZE);
	CHECK_EQ(gpu_create_2d(&gpu, 1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, WIDTH,
			       HEIGHT),
		 GPU_OK);
	CHECK_EQ(gpu_attach(&gpu, 1, &entry, 1, 1), GPU_OK);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, 1, &whole), GPU_OK);
	CHECK_OK(plane_create(manager, PRIMARY_ID(0),
			      VFIO_DMABUF_MGR_CREATE_WRITABLE, &create));
	return create.fd;
}

static void detach(void)
{
	CHECK_EQ(gpu_detach(&gpu, 1), GPU_OK);
}

static void unmap(void)
{
	CHECK_EQ(ram_unmap(&gpu.virtio.device, VIDEO_START, SIZE), SIZE);
}

static void close_device(void)
{
	device_close(&gpu.virtio.device);
}

static void (*const ways[])(void) = {detach, unmap, close_device};
#define WAYS (sizeof(ways) / sizeof(*ways))

static bool is_painted(void)
{
	return !memcmp(memory.bytes, painted, SIZE);
}

static void end_gpu(void)
{
	CHECK_OK(close(video));
	remove_camera();
	device_remove(&gpu.virtio.device);
}

TEST_WITHIN(90, "what was taken back a camera is given, draws into, and does "
		"not reach")
{
	int card = gem_open(), dmabuf;
	uint32_t handle;
	unsigned int i;

	for (i = 0; i < WAYS; i++) {
		dmabuf = show_memory();
		/* So that there still is what it must not reach */
		handle = gem_import(card, dmabuf);
		open_camera();
		ways[i]();
		queue_all(dmabuf);
		capture();
		CHECK(is_painted());
		gem_close(card, handle);
		end_gpu();
	}
}

TEST_WITHIN(90, "what a camera was given before that it reaches until it lets "
		"go")
{
	unsigned int i;
	int dmabuf;

	for (i = 0; i < WAYS; i++) {
		dmabuf = show_memory();
		open_camera();
		queue_all(dmabuf);
		ways[i]();
		CHECK(is_painted());
		capture();
		CHECK(!is_painted());
		let_go();
		memcpy(memory.bytes, painted, SIZE);
		request(BUFFERS);
		queue_all(dmabuf);
		capture();
		CHECK(is_painted());
		end_gpu();
	}
}

static bool is_charged_less(void *arg)
{
	return cgroup_memory() <= *(long *)arg;
}

TEST("what a camera was given goes when the VMM has none of it and it lets go")
{
	long most;

	open_camera();
	cgroup_join();
	queue_all(show_memory());
	most = cgroup_memory() - (long)(SIZE - MIB);
	unmap();
	CHECK_OK(munmap(memory.bytes, SIZE));
	CHECK_GT(cgroup_memory(), most);
	capture();
	let_go();
	CHECK(test_wait(is_charged_less, &most, 5));
}
