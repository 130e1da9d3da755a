// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every command of the virtio-gpu's control queue for 2D resources, and every
 * way in which one is refused. Blob resources are in virtio_blobs.c.
 */
#include "test.h"
#include "virtio_gpu.h"

#include <string.h>

#define FORMAT VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define BAD_ID VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define BAD_HEAD VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID
#define BAD_PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER

static struct gpu gpu;

TEST("GET_DISPLAY_INFO has head 0 at 1280x800, and nothing of heads beyond")
{
	const struct virtio_gpu_display_one *modes;

	gpu_create(&gpu, TYPE_GPU_2);
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	modes = gpu.response.display.pmodes;
	CHECK_EQ(modes[0].enabled, 1);
	CHECK_EQ(modes[0].r.width, 1280);
	CHECK_EQ(modes[0].r.height, 800);
	CHECK_ALL(&modes[2], 0, (VIRTIO_GPU_MAX_SCANOUTS - 2) * sizeof(*modes));
}

static void check_edid(const struct virtio_gpu_resp_edid *edid)
{
	static const unsigned char header[8] = {0,    0xff, 0xff, 0xff,
						0xff, 0xff, 0xff, 0};
	unsigned int blocks, block, i;
	unsigned char sum;

	CHECK_BYTES(edid->edid, header, sizeof(header));
	blocks = 1u + edid->edid[126];
	CHECK_GE(edid->size, 128 * blocks);
	CHECK_LE(edid->size, sizeof(edid->edid));
	for (block = 0; block < blocks; block++) {
		for (sum = 0, i = 0; i < 128; i++)
			sum = (unsigned char)(sum +
					      edid->edid[block * 128 + i]);
		CHECK_EQ(sum, 0);
	}
	CHECK_ALL(edid->edid + 128 * blocks, 0,
		  sizeof(edid->edid) - 128 * blocks);
}

TEST("GET_EDID gives every head one, whose preferred mode is the head's")
{
	struct virtio_gpu_display_one modes[VIRTIO_GPU_MAX_SCANOUTS];
	const unsigned char *timing;
	uint32_t head;

	gpu_create(&gpu, TYPE_GPU_2);
	gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
	memcpy(modes, gpu.response.display.pmodes, sizeof(modes));
	for (head = 0; head < 2; head++) {
		CHECK_EQ(gpu_get_edid(&gpu, head), VIRTIO_GPU_RESP_OK_EDID);
		check_edid(&gpu.response.edid);
		if (!modes[head].enabled)
			continue;
		timing = gpu.response.edid.edid + 54;
		CHECK_EQ(timing[2] | (timing[4] & 0xf0) << 4,
			 modes[head].r.width);
		CHECK_EQ(timing[5] | (timing[7] & 0xf0) << 4,
			 modes[head].r.height);
	}
	CHECK(GPU_IS_ERROR(gpu_get_edid(&gpu, 2)));
	CHECK(GPU_IS_ERROR(gpu_get_edid(&gpu, 16)));
	CHECK(GPU_IS_ERROR(gpu_get_edid(&gpu, UINT32_MAX)));
}

static const uint32_t formats[] = {
	VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
	VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM, VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM,
	VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM, VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM,
	VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM, VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM,
};

#define FORMATS (sizeof(formats) / sizeof(*formats))

TEST("RESOURCE_CREATE_2D takes the eight formats and no other")
{
	unsigned int i, format;
	bool has;

	gpu_create(&gpu, TYPE_GPU_1);
	for (format = 0; format < 300; format++) {
		for (has = false, i = 0; i < FORMATS; i++)
			has |= formats[i] == format;
		CHECK_EQ(gpu_create_2d(&gpu, 1 + format, format, 64, 64),
			 has ? GPU_OK : BAD_PARAMETER);
	}
	CHECK_EQ(gpu_create_2d(&gpu, 1000, UINT32_MAX, 64, 64), BAD_PARAMETER);
	CHECK_EQ(gpu_create_2d(&gpu, 1000, 0x10000 + FORMAT, 64, 64),
		 BAD_PARAMETER);
}

TEST("RESOURCE_CREATE_2D takes any id but 0 and one that is in use")
{
	static const uint32_t ids[] = {1,	  2,	      1000,	 65536,
				       INT32_MAX, 0x80000000, UINT32_MAX};
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	CHECK_EQ(gpu_create_2d(&gpu, 0, FORMAT, 64, 64), BAD_ID);
	for (i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		CHECK_EQ(gpu_create_2d(&gpu, ids[i], FORMAT, 64, 64), GPU_OK);
		CHECK_EQ(gpu_create_2d(&gpu, ids[i], FORMAT, 64, 64), BAD_ID);
	}
	for (i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		CHECK_EQ(gpu_unref(&gpu, ids[i]), GPU_OK);
		CHECK_EQ(gpu_unref(&gpu, ids[i]), BAD_ID);
		CHECK_EQ(gpu_create_2d(&gpu, ids[i], FORMAT, 32, 32), GPU_OK);
	}
}

