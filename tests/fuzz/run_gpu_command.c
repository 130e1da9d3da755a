// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A command to a virtio-gpu: filled in by its type, put into memory and the
 * ring in one of several ways, good and bad, and its answer.
 */
#include "run_gpu.h"

#include <errno.h>
#include <string.h>

#define SLOTS 16
#define SLOT_SIZE 256
#define ANSWER_SIZE 2048
/* A descriptor for each so many bytes of a command that is split */
#define PIECE 8
#define MAX_PIECES 32

/* How a command is sent; the bits of operand "how" */
enum how {
	HOW_FENCE = 1 << 0,
	HOW_INDIRECT = 1 << 1,
	HOW_SPLIT = 1 << 2,
	HOW_SHORT = 1 << 3,	 /* half of it */
	HOW_UNANSWERED = 1 << 4, /* there is no room for an answer */
	HOW_ELSEWHERE = 1 << 5,	 /* in the other queue */
	HOW_CHANGED = 1 << 6,	 /* once the device knows of it */
	HOW_QUIET = 1 << 7,	 /* the device is not told */
};

/* In the order of the words in ops.c */
enum command {
	COMMAND_DISPLAY_INFO,
	COMMAND_EDID,
	COMMAND_CREATE_2D,
	COMMAND_UNREF,
	COMMAND_SET_SCANOUT,
	COMMAND_FLUSH,
	COMMAND_TRANSFER,
	COMMAND_ATTACH,
	COMMAND_DETACH,
	COMMAND_CREATE_BLOB,
	COMMAND_SET_SCANOUT_BLOB,
	COMMAND_UPDATE_CURSOR,
	COMMAND_MOVE_CURSOR,
	COMMAND_RAW,
	COMMANDS,
};

union body {
	struct virtio_gpu_ctrl_hdr hdr;
	struct virtio_gpu_cmd_get_edid edid;
	struct virtio_gpu_resource_create_2d create_2d;
	struct virtio_gpu_resource_unref unref;
	struct virtio_gpu_set_scanout set_scanout;
	struct virtio_gpu_resource_flush flush;
	struct virtio_gpu_transfer_to_host_2d transfer;
	struct virtio_gpu_resource_attach_backing attach;
	struct virtio_gpu_resource_detach_backing detach;
	struct virtio_gpu_resource_create_blob create_blob;
	struct virtio_gpu_set_scanout_blob set_scanout_blob;
	struct virtio_gpu_update_cursor cursor;
	uint32_t words[SLOT_SIZE / sizeof(uint32_t)];
};

#define MEMBER_SIZE(member) sizeof(((union body *)NULL)->member)

static const struct {
	uint32_t type;
	size_t size;
} commands[COMMANDS] = {
	[COMMAND_DISPLAY_INFO] = {VIRTIO_GPU_CMD_GET_DISPLAY_INFO,
				  MEMBER_SIZE(hdr)},
	[COMMAND_EDID] = {VIRTIO_GPU_CMD_GET_EDID, MEMBER_SIZE(edid)},
	[COMMAND_CREATE_2D] = {VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
			       MEMBER_SIZE(create_2d)},
	[COMMAND_UNREF] = {VIRTIO_GPU_CMD_RESOURCE_UNREF, MEMBER_SIZE(unref)},
	[COMMAND_SET_SCANOUT] = {VIRTIO_GPU_CMD_SET_SCANOUT,
				 MEMBER_SIZE(set_scanout)},
	[COMMAND_FLUSH] = {VIRTIO_GPU_CMD_RESOURCE_FLUSH, MEMBER_SIZE(flush)},
	[COMMAND_TRANSFER] = {VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
			      MEMBER_SIZE(transfer)},
	[COMMAND_ATTACH] = {VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
			    MEMBER_SIZE(attach)},
	[COMMAND_DETACH] = {VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING,
			    MEMBER_SIZE(detach)},
	[COMMAND_CREATE_BLOB] = {VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
				 MEMBER_SIZE(create_blob)},
	[COMMAND_SET_SCANOUT_BLOB] = {VIRTIO_GPU_CMD_SET_SCANOUT_BLOB,
				      MEMBER_SIZE(set_scanout_blob)},
	[COMMAND_UPDATE_CURSOR] = {VIRTIO_GPU_CMD_UPDATE_CURSOR,
				   MEMBER_SIZE(cursor)},
	[COMMAND_MOVE_CURSOR] = {VIRTIO_GPU_CMD_MOVE_CURSOR,
				 MEMBER_SIZE(cursor)},
	[COMMAND_RAW] = {0, MEMBER_SIZE(hdr) + 4 * sizeof(uint32_t)},
};

/* These take the operands from id on: id, a, b, c, d */

