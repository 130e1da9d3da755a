// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ops on fds of every kind: open, close, pass on, fork.
 */
#include "run.h"

#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FORKS 2
#define PROGRAM_SECONDS 5

long run_keep_fd(struct run *run, uint64_t slot, long fd)
{
	if (fd >= 0)
		run->fds[slot] = (int)fd;
	return fd;
}

/* to, device */
long run_open(struct run *run, const uint64_t *operands)
{
	return run_keep_fd(run, operands[0],
			   devices_open_spare((enum device_kind)operands[1]));
}

long run_remove(struct run *run, const uint64_t *operands)
{
	(void)run;
	devices_ask_remove((enum device_kind)operands[0]);
	return 0;
}

long run_make(struct run *run, const uint64_t *operands)
{
	(void)run;
	devices_ask_make((enum device_kind)operands[0]);
	return 0;
}

long run_close(struct run *run, const uint64_t *operands)
{
	long result = run_result(close(run->fds[operands[0]]));

	run->fds[operands[0]] = -1;
	return result;
}

/* to, fd */
long run_dup(struct run *run, const uint64_t *operands)
{
	int fd = fcntl(run->fds[operands[1]], F_DUPFD_CLOEXEC, 0);

	return run_keep_fd(run, operands[0], run_result(fd));
}

/* to, fd, mode */
long run_reopen(struct run *run, const uint64_t *operands)
{
	static const int modes[] = {O_RDONLY, O_RDWR, O_PATH};
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", run->fds[operands[1]]);
	return run_keep_fd(
		run, operands[0],
		run_result(open(path, modes[operands[2]] | O_CLOEXEC)));
}

static long send_fd(int mail, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return run_result(sendmsg(mail, &message, MSG_DONTWAIT));
}

static long receive_fd(int mail)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec data = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	const struct cmsghdr *header;
	int fd = -1;

	if (recvmsg(mail, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd < 0 ? -EBADF : fd;
}

/* to, fd: what comes out is what was sent first */
long run_pass(struct run *run, const uint64_t *operands)
{
	long result = send_fd(run->mail[0], run->fds[operands[1]]);

	if (result < 0)
		return result;
	return run_keep_fd(run, operands[0], receive_fd(run->mail[1]));
}

/* It stays on its way until the process ends, or another is passed */
long run_post(struct run *run, const uint64_t *operands)
{
	return send_fd(run->mail[0], run->fds[operands[0]]);
}

long run_eventfd(struct run *run, const uint64_t *operands)
{
	return run_keep_fd(run, operands[0],
			   run_result(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)));
}

/* Both go on with the program */
long run_fork(struct run *run, const uint64_t *operands)
{
	pid_t pid;

	(void)operands;
	if (run->forks == MAX_FORKS)
		return -EAGAIN;
	run->forks++;
	pid = fork();
	if (!pid) {
		run->forked = true;
		alarm(PROGRAM_SECONDS);
	}
	return pid < 0 ? -errno : 0;
}

/* fd, cmd, at, w0, w1, w2, w3 */
long run_ioctl(struct run *run, const uint64_t *operands)
{
	uint32_t words[32] = {(uint32_t)operands[3], (uint32_t)operands[4],
			      (uint32_t)operands[5], (uint32_t)operands[6]};

	return run_ioctl_at(run, operands[0], operands[1], operands[2], words,
			    sizeof(words));
}

/* fd, events */
long run_poll(struct run *run, const uint64_t *operands)
{
	struct pollfd poll_fd = {.fd = run->fds[operands[0]],
				 .events = (short)operands[1]};

	return run_result(poll(&poll_fd, 1, 0));
}

/* to, fd, events; a new epoll each time, which waits once */
long run_epoll(struct run *run, const uint64_t *operands)
{
	struct epoll_event event = {.events = (uint32_t)operands[2]};
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return -errno;
	run_keep_fd(run, operands[0], fd);
	if (epoll_ctl(fd, EPOLL_CTL_ADD, run->fds[operands[1]], &event))
		return -errno;
	return run_result(epoll_wait(fd, &event, 1, 0));
}

long run_fdinfo(struct run *run, const uint64_t *operands)
{
	char path[64], text[4096];
	long result;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d",
		 run->fds[operands[0]]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = run_result(read(fd, text, sizeof(text)));
	close(fd);
	/* How much there is to tell is no news */
	return result < 0 ? result : 0;
}
