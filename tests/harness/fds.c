// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Handing on fds, see fds.h.
 */
#include "fds.h"

#include "test.h"

#include <string.h>
#include <sys/socket.h>

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

void fds_send(int socket, int fd, uint32_t number)
{
	union control control = {0};
	struct iovec data = {.iov_base = &number, .iov_len = sizeof(number)};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.bytes),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	CHECK_EQ(sendmsg(socket, &message, MSG_NOSIGNAL), sizeof(number));
}

int fds_receive(int socket, uint32_t *number)
{
	union control control = {0};
	struct iovec data = {.iov_base = number, .iov_len = sizeof(*number)};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.bytes),
	};
	int fd;

	if (!CHECK_OK(recvmsg(socket, &message, MSG_CMSG_CLOEXEC)))
		return -1;
	CHECK_EQ(control.header.cmsg_type, SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}
