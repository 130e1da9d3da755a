// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ABI answer by answer: GET_INFO and DROP_RIGHTS.
 */
#include "bytes.h"
#include "fds.h"
#include "planes.h"
#include "test.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct bochs_mode vga = {.width = 640, .height = 480, .bpp = 32};

static struct device device;
static int manager;

static void set_up(void)
{
	device_create(&device, TYPE_16M);
	bochs_set_mode(&device, &vga);
	manager = manager_open(&device);
}

struct long_info {
	struct vfio_dmabuf_mgr_info info;
	unsigned char beyond[64];
};

static void prepare(struct long_info *info, uint32_t argsz)
{
	memset(info, UNTOUCHED, sizeof(*info));
	info->info.argsz = argsz;
	info->info.flags = 0;
}

static int get_info(int fd, void *info)
{
	return ioctl(fd, VFIO_DMABUF_MGR_GET_INFO, info);
}

static uint32_t rights_of(int fd)
{
	struct vfio_dmabuf_mgr_info info = {.argsz = sizeof(info)};

	CHECK_OK(get_info(fd, &info));
	return info.rights;
}

static int drop(int fd, uint32_t argsz, uint32_t flags, uint32_t rights)
{
	struct vfio_dmabuf_mgr_drop_rights drop = {
		.argsz = argsz,
		.flags = flags,
		.rights = rights,
	};

	return ioctl(fd, VFIO_DMABUF_MGR_DROP_RIGHTS, &drop);
}

static void drop_writable(int fd)
{
	CHECK_OK(drop(fd, sizeof(struct vfio_dmabuf_mgr_drop_rights), 0,
		      VFIO_DMABUF_MGR_RIGHT_WRITABLE));
}

static void check_may_write(int fd)
{
	CHECK_EQ(rights_of(fd), VFIO_DMABUF_MGR_RIGHT_WRITABLE);
	close(plane_create_ok(fd, VFIO_DMABUF_MGR_CREATE_WRITABLE, NULL));
}

static void check_may_only_look(int fd)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;
	unsigned int fds = test_fds();

	CHECK_EQ(rights_of(fd), 0);
	CHECK_ERRNO(plane_create(fd, PRIMARY, VFIO_DMABUF_MGR_CREATE_WRITABLE,
				 &create),
		    EPERM);
	CHECK_EQ(create.fd, -1);
	CHECK_EQ(test_fds(), fds);
	close(plane_create_ok(fd, 0, NULL));
}

TEST("GET_INFO tells heads, planes, what the device can tell, rights and name")
{
	struct long_info info;
	char name[sizeof(info.info.device)] = "";

	set_up();
	strcpy(name, device.uuid);
	prepare(&info, sizeof(info.info));
	CHECK_EQ(get_info(manager, &info), 0);
	CHECK_EQ(info.info.flags, 0);
	CHECK_EQ(info.info.heads, 1);
	CHECK_EQ(info.info.overlays, 0);
	CHECK_EQ(info.info.primaries, 1);
	CHECK_EQ(info.info.cursors, 0);
	CHECK_EQ(info.info.caps, VFIO_DMABUF_MGR_CAP_FLIPS);
	CHECK_EQ(info.info.rights, VFIO_DMABUF_MGR_RIGHT_WRITABLE);
	CHECK_BYTES(info.info.device, name, sizeof(name));
	CHECK_ALL(info.beyond, UNTOUCHED, sizeof(info.beyond));
}

TEST("GET_INFO with argsz under 96 is EINVAL and writes nothing")
{
	struct long_info info, asked;
	uint32_t argsz;

	set_up();
	for (argsz = 0; argsz < 96; argsz++) {
		prepare(&info, argsz);
		asked = info;
		CHECK_ERRNO(get_info(manager, &info), EINVAL);
		CHECK_BYTES(&info, &asked, sizeof(info));
	}
}

TEST("GET_INFO with any flag is EINVAL and writes nothing")
{
	struct long_info info, asked;
	unsigned int bit;

	set_up();
	for (bit = 0; bit < 32; bit++) {
		prepare(&info, sizeof(info.info));
		info.info.flags = UINT32_C(1) << bit;
		asked = info;
		CHECK_ERRNO(get_info(manager, &info), EINVAL);
		CHECK_BYTES(&info, &asked, sizeof(info));
	}
}

TEST("GET_INFO with argsz over 96 writes 96 bytes")
{
	struct long_info info;
	struct vfio_dmabuf_mgr_info *tight = test_guarded(96);

	set_up();
	prepare(&info, UINT32_MAX);
	CHECK_EQ(get_info(manager, &info), 0);
	CHECK_ALL(info.beyond, UNTOUCHED, sizeof(info.beyond));
	prepare(&info, 4096);
	memcpy(tight, &info, 96);
	CHECK_EQ(get_info(manager, tight), 0);
}

