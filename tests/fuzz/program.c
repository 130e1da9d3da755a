// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs as text, see program.h.
 */
#include "program.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Larger numbers are easier to read in hexadecimal */
#define DECIMAL_MAX 65535

#define LINE_MAX_TEXT 512
#define BLANK " \t\r"

static const char *const place_names[PLACE_KINDS] = {
	[PLACE_OK] = "ok", [PLACE_NULL] = "null", [PLACE_HOLE] = "hole",
	[PLACE_RO] = "ro", [PLACE_HIGH] = "high",
};

unsigned int op_operands(enum op_kind kind)
{
	const struct operand *operands = op_types[kind].operands;
	unsigned int count = 0;

	while (count < OP_MAX_OPERANDS && operands[count].kind != OPERAND_NONE)
		count++;
	return count;
}

/* What is being parsed, for the error's sake */
struct parser {
	unsigned int line;
	char *error;
};

static bool __attribute__((format(printf, 2, 3)))
refuse(const struct parser *parser, const char *format, ...)
{
	va_list args;
	int size;

	size = snprintf(parser->error, PROGRAM_MAX_ERROR,
			"line %u: ", parser->line);
	va_start(args, format);
	vsnprintf(parser->error + size, PROGRAM_MAX_ERROR - (size_t)size,
		  format, args);
	va_end(args);
	return false;
}

static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	if (!*text)
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return !*end && !errno;
}

static bool parse_slot(const char *text, char letter, unsigned int slots,
		       uint64_t *value)
{
	char *end;

	if (*text != letter || text[1] < '0' || text[1] > '9')
		return false;
	*value = strtoull(text + 1, &end, 10);
	return !*end && *value < slots;
}

static bool parse_place(const char *text, uint64_t *value)
{
	char slot[8] = "";
	const char *plus = strchr(text, '+');
	uint64_t map, offset = 0;
	unsigned int i;

	for (i = 0; i < PLACE_KINDS; i++) {
		if (!place_names[i] || strcmp(text, place_names[i]) != 0)
			continue;
		*value = place_make((enum place_kind)i, 0, 0);
		return true;
	}
	if (!strncmp(text, "cut:", 4)) {
		if (!parse_number(text + 4, &offset) ||
		    offset > PLACE_OFFSET_MASK)
			return false;
		*value = place_make(PLACE_CUT, 0, (uint32_t)offset);
		return true;
	}
	if (!plus || (size_t)(plus - text) >= sizeof(slot))
		return false;
	memcpy(slot, text, (size_t)(plus - text));
	if (!parse_slot(slot, 'm', MAP_SLOTS, &map) ||
	    !parse_number(plus + 1, &offset) || offset > PLACE_OFFSET_MASK)
		return false;
	*value = place_make(PLACE_MAP, (unsigned int)map, (uint32_t)offset);
	return true;
}

static bool parse_word(const char *text, const char *const *words,
		       uint64_t *value)
{
	for (*value = 0; words[*value]; ++*value)
		if (!strcmp(text, words[*value]))
			return true;
	return false;
}

static bool parse_value(const struct operand *operand, const char *text,
			uint64_t *value)
{
	switch (operand->kind) {
	case OPERAND_FD:
		return parse_slot(text, 'f', FD_SLOTS, value);
	case OPERAND_MAP:
		return parse_slot(text, 'm', MAP_SLOTS, value);
	case OPERAND_ID:
		return parse_slot(text, 'i', ID_SLOTS, value);
	case OPERAND_NUMBER:
		return parse_number(text, value);
	case OPERAND_WORD:
		return parse_word(text, operand->words, value);
	case OPERAND_PLACE:
		return parse_place(text, value);
	case OPERAND_NONE:
		break;
	}
	return false;
}

static bool parse_operand(const struct parser *parser, struct op *op,
			  char *text, unsigned int *given)
{
	const struct op_type *type = &op_types[op->kind];
	unsigned int i, count = op_operands(op->kind);
	char *value = strchr(text, '=');

	if (!value)
		return refuse(parser, "%s is not KEY=VALUE", text);
	*value++ = 0;
	for (i = 0; i < count; i++)
		if (!strcmp(type->operands[i].key, text))
			break;
	if (i == count)
		return refuse(parser, "%s has no operand %s", type->name, text);
	if (*given & 1U << i)
		return refuse(parser, "%s is given twice", text);
	*given |= 1U << i;
	if (!parse_value(&type->operands[i], value, &op->operands[i]))
		return refuse(parser, "%s cannot be %s", text, value);
	return true;
}

