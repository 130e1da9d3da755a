// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Everything that can be done to one opening of a device, all of it at once:
 * by guest CPUs that set modes, pan, blank and move BARs with no regard for
 * each other, by a VMM that resets it, and by viewers of every kind.
 *
 * Since several write the registers at the same time, a plane may be a mixture
 * of two modes, which is as good a mode as any: what is checked holds for all.
 */
#include "test.h"
#include "view.h"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storm.h"

#define PAGE 4096
#define MODES 8
#define EDID_REGION VFIO_PCI_NUM_REGIONS
#define EDID_BLOB 64

static const struct bochs_mode modes[MODES] = {
	{640, 480, 32, 0, 0, 0},      {640, 480, 32, 0, 0, 480},
	{800, 600, 16, 1024, 7, 3},   {1024, 768, 24, 0, 0, 0},
	{64, 64, 15, 512, 100, 5000}, {1280, 800, 32, 0, 0, 800},
	{320, 200, 24, 333, 1, 1},    {1920, 1080, 16, 2048, 0, 1080},
};

static struct device device;
static int manager;

static void set_up(void)
{
	unsigned char *vram;

	view_new_ids();
	bochs_create(&device, TYPE_16M, &modes[0]);
	manager = manager_open(&device);
	vram = region_map(&device, BAR0, 0, VIEW_MEMORY);
	marks_write(vram, 0, VIEW_MEMORY);
	CHECK_OK(munmap(vram, VIEW_MEMORY));
}

/* -------- The guest and its VMM -------- */

static void set_mode(uint64_t *seed)
{
	bochs_set_mode(&device, &modes[test_random(seed) % MODES]);
}

/* Also to where the plane does not fit any more, and is off */
static void pan(uint64_t *seed)
{
	bochs_write(&device, DISPI_X_OFFSET,
		    (uint16_t)(test_random(seed) % 64));
	bochs_write(&device, DISPI_Y_OFFSET,
		    (uint16_t)(test_random(seed) % 4096));
}

static void flip(uint64_t *seed)
{
	bochs_pan(&device, 0, test_random(seed) % 2 ? 480 : 0);
}

static void blank(uint64_t *seed)
{
	bochs_blank(&device, test_random(seed) % 2);
	bochs_blank(&device, false);
}

static void move(uint64_t *seed)
{
	static const uint32_t bases[] = {VRAM_BASE, 0xd0000000, 0};

	bochs_place(&device, bases[test_random(seed) % 3]);
}

static void reset(uint64_t *seed)
{
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_RESET));
	bochs_place(&device, VRAM_BASE);
	set_mode(seed);
}

/* VRAM by read() and write(), in pieces that begin and end anywhere */
static void copy_vram(uint64_t *seed)
{
	uint32_t words[2 * PAGE / 4];
	uint64_t at = test_random(seed) % (VIEW_MEMORY - sizeof(words)) / 4 * 4;
	size_t size = test_random(seed) % (sizeof(words) / 4) * 4 + 4;

	CHECK_EQ(region_read(&device, BAR0, at, words, size), (ssize_t)size);
	marks_check(words, at, size, false);
	CHECK_EQ(region_write(&device, BAR0, at, words, size), (ssize_t)size);
}

static void change_edid(uint64_t *seed)
{
	unsigned char blob[128], again[128];
	uint32_t link = 1 + test_random(seed) % 2;

	CHECK_EQ(region_read(&device, EDID_REGION, EDID_BLOB, blob, 128), 128);
	CHECK_EQ(region_write(&device, EDID_REGION, EDID_BLOB, blob, 128), 128);
	CHECK_EQ(region_write(&device, EDID_REGION,
			      offsetof(struct vfio_region_gfx_edid, link_state),
			      &link, sizeof(link)),
		 sizeof(link));
	CHECK_EQ(region_read(&device, BAR2, BAR2_EDID, again, 128), 128);
	CHECK_EQ(region_read(&device, CONFIG, 0, blob, 128), 128);
}

/* Threads of one process: a fault of one, and another unmaps beside it */
static void touch_bar(uint64_t *seed)
{
	size_t size = (1 + test_random(seed) % 1024) * PAGE;
	uint64_t at = test_random(seed) % (VIEW_MEMORY - size) / PAGE * PAGE;
	unsigned char *map = region_map(&device, BAR0, at, size);
	unsigned char *moved;
	uint64_t page, i;

	for (i = 0; i < 4; i++) {
		page = test_random(seed) % (size / PAGE) * PAGE;
		marks_check(map + page, at + page, 64, false);
		marks_write(map + page, at + page, 64);
	}
	moved = mremap(map, size, size, MREMAP_MAYMOVE);
	CHECK(moved != MAP_FAILED);
	/* What is left after a split begins at another page of the memory */
	if (size > 2 * PAGE) {
		CHECK_OK(munmap(moved + PAGE, PAGE));
		CHECK_OK(mprotect(moved + 2 * PAGE, PAGE, PROT_READ));
		marks_check(moved + 2 * PAGE, at + 2 * PAGE, PAGE, false);
	}
	marks_check(moved + size - (size > 2 * PAGE ? PAGE : size),
		    at + size - (size > 2 * PAGE ? PAGE : size), 64, false);
	CHECK_OK(munmap(moved, size));
}