TEST("RESOURCE_CREATE_2D takes 1x1 to 8192x8192, and refuses what is not so")
{
	static const uint32_t bad[][2] = {
		{0, 0},		 {0, 64},	   {64, 0},
		{8193, 64},	 {64, 8193},	   {65536, 65536},
		{UINT32_MAX, 1}, {1, UINT32_MAX},  {UINT32_MAX, UINT32_MAX},
		{0x40000000, 1}, {0x40000001, 64}, {0x80000000, 0x80000000},
	};
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	CHECK_EQ(gpu_create_2d(&gpu, 1, FORMAT, 1, 1), GPU_OK);
	CHECK_EQ(gpu_create_2d(&gpu, 2, FORMAT, 8192, 8192), GPU_OK);
	CHECK_EQ(gpu_create_2d(&gpu, 3, FORMAT, 8192, 1), GPU_OK);
	CHECK_EQ(gpu_create_2d(&gpu, 4, FORMAT, 1, 8192), GPU_OK);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(GPU_IS_ERROR(
			gpu_create_2d(&gpu, 5, FORMAT, bad[i][0], bad[i][1])));
		CHECK_EQ(gpu_unref(&gpu, 5), BAD_ID);
	}
}

TEST("commands on a resource that is not there are refused by its id")
{
	const struct virtio_gpu_rect rect = {0, 0, 64, 64};
	static const uint32_t ids[] = {1, 2, 12345, UINT32_MAX};
	struct virtio_gpu_mem_entry entry = {.length = PAGE};
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	entry.addr = ram_take(&gpu.virtio.ram, PAGE);
	CHECK_EQ(gpu_create_2d(&gpu, 3, FORMAT, 64, 64), GPU_OK);
	for (i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		CHECK_EQ(gpu_unref(&gpu, ids[i]), BAD_ID);
		CHECK_EQ(gpu_set_scanout(&gpu, 0, ids[i], &rect), BAD_ID);
		CHECK_EQ(gpu_flush(&gpu, ids[i], &rect), BAD_ID);
		CHECK_EQ(gpu_transfer(&gpu, ids[i], 0, &rect), BAD_ID);
		CHECK_EQ(gpu_attach(&gpu, ids[i], &entry, 1, 1), BAD_ID);
		CHECK_EQ(gpu_detach(&gpu, ids[i]), BAD_ID);
	}
	/* No resource is no resource; only a scanout can have that */
	CHECK_EQ(gpu_unref(&gpu, 0), BAD_ID);
	CHECK_EQ(gpu_flush(&gpu, 0, &rect), BAD_ID);
	CHECK_EQ(gpu_transfer(&gpu, 0, 0, &rect), BAD_ID);
	CHECK_EQ(gpu_attach(&gpu, 0, &entry, 1, 1), BAD_ID);
	CHECK_EQ(gpu_detach(&gpu, 0), BAD_ID);
}

TEST("backing is attached once, detached once, and attached again")
{
	struct virtio_gpu_mem_entry entry = {.length = 64 * 64 * 4};
	unsigned int round;

	gpu_create(&gpu, TYPE_GPU_1);
	entry.addr = ram_take(&gpu.virtio.ram, entry.length);
	CHECK_EQ(gpu_create_2d(&gpu, 1, FORMAT, 64, 64), GPU_OK);
	for (round = 0; round < 3; round++) {
		CHECK(GPU_IS_ERROR(gpu_detach(&gpu, 1)));
		CHECK_EQ(gpu_attach(&gpu, 1, &entry, 1, 1), GPU_OK);
		CHECK(GPU_IS_ERROR(gpu_attach(&gpu, 1, &entry, 1, 1)));
		CHECK_EQ(gpu_detach(&gpu, 1), GPU_OK);
	}
}

