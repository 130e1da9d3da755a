// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How planes are counted and named, which needs no kernel: whatever a device
 * has, each of its planes comes once, in its order, and no other.
 */
#include <planefd.h>

#include "test.h"

static void check_id(uint32_t id, enum planefd_plane_type type, uint32_t index,
		     uint32_t head)
{
	CHECK_EQ(id, (uint32_t)type | index << 8 | head << 16);
	CHECK_EQ(planefd_plane_id(type, index, head), id);
	CHECK_EQ(planefd_id_type(id), type);
	CHECK_EQ(planefd_id_index(id), index);
	CHECK_EQ(planefd_id_head(id), head);
}

static void check_planes(const struct planefd_info *info)
{
	uint32_t n = 0;
	uint32_t id;

	for (uint32_t head = 0; head < info->heads; head++) {
		for (uint32_t i = 0; i < info->primaries; i++, n++) {
			CHECK_EQ(planefd_plane_nth(info, n, &id), 0);
			check_id(id, PLANEFD_PRIMARY, i, head);
		}
		for (uint32_t i = 0; i < info->overlays; i++, n++) {
			CHECK_EQ(planefd_plane_nth(info, n, &id), 0);
			check_id(id, PLANEFD_OVERLAY, i, head);
		}
		for (uint32_t i = 0; i < info->cursors; i++, n++) {
			CHECK_EQ(planefd_plane_nth(info, n, &id), 0);
			check_id(id, PLANEFD_CURSOR, i, head);
		}
	}
	id = 0xabcdef;
	CHECK_EQ(planefd_plane_nth(info, n, &id), -EINVAL);
	CHECK_EQ(planefd_plane_nth(info, UINT32_MAX, &id), -EINVAL);
	CHECK_EQ(id, 0xabcdef);
}

TEST("each plane of each head comes once, from the bottom to the top")
{
	for (uint32_t heads = 0; heads < 4; heads++)
		for (uint32_t counts = 0; counts < 27; counts++) {
			struct planefd_info info = {
				.heads = heads,
				.primaries = counts % 3,
				.overlays = counts / 3 % 3,
				.cursors = counts / 9,
			};

			check_planes(&info);
		}
}

TEST("as many planes as an id can name are all counted")
{
	struct planefd_info info = {
		.heads = 256, .primaries = 256, .overlays = 256, .cursors = 256,
	};

	check_planes(&info);
}