TEST("GET_INFO of a bad pointer is EFAULT")
{
	struct long_info info;

	set_up();
	prepare(&info, sizeof(info.info));
	CHECK_ERRNO(get_info(manager, NULL), EFAULT);
	CHECK_ERRNO(get_info(manager, bytes_unmapped()), EFAULT);
	CHECK_ERRNO(get_info(manager, bytes_cut(&info, 96, 4)), EFAULT);
	CHECK_ERRNO(get_info(manager, bytes_cut(&info, 96, 8)), EFAULT);
	CHECK_ERRNO(get_info(manager, bytes_cut(&info, 96, 95)), EFAULT);
	CHECK_ERRNO(get_info(manager, bytes_read_only(&info, 96)), EFAULT);
}

TEST("DROP_RIGHTS takes writable buffers away and leaves looking")
{
	set_up();
	check_may_write(manager);
	drop_writable(manager);
	check_may_only_look(manager);
}

TEST("DROP_RIGHTS of what is dropped already, or of nothing, is no error")
{
	uint32_t size = sizeof(struct vfio_dmabuf_mgr_drop_rights);

	set_up();
	CHECK_OK(drop(manager, size, 0, 0));
	check_may_write(manager);
	drop_writable(manager);
	drop_writable(manager);
	CHECK_OK(drop(manager, size, 0, 0));
	check_may_only_look(manager);
}

TEST("DROP_RIGHTS with short argsz, a flag or an unknown right drops nothing")
{
	uint32_t writable = VFIO_DMABUF_MGR_RIGHT_WRITABLE;
	uint32_t size = sizeof(struct vfio_dmabuf_mgr_drop_rights);
	unsigned int bit;
	uint32_t argsz;

	set_up();
	for (argsz = 0; argsz < 12; argsz++)
		CHECK_ERRNO(drop(manager, argsz, 0, writable), EINVAL);
	for (bit = 0; bit < 32; bit++)
		CHECK_ERRNO(drop(manager, size, UINT32_C(1) << bit, writable),
			    EINVAL);
	for (bit = 2; bit < 32; bit++)
		CHECK_ERRNO(
			drop(manager, size, 0, writable | UINT32_C(1) << bit),
			EINVAL);
	check_may_write(manager);
}

TEST("DROP_RIGHTS of a bad pointer is EFAULT and drops nothing")
{
	struct vfio_dmabuf_mgr_drop_rights drop = {
		.argsz = sizeof(drop),
		.rights = VFIO_DMABUF_MGR_RIGHT_WRITABLE,
	};
	unsigned int request = VFIO_DMABUF_MGR_DROP_RIGHTS;

	set_up();
	CHECK_ERRNO(ioctl(manager, request, NULL), EFAULT);
	CHECK_ERRNO(ioctl(manager, request, bytes_unmapped()), EFAULT);
	CHECK_ERRNO(ioctl(manager, request, bytes_cut(&drop, 12, 4)), EFAULT);
	CHECK_ERRNO(ioctl(manager, request, bytes_cut(&drop, 12, 11)), EFAULT);
	check_may_write(manager);
}

TEST("DROP_RIGHTS only reads, and no more than 12 bytes")
{
	struct vfio_dmabuf_mgr_drop_rights drop = {
		.argsz = 4096,
		.rights = VFIO_DMABUF_MGR_RIGHT_WRITABLE,
	};
	void *tight = test_guarded(12);

	set_up();
	memcpy(tight, &drop, 12);
	CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_DROP_RIGHTS, tight));
	CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_DROP_RIGHTS,
		       bytes_read_only(&drop, 12)));
	check_may_only_look(manager);
}

TEST("DROP_RIGHTS holds for a duplicate of the fd and not for another file")
{
	int duplicate, other;

	set_up();
	duplicate = (int)CHECK_OK(dup(manager));
	other = manager_open(&device);
	drop_writable(duplicate);
	check_may_only_look(duplicate);
	check_may_only_look(manager);
	check_may_write(other);
	check_may_write(manager_open(&device));
}

static void receive_and_look(void *arg)
{
	uint32_t unused;

	close(manager);
	check_may_only_look(fds_receive(*(int *)arg, &unused));
}

TEST("DROP_RIGHTS before or after a fd was passed on holds for its receiver")
{
	int sockets[2];
	pid_t pid;

	set_up();
	CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	drop_writable(manager);
	pid = test_fork(receive_and_look, &sockets[1]);
	fds_send(sockets[0], manager, 0);
	test_join(pid);

	manager = manager_open(&device);
	fds_send(sockets[0], manager, 0);
	drop_writable(manager);
	test_join(test_fork(receive_and_look, &sockets[1]));
}
