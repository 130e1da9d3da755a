// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mutation, see mutate.h.
 */
#include "mutate.h"

#include "test.h"

#include <string.h>

#define MUTATIONS_MAX 5
#define GENERATED_OPS 8
/* Rather the ops that do something: in how many of 16 cases */
#define FITTING 14
/* A new op may want as many others before it: a card, a manager, a dma-buf */
#define GIVERS_MAX 3

/* Which kind of fd each slot has at some place in a program */
struct slots {
	enum fd_type fds[FD_SLOTS];
	bool there[FD_SLOTS];
	bool maps[MAP_SLOTS];
	bool ids[ID_SLOTS];
};

uint64_t random_below(uint64_t *seed, uint64_t limit)
{
	/* The upper bits are the better ones */
	return limit ? (test_random(seed) >> 16) % limit : 0;
}

/* In of_16 of 16 cases */
static bool chance(uint64_t *seed, unsigned int of_16)
{
	return random_below(seed, 16) < of_16;
}

static void slots_after(struct slots *slots, const struct op *op)
{
	const struct operand *operand = op_types[op->kind].operands;
	uint64_t slot = op->operands[0];

	/* What an op fills is its first operand */
	if (!operand->result)
		return;
	if (operand->kind == OPERAND_FD) {
		slots->fds[slot] = operand->type;
		slots->there[slot] = true;
		/* A duplicate is what the original is */
		if (operand->type == FD_ANY && operand[1].kind == OPERAND_FD)
			slots->fds[slot] = slots->fds[op->operands[1]];
	} else if (operand->kind == OPERAND_MAP) {
		slots->maps[slot] = true;
	} else {
		slots->ids[slot] = true;
	}
}

static void slots_before(struct slots *slots, const struct program *program,
			 unsigned int end)
{
	unsigned int i;

	memset(slots, 0, sizeof(*slots));
	slots->fds[FD_BOCHS] = slots->fds[FD_DISPLAY] = FD_DEVICE;
	slots->fds[FD_GPU] = FD_VIRTIO;
	slots->fds[FD_MEMORY] = FD_CONTAINER;
	for (i = 0; i < FDS_AT_FIRST; i++)
		slots->there[i] = true;
	for (i = 0; i < end; i++)
		slots_after(slots, &program->ops[i]);
}

static bool fd_fits(const struct slots *slots, unsigned int slot,
		    enum fd_type type)
{
	enum fd_type there = slots->fds[slot];

	return slots->there[slot] &&
	       (type == FD_ANY || there == type ||
		(type == FD_DEVICE && there == FD_VIRTIO));
}

static uint64_t pick_fd(const struct slots *slots, enum fd_type type,
			uint64_t *seed)
{
	unsigned int i, slot = (unsigned int)random_below(seed, FD_SLOTS);

	if (!chance(seed, FITTING))
		return slot;
	for (i = 0; i < FD_SLOTS; i++)
		if (fd_fits(slots, (slot + i) % FD_SLOTS, type))
			return (slot + i) % FD_SLOTS;
	return slot;
}

static uint64_t pick_slot(const bool *there, unsigned int count, uint64_t *seed)
{
	unsigned int i, slot = (unsigned int)random_below(seed, count);

	for (i = 0; i < count; i++)
		if (there[(slot + i) % count])
			return (slot + i) % count;
	return slot;
}

static uint64_t pick_place(const struct slots *slots, uint64_t *seed)
{
	if (chance(seed, FITTING))
		return place_make(PLACE_OK, 0, 0);
	switch (random_below(seed, 8)) {
	case 0:
		return place_make(PLACE_NULL, 0, 0);
	case 1:
		return place_make(PLACE_HOLE, 0, 0);
	case 2:
		return place_make(PLACE_RO, 0, 0);
	case 3:
		return place_make(PLACE_HIGH, 0, 0);
	case 4:
	case 5:
		return place_make(PLACE_CUT, 0,
				  (uint32_t)random_below(seed, 130));
	default:
		return place_make(
			PLACE_MAP,
			(unsigned int)pick_slot(slots->maps, MAP_SLOTS, seed),
			(uint32_t)random_below(seed, 3) * 4080);
	}
}

