// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel keeps, in bytes: for a device that is open and of which
 * nothing was drawn yet, for a viewer's fd, and for a picture that is exported,
 * without the pixels themselves.
 *
 * All that changes is counted, wherever it is accounted: objects in slabs, each
 * as large as its slab has it; what is too large for slabs; vmalloc; page
 * tables; per-CPU memory. Slabs are emptied of what is free before each count,
 * and counts are taken until there is nothing more that goes.
 */
#include "rows.h"

#include "test.h"
#include "udmabuf.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define DEVICES 32
#define MDPY_DEVICES 4
#define FDS 240
#define BUFFERS 200
#define COUNTS_MAX 100
/* So often in a row nothing was freed */
#define COUNTS_SAME 8
#define SLABS "/sys/kernel/slab"
#define SLABS_MAX 1024

static char text[256 * 1024];

static void read_text(int fd)
{
	size_t length = 0;
	ssize_t got;

	CHECK_OK(lseek(fd, 0, SEEK_SET));
	while ((got = CHECK_OK(
			read(fd, text + length, sizeof(text) - 1 - length))))
		length += (size_t)got;
	CHECK_LT(length, sizeof(text) - 1);
	text[length] = 0;
}

/* Kept open: the kernel frees a closed file some time later, which would count
 */
static int shrinkers[SLABS_MAX];
static unsigned int shrinkers_count;

static void open_shrinkers(void)
{
	char path[512];
	struct dirent *entry;
	DIR *dir = opendir(SLABS);

	CHECK(dir);
	while ((entry = readdir(dir))) {
		/* Links are other names of the same */
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		CHECK_LT(shrinkers_count, SLABS_MAX);
		snprintf(path, sizeof(path), SLABS "/%s/shrink", entry->d_name);
		shrinkers[shrinkers_count++] =
			(int)CHECK_OK(open(path, O_WRONLY | O_CLOEXEC));
	}
	closedir(dir);
}

static void shrink_slabs(void)
{
	unsigned int i;

	if (!shrinkers_count)
		open_shrinkers();
	for (i = 0; i < shrinkers_count; i++)
		CHECK_EQ(pwrite(shrinkers[i], "1", 1, 0), 1);
}

/* /proc/slabinfo: bytes in use; and in pages, all that the slabs have */
static long slab_bytes(int fd, long *pages)
{
	long used, objects, size, per_slab, slab_pages, slabs, bytes = 0;
	const char *line;
	char name[128];

	read_text(fd);
	*pages = 0;
	for (line = text; (line = strchr(line, '\n'));) {
		line++;
		if (sscanf(line,
			   "%127s %ld %ld %ld %ld %ld : tunables %*d %*d %*d "
			   ": slabdata %*d %ld",
			   name, &used, &objects, &size, &per_slab, &slab_pages,
			   &slabs) != 7)
			continue;
		bytes += used * size;
		*pages += slabs * slab_pages;
	}
	CHECK(bytes);
	return bytes;
}

/* A figure of /proc/meminfo, in bytes */
static long meminfo(const char *key)
{
	const char *line = strstr(text, key);

	CHECK(line);
	return strtol(line + strlen(key), NULL, 10) * 1024;
}

/* What is counted of pages is known to a hundred or so until one asks for it */
static void refresh_counters(void)
{
	static int fd = -1;
	char byte;

	if (fd < 0)
		fd = (int)CHECK_OK(open("/proc/sys/vm/stat_refresh",
					O_RDONLY | O_CLOEXEC));
	CHECK_OK(pread(fd, &byte, 1, 0));
}

static long count_once(int slabinfo, int info)
{
	long bytes, pages;

	shrink_slabs();
	bytes = slab_bytes(slabinfo, &pages);
	refresh_counters();
	read_text(info);
	/* What is too large for slabs is accounted with them */
	return bytes + meminfo("\nSlab:") - pages * PAGE +
	       meminfo("\nVmallocUsed:") + meminfo("\nPageTables:") +
	       meminfo("\nPercpu:");
}

static long kernel_memory(void)
{
	/* What is freed is counted until all have forgotten it: some ticks */
	static const struct timespec ticks = {.tv_nsec = 50000000};
	static int slabinfo = -1, info = -1;
	long now, least = LONG_MAX;
	int i, same = 0;

	/* Kept open, so that their buffers are there already */
	if (slabinfo < 0) {
		slabinfo = (int)CHECK_OK(
			open("/proc/slabinfo", O_RDONLY | O_CLOEXEC));
		info = (int)CHECK_OK(
			open("/proc/meminfo", O_RDONLY | O_CLOEXEC));
	}
	for (i = 0; i < COUNTS_MAX && same < COUNTS_SAME; i++) {
		CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &ticks, NULL), 0);
		now = count_once(slabinfo, info);
		same = now < least ? 0 : same + 1;
		least = now < least ? now : least;
	}
	CHECK_LT(i, COUNTS_MAX);
	return least;
}

