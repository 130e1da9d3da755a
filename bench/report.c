// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table as text and as JSON, see report.h.
 */
#include "report.h"

#include "test.h"

#include <json-c/json.h>
#include <string.h>
#include <sys/utsname.h>

static const char *const column_names[COLUMNS] = {
	[PLANEFD] = "planefd", [MAINLINE] = "mainline", [MBOCHS] = "mbochs",
	[MDPY] = "mdpy",       [UDMABUF] = "udmabuf",	[FLOOR] = "floor",
};

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
		fprintf(file, " %9.*f", cell->figures.median < 1000,
			cell->figures.median);
		break;
	case CELL_CANNOT:
		fprintf(file, " %9s", "cannot");
		break;
	case CELL_EMPTY:
		fprintf(file, " %9s", "-");
		break;
	}
}

static void print_ratio(FILE *file, const struct cell *ours,
			const struct cell *theirs)
{
	if (ours && theirs && theirs->figures.median > 0)
		fprintf(file, " %7.2f",
			ours->figures.median / theirs->figures.median);
	else
		fprintf(file, " %7s", "-");
}

/* What is so at one size is mostly so at the next */
static bool note_was_printed(const struct table *table, unsigned int row,
			     unsigned int column)
{
	const struct row *now = &table->rows[row], *then;

	for (then = table->rows; then < now; then++) {
		if (!strcmp(then->work, now->work) &&
		    !strcmp(then->cells[column].note, now->cells[column].note))
			return true;
	}
	return false;
}

static void print_notes(FILE *file, const struct table *table)
{
	const struct cell *cell;
	const struct row *row;
	unsigned int i, j;

	for (i = 0; i < table->rows_count; i++) {
		row = &table->rows[i];
		for (j = 0; j < FLOOR; j++) {
			cell = &row->cells[j];
			if (!*cell->note || note_was_printed(table, i, j))
				continue;
			fprintf(file, "%s%s: %s: %s\n", column_names[j],
				cell->kind == CELL_CANNOT ? " cannot" : "",
				row->work, cell->note);
		}
	}
}

static void print_row(FILE *file, const struct row *row)
{
	const struct cell *floor = &row->cells[FLOOR];
	const struct cell *ours = row_ours(row);
	unsigned int i;

	fprintf(file, "%-32s %-10s", row->work, row->size);
	for (i = 0; i < COLUMNS; i++)
		print_cell(file, &row->cells[i]);
	print_ratio(file, ours, row_best_peer(row));
	print_ratio(file, ours, floor->kind == CELL_FIGURES ? floor : NULL);
	fprintf(file, " %6.1f%%  %s", row_spread(row),
		strcmp(row->unit, UNIT_INSTRUCTIONS) ? row->unit : "");
	if (*floor->note)
		fprintf(file, "%s%s",
			strcmp(row->unit, UNIT_INSTRUCTIONS) ? "; " : "",
			floor->note);
	fprintf(file, "\n");
}

void report_print(FILE *file)
{
	const struct table *table = result_table();
	const char *reason;
	unsigned int i;

	fprintf(file, "%-32s %-10s", "instructions, median", "");
	for (i = 0; i < COLUMNS; i++)
		fprintf(file, " %9s", column_names[i]);
	fprintf(file, " %7s %7s %7s  %s\n", "to peer", "floor", "spread",
		"floor is");
	for (i = 0; i < table->rows_count; i++)
		print_row(file, &table->rows[i]);
	fprintf(file, "\n");
	print_notes(file, table);
	for (i = 0; i < table->rows_count; i++) {
		reason = row_reason(&table->rows[i]);
		if (reason)
			fprintf(file, "a peer is ahead: %s %s: %s\n",
				table->rows[i].work, table->rows[i].size,
				reason);
	}
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
	const char *reason = row_reason(row);
	unsigned int i;

	json_object_object_add(object, "work",
			       json_object_new_string(row->work));
	json_object_object_add(object, "size",
			       json_object_new_string(row->size));
	json_object_object_add(object, "unit",
			       json_object_new_string(row->unit));
	for (i = 0; i < COLUMNS; i++)
		if (row->cells[i].kind != CELL_EMPTY)
			json_object_object_add(object, column_names[i],
					       json_cell(&row->cells[i]));
	if (reason)
		json_object_object_add(object, "reason",
				       json_object_new_string(reason));
	return object;
}

int report_json(const char *path)
{
	const struct table *table = result_table();
	struct json_object *root = json_object_new_object();
	struct json_object *rows = json_object_new_array();
	struct json_object *checks = json_object_new_array();
	struct json_object *check;
	struct utsname name;
	int error = 0;
	unsigned int i;

	CHECK_OK(uname(&name));
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
