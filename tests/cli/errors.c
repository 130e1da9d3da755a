// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What planefd says and how it exits where there is no display to be had: a
 * machine without the module, or at least a process without a VFIO device.
 */
#include "run.h"

#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct run run;

static void need_no_module(void)
{
	if (!access("/sys/module/vfio_dmabuf_mgr", F_OK))
		test_skip("the module is loaded here");
}

TEST("no verb prints the usage on stderr and exits with 2")
{
	run_planefd(&run, (const char *const[]){ NULL });
	CHECK_EQ(run.status, 2);
	CHECK_EQ(run.out_size, 0);
	CHECK(strstr(run.err, "usage: planefd VERB"));
}

TEST("--help of planefd and of each verb is on stdout, at most 80 wide")
{
	static const char *const verbs[] = { "list", "info", "shot", "watch",
					     "mode" };

	RUN(&run, "--help");
	CHECK_EQ(run.status, 0);
	CHECK_EQ(run.err_size, 0);
	for (int i = 0; i < 5; i++)
		CHECK(strstr(run.out, verbs[i]));

	for (int i = 0; i < 5; i++) {
		RUN(&run, verbs[i], "--help");
		CHECK_EQ(run.status, 0);
		CHECK_EQ(run.err_size, 0);
		CHECK(strstr(run.out, verbs[i]));
		for (char *line = strtok(run.out, "\n"); line;
		     line = strtok(NULL, "\n"))
			CHECK_LE(strlen(line), 80);
	}
}

TEST("--version prints one line")
{
	RUN(&run, "--version");
	CHECK_EQ(run.status, 0);
	CHECK(!strncmp(run.out, "planefd ", 8));
	CHECK_EQ(strchr(run.out, '\n') - run.out, run.out_size - 1);
}

TEST("an unknown verb is a usage error")
{
	RUN(&run, "frob\033[1m");
	CHECK_FAILS(&run, 2, "there is no verb 'frob\\x1b[1m'; see 'planefd "
			     "--help'");
}

TEST("an unknown option, long or short, is named in the error")
{
	RUN(&run, "shot", "--frob");
	CHECK_FAILS(&run, 2, "'planefd shot' has no option '--frob'; see "
			     "'planefd shot --help'");
	RUN(&run, "shot", "--json", "-jx");
	CHECK_FAILS(&run, 2, "'planefd shot' has no option '-x'; see 'planefd "
			     "shot --help'");
	RUN(&run, "list", "--pid", "1");
	CHECK_FAILS(&run, 2, "'planefd list' has no option '--pid'; see "
			     "'planefd list --help'");
	RUN(&run, "shot", "--json=3");
	CHECK_FAILS(&run, 2, "'planefd shot' has no option '--json=3'; see "
			     "'planefd shot --help'");
}

TEST("an option without its value and a word too many are usage errors")
{
	RUN(&run, "info", "--pid");
	CHECK_FAILS(&run, 2, "'--pid' wants a value; see 'planefd info "
			     "--help'");
	RUN(&run, "info", "1234");
	CHECK_FAILS(&run, 2, "'planefd info' takes no '1234'; see 'planefd "
			     "info --help'");
}

TEST("a pid or a head that is no such number is a usage error")
{
	static const char *const pids[] = { "", "0", "-1", "12x", "x", "1e3",
					    "4294967297",
					    "99999999999999999999" };
	char line[128];

	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		RUN(&run, "shot", "--pid", pids[i]);
		snprintf(line, sizeof(line), "'%s' is not a process id",
			 pids[i]);
		CHECK_FAILS(&run, 2, line);
	}
	RUN(&run, "shot", "--head", "256");
	CHECK_FAILS(&run, 2, "'256' is not a head's number (0 to 255), nor "
			     "'all'");
	RUN(&run, "watch", "--head", "any");
	CHECK_FAILS(&run, 2, "'any' is not a head's number (0 to 255), nor "
			     "'all'");
	RUN(&run, "mode", "--head", "all", "800x600");
	CHECK_FAILS(&run, 2, "'all' is not a head's number (0 to 255)");
	RUN(&run, "shot", "-o", "");
	CHECK_FAILS(&run, 2, "the file's name is empty");
}

TEST("--json with the PNG on stdout is a usage error")
{
	RUN(&run, "shot", "--json", "-o", "-");
	CHECK_FAILS(&run, 2, "--json and '-o -' both want the standard output; "
			     "name a file with -o");
}

TEST("the pictures of all heads on stdout are a usage error")
{
	RUN(&run, "shot", "--head", "all", "-o", "-");
	CHECK_FAILS(&run, 2, "'--head all' writes several files; name them "
			     "with -o");
}

