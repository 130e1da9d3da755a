// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mainline's display ABI on the device fd, as QEMU with display=on uses it:
 * VFIO_DEVICE_QUERY_GFX_PLANE and VFIO_DEVICE_GET_GFX_DMABUF.
 */
#include "bytes.h"
#include "planes.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define MINSZ 60
#define PROBE VFIO_GFX_PLANE_TYPE_PROBE
#define DMABUF VFIO_GFX_PLANE_TYPE_DMABUF
#define REGION VFIO_GFX_PLANE_TYPE_REGION

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};

static struct device device;

struct long_info {
	struct vfio_device_gfx_plane_info info;
	unsigned char beyond[64];
};

static void prepare(struct long_info *info, uint32_t flags)
{
	memset(info, UNTOUCHED, sizeof(*info));
	info->info.argsz = sizeof(info->info);
	info->info.flags = flags;
	info->info.drm_plane_type = VFIO_DMABUF_MGR_PLANE_PRIMARY;
}

static int ask(struct long_info *info)
{
	return ioctl(device.fd, VFIO_DEVICE_QUERY_GFX_PLANE, info);
}

static void query(struct vfio_device_gfx_plane_info *info)
{
	struct long_info asked;

	prepare(&asked, DMABUF);
	CHECK_OK(ask(&asked));
	*info = asked.info;
}

static int get(uint32_t id)
{
	return ioctl(device.fd, VFIO_DEVICE_GET_GFX_DMABUF, &id);
}

TEST("a probe for dma-bufs is answered 0, on or off, and writes nothing else")
{
	struct long_info info, asked;

	device_create(&device, TYPE_16M);
	prepare(&info, PROBE | DMABUF);
	asked = info;
	CHECK_EQ(ask(&info), 0);
	CHECK_BYTES(&info, &asked, sizeof(info));
	bochs_set_mode(&device, &vga);
	CHECK_EQ(ask(&info), 0);
}

TEST("region planes, probed or queried, are EINVAL, as are all other flags")
{
	static const uint32_t flags[] = {
		0,
		PROBE,
		REGION,
		PROBE | REGION,
		DMABUF | REGION,
		PROBE | DMABUF | REGION,
		DMABUF | 8,
		PROBE | DMABUF | 0x80000000,
		UINT32_MAX,
	};
	struct long_info info, asked;
	unsigned int i;

	bochs_create(&device, TYPE_16M, &vga);
	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		prepare(&info, flags[i]);
		asked = info;
		CHECK_ERRNO(ask(&info), EINVAL);
		CHECK_BYTES(&info, &asked, sizeof(info));
	}
}

TEST("a plane type that the device never has is EINVAL and writes nothing")
{
	static const uint32_t types[] = {0, 2, 3, 0x101, UINT32_MAX};
	struct long_info info, asked;
	unsigned int i;

	bochs_create(&device, TYPE_16M, &vga);
	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		prepare(&info, DMABUF);
		info.info.drm_plane_type = types[i];
		asked = info;
		CHECK_ERRNO(ask(&info), EINVAL);
		CHECK_BYTES(&info, &asked, sizeof(info));
	}
}

TEST("a plane that is off has no format, size, width and height")
{
	struct vfio_device_gfx_plane_info info;

	device_create(&device, TYPE_16M);
	query(&info);
	CHECK_EQ(info.drm_format, 0);
	CHECK_EQ(info.size, 0);
	CHECK_EQ(info.width, 0);
	CHECK_EQ(info.height, 0);
}

