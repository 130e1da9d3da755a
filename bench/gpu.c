// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vfio_virtio_gpu: what a command costs the whole machine, guest's driver,
 * worker and interrupt together; how far it is from a flip to a viewer's wake;
 * and how many bytes are copied to show a frame. The guest's side is the test
 * harness's, which here is a part of the same process as the VMM.
 */
#include "rows.h"

#include "test.h"
#include "virtio_gpu.h"
#include "wake.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define WIDTH 640
#define HEIGHT 480
#define FRAME (WIDTH * HEIGHT * 4u)
#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM

#define COMMAND_ROUNDS 300
#define BATCH 64
#define FRAMES 4

/* Bytes that a piece of a backing begins behind its page's start */
#define ASKEW 64

/* A device that shows one of two pictures, and a viewer's fd */
struct desk {
	struct gpu gpu;
	int manager;
	struct gpu_resource pictures[2];
	unsigned int shown;
	uint64_t requests_at; /* of a batch, as far apart as the largest is */
	uint64_t answers_at;
	unsigned int number; /* commands at once */
	uint16_t heads[BATCH];
};

#define SLOT 128

static const struct virtio_gpu_rect whole = {0, 0, WIDTH, HEIGHT};

/* -------- Commands that are prepared, and then measured -------- */

/* The command number i of a batch is this one */
static void put(struct desk *desk, unsigned int i, const void *command,
		size_t size)
{
	const struct piece pieces[] = {
		{desk->requests_at + i * SLOT, (uint32_t)size, 0},
		{desk->answers_at + i * SLOT,
		 sizeof(struct virtio_gpu_ctrl_hdr), VRING_DESC_F_WRITE},
	};

	CHECK_LE(size, SLOT);
	memcpy(ram_at(&desk->gpu.virtio.ram, pieces[0].at), command, size);
	memset(ram_at(&desk->gpu.virtio.ram, pieces[1].at), 0, SLOT);
	desk->heads[i] = virtqueue_chain(&desk->gpu.control, pieces, 2);
}

/* What a driver does that wants one interrupt, when all are answered */
static void send_all(void *arg)
{
	struct desk *desk = arg;
	struct virtqueue *queue = &desk->gpu.control;
	unsigned int i;

	__atomic_store_n(&vring_used_event(&queue->ring),
			 (uint16_t)(queue->made + desk->number - 1),
			 __ATOMIC_SEQ_CST);
	for (i = 0; i < desk->number; i++)
		virtqueue_offer(queue, desk->heads[i]);
	virtqueue_notify(queue);
}

static void send_and_wait(void *arg)
{
	struct desk *desk = arg;

	send_all(arg);
	irq_wait(desk->gpu.control.event);
}

/* They have all been answered, with yes */
static void were_answered(void *arg)
{
	struct desk *desk = arg;
	struct virtqueue *queue = &desk->gpu.control;
	const struct virtio_gpu_ctrl_hdr *answer;
	unsigned int i;

	for (i = 0; i < desk->number; i++) {
		CHECK(virtqueue_has_used(queue));
		queue->seen++;
		answer = ram_at(&desk->gpu.virtio.ram,
				desk->answers_at + i * SLOT);
		CHECK_EQ(answer->type, GPU_OK);
	}
	/* As virtqueue_take() leaves it: the next one is to be told */
	__atomic_store_n(&vring_used_event(&queue->ring), queue->seen,
			 __ATOMIC_SEQ_CST);
}

static void flushes_before(void *arg)
{
	struct desk *desk = arg;
	const struct virtio_gpu_resource_flush flush = {
		.hdr.type = VIRTIO_GPU_CMD_RESOURCE_FLUSH,
		.r = {0, 0, 64, 64},
		.resource_id = desk->pictures[desk->shown].id,
	};
	unsigned int i;

	for (i = 0; i < desk->number; i++)
		put(desk, i, &flush, sizeof(flush));
}

static void flip_before(void *arg)
{
	struct desk *desk = arg;
	struct virtio_gpu_set_scanout set = {
		.hdr.type = VIRTIO_GPU_CMD_SET_SCANOUT,
		.r = whole,
	};

	desk->shown = !desk->shown;
	set.resource_id = desk->pictures[desk->shown].id;
	put(desk, 0, &set, sizeof(set));
}

