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

enum column {
	PLANEFD,  /* the manager fd, or the device where that is measured */
	MAINLINE, /* mainline's ABI on the same device */
	MBOCHS,	  /* the kernel's sample of a display with dma-bufs */
	MDPY,	  /* the kernel's sample of one that is a region of memory */
	UDMABUF,  /* dma-bufs of a process's own memory */
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
	const char *size; /* of the picture, or of what else there is of it */
	const char *unit;
	struct cell cells[COLUMNS];
};

/* Call before any other, and before forking */
void result_init(void);

struct check {
	bool holds;
	char text[160];
};

struct excuse {
	const char *work;
	const char *reason;
};

#define ROWS_MAX 128
#define CHECKS_MAX 64
#define EXCUSES_MAX 16

struct table {
	unsigned int rows_count;
	struct row rows[ROWS_MAX];
	unsigned int checks_count;
	struct check checks[CHECKS_MAX];
	unsigned int excuses_count;
	struct excuse excuses[EXCUSES_MAX];
};

#define UNIT_INSTRUCTIONS "instructions"

/*
 * The row of this work and size, added below the others if it is not there.
 * Its unit is the instruction if nothing else is set.
 */
struct row *result_row(const char *work, const char *size);

/* The row if it is there, or NULL */
const struct row *result_find(const char *work, const char *size);

/* Figures for units of work done at once; what may be NULL */
void result_set(struct row *row, enum column column,
		const struct figures *figures, double units, const char *what);

/* Measure such work, and set the figures; if it ends here, the table says so */
void result_measure(struct row *row, enum column column,
		    const struct work *work, unsigned int rounds, void *arg,
		    const char *what);
void result_measure_many(struct row *row, enum column column,
			 const struct work *work, unsigned int rounds,
			 void *arg, double units, const char *what);

void result_cannot(struct row *row, enum column column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Why a peer is ahead in this work. Without a reason that is one of the
 * conditions below which do not hold.
 */
void result_excuse(const char *work, const char *reason);

/* Add the condition that no peer is ahead in any row, or a reason is there */
void result_check_peers(void);

/* A condition that the figures must meet */
void result_check(bool holds, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* How many do not */
unsigned int result_failed(void);

/* The planefd column, or if it is empty mainline's on the same device; NULL */
const struct cell *row_ours(const struct row *row);

/* The least of mbochs, mdpy and udmabuf, or NULL */
const struct cell *row_best_peer(const struct row *row);

/* Why a peer is ahead in this row, NULL if none is */
const char *row_reason(const struct row *row);

/* All of it, for those who print it */
const struct table *result_table(void);

#endif /* BENCH_RESULT_H */
