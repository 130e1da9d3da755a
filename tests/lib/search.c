// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The library's search of a process, this one, for displays of a kernel that is
 * played, see played.h.
 */
#include <planefd.h>

#include "played.h"
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

static void check_none(int expected)
{
	struct planefd **all;
	struct planefd *one = NULL;
	unsigned int fds = test_fds();

	CHECK_EQ(planefd_open_process_all(getpid(), &all), expected);
	CHECK(!all);
	CHECK_EQ(planefd_open_process(getpid(), NULL, &one), expected);
	CHECK(!one);
	CHECK_EQ(test_fds(), fds);
}

TEST("the only display of a process is found without a name")
{
	struct planefd *planefd;
	struct planefd_info info;

	add_device("A");
	unsigned int fds = test_fds();
	CHECK_EQ(planefd_open_process(getpid(), NULL, &planefd), 0);
	CHECK_EQ(test_fds(), fds + 1);
	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_STR(info.device, "A");
	planefd_close(planefd);
	CHECK_EQ(test_fds(), fds);
}

TEST("several fds of one device are one display")
{
	struct planefd **all;

	int fd = add_device("A");
	CHECK_OK(dup(fd));
	add_device("A");
	unsigned int fds = test_fds();
	CHECK_EQ(planefd_open_process_all(getpid(), &all), 1);
	CHECK_EQ(test_fds(), fds + 1);
	planefd_close(all[0]);
	free(all);
}

TEST("of several displays one is chosen by name, and none without one")
{
	struct planefd *planefd = NULL;
	struct planefd_info info;

	add_device("A");
	add_device("B");
	unsigned int fds = test_fds();
	CHECK_EQ(planefd_open_process(getpid(), NULL, &planefd), -ENOTUNIQ);
	CHECK_EQ(planefd_open_process(getpid(), "C", &planefd), -ENODEV);
	CHECK(!planefd);
	CHECK_EQ(test_fds(), fds);
	CHECK_EQ(planefd_open_process(getpid(), "b", &planefd), 0);
	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_STR(info.device, "B");
	planefd_close(planefd);
}

TEST("VFIO devices that are no displays are passed over")
{
	struct planefd **all;

	add_device("notty");
	add_device("mainline");
	add_device("closing");
	add_device("gone");
	add_device("A");
	add_device("notty");
	CHECK_EQ(planefd_open_process_all(getpid(), &all), 1);
	planefd_close(all[0]);
	free(all);
}

TEST("only VFIO devices without a manager are -ENOTTY")
{
	add_device("notty");
	check_none(-ENOTTY);
	add_device("mainline");
	check_none(-ENOTTY);
}

TEST("a device that is being closed, or has gone, is as good as none")
{
	add_device("closing");
	check_none(-ENODEV);
	add_device("gone");
	check_none(-ENODEV);
}

TEST("a shortage of fds ends the search and is told, and nothing leaks")
{
	add_device("A");
	add_device("short");
	check_none(-EMFILE);
}

TEST("a device that is full hides no other display of its process")
{
	struct planefd *planefd;
	struct planefd_info info;
	struct planefd **all;

	add_device("full");
	add_device("A");
	CHECK_EQ(planefd_open_process_all(getpid(), &all), 1);
	planefd_close(all[0]);
	free(all);
	CHECK_EQ(planefd_open_process(getpid(), "A", &planefd), 0);
	CHECK_EQ(planefd_get_info(planefd, &info), 0);
	CHECK_STR(info.device, "A");
	planefd_close(planefd);
}

TEST("the only display is not chosen without a name beside a full device")
{
	struct planefd *planefd = NULL;

	add_device("A");
	add_device("full");
	CHECK_EQ(planefd_open_process(getpid(), NULL, &planefd), -ENOTUNIQ);
	CHECK(!planefd);
}

TEST("a process whose only display is full is -EUSERS, whatever its name")
{
	struct planefd *planefd = NULL;

	add_device("notty");
	add_device("full");
	check_none(-EUSERS);
	CHECK_EQ(planefd_open_process(getpid(), "A", &planefd), -EUSERS);
	CHECK(!planefd);
}

TEST("a search tells each display, and of a full one its fd and error")
{
	struct planefd_found *found;

	add_device("notty");
	int first = add_device("A");
	int second = add_device("full");
	add_device("closing");
	unsigned int fds = test_fds();
	CHECK_EQ(planefd_search_process(getpid(), &found), 2);
	CHECK_EQ(test_fds(), fds + 1);
	CHECK(found[0].planefd);
	CHECK_EQ(found[0].error, 0);
	CHECK_EQ(found[0].fd, first);
	CHECK_STR(found[0].device, "A");
	CHECK(!found[1].planefd);
	CHECK_EQ(found[1].error, -EUSERS);
	CHECK_EQ(found[1].fd, second);
	CHECK_STR(found[1].device, "");
	planefd_close(found[0].planefd);
	free(found);
}

TEST("a full character device is named by sysfs, however often it is open")
{
	struct planefd_found *found;
	struct planefd *planefd = NULL;

	int fd = add_device("full-cdev");
	CHECK_OK(dup(fd));
	add_device("A");
	CHECK_EQ(planefd_search_process(getpid(), &found), 2);
	CHECK_EQ(found[0].error, -EUSERS);
	CHECK_EQ(found[0].fd, fd);
	CHECK_STR(found[0].device, PLAYED_CDEV);
	CHECK_STR(found[1].device, "A");
	planefd_close(found[1].planefd);
	free(found);
	CHECK_EQ(planefd_open_process(getpid(), PLAYED_CDEV, &planefd),
		 -EUSERS);
	CHECK_EQ(planefd_open_process(getpid(), "B", &planefd), -ENODEV);
	CHECK(!planefd);
}