TEST("a plane that is on has the geometry that the manager fd tells")
{
	struct vfio_device_gfx_plane_info info;
	union plane_query same;

	bochs_create(&device, TYPE_16M, &vga);
	query(&info);
	plane_query_ok(manager_open(&device), &same);
	CHECK_EQ(info.drm_format, bochs_fourcc(&vga));
	CHECK_EQ(info.drm_format_mod, 0);
	CHECK_EQ(info.width, vga.width);
	CHECK_EQ(info.height, vga.height);
	CHECK_EQ(info.stride, bochs_stride(&vga));
	CHECK_EQ(info.size, same.base.plane_info.size);
	CHECK_EQ(info.x_pos, 0);
	CHECK_EQ(info.y_pos, 0);
	CHECK_EQ(info.x_hot, 0xffffffff);
	CHECK_EQ(info.y_hot, 0xffffffff);
	CHECK_NE(info.dmabuf_id, 0);
}

TEST("the query writes no more than 60 bytes and needs no more")
{
	struct long_info info;
	void *tight = test_guarded(MINSZ);

	bochs_create(&device, TYPE_16M, &vga);
	prepare(&info, DMABUF);
	info.info.argsz = UINT32_MAX;
	CHECK_EQ(ask(&info), 0);
	CHECK_ALL((char *)&info + MINSZ, UNTOUCHED, sizeof(info) - MINSZ);
	prepare(&info, DMABUF);
	info.info.argsz = MINSZ;
	memcpy(tight, &info, MINSZ);
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_QUERY_GFX_PLANE, tight));
}

TEST("bad pointers are EFAULT in both ioctls and leave no fd")
{
	struct vfio_device_gfx_plane_info good;
	struct long_info info;
	unsigned int fds;

	bochs_create(&device, TYPE_16M, &vga);
	query(&good);
	fds = test_fds();
	prepare(&info, DMABUF);
	CHECK_ERRNO(ask(bytes_cut(&info, MINSZ, 4)), EFAULT);
	CHECK_ERRNO(ask(bytes_cut(&info, MINSZ, 59)), EFAULT);
	CHECK_ERRNO(ask(bytes_read_only(&info, MINSZ)), EFAULT);
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_GFX_DMABUF, NULL), EFAULT);
	CHECK_ERRNO(
		ioctl(device.fd, VFIO_DEVICE_GET_GFX_DMABUF, bytes_unmapped()),
		EFAULT);
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_GFX_DMABUF,
			  bytes_cut(&good.dmabuf_id, 4, 3)),
		    EFAULT);
	CHECK_EQ(test_fds(), fds);
}

TEST("the dma-buf is O_RDWR, close-on-exec and shows what was drawn")
{
	static unsigned char picture[640 * 480 * 4];
	struct vfio_device_gfx_plane_info info;
	unsigned char *map;
	int dmabuf, flags;

	bochs_create(&device, TYPE_16M, &vga);
	bochs_picture(picture, sizeof(picture), 1);
	CHECK_EQ(region_write(&device, BAR0, 0, picture, sizeof(picture)),
		 sizeof(picture));
	query(&info);
	dmabuf = (int)CHECK_OK(get(info.dmabuf_id));
	flags = (int)CHECK_OK(fcntl(dmabuf, F_GETFL));
	CHECK_EQ(flags & O_ACCMODE, O_RDWR);
	flags = (int)CHECK_OK(fcntl(dmabuf, F_GETFD));
	CHECK_EQ(flags & FD_CLOEXEC, FD_CLOEXEC);
	CHECK_EQ(lseek(dmabuf, 0, SEEK_END), info.size);

	map = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf,
		   0);
	CHECK(map != MAP_FAILED);
	CHECK_BYTES(map, picture, sizeof(picture));
	map[5] ^= 0xff;
	CHECK_EQ(region_get(&device, BAR0, 5, 1), picture[5] ^ 0xff);
}

TEST("the id stays while nothing changes and is new after a mode change")
{
	static const struct bochs_mode svga = {
		.width = 800, .height = 600, .bpp = 32};
	struct vfio_device_gfx_plane_info first, again, changed;
	unsigned int i;

	bochs_create(&device, TYPE_16M, &vga);
	query(&first);
	for (i = 0; i < 50; i++) {
		close((int)CHECK_OK(get(first.dmabuf_id)));
		query(&again);
		CHECK_EQ(again.dmabuf_id, first.dmabuf_id);
	}
	bochs_set_mode(&device, &svga);
	query(&changed);
	CHECK_NE(changed.dmabuf_id, first.dmabuf_id);
}

