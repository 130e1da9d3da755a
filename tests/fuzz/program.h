/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program of the fuzzer: a short list of ops that a guest, a VMM or a viewer
 * might do, each with operands. What an op gives (a fd, a mapping, a buffer's
 * id) goes into a slot, which later ops name.
 *
 * As text it is one op a line, which is what the corpus and a crash's file are:
 *
 *	# anything
 *	manager to=f4 fd=f0 type=0 at=ok
 *	create to=f5 fd=f4 argsz=64 flags=1 plane=1 at=ok
 *
 * An operand that a line leaves out is 0, and slot 0. f0 to f15 are fds, of
 * which f0 is a bochs display, f1 a test display, f2 a virtio-gpu whose driver
 * has set it up, and f3 the container with its guest's memory, all open when a
 * program begins; m0 to m7 are mappings, i0 to i7 ids.
 */
#ifndef TESTS_FUZZ_PROGRAM_H
#define TESTS_FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM_MAX_OPS 40
#define OP_MAX_OPERANDS 8
/* Enough for the longest program's text */
#define PROGRAM_MAX_TEXT 16384
#define PROGRAM_MAX_ERROR 160

#define FD_SLOTS 16
#define MAP_SLOTS 8
#define ID_SLOTS 8

/* What the first ones are */
#define FD_BOCHS 0
#define FD_DISPLAY 1
#define FD_GPU 2
#define FD_MEMORY 3
#define FDS_AT_FIRST 4

/* Each is a line of op_types[] in ops.c, and a function of the executor's */
enum op_kind {
	OP_OPEN,
	OP_REMOVE,
	OP_MAKE,
	OP_CLOSE,
	OP_DUP,
	OP_REOPEN,
	OP_PASS,
	OP_POST,
	OP_EVENTFD,
	OP_FORK,
	OP_REPEAT,
	OP_IOCTL,
	OP_DEVICE_INFO,
	OP_REGION_INFO,
	OP_IRQ_INFO,
	OP_SET_IRQS,
	OP_RESET,
	OP_READ,
	OP_WRITE,
	OP_DISPI,
	OP_MODE,
	OP_PLANE,
	OP_SHOW,
	OP_GPU_START,
	OP_GPU_COMMON,
	OP_GPU_DESC,
	OP_GPU_AVAIL,
	OP_GPU_BYTES,
	OP_GPU_NOTIFY,
	OP_GPU_WAIT,
	OP_GPU_COMMAND,
	OP_DMA_MAP,
	OP_DMA_UNMAP,
	OP_GFX_QUERY,
	OP_GFX_GET,
	OP_MANAGER,
	OP_QUERY,
	OP_CREATE,
	OP_INFO,
	OP_DROP,
	OP_REQUEST_MODE,
	OP_POLL,
	OP_EPOLL,
	OP_FDINFO,
	OP_SYNC,
	OP_SYNC_FILE,
	OP_SEEK,
	OP_NAME,
	OP_CARD,
	OP_IMPORT,
	OP_GEM_MAP,
	OP_GEM_EXPORT,
	OP_GEM_CLOSE,
	OP_MAP,
	OP_UNMAP,
	OP_REMAP,
	OP_ADVISE,
	OP_PROTECT,
	OP_TOUCH,
	OP_LOCK,
	OP_GUP,
	OP_KINDS,
};

enum operand_kind {
	OPERAND_NONE,
	OPERAND_FD,
	OPERAND_MAP,
	OPERAND_ID,
	OPERAND_NUMBER,
	OPERAND_WORD,
	OPERAND_PLACE,
};

/* What kind of fd an op gives, and which it makes most sense with */
enum fd_type {
	FD_ANY,
	FD_DEVICE,
	FD_VIRTIO, /* a device, too */
	FD_CONTAINER,
	FD_MANAGER,
	FD_DMABUF,
	FD_CARD,
	FD_EVENT,
};

/* Numbers worth trying for an operand */
struct pool {
	unsigned int count;
	const uint64_t *values;
};

struct operand {
	const char *key;
	enum operand_kind kind;
	bool result;		  /* the slot that the op fills */
	enum fd_type type;	  /* OPERAND_FD */
	const struct pool *pool;  /* OPERAND_NUMBER */
	const char *const *words; /* OPERAND_WORD: the names, then NULL */
};

struct op_type {
	const char *name;
	struct operand operands[OP_MAX_OPERANDS]; /* then OPERAND_NONE */
};

extern const struct op_type op_types[OP_KINDS];

/*
 * An operand that says where in memory an ioctl's argument or a buffer is.
 *
 *	ok	in ordinary memory
 *	null	at address 0
 *	hole	where nothing is mapped
 *	ro	in memory that can only be read
 *	high	at a kernel address
 *	cut:N	N bytes before a hole
 *	mN+O	O bytes into mapping mN
 *
 * The kind is in the upper byte, N or O in the lower bits, the mapping between.
 */
enum place_kind {
	PLACE_OK,
	PLACE_NULL,
	PLACE_HOLE,
	PLACE_RO,
	PLACE_HIGH,
	PLACE_CUT,
	PLACE_MAP,
	PLACE_KINDS,
};

#define PLACE_OFFSET_MASK UINT32_MAX

static inline uint64_t place_make(enum place_kind kind, unsigned int map,
				  uint32_t offset)
{
	return (uint64_t)kind << 56 | (uint64_t)map << 32 | offset;
}

static inline enum place_kind place_kind(uint64_t place)
{
	return (enum place_kind)(place >> 56);
}

static inline unsigned int place_map(uint64_t place)
{
	return place >> 32 & 0xff;
}

static inline uint32_t place_offset(uint64_t place)
{
	return (uint32_t)place;
}

struct op {
	enum op_kind kind;
	uint64_t operands[OP_MAX_OPERANDS];
};

struct program {
	unsigned int count;
	struct op ops[PROGRAM_MAX_OPS];
};

unsigned int op_operands(enum op_kind kind);

/*
 * Read a program. False if the text is none; error then says which line is
 * wrong, and how.
 */
bool program_parse(struct program *program, const char *text,
		   char error[PROGRAM_MAX_ERROR]);

/* Write one, as many bytes as there is room for; returns how many it takes */
size_t program_print(const struct program *program, char *text, size_t size);

/* One op, without the newline */
size_t op_print(const struct op *op, char *text, size_t size);

#endif /* TESTS_FUZZ_PROGRAM_H */