static void fill_entries(const uint64_t *operands)
{
	struct virtio_gpu_mem_entry *entries =
		(void *)(guest_memory() + GUEST_ENTRIES);
	uint64_t i, step = operands[3] ? operands[3] : operands[2];

	for (i = 0; i < operands[1] && i < GUEST_MAX_ENTRIES; i++)
		entries[i] = (struct virtio_gpu_mem_entry){
			.addr = operands[4] + i * step,
			.length = (uint32_t)operands[2],
		};
}

static void fill_resource(union body *body, enum command command,
			  const uint64_t *operands)
{
	uint32_t id = (uint32_t)operands[0], a = (uint32_t)operands[1];

	switch (command) {
	case COMMAND_CREATE_2D:
		body->create_2d.format = a;
		body->create_2d.width = (uint32_t)operands[2];
		body->create_2d.height = (uint32_t)operands[3];
		break;
	case COMMAND_CREATE_BLOB:
		body->create_blob.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST;
		body->create_blob.nr_entries = a;
		body->create_blob.size = operands[1] * operands[2];
		fill_entries(operands);
		break;
	case COMMAND_ATTACH:
		body->attach.nr_entries = a;
		fill_entries(operands);
		break;
	default:
		break;
	}
	/* It comes first in all of these */
	body->unref.resource_id = id;
}

static void fill_scanout(union body *body, enum command command,
			 const uint64_t *operands)
{
	uint32_t id = (uint32_t)operands[0], a = (uint32_t)operands[1];
	struct virtio_gpu_rect rect = {
		.x = operands[4] & 0xffff,
		.y = operands[4] >> 16 & 0xffff,
		.width = (uint32_t)operands[2],
		.height = (uint32_t)operands[3],
	};

	switch (command) {
	case COMMAND_SET_SCANOUT:
		body->set_scanout.r = rect;
		body->set_scanout.scanout_id = a;
		body->set_scanout.resource_id = id;
		break;
	case COMMAND_FLUSH:
		body->flush.r = rect;
		body->flush.resource_id = id;
		break;
	case COMMAND_TRANSFER:
		body->transfer.r = rect;
		body->transfer.offset = operands[1];
		body->transfer.resource_id = id;
		break;
	default:
		rect.x = rect.y = 0;
		body->set_scanout_blob.r = rect;
		body->set_scanout_blob.scanout_id = a;
		body->set_scanout_blob.resource_id = id;
		body->set_scanout_blob.width = rect.width;
		body->set_scanout_blob.height = rect.height;
		body->set_scanout_blob.format =
			VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM;
		body->set_scanout_blob.strides[0] = rect.width * 4;
		body->set_scanout_blob.offsets[0] = (uint32_t)operands[4];
	}
}

static void fill_other(union body *body, enum command command,
		       const uint64_t *operands)
{
	unsigned int i;

	switch (command) {
	case COMMAND_EDID:
		body->edid.scanout = (uint32_t)operands[1];
		break;
	case COMMAND_UPDATE_CURSOR:
	case COMMAND_MOVE_CURSOR:
		body->cursor.pos.scanout_id = (uint32_t)operands[1];
		body->cursor.pos.x = (uint32_t)operands[2];
		body->cursor.pos.y = (uint32_t)operands[3];
		body->cursor.resource_id = (uint32_t)operands[0];
		body->cursor.hot_x = operands[4] & 0xffff;
		body->cursor.hot_y = operands[4] >> 16 & 0xffff;
		break;
	case COMMAND_RAW:
		body->hdr.type = (uint32_t)operands[1];
		body->unref.resource_id = (uint32_t)operands[0];
		for (i = 1; i < 4; i++)
			body->words[sizeof(body->hdr) / 4 + i] =
				(uint32_t)operands[1 + i];
		break;
	default:
		break;
	}
}

static void fill(union body *body, enum command command,
		 const uint64_t *operands, unsigned int how)
{
	memset(body, 0, sizeof(*body));
	body->hdr.type = commands[command].type;
	switch (command) {
	case COMMAND_CREATE_2D:
	case COMMAND_UNREF:
	case COMMAND_ATTACH:
	case COMMAND_DETACH:
	case COMMAND_CREATE_BLOB:
		fill_resource(body, command, operands);
		break;
	case COMMAND_SET_SCANOUT:
	case COMMAND_FLUSH:
	case COMMAND_TRANSFER:
	case COMMAND_SET_SCANOUT_BLOB:
		fill_scanout(body, command, operands);
		break;
	default:
		fill_other(body, command, operands);
	}
	if (how & HOW_FENCE) {
		body->hdr.flags |= VIRTIO_GPU_FLAG_FENCE;
		body->hdr.fence_id = operands[0];
	}
}

