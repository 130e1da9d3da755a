// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The executor, see execute.h.
 */
#include "execute.h"

#include "clock.h"
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
/*
 * What stands among the ops for what the keeper of the devices does, for what a
 * virtio-gpu's worker does, and for each command to one
 */
#define KEEPER_OP OP_KINDS
#define WORKER_OP (OP_KINDS + 1)
#define COMMAND_OPS (OP_KINDS + 2)

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
	[OP_GPU_START] = run_gpu_start,
	[OP_GPU_COMMON] = run_gpu_common,
	[OP_GPU_DESC] = run_gpu_desc,
	[OP_GPU_AVAIL] = run_gpu_avail,
	[OP_GPU_BYTES] = run_gpu_bytes,
	[OP_GPU_NOTIFY] = run_gpu_notify,
	[OP_GPU_WAIT] = run_gpu_wait,
	[OP_GPU_COMMAND] = run_gpu_command,
	[OP_DMA_MAP] = run_dma_map,
	[OP_DMA_UNMAP] = run_dma_unmap,
	[OP_GFX_QUERY] = run_gfx_query,
	[OP_GFX_GET] = run_gfx_get,
	[OP_MANAGER] = run_manager,
	[OP_QUERY] = run_query,
	[OP_CREATE] = run_create,
	[OP_INFO] = run_info,
	[OP_DROP] = run_drop,
	[OP_REQUEST_MODE] = run_request_mode,
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

/*
 * Programs run in a worker, one after the other, which drops all that one has
 * left before the next. A new one takes its place after some, when the old one
 * died, and before the devices are closed, of which it has fds.
 */
#define WORKER_PROGRAMS 32
static pid_t worker;
static unsigned int worker_programs;
static int go[2], done[2];

static struct run state;
static struct trace own_trace, keeper_trace, workers_trace;

/* Shared with the worker */
static struct {
	struct program program;
	bool loud;
	unsigned int ran;
	int32_t answers[PROGRAM_MAX_OPS];
	uint64_t ends[PROGRAM_MAX_OPS]; /* where in the trace each ends */
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
	/* A worker that has died is an error of a write */
	signal(SIGPIPE, SIG_IGN);
	run_init(&state);
	trace_open(&own_trace, traced);
	trace_open(&workers_trace, traced);
	trace_keep(&workers_trace);
	trace_enable_workers(&workers_trace);
	devices_start(&keeper_trace, traced);
}

static void drop_all(const struct run *run, const bool own[OWN_FDS])
{
	unsigned int i;

	run_clear_areas(run);
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

static void run_ops(struct run *run)
{
	const struct program *program = &told->program;
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
			if (told->loud && !run->forked)
				tell(op, result);
		}
		if (run->forked)
			continue;
		told->answers[i] = result < 0 ? (int32_t)-result : 0;
		told->ends[i] = trace_count(&own_trace);
		told->ran = i + 1;
	}
}

static void run_program(const bool own[OWN_FDS])
{
	struct run run = state;
	unsigned int i;

	alarm(PROGRAM_SECONDS);
	for (i = 0; i < DEVICE_KINDS; i++)
		run.fds[i] = fcntl(devices_fd((enum device_kind)i),
				   F_DUPFD_CLOEXEC, OWN_FDS);
	run.fds[FD_MEMORY] =
		fcntl(devices_container(), F_DUPFD_CLOEXEC, OWN_FDS);
	run_begin(&run);
	run_ops(&run);
	drop_all(&run, own);
	while (wait(NULL) > 0)
		;
	if (run.forked)
		_exit(0);
	alarm(0);
}

static _Noreturn void work(void)
{
	bool own[OWN_FDS];
	unsigned int i;
	char byte;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < OWN_FDS; i++)
		own[i] = fcntl((int)i, F_GETFD) >= 0;
	trace_enable(&own_trace);
	while (read(go[0], &byte, 1) == 1) {
		run_program(own);
		if (write(done[1], &byte, 1) != 1)
			break;
	}
	_exit(0);
}