/* -------- Viewers -------- */

static int own_manager;
static _Thread_local uint64_t sequence;

static void open_own_manager(void)
{
	own_manager = manager_open(&device);
}

static void query(uint64_t *seed)
{
	(void)seed;
	CHECK_OK(view_query(own_manager, PRIMARY, &sequence));
}

/* As a client of 2017 does */
static void query_plain(uint64_t *seed)
{
	struct vfio_dmabuf_mgr_query_plane plain = {
		.argsz = sizeof(plain),
		.plane_id = PRIMARY,
	};

	(void)seed;
	CHECK_OK(ioctl(own_manager, VFIO_DMABUF_MGR_QUERY_PLANE, &plain));
	view_check_info(&plain.plane_info);
}

static void wait_with_poll(uint64_t *seed)
{
	struct pollfd fds[] = {
		{.fd = own_manager, .events = POLLIN},
		{.fd = storm_over(), .events = POLLIN},
	};

	(void)seed;
	CHECK_GE(poll(fds, 2, -1), 1);
	CHECK_EQ(fds[0].revents & ~POLLIN, 0);
	CHECK_OK(view_query(own_manager, PRIMARY, &sequence));
}

static void sync_and_look(const struct vfio_dmabuf_mgr_create_dmabuf *create,
			  uint64_t *seed)
{
	uint64_t access = DMA_BUF_SYNC_READ;

	if (create->flags & VFIO_DMABUF_MGR_CREATE_WRITABLE)
		access |= DMA_BUF_SYNC_WRITE;
	CHECK_OK(dmabuf_sync(create->fd, DMA_BUF_SYNC_START | access));
	view_pixels(create, seed, false);
	CHECK_OK(dmabuf_sync(create->fd, DMA_BUF_SYNC_END | access));
}

/* On a manager fd that all viewers share, so that they share its dma-bufs */
static void export(uint64_t *seed)
{
	struct vfio_dmabuf_mgr_create_dmabuf create, again;
	uint32_t flags = test_random(seed) % 2;

	/* A round is one that finds the plane on */
	while (view_create(manager, PRIMARY, flags, &create)) {
		CHECK_EQ(errno, ENOENT);
		if (!storm_goes_on())
			return;
		wait_with_poll(seed);
	}
	sync_and_look(&create, seed);
	if (!view_create(manager, PRIMARY, flags, &again)) {
		/* Of the same file the same must have been told */
		if (dmabuf_inode(again.fd) == dmabuf_inode(create.fd)) {
			CHECK_EQ(view_offset(&again.plane_info),
				 view_offset(&create.plane_info));
			CHECK_BYTES(&again.plane_info.drm_format_mod,
				    &create.plane_info.drm_format_mod,
				    sizeof(create.plane_info) -
					    sizeof(create.plane_info.start));
		}
		CHECK_OK(close(again.fd));
	}
	CHECK_OK(close(create.fd));
}

/* The id of what mainline's query tells, or 0 for a plane that is off */
static uint32_t query_gfx(struct vfio_device_gfx_plane_info *info)
{
	*info = (struct vfio_device_gfx_plane_info){
		.argsz = sizeof(*info),
		.flags = VFIO_GFX_PLANE_TYPE_DMABUF,
		.drm_plane_type = VFIO_DMABUF_MGR_PLANE_PRIMARY,
	};
	if (!ioctl(device.fd, VFIO_DEVICE_QUERY_GFX_PLANE, info))
		return info->dmabuf_id;
	/* It begins within a page */
	CHECK_EQ(errno, EOPNOTSUPP);
	return 0;
}

/* Mainline's two steps: what the second gives is what the first told of */
static void export_gfx(uint64_t *seed)
{
	struct vfio_dmabuf_mgr_create_dmabuf like = {.fd = -1};
	struct vfio_device_gfx_plane_info info;
	uint32_t *map;

	while (!query_gfx(&info)) {
		if (!storm_goes_on())
			return;
		wait_with_poll(seed);
	}
	like.fd = ioctl(device.fd, VFIO_DEVICE_GET_GFX_DMABUF, &info.dmabuf_id);
	if (like.fd < 0) {
		/* So many modes later that the id is forgotten */
		CHECK_EQ(errno, ENOENT);
		return;
	}
	CHECK_EQ(lseek(like.fd, 0, SEEK_END), info.size);
	CHECK_EQ(info.size,
		 (info.stride * info.height + PAGE - 1) / PAGE * PAGE);
	/* Where it is only its first mark tells */
	like.plane_info.size = info.size;
	map = plane_map(like.fd, &like.plane_info, PROT_READ);
	like.plane_info.start = mark_place(*map);
	CHECK_OK(munmap(map, info.size));
	CHECK_EQ(like.plane_info.start % PAGE, 0);
	view_pixels(&like, seed, false);
	CHECK_OK(close(like.fd));
}

