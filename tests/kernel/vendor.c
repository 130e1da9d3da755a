// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manager under a driver that has what vfio_bochs has not: several heads,
 * overlays and cursors, damage, hot spots, memory that comes and goes, dma-bufs
 * of the vendor's own. The driver is kernel/test, its registers are described
 * in display.h there.
 */
#include "display.h"
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static struct device device;

static void set(uint32_t plane_id, enum display_register reg, uint32_t value)
{
	display_set(&device, plane_id, reg, value);
}

/* A plane of 64x32, its first pixel at offset of that memory */
static void show(uint32_t plane_id, enum display_memory memory, uint32_t offset)
{
	const struct display_picture picture = {
		FOURCC_ARGB8888, 64, 32, 256, memory, offset,
	};

	display_show(&device, plane_id, &picture);
}

static void query(int manager, uint32_t plane_id, union plane_query *query)
{
	CHECK_OK(plane_query(manager, plane_id, query));
}

static void check_damage(const union plane_query *query, uint32_t x, uint32_t y,
			 uint32_t width, uint32_t height)
{
	CHECK_EQ(query->ext.damage_x, x);
	CHECK_EQ(query->ext.damage_y, y);
	CHECK_EQ(query->ext.damage_width, width);
	CHECK_EQ(query->ext.damage_height, height);
}

static int create(int manager, uint32_t plane_id, uint32_t flags,
		  struct vfio_dmabuf_mgr_create_dmabuf *create)
{
	CHECK_OK(plane_create(manager, plane_id, flags, create));
	return create->fd;
}

static int open_display(void)
{
	display_create(&device);
	return manager_open(&device);
}

TEST("GET_INFO tells two heads, a plane of each type on each, and all it can")
{
	struct vfio_dmabuf_mgr_info info = {.argsz = sizeof(info)};
	int manager = open_display();

	CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_GET_INFO, &info));
	CHECK_EQ(info.heads, 2);
	CHECK_EQ(info.overlays, 1);
	CHECK_EQ(info.primaries, 1);
	CHECK_EQ(info.cursors, 1);
	CHECK_EQ(info.caps, VFIO_DMABUF_MGR_CAP_FLIPS |
				    VFIO_DMABUF_MGR_CAP_DAMAGE |
				    VFIO_DMABUF_MGR_CAP_HOT_SPOT);
}

TEST("each plane of each head is its own, and no other id is any")
{
	static const uint32_t never[] = {
		VFIO_DMABUF_MGR_PLANE_ID(3, 0, 0),
		VFIO_DMABUF_MGR_PLANE_ID(1, 1, 0),
		VFIO_DMABUF_MGR_PLANE_ID(1, 0, 2),
		VFIO_DMABUF_MGR_PLANE_ID(1, 0, 0) | 1u << 24,
	};
	int manager = open_display();
	union plane_query answer;
	unsigned int i, head, type;

	for (head = 0; head < 2; head++)
		for (type = 0; type < 3; type++)
			show(VFIO_DMABUF_MGR_PLANE_ID(type, 0, head),
			     MEMORY_BAR, (head * 3 + type) * 65536);
	for (head = 0; head < 2; head++)
		for (type = 0; type < 3; type++) {
			query(manager, VFIO_DMABUF_MGR_PLANE_ID(type, 0, head),
			      &answer);
			CHECK_EQ(answer.base.plane_info.start & 0xffffff,
				 (head * 3 + type) * 65536);
		}
	for (i = 0; i < sizeof(never) / sizeof(*never); i++)
		CHECK_ERRNO(plane_query(manager, never[i], &answer), EINVAL);
}

