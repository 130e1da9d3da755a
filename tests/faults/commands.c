// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtio-gpu's commands, with faults in the worker that carries them out. A
 * command is answered with an error, or the device needs a reset, after which
 * it is as new; it is never half done.
 */
#include "bytes.h"
#include "fault.h"
#include "gpu_view.h"

#include <string.h>
#include <unistd.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define WIDTH 64
#define HEIGHT 64
#define STRIDE (WIDTH * 4)
#define SIZE (STRIDE * HEIGHT)
#define ID 1
/* Entries of which none is whole pages */
#define PIECES 16
#define PIECE_SIZE (SIZE / PIECES)

#define ANSWER_SECONDS 20

static struct gpu gpu;
static int manager;
static uint64_t pixels_at, entries_at;

/* An error answer has the errno that is like it; a device that is broken EPIPE
 */
static const int errnos[] = {EPIPE, ENOMEM, EINVAL, EIO, 0};

static const struct virtio_gpu_rect whole = {0, 0, WIDTH, HEIGHT};

static void set_up(void)
{
	struct ram *ram;

	gpu_create(&gpu, TYPE_GPU_2);
	ram = &gpu.virtio.ram;
	manager = manager_open(&gpu.virtio.device);
	pixels_at = ram_take(ram, 2 * SIZE);
	entries_at = ram_take(ram, PAGE);
	memset(ram_at(ram, pixels_at), UNTOUCHED, 2 * SIZE);
}

/* The device is reset, and has nothing; answers are looked for, not waited for
 */
static void start(void)
{
	struct ram *ram = &gpu.virtio.ram;
	size_t taken = ram->taken;

	gpu_start(&gpu, GPU_FEATURES);
	ram->taken = taken;
	gpu.control.event = -1;
	gpu.cursor.event = -1;
}