static void flip_blob_before(void *arg)
{
	struct desk *desk = arg;
	struct virtio_gpu_set_scanout_blob set = {
		.hdr.type = VIRTIO_GPU_CMD_SET_SCANOUT_BLOB,
		.r = whole,
		.width = WIDTH,
		.height = HEIGHT,
		.format = XRGB,
		.strides = {WIDTH * 4},
	};

	desk->shown = !desk->shown;
	set.resource_id = desk->pictures[desk->shown].id;
	put(desk, 0, &set, sizeof(set));
}

/* A viewer may see it before the guest hears of it */
static void flip_after(void *arg)
{
	const struct desk *desk = arg;

	irq_wait(desk->gpu.control.event);
	were_answered(arg);
}

static const struct work flushes = {flushes_before, send_and_wait,
				    were_answered};

/* -------- The desk -------- */

/* Memory for a picture that begins so many bytes behind a page's start */
static void picture_create(struct desk *desk, struct gpu_resource *picture,
			   uint32_t id, unsigned int askew, bool blob)
{
	const struct virtio_gpu_resource_create_blob create = {
		.resource_id = id,
		.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
		.nr_entries = 1,
		.size = FRAME,
	};
	struct virtio_gpu_mem_entry entry = {.length = FRAME};

	picture->id = id;
	picture->width = WIDTH;
	picture->height = HEIGHT;
	picture->stride = WIDTH * 4;
	picture->at = ram_take(&desk->gpu.virtio.ram, FRAME + askew) + askew;
	picture->pixels = ram_at(&desk->gpu.virtio.ram, picture->at);
	entry.addr = picture->at;
	/* Drawn to, as a guest has it: its pages are there */
	memset(picture->pixels, 0x40 + (int)id, FRAME);
	if (blob) {
		CHECK_EQ(gpu_create_blob(&desk->gpu, &create, &entry, 1),
			 GPU_OK);
		return;
	}
	CHECK_EQ(gpu_create_2d(&desk->gpu, id, XRGB, WIDTH, HEIGHT), GPU_OK);
	CHECK_EQ(gpu_attach(&desk->gpu, id, &entry, 1, 1), GPU_OK);
}

static struct desk *desk_create(unsigned int askew, bool blobs)
{
	static struct desk desk;
	unsigned int i;

	memset(&desk, 0, sizeof(desk));
	gpu_create(&desk.gpu, TYPE_GPU_1);
	desk.manager = manager_open(&desk.gpu.virtio.device);
	desk.number = 1;
	desk.requests_at = ram_take(&desk.gpu.virtio.ram, BATCH * SLOT);
	desk.answers_at = ram_take(&desk.gpu.virtio.ram, BATCH * SLOT);
	for (i = 0; i < 2; i++)
		picture_create(&desk, &desk.pictures[i], i + 1, askew, blobs);
	return &desk;
}

static void desk_remove(struct desk *desk)
{
	struct ram *ram = &desk->gpu.virtio.ram;
	unsigned int i;

	close(desk->manager);
	for (i = 0; i < GPU_VECTORS; i++)
		close(desk->gpu.events[i]);
	device_remove(&desk->gpu.virtio.device);
	munmap(ram->bytes, ram->size);
}

/* -------- Commands -------- */

/* Another process that answers an eventfd by another one */
struct echo {
	int there;
	int back;
};

static void echo_all(void *arg)
{
	const struct echo *echo = arg;

	for (;;) {
		irq_wait(echo->there);
		CHECK_OK(eventfd_write(echo->back, 1));
	}
}

static void echo_timed(void *arg)
{
	const struct echo *echo = arg;

	eventfd_write(echo->there, 1);
	irq_wait(echo->back);
}

