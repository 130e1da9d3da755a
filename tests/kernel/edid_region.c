// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VFIO's EDID region, through which a VMM gives the guest a monitor.
 */
#include "bochs.h"
#include "test.h"

#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#define EDID_BLOCK 128
#define FIELD(name) offsetof(struct vfio_region_gfx_edid, name), 4

static struct device device;

/* A type capability is behind the region's info, if anything is */
static bool is_edid(uint32_t index)
{
	union {
		struct vfio_region_info info;
		unsigned char bytes[4096];
	} region;
	struct vfio_region_info_cap_type type;
	uint32_t at, hops;

	memset(&region, 0, sizeof(region));
	region.info.argsz = sizeof(region);
	region.info.index = index;
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_GET_REGION_INFO, &region));
	if (!(region.info.flags & VFIO_REGION_INFO_FLAG_CAPS))
		return false;
	at = region.info.cap_offset;
	for (hops = 0; at; hops++) {
		CHECK_LT(hops, 16);
		CHECK_GE(at, sizeof(region.info));
		CHECK_LE(at, sizeof(region) - sizeof(type));
		memcpy(&type, region.bytes + at, sizeof(type));
		if (type.header.id == VFIO_REGION_INFO_CAP_TYPE &&
		    type.type == VFIO_REGION_TYPE_GFX &&
		    type.subtype == VFIO_REGION_SUBTYPE_GFX_EDID)
			return true;
		at = type.header.next;
	}
	return false;
}

static uint32_t find_region(void)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};
	uint32_t index, found = 0;

	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_GET_INFO, &info));
	for (index = VFIO_PCI_NUM_REGIONS; index < info.num_regions; index++) {
		if (!is_edid(index))
			continue;
		CHECK_EQ(found, 0);
		found = index;
	}
	CHECK_NE(found, 0);
	return found;
}

static uint32_t set_up(struct vfio_region_gfx_edid *edid)
{
	uint32_t index;

	device_create(&device, TYPE_16M);
	index = find_region();
	CHECK_EQ(region_read(&device, index, 0, edid, sizeof(*edid)),
		 sizeof(*edid));
	return index;
}

/* Make the block valid: its bytes are to add up to 0 */
static void seal(unsigned char block[EDID_BLOCK])
{
	unsigned char sum = 0;
	unsigned int i;

	for (i = 0; i < EDID_BLOCK - 1; i++)
		sum = (unsigned char)(sum + block[i]);
	block[EDID_BLOCK - 1] = (unsigned char)-sum;
}

/* As the protocol in <linux/vfio.h> says, field by field */
static void plug_in(uint32_t index, const struct vfio_region_gfx_edid *edid,
		    const unsigned char *blob, uint32_t size)
{
	region_set(&device, index, FIELD(link_state),
		   VFIO_DEVICE_GFX_LINK_STATE_DOWN);
	CHECK_EQ(region_write(&device, index, edid->edid_offset, blob, size),
		 size);
	region_set(&device, index, FIELD(edid_size), size);
	region_set(&device, index, FIELD(link_state),
		   VFIO_DEVICE_GFX_LINK_STATE_UP);
}

TEST("the region is found by its type and holds its fields and a blob")
{
	struct vfio_region_gfx_edid edid;
	struct vfio_region_info info;
	uint32_t index = set_up(&edid);

	region_info(&device, index, &info);
	CHECK_EQ(info.flags & VFIO_REGION_INFO_FLAG_READ,
		 VFIO_REGION_INFO_FLAG_READ);
	CHECK_EQ(info.flags & VFIO_REGION_INFO_FLAG_WRITE,
		 VFIO_REGION_INFO_FLAG_WRITE);
	CHECK_EQ(info.flags & VFIO_REGION_INFO_FLAG_MMAP, 0);
	CHECK_GE(edid.edid_offset, sizeof(edid));
	CHECK_GE(edid.edid_max_size, EDID_BLOCK);
	CHECK_LE((uint64_t)edid.edid_offset + edid.edid_max_size, info.size);
	CHECK_LE(edid.edid_size, edid.edid_max_size);
}

