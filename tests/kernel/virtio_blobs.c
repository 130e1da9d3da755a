// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A virtio-gpu's guest blobs: resources that are memory and nothing else,
 * whose geometry comes with the scanout.
 */
#include "test.h"
#include "gpu_view.h"

#include <string.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define BAD_ID VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define BAD_HEAD VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID
#define BAD_PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
#define BLOB_SIZE (4 * MIB)

static struct gpu gpu;
static int manager;
static uint64_t blob_at;

static void set_up(const char *type)
{
	gpu_create(&gpu, type);
	manager = manager_open(&gpu.virtio.device);
	blob_at = ram_take(&gpu.virtio.ram, BLOB_SIZE);
}

static const struct virtio_gpu_resource_create_blob plain = {
	.resource_id = 1,
	.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
	.blob_flags = VIRTIO_GPU_BLOB_FLAG_USE_SHAREABLE,
	.nr_entries = 1,
	.size = BLOB_SIZE,
};

static uint32_t create(const struct virtio_gpu_resource_create_blob *blob)
{
	const struct virtio_gpu_mem_entry entry = {blob_at, BLOB_SIZE, 0};

	return gpu_create_blob(&gpu, blob, &entry, 1);
}

/* All of a 640x480 screen from the blob's beginning on head 0 */
static const struct virtio_gpu_set_scanout_blob vga = {
	.r = {0, 0, 640, 480},
	.resource_id = 1,
	.width = 640,
	.height = 480,
	.format = XRGB,
	.strides = {640 * 4},
};

/* What a scanout shows, as if it were a resource of its own */
static struct gpu_resource
picture(const struct virtio_gpu_set_scanout_blob *set)
{
	return (struct gpu_resource){
		.format = set->format,
		.width = set->width,
		.height = set->height,
		.stride = set->strides[0],
		.at = blob_at + set->offsets[0],
		.size = (size_t)set->strides[0] * set->height,
		.pixels = ram_at(&gpu.virtio.ram, blob_at + set->offsets[0]),
	};
}

TEST("a guest blob is made, flushed, and taken away as any resource")
{
	const struct virtio_gpu_rect rect = {0, 0, 640, 480};

	set_up(TYPE_GPU_1);
	CHECK_EQ(create(&plain), GPU_OK);
	CHECK_EQ(create(&plain), BAD_ID);
	CHECK_EQ(gpu_set_scanout_blob(&gpu, &vga), GPU_OK);
	CHECK_EQ(gpu_flush(&gpu, 1, &rect), GPU_OK);
	CHECK_EQ(gpu_unref(&gpu, 1), GPU_OK);
	CHECK_EQ(gpu_unref(&gpu, 1), BAD_ID);
	CHECK_EQ(create(&plain), GPU_OK);
}

TEST("blobs that are not a guest's memory, and flags unknown, are refused")
{
	static const uint32_t memories[] = {0,
					    VIRTIO_GPU_BLOB_MEM_HOST3D,
					    VIRTIO_GPU_BLOB_MEM_HOST3D_GUEST,
					    4,
					    5,
					    0x10001,
					    UINT32_MAX};
	struct virtio_gpu_resource_create_blob blob;
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < sizeof(memories) / sizeof(*memories); i++) {
		blob = plain;
		blob.blob_mem = memories[i];
		CHECK_EQ(create(&blob), BAD_PARAMETER);
	}
	for (i = 3; i < 32; i++) {
		blob = plain;
		blob.blob_flags |= UINT32_C(1) << i;
		CHECK_EQ(create(&blob), BAD_PARAMETER);
	}
	blob = plain;
	blob.resource_id = 0;
	CHECK_EQ(create(&blob), BAD_ID);
	CHECK_EQ(gpu_unref(&gpu, 1), BAD_ID);
}

TEST("blobs whose size is none, or more than their entries have, are refused")
{
	static const uint64_t sizes[] = {0,
					 BLOB_SIZE + 1,
					 BLOB_SIZE + PAGE,
					 UINT64_C(1) << 32,
					 UINT64_C(1) << 63,
					 UINT64_MAX};
	static const uint32_t counts[] = {0, 2, 16385, UINT32_MAX};
	struct virtio_gpu_resource_create_blob blob;
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		blob = plain;
		blob.size = sizes[i];
		CHECK(GPU_IS_ERROR(create(&blob)));
		CHECK_EQ(gpu_unref(&gpu, 1), BAD_ID);
	}
	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		blob = plain;
		blob.nr_entries = counts[i];
		CHECK(GPU_IS_ERROR(create(&blob)));
		CHECK_EQ(gpu_unref(&gpu, 1), BAD_ID);
	}
}

