/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of the table, one file for each subject. Those that end in _mbochs
 * measure the sample driver, in a process that may die of it.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "screen.h"

#define ROW_UNKNOWN "ioctl that nobody knows"
#define ROW_QUERY "query"
#define ROW_QUERY_EXT "query with the extension"
#define ROW_FRESH "export of a new mode"
#define ROW_FRESH_ROUND "export of a new mode, and close"
#define ROW_AGAIN "export again, held open"
#define ROW_GET "get again by id, held open"
#define ROW_ROUND "export and close"
#define ROW_MAP "map, touch: per page drawn to"
#define ROW_VRAM "VRAM's first touch: per page"
#define ROW_FLIP "flip, nobody waits"
#define ROW_WAKE "flip to a viewer's wake from poll"

/* planes.c: query and export */
void rows_planes(void);
void rows_planes_mbochs(void);

/* map.c: mapping and touching pages */
void rows_map(void);
void rows_map_mbochs(void);

/* events.c: flips and those who wait for them */
void rows_events(void);
void rows_events_mbochs(void);

#endif /* BENCH_ROWS_H */