TEST("a cursor left of and above the screen has a negative place and a hot "
     "spot")
{
	int manager = open_display();
	union plane_query answer;

	set(CURSOR_ID(1), DISPLAY_X, (uint32_t)-7);
	set(CURSOR_ID(1), DISPLAY_Y, (uint32_t)-3);
	set(CURSOR_ID(1), DISPLAY_HOT_X, 9);
	set(CURSOR_ID(1), DISPLAY_HOT_Y, 4);
	show(CURSOR_ID(1), MEMORY_PAGES_1, 0);
	query(manager, CURSOR_ID(1), &answer);
	CHECK_EQ((int32_t)answer.base.plane_info.x_pos, -7);
	CHECK_EQ((int32_t)answer.base.plane_info.y_pos, -3);
	CHECK_EQ(answer.ext.hot_x, 9);
	CHECK_EQ(answer.ext.hot_y, 4);
}

TEST("a cursor that moves is a change, and the same buffer")
{
	int manager = open_display();
	union plane_query before, after;

	show(CURSOR_ID(0), MEMORY_BAR, 0);
	query(manager, CURSOR_ID(0), &before);
	set(CURSOR_ID(0), DISPLAY_X, 100);
	set(CURSOR_ID(0), DISPLAY_COMMIT, COMMIT_FLIP);
	query(manager, CURSOR_ID(0), &after);
	CHECK_EQ(after.ext.sequence, before.ext.sequence + 1);
	CHECK_EQ(after.ext.buffer_id, before.ext.buffer_id);
}

TEST("damage is told since this fd's last query, the union of all there was")
{
	int first = open_display();
	int second = manager_open(&device);
	union plane_query answer;

	show(PRIMARY_ID(0), MEMORY_BAR, 0);
	query(first, PRIMARY_ID(0), &answer);
	check_damage(&answer, 0, 0, 64, 32);
	query(first, PRIMARY_ID(0), &answer);
	check_damage(&answer, 0, 0, 0, 0);

	display_damage(&device, PRIMARY_ID(0), 10, 3, 5, 2);
	query(first, PRIMARY_ID(0), &answer);
	check_damage(&answer, 10, 3, 5, 2);
	display_damage(&device, PRIMARY_ID(0), 4, 20, 1, 1);
	display_damage(&device, PRIMARY_ID(0), 30, 8, 2, 6);
	query(first, PRIMARY_ID(0), &answer);
	check_damage(&answer, 4, 8, 28, 13);
	/* The other has not looked since the flip */
	query(second, PRIMARY_ID(0), &answer);
	check_damage(&answer, 0, 0, 64, 32);
}

TEST("damage is cut to the plane, and what lies outside is none")
{
	int manager = open_display();
	union plane_query answer;

	show(PRIMARY_ID(0), MEMORY_BAR, 0);
	query(manager, PRIMARY_ID(0), &answer);
	display_damage(&device, PRIMARY_ID(0), 60, 30, UINT_MAX, UINT_MAX);
	query(manager, PRIMARY_ID(0), &answer);
	check_damage(&answer, 60, 30, 4, 2);
	display_damage(&device, PRIMARY_ID(0), 64, 0, 10, 10);
	query(manager, PRIMARY_ID(0), &answer);
	check_damage(&answer, 0, 0, 0, 0);
	display_damage(&device, PRIMARY_ID(0), UINT_MAX, UINT_MAX, UINT_MAX,
		       UINT_MAX);
	display_damage(&device, PRIMARY_ID(0), 1, 2, 3, 4);
	query(manager, PRIMARY_ID(0), &answer);
	check_damage(&answer, 1, 2, 63, 30);
}

TEST("more damage than is kept one by one is the whole plane")
{
	int manager = open_display();
	union plane_query answer;
	unsigned int i;

	show(PRIMARY_ID(0), MEMORY_BAR, 0);
	query(manager, PRIMARY_ID(0), &answer);
	for (i = 0; i < 16; i++)
		display_damage(&device, PRIMARY_ID(0), 5, 5, 1, 1);
	query(manager, PRIMARY_ID(0), &answer);
	check_damage(&answer, 5, 5, 1, 1);
	for (i = 0; i < 17; i++)
		display_damage(&device, PRIMARY_ID(0), 5, 5, 1, 1);
	query(manager, PRIMARY_ID(0), &answer);
	check_damage(&answer, 0, 0, 64, 32);
}

