// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The executor, see execute.h.
 */
#include "execute.h"

#include "devices.h"
#include "fail.h"
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A program's own alarm, and when it must be gone after it was killed */
#define PROGRAM_SECONDS 5
#define HANG_SECONDS 60
/* The fuzzer's own fds are below this */
#define OWN_FDS 64
#define MAX_REPEAT 400
/* What stands for what the keeper of the devices does, among the ops */
#define KEEPER_OP OP_KINDS

static run_op *const functions[OP_KINDS] = {
	[OP_OPEN] = run_open,
	[OP_REMOVE] = run_remove,
	[OP_MAKE] = run_make,
	[OP_CLOSE] = run_close,
	[OP_DUP] = run_dup,
	[OP_REOPEN] = run_reopen,
	[OP_PASS] = run_pass,
	[OP_POST] = run_post,
	[OP_EVENTFD] = run_eventfd,
	[OP_FORK] = run_fork,
	[OP_IOCTL] = run_ioctl,
	[OP_DEVICE_INFO] = run_device_info,
	[OP_REGION_INFO] = run_region_info,
	[OP_IRQ_INFO] = run_irq_info,
	[OP_SET_IRQS] = run_set_irqs,
	[OP_RESET] = run_reset,
	[OP_READ] = run_read,
	[OP_WRITE] = run_write,
	[OP_DISPI] = run_dispi,
	[OP_MODE] = run_mode,
	[OP_PLANE] = run_plane,
	[OP_SHOW] = run_show,
	[OP_GFX_QUERY] = run_gfx_query,
	[OP_GFX_GET] = run_gfx_get,
	[OP_MANAGER] = run_manager,
	[OP_QUERY] = run_query,
	[OP_CREATE] = run_create,
	[OP_INFO] = run_info,
	[OP_DROP] = run_drop,
	[OP_POLL] = run_poll,
	[OP_EPOLL] = run_epoll,
	[OP_FDINFO] = run_fdinfo,
	[OP_SYNC] = run_sync,
	[OP_SYNC_FILE] = run_sync_file,
	[OP_SEEK] = run_seek,
	[OP_NAME] = run_name,
	[OP_CARD] = run_card,
	[OP_IMPORT] = run_import,
	[OP_GEM_MAP] = run_gem_map,
	[OP_GEM_EXPORT] = run_gem_export,
	[OP_GEM_CLOSE] = run_gem_close,
	[OP_MAP] = run_map_op,
	[OP_UNMAP] = run_unmap,
	[OP_REMAP] = run_remap,
	[OP_ADVISE] = run_advise,
	[OP_PROTECT] = run_protect,
	[OP_TOUCH] = run_touch,
	[OP_LOCK] = run_lock,
	[OP_GUP] = run_gup,
};

static struct run template;
static struct trace own_trace, keeper_trace;

/* Written by the program's process */
static struct {
	unsigned int ran;
	bool whole; /* it has come to its end */
	int32_t answers[PROGRAM_MAX_OPS];
	uint64_t ends[PROGRAM_MAX_OPS + 1]; /* where in the trace each ends */
} * told;

void execute_start(bool traced)
{
	const struct rlimit no_core = {0, 0};

	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		fail("no memory");
	/* Processes that a program leaves behind come to us */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setrlimit(RLIMIT_CORE, &no_core);
	run_init(&template);
	trace_open(&own_trace, traced);
	devices_start(&keeper_trace, traced);
}

/* Give it the devices as fds of its own, and note which are not */
static void take_fds(struct run *run, bool own[OWN_FDS])
{
	unsigned int i;

	for (i = 0; i < DEVICE_KINDS; i++) {
		run->fds[i] = fcntl(devices_fd((enum device_kind)i),
				    F_DUPFD_CLOEXEC, OWN_FDS);
		close(devices_fd((enum device_kind)i));
	}
	for (i = 0; i < OWN_FDS; i++)
		own[i] = fcntl((int)i, F_GETFD) >= 0;
}

