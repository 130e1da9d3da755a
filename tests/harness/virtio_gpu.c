// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's virtio-gpu driver, see virtio_gpu.h.
 */
#include "virtio_gpu.h"

#include "test.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQUEST_SIZE PAGE
#define FENCED(command)                                                        \
	{                                                                      \
		.type = (command), .flags = VIRTIO_GPU_FLAG_FENCE              \
	}

/* MSI-X is on in the config space and each vector has an eventfd */
static void connect_vectors(struct gpu *gpu)
{
	struct device *device = &gpu->virtio.device;
	uint8_t cap = virtio_pci_cap(device, PCI_CAP_ID_MSIX);

	irq_connect(device, VFIO_PCI_MSIX_IRQ_INDEX, gpu->events, GPU_VECTORS);
	region_set(device, CONFIG, cap + PCI_MSIX_FLAGS, 2,
		   PCI_MSIX_FLAGS_ENABLE);
}

void gpu_start(struct gpu *gpu, uint64_t features)
{
	struct virtio *virtio = &gpu->virtio;

	CHECK(virtio_negotiate(virtio, features));
	virtio_set(virtio, COMMON(msix_config), GPU_VECTOR_CONFIG);
	CHECK_EQ(virtio_get(virtio, COMMON(msix_config)), GPU_VECTOR_CONFIG);
	virtqueue_create(&gpu->control, virtio, GPU_CONTROL, GPU_CONTROL_SIZE);
	virtqueue_create(&gpu->cursor, virtio, GPU_CURSOR, GPU_CURSOR_SIZE);
	gpu->control.event = gpu->events[GPU_VECTOR_CONTROL];
	gpu->cursor.event = gpu->events[GPU_VECTOR_CURSOR];
	virtqueue_enable(&gpu->control, GPU_VECTOR_CONTROL);
	virtqueue_enable(&gpu->cursor, GPU_VECTOR_CURSOR);
	virtio_start(virtio);
}

/* What is new is open, and its structures are found */
static void first_start(struct gpu *gpu)
{
	connect_vectors(gpu);
	gpu->request_at = ram_take(&gpu->virtio.ram, REQUEST_SIZE);
	gpu->response_at = ram_take(&gpu->virtio.ram, sizeof(gpu->response));
	gpu_start(gpu, GPU_FEATURES);
}

void gpu_create(struct gpu *gpu, const char *type)
{
	memset(gpu, 0, sizeof(*gpu));
	virtio_create(&gpu->virtio, type);
	first_start(gpu);
}

void gpu_create_beside(struct gpu *gpu, const char *type,
		       const struct gpu *other)
{
	memset(gpu, 0, sizeof(*gpu));
	virtio_create_beside(&gpu->virtio, type, &other->virtio);
	first_start(gpu);
}

static void close_vectors(struct gpu *gpu)
{
	unsigned int i;

	for (i = 0; i < GPU_VECTORS; i++)
		close(gpu->events[i]);
}

void gpu_reconnect(struct gpu *gpu)
{
	close_vectors(gpu);
	virtio_find(&gpu->virtio);
	connect_vectors(gpu);
}

void gpu_open(struct gpu *gpu)
{
	close_vectors(gpu);
	virtio_open(&gpu->virtio);
	connect_vectors(gpu);
	gpu_start(gpu, GPU_FEATURES);
}

/* How long the answer of that type is */
static uint32_t response_size(uint32_t type)
{
	switch (type) {
	case VIRTIO_GPU_RESP_OK_DISPLAY_INFO:
		return sizeof(struct virtio_gpu_resp_display_info);
	case VIRTIO_GPU_RESP_OK_EDID:
		return sizeof(struct virtio_gpu_resp_edid);
	default:
		return sizeof(struct virtio_gpu_ctrl_hdr);
	}
}

