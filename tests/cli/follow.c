// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads what planefd watch says, and looks at it through /proc. */
#include "follow.h"

#include "run.h"

#include "test.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 16
#define ASLEEP_SECONDS 20

void follow_start(struct follow *follow, const char *const *words)
{
	const char *all[WORDS_MAX] = { "watch" };
	int out;
	int err;

	for (int i = 0; words[i]; i++) {
		CHECK_LT(i, WORDS_MAX - 2);
		all[i + 1] = words[i];
	}
	follow->pid = run_start(all, &out, &err);
	follow->out = fdopen(out, "r");
	follow->err = fdopen(err, "r");
	CHECK(follow->out);
	CHECK(follow->err);
	follow->last_ns = 0;
}

const char *follow_line(struct follow *follow)
{
	if (!fgets(follow->line, sizeof(follow->line), follow->out)) {
		char error[256] = "";

		fgets(error, sizeof(error), follow->err);
		test_fail(__FILE__, __LINE__, "it said no more but: %s", error);
	}

	char *end = strchr(follow->line, '\n');
	CHECK(end);
	*end = '\0';
	return follow->line;
}

void follow_check(const char *file, int number, struct follow *follow,
		  const char *expected)
{
	uint64_t seconds;
	uint64_t micros;
	int length = 0;

	const char *line = follow_line(follow);
	uint64_t now = test_now();
	if (sscanf(line, "%" SCNu64 ".%6" SCNu64 " %n", &seconds, &micros,
		   &length) != 2)
		test_fail(file, number, "no time in '%s'", line);
	test_check_str(file, number, "the event", line + length, expected);
	/* The line's time is cut after the microsecond */
	uint64_t at = seconds * 1000000 + micros;
	if (at < follow->last_ns / 1000 || at > now / 1000)
		test_fail(file, number, "'%s' is not of between %" PRIu64
			  " and %" PRIu64 " ns", line, follow->last_ns, now);
}

struct json_object *follow_json(struct follow *follow)
{
	struct json_object *json = json_tokener_parse(follow_line(follow));

	CHECK(json);
	uint64_t at = json_object_get_uint64(
		json_object_object_get(json, "changed_ns"));
	CHECK_GE(at, follow->last_ns);
	CHECK_LE(at, test_now());
	json_object_object_del(json, "changed_ns");
	return json;
}

void follow_check_end(struct follow *follow, int expected)
{
	char rest[256];
	int status;

	if (fgets(rest, sizeof(rest), follow->out))
		test_fail(__FILE__, __LINE__, "it went on: %s", rest);
	if (fgets(rest, sizeof(rest), follow->err))
		test_fail(__FILE__, __LINE__, "it complained: %s", rest);
	CHECK_EQ(waitpid(follow->pid, &status, 0), follow->pid);
	CHECK_EQ(status, expected);
	fclose(follow->out);
	fclose(follow->err);
}

static void read_proc(const struct follow *follow, const char *name, char *text,
		      size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)follow->pid, name);
	FILE *file = fopen(path, "r");
	CHECK(file);
	size_t got = fread(text, 1, size - 1, file);
	text[got] = '\0';
	fclose(file);
}

/* /proc/PID/syscall: its number and arguments, while it sleeps in one */
static bool is_asleep(void *arg)
{
	char text[256];
	long number;
	uint64_t fds;
	uint64_t count;
	uint64_t timeout;

	read_proc(arg, "syscall", text, sizeof(text));
	/* A timeout of -1 is for ever */
	return sscanf(text, "%ld 0x%" SCNx64 " 0x%" SCNx64 " 0x%" SCNx64,
		      &number, &fds, &count, &timeout) == 4 &&
	       number == SYS_poll && (uint32_t)timeout == UINT32_MAX;
}

void follow_wait_asleep(const struct follow *follow)
{
	struct follow copy = { .pid = follow->pid };

	CHECK(test_wait(is_asleep, &copy, ASLEEP_SECONDS));
}

static uint64_t field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	CHECK(at);
	return strtoull(at + strlen(name), NULL, 10);
}

uint64_t follow_runs(const struct follow *follow)
{
	char text[4096];

	read_proc(follow, "status", text, sizeof(text));
	return field(text, "\nvoluntary_ctxt_switches:") +
	       field(text, "\nnonvoluntary_ctxt_switches:");
}