TEST("a region's capabilities are told of where argsz has no room for them")
{
	struct vfio_region_gfx_edid edid;
	struct vfio_region_info info;
	uint32_t index = set_up(&edid);

	region_info(&device, index, &info);
	CHECK_EQ(info.flags & VFIO_REGION_INFO_FLAG_CAPS,
		 VFIO_REGION_INFO_FLAG_CAPS);
	CHECK_EQ(info.cap_offset, 0);
	CHECK_GT(info.argsz, sizeof(info));
}

TEST("a blob that the VMM writes is what the guest reads")
{
	struct vfio_region_gfx_edid edid, after;
	unsigned char blob[EDID_BLOCK], seen[EDID_BLOCK];
	uint32_t index = set_up(&edid);

	CHECK_EQ(region_read(&device, BAR2, BAR2_EDID, blob, EDID_BLOCK),
		 EDID_BLOCK);
	/* Another serial number makes it another monitor */
	blob[12] ^= 0x5a;
	blob[15] ^= 0xa5;
	blob[126] = 0;
	seal(blob);
	plug_in(index, &edid, blob, EDID_BLOCK);

	CHECK_EQ(region_read(&device, index, 0, &after, sizeof(after)),
		 sizeof(after));
	CHECK_EQ(after.edid_size, EDID_BLOCK);
	CHECK_EQ(after.link_state, VFIO_DEVICE_GFX_LINK_STATE_UP);
	CHECK_EQ(
		region_read(&device, index, edid.edid_offset, seen, EDID_BLOCK),
		EDID_BLOCK);
	CHECK_BYTES(seen, blob, EDID_BLOCK);
	CHECK_EQ(region_read(&device, BAR2, BAR2_EDID, seen, EDID_BLOCK),
		 EDID_BLOCK);
	CHECK_BYTES(seen, blob, EDID_BLOCK);
}

TEST("the read-only fields stay what they are whatever is written")
{
	struct vfio_region_gfx_edid edid, after;
	uint32_t index = set_up(&edid);
	uint32_t junk = 0xdeadbeef;

	region_write(&device, index,
		     offsetof(struct vfio_region_gfx_edid, edid_offset), &junk,
		     4);
	region_write(&device, index,
		     offsetof(struct vfio_region_gfx_edid, edid_max_size),
		     &junk, 4);
	region_write(&device, index,
		     offsetof(struct vfio_region_gfx_edid, max_xres), &junk, 4);
	region_write(&device, index,
		     offsetof(struct vfio_region_gfx_edid, max_yres), &junk, 4);
	CHECK_EQ(region_read(&device, index, 0, &after, sizeof(after)),
		 sizeof(after));
	CHECK_BYTES(&after, &edid, sizeof(after));
}

TEST("a size beyond the blob's and a link state that is none are refused")
{
	struct vfio_region_gfx_edid edid, after;
	uint32_t index = set_up(&edid);
	uint32_t size = edid.edid_max_size + 1, state = 3;

	CHECK_EQ(region_write(&device, index,
			      offsetof(struct vfio_region_gfx_edid, edid_size),
			      &size, 4),
		 -1);
	size = UINT32_MAX;
	CHECK_EQ(region_write(&device, index,
			      offsetof(struct vfio_region_gfx_edid, edid_size),
			      &size, 4),
		 -1);
	CHECK_EQ(region_write(&device, index,
			      offsetof(struct vfio_region_gfx_edid, link_state),
			      &state, 4),
		 -1);
	CHECK_EQ(region_read(&device, index, 0, &after, sizeof(after)),
		 sizeof(after));
	CHECK_BYTES(&after, &edid, sizeof(after));
}

TEST("nothing is read or written beyond the region's end")
{
	struct vfio_region_gfx_edid edid;
	struct vfio_region_info info;
	uint32_t index = set_up(&edid);
	unsigned char byte = 0;

	region_info(&device, index, &info);
	CHECK_LE(region_read(&device, index, info.size, &byte, 1), 0);
	CHECK_LE(region_write(&device, index, info.size, &byte, 1), 0);
	CHECK_LE(region_write(&device, index,
			      (uint64_t)edid.edid_offset + edid.edid_max_size,
			      &byte, 1),
		 0);
}