TEST("backing outside of the guest's memory is refused, and leaves none")
{
	const struct ram *ram = &gpu.virtio.ram;
	struct virtio_gpu_mem_entry entry = {.length = 64 * 64 * 4};
	uint64_t bad[7];
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	bad[0] = 0;
	bad[1] = PAGE;
	bad[2] = ram->start - PAGE;
	bad[3] = ram->start + ram->size - PAGE;
	bad[4] = ram->start + ram->size;
	bad[5] = UINT64_MAX - PAGE + 1;
	bad[6] = UINT64_C(1) << 63;
	CHECK_EQ(gpu_create_2d(&gpu, 1, FORMAT, 64, 64), GPU_OK);
	for (i = 0; i < 7; i++) {
		entry.addr = bad[i];
		CHECK(GPU_IS_ERROR(gpu_attach(&gpu, 1, &entry, 1, 1)));
		CHECK(GPU_IS_ERROR(gpu_detach(&gpu, 1)));
	}
	entry.addr = ram_take(&gpu.virtio.ram, entry.length);
	CHECK_EQ(gpu_attach(&gpu, 1, &entry, 1, 1), GPU_OK);
}

TEST("backing whose number of entries lies is refused, and leaves none")
{
	static const uint32_t lies[] = {2,     3,	   256,	      16384,
					16385, 0x10000001, UINT32_MAX};
	struct virtio_gpu_mem_entry entry = {.length = 64 * 64 * 4};
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	entry.addr = ram_take(&gpu.virtio.ram, entry.length);
	CHECK_EQ(gpu_create_2d(&gpu, 1, FORMAT, 64, 64), GPU_OK);
	for (i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		CHECK(GPU_IS_ERROR(gpu_attach(&gpu, 1, &entry, 1, lies[i])));
		CHECK(GPU_IS_ERROR(gpu_detach(&gpu, 1)));
	}
	CHECK_EQ(gpu_attach(&gpu, 1, &entry, 1, 1), GPU_OK);
}

/* Rectangles that are not all within 64 x 32 */
static const struct virtio_gpu_rect outside[] = {
	{0, 0, 65, 32},
	{0, 0, 64, 33},
	{1, 0, 64, 32},
	{0, 1, 64, 32},
	{64, 0, 1, 1},
	{0, 32, 1, 1},
	{65, 0, 1, 1},
	{UINT32_MAX, 0, 1, 1},
	{0, UINT32_MAX, 1, 1},
	{UINT32_MAX, 0, 2, 1},
	{0, UINT32_MAX, 1, 2},
	{1, 0, UINT32_MAX, 1},
	{0, 1, 1, UINT32_MAX},
	{0x80000000, 0, 0x80000000, 32},
	{0, 0, UINT32_MAX, UINT32_MAX},
	{32, 16, 33, 16},
	{32, 16, 32, 17},
};

TEST("a rectangle that is not within the resource is refused by all that have "
     "one")
{
	struct gpu_resource resource;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	gpu_resource_create(&gpu, &resource, FORMAT, 64, 32);
	for (i = 0; i < sizeof(outside) / sizeof(*outside); i++) {
		CHECK_EQ(gpu_set_scanout(&gpu, 0, resource.id, &outside[i]),
			 BAD_PARAMETER);
		CHECK_EQ(gpu_flush(&gpu, resource.id, &outside[i]),
			 BAD_PARAMETER);
		CHECK_EQ(gpu_transfer(&gpu, resource.id, 0, &outside[i]),
			 BAD_PARAMETER);
	}
	gpu_show(&gpu, 0, &resource);
}

TEST("SET_SCANOUT refuses heads that are not there and empty rectangles")
{
	static const struct virtio_gpu_rect empty[] = {
		{0, 0, 0, 0}, {0, 0, 0, 32}, {0, 0, 64, 0}, {64, 32, 0, 0}};
	static const uint32_t heads[] = {2, 3, 16, 256, 0x10000, UINT32_MAX};
	struct virtio_gpu_rect whole;
	struct gpu_resource resource;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_2);
	gpu_resource_create(&gpu, &resource, FORMAT, 64, 32);
	whole = gpu_whole(&resource);
	for (i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		CHECK_EQ(gpu_set_scanout(&gpu, heads[i], resource.id, &whole),
			 BAD_HEAD);
		CHECK_EQ(gpu_set_scanout(&gpu, heads[i], 0, &whole), BAD_HEAD);
	}
	for (i = 0; i < 4; i++)
		CHECK_EQ(gpu_set_scanout(&gpu, 0, resource.id, &empty[i]),
			 BAD_PARAMETER);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, resource.id, &whole), GPU_OK);
	CHECK_EQ(gpu_set_scanout(&gpu, 1, resource.id, &whole), GPU_OK);
	CHECK_EQ(gpu_set_scanout(&gpu, 0, 0, &empty[0]), GPU_OK);
	CHECK_EQ(gpu_set_scanout(&gpu, 1, 0, &empty[0]), GPU_OK);
	CHECK_EQ(gpu_set_scanout(&gpu, 1, 0, &empty[0]), GPU_OK);
}

