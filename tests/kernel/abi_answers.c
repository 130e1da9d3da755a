// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ABI answer by answer: GET_FD, QUERY_PLANE, and every ioctl that a
 * manager fd does not have. CREATE_DMABUF is in abi_create.c.
 */
#include "bytes.h"
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};

static struct device device;
static int manager;

static void set_up(void)
{
	device_create(&device, TYPE_16M);
	manager = manager_open(&device);
}

static void set_up_on(void)
{
	set_up();
	bochs_place(&device, VRAM_BASE);
	bochs_set_mode(&device, &vga);
}

/* More bytes than any struct has, so that too long a write is seen */
struct long_query {
	union plane_query query;
	unsigned char beyond[64];
};

static void prepare(struct long_query *query, uint32_t argsz)
{
	memset(query, UNTOUCHED, sizeof(*query));
	query->query.base.argsz = argsz;
	query->query.base.flags = 0;
	query->query.base.plane_id = PRIMARY;
}

static int ask(struct long_query *query)
{
	return ioctl(manager, VFIO_DMABUF_MGR_QUERY_PLANE, query);
}

static void check_refused(const struct long_query *asked)
{
	struct long_query answer = *asked;

	CHECK_ERRNO(ask(&answer), EINVAL);
	CHECK_BYTES(&answer, asked, sizeof(answer));
}

TEST("GET_FD of type 0 gives a new fd each time, O_RDWR and close-on-exec")
{
	int other, flags;

	set_up();
	other = manager_open(&device);
	CHECK_NE(other, manager);
	flags = (int)CHECK_OK(fcntl(manager, F_GETFL));
	CHECK_EQ(flags & O_ACCMODE, O_RDWR);
	flags = (int)CHECK_OK(fcntl(manager, F_GETFD));
	CHECK_EQ(flags & FD_CLOEXEC, FD_CLOEXEC);
}

TEST("GET_FD of types 1 to 59 is EINVAL and leaves no fd")
{
	unsigned int fds;
	uint32_t type, asked;

	set_up();
	fds = test_fds();
	for (type = 1; type < 60; type++) {
		asked = type;
		CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_FD, &asked),
			    EINVAL);
		CHECK_EQ(asked, type);
	}
	CHECK_EQ(test_fds(), fds);
}

TEST("GET_FD's number with a first word of 60 and up is mainline's query")
{
	static const uint32_t sizes[] = {60, 61, 64, 4096, UINT32_MAX};
	struct vfio_device_gfx_plane_info info;
	unsigned int i;

	set_up();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		memset(&info, 0, sizeof(info));
		info.argsz = sizes[i];
		info.flags =
			VFIO_GFX_PLANE_TYPE_PROBE | VFIO_GFX_PLANE_TYPE_DMABUF;
		CHECK_EQ(ioctl(device.fd, VFIO_DEVICE_QUERY_GFX_PLANE, &info),
			 0);
	}
}

TEST("GET_FD of a bad pointer is EFAULT and leaves no fd")
{
	uint32_t type = VFIO_DEVICE_DMABUF_MGR_FD;
	unsigned int fds;

	set_up();
	fds = test_fds();
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_FD, NULL), EFAULT);
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_FD, bytes_unmapped()),
		    EFAULT);
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_FD,
			  bytes_cut(&type, sizeof(type), 2)),
		    EFAULT);
	CHECK_EQ(test_fds(), fds);
}

TEST("GET_FD only reads the type: it may lie in memory that cannot be written")
{
	uint32_t type = VFIO_DEVICE_DMABUF_MGR_FD;

	set_up();
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_GET_FD,
		       bytes_read_only(&type, sizeof(type))));
}

TEST("GET_FD with no fd left is EMFILE")
{
	uint32_t type = VFIO_DEVICE_DMABUF_MGR_FD;
	struct rlimit limit;

	set_up();
	limit.rlim_cur = limit.rlim_max = test_fds();
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	CHECK_ERRNO(ioctl(device.fd, VFIO_DEVICE_GET_FD, &type), EMFILE);
}