static uint64_t pick_number(const struct pool *pool, uint64_t *seed)
{
	if (chance(seed, 13))
		return pool->values[random_below(seed, pool->count)];
	if (chance(seed, 8))
		return UINT64_C(1) << random_below(seed, 64);
	return test_random(seed) >> random_below(seed, 64);
}

static uint64_t tweak_number(uint64_t value, uint64_t *seed)
{
	static const uint64_t steps[] = {1, 2, 4, 8, 64, 4096, 2097152};
	uint64_t step = steps[random_below(seed, 7)];

	switch (random_below(seed, 5)) {
	case 0:
		return value + step;
	case 1:
		return value - step;
	case 2:
		return value ^ UINT64_C(1) << random_below(seed, 33);
	case 3:
		return value << 1;
	default:
		return value >> 1;
	}
}

static unsigned int word_count(const struct operand *operand)
{
	unsigned int count = 0;

	while (operand->words[count])
		count++;
	return count;
}

static uint64_t pick_operand(const struct operand *operand,
			     const struct slots *slots, uint64_t *seed)
{
	switch (operand->kind) {
	case OPERAND_FD:
		/* The devices that are there at first are not overwritten */
		if (operand->result)
			return FDS_AT_FIRST +
			       random_below(seed, FD_SLOTS - FDS_AT_FIRST);
		return pick_fd(slots, operand->type, seed);
	case OPERAND_MAP:
		if (operand->result)
			return random_below(seed, MAP_SLOTS);
		return pick_slot(slots->maps, MAP_SLOTS, seed);
	case OPERAND_ID:
		if (operand->result)
			return random_below(seed, ID_SLOTS);
		return pick_slot(slots->ids, ID_SLOTS, seed);
	case OPERAND_NUMBER:
		return pick_number(operand->pool, seed);
	case OPERAND_WORD:
		return random_below(seed, word_count(operand));
	case OPERAND_PLACE:
		return pick_place(slots, seed);
	case OPERAND_NONE:
		break;
	}
	return 0;
}

static void make_op(struct op *op, enum op_kind kind, const struct slots *slots,
		    uint64_t *seed)
{
	unsigned int i, count = op_operands(kind);

	memset(op, 0, sizeof(*op));
	op->kind = kind;
	for (i = 0; i < count; i++)
		op->operands[i] =
			pick_operand(&op_types[kind].operands[i], slots, seed);
}

/* Into a full program in place of its last op */
static void insert_op(struct program *program, unsigned int at,
		      const struct op *op)
{
	if (program->count == PROGRAM_MAX_OPS)
		program->count--;
	if (at > program->count)
		at = program->count;
	memmove(&program->ops[at + 1], &program->ops[at],
		(program->count - at) * sizeof(*op));
	program->ops[at] = *op;
	program->count++;
}

/* An op that gives what the other takes and nothing before has given */
static bool missing(const struct op *op, const struct slots *slots,
		    enum op_kind *kind)
{
	static const enum op_kind giver[] = {
		[FD_DEVICE] = OP_OPEN,	  [FD_VIRTIO] = OP_OPEN,
		[FD_CONTAINER] = OP_OPEN, [FD_MANAGER] = OP_MANAGER,
		[FD_DMABUF] = OP_CREATE,  [FD_CARD] = OP_CARD,
		[FD_EVENT] = OP_EVENTFD,
	};
	const struct operand *operand;
	unsigned int i, slot;

	for (i = 0; i < op_operands(op->kind); i++) {
		operand = &op_types[op->kind].operands[i];
		if (operand->result)
			continue;
		if (operand->kind == OPERAND_MAP &&
		    !slots->maps[op->operands[i]]) {
			*kind = OP_MAP;
			return true;
		}
		if (operand->kind != OPERAND_FD || operand->type == FD_ANY)
			continue;
		for (slot = 0; slot < FD_SLOTS; slot++)
			if (fd_fits(slots, slot, operand->type))
				break;
		if (slot == FD_SLOTS) {
			*kind = giver[operand->type];
			return true;
		}
	}
	return false;
}

