// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a virtio-gpu's planes end: off, reset away, taken back by the guest, the
 * device closed. What a viewer has mapped then is its memory no more.
 */
#include "test.h"
#include "gpu_view.h"

#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM

static struct gpu gpu;
static int manager;

static void set_up(const char *type)
{
	gpu_create(&gpu, type);
	manager = manager_open(&gpu.virtio.device);
}

/* A painted resource on head 0, all changes of which have been seen */
static void show_new(struct gpu_resource *resource)
{
	gpu_resource_create(&gpu, resource, XRGB, 64, 64);
	gpu_paint(resource, resource->id);
	gpu_show(&gpu, 0, resource);
	view_state(manager, PRIMARY_ID(0));
}

/*
 * What the guest has taken back for itself is not to be seen any more. That is
 * no reason to kill whoever looks: all is black
 */
static void view_check_blank(const struct view *view)
{
	CHECK_ALL(view->map, 0, view->info.size);
	CHECK(mmap(NULL, view->info.size, PROT_READ, MAP_SHARED, view->dmabuf,
		   0) == MAP_FAILED);
}

enum off {
	OFF_SCANOUT,
	OFF_UNREF,
	OFF_VIRTIO_RESET,
	OFF_DEVICE_RESET,
	OFF_WAYS,
};

static void turn_off(enum off way, const struct gpu_resource *resource)
{
	const struct virtio_gpu_rect none = {0, 0, 0, 0};

	switch (way) {
	case OFF_SCANOUT:
		CHECK_EQ(gpu_set_scanout(&gpu, 0, 0, &none), GPU_OK);
		break;
	case OFF_UNREF:
		CHECK_EQ(gpu_unref(&gpu, resource->id), GPU_OK);
		break;
	case OFF_VIRTIO_RESET:
		virtio_reset(&gpu.virtio);
		break;
	default:
		CHECK_OK(ioctl(gpu.virtio.device.fd, VFIO_DEVICE_RESET));
		break;
	}
}

TEST("scanout off, unref and both resets turn the plane off, which is a change")
{
	struct gpu_resource resource;
	struct view view;
	enum off way;

	for (way = OFF_SCANOUT; way < OFF_WAYS; way++) {
		set_up(TYPE_GPU_1);
		show_new(&resource);
		view_open(&view, manager, PRIMARY_ID(0), 0);
		CHECK(!view_changed(manager));
		turn_off(way, &resource);
		CHECK(view_changed(manager));
		view_check_off(manager, PRIMARY_ID(0));
		if (way == OFF_SCANOUT)
			view_compare(&view, resource.pixels, resource.stride);
		else
			view_check_blank(&view);
		device_remove(&gpu.virtio.device);
	}
}

TEST("a resource whose backing is taken away is not shown, the next one is")
{
	struct gpu_resource resource;
	struct virtio_gpu_mem_entry entry;
	struct virtio_gpu_rect whole;
	uint64_t id;

	set_up(TYPE_GPU_1);
	show_new(&resource);
	id = view_state(manager, PRIMARY_ID(0)).buffer_id;
	CHECK_EQ(gpu_detach(&gpu, resource.id), GPU_OK);
	view_check_off(manager, PRIMARY_ID(0));
	resource.at = ram_take(&gpu.virtio.ram, resource.size);
	resource.pixels = ram_at(&gpu.virtio.ram, resource.at);
	gpu_paint(&resource, 3);
	entry = (struct virtio_gpu_mem_entry){resource.at,
					      (uint32_t)resource.size, 0};
	CHECK_EQ(gpu_attach(&gpu, resource.id, &entry, 1, 1), GPU_OK);
	gpu_show(&gpu, 0, &resource);
	whole = gpu_whole(&resource);
	view_check(manager, PRIMARY_ID(0), &resource, &whole);
	CHECK_NE(view_state(manager, PRIMARY_ID(0)).buffer_id, id);
}

TEST("once the device is closed the manager hangs up, and a view sees no more")
{
	struct pollfd poll_for = {.events = POLLIN};
	struct gpu_resource resource;
	union plane_query query;
	struct view view;

	set_up(TYPE_GPU_1);
	show_new(&resource);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	device_close(&gpu.virtio.device);
	poll_for.fd = manager;
	CHECK_EQ(poll(&poll_for, 1, 0), 1);
	CHECK(poll_for.revents & POLLHUP);
	CHECK_ERRNO(plane_query(manager, PRIMARY_ID(0), &query), ENODEV);
	view_check_blank(&view);
}

