// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mediated device's types: what there is to choose from, how many, and
 * many at once.
 */
#include "planes.h"
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PARAMETER "/sys/module/vfio_bochs/parameters/total_mib"

static const struct {
	const char *name;
	long mib;
} types[] = {{TYPE_16M, 16}, {TYPE_64M, 64}, {TYPE_256M, 256}};

#define TYPES (sizeof(types) / sizeof(*types))

static long total_mib(void)
{
	FILE *file = fopen(PARAMETER, "re");
	long value;

	CHECK(file);
	CHECK_EQ(fscanf(file, "%ld", &value), 1);
	fclose(file);
	return value;
}

static long available(unsigned int type)
{
	return mdev_type_number(types[type].name, "available_instances");
}

TEST("each type has a name, and a description that tells its VRAM")
{
	char name[128], other[128], description[256], mib[16];
	unsigned int i;

	other[0] = 0;
	for (i = 0; i < TYPES; i++) {
		mdev_type_text(types[i].name, "name", name, sizeof(name));
		CHECK(name[0]);
		CHECK(strcmp(name, other));
		strcpy(other, name);
		mdev_type_text(types[i].name, "description", description,
			       sizeof(description));
		snprintf(mib, sizeof(mib), "%ld MiB", types[i].mib);
		CHECK(strstr(description, mib));
	}
}

TEST("each type is a PCI device for VFIO")
{
	char api[32];
	unsigned int i;

	for (i = 0; i < TYPES; i++) {
		mdev_type_text(types[i].name, "device_api", api, sizeof(api));
		CHECK_STR(api, "vfio-pci");
	}
}

TEST("available_instances is what is left of total_mib, in this type's size")
{
	struct device device;
	char uuids[3][UUID_SIZE];
	long left = total_mib();
	unsigned int i, j;

	for (i = 0; i < TYPES; i++)
		CHECK_EQ(available(i), left / types[i].mib);
	for (j = 0; j < TYPES; j++) {
		CHECK_EQ(mdev_create(types[j].name, uuids[j]), 0);
		left -= types[j].mib;
		for (i = 0; i < TYPES; i++)
			CHECK_EQ(available(i), left / types[i].mib);
	}
	/* To open a device takes no more, to close it gives nothing back */
	strcpy(device.uuid, uuids[0]);
	device_open(&device);
	CHECK_EQ(available(0), left / types[0].mib);
	device_close(&device);
	CHECK_EQ(available(0), left / types[0].mib);
	for (j = 0; j < TYPES; j++) {
		CHECK_EQ(mdev_remove(uuids[j]), 0);
		left += types[j].mib;
		for (i = 0; i < TYPES; i++)
			CHECK_EQ(available(i), left / types[i].mib);
	}
}

TEST("a device beyond total_mib is refused with ENOSPC and takes nothing")
{
	char uuid[64][UUID_SIZE], none[UUID_SIZE];
	long count = total_mib() / 256;
	long i;

	CHECK_LT(count, 64);
	for (i = 0; i < count; i++)
		CHECK_EQ(mdev_create(TYPE_256M, uuid[i]), 0);
	CHECK_EQ(available(2), 0);
	for (i = 0; i < 10; i++)
		CHECK_EQ(mdev_create(TYPE_256M, none), -ENOSPC);
	CHECK_EQ(mdev_remove(uuid[0]), 0);
	CHECK_EQ(available(2), 1);
	CHECK_EQ(mdev_create(TYPE_256M, uuid[0]), 0);
}

TEST("a UUID that is in use or is none is refused, and takes nothing")
{
	long before = available(0);
	char uuid[UUID_SIZE];
	FILE *file;

	CHECK_EQ(mdev_create(TYPE_16M, uuid), 0);
	file = fopen(
		"/sys/class/mdev_bus/vfio_bochs/mdev_supported_types/" TYPE_16M
		"/create",
		"we");
	CHECK(file);
	setbuf(file, NULL);
	CHECK_LT(fprintf(file, "%s", uuid), 0);
	CHECK_LT(fprintf(file, "not-a-uuid"), 0);
	fclose(file);
	CHECK_EQ(available(0), before - 1);
}

#define MANY 32

TEST_WITHIN(60, "many devices at once each have a picture of their own")
{
	static struct device devices[MANY];
	static unsigned char picture[4 * 1280 * 200];
	struct bochs_mode mode = {.height = 200, .bpp = 32};
	struct vfio_dmabuf_mgr_plane_info info;
	int managers[MANY], dmabufs[MANY];
	unsigned int i;
	size_t size;
	void *map;

	for (i = 0; i < MANY; i++) {
		mode.width = (uint16_t)(320 + 10 * i);
		bochs_create(&devices[i], TYPE_16M, &mode);
		managers[i] = manager_open(&devices[i]);
		size = (size_t)mode.width * mode.height * 4;
		bochs_picture(picture, size, i);
		CHECK_EQ(region_write(&devices[i], BAR0, 0, picture, size),
			 size);
	}
	for (i = 0; i < MANY; i++) {
		mode.width = (uint16_t)(320 + 10 * i);
		dmabufs[i] = plane_create_ok(managers[i], 0, &info);
		plane_check(&info, &mode, VRAM_BASE);
		if (i % 2)
			device_remove(&devices[i]);
	}
	for (i = 0; i < MANY; i++) {
		size = (size_t)(320 + 10 * i) * mode.height * 4;
		bochs_picture(picture, size, i);
		info.size = (uint32_t)(size + 4095) / 4096 * 4096;
		map = plane_map(dmabufs[i], &info, PROT_READ);
		CHECK_BYTES(map, picture, size);
		CHECK_OK(munmap(map, info.size));
	}
}