static void set(const char *name, const char *size, enum column column,
		long bytes, double number, const char *what)
{
	struct row *row = result_row(name, size);
	uint64_t sample = bytes > 0 ? (uint64_t)bytes : 0;
	struct figures figures = measure_figures(&sample, 1);

	row->unit = "bytes";
	result_set(row, column, &figures, number, what);
}

static void row_device(enum column whose)
{
	static struct screen screens[DEVICES];
	unsigned int number = whose == MDPY ? MDPY_DEVICES : DEVICES;
	unsigned int i;
	long before;

	/* What there is once for all */
	screen_create_small(&screens[0], whose);
	screen_remove(&screens[0]);
	before = kernel_memory();
	for (i = 0; i < number; i++)
		screen_create_small(&screens[i], whose);
	set(ROW_MEMORY_DEVICE, "", whose, kernel_memory() - before, number,
	    whose == MDPY ? "with all of its memory, 1 or 2 MiB" : NULL);
	for (i = 0; i < number; i++)
		screen_remove(&screens[i]);
}

static void rows_fd(void)
{
	struct screen screen;
	int fds[FDS], i;
	long before;

	screen_create_small(&screen, PLANEFD);
	before = kernel_memory();
	for (i = 0; i < FDS; i++)
		fds[i] = manager_open(&screen.device);
	set(ROW_MEMORY_FD, "", PLANEFD, kernel_memory() - before, FDS, NULL);
	for (i = 0; i < FDS; i++)
		close(fds[i]);
	screen_remove(&screen);

	before = kernel_memory();
	for (i = 0; i < FDS; i++)
		fds[i] = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC));
	set(ROW_MEMORY_FD, "", FLOOR, kernel_memory() - before, FDS,
	    "an eventfd");
	for (i = 0; i < FDS; i++)
		close(fds[i]);
}

/* Each of another mode, all held open; mbochs's are never closed */
static void row_buffer(enum column whose, const struct size *size)
{
	struct screen screen;
	int fds[BUFFERS], i;
	long before;

	screen_create(&screen, whose, size);
	screen_show(&screen);
	fds[0] = screen_export(&screen);
	before = kernel_memory();
	for (i = 1; i < BUFFERS; i++) {
		screen_pan(&screen);
		fds[i] = screen_export(&screen);
	}
	set(ROW_MEMORY_BUFFER, size->name, whose, kernel_memory() - before,
	    BUFFERS - 1, NULL);
	if (whose == MBOCHS)
		return;
	for (i = 0; i < BUFFERS; i++)
		close(fds[i]);
	screen_remove(&screen);
}

static void row_udmabuf(const struct size *size)
{
	struct udmabuf udmabuf;
	int fds[BUFFERS], i;
	long before;

	udmabuf_open(&udmabuf, size_pages(size) * PAGE);
	before = kernel_memory();
	for (i = 0; i < BUFFERS; i++) {
		udmabuf_create(&udmabuf);
		udmabuf_created(&udmabuf);
		fds[i] = udmabuf.fd;
	}
	set(ROW_MEMORY_BUFFER, size->name, UDMABUF, kernel_memory() - before,
	    BUFFERS, NULL);
	for (i = 0; i < BUFFERS; i++)
		close(fds[i]);
	udmabuf_close(&udmabuf);
}

static void row_memfd(const struct size *size)
{
	int fds[BUFFERS], i;
	long before = kernel_memory();

	for (i = 0; i < BUFFERS; i++)
		fds[i] = (int)CHECK_OK(memfd_create("floor", MFD_CLOEXEC));
	set(ROW_MEMORY_BUFFER, size->name, FLOOR, kernel_memory() - before,
	    BUFFERS, "an empty memfd");
	for (i = 0; i < BUFFERS; i++)
		close(fds[i]);
}

void rows_memory(void)
{
	unsigned int i;

	row_device(PLANEFD);
	rows_fd();
	for (i = 0; i < sizes_count; i++) {
		row_buffer(PLANEFD, &sizes[i]);
		if (udmabuf_has())
			row_udmabuf(&sizes[i]);
		row_memfd(&sizes[i]);
	}
}

void rows_memory_peer(enum column whose)
{
	const char *cannot;
	unsigned int i;

	row_device(whose);
	result_cannot(result_row(ROW_MEMORY_FD, ""), whose,
		      "a viewer has the device's own fd, or none");
	for (i = 0; i < sizes_count; i++) {
		cannot = whose == MDPY ? "it has no dma-bufs"
				       : screen_cannot(whose, &sizes[i]);
		if (cannot)
			result_cannot(
				result_row(ROW_MEMORY_BUFFER, sizes[i].name),
				whose, "%s", cannot);
		else
			row_buffer(whose, &sizes[i]);
	}
}