TEST("a virtio reset forgets all that the driver has set up")
{
	struct virtio *virtio = &gpu.virtio;
	struct gpu_resource resource;
	uint32_t queue;

	set_up(TYPE_GPU_1);
	show_new(&resource);
	virtio_reset(virtio);
	CHECK_EQ(virtio_get(virtio, COMMON(msix_config)), VIRTIO_MSI_NO_VECTOR);
	for (queue = 0; queue < 2; queue++) {
		virtio_set(virtio, COMMON(queue_select), queue);
		CHECK_EQ(virtio_get(virtio, COMMON(queue_enable)), 0);
		CHECK_EQ(virtio_get(virtio, COMMON(queue_msix_vector)),
			 VIRTIO_MSI_NO_VECTOR);
		CHECK_EQ(virtio_get(virtio, COMMON(queue_size)),
			 queue ? GPU_CURSOR_SIZE : GPU_CONTROL_SIZE);
		CHECK_EQ(virtio_get(virtio, COMMON(queue_desc_lo)), 0);
		CHECK_EQ(virtio_get(virtio, COMMON(queue_used_hi)), 0);
	}
	virtio_set(virtio, COMMON(guest_feature_select), 0);
	CHECK_EQ(virtio_get(virtio, COMMON(guest_feature)), 0);
	gpu_start(&gpu, GPU_FEATURES);
	/* Its resources are gone with it */
	CHECK_EQ(gpu_unref(&gpu, resource.id),
		 VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
}

TEST("VFIO's reset does all that, and clears the config space")
{
	struct virtio *virtio = &gpu.virtio;
	struct gpu_resource resource;

	set_up(TYPE_GPU_1);
	show_new(&resource);
	CHECK_OK(ioctl(virtio->device.fd, VFIO_DEVICE_RESET));
	CHECK_EQ(virtio_status(virtio), 0);
	CHECK_EQ(region_get(&virtio->device, CONFIG, 4, 2), 0);
	gpu_reconnect(&gpu);
	gpu_start(&gpu, GPU_FEATURES);
	CHECK_EQ(gpu_unref(&gpu, resource.id),
		 VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
}

/* Commands that are under way, their rings about to be forgotten */
static void offer_many(void)
{
	struct virtio_gpu_ctrl_hdr *hdr =
		ram_at(&gpu.virtio.ram, gpu.request_at);
	const struct piece pieces[2] = {
		{gpu.request_at, sizeof(*hdr), 0},
		{gpu.response_at, 408, VRING_DESC_F_WRITE},
	};
	unsigned int i;
	uint16_t head;

	hdr->type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO;
	head = virtqueue_chain(&gpu.control, pieces, 2);
	for (i = 0; i < GPU_CONTROL_SIZE; i++)
		virtqueue_offer(&gpu.control, head);
	virtqueue_notify(&gpu.control);
}

static void check_untouched_after(void (*reset)(void))
{
	struct virtqueue old;
	unsigned int round;
	uint16_t used;

	for (round = 0; round < 20; round++) {
		offer_many();
		old = gpu.control;
		reset();
		used = old.ring.used->idx;
		memset(ram_at(&gpu.virtio.ram, gpu.response_at), 0, 408);
		/* New rings; by their first answer an old one would be there */
		gpu.virtio.ram.taken = (16 + round % 2 * 16) * PAGE;
		gpu_start(&gpu, GPU_FEATURES);
		gpu_create_2d(&gpu, 0, 0, 0, 0);
		CHECK_EQ(old.ring.used->idx, used);
		CHECK_ALL((char *)ram_at(&gpu.virtio.ram, gpu.response_at) + 24,
			  0, 408 - 24);
	}
}

static void virtio_way(void)
{
	virtio_reset(&gpu.virtio);
}

static void vfio_way(void)
{
	CHECK_OK(ioctl(gpu.virtio.device.fd, VFIO_DEVICE_RESET));
	gpu_reconnect(&gpu);
}

TEST("a reset under way of commands ends them: no byte is written after it")
{
	set_up(TYPE_GPU_1);
	check_untouched_after(virtio_way);
	check_untouched_after(vfio_way);
}

TEST("closed and opened again the device is as new, a hundred times")
{
	struct gpu_resource resource;
	struct virtio_gpu_rect whole;
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < 100; i++) {
		gpu.virtio.ram.taken = 16 * PAGE;
		show_new(&resource);
		whole = gpu_whole(&resource);
		view_check(manager, PRIMARY_ID(0), &resource, &whole);
		close(manager);
		if (i % 2)
			offer_many();
		device_close(&gpu.virtio.device);
		gpu_open(&gpu);
		manager = manager_open(&gpu.virtio.device);
		view_check_off(manager, PRIMARY_ID(0));
	}
}