static void rows_floor(struct row *row)
{
	static const struct work there_and_back = {.timed = echo_timed};
	struct echo echo;
	pid_t pid;

	echo.there = (int)CHECK_OK(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	echo.back = (int)CHECK_OK(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	pid = test_fork(echo_all, &echo);
	result_measure(row, FLOOR, &there_and_back, COMMAND_ROUNDS, &echo,
		       "an eventfd to another process, and one back");
	test_kill(pid);
	close(echo.there);
	close(echo.back);
}

static void rows_command(struct desk *desk)
{
	struct row *one = result_row(ROW_COMMAND, "one by one");
	struct row *many = result_row(ROW_COMMAND, "64 at once");

	CHECK_EQ(gpu_set_scanout(&desk->gpu, 0, desk->pictures[0].id, &whole),
		 GPU_OK);
	result_measure(one, PLANEFD, &flushes, COMMAND_ROUNDS, desk, NULL);
	desk->number = BATCH;
	result_measure_many(many, PLANEFD, &flushes, COMMAND_ROUNDS, desk,
			    BATCH, NULL);
	desk->number = 1;
	rows_floor(one);
}

/* -------- Flips -------- */

static void rows_flip(struct desk *desk, const char *size,
		      void (*before)(void *arg))
{
	const struct wake wake = {
		.fd = desk->manager,
		.see = wake_see_plane,
		.change = {before, send_all, flip_after},
		.arg = desk,
	};
	struct figures figures;

	desk->number = 1;
	figures = wake_measure(&wake);
	result_set(result_row(ROW_GPU_WAKE, size), PLANEFD, &figures, 1, NULL);
}

/* -------- Bytes -------- */

/*
 * What is shown, or with a flip the other picture, drawn anew, transferred,
 * shown if it was not, and flushed
 */
static void show_frame(struct desk *desk, bool flip)
{
	struct gpu_resource *picture;
	unsigned char before;

	desk->shown ^= flip;
	picture = &desk->pictures[desk->shown];
	before = *picture->pixels;
	memset(picture->pixels, before + 2, FRAME);
	CHECK_EQ(gpu_transfer(&desk->gpu, picture->id, 0, &whole), GPU_OK);
	if (flip)
		CHECK_EQ(gpu_set_scanout(&desk->gpu, 0, picture->id, &whole),
			 GPU_OK);
	CHECK_EQ(gpu_flush(&desk->gpu, picture->id, &whole), GPU_OK);
}

/* A viewer sees that frame, all of it */
static void check_frame(const struct desk *desk)
{
	struct vfio_dmabuf_mgr_create_dmabuf create = {
		.argsz = sizeof(create),
		.plane_id = PRIMARY,
	};
	const struct gpu_resource *picture = &desk->pictures[desk->shown];
	unsigned char *map;

	CHECK_OK(ioctl(desk->manager, VFIO_DMABUF_MGR_CREATE_DMABUF, &create));
	map = mmap(NULL, create.plane_info.size, PROT_READ, MAP_SHARED,
		   create.fd, 0);
	CHECK(map != MAP_FAILED);
	CHECK_BYTES(map + create.plane_info.start % PAGE, picture->pixels,
		    FRAME);
	munmap(map, create.plane_info.size);
	close(create.fd);
}

static void rows_copied(struct desk *desk, const char *size, bool flip)
{
	static uint64_t samples[FRAMES];
	struct row *row = result_row(ROW_COPIED, size);
	struct figures figures;
	uint64_t before, plane = FRAME;
	unsigned int i;

	for (i = 0; i < FRAMES; i++) {
		before = gpu_copied(desk->manager);
		show_frame(desk, flip);
		check_frame(desk);
		samples[i] = gpu_copied(desk->manager) - before;
	}
	figures = measure_figures(samples, FRAMES);
	row->unit = "bytes";
	result_set(row, PLANEFD, &figures, 1, NULL);
	figures = measure_figures(&plane, 1);
	result_set(row, FLOOR, &figures, 1, "the picture's bytes");
}

/* -------- All of them -------- */

void rows_gpu(void)
{
	struct desk *desk = desk_create(0, false);

	rows_command(desk);
	rows_flip(desk, "resources", flip_before);
	rows_copied(desk, PAGES_FLIPPED, true);
	rows_copied(desk, PAGES_DRAWN, false);
	desk_remove(desk);

	desk = desk_create(0, true);
	rows_flip(desk, "blobs", flip_blob_before);
	desk_remove(desk);

	desk = desk_create(ASKEW, false);
	rows_copied(desk, PIECES_FLIPPED, true);
	rows_copied(desk, PIECES_DRAWN, false);
	desk_remove(desk);
}

void rows_gpu_peer(enum column whose)
{
	/* Neither is a virtio-gpu */
	(void)whose;
}
