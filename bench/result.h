/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table: a row for each kind of work, a column for each that can do it.
 * It is in shared memory, so that a process which the kernel kills for a
 * peer's bug has left there what it had measured.
 */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include "measure.h"

#include <stdbool.h>
#include <stdio.h>

enum column {
	PLANEFD,  /* the manager fd, or the device where that is measured */
	MAINLINE, /* mainline's ABI on the same device */
	MBOCHS,	  /* the kernel's sample driver */
	FLOOR,	  /* the least that work of the kind takes */
	COLUMNS,
};

enum cell_kind {
	CELL_EMPTY,
	CELL_FIGURES,
	CELL_CANNOT,
};

struct cell {
	enum cell_kind kind;
	struct figures figures;
	char note[96]; /* why it cannot; what the floor is */
};

struct row {
	const char *work;
	const char *size;
	struct cell cells[COLUMNS];
};

/* Call before any other, and before forking */
void result_init(void);

/* The row of this work and size, added below the others if it is not there */
struct row *result_row(const char *work, const char *size);

/* The row if it is there, or NULL */
const struct row *result_find(const char *work, const char *size);

/* Figures for units of work done at once; what may be NULL */
void result_set(struct row *row, enum column column,
		const struct figures *figures, double units, const char *what);

void result_cannot(struct row *row, enum column column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A condition that the figures must meet */
void result_check(bool holds, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* How many do not */
unsigned int result_failed(void);

void result_print(FILE *file);

/* 0 or a negative errno */
int result_write_json(const char *path);

#endif /* BENCH_RESULT_H */