TEST("the old geometry has its old id again while its dma-buf lives")
{
	struct bochs_mode mode = {.width = 320, .height = 200, .bpp = 32};
	struct vfio_device_gfx_plane_info first, again;
	int dmabuf, same;

	bochs_create(&device, TYPE_16M, &vga);
	query(&first);
	dmabuf = (int)CHECK_OK(get(first.dmabuf_id));
	/* More geometries than any small memory of the last few would hold */
	for (; mode.width < 320 + 200; mode.width++) {
		bochs_set_mode(&device, &mode);
		query(&again);
		CHECK_NE(again.dmabuf_id, first.dmabuf_id);
	}
	bochs_set_mode(&device, &vga);
	query(&again);
	CHECK_EQ(again.dmabuf_id, first.dmabuf_id);
	same = (int)CHECK_OK(get(again.dmabuf_id));
	CHECK_EQ(dmabuf_inode(same), dmabuf_inode(dmabuf));
}

TEST("an id stays good while a viewer has its picture, shown or not")
{
	struct bochs_mode mode = {.width = 320, .height = 200, .bpp = 32};
	struct vfio_device_gfx_plane_info first, other;

	bochs_create(&device, TYPE_16M, &vga);
	query(&first);
	plane_create_ok(manager_open(&device), 0, NULL);
	for (; mode.width < 320 + 200; mode.width++) {
		bochs_set_mode(&device, &mode);
		query(&other);
	}
	CHECK_OK(get(first.dmabuf_id));
}

TEST("GET with no fd left is EMFILE, and works again when there is one")
{
	struct vfio_device_gfx_plane_info info;
	struct rlimit limit;
	rlim_t most;

	bochs_create(&device, TYPE_16M, &vga);
	query(&info);
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
	most = limit.rlim_cur;
	limit.rlim_cur = test_fds();
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	CHECK_EQ(get(info.dmabuf_id), -1);
	CHECK_EQ(errno, EMFILE);
	limit.rlim_cur = most;
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	CHECK_OK(get(info.dmabuf_id));
}

TEST("an id that no query gave is an error and leaves no fd")
{
	struct vfio_device_gfx_plane_info info;
	unsigned int fds;

	bochs_create(&device, TYPE_16M, &vga);
	fds = test_fds();
	CHECK_EQ(get(0), -1);
	CHECK_EQ(get(1000), -1);
	CHECK_EQ(get(UINT32_MAX), -1);
	query(&info);
	CHECK_EQ(get(info.dmabuf_id + 1), -1);
	CHECK_EQ(get(info.dmabuf_id - 1), -1);
	CHECK_EQ(test_fds(), fds);
}

TEST("both ABIs give the same dma-buf for the same access")
{
	struct vfio_device_gfx_plane_info info;
	int gfx, writable, read_only, manager;

	bochs_create(&device, TYPE_16M, &vga);
	manager = manager_open(&device);
	query(&info);
	gfx = (int)CHECK_OK(get(info.dmabuf_id));
	writable =
		plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE, NULL);
	read_only = plane_create_ok(manager, 0, NULL);
	CHECK_EQ(dmabuf_inode(gfx), dmabuf_inode(writable));
	CHECK_NE(dmabuf_inode(gfx), dmabuf_inode(read_only));
}

TEST("a query on the device fd does not take a manager fd's change away")
{
	struct vfio_device_gfx_plane_info info;
	struct pollfd poll_for = {.events = POLLIN};

	bochs_create(&device, TYPE_16M, &vga);
	poll_for.fd = manager_open(&device);
	query(&info);
	CHECK_EQ(poll(&poll_for, 1, 0), 1);
	CHECK_EQ(poll_for.revents, POLLIN);
}