TEST("a mode that is none is a usage error, as is none at all or two")
{
	static const char *const modes[] = {
		"", "800", "800x", "x600", "0x0", "0x600", "800x0", "800x600@",
		"800x600@0", "800X600", "800x600x", "800 x600", "+800x600",
		"800x-600", "800x600@60Hz", "4294967296x1", "plug", "unplugged",
		"99999999999999999999x600",
	};
	char line[256];

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		RUN(&run, "mode", modes[i]);
		snprintf(line, sizeof(line), "'%s' is not a mode: give WIDTHx"
			 "HEIGHT, WIDTHxHEIGHT@RATE or 'unplug'", modes[i]);
		CHECK_FAILS(&run, 2, line);
	}
	RUN(&run, "mode", "--head", "1");
	CHECK_FAILS(&run, 2, "'planefd mode' wants a MODE; see 'planefd mode "
			     "--help'");
	RUN(&run, "mode", "800x600", "unplug");
	CHECK_FAILS(&run, 2, "'planefd mode' takes no 'unplug'; see 'planefd "
			     "mode --help'");
}

TEST("a pid that no process has is told, with 3")
{
	char pid[16];
	char line[128];

	/* The number of a child that has been waited for is free */
	pid_t child = (pid_t)CHECK_OK(fork());
	if (!child)
		_exit(0);
	CHECK_EQ(waitpid(child, NULL, 0), child);
	snprintf(pid, sizeof(pid), "%d", (int)child);
	RUN(&run, "shot", "--pid", pid);
	snprintf(line, sizeof(line), "there is no process %s; 'planefd list' "
		 "names those with a display", pid);
	CHECK_FAILS(&run, 3, line);
}

TEST("a process without a VFIO device is told, its name made harmless, with 3")
{
	char pid[16];
	char line[256];

	CHECK_OK(prctl(PR_SET_NAME, "vm\033[2J\n"));
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	RUN(&run, "info", "--pid", pid);
	snprintf(line, sizeof(line), "process %s (vm\\x1b[2J\\x0a) has no VFIO "
		 "device open; 'planefd list' names those with a display", pid);
	CHECK_FAILS(&run, 3, line);
	RUN(&run, "shot", "--pid", pid);
	CHECK_FAILS(&run, 3, line);
}

TEST("a process of another user is a missing permission, with 4")
{
	char pid[16];
	char line[256];

	if (geteuid())
		test_skip("only root can become nobody");
	if (access(PLANEFD_PATH, X_OK))
		test_skip("nobody cannot run %s", PLANEFD_PATH);
	CHECK_OK(prctl(PR_SET_NAME, "vmm"));
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	run_planefd_as_nobody(
		&run, (const char *const[]){ "shot", "--pid", pid, NULL });
	snprintf(line, sizeof(line), "no permission to look into process %s "
		 "(vmm); run as root or with CAP_SYS_PTRACE", pid);
	CHECK_FAILS(&run, 4, line);
}

#define NO_MODULE                                                              \
	"no display found: the module vfio_dmabuf_mgr is not loaded; "         \
	"'modprobe vfio_bochs' or 'modprobe vfio_virtio_gpu' loads it with "    \
	"display devices"

TEST("without the module every verb says which to load, with 3")
{
	need_no_module();
	RUN(&run, "list");
	CHECK_FAILS(&run, 3, NO_MODULE);
	RUN(&run, "info");
	CHECK_FAILS(&run, 3, NO_MODULE);
	RUN(&run, "shot", "--device", "2f0e6c9a-31d5-4f0e-9b1c-6f7f6a4b7c55");
	CHECK_FAILS(&run, 3, NO_MODULE);
	RUN(&run, "watch", "--head", "all");
	CHECK_FAILS(&run, 3, NO_MODULE);
	RUN(&run, "mode", "--json", "800x600@60");
	CHECK_FAILS(&run, 3, NO_MODULE);
}

TEST("list --json without a display prints an empty array as well")
{
	need_no_module();
	RUN(&run, "list", "--json");
	CHECK_EQ(run.status, 3);
	CHECK_STR(run.err, "planefd: " NO_MODULE "\n");
	CHECK_EQ(strcspn(run.out, "[]"), 0);
	CHECK_EQ(strspn(run.out, "[] \n"), run.out_size);
}

/* Runs planefd with its stdout on /dev/full */
static void help_to_full(void *arg)
{
	(void)arg;
	int full = (int)CHECK_OK(open("/dev/full", O_WRONLY));
	CHECK_OK(dup2(full, STDOUT_FILENO));
	CHECK_OK(execl(PLANEFD_PATH, "planefd", "--help", (char *)NULL));
}

TEST("output that cannot be written is an error, with 6")
{
	int status;

	pid_t pid = test_fork(help_to_full, NULL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 6);
}