static void check_response(const struct gpu *gpu,
			   const struct virtio_gpu_ctrl_hdr *sent)
{
	const struct virtio_gpu_ctrl_hdr *hdr = &gpu->response.hdr;
	uint32_t fence = sent->flags & VIRTIO_GPU_FLAG_FENCE;

	CHECK_EQ(gpu->response_length, response_size(hdr->type));
	CHECK_EQ(hdr->flags & VIRTIO_GPU_FLAG_FENCE, fence);
	if (fence) {
		CHECK_EQ(hdr->fence_id, sent->fence_id);
		CHECK_EQ(hdr->ctx_id, sent->ctx_id);
	}
	CHECK_ALL(gpu->response.bytes + gpu->response_length, 0,
		  sizeof(gpu->response) - gpu->response_length);
}

uint32_t gpu_command_with(struct gpu *gpu, const void *request, size_t size,
			  uint64_t extra_at, uint32_t extra_length)
{
	const struct ram *ram = &gpu->virtio.ram;
	struct virtio_gpu_ctrl_hdr *hdr = ram_at(ram, gpu->request_at);
	void *response = ram_at(ram, gpu->response_at);
	struct piece pieces[3];
	struct vring_used_elem used;
	unsigned int count = 0;
	uint16_t head;

	CHECK_LE(size, REQUEST_SIZE);
	memcpy(hdr, request, size);
	if (hdr->flags & VIRTIO_GPU_FLAG_FENCE)
		hdr->fence_id = ++gpu->fence;
	memset(response, 0, sizeof(gpu->response));
	pieces[count++] = (struct piece){gpu->request_at, (uint32_t)size, 0};
	if (extra_length)
		pieces[count++] = (struct piece){extra_at, extra_length, 0};
	pieces[count++] = (struct piece){
		gpu->response_at, sizeof(gpu->response), VRING_DESC_F_WRITE};
	head = virtqueue_chain(&gpu->control, pieces, count);
	virtqueue_offer(&gpu->control, head);
	virtqueue_notify(&gpu->control);
	used = virtqueue_take(&gpu->control);
	CHECK_EQ(used.id, head);
	gpu->response_length = used.len;
	memcpy(&gpu->response, response, sizeof(gpu->response));
	check_response(gpu, hdr);
	return gpu->response.hdr.type;
}

uint32_t gpu_command(struct gpu *gpu, const void *request, size_t size)
{
	return gpu_command_with(gpu, request, size, 0, 0);
}

uint32_t gpu_simple(struct gpu *gpu, uint32_t type)
{
	const struct virtio_gpu_ctrl_hdr hdr = FENCED(type);

	return gpu_command(gpu, &hdr, sizeof(hdr));
}

uint32_t gpu_create_2d(struct gpu *gpu, uint32_t resource, uint32_t format,
		       uint32_t width, uint32_t height)
{
	const struct virtio_gpu_resource_create_2d create = {
		.hdr = FENCED(VIRTIO_GPU_CMD_RESOURCE_CREATE_2D),
		.resource_id = resource,
		.format = format,
		.width = width,
		.height = height,
	};

	return gpu_command(gpu, &create, sizeof(create));
}

uint32_t gpu_unref(struct gpu *gpu, uint32_t resource)
{
	const struct virtio_gpu_resource_unref unref = {
		.hdr = FENCED(VIRTIO_GPU_CMD_RESOURCE_UNREF),
		.resource_id = resource,
	};

	return gpu_command(gpu, &unref, sizeof(unref));
}

uint32_t gpu_set_scanout(struct gpu *gpu, uint32_t head, uint32_t resource,
			 const struct virtio_gpu_rect *rect)
{
	const struct virtio_gpu_set_scanout set = {
		.hdr = FENCED(VIRTIO_GPU_CMD_SET_SCANOUT),
		.r = *rect,
		.scanout_id = head,
		.resource_id = resource,
	};

	return gpu_command(gpu, &set, sizeof(set));
}

