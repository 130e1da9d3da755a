// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of figures, see result.h.
 */
#include "result.h"

#include "test.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#define ROWS_MAX 64
#define CHECKS_MAX 16

struct check {
	bool holds;
	char text[160];
};

struct table {
	unsigned int rows_count;
	struct row rows[ROWS_MAX];
	unsigned int checks_count;
	struct check checks[CHECKS_MAX];
};

static struct table *table;

static const char *const column_names[COLUMNS] = {
	[PLANEFD] = "planefd",
	[MAINLINE] = "mainline",
	[MBOCHS] = "mbochs",
	[FLOOR] = "floor",
};

void result_init(void)
{
	void *memory = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	CHECK(memory != MAP_FAILED);
	table = memory;
}

const struct row *result_find(const char *work, const char *size)
{
	unsigned int i;

	for (i = 0; i < table->rows_count; i++) {
		if (!strcmp(table->rows[i].work, work) &&
		    !strcmp(table->rows[i].size, size))
			return &table->rows[i];
	}
	return NULL;
}

struct row *result_row(const char *work, const char *size)
{
	const struct row *found = result_find(work, size);
	struct row *row;

	if (found)
		return &table->rows[found - table->rows];
	CHECK_LT(table->rows_count, ROWS_MAX);
	row = &table->rows[table->rows_count++];
	row->work = work;
	row->size = size;
	return row;
}

void result_set(struct row *row, enum column column,
		const struct figures *figures, double units, const char *what)
{
	struct cell *cell = &row->cells[column];

	cell->figures = *figures;
	cell->figures.median /= units;
	cell->figures.low /= units;
	cell->figures.high /= units;
	cell->figures.mean /= units;
	snprintf(cell->note, sizeof(cell->note), "%s", what ? what : "");
	cell->kind = CELL_FIGURES;
}

void result_cannot(struct row *row, enum column column, const char *format, ...)
{
	struct cell *cell = &row->cells[column];
	va_list args;

	va_start(args, format);
	vsnprintf(cell->note, sizeof(cell->note), format, args);
	va_end(args);
	cell->kind = CELL_CANNOT;
}

void result_check(bool holds, const char *format, ...)
{
	struct check *check;
	va_list args;

	CHECK_LT(table->checks_count, CHECKS_MAX);
	check = &table->checks[table->checks_count++];
	check->holds = holds;
	va_start(args, format);
	vsnprintf(check->text, sizeof(check->text), format, args);
	va_end(args);
}

unsigned int result_failed(void)
{
	unsigned int i, failed = 0;

	for (i = 0; i < table->checks_count; i++)
		failed += !table->checks[i].holds;
	return failed;
}

/* Of the widest cell, in percent of its median */
static double row_spread(const struct row *row)
{
	const struct figures *figures;
	double spread, widest = 0;
	unsigned int i;

	for (i = 0; i < COLUMNS; i++) {
		figures = &row->cells[i].figures;
		if (row->cells[i].kind != CELL_FIGURES || figures->median <= 0)
			continue;
		spread = (figures->high - figures->low) / figures->median * 100;
		if (spread > widest)
			widest = spread;
	}
	return widest;
}

static void print_cell(FILE *file, const struct cell *cell)
{
	switch (cell->kind) {
	case CELL_FIGURES:
		fprintf(file, " %10.*f", cell->figures.median < 1000,
			cell->figures.median);
		break;
	case CELL_CANNOT:
		fprintf(file, " %10s", "cannot");
		break;
	case CELL_EMPTY:
		fprintf(file, " %10s", "-");
		break;
	}
}

static void print_ratio(FILE *file, const struct row *row)
{
	const struct cell *ours = &row->cells[PLANEFD];
	const struct cell *theirs = &row->cells[MBOCHS];

	if (ours->kind == CELL_FIGURES && theirs->kind == CELL_FIGURES &&
	    theirs->figures.median > 0)
		fprintf(file, " %9.2f",
			ours->figures.median / theirs->figures.median);
	else
		fprintf(file, " %9s", "-");
}

/* What is so at one size is mostly so at the next */
static bool note_was_printed(unsigned int row, unsigned int column)
{
	const struct row *now = &table->rows[row], *then;

	for (then = table->rows; then < now; then++) {
		if (!strcmp(then->work, now->work) &&
		    !strcmp(then->cells[column].note, now->cells[column].note))
			return true;
	}
	return false;
}