TEST("a query without the extension counts as having seen the damage")
{
	int manager = open_display();
	struct vfio_dmabuf_mgr_query_plane plain = {
		.argsz = sizeof(plain),
		.plane_id = PRIMARY_ID(0),
	};
	struct pollfd pollfd = {.fd = manager, .events = POLLIN};

	show(PRIMARY_ID(0), MEMORY_BAR, 0);
	CHECK_EQ(poll(&pollfd, 1, 0), 1);
	CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_QUERY_PLANE, &plain));
	CHECK_EQ(poll(&pollfd, 1, 0), 0);
}

TEST("a change of any plane of any head wakes, until that plane is queried")
{
	int manager = open_display();
	struct pollfd pollfd = {.fd = manager, .events = POLLIN};
	union plane_query answer;

	CHECK_EQ(poll(&pollfd, 1, 0), 0);
	show(OVERLAY_ID(1), MEMORY_BAR, 0);
	CHECK_EQ(poll(&pollfd, 1, 0), 1);
	query(manager, PRIMARY_ID(1), &answer);
	CHECK_EQ(poll(&pollfd, 1, 0), 1);
	query(manager, OVERLAY_ID(1), &answer);
	CHECK_EQ(poll(&pollfd, 1, 0), 0);
}

TEST("a flip between two buffers alternates between two ids")
{
	int manager = open_display();
	union plane_query answer;
	uint64_t id[2];
	unsigned int i;

	for (i = 0; i < 64; i++) {
		show(PRIMARY_ID(0), MEMORY_PAGES_1 + i % 2, 0);
		query(manager, PRIMARY_ID(0), &answer);
		if (i < 2)
			id[i] = answer.ext.buffer_id;
		CHECK_EQ(answer.ext.buffer_id, id[i % 2]);
	}
	CHECK_NE(id[0], id[1]);
}

#define MANY_HEADS 16
#define MANY_PLANES (3 * MANY_HEADS)

static uint64_t id_of(int manager, unsigned int nr)
{
	union plane_query answer;

	query(manager, VFIO_DMABUF_MGR_PLANE_ID(nr % 3, 0, nr / 3), &answer);
	return answer.ext.buffer_id;
}

TEST("the planes of sixteen heads keep their ids, and sixteen buffers more")
{
	uint64_t ids[MANY_PLANES];
	unsigned int i, round;
	int manager;

	display_create_many(&device);
	manager = manager_open(&device);
	for (i = 0; i < MANY_PLANES; i++)
		show(VFIO_DMABUF_MGR_PLANE_ID(i % 3, 0, i / 3), MEMORY_BAR,
		     i * 4096);
	for (i = 0; i < MANY_PLANES; i++)
		ids[i] = id_of(manager, i);
	for (round = 0; round < 3; round++)
		for (i = 0; i < MANY_PLANES; i++)
			CHECK_EQ(id_of(manager, i), ids[i]);

	for (i = 0; i < 16; i++) {
		show(PRIMARY_ID(0), MEMORY_PAGES_1, i * 4096);
		CHECK_NE(id_of(manager, 1), ids[1]);
	}
	show(PRIMARY_ID(0), MEMORY_BAR, 4096);
	for (i = 0; i < MANY_PLANES; i++)
		CHECK_EQ(id_of(manager, i), ids[i]);
}