TEST("TRANSFER_TO_HOST_2D of pages that are shown in place takes any offset")
{
	/* Old versions of Linux's driver name 0 for any part of the picture */
	static const uint64_t offsets[] = {
		0, 4, 17, 64 * 4 * 8 + 16 * 4, 64 * 32 * 4, UINT64_MAX};
	const struct virtio_gpu_rect part = {16, 8, 32, 16};
	struct gpu_resource resource;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	gpu_resource_create(&gpu, &resource, FORMAT, 64, 32);
	for (i = 0; i < sizeof(offsets) / sizeof(*offsets); i++)
		CHECK_EQ(gpu_transfer(&gpu, resource.id, offsets[i], &part),
			 GPU_OK);
}

TEST("TRANSFER_TO_HOST_2D of what is copied takes the offset of its rectangle")
{
	const struct virtio_gpu_rect part = {16, 8, 32, 16};
	const uint64_t right = (8 * 64 + 16) * 4;
	struct virtio_gpu_mem_entry entry = {.length = 64 * 32 * 4};

	gpu_create(&gpu, TYPE_GPU_1);
	/* Not at a page's start */
	entry.addr = ram_take(&gpu.virtio.ram, entry.length + PAGE) + 64;
	CHECK_EQ(gpu_create_2d(&gpu, 1, FORMAT, 64, 32), GPU_OK);
	CHECK_EQ(gpu_attach(&gpu, 1, &entry, 1, 1), GPU_OK);
	CHECK_EQ(gpu_transfer(&gpu, 1, right, &part), GPU_OK);
	CHECK_EQ(gpu_transfer(&gpu, 1, 0, &part), BAD_PARAMETER);
	CHECK_EQ(gpu_transfer(&gpu, 1, right + 4, &part), BAD_PARAMETER);
	CHECK_EQ(gpu_transfer(&gpu, 1, UINT64_MAX, &part), BAD_PARAMETER);
}

TEST("backing shorter than its picture is refused, and leaves none")
{
	static const uint32_t lengths[] = {4, PAGE, 64 * 64 * 4 - PAGE,
					   64 * 64 * 4 - 4};
	struct virtio_gpu_mem_entry entry;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	entry = (struct virtio_gpu_mem_entry){
		.addr = ram_take(&gpu.virtio.ram, 64 * 64 * 4)};
	CHECK_EQ(gpu_create_2d(&gpu, 1, FORMAT, 64, 64), GPU_OK);
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		entry.length = lengths[i];
		CHECK_EQ(gpu_attach(&gpu, 1, &entry, 1, 1), BAD_PARAMETER);
		CHECK(GPU_IS_ERROR(gpu_detach(&gpu, 1)));
	}
}

TEST("TRANSFER_TO_HOST_2D without backing is refused")
{
	const struct virtio_gpu_rect rect = {0, 0, 64, 64};

	gpu_create(&gpu, TYPE_GPU_1);
	CHECK_EQ(gpu_create_2d(&gpu, 1, FORMAT, 64, 64), GPU_OK);
	CHECK(GPU_IS_ERROR(gpu_transfer(&gpu, 1, 0, &rect)));
}

TEST("commands that the device does not have are refused")
{
	static const uint32_t commands[] = {
		VIRTIO_GPU_UNDEFINED,
		1,
		VIRTIO_GPU_CMD_GET_DISPLAY_INFO - 1,
		VIRTIO_GPU_CMD_GET_CAPSET_INFO,
		VIRTIO_GPU_CMD_GET_CAPSET,
		VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID,
		VIRTIO_GPU_CMD_SET_SCANOUT_BLOB + 1,
		VIRTIO_GPU_CMD_CTX_CREATE,
		VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
		VIRTIO_GPU_CMD_SUBMIT_3D,
		VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB,
		VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB,
		VIRTIO_GPU_CMD_UPDATE_CURSOR,
		VIRTIO_GPU_CMD_MOVE_CURSOR,
		VIRTIO_GPU_RESP_OK_NODATA,
		VIRTIO_GPU_RESP_ERR_UNSPEC,
		0x10000 + VIRTIO_GPU_CMD_GET_DISPLAY_INFO,
		0x80000000,
		UINT32_MAX,
	};
	struct virtio_gpu_resource_create_3d request = {.hdr = {0}};
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		request.hdr.type = commands[i];
		request.hdr.flags = VIRTIO_GPU_FLAG_FENCE;
		CHECK(GPU_IS_ERROR(
			gpu_command(&gpu, &request, sizeof(request))));
	}
}

