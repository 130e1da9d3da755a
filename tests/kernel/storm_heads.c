// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Everything that can be done at once to a device that has what vfio_bochs has
 * not: six planes, each flipped and damaged by a guest CPU of its own, memory
 * that is replaced while it is shown, dma-bufs of the vendor's own.
 *
 * Each memory is shown by planes of a width of its own, so that an answer tells
 * what must be in its dma-buf.
 */
#include "display.h"
#include "storm.h"
#include "test.h"
#include "view.h"

#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PLANES 6
#define WIDTH(memory) (64 + (memory))
#define STRIDE 512
/* What kernel/test/dmabuf.c fills its dma-bufs with */
#define VENDOR_BYTE 0x5a
/* Every memory has at least so much */
#define MEMORY_SIZE (4 * MIB)

static const uint32_t planes[PLANES] = {
	OVERLAY_ID(0), PRIMARY_ID(0), CURSOR_ID(0),
	OVERLAY_ID(1), PRIMARY_ID(1), CURSOR_ID(1),
};

static struct device device;
static int manager;

static void set_up(void)
{
	unsigned char *bar;

	view_new_ids();
	display_create(&device);
	manager = manager_open(&device);
	bar = region_map(&device, BAR2, 0, VIEW_MEMORY);
	marks_write(bar, 0, VIEW_MEMORY);
	CHECK_OK(munmap(bar, VIEW_MEMORY));
}

/* -------- The guest -------- */

static unsigned int plane_started;
static _Thread_local uint32_t own_plane;

/* Each thread has a plane of its own, so that the plane is never a mixture */
static uint32_t plane_of_thread(void)
{
	if (!own_plane)
		own_plane = planes[__atomic_fetch_add(&plane_started, 1,
						      __ATOMIC_RELAXED) %
				   PLANES] |
			    UINT32_C(1) << 31;
	return own_plane & ~(UINT32_C(1) << 31);
}

/*
 * Off while the registers are written, and the width first: if a reset comes in
 * between, that is 0 and the plane stays off.
 */
static void flip(uint64_t *seed)
{
	uint32_t plane = plane_of_thread();
	uint32_t memory = (uint32_t)(test_random(seed) % 4);
	uint32_t height = (uint32_t)(1 + test_random(seed) % 300);

	display_set(&device, plane, DISPLAY_ON, 0);
	display_set(&device, plane, DISPLAY_WIDTH, WIDTH(memory));
	display_set(&device, plane, DISPLAY_FORMAT, FOURCC_ARGB8888);
	display_set(&device, plane, DISPLAY_HEIGHT, height);
	display_set(&device, plane, DISPLAY_STRIDE, STRIDE);
	display_set(&device, plane, DISPLAY_OFFSET,
		    (uint32_t)(test_random(seed) % 64) * 4 * 1000);
	display_set(&device, plane, DISPLAY_X, (uint32_t)-7);
	display_set(&device, plane, DISPLAY_MEMORY, memory);
	display_set(&device, plane, DISPLAY_ON, 1);
	display_set(&device, plane, DISPLAY_COMMIT, COMMIT_FLIP);
}

static void draw(uint64_t *seed)
{
	uint32_t plane = planes[test_random(seed) % PLANES];

	display_set(&device, plane, DISPLAY_DAMAGE_X,
		    (uint32_t)test_random(seed) >> test_random(seed) % 32);
	display_set(&device, plane, DISPLAY_DAMAGE_WIDTH,
		    (uint32_t)test_random(seed) >> test_random(seed) % 32);
	display_set(&device, plane, DISPLAY_DAMAGE_HEIGHT, 3);
	display_set(&device, plane, DISPLAY_COMMIT, COMMIT_DAMAGE);
}

static void renew(uint64_t *seed)
{
	display_renew(&device,
		      test_random(seed) % 2 ? MEMORY_PAGES_1 : MEMORY_PAGES_2);
}

/* -------- Viewers -------- */

static int own_manager;
static _Thread_local uint64_t sequences[PLANES];

static void open_own_manager(void)
{
	own_manager = manager_open(&device);
}