static void print_notes(FILE *file)
{
	const struct cell *cell;
	const struct row *row;
	unsigned int i, j;

	for (i = 0; i < table->rows_count; i++) {
		row = &table->rows[i];
		for (j = 0; j < FLOOR; j++) {
			cell = &row->cells[j];
			if (!*cell->note || note_was_printed(i, j))
				continue;
			fprintf(file, "%s%s: %s: %s\n", column_names[j],
				cell->kind == CELL_CANNOT ? " cannot" : "",
				row->work, cell->note);
		}
	}
}

void result_print(FILE *file)
{
	const struct row *row;
	unsigned int i, j;

	fprintf(file, "%-34s %-10s", "instructions, median", "");
	for (j = 0; j < COLUMNS; j++)
		fprintf(file, " %10s", column_names[j]);
	fprintf(file, " %9s %7s  %s\n", "to mbochs", "spread", "floor is");
	for (i = 0; i < table->rows_count; i++) {
		row = &table->rows[i];
		fprintf(file, "%-34s %-10s", row->work, row->size);
		for (j = 0; j < COLUMNS; j++)
			print_cell(file, &row->cells[j]);
		print_ratio(file, row);
		fprintf(file, " %6.1f%%  %s\n", row_spread(row),
			row->cells[FLOOR].note);
	}
	fprintf(file, "\n");
	print_notes(file);
	for (i = 0; i < table->checks_count; i++)
		fprintf(file, "%s: %s\n",
			table->checks[i].holds ? "holds" : "DOES NOT HOLD",
			table->checks[i].text);
	fflush(file);
}

static struct json_object *json_cell(const struct cell *cell)
{
	struct json_object *object = json_object_new_object();

	if (cell->kind == CELL_CANNOT) {
		json_object_object_add(object, "cannot",
				       json_object_new_string(cell->note));
		return object;
	}
	json_object_object_add(object, "median",
			       json_object_new_double(cell->figures.median));
	json_object_object_add(object, "low",
			       json_object_new_double(cell->figures.low));
	json_object_object_add(object, "high",
			       json_object_new_double(cell->figures.high));
	json_object_object_add(object, "mean",
			       json_object_new_double(cell->figures.mean));
	json_object_object_add(object, "rounds",
			       json_object_new_int((int)cell->figures.rounds));
	if (*cell->note)
		json_object_object_add(object, "what",
				       json_object_new_string(cell->note));
	return object;
}

static struct json_object *json_row(const struct row *row)
{
	struct json_object *object = json_object_new_object();
	unsigned int i;

	json_object_object_add(object, "work",
			       json_object_new_string(row->work));
	json_object_object_add(object, "size",
			       json_object_new_string(row->size));
	for (i = 0; i < COLUMNS; i++)
		if (row->cells[i].kind != CELL_EMPTY)
			json_object_object_add(object, column_names[i],
					       json_cell(&row->cells[i]));
	return object;
}

int result_write_json(const char *path)
{
	struct json_object *root = json_object_new_object();
	struct json_object *rows = json_object_new_array();
	struct json_object *checks = json_object_new_array();
	struct json_object *check;
	struct utsname name;
	int error = 0;
	unsigned int i;

	CHECK_OK(uname(&name));
	json_object_object_add(root, "unit",
			       json_object_new_string("instructions"));
	json_object_object_add(root, "kernel",
			       json_object_new_string(name.release));
	for (i = 0; i < table->rows_count; i++)
		json_object_array_add(rows, json_row(&table->rows[i]));
	json_object_object_add(root, "rows", rows);
	for (i = 0; i < table->checks_count; i++) {
		check = json_object_new_object();
		json_object_object_add(
			check, "check",
			json_object_new_string(table->checks[i].text));
		json_object_object_add(
			check, "holds",
			json_object_new_boolean(table->checks[i].holds));
		json_object_array_add(checks, check);
	}
	json_object_object_add(root, "checks", checks);
	errno = 0;
	if (json_object_to_file_ext(path, root, JSON_C_TO_STRING_PRETTY))
		error = errno ? -errno : -EIO;
	json_object_put(root);
	return error;
}