static bool parse_op(const struct parser *parser, struct op *op, char *line)
{
	char *word, *rest = line;
	unsigned int given = 0;
	int kind;

	memset(op, 0, sizeof(*op));
	word = strtok_r(line, BLANK, &rest);
	for (kind = 0; kind < OP_KINDS; kind++)
		if (!strcmp(op_types[kind].name, word))
			break;
	if (kind == OP_KINDS)
		return refuse(parser, "there is no op %s", word);
	op->kind = (enum op_kind)kind;
	while ((word = strtok_r(NULL, BLANK, &rest)))
		if (!parse_operand(parser, op, word, &given))
			return false;
	return true;
}

bool program_parse(struct program *program, const char *text,
		   char error[PROGRAM_MAX_ERROR])
{
	struct parser parser = {.error = error};
	char line[LINE_MAX_TEXT];
	size_t size;

	memset(program, 0, sizeof(*program));
	while (*text) {
		parser.line++;
		size = strcspn(text, "\n");
		if (size >= sizeof(line))
			return refuse(&parser, "more than %zu bytes",
				      sizeof(line) - 1);
		memcpy(line, text, size);
		line[size] = 0;
		text += size + (text[size] == '\n');
		line[strcspn(line, "#")] = 0;
		if (!line[strspn(line, BLANK)])
			continue;
		if (program->count == PROGRAM_MAX_OPS)
			return refuse(&parser, "more than %d ops",
				      PROGRAM_MAX_OPS);
		if (!parse_op(&parser, &program->ops[program->count], line))
			return false;
		program->count++;
	}
	return true;
}

static int print_place(uint64_t place, char *text, size_t size)
{
	enum place_kind kind = place_kind(place);

	if (kind == PLACE_CUT)
		return snprintf(text, size, "cut:%" PRIu32,
				place_offset(place));
	if (kind == PLACE_MAP)
		return snprintf(text, size, "m%u+%" PRIu32, place_map(place),
				place_offset(place));
	return snprintf(text, size, "%s", place_names[kind]);
}

static int print_value(const struct operand *operand, uint64_t value,
		       char *text, size_t size)
{
	switch (operand->kind) {
	case OPERAND_FD:
		return snprintf(text, size, "f%" PRIu64, value);
	case OPERAND_MAP:
		return snprintf(text, size, "m%" PRIu64, value);
	case OPERAND_ID:
		return snprintf(text, size, "i%" PRIu64, value);
	case OPERAND_WORD:
		return snprintf(text, size, "%s", operand->words[value]);
	case OPERAND_PLACE:
		return print_place(value, text, size);
	case OPERAND_NUMBER:
		if (value <= DECIMAL_MAX)
			return snprintf(text, size, "%" PRIu64, value);
		return snprintf(text, size, "0x%" PRIx64, value);
	case OPERAND_NONE:
		break;
	}
	return 0;
}

/* The rest of a buffer of size bytes, of which done are written */
static char *rest_of(char *text, size_t size, size_t done, size_t *left)
{
	*left = done < size ? size - done : 0;
	return *left ? text + done : NULL;
}

size_t op_print(const struct op *op, char *text, size_t size)
{
	const struct op_type *type = &op_types[op->kind];
	unsigned int i, count = op_operands(op->kind);
	size_t done, left;
	char *rest;

	done = (size_t)snprintf(text, size, "%s", type->name);
	for (i = 0; i < count; i++) {
		rest = rest_of(text, size, done, &left);
		done += (size_t)snprintf(rest, left,
					 " %s=", type->operands[i].key);
		rest = rest_of(text, size, done, &left);
		done += (size_t)print_value(&type->operands[i], op->operands[i],
					    rest, left);
	}
	return done;
}

size_t program_print(const struct program *program, char *text, size_t size)
{
	size_t done = 0, left;
	unsigned int i;
	char *rest;

	if (size)
		*text = 0;
	for (i = 0; i < program->count; i++) {
		rest = rest_of(text, size, done, &left);
		done += op_print(&program->ops[i], rest, left);
		rest = rest_of(text, size, done, &left);
		done += (size_t)snprintf(rest, left, "\n");
	}
	return done;
}
