// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ABI answer by answer: CREATE_DMABUF.
 */
#include "bytes.h"
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};

static struct device device;
static int manager;
static unsigned int fds;

static void set_up(void)
{
	device_create(&device, TYPE_16M);
	manager = manager_open(&device);
	fds = test_fds();
}

static void set_up_on(void)
{
	set_up();
	bochs_place(&device, VRAM_BASE);
	bochs_set_mode(&device, &vga);
}

/* More bytes than the struct has, so that too long a write is seen */
struct long_create {
	struct vfio_dmabuf_mgr_create_dmabuf create;
	unsigned char beyond[64];
};

static void prepare(struct long_create *create, uint32_t argsz)
{
	memset(create, UNTOUCHED, sizeof(*create));
	create->create.argsz = argsz;
	create->create.flags = 0;
	create->create.plane_id = PRIMARY;
}

static int ask(struct long_create *create)
{
	return ioctl(manager, VFIO_DMABUF_MGR_CREATE_DMABUF, create);
}

static void check_refused(const struct long_create *asked, int error)
{
	struct long_create answer = *asked;

	CHECK_ERRNO(ask(&answer), error);
	CHECK_BYTES(&answer, asked, sizeof(answer));
	CHECK_EQ(test_fds(), fds);
}

TEST("CREATE of a plane that is off is ENOENT, writes nothing, leaves no fd")
{
	struct long_create create;

	set_up();
	prepare(&create, sizeof(create.create));
	check_refused(&create, ENOENT);
	create.create.flags = VFIO_DMABUF_MGR_CREATE_WRITABLE;
	check_refused(&create, ENOENT);
}

TEST("CREATE with argsz under 64 is EINVAL, writes nothing, leaves no fd")
{
	struct long_create create;
	uint32_t argsz;

	set_up_on();
	for (argsz = 0; argsz < 64; argsz++) {
		prepare(&create, argsz);
		check_refused(&create, EINVAL);
	}
}

TEST("CREATE with an unknown flag is EINVAL, writes nothing, leaves no fd")
{
	struct long_create create;
	unsigned int bit;

	set_up_on();
	for (bit = 1; bit < 32; bit++) {
		prepare(&create, sizeof(create.create));
		create.create.flags = UINT32_C(1) << bit;
		check_refused(&create, EINVAL);
		create.create.flags |= VFIO_DMABUF_MGR_CREATE_WRITABLE;
		check_refused(&create, EINVAL);
	}
}

TEST("CREATE of a plane that the device never has is EINVAL, writes nothing")
{
	static const uint32_t ids[] = {
		0,	 2,	   3,	      0xff,	  0x101,      0xff01,
		0x10001, 0xff0001, 0x1000001, 0x80000001, UINT32_MAX,
	};
	struct long_create create;
	unsigned int i;

	set_up_on();
	for (i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		prepare(&create, sizeof(create.create));
		create.create.plane_id = ids[i];
		check_refused(&create, EINVAL);
	}
}

TEST("CREATE's fd is O_RDONLY and close-on-exec")
{
	int dmabuf, flags;

	set_up_on();
	dmabuf = plane_create_ok(manager, 0, NULL);
	flags = (int)CHECK_OK(fcntl(dmabuf, F_GETFL));
	CHECK_EQ(flags & O_ACCMODE, O_RDONLY);
	flags = (int)CHECK_OK(fcntl(dmabuf, F_GETFD));
	CHECK_EQ(flags & FD_CLOEXEC, FD_CLOEXEC);
}

TEST("CREATE's fd is O_RDWR and close-on-exec where writable was asked for")
{
	int dmabuf, flags;

	set_up_on();
	dmabuf =
		plane_create_ok(manager, VFIO_DMABUF_MGR_CREATE_WRITABLE, NULL);
	flags = (int)CHECK_OK(fcntl(dmabuf, F_GETFL));
	CHECK_EQ(flags & O_ACCMODE, O_RDWR);
	flags = (int)CHECK_OK(fcntl(dmabuf, F_GETFD));
	CHECK_EQ(flags & FD_CLOEXEC, FD_CLOEXEC);
}

TEST("CREATE tells the geometry of what it exported, as QUERY does")
{
	struct vfio_dmabuf_mgr_plane_info info;
	union plane_query query;
	int dmabuf;

	set_up_on();
	dmabuf = plane_create_ok(manager, 0, &info);
	plane_check(&info, &vga, VRAM_BASE);
	plane_query_ok(manager, &query);
	CHECK_BYTES(&info, &query.base.plane_info, sizeof(info));
	CHECK_EQ(lseek(dmabuf, 0, SEEK_END), info.size);
}

TEST("CREATE with argsz 64 needs no byte after the 64th")
{
	struct long_create create;
	struct vfio_dmabuf_mgr_create_dmabuf *tight = test_guarded(64);

	set_up_on();
	prepare(&create, 64);
	memcpy(tight, &create, 64);
	CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_CREATE_DMABUF, tight));
	CHECK_OK(fcntl(tight->fd, F_GETFD));
	CHECK_EQ(test_fds(), fds + 1);
}

TEST("CREATE with argsz over 64 writes nothing after the 64th byte")
{
	static const uint32_t sizes[] = {64, 65, 112, 4096, UINT32_MAX};
	struct long_create create;
	unsigned int i;

	set_up_on();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		prepare(&create, sizes[i]);
		CHECK_EQ(ask(&create), 0);
		CHECK_EQ(create.create.plane_id, PRIMARY);
		CHECK_OK(close(create.create.fd));
		CHECK_ALL(create.beyond, UNTOUCHED, sizeof(create.beyond));
	}
	CHECK_EQ(test_fds(), fds);
}

TEST("CREATE of a bad pointer is EFAULT and leaves no fd, however often")
{
	struct long_create create;
	void *unmapped = bytes_unmapped();
	void *read_only;
	unsigned int round;

	set_up_on();
	prepare(&create, sizeof(create.create));
	read_only = bytes_read_only(&create, sizeof(create));
	for (round = 0; round < 1000; round++) {
		CHECK_ERRNO(ask(NULL), EFAULT);
		CHECK_ERRNO(ask(unmapped), EFAULT);
		CHECK_ERRNO(ask(read_only), EFAULT);
	}
	CHECK_ERRNO(ask(bytes_cut(&create, sizeof(create), 4)), EFAULT);
	CHECK_ERRNO(ask(bytes_cut(&create, sizeof(create), 32)), EFAULT);
	CHECK_ERRNO(ask(bytes_cut(&create, sizeof(create), 60)), EFAULT);
	CHECK_ERRNO(ask(bytes_cut(&create, sizeof(create), 63)), EFAULT);
	CHECK_EQ(test_fds(), fds);
	CHECK_EQ(ask(&create), 0);
}

TEST("CREATE with no fd left is EMFILE, and works again when there is one")
{
	struct vfio_dmabuf_mgr_create_dmabuf create;
	struct rlimit limit;

	set_up_on();
	limit.rlim_cur = fds;
	limit.rlim_max = fds + 1;
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	CHECK_ERRNO(plane_create(manager, PRIMARY, 0, &create), EMFILE);
	limit.rlim_cur = fds + 1;
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	CHECK_EQ(plane_create(manager, PRIMARY, 0, &create), 0);
}
