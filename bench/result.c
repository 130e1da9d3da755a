// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of figures, see result.h.
 */
#include "result.h"

#include "test.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static struct table *table;

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
	row->unit = UNIT_INSTRUCTIONS;
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

void result_measure_many(struct row *row, enum column column,
			 const struct work *work, unsigned int rounds,
			 void *arg, double units, const char *what)
{
	struct figures figures;

	result_cannot(row, column, "it ended while this was measured");
	figures = measure(work, rounds, arg);
	result_set(row, column, &figures, units, what);
}

void result_measure(struct row *row, enum column column,
		    const struct work *work, unsigned int rounds, void *arg,
		    const char *what)
{
	result_measure_many(row, column, work, rounds, arg, 1, what);
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

void result_excuse(const char *work, const char *reason)
{
	CHECK_LT(table->excuses_count, EXCUSES_MAX);
	table->excuses[table->excuses_count++] =
		(struct excuse){.work = work, .reason = reason};
}

static const char *row_excuse(const struct row *row)
{
	unsigned int i;

	for (i = 0; i < table->excuses_count; i++)
		if (!strcmp(table->excuses[i].work, row->work))
			return table->excuses[i].reason;
	return NULL;
}

const struct cell *row_ours(const struct row *row)
{
	if (row->cells[PLANEFD].kind == CELL_FIGURES)
		return &row->cells[PLANEFD];
	if (row->cells[MAINLINE].kind == CELL_FIGURES)
		return &row->cells[MAINLINE];
	return NULL;
}

const struct cell *row_best_peer(const struct row *row)
{
	const struct cell *best = NULL, *cell;

	for (cell = &row->cells[MBOCHS]; cell <= &row->cells[UDMABUF]; cell++) {
		if (cell->kind != CELL_FIGURES)
			continue;
		if (!best || cell->figures.median < best->figures.median)
			best = cell;
	}
	return best;
}

/* Where medians differ by less than boots do, nobody is ahead */
static bool peer_is_ahead(const struct row *row)
{
	const struct cell *ours = row_ours(row), *peer = row_best_peer(row);

	return ours && peer &&
	       ours->figures.median > peer->figures.median * 1.001;
}

void result_check_peers(void)
{
	const struct row *row;
	unsigned int i, ahead = 0;

	for (i = 0; i < table->rows_count; i++) {
		row = &table->rows[i];
		if (!peer_is_ahead(row) || row_excuse(row))
			continue;
		ahead++;
		result_check(false, "no peer is ahead in: %s %s", row->work,
			     row->size);
	}
	if (!ahead)
		result_check(true, "no peer is ahead, but where there is a "
				   "reason");
}

const char *row_reason(const struct row *row)
{
	return peer_is_ahead(row) ? row_excuse(row) : NULL;
}

const struct table *result_table(void)
{
	return table;
}
