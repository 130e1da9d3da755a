// SPDX-License-Identifier: GPL-2.0-or-later
/* A file is written whole or is not there. */
#include "outfile.h"

#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Enter a new empty directory; removed by leave() */
static char directory[] = "/tmp/planefd-outfile-XXXXXX";

static void enter(void)
{
	CHECK(mkdtemp(directory));
	CHECK_OK(chdir(directory));
}

/* How many files there are here, but for . and .. */
static int count_files(void)
{
	int count = 0;
	DIR *dir = opendir(".");

	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void leave(void)
{
	DIR *dir = opendir(".");
	struct dirent *entry;

	CHECK(dir);
	while ((entry = readdir(dir)))
		unlink(entry->d_name);
	closedir(dir);
	CHECK_OK(rmdir(directory));
}

static void put(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	CHECK(out);
	CHECK(fputs(text, out) >= 0);
	CHECK_EQ(fclose(out), 0);
}

static void check_contents(const char *path, const char *text)
{
	char buffer[64] = { 0 };
	FILE *in = fopen(path, "r");

	CHECK(in);
	CHECK_EQ(fread(buffer, 1, sizeof(buffer) - 1, in), strlen(text));
	CHECK_STR(buffer, text);
	fclose(in);
}

TEST("a file has its name only when it is committed, and then all of it")
{
	struct outfile out;

	enter();
	CHECK_EQ(outfile_open(&out, "a.png"), 0);
	fputs("picture", out.stream);
	CHECK_ERRNO(access("a.png", F_OK), ENOENT);
	CHECK_EQ(outfile_commit(&out), 0);
	check_contents("a.png", "picture");
	CHECK_EQ(count_files(), 1);
	leave();
}

TEST("a file that is given up leaves nothing, and an old one as it was")
{
	struct outfile out;

	enter();
	put("a.png", "old");
	CHECK_EQ(outfile_open(&out, "a.png"), 0);
	fputs("new", out.stream);
	outfile_abort(&out);
	check_contents("a.png", "old");
	CHECK_EQ(outfile_open(&out, "b.png"), 0);
	outfile_abort(&out);
	CHECK_EQ(count_files(), 1);
	leave();
}

TEST("an existing file is replaced, through a symbolic link as well")
{
	struct outfile out;
	struct stat st;

	enter();
	put("a.png", "old and longer");
	CHECK_OK(symlink("a.png", "link.png"));
	CHECK_EQ(outfile_open(&out, "link.png"), 0);
	fputs("new", out.stream);
	CHECK_EQ(outfile_commit(&out), 0);
	check_contents("a.png", "new");
	CHECK_OK(lstat("link.png", &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(count_files(), 2);
	leave();
}

/* Replace a file, or make it */
static void replace(const char *path)
{
	struct outfile out;

	CHECK_EQ(outfile_open(&out, path), 0);
	fputs("new", out.stream);
	CHECK_EQ(outfile_commit(&out), 0);
	check_contents(path, "new");
}

static unsigned int mode_of(const char *path)
{
	struct stat st;

	CHECK_OK(stat(path, &st));
	return st.st_mode & 07777;
}

TEST("a new file is its owner's alone, whatever the umask")
{
	enter();
	umask(0);
	replace("a.png");
	CHECK_EQ(mode_of("a.png"), 0600);
	umask(077);
	replace("b.png");
	CHECK_EQ(mode_of("b.png"), 0600);
	leave();
}

TEST("a file that is there already keeps its mode")
{
	static const mode_t modes[] = { 0600, 0640, 0644, 0666, 0400 };

	enter();
	umask(022);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		put("a.png", "old");
		CHECK_OK(chmod("a.png", modes[i]));
		replace("a.png");
		CHECK_EQ(mode_of("a.png"), modes[i]);
		CHECK_OK(unlink("a.png"));
	}
	leave();
}

TEST("a file that may run as its owner no longer does when it is replaced")
{
	enter();
	put("a.png", "old");
	CHECK_OK(chmod("a.png", 06755));
	replace("a.png");
	CHECK_EQ(mode_of("a.png"), 0755);
	leave();
}

#define NOBODY 65534
#define OTHER 4242

TEST("root leaves a file that is there already to its owner and group")
{
	struct stat st;

	if (geteuid())
		test_skip("this is not root");
	enter();
	put("a.png", "old");
	CHECK_OK(chown("a.png", NOBODY, OTHER));
	CHECK_OK(chmod("a.png", 0640));
	replace("a.png");
	CHECK_OK(stat("a.png", &st));
	CHECK_EQ(st.st_uid, NOBODY);
	CHECK_EQ(st.st_gid, OTHER);
	CHECK_EQ(st.st_mode & 07777, 0640);
	leave();
}

static void replace_as_nobody(void *arg)
{
	(void)arg;
	CHECK_OK(setgroups(0, NULL));
	CHECK_OK(setgid(NOBODY));
	CHECK_OK(setuid(NOBODY));
	replace("a.png");
}

TEST("where its group cannot be kept a file is its owner's alone")
{
	struct stat st;

	if (geteuid())
		test_skip("this is not root");
	enter();
	CHECK_OK(chmod(".", 0777));
	put("a.png", "old");
	CHECK_OK(chown("a.png", NOBODY, OTHER));
	CHECK_OK(chmod("a.png", 0664));
	test_join(test_fork(replace_as_nobody, NULL));
	CHECK_OK(stat("a.png", &st));
	CHECK_EQ(st.st_gid, NOBODY);
	CHECK_EQ(st.st_mode & 07777, 0600);
	leave();
}

/* The user 4242 may read, the file's group may not, the mask says r-- */
static const unsigned char acl[] = {
	2, 0, 0, 0,
	0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,
	0x02, 0, 4, 0, 0x92, 0x10, 0, 0,
	0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
	0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
	0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
};

TEST("a file that is there already keeps its access control list")
{
	unsigned char got[64];

	enter();
	put("a.png", "old");
	if (setxattr("a.png", "system.posix_acl_access", acl, sizeof(acl), 0)) {
		leave();
		test_skip("this file system has no access control lists");
	}
	replace("a.png");
	CHECK_EQ(getxattr("a.png", "system.posix_acl_access", got, sizeof(got)),
		 sizeof(acl));
	CHECK_BYTES(got, acl, sizeof(acl));
	leave();
}

TEST("a write that fails leaves no file")
{
	const struct rlimit limit = { .rlim_cur = 4096, .rlim_max = 4096 };
	struct outfile out;

	enter();
	signal(SIGXFSZ, SIG_IGN);
	CHECK_OK(setrlimit(RLIMIT_FSIZE, &limit));
	CHECK_EQ(outfile_open(&out, "a.png"), 0);
	for (int i = 0; i < 5000; i++)
		putc('x', out.stream);
	CHECK_EQ(outfile_commit(&out), -EFBIG);
	CHECK_EQ(count_files(), 0);
	leave();
}

TEST("a device is written directly and is still a device afterwards")
{
	struct outfile out;
	struct stat st;

	/* Of our own: a mistake would replace the machine's /dev/full */
	enter();
	int made = mknod("full", S_IFCHR | 0600, makedev(1, 7));
	int fd = open("full", O_WRONLY | O_CLOEXEC);
	if (made || fd < 0) {
		leave();
		test_skip("no device can be made here");
	}
	close(fd);
	CHECK_EQ(outfile_open(&out, "full"), 0);
	fputs("picture", out.stream);
	CHECK_EQ(outfile_commit(&out), -ENOSPC);
	CHECK_OK(stat("full", &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(count_files(), 1);
	leave();
}

TEST("a named pipe is written directly and is still a pipe afterwards")
{
	char text[8] = { 0 };
	struct outfile out;
	struct stat st;

	enter();
	CHECK_OK(mkfifo("pipe", 0600));
	int fd = (int)CHECK_OK(open("pipe", O_RDONLY | O_NONBLOCK));
	CHECK_EQ(outfile_open(&out, "pipe"), 0);
	fputs("png", out.stream);
	CHECK_EQ(outfile_commit(&out), 0);
	CHECK_EQ(read(fd, text, sizeof(text)), 3);
	CHECK_STR(text, "png");
	CHECK_OK(stat("pipe", &st));
	CHECK(S_ISFIFO(st.st_mode));
	close(fd);
	leave();
}

TEST("a directory, a missing one and a name too long are refused")
{
	char name[300];
	struct outfile out;

	enter();
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	unsigned int fds = test_fds();
	CHECK_EQ(outfile_open(&out, "."), -EISDIR);
	CHECK_EQ(outfile_open(&out, "none/a.png"), -ENOENT);
	if (!outfile_open(&out, name))
		CHECK_EQ(outfile_commit(&out), -ENAMETOOLONG);
	CHECK_EQ(count_files(), 0);
	CHECK_EQ(test_fds(), fds);
	leave();
}

TEST("\"-\" is the standard output, which stays open")
{
	char text[8] = { 0 };
	struct outfile out;
	int pipe_fds[2];

	CHECK_OK(pipe(pipe_fds));
	int old = (int)CHECK_OK(dup(STDOUT_FILENO));
	CHECK_OK(dup2(pipe_fds[1], STDOUT_FILENO));
	int opened = outfile_open(&out, "-");
	if (!opened)
		fputs("png", out.stream);
	int committed = opened ? opened : outfile_commit(&out);
	bool still_open = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
	CHECK_OK(dup2(old, STDOUT_FILENO));
	CHECK_EQ(opened, 0);
	CHECK_EQ(committed, 0);
	CHECK(still_open);
	CHECK_EQ(read(pipe_fds[0], text, sizeof(text)), 3);
	CHECK_STR(text, "png");
}

TEST("several files are whole before the first has its name")
{
	struct outfile first;
	struct outfile second;

	enter();
	put("b.png", "old");
	CHECK_EQ(outfile_open(&first, "a.png"), 0);
	fputs("one", first.stream);
	CHECK_EQ(outfile_finish(&first), 0);
	CHECK_EQ(outfile_open(&second, "b.png"), 0);
	fputs("two", second.stream);
	CHECK_EQ(outfile_finish(&second), 0);
	CHECK_ERRNO(access("a.png", F_OK), ENOENT);
	check_contents("b.png", "old");
	CHECK_EQ(outfile_commit(&first), 0);
	CHECK_EQ(outfile_commit(&second), 0);
	check_contents("a.png", "one");
	check_contents("b.png", "two");
	CHECK_EQ(count_files(), 2);
	leave();
}

TEST("of several files one is given up and the others are not")
{
	struct outfile out[3];

	enter();
	for (int i = 0; i < 3; i++) {
		const char name[] = { (char)('a' + i), '\0' };

		CHECK_EQ(outfile_open(&out[i], name), 0);
		fputs("new", out[i].stream);
	}
	CHECK_EQ(outfile_finish(&out[1]), 0);
	outfile_abort(&out[1]);
	CHECK_EQ(outfile_commit(&out[2]), 0);
	CHECK_EQ(outfile_commit(&out[0]), 0);
	CHECK_EQ(count_files(), 2);
	check_contents("a", "new");
	check_contents("c", "new");
	leave();
}

/* Opens files, finishes one, tells so, and waits to be ended */
static void write_and_wait(void *arg)
{
	const int *pipe_fds = arg;
	struct outfile whole;
	struct outfile out;

	CHECK_EQ(outfile_open(&whole, "whole.png"), 0);
	CHECK_EQ(outfile_finish(&whole), 0);
	CHECK_EQ(outfile_open(&out, "a.png"), 0);
	fputs("half", out.stream);
	fflush(out.stream);
	CHECK_EQ(write(pipe_fds[1], "x", 1), 1);
	for (;;)
		pause();
}

static void check_signal(int number)
{
	int pipe_fds[2];
	int status;
	char byte;

	/* A shell has what runs in the background ignore SIGINT */
	CHECK(signal(number, SIG_DFL) != SIG_ERR);
	CHECK_OK(pipe(pipe_fds));
	pid_t pid = test_fork(write_and_wait, pipe_fds);
	CHECK_EQ(read(pipe_fds[0], &byte, 1), 1);
	CHECK_EQ(count_files(), 2);
	CHECK_OK(kill(pid, number));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), number);
	CHECK_EQ(count_files(), 0);
}

TEST("SIGINT, SIGTERM and SIGHUP end the program and leave no file")
{
	enter();
	check_signal(SIGINT);
	check_signal(SIGTERM);
	check_signal(SIGHUP);
	leave();
}
