// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking into a process that has no display: each reason has an error of its
 * own, and nothing is left open.
 */
#include <planefd.h>

#include "test.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

/* Both functions answer the same, give nothing, and leave no fd */
static void check_answer(pid_t pid, int expected)
{
	struct planefd *one = NULL;
	struct planefd **all = (struct planefd **)&one;
	unsigned int fds = test_fds();

	CHECK_EQ(planefd_open_process(pid, NULL, &one), expected);
	CHECK(!one);
	CHECK_EQ(planefd_open_process(pid, "a-name", &one), expected);
	CHECK(!one);
	CHECK_EQ(planefd_open_process_all(pid, &all), expected);
	CHECK(!all);
	CHECK_EQ(test_fds(), fds);
}

static void wait_for_end(void *arg)
{
	(void)arg;
	for (;;)
		pause();
}

static void end_at_once(void *arg)
{
	(void)arg;
}

TEST("a pid that no process has is -ESRCH, and so is one that cannot be")
{
	pid_t pid = test_fork(end_at_once, NULL);

	test_join(pid);
	check_answer(pid, -ESRCH);
	check_answer(0, -ESRCH);
	check_answer(-1, -ESRCH);
	check_answer(-getpid(), -ESRCH);
}

TEST("a process that has ended, but was not waited for, is -ESRCH")
{
	siginfo_t info;
	pid_t pid = test_fork(end_at_once, NULL);

	CHECK_OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	check_answer(pid, -ESRCH);
	test_join(pid);
}

static void *tell_thread(void *arg)
{
	const int *pipe_fds = arg;
	pid_t tid = (pid_t)syscall(SYS_gettid);

	if (write(pipe_fds[1], &tid, sizeof(tid)) != sizeof(tid))
		_exit(1);
	for (;;)
		pause();
}

TEST("the number of a thread that is no process's is -ESRCH")
{
	pthread_t thread;
	int pipe_fds[2];
	pid_t tid;

	CHECK_OK(pipe(pipe_fds));
	CHECK_EQ(pthread_create(&thread, NULL, tell_thread, pipe_fds), 0);
	CHECK_EQ(read(pipe_fds[0], &tid, sizeof(tid)), sizeof(tid));
	check_answer(tid, -ESRCH);
}

TEST("a process without a VFIO device is -ENODEV")
{
	pid_t pid = test_fork(wait_for_end, NULL);

	check_answer(getpid(), -ENODEV);
	check_answer(pid, -ENODEV);
	test_kill(pid);
}

static void ask_as_nobody(void *arg)
{
	const pid_t *pid = arg;

	CHECK_OK(setgroups(0, NULL));
	CHECK_OK(setgid(NOBODY));
	CHECK_OK(setuid(NOBODY));
	check_answer(*pid, -EPERM);
}

TEST("a process of another user is -EPERM")
{
	pid_t me = getpid();

	if (geteuid())
		test_skip("only root can become nobody");
	test_join(test_fork(ask_as_nobody, &me));
}

static void ask_about_ended_as_nobody(void *arg)
{
	const pid_t *pid = arg;

	CHECK_OK(setgroups(0, NULL));
	CHECK_OK(setgid(NOBODY));
	CHECK_OK(setuid(NOBODY));
	check_answer(*pid, -ESRCH);
}

TEST("that a process has gone is told before that it may not be looked into")
{
	pid_t pid = test_fork(end_at_once, NULL);

	if (geteuid())
		test_skip("only root can become nobody");
	test_join(pid);
	test_join(test_fork(ask_about_ended_as_nobody, &pid));
}

static void become_undumpable(void *arg)
{
	const int *pipe_fds = arg;

	CHECK_OK(setgroups(0, NULL));
	CHECK_OK(setgid(NOBODY));
	CHECK_OK(setuid(NOBODY));
	CHECK_OK(prctl(PR_SET_DUMPABLE, 0));
	CHECK_EQ(write(pipe_fds[1], "x", 1), 1);
	for (;;)
		pause();
}

TEST("a process of the same user that may not be traced is -EPERM")
{
	int pipe_fds[2];
	char byte;

	if (geteuid())
		test_skip("only root can become nobody");
	CHECK_OK(pipe(pipe_fds));
	pid_t pid = test_fork(become_undumpable, pipe_fds);
	CHECK_EQ(read(pipe_fds[0], &byte, 1), 1);
	test_join(test_fork(ask_as_nobody, &pid));
	test_kill(pid);
}

static void become_mightier(void *arg)
{
	const int *pipe_fds = arg;

	/* Of the same user, not hidden, but with root's capabilities kept */
	CHECK_OK(prctl(PR_SET_KEEPCAPS, 1));
	CHECK_OK(setgroups(0, NULL));
	CHECK_OK(setgid(NOBODY));
	CHECK_OK(setuid(NOBODY));
	CHECK_OK(prctl(PR_SET_DUMPABLE, 1));
	CHECK_EQ(write(pipe_fds[1], "x", 1), 1);
	for (;;)
		pause();
}

TEST("a process whose fds can be counted but not looked at is -EPERM")
{
	int pipe_fds[2];
	char byte;

	if (geteuid())
		test_skip("only root can become nobody");
	CHECK_OK(pipe(pipe_fds));
	pid_t pid = test_fork(become_mightier, pipe_fds);
	CHECK_EQ(read(pipe_fds[0], &byte, 1), 1);
	test_join(test_fork(ask_as_nobody, &pid));
	test_kill(pid);
}

TEST("a fd that is no manager is -ENOTTY, stays the caller's and stays open")
{
	struct planefd *planefd = NULL;
	int fd = (int)CHECK_OK(open("/dev/null", O_RDWR | O_CLOEXEC));
	unsigned int fds = test_fds();

	CHECK_EQ(planefd_open_manager(fd, &planefd), -ENOTTY);
	CHECK_EQ(planefd_open_device(fd, &planefd), -ENOTTY);
	CHECK(!planefd);
	CHECK_EQ(test_fds(), fds);
	CHECK_OK(fcntl(fd, F_GETFD));
}

TEST("a number that is no fd is -EBADF")
{
	struct planefd *planefd = NULL;

	CHECK_EQ(planefd_open_manager(-1, &planefd), -EBADF);
	CHECK_EQ(planefd_open_device(-1, &planefd), -EBADF);
}

TEST("closing nothing and destroying nothing are fine")
{
	planefd_close(NULL);
	planefd_buffer_destroy(NULL);
}

TEST("a plane's id is type, index and head, a byte each")
{
	CHECK_EQ(planefd_plane_id(PLANEFD_PRIMARY, 0, 0), 1);
	CHECK_EQ(planefd_plane_id(PLANEFD_CURSOR, 0, 0), 2);
	CHECK_EQ(planefd_plane_id(PLANEFD_OVERLAY, 3, 2), 0x020300);
	CHECK_EQ(planefd_plane_id(PLANEFD_CURSOR, 255, 255), 0xffff02);
}
