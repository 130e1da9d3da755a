// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's log, see log.h.
 */
#include "log.h"

#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>

/* Of syslog(2), whose header names them for the kernel alone */
#define SYSLOG_READ_ALL 3
#define SYSLOG_SIZE_BUFFER 10

unsigned int log_count(const char *text)
{
	int size = (int)CHECK_OK(klogctl(SYSLOG_SIZE_BUFFER, NULL, 0));
	char *log = calloc(1, (size_t)size + 1);
	unsigned int count = 0;
	const char *at;

	CHECK(log);
	CHECK_OK(klogctl(SYSLOG_READ_ALL, log, size));
	for (at = log; (at = strstr(at, text)); at += strlen(text))
		count++;
	free(log);
	return count;
}
