/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold of the figures: what docs/performance.md promises.
 */
#ifndef BENCH_CHECKS_H
#define BENCH_CHECKS_H

/* Judge the table as it is */
void checks(void);

#endif /* BENCH_CHECKS_H */