uint32_t gpu_flush(struct gpu *gpu, uint32_t resource,
		   const struct virtio_gpu_rect *rect)
{
	const struct virtio_gpu_resource_flush flush = {
		.hdr = FENCED(VIRTIO_GPU_CMD_RESOURCE_FLUSH),
		.r = *rect,
		.resource_id = resource,
	};

	return gpu_command(gpu, &flush, sizeof(flush));
}

uint32_t gpu_transfer(struct gpu *gpu, uint32_t resource, uint64_t offset,
		      const struct virtio_gpu_rect *rect)
{
	const struct virtio_gpu_transfer_to_host_2d transfer = {
		.hdr = FENCED(VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D),
		.r = *rect,
		.offset = offset,
		.resource_id = resource,
	};

	return gpu_command(gpu, &transfer, sizeof(transfer));
}

/* A command whose entries follow in a piece of their own, as Linux sends it */
static uint32_t command_with_entries(struct gpu *gpu, const void *request,
				     size_t size,
				     const struct virtio_gpu_mem_entry *entries,
				     unsigned int count)
{
	uint32_t length = count * (uint32_t)sizeof(*entries);
	struct ram *ram = &gpu->virtio.ram;
	size_t taken = ram->taken;
	uint32_t type;
	uint64_t at;

	if (!count)
		return gpu_command(gpu, request, size);
	at = ram_take(ram, length);
	memcpy(ram_at(ram, at), entries, length);
	type = gpu_command_with(gpu, request, size, at, length);
	ram->taken = taken;
	return type;
}

uint32_t gpu_attach(struct gpu *gpu, uint32_t resource,
		    const struct virtio_gpu_mem_entry *entries,
		    unsigned int count, uint32_t entry_count)
{
	const struct virtio_gpu_resource_attach_backing attach = {
		.hdr = FENCED(VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING),
		.resource_id = resource,
		.nr_entries = entry_count,
	};

	return command_with_entries(gpu, &attach, sizeof(attach), entries,
				    count);
}

uint32_t gpu_detach(struct gpu *gpu, uint32_t resource)
{
	const struct virtio_gpu_resource_detach_backing detach = {
		.hdr = FENCED(VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING),
		.resource_id = resource,
	};

	return gpu_command(gpu, &detach, sizeof(detach));
}

uint32_t gpu_get_edid(struct gpu *gpu, uint32_t head)
{
	const struct virtio_gpu_cmd_get_edid get = {
		.hdr = FENCED(VIRTIO_GPU_CMD_GET_EDID),
		.scanout = head,
	};

	return gpu_command(gpu, &get, sizeof(get));
}

uint32_t gpu_create_blob(struct gpu *gpu,
			 const struct virtio_gpu_resource_create_blob *create,
			 const struct virtio_gpu_mem_entry *entries,
			 unsigned int count)
{
	struct virtio_gpu_resource_create_blob request = *create;

	request.hdr = (struct virtio_gpu_ctrl_hdr)FENCED(
		VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB);
	return command_with_entries(gpu, &request, sizeof(request), entries,
				    count);
}

uint32_t gpu_set_scanout_blob(struct gpu *gpu,
			      const struct virtio_gpu_set_scanout_blob *set)
{
	struct virtio_gpu_set_scanout_blob request = *set;

	request.hdr = (struct virtio_gpu_ctrl_hdr)FENCED(
		VIRTIO_GPU_CMD_SET_SCANOUT_BLOB);
	return gpu_command(gpu, &request, sizeof(request));
}

static void cursor_command(struct gpu *gpu,
			   const struct virtio_gpu_update_cursor *request)
{
	const struct piece piece = {gpu->request_at, sizeof(*request), 0};
	struct vring_used_elem used;
	uint16_t head;

	memcpy(ram_at(&gpu->virtio.ram, gpu->request_at), request,
	       sizeof(*request));
	head = virtqueue_chain(&gpu->cursor, &piece, 1);
	virtqueue_offer(&gpu->cursor, head);
	virtqueue_notify(&gpu->cursor);
	used = virtqueue_take(&gpu->cursor);
	CHECK_EQ(used.id, head);
	CHECK_EQ(used.len, 0);
}