/* What goes into the descriptors: the command, its entries, then the answer */
static unsigned int pieces_of(struct piece *pieces, enum command command,
			      uint64_t at, uint64_t entries, unsigned int how)
{
	uint32_t size = (uint32_t)commands[command].size, done, length;
	unsigned int count = 0;

	if (how & HOW_SHORT)
		size /= 2;
	length = how & HOW_SPLIT ? PIECE : size;
	for (done = 0; done < size; done += length)
		pieces[count++] = (struct piece){
			at + done, size - done < length ? size - done : length,
			0};
	if (command == COMMAND_ATTACH || command == COMMAND_CREATE_BLOB) {
		if (entries > GUEST_MAX_ENTRIES)
			entries = GUEST_MAX_ENTRIES;
		pieces[count++] = (struct piece){
			GUEST_START + GUEST_ENTRIES,
			(uint32_t)(entries *
				   sizeof(struct virtio_gpu_mem_entry)),
			0};
	}
	if (!(how & HOW_UNANSWERED))
		pieces[count++] =
			(struct piece){GUEST_START + GUEST_ANSWERS, ANSWER_SIZE,
				       VRING_DESC_F_WRITE};
	return count;
}

static void describe_all(struct vring_desc *table, unsigned int size,
			 uint16_t first, const struct piece *pieces,
			 unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		gpu_describe(
			&table[(first + i) % size], pieces[i].at,
			pieces[i].length,
			(uint16_t)(pieces[i].flags |
				   (i + 1 < count ? VRING_DESC_F_NEXT : 0)),
			(uint16_t)((first + i + 1) % size));
}

/* Put it all into memory; returns the chain's head */
static uint16_t chain(const struct vring *ring, const struct piece *pieces,
		      unsigned int count, unsigned int how)
{
	unsigned int size = ring->num ? ring->num : 1;
	uint16_t head = (uint16_t)(ring->avail->idx * SLOTS % size);
	struct vring_desc *table = (void *)(guest_memory() + GUEST_TABLE);

	if (!(how & HOW_INDIRECT)) {
		describe_all(ring->desc, size, head, pieces, count);
		return head;
	}
	describe_all(table, count, 0, pieces, count);
	gpu_describe(&ring->desc[head], GUEST_START + GUEST_TABLE,
		     count * (uint32_t)sizeof(*table), VRING_DESC_F_INDIRECT,
		     0);
	return head;
}

/* What the device answered, as an errno */
static long answer(void)
{
	const struct virtio_gpu_ctrl_hdr *hdr =
		(void *)(guest_memory() + GUEST_ANSWERS);

	switch (hdr->type) {
	case VIRTIO_GPU_RESP_ERR_UNSPEC:
		return -EIO;
	case VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY:
		return -ENOMEM;
	case VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID:
		return -ECHRNG;
	case VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID:
		return -ENOENT;
	case VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER:
		return -EINVAL;
	case 0:
		return -ENOMSG;
	default:
		return 0;
	}
}

/* While the device may be looking at it */
static void change(union body *body, size_t size)
{
	volatile uint32_t *words = body->words;
	unsigned int round;
	size_t i;

	for (round = 0; round < SLOTS; round++)
		for (i = 0; i < size / sizeof(*words); i++)
			words[i] ^= UINT32_MAX;
}

/* fd, cmd, id, a, b, c, d, how */
long run_gpu_command(struct run *run, const uint64_t *operands)
{
	enum command command = (enum command)operands[1];
	unsigned int how = (unsigned int)operands[7], count, queue;
	struct piece pieces[MAX_PIECES];
	int fd = run->fds[operands[0]];
	struct vring ring;
	union body *body;
	uint64_t offset;
	long result;

	queue = command == COMMAND_UPDATE_CURSOR ||
		command == COMMAND_MOVE_CURSOR;
	queue ^= !!(how & HOW_ELSEWHERE);
	guest_ring(&run->guest, queue, &ring);
	offset = GUEST_REQUESTS + ring.avail->idx % SLOTS * SLOT_SIZE;
	body = (void *)(guest_memory() + offset);
	fill(body, command, operands + 2, how);
	memset(guest_memory() + GUEST_ANSWERS, 0, sizeof(body->hdr));
	count = pieces_of(pieces, command, GUEST_START + offset, operands[3],
			  how);
	gpu_offer(&ring, chain(&ring, pieces, count, how), 1);
	if (how & HOW_QUIET)
		return 0;
	guest_notify(fd, queue);
	if (how & HOW_CHANGED)
		change(body, commands[command].size);
	result = gpu_wait_used(fd, &ring);
	if (result || queue == GPU_CURSOR || how & HOW_UNANSWERED)
		return result;
	return answer();
}