static void insert_new(struct program *program, unsigned int at, uint64_t *seed)
{
	enum op_kind kind = (enum op_kind)random_below(seed, OP_KINDS), first;
	struct slots slots;
	struct op op, giver;
	unsigned int i;

	/* None of these is to push another out of a full program */
	if (at > PROGRAM_MAX_OPS - 1 - GIVERS_MAX)
		at = PROGRAM_MAX_OPS - 1 - GIVERS_MAX;
	slots_before(&slots, program, at);
	make_op(&op, kind, &slots, seed);
	/* A dma-buf wants a manager, and a card one, too */
	for (i = 0; i < GIVERS_MAX && missing(&op, &slots, &first); i++) {
		make_op(&giver, first, &slots, seed);
		insert_op(program, at, &giver);
		slots_before(&slots, program, ++at);
		make_op(&op, kind, &slots, seed);
	}
	insert_op(program, at, &op);
}

static void tweak_op(struct program *program, unsigned int at, uint64_t *seed)
{
	struct op *op = &program->ops[at];
	const struct operand *operand;
	struct slots slots;
	unsigned int i;

	if (!op_operands(op->kind))
		return;
	i = (unsigned int)random_below(seed, op_operands(op->kind));
	operand = &op_types[op->kind].operands[i];
	slots_before(&slots, program, at);
	if (operand->kind == OPERAND_NUMBER && chance(seed, 6))
		op->operands[i] = tweak_number(op->operands[i], seed);
	else
		op->operands[i] = pick_operand(operand, &slots, seed);
}

static void delete_ops(struct program *program, unsigned int at,
		       unsigned int count)
{
	if (count > program->count - at)
		count = program->count - at;
	memmove(&program->ops[at], &program->ops[at + count],
		(program->count - at - count) * sizeof(program->ops[0]));
	program->count -= count;
}

/* Some ops of another program, in a row */
static void splice(struct program *program, const struct program *other,
		   unsigned int at, uint64_t *seed)
{
	unsigned int i, begin, count;

	if (!other->count)
		return;
	begin = (unsigned int)random_below(seed, other->count);
	count = 1 + (unsigned int)random_below(seed, other->count - begin);
	for (i = 0; i < count && at + i < PROGRAM_MAX_OPS; i++)
		insert_op(program, at + i, &other->ops[begin + i]);
}

static void mutate_once(struct program *program, const struct program *other,
			uint64_t *seed)
{
	unsigned int at = (unsigned int)random_below(seed, program->count);
	unsigned int with = (unsigned int)random_below(seed, program->count);
	struct op op = program->ops[at];

	switch (random_below(seed, 16)) {
	case 0:
	case 1:
	case 2:
	case 3:
		insert_new(program, at + (unsigned int)random_below(seed, 2),
			   seed);
		break;
	case 4:
	case 5:
		delete_ops(program, at, 1);
		break;
	case 6:
		delete_ops(program, at,
			   1 + (unsigned int)random_below(seed, 8));
		break;
	case 7:
		program->ops[at] = program->ops[with];
		program->ops[with] = op;
		break;
	case 8:
		insert_op(program, with, &op);
		break;
	case 9:
		splice(program, other, at, seed);
		break;
	case 10:
		/* Both, one after the other, as far as there is room */
		while (program->count < PROGRAM_MAX_OPS && other->count &&
		       with < other->count)
			insert_op(program, program->count, &other->ops[with++]);
		break;
	default:
		tweak_op(program, at, seed);
	}
	if (!program->count)
		insert_new(program, 0, seed);
}

void program_mutate(struct program *program, const struct program *other,
		    uint64_t *seed)
{
	unsigned int i,
		count = 1 + (unsigned int)random_below(seed, MUTATIONS_MAX);

	if (!program->count)
		insert_new(program, 0, seed);
	for (i = 0; i < count; i++)
		mutate_once(program, other, seed);
}

void program_generate(struct program *program, uint64_t *seed)
{
	unsigned int count =
		1 + (unsigned int)random_below(seed, GENERATED_OPS);

	memset(program, 0, sizeof(*program));
	while (program->count < count)
		insert_new(program, program->count, seed);
}