TEST("a blob's scanout has the geometry, the offset and the format it was "
     "given")
{
	static const struct virtio_gpu_set_scanout_blob sets[] = {
		{.r = {0, 0, 640, 480},
		 .width = 640,
		 .height = 480,
		 .format = XRGB,
		 .strides = {640 * 4}},
		{.r = {0, 0, 640, 480},
		 .width = 640,
		 .height = 480,
		 .format = VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM,
		 .strides = {700 * 4},
		 .offsets = {PAGE}},
		{.r = {10, 20, 100, 200},
		 .width = 320,
		 .height = 240,
		 .format = XRGB,
		 .strides = {2048},
		 .offsets = {12345 * 4}},
		/* Up to its very last byte */
		{.r = {0, 0, 1024, 512},
		 .width = 1024,
		 .height = 512,
		 .format = XRGB,
		 .strides = {4096},
		 .offsets = {BLOB_SIZE - 512 * 4096}},
	};
	struct virtio_gpu_set_scanout_blob set;
	struct gpu_resource shown;
	unsigned int i;

	set_up(TYPE_GPU_1);
	bochs_picture(ram_at(&gpu.virtio.ram, blob_at), BLOB_SIZE, 8);
	CHECK_EQ(create(&plain), GPU_OK);
	for (i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		set = sets[i];
		set.resource_id = 1;
		CHECK_EQ(gpu_set_scanout_blob(&gpu, &set), GPU_OK);
		shown = picture(&set);
		view_check(manager, PRIMARY_ID(0), &shown, &set.r);
	}
}

TEST("a blob's last line needs no more bytes than it has pixels")
{
	struct virtio_gpu_set_scanout_blob set = vga;
	struct gpu_resource shown;

	set_up(TYPE_GPU_1);
	bochs_picture(ram_at(&gpu.virtio.ram, blob_at), BLOB_SIZE, 9);
	CHECK_EQ(create(&plain), GPU_OK);
	set.strides[0] = 8192;
	set.height = set.r.height = BLOB_SIZE / 8192;
	set.offsets[0] = 8192 - 640 * 4;
	CHECK_EQ(gpu_set_scanout_blob(&gpu, &set), GPU_OK);
	shown = picture(&set);
	view_check(manager, PRIMARY_ID(0), &shown, &set.r);
	set.offsets[0] += 4;
	CHECK_EQ(gpu_set_scanout_blob(&gpu, &set), BAD_PARAMETER);
}

static void refused(const struct virtio_gpu_set_scanout_blob *set)
{
	CHECK_EQ(gpu_set_scanout_blob(&gpu, set), BAD_PARAMETER);
}

TEST("a blob's scanout that is not within it is refused")
{
	static const struct virtio_gpu_rect rects[] = {
		{0, 0, 641, 480},      {0, 0, 640, 481},      {1, 0, 640, 480},
		{0, 1, 640, 480},      {0, 0, 0, 480},	      {0, 0, 640, 0},
		{UINT32_MAX, 0, 2, 1}, {0, UINT32_MAX, 1, 2},
	};
	static const uint32_t strides[] = {0,		4,	    640 * 4 - 1,
					   640 * 4 - 4, 0x80000000, UINT32_MAX};
	static const uint32_t offsets[] = {BLOB_SIZE - 640 * 480 * 4 + 4,
					   BLOB_SIZE, UINT32_MAX - 3,
					   UINT32_MAX};
	struct virtio_gpu_set_scanout_blob set;
	unsigned int i;

	set_up(TYPE_GPU_1);
	CHECK_EQ(create(&plain), GPU_OK);
	for (i = 0; i < sizeof(rects) / sizeof(*rects); i++) {
		set = vga;
		set.r = rects[i];
		refused(&set);
	}
	for (i = 0; i < sizeof(strides) / sizeof(*strides); i++) {
		set = vga;
		set.strides[0] = strides[i];
		refused(&set);
	}
	for (i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		set = vga;
		set.offsets[0] = offsets[i];
		refused(&set);
	}
	for (i = 0; i < 300; i++) {
		set = vga;
		set.format = i;
		if (!gpu_fourcc(i))
			refused(&set);
	}
	set = vga;
	set.width = set.r.width = UINT32_MAX;
	refused(&set);
	set = vga;
	set.height = set.r.height = UINT32_MAX;
	refused(&set);
	view_check_off(manager, PRIMARY_ID(0));
}

