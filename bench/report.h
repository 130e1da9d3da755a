/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table for those who read it: text for people, JSON for programs.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "result.h"

#include <stdio.h>

void report_print(FILE *file);

/* 0 or a negative errno */
int report_json(const char *path);

#endif /* BENCH_REPORT_H */