static int epoll;

static void open_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};

	open_own_manager();
	epoll = (int)CHECK_OK(epoll_create1(EPOLL_CLOEXEC));
	event.data.fd = own_manager;
	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, own_manager, &event));
	event.events = EPOLLIN;
	event.data.fd = storm_over();
	CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, storm_over(), &event));
}

/* Edges: after each, one query sees all that there was */
static void wait_with_epoll(uint64_t *seed)
{
	struct epoll_event events[2];

	(void)seed;
	CHECK_GE(epoll_wait(epoll, events, 2, -1), 1);
	CHECK_OK(view_query(own_manager, PRIMARY, &sequence));
}

static void come_and_go(uint64_t *seed)
{
	struct pollfd pollfd = {.events = POLLIN};
	uint64_t none = 0;
	int fd = manager_open(&device);

	CHECK_OK(view_query(fd, PRIMARY, &none));
	pollfd.fd = fd;
	CHECK_OK(poll(&pollfd, 1, 0));
	if (test_random(seed) % 2)
		CHECK_OK(view_query(fd, PRIMARY, &none));
	CHECK_OK(close(fd));
}

static void read_fdinfo(uint64_t *seed)
{
	char path[64], text[4096];
	int fd;

	(void)seed;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", manager);
	fd = (int)CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
	CHECK_GT(CHECK_OK(read(fd, text, sizeof(text))), 0);
	CHECK_OK(close(fd));
}

/* One drops the right, in the middle of what another does with it */
static void drop_rights(uint64_t *seed)
{
	struct vfio_dmabuf_mgr_drop_rights drop = {
		.argsz = sizeof(drop),
		.rights = VFIO_DMABUF_MGR_RIGHT_WRITABLE,
	};
	struct vfio_dmabuf_mgr_create_dmabuf create;
	int fd = manager_open(&device);
	unsigned int i;
	pid_t other;

	(void)seed;
	other = fork();
	CHECK_GE(other, 0);
	if (!other) {
		CHECK_OK(ioctl(fd, VFIO_DMABUF_MGR_DROP_RIGHTS, &drop));
		CHECK_ERRNO(plane_create(fd, PRIMARY, 1, &create), EPERM);
		_exit(0);
	}
	for (i = 0; i < 10; i++) {
		if (plane_create(fd, PRIMARY, 1, &create))
			CHECK(errno == EPERM || errno == ENOENT);
		else
			CHECK_OK(close(create.fd));
	}
	test_join(other);
	CHECK_ERRNO(plane_create(fd, PRIMARY, 1, &create), EPERM);
	CHECK_OK(close(fd));
}

TEST_WITHIN(180, "whatever a guest, its VMM and its viewers do at once, each "
		 "answer is right")
{
	static const struct storm_actor actors[] = {
		{"sets modes", 100, 2, 1, NULL, set_mode},
		{"pans", 500, 1, 1, NULL, pan},
		{"flips", 500, 1, 1, NULL, flip},
		{"blanks", 300, 1, 1, NULL, blank},
		{"moves BARs", 200, 1, 1, NULL, move},
		{"resets", 50, 1, 1, NULL, reset},
		{"copies VRAM", 300, 1, 2, NULL, copy_vram},
		{"changes the EDID", 30, 1, 1, NULL, change_edid},
		{"touches BAR 0", 50, 1, 3, NULL, touch_bar},
		{"queries", 500, 2, 1, open_own_manager, query},
		{"queries as in 2017", 500, 1, 2, open_own_manager,
		 query_plain},
		{"exports", 100, 3, 2, open_own_manager, export},
		{"exports as mainline does", 100, 1, 2, open_own_manager,
		 export_gfx},
		{"polls", 300, 2, 1, open_own_manager, wait_with_poll},
		{"waits for edges", 300, 1, 1, open_epoll, wait_with_epoll},
		{"comes and goes", 200, 2, 1, NULL, come_and_go},
		{"reads fdinfo", 100, 1, 1, NULL, read_fdinfo},
		{"drops rights", 30, 1, 1, NULL, drop_rights},
	};
	uint64_t last = 0;
	unsigned int fds;

	set_up();
	fds = test_fds();
	storm(actors, sizeof(actors) / sizeof(*actors));
	CHECK_EQ(test_fds(), fds);
	CHECK_OK(view_query(manager, PRIMARY, &last));
}