void gpu_update_cursor(struct gpu *gpu, uint32_t resource,
		       const struct virtio_gpu_cursor_pos *pos, uint32_t hot_x,
		       uint32_t hot_y)
{
	const struct virtio_gpu_update_cursor update = {
		.hdr = {.type = VIRTIO_GPU_CMD_UPDATE_CURSOR},
		.pos = *pos,
		.resource_id = resource,
		.hot_x = hot_x,
		.hot_y = hot_y,
	};

	if (pos->scanout_id < VIRTIO_GPU_MAX_SCANOUTS)
		gpu->cursors[pos->scanout_id] = resource;
	cursor_command(gpu, &update);
}

void gpu_move_cursor_as(struct gpu *gpu, uint32_t resource,
			const struct virtio_gpu_cursor_pos *pos)
{
	const struct virtio_gpu_update_cursor move = {
		.hdr = {.type = VIRTIO_GPU_CMD_MOVE_CURSOR},
		.pos = *pos,
		.resource_id = resource,
	};

	cursor_command(gpu, &move);
}

void gpu_move_cursor(struct gpu *gpu, const struct virtio_gpu_cursor_pos *pos)
{
	uint32_t resource = 0;

	if (pos->scanout_id < VIRTIO_GPU_MAX_SCANOUTS)
		resource = gpu->cursors[pos->scanout_id];
	gpu_move_cursor_as(gpu, resource, pos);
}

struct virtio_gpu_rect gpu_whole(const struct gpu_resource *resource)
{
	return (struct virtio_gpu_rect){0, 0, resource->width,
					resource->height};
}

void gpu_resource_create(struct gpu *gpu, struct gpu_resource *resource,
			 uint32_t format, uint32_t width, uint32_t height)
{
	static uint32_t last_id;
	struct virtio_gpu_mem_entry entry;

	resource->id = ++last_id;
	resource->format = format;
	resource->width = width;
	resource->height = height;
	resource->stride = width * 4;
	resource->size = (size_t)resource->stride * height;
	resource->size = (resource->size + PAGE - 1) / PAGE * PAGE;
	resource->at = ram_take(&gpu->virtio.ram, resource->size);
	resource->pixels = ram_at(&gpu->virtio.ram, resource->at);
	entry = (struct virtio_gpu_mem_entry){resource->at,
					      (uint32_t)resource->size, 0};
	CHECK_EQ(gpu_create_2d(gpu, resource->id, format, width, height),
		 GPU_OK);
	CHECK_EQ(gpu_attach(gpu, resource->id, &entry, 1, 1), GPU_OK);
}

void gpu_draw(struct gpu *gpu, const struct gpu_resource *resource,
	      const struct virtio_gpu_rect *rect)
{
	uint64_t offset = (uint64_t)rect->y * resource->stride + rect->x * 4;

	CHECK_EQ(gpu_transfer(gpu, resource->id, offset, rect), GPU_OK);
	CHECK_EQ(gpu_flush(gpu, resource->id, rect), GPU_OK);
}

void gpu_show(struct gpu *gpu, uint32_t head,
	      const struct gpu_resource *resource)
{
	const struct virtio_gpu_rect whole = gpu_whole(resource);

	CHECK_EQ(gpu_set_scanout(gpu, head, resource->id, &whole), GPU_OK);
	gpu_draw(gpu, resource, &whole);
}

unsigned long long gpu_copied(int manager)
{
	static const char key[] = "\ncopied-bytes:";
	char path[64], text[4096] = "", *line;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", manager);
	fd = (int)CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
	CHECK_GT(read(fd, text, sizeof(text) - 1), 0);
	close(fd);
	line = strstr(text, key);
	CHECK(line);
	return strtoull(line + strlen(key), NULL, 10);
}