/* So that this is traced, too: an exit would no longer be */
static void drop_all(const bool own[OWN_FDS])
{
	unsigned int i;

	munmap((void *)(uintptr_t)RUN_AREAS_BASE, MAP_SLOTS * RUN_AREA);
	for (i = 0; i < OWN_FDS; i++)
		if (!own[i])
			close((int)i);
	syscall(SYS_close_range, OWN_FDS, ~0U, 0);
}

static long run_once(struct run *run, const struct op *op)
{
	return functions[op->kind](run, op->operands);
}

static void tell(const struct op *op, long result)
{
	char text[512];

	op_print(op, text, sizeof(text));
	if (result < 0)
		printf("%s: %s\n", text, strerror((int)-result));
	else
		printf("%s: %ld\n", text, result);
	fflush(stdout);
}

static void run_ops(struct run *run, const struct program *program, bool loud)
{
	const struct op *op;
	uint64_t count = 1;
	long result;
	unsigned int i;

	for (i = 0; i < program->count; i++) {
		op = &program->ops[i];
		if (op->kind == OP_REPEAT) {
			count = op->operands[0] < MAX_REPEAT ? op->operands[0]
							     : MAX_REPEAT;
			result = 0;
		} else {
			result = -ECANCELED;
			for (; count; count--)
				result = run_once(run, op);
			count = 1;
			if (loud && !run->forked)
				tell(op, result);
		}
		if (run->forked)
			continue;
		told->answers[i] = result < 0 ? (int32_t)-result : 0;
		told->ends[i] = trace_count(&own_trace);
		told->ran = i + 1;
	}
}

static _Noreturn void run_program(const struct program *program, bool loud)
{
	struct run run = template;
	bool own[OWN_FDS];

	setpgid(0, 0);
	alarm(PROGRAM_SECONDS);
	take_fds(&run, own);
	run_begin(&run);
	trace_enable(&own_trace);
	run_ops(&run, program, loud);
	drop_all(own);
	if (run.forked)
		_exit(0);
	told->ends[program->count] = trace_count(&own_trace);
	trace_disable(&own_trace);
	while (wait(NULL) > 0)
		;
	told->whole = true;
	_exit(0);
}

/* False if it is not gone in time */
static bool wait_for(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	bool gone;

	if (pidfd < 0)
		fail_errno("pidfd_open");
	gone = poll(&ended, 1, (PROGRAM_SECONDS + 1) * 1000) > 0;
	kill(-pid, SIGKILL);
	if (!gone)
		gone = poll(&ended, 1, HANG_SECONDS * 1000) > 0;
	close(pidfd);
	/* Its own processes, too; killed, they cannot take long */
	while (gone && (waitpid(-pid, NULL, 0) > 0 || errno == EINTR))
		;
	return gone;
}

static void collect(const struct program *program, struct features *features)
{
	uint64_t begin = 0;
	unsigned int i;

	features_clear(features);
	for (i = 0; i < told->ran; i++) {
		coverage_add(features, &own_trace, begin, told->ends[i],
			     program->ops[i].kind);
		coverage_add_answer(features, program->ops[i].kind,
				    told->answers[i]);
		begin = told->ends[i];
	}
	/* What closing everything reaches, or what was cut off */
	coverage_add(features, &own_trace, begin, trace_count(&own_trace),
		     OP_CLOSE);
	coverage_add(features, &keeper_trace, 0, trace_count(&keeper_trace),
		     KEEPER_OP);
}

void execute(const struct program *program, struct outcome *outcome,
	     struct features *features, bool loud)
{
	pid_t pid;

	memset(told, 0, sizeof(*told));
	trace_reset(&own_trace);
	trace_reset(&keeper_trace);
	pid = fork();
	if (pid < 0)
		fail_errno("cannot fork");
	if (!pid)
		run_program(program, loud);
	setpgid(pid, pid);
	outcome->ending = wait_for(pid) ? told->whole ? ENDED : KILLED : HANGS;
	if (outcome->ending != HANGS && !devices_settle())
		outcome->ending = HANGS;
	outcome->ran = told->ran;
	memcpy(outcome->answers, told->answers, sizeof(outcome->answers));
	if (features)
		collect(program, features);
}