TEST("memory that is replaced gets a new id; the old dma-buf keeps its pages")
{
	struct vfio_dmabuf_mgr_create_dmabuf old, new;
	int manager = open_display();
	unsigned char *old_map, *new_map;
	union plane_query before, after;

	show(PRIMARY_ID(0), MEMORY_PAGES_1, 0);
	query(manager, PRIMARY_ID(0), &before);
	create(manager, PRIMARY_ID(0), VFIO_DMABUF_MGR_CREATE_WRITABLE, &old);
	old_map = plane_map(old.fd, &old.plane_info, PROT_READ | PROT_WRITE);
	memset(old_map, 0x11, old.plane_info.size);

	display_renew(&device, MEMORY_PAGES_1);
	query(manager, PRIMARY_ID(0), &after);
	CHECK_NE(after.ext.buffer_id, before.ext.buffer_id);
	create(manager, PRIMARY_ID(0), VFIO_DMABUF_MGR_CREATE_WRITABLE, &new);
	CHECK_NE(dmabuf_inode(new.fd), dmabuf_inode(old.fd));
	new_map = plane_map(new.fd, &new.plane_info, PROT_READ | PROT_WRITE);
	CHECK_ALL(new_map, 0, new.plane_info.size);
	CHECK_ALL(old_map, 0x11, old.plane_info.size);
}

TEST("a dma-buf of the vendor's own is given out, and the same again")
{
	struct vfio_dmabuf_mgr_create_dmabuf first, again, writable;
	int manager = open_display();
	unsigned char *map;

	show(PRIMARY_ID(0), MEMORY_VENDOR, 4096);
	create(manager, PRIMARY_ID(0), 0, &first);
	CHECK_EQ(fcntl(first.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	map = plane_map(first.fd, &first.plane_info, PROT_READ);
	/* What kernel/test/dmabuf.c fills it with */
	CHECK_ALL(map, 0x5a, first.plane_info.size);

	create(manager, PRIMARY_ID(0), 0, &again);
	CHECK_EQ(dmabuf_inode(again.fd), dmabuf_inode(first.fd));
	create(manager, PRIMARY_ID(0), VFIO_DMABUF_MGR_CREATE_WRITABLE,
	       &writable);
	CHECK_EQ(fcntl(writable.fd, F_GETFL) & O_ACCMODE, O_RDWR);
	CHECK_NE(dmabuf_inode(writable.fd), dmabuf_inode(first.fd));
}

TEST("mainline's query knows the first head's cursor, with its hot spot")
{
	struct vfio_device_gfx_plane_info info = {
		.argsz = sizeof(info),
		.flags = VFIO_GFX_PLANE_TYPE_DMABUF,
		.drm_plane_type = VFIO_DMABUF_MGR_PLANE_CURSOR,
	};

	open_display();
	set(CURSOR_ID(0), DISPLAY_X, 11);
	set(CURSOR_ID(0), DISPLAY_Y, 12);
	set(CURSOR_ID(0), DISPLAY_HOT_X, 1);
	set(CURSOR_ID(0), DISPLAY_HOT_Y, 2);
	show(CURSOR_ID(0), MEMORY_BAR, 0);
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_QUERY_GFX_PLANE, &info));
	CHECK_EQ(info.drm_format, FOURCC_ARGB8888);
	CHECK_EQ(info.width, 64);
	CHECK_EQ(info.x_pos, 11);
	CHECK_EQ(info.y_pos, 12);
	CHECK_EQ(info.x_hot, 1);
	CHECK_EQ(info.y_hot, 2);
	CHECK_NE(info.dmabuf_id, 0);
}

/* What the driver was told last: whether the device is a bus master */
static uint64_t told_of_mastering(void)
{
	return region_get(&device, BAR0, DISPLAY_MASTER, 4);
}

TEST("a driver hears of the config space at a write, a reset and an opening")
{
	open_display();
	CHECK_EQ(told_of_mastering(), 0);
	region_set(&device, CONFIG, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	CHECK_EQ(told_of_mastering(), 1);
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_RESET));
	CHECK_EQ(region_get(&device, CONFIG, PCI_COMMAND, 2), 0);
	CHECK_EQ(told_of_mastering(), 0);
	region_set(&device, CONFIG, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	device_close(&device);
	device_open(&device);
	CHECK_EQ(told_of_mastering(), 0);
}
