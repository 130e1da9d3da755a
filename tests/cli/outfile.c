// SPDX-License-Identifier: GPL-2.0-or-later
/* A file is written whole or is not there. */
#include "outfile.h"

#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
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

TEST("the file's mode is what the umask leaves")
{
	struct outfile out;
	struct stat st;

	enter();
	umask(027);
	CHECK_EQ(outfile_open(&out, "a.png"), 0);
	CHECK_EQ(outfile_commit(&out), 0);
	CHECK_OK(stat("a.png", &st));
	CHECK_EQ(st.st_mode & 07777, 0640);
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

/* Opens a file, tells so, and waits to be ended */
static void write_and_wait(void *arg)
{
	const int *pipe_fds = arg;
	struct outfile out;

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

	CHECK_OK(pipe(pipe_fds));
	pid_t pid = test_fork(write_and_wait, pipe_fds);
	CHECK_EQ(read(pipe_fds[0], &byte, 1), 1);
	CHECK_EQ(count_files(), 1);
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