static bool is_broken(void)
{
	return virtio_status(&gpu.virtio) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

static bool is_over(void *queue)
{
	return virtqueue_has_used(queue) || is_broken();
}

static int errno_of(uint32_t type)
{
	switch (type) {
	case VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY:
		return ENOMEM;
	case VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER:
		return EINVAL;
	case VIRTIO_GPU_RESP_ERR_UNSPEC:
		return EIO;
	default:
		return ENOTSUP;
	}
}

/* Send what the request's page has, with that many entries after it */
static long send_request(struct virtqueue *queue, size_t size,
			 unsigned int entries)
{
	const struct virtio_gpu_ctrl_hdr *answer =
		ram_at(&gpu.virtio.ram, gpu.response_at);
	const uint32_t length =
		entries * (uint32_t)sizeof(struct virtio_gpu_mem_entry);
	struct piece pieces[3];
	unsigned int count = 0;

	pieces[count++] = (struct piece){gpu.request_at, (uint32_t)size, 0};
	if (entries)
		pieces[count++] = (struct piece){entries_at, length, 0};
	pieces[count++] = (struct piece){gpu.response_at, sizeof(gpu.response),
					 VRING_DESC_F_WRITE};
	virtqueue_offer(queue, virtqueue_chain(queue, pieces, count));
	virtqueue_notify(queue);
	CHECK(test_wait(is_over, queue, ANSWER_SECONDS * test_slow()));
	if (!virtqueue_has_used(queue)) {
		errno = EPIPE;
		return -1;
	}
	virtqueue_take(queue);
	if (queue == &gpu.cursor || !GPU_IS_ERROR(answer->type))
		return 0;
	errno = errno_of(answer->type);
	return -1;
}

static void *request(void)
{
	void *at = ram_at(&gpu.virtio.ram, gpu.request_at);

	memset(at, 0, PAGE);
	return at;
}

static void fill_entries(unsigned int count, uint32_t length, uint64_t step)
{
	struct virtio_gpu_mem_entry *entries =
		ram_at(&gpu.virtio.ram, entries_at);
	unsigned int i;

	for (i = 0; i < count; i++)
		entries[i] = (struct virtio_gpu_mem_entry){pixels_at + i * step,
							   length, 0};
}

static void create_2d(void)
{
	CHECK_EQ(gpu_create_2d(&gpu, ID, XRGB, WIDTH, HEIGHT), GPU_OK);
}

/* Whole pages, or pieces with gaps between them */
static long attach(unsigned int count, uint32_t length, uint64_t step)
{
	struct virtio_gpu_resource_attach_backing *command = request();

	command->hdr.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING;
	command->resource_id = ID;
	command->nr_entries = count;
	fill_entries(count, length, step);
	return send_request(&gpu.control, sizeof(*command), count);
}

static long attach_pages(void)
{
	return attach(1, SIZE, 0);
}

static long attach_pieces(void)
{
	return attach(PIECES, PIECE_SIZE, 2 * PIECE_SIZE);
}

/* What is not broken has the state from before; what is has none */
#define CHECK_AGAIN(name, prepare)                                             \
	static void name(void)                                                 \
	{                                                                      \
		if (is_broken())                                               \
			prepare();                                             \
	}

CHECK_AGAIN(check_started, start)

static void unref(long result)
{
	CHECK_EQ(result, 0);
	CHECK_EQ(gpu_unref(&gpu, ID), GPU_OK);
}

static void check_zero(long result)
{
	CHECK_EQ(result, 0);
}

/* The rings are pinned by what is the first to need them */

static long run_display_info(void)
{
	struct virtio_gpu_ctrl_hdr *command = request();

	command->type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO;
	return send_request(&gpu.control, sizeof(*command), 0);
}

WALK("a driver's first command", .set_up = set_up, .prepare = start,
     .run = run_display_info, .check = check_started, .undo = check_zero,
     .worker = true, .errnos = errnos, .sites = 3)

static void start_ready(void)
{
	start();
	CHECK_EQ(run_display_info(), 0);
}

CHECK_AGAIN(check_ready, start_ready)

static long run_edid(void)
{
	struct virtio_gpu_cmd_get_edid *command = request();

	command->hdr.type = VIRTIO_GPU_CMD_GET_EDID;
	command->scanout = 1;
	return send_request(&gpu.control, sizeof(*command), 0);
}

WALK("GET_EDID", .set_up = set_up, .prepare = start_ready, .run = run_edid,
     .check = check_ready, .undo = check_zero, .worker = true, .errnos = errnos,
     .sites = 1)

static long run_create_2d(void)
{
	struct virtio_gpu_resource_create_2d *command = request();

	command->hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D;
	command->resource_id = ID;
	command->format = XRGB;
	command->width = WIDTH;
	command->height = HEIGHT;
	return send_request(&gpu.control, sizeof(*command), 0);
}

WALK("RESOURCE_CREATE_2D", .set_up = set_up, .prepare = start_ready,
     .run = run_create_2d, .check = check_ready, .undo = unref, .worker = true,
     .errnos = errnos, .sites = 2)

static void start_created(void)
{
	start();
	create_2d();
}

CHECK_AGAIN(check_created, start_created)

WALK("RESOURCE_ATTACH_BACKING of whole pages", .set_up = set_up,
     .prepare = start_created, .run = attach_pages, .check = check_created,
     .undo = unref, .worker = true, .errnos = errnos, .sites = 4)

WALK("RESOURCE_ATTACH_BACKING of pieces of pages", .set_up = set_up,
     .prepare = start_created, .run = attach_pieces, .check = check_created,
     .undo = unref, .worker = true, .errnos = errnos, .sites = 4)

static long run_blob(void)
{
	struct virtio_gpu_resource_create_blob *command = request();

	command->hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB;
	command->resource_id = ID;
	command->blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST;
	command->nr_entries = 1;
	command->size = SIZE;
	fill_entries(1, SIZE, 0);
	return send_request(&gpu.control, sizeof(*command), 1);
}

WALK("RESOURCE_CREATE_BLOB", .set_up = set_up, .prepare = start_ready,
     .run = run_blob, .check = check_ready, .undo = unref, .worker = true,
     .errnos = errnos, .sites = 5)

static void start_attached(void)
{
	start_created();
	CHECK_EQ(attach_pages(), 0);
}

CHECK_AGAIN(check_attached, start_attached)

static long run_set_scanout(void)
{
	struct virtio_gpu_set_scanout *command = request();

	command->hdr.type = VIRTIO_GPU_CMD_SET_SCANOUT;
	command->resource_id = ID;
	command->r = whole;
	return send_request(&gpu.control, sizeof(*command), 0);
}

/* The viewer has the guest's own pixels */
static void undo_scanout(long result)
{
	struct view view;

	CHECK_EQ(result, 0);
	view_open(&view, manager, PRIMARY, 0);
	view_compare(&view, ram_at(&gpu.virtio.ram, pixels_at), STRIDE);
	view_close(&view);
	unref(0);
	view_check_off(manager, PRIMARY);
}

WALK("SET_SCANOUT", .set_up = set_up, .prepare = start_attached,
     .run = run_set_scanout, .check = check_attached, .undo = undo_scanout,
     .worker = true, .errnos = errnos, .sites = 1)

static void start_copied(void)
{
	start_created();
	CHECK_EQ(attach_pieces(), 0);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, ID, &whole), GPU_OK);
}

CHECK_AGAIN(check_copied, start_copied)

static long run_transfer(void)
{
	struct virtio_gpu_transfer_to_host_2d *command = request();

	command->hdr.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D;
	command->resource_id = ID;
	command->r = whole;
	return send_request(&gpu.control, sizeof(*command), 0);
}

WALK("TRANSFER_TO_HOST_2D of what is copied", .set_up = set_up,
     .prepare = start_copied, .run = run_transfer, .check = check_copied,
     .undo = undo_scanout, .worker = true, .errnos = errnos, .sites = 16)

static long run_cursor(void)
{
	struct virtio_gpu_update_cursor *command = request();

	command->hdr.type = VIRTIO_GPU_CMD_UPDATE_CURSOR;
	command->resource_id = ID;
	return send_request(&gpu.cursor, sizeof(*command), 0);
}

WALK("UPDATE_CURSOR", .set_up = set_up, .prepare = start_attached,
     .run = run_cursor, .check = check_attached, .undo = unref, .worker = true,
     .errnos = errnos, .sites = 2)

/* A driver's reset cannot fail */

static void start_shown(void)
{
	start_attached();
	CHECK_EQ(run_set_scanout(), 0);
}

static long run_reset(void)
{
	virtio_reset(&gpu.virtio);
	return 0;
}

static void undo_reset(long result)
{
	CHECK_EQ(result, 0);
	view_check_off(manager, PRIMARY);
}

WALK("a driver's reset", .set_up = set_up, .prepare = start_shown,
     .run = run_reset, .undo = undo_reset, .worker = true, .errnos = errnos)

TEST_WITHIN(120, "kmemleak finds nothing after all these faults")
{
	fault_check_leaks();
}
