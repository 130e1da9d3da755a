// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /dev/kmsg and kmemleak, see watch.h.
 */
#include "watch.h"

#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RECORD_MAX 8192
#define PATTERN_MAX 4096
#define REPORT_MAX 65536
/* Once a splat begins, it is over when the log was silent for so long */
#define SILENCE_MS 500
#define KMEMLEAK "/sys/kernel/debug/kmemleak"
/* kmemleak leaves alone what is younger than five seconds */
#define KMEMLEAK_SECONDS 6

static int kmsg = -1;
static regex_t splat;

/* The lines of the file as one expression */
static void read_pattern(const char *path, char pattern[PATTERN_MAX])
{
	FILE *file = fopen(path, "re");
	char line[256];
	size_t size = 0;

	if (!file)
		fail_errno("%s", path);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (*line)
			size += (size_t)snprintf(pattern + size,
						 PATTERN_MAX - size, "%s%s",
						 size ? "|" : "", line);
		if (size >= PATTERN_MAX)
			fail("%s is too long", path);
	}
	fclose(file);
}

void watch_start(const char *splats)
{
	char pattern[PATTERN_MAX] = "";

	read_pattern(splats, pattern);
	if (regcomp(&splat, pattern, REG_EXTENDED | REG_NOSUB))
		fail("%s is not an expression", splats);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0)
		fail_errno("/dev/kmsg");
	lseek(kmsg, 0, SEEK_END);
}

/* The next record's text, without what comes before it; false if none */
static bool read_record(char record[RECORD_MAX])
{
	ssize_t size;
	char *text;

	do
		size = read(kmsg, record, RECORD_MAX - 1);
	while (size < 0 && (errno == EPIPE || errno == EINTR));
	if (size < 0)
		return false;
	record[size] = 0;
	text = strchr(record, ';');
	if (text)
		memmove(record, text + 1, strlen(text));
	record[strcspn(record, "\n")] = 0;
	return true;
}

char *watch_splat(void)
{
	struct pollfd more = {.fd = kmsg, .events = POLLIN};
	char record[RECORD_MAX], *report = NULL;
	size_t size = 0;

	do {
		while (read_record(record)) {
			if (!report && regexec(&splat, record, 0, NULL, 0))
				continue;
			if (!report)
				report = calloc(1, REPORT_MAX);
			if (!report)
				fail("no memory");
			if (size + strlen(record) + 2 < REPORT_MAX)
				size += (size_t)sprintf(report + size, "%s\n",
							record);
		}
	} while (report && poll(&more, 1, SILENCE_MS) > 0);
	return report;
}

static void scan(void)
{
	int fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		fail_errno("%s", KMEMLEAK);
	if (write(fd, "scan", 4) != 4)
		fail_errno("%s", KMEMLEAK);
	close(fd);
}

char *watch_leaks(void)
{
	const struct timespec age = {.tv_sec = KMEMLEAK_SECONDS};
	char *report;
	ssize_t size;
	int fd;

	if (access(KMEMLEAK, F_OK))
		return NULL;
	report = calloc(1, REPORT_MAX);
	if (!report)
		fail("no memory");
	/* What is young is looked at only by the second scan */
	scan();
	nanosleep(&age, NULL);
	scan();
	fd = open(KMEMLEAK, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, report, REPORT_MAX - 1);
	if (size < 0)
		fail_errno("%s", KMEMLEAK);
	close(fd);
	if (size)
		return report;
	free(report);
	return NULL;
}