static void query(uint64_t *seed)
{
	unsigned int i = test_random(seed) % PLANES;

	CHECK_OK(view_query(own_manager, planes[i], &sequences[i]));
}

static void wait_with_poll(uint64_t *seed)
{
	struct pollfd fds[] = {
		{.fd = own_manager, .events = POLLIN},
		{.fd = storm_over(), .events = POLLIN},
	};
	unsigned int i;

	(void)seed;
	CHECK_GE(poll(fds, 2, -1), 1);
	CHECK_EQ(fds[0].revents & ~POLLIN, 0);
	for (i = 0; i < PLANES; i++)
		CHECK_OK(view_query(own_manager, planes[i], &sequences[i]));
}

/* Not faster than the guest shows planes again */
static void reset(uint64_t *seed)
{
	uint64_t until = sequences[1] + 20;

	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_RESET));
	while (sequences[1] < until && storm_goes_on())
		wait_with_poll(seed);
}

/* A dma-buf of the vendor's own has no marks, but is all of one byte */
static void check_vendor(const struct vfio_dmabuf_mgr_create_dmabuf *create)
{
	const struct vfio_dmabuf_mgr_plane_info *info = &create->plane_info;
	unsigned char *map = plane_map(create->fd, info, PROT_READ);

	CHECK_ALL(map, VENDOR_BYTE, 64);
	CHECK_ALL(map + info->size - 64, VENDOR_BYTE, 64);
	CHECK_OK(munmap(map, info->size));
}

static void export(uint64_t *seed)
{
	uint32_t plane = planes[test_random(seed) % PLANES];
	struct vfio_dmabuf_mgr_create_dmabuf create;
	uint32_t memory;

	while (view_create(manager, plane, test_random(seed) % 2, &create)) {
		CHECK_EQ(errno, ENOENT);
		if (!storm_goes_on())
			return;
		wait_with_poll(seed);
	}
	CHECK_EQ(create.plane_info.stride, STRIDE);
	CHECK_EQ((int32_t)create.plane_info.x_pos, -7);
	memory = create.plane_info.width - WIDTH(0);
	CHECK_LE(memory, MEMORY_VENDOR);
	if (memory == MEMORY_VENDOR)
		check_vendor(&create);
	else
		view_pixels(&create, seed, memory != MEMORY_BAR);
	CHECK_OK(close(create.fd));
}

/* A dma-buf of memory that is replaced keeps what it had */
static void keep(uint64_t *seed)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;
	struct vfio_dmabuf_mgr_plane_info *info = &create.plane_info;
	unsigned int i;
	uint32_t *map;

	for (;;) {
		if (!storm_goes_on())
			return;
		if (!view_create(own_manager, planes[1], 1, &create)) {
			if (info->width == WIDTH(MEMORY_PAGES_1) ||
			    info->width == WIDTH(MEMORY_PAGES_2))
				break;
			CHECK_OK(close(create.fd));
		}
		wait_with_poll(seed);
	}
	map = plane_map(create.fd, info, PROT_READ | PROT_WRITE);
	CHECK_OK(close(create.fd));
	marks_write(map, view_offset(info) / 4096 * 4096, info->size);
	for (i = 0; i < 10; i++)
		query(seed);
	marks_check(map, view_offset(info) / 4096 * 4096, info->size, false);
	CHECK_OK(munmap(map, info->size));
}

TEST_WITHIN(180, "six planes flip, are damaged and change memory under their "
		 "viewers, and each answer is right")
{
	static const struct storm_actor actors[] = {
		{"flips", 200, 1, PLANES, NULL, flip},
		{"draws", 500, 1, 2, NULL, draw},
		{"renews memory", 100, 1, 2, NULL, renew},
		{"resets", 50, 1, 1, open_own_manager, reset},
		{"queries", 500, 2, 1, open_own_manager, query},
		{"polls", 300, 3, 1, open_own_manager, wait_with_poll},
		{"exports", 200, 3, 2, open_own_manager, export},
		{"keeps", 50, 2, 1, open_own_manager, keep},
	};

	set_up();
	storm(actors, sizeof(actors) / sizeof(*actors));
}
