// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a virtio-gpu's EDIDs say that a monitor can do, by their range limits:
 * VESA E-EDID, release A revision 2, 3.10.3.3. What they offer is in
 * virtio_modes.c.
 */
#include "gpu_view.h"
#include "test.h"

#include <string.h>

#define DESCRIPTORS 54
#define DESCRIPTOR_SIZE 18
#define RANGE_LIMITS 0xfd
#define UNUSED 0x10
#define HEADER 5

static struct gpu gpu;
static int manager;

/* Hertz, hertz and units of 10 kHz, as far as they go: at least and at most */
struct range {
	uint32_t vertical[2];
	uint32_t lines[2];
	uint32_t clock;
};

/* What an established or a standard timing takes, by VESA DMT 1.0, at 60 Hz */
static const struct {
	uint32_t lines;
	uint32_t clock;
} usual[] = {
	{31469, 2518},	{37879, 4000},	{48363, 6500},	{45000, 7425},
	{49702, 8350},	{63981, 10800}, {55935, 10650}, {60000, 10800},
	{65290, 14625}, {67500, 14850}, {74556, 19325},
};

/* False where there is none */
static bool range_limits(const unsigned char edid[128], struct range *range)
{
	const unsigned char *d = edid + DESCRIPTORS;
	unsigned int i;

	for (i = 0; i < 4; i++, d += DESCRIPTOR_SIZE)
		if (!d[0] && !d[1] && d[3] == RANGE_LIMITS)
			break;
	if (i == 4)
		return false;
	/* Offsets of 255: bit 0 and 2 of the least, 1 and 3 of the most */
	CHECK_EQ(d[4] & 0xf0, 0);
	CHECK_NE(d[4] & 3, 1);
	CHECK_NE(d[4] >> 2, 1);
	CHECK_NE(d[HEADER], 0);
	CHECK_NE(d[HEADER + 2], 0);
	range->vertical[0] = d[HEADER] + (d[4] & 1 ? 255u : 0);
	range->vertical[1] = d[HEADER + 1] + (d[4] & 2 ? 255u : 0);
	range->lines[0] = (d[HEADER + 2] + (d[4] & 4 ? 255u : 0)) * 1000;
	range->lines[1] = (d[HEADER + 3] + (d[4] & 8 ? 255u : 0)) * 1000;
	range->clock = d[HEADER + 4] * 1000u;
	/* Limits alone, no formula for timings */
	CHECK_EQ(d[HEADER + 5], 1);
	return true;
}

/* The first timing: its clock in 10 kHz, its pixels and its lines with blank */
struct timing {
	uint32_t clock;
	uint32_t htotal;
	uint32_t vtotal;
};

static void first_timing(const unsigned char edid[128], struct timing *timing)
{
	const unsigned char *d = edid + DESCRIPTORS;

	timing->clock = d[0] | (uint32_t)d[1] << 8;
	timing->htotal =
		(d[2] | (d[4] & 0xf0u) << 4) + (d[3] | (d[4] & 0x0fu) << 8);
	timing->vtotal =
		(d[5] | (d[7] & 0xf0u) << 4) + (d[6] | (d[7] & 0x0fu) << 8);
}

static void check_within(const struct range *range, const struct timing *timing)
{
	const uint64_t hertz = timing->clock * UINT64_C(10000);
	const uint64_t frame = (uint64_t)timing->htotal * timing->vtotal;
	unsigned int i;

	CHECK_LE(range->vertical[0] * frame, hertz);
	CHECK_GE(range->vertical[1] * frame, hertz);
	CHECK_LE((uint64_t)range->lines[0] * timing->htotal, hertz);
	CHECK_GE((uint64_t)range->lines[1] * timing->htotal, hertz);
	CHECK_GE(range->clock, timing->clock);
	CHECK_LE(range->vertical[0], 59);
	CHECK_GE(range->vertical[1], 61);
	for (i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		CHECK_LE(range->lines[0], usual[i].lines);
		CHECK_GE(range->lines[1], usual[i].lines);
		CHECK_GE(range->clock, usual[i].clock);
	}
}

/* What the guest reads of head 0 that is asked for that */
static const unsigned char *ask(uint32_t width, uint32_t height,
				uint32_t refresh)
{
	CHECK_OK(gpu_request_mode(manager, 0, width, height, refresh));
	CHECK_EQ(gpu_get_edid(&gpu, 0), VIRTIO_GPU_RESP_OK_EDID);
	CHECK_EQ(gpu.response.edid.size, 128);
	return gpu.response.edid.edid;
}

TEST("the range limits have room for every mode that the EDID offers")
{
	static const uint32_t modes[][3] = {
		{1280, 800, 60},   {640, 480, 60},   {1024, 768, 30},
		{1024, 768, 49},   {1024, 768, 126}, {1024, 768, 144},
		{1024, 768, 240},  {640, 480, 10},   {1920, 1080, 240},
		{2560, 1440, 144}, {3840, 2160, 60}, {4095, 2160, 60},
		{800, 1600, 240},  {1920, 1200, 24}, {1000, 4095, 30},
		{640, 1850, 240},  {1024, 768, 5},
	};
	const unsigned char *edid;
	struct timing timing;
	struct range range;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	manager = manager_open(&gpu.virtio.device);
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		edid = ask(modes[i][0], modes[i][1], modes[i][2]);
		first_timing(edid, &timing);
		CHECK(range_limits(edid, &range));
		check_within(&range, &timing);
	}
}

TEST("an EDID says nothing of a monitor's range where no limits would be true")
{
	/* Lines faster than 510 kHz, or slower than 1; frames slower than 1 Hz
	 */
	static const uint32_t modes[][3] = {{32, 4095, 240},
					    {640, 2400, 240},
					    {640, 480, 1},
					    {2000, 64, 8}};
	const unsigned char *edid;
	struct range range;
	unsigned int i;

	gpu_create(&gpu, TYPE_GPU_1);
	manager = manager_open(&gpu.virtio.device);
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		edid = ask(modes[i][0], modes[i][1], modes[i][2]);
		CHECK(!range_limits(edid, &range));
		/* An EDID has four descriptors; this one says that it is none
		 */
		CHECK_EQ(edid[DESCRIPTORS + 2 * DESCRIPTOR_SIZE + 3], UNUSED);
	}
}