static void start_worker(void)
{
	if (pipe2(go, O_CLOEXEC) || pipe2(done, O_CLOEXEC))
		fail_errno("cannot make a pipe");
	worker = fork();
	if (worker < 0)
		fail_errno("cannot fork");
	if (!worker)
		work();
	setpgid(worker, worker);
	worker_programs = 0;
}

bool execute_retire(void)
{
	const struct limit limit = limit_start();
	struct pollfd gone = {.events = POLLIN};
	bool ended;

	if (!worker)
		return true;
	gone.fd = (int)syscall(SYS_pidfd_open, worker, 0);
	if (gone.fd < 0)
		fail_errno("pidfd_open");
	kill(-worker, SIGKILL);
	do {
		ended = poll(&gone, 1, limit_sleep(&limit, HANG_SECONDS)) > 0;
	} while (!ended && !limit_is_over(&limit, HANG_SECONDS));
	close(gone.fd);
	/* Its own processes, too; killed, they cannot take long */
	while (ended && (waitpid(-worker, NULL, 0) > 0 || errno == EINTR))
		;
	close(go[0]);
	close(go[1]);
	close(done[0]);
	close(done[1]);
	worker = 0;
	return ended;
}

/* One that has died since its last program is replaced */
static void tell_worker(void)
{
	char byte = 0;

	if (worker && write(go[1], &byte, 1) == 1)
		return;
	execute_retire();
	start_worker();
	if (write(go[1], &byte, 1) != 1)
		fail_errno("the worker cannot be told");
}

static enum ending run_in_worker(void)
{
	struct pollfd answers[2] = {{.events = POLLIN}, {.events = POLLIN}};
	char byte;

	tell_worker();
	answers[0].fd = done[0];
	answers[1].fd = (int)syscall(SYS_pidfd_open, worker, 0);
	if (answers[1].fd < 0)
		fail_errno("pidfd_open");
	poll(answers, 2, (PROGRAM_SECONDS + 1) * 1000);
	close(answers[1].fd);
	if (answers[0].revents & POLLIN) {
		if (read(done[0], &byte, 1) != 1)
			fail_errno("the worker cannot be heard");
		if (++worker_programs < WORKER_PROGRAMS)
			return ENDED;
		return execute_retire() ? ENDED : HANGS;
	}
	return execute_retire() ? KILLED : HANGS;
}

/* What an answer is the answer to */
static uint32_t asked(const struct op *op)
{
	if (op->kind == OP_GPU_COMMAND)
		return COMMAND_OPS + (uint32_t)op->operands[1];
	return op->kind;
}

static void collect(const struct program *program, struct features *features)
{
	uint64_t begin = 0;
	unsigned int i;

	features_clear(features);
	for (i = 0; i < told->ran; i++) {
		coverage_add(features, &own_trace, begin, told->ends[i],
			     program->ops[i].kind);
		coverage_add_answer(features, asked(&program->ops[i]),
				    told->answers[i]);
		begin = told->ends[i];
	}
	/* What closing everything reaches, or what was cut off */
	coverage_add(features, &own_trace, begin, trace_count(&own_trace),
		     OP_CLOSE);
	coverage_add(features, &keeper_trace, 0, trace_count(&keeper_trace),
		     KEEPER_OP);
	/* The reset between programs has waited for the end of its work */
	coverage_add(features, &workers_trace, 0, trace_count(&workers_trace),
		     WORKER_OP);
}

void execute(const struct program *program, struct outcome *outcome,
	     struct features *features, bool loud)
{
	memset(told, 0, sizeof(*told));
	told->program = *program;
	told->loud = loud;
	trace_reset(&own_trace);
	trace_reset(&keeper_trace);
	trace_reset(&workers_trace);
	outcome->ending = run_in_worker();
	if (outcome->ending != HANGS && !devices_settle())
		outcome->ending = HANGS;
	outcome->ran = told->ran;
	memcpy(outcome->answers, told->answers, sizeof(outcome->answers));
	if (features)
		collect(program, features);
}