TEST("a blob's scanout names a head and a blob, or no resource to be off")
{
	struct virtio_gpu_set_scanout_blob set = vga;

	set_up(TYPE_GPU_2);
	CHECK_EQ(create(&plain), GPU_OK);
	CHECK_EQ(gpu_create_2d(&gpu, 2, XRGB, 640, 480), GPU_OK);
	set.scanout_id = 2;
	CHECK_EQ(gpu_set_scanout_blob(&gpu, &set), BAD_HEAD);
	set.scanout_id = UINT32_MAX;
	CHECK_EQ(gpu_set_scanout_blob(&gpu, &set), BAD_HEAD);
	set.scanout_id = 1;
	set.resource_id = 3;
	CHECK_EQ(gpu_set_scanout_blob(&gpu, &set), BAD_ID);
	/* A 2D resource has a geometry of its own */
	set.resource_id = 2;
	CHECK(GPU_IS_ERROR(gpu_set_scanout_blob(&gpu, &set)));
	set.resource_id = 1;
	CHECK_EQ(gpu_set_scanout_blob(&gpu, &set), GPU_OK);
	set.resource_id = 0;
	CHECK_EQ(gpu_set_scanout_blob(&gpu, &set), GPU_OK);
	view_check_off(manager, PRIMARY_ID(1));
}

TEST("two halves of a blob are two buffers, flipped like two resources")
{
	struct virtio_gpu_set_scanout_blob sets[2] = {vga, vga};
	struct gpu_resource shown;
	uint64_t ids[2];
	unsigned int i;

	set_up(TYPE_GPU_1);
	bochs_picture(ram_at(&gpu.virtio.ram, blob_at), BLOB_SIZE, 10);
	sets[1].offsets[0] = BLOB_SIZE / 2;
	CHECK_EQ(create(&plain), GPU_OK);
	for (i = 0; i < 20; i++) {
		CHECK_EQ(gpu_set_scanout_blob(&gpu, &sets[i % 2]), GPU_OK);
		CHECK(view_changed(manager));
		shown = picture(&sets[i % 2]);
		view_check(manager, PRIMARY_ID(0), &shown, &vga.r);
		if (i < 2)
			ids[i] = view_state(manager, PRIMARY_ID(0)).buffer_id;
		CHECK_EQ(view_state(manager, PRIMARY_ID(0)).buffer_id,
			 ids[i % 2]);
	}
	CHECK_NE(ids[0], ids[1]);
}

TEST("a blob that is transferred, as Linux's driver does, stays as it is")
{
	const struct virtio_gpu_rect rect = {10, 20, 30, 40};
	struct gpu_resource shown;

	set_up(TYPE_GPU_1);
	bochs_picture(ram_at(&gpu.virtio.ram, blob_at), BLOB_SIZE, 11);
	CHECK_EQ(create(&plain), GPU_OK);
	CHECK_EQ(gpu_set_scanout_blob(&gpu, &vga), GPU_OK);
	shown = picture(&vga);
	view_state(manager, PRIMARY_ID(0));
	CHECK_EQ(gpu_transfer(&gpu, 1, 20 * vga.strides[0] + 10 * 4, &rect),
		 GPU_OK);
	CHECK(!view_changed(manager));
	view_check(manager, PRIMARY_ID(0), &shown, &vga.r);
}

TEST("a blob's backing is its own: none is attached or detached")
{
	const struct virtio_gpu_rect rect = {0, 0, 64, 64};
	struct virtio_gpu_mem_entry entry = {.length = PAGE};

	set_up(TYPE_GPU_1);
	entry.addr = ram_take(&gpu.virtio.ram, PAGE);
	CHECK_EQ(create(&plain), GPU_OK);
	CHECK(GPU_IS_ERROR(gpu_attach(&gpu, 1, &entry, 1, 1)));
	CHECK_EQ(gpu_set_scanout_blob(&gpu, &vga), GPU_OK);
	CHECK(GPU_IS_ERROR(gpu_set_scanout(&gpu, 0, 1, &rect)));
}