TEST("QUERY of a plane that is off answers 0 and all zeros")
{
	struct long_query query;

	set_up();
	prepare(&query, sizeof(query.query));
	CHECK_EQ(ask(&query), 0);
	CHECK_ALL(&query.query.base.plane_info, 0,
		  sizeof(query.query.base.plane_info));
	CHECK_EQ(query.query.ext.buffer_id, 0);
	CHECK_EQ(query.query.ext.damage_width, 0);
	CHECK_EQ(query.query.ext.damage_height, 0);
	CHECK_EQ(query.query.ext.hot_x, VFIO_DMABUF_MGR_UNKNOWN);
	CHECK_EQ(query.query.ext.hot_y, VFIO_DMABUF_MGR_UNKNOWN);
}

TEST("QUERY of a plane that is on tells its geometry")
{
	struct long_query query;

	set_up_on();
	prepare(&query, QUERY_MINSZ);
	CHECK_EQ(ask(&query), 0);
	plane_check(&query.query.base.plane_info, &vga, VRAM_BASE);
}

TEST("QUERY never answers a start of 0 for a plane that is on")
{
	struct long_query query;

	set_up();
	bochs_set_mode(&device, &vga);
	prepare(&query, QUERY_MINSZ);
	CHECK_EQ(ask(&query), 0);
	plane_check(&query.query.base.plane_info, &vga, UINT64_C(1) << 63);
}

TEST("QUERY with argsz under 60 is EINVAL and writes nothing")
{
	struct long_query query;
	uint32_t argsz;

	set_up_on();
	for (argsz = 0; argsz < 60; argsz++) {
		prepare(&query, argsz);
		check_refused(&query);
	}
}

TEST("QUERY with any flag is EINVAL and writes nothing")
{
	struct long_query query;
	unsigned int bit;

	set_up_on();
	for (bit = 0; bit < 32; bit++) {
		prepare(&query, sizeof(query.query));
		query.query.base.flags = UINT32_C(1) << bit;
		check_refused(&query);
	}
}

TEST("QUERY of a plane that the device never has is EINVAL, writes nothing")
{
	static const uint32_t ids[] = {
		0,	 2,	   3,	      0xff,	  0x101,      0xff01,
		0x10001, 0xff0001, 0x1000001, 0x80000001, UINT32_MAX,
	};
	struct long_query query;
	unsigned int i;

	set_up_on();
	for (i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		prepare(&query, sizeof(query.query));
		query.query.base.plane_id = ids[i];
		check_refused(&query);
	}
}

TEST("QUERY with argsz 60 needs no byte after the 60th")
{
	struct long_query query;
	struct vfio_dmabuf_mgr_query_plane *tight = test_guarded(60);

	set_up_on();
	prepare(&query, 60);
	memcpy(tight, &query, 60);
	CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_QUERY_PLANE, tight));
	plane_check(&tight->plane_info, &vga, VRAM_BASE);
}

TEST("QUERY with argsz 60 to 111 writes nothing after the 60th byte")
{
	struct long_query query, asked;
	uint32_t argsz;

	set_up_on();
	for (argsz = 60; argsz < 112; argsz++) {
		prepare(&query, argsz);
		asked = query;
		CHECK_EQ(ask(&query), 0);
		CHECK_BYTES((char *)&query + 56, (char *)&asked + 56,
			    sizeof(query) - 56);
	}
}

TEST("QUERY with argsz 112 and more fills the extension and nothing else")
{
	static const uint32_t sizes[] = {112, 113, 176, 4096, UINT32_MAX};
	struct long_query query;
	unsigned int i;

	set_up_on();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		prepare(&query, sizes[i]);
		CHECK_EQ(ask(&query), 0);
		plane_check(&query.query.base.plane_info, &vga, VRAM_BASE);
		CHECK_ALL((char *)&query + 60, UNTOUCHED, 4);
		CHECK_GT(query.query.ext.sequence, 0);
		CHECK_NE(query.query.ext.buffer_id, 0);
		CHECK_EQ(query.query.ext.hot_x, VFIO_DMABUF_MGR_UNKNOWN);
		CHECK_EQ(query.query.ext.hot_y, VFIO_DMABUF_MGR_UNKNOWN);
		CHECK_ALL(query.beyond, UNTOUCHED, sizeof(query.beyond));
	}
}