TEST("a command whose feature was not negotiated is refused")
{
	const struct virtio_gpu_resource_create_blob blob = {
		.resource_id = 1,
		.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
		.nr_entries = 1,
		.size = PAGE,
	};
	struct virtio_gpu_mem_entry entry = {.length = PAGE};

	gpu_create(&gpu, TYPE_GPU_1);
	entry.addr = ram_take(&gpu.virtio.ram, PAGE);
	gpu_start(&gpu, VIRTIO_BIT(VIRTIO_F_VERSION_1));
	CHECK(GPU_IS_ERROR(gpu_get_edid(&gpu, 0)));
	CHECK(GPU_IS_ERROR(gpu_create_blob(&gpu, &blob, &entry, 1)));
	CHECK_EQ(gpu_create_2d(&gpu, 1, FORMAT, 64, 64), GPU_OK);
}

/* Each command, right but for the resource that it names: 7 is not there */
static const struct {
	uint32_t type;
	uint32_t size;
} commands[] = {
	{VIRTIO_GPU_CMD_RESOURCE_CREATE_2D,
	 sizeof(struct virtio_gpu_resource_create_2d)},
	{VIRTIO_GPU_CMD_RESOURCE_UNREF,
	 sizeof(struct virtio_gpu_resource_unref)},
	{VIRTIO_GPU_CMD_SET_SCANOUT, sizeof(struct virtio_gpu_set_scanout)},
	{VIRTIO_GPU_CMD_RESOURCE_FLUSH,
	 sizeof(struct virtio_gpu_resource_flush)},
	{VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D,
	 sizeof(struct virtio_gpu_transfer_to_host_2d)},
	{VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING,
	 sizeof(struct virtio_gpu_resource_attach_backing)},
	{VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING,
	 sizeof(struct virtio_gpu_resource_detach_backing)},
	{VIRTIO_GPU_CMD_GET_EDID, sizeof(struct virtio_gpu_cmd_get_edid)},
	{VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
	 sizeof(struct virtio_gpu_resource_create_blob)},
	{VIRTIO_GPU_CMD_SET_SCANOUT_BLOB,
	 sizeof(struct virtio_gpu_set_scanout_blob)},
};

TEST("a command that is cut short anywhere is refused")
{
	unsigned char request[sizeof(struct virtio_gpu_set_scanout_blob)];
	struct virtio_gpu_ctrl_hdr hdr = {.flags = VIRTIO_GPU_FLAG_FENCE};
	unsigned int i;
	uint32_t size;

	gpu_create(&gpu, TYPE_GPU_1);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		memset(request, 0, sizeof(request));
		hdr.type = commands[i].type;
		memcpy(request, &hdr, sizeof(hdr));
		for (size = sizeof(hdr); size < commands[i].size; size++)
			CHECK(GPU_IS_ERROR(gpu_command(&gpu, request, size)));
	}
}

TEST("a command with more behind it than it needs is carried out")
{
	struct {
		struct virtio_gpu_resource_create_2d create;
		unsigned char more[1000];
	} request = {
		.create = {.hdr = {.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D},
			   .resource_id = 1,
			   .format = FORMAT,
			   .width = 64,
			   .height = 64},
	};

	gpu_create(&gpu, TYPE_GPU_1);
	memset(request.more, 0xff, sizeof(request.more));
	CHECK_EQ(gpu_command(&gpu, &request, sizeof(request)), GPU_OK);
	CHECK_EQ(gpu_unref(&gpu, 1), GPU_OK);
}

TEST("an answer carries fence and context if a fence was asked for, else none")
{
	struct virtio_gpu_ctrl_hdr hdr = {
		.type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO,
		.fence_id = UINT64_C(0xfedcba9876543210),
		.ctx_id = 0x12345678,
	};

	gpu_create(&gpu, TYPE_GPU_1);
	gpu_command(&gpu, &hdr, sizeof(hdr));
	CHECK_EQ(gpu.response.hdr.flags & VIRTIO_GPU_FLAG_FENCE, 0);
	CHECK_EQ(gpu.response.hdr.fence_id, 0);
	hdr.flags = VIRTIO_GPU_FLAG_FENCE;
	gpu.fence = UINT64_C(0xfedcba9876543210);
	gpu_command(&gpu, &hdr, sizeof(hdr));
	CHECK_EQ(gpu.response.hdr.fence_id, UINT64_C(0xfedcba9876543211));
	CHECK_EQ(gpu.response.hdr.ctx_id, 0x12345678);
	/* A refused command's fence is answered as well: gpu_command() checks
	 */
	hdr.type = UINT32_MAX;
	CHECK(GPU_IS_ERROR(gpu_command(&gpu, &hdr, sizeof(hdr))));
}