TEST("QUERY does not read the four tail bytes")
{
	struct long_query query;
	unsigned int value;

	set_up_on();
	for (value = 0; value < 256; value += 51) {
		prepare(&query, 64);
		memset((char *)&query + 60, (int)value, 4);
		CHECK_EQ(ask(&query), 0);
		plane_check(&query.query.base.plane_info, &vga, VRAM_BASE);
	}
}

TEST("QUERY dates the last change by CLOCK_MONOTONIC")
{
	union plane_query query;
	uint64_t before, after;

	set_up();
	before = test_now();
	bochs_set_mode(&device, &vga);
	after = test_now();
	plane_query_ok(manager, &query);
	CHECK_GE(query.ext.time_ns, before);
	CHECK_LE(query.ext.time_ns, after);
}

TEST("QUERY of a bad pointer is EFAULT")
{
	struct long_query query;

	set_up_on();
	prepare(&query, sizeof(query.query));
	CHECK_ERRNO(ask(NULL), EFAULT);
	CHECK_ERRNO(ask(bytes_unmapped()), EFAULT);
	CHECK_ERRNO(ask(bytes_cut(&query, sizeof(query), 4)), EFAULT);
	CHECK_ERRNO(ask(bytes_cut(&query, sizeof(query), 32)), EFAULT);
	CHECK_ERRNO(ask(bytes_cut(&query, sizeof(query), 59)), EFAULT);
	CHECK_ERRNO(ask(bytes_cut(&query, sizeof(query), 60)), EFAULT);
	CHECK_ERRNO(ask(bytes_cut(&query, sizeof(query), 111)), EFAULT);
	CHECK_ERRNO(ask(bytes_read_only(&query, sizeof(query))), EFAULT);
}

TEST("QUERY into memory that cannot be written leaves the change unseen")
{
	struct long_query query;
	struct pollfd poll_for = {.events = POLLIN};

	set_up_on();
	poll_for.fd = manager;
	prepare(&query, sizeof(query.query));
	CHECK_ERRNO(ask(bytes_read_only(&query, sizeof(query))), EFAULT);
	CHECK_EQ(poll(&poll_for, 1, 0), 1);
	CHECK_EQ(ask(&query), 0);
	CHECK_EQ(poll(&poll_for, 1, 0), 0);
	CHECK_EQ(query.query.ext.damage_width, vga.width);
	CHECK_EQ(query.query.ext.damage_height, vga.height);
}

static bool has_ioctl(unsigned int number)
{
	return number >= 0x73 && number <= 0x77;
}

TEST("every other ioctl on a manager fd is ENOTTY, the device's own too")
{
	static const unsigned long others[] = {
		0x541b /* FIONREAD */,
		0x5401 /* TCGETS */,
		0x40086200,
		0x80000000,
		0xffffffff,
		0x3a73,
		0x3c73,
	};
	unsigned char data[4096], same[4096];
	unsigned int number, direction, i;

	set_up_on();
	memset(data, UNTOUCHED, sizeof(data));
	memcpy(same, data, sizeof(data));
	for (direction = 0; direction < 4; direction++) {
		for (number = 0; number < 256; number++) {
			unsigned long request = _IOC(direction, ';', number,
						     direction ? 64 : 0);

			if (!direction && has_ioctl(number))
				continue;
			CHECK_ERRNO(ioctl(manager, request, data), ENOTTY);
		}
	}
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		CHECK_ERRNO(ioctl(manager, others[i], data), ENOTTY);
	CHECK_BYTES(data, same, sizeof(data));
}

TEST("a manager fd cannot be read, written or mapped")
{
	char byte = 0;

	set_up_on();
	CHECK_EQ(read(manager, &byte, 1), -1);
	CHECK_EQ(write(manager, &byte, 1), -1);
	CHECK_EQ(pread(manager, &byte, 1, 0), -1);
	CHECK_EQ(pwrite(manager, &byte, 1, 0), -1);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, manager, 0) ==
	      MAP_FAILED);
}
