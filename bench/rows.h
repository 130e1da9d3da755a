/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of the table, one file for each subject. Those that end in _peer
 * measure a sample driver, MBOCHS or MDPY, in a process that may die of it;
 * the others measure ours, udmabuf and the floor.
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
#define ROW_READ "read a mapped picture: per KiB"
#define ROW_WRITE "write a mapped picture: per KiB"
#define ROW_ONCE "map, read once, unmap: per KiB"
#define ROW_PREAD "read() VRAM of the device: per KiB"
#define ROW_FLIP "flip, nobody waits"
#define ROW_WAKE "flip to a viewer's wake from poll"
#define ROW_IDLE_VIEWER "ten idle seconds: the viewer"
#define ROW_IDLE_SWITCHES "ten idle seconds: it runs"
#define ROW_IDLE_MACHINE "ten idle seconds: the machine"
#define ROW_MANY_QUERY "query, by each in turn"
#define ROW_MANY_EXPORT "export again, by each in turn"
#define ROW_MANY_FLIP "flip, nobody waits, each in turn"
#define ROW_MANY_WAKE "flip, all wait"
#define ROW_COMMAND "virtio-gpu: a flush"
#define ROW_GPU_WAKE "virtio-gpu: flip to a viewer's wake"
#define ROW_COPIED "virtio-gpu: copied for a frame"
#define ROW_MEMORY_DEVICE "an open device, nothing drawn"
#define ROW_MEMORY_FD "a viewer's fd"
#define ROW_MEMORY_BUFFER "an exported picture"

/*
 * The sizes of ROW_COPIED: what the guest's memory for it is made of, whole
 * pages or pieces of them; and whether it draws over what is shown, or flips to
 * what it has drawn
 */
#define PAGES_DRAWN "pages, drawn"
#define PAGES_FLIPPED "pages, flipped"
#define PIECES_DRAWN "pieces, drawn"
#define PIECES_FLIPPED "pieces, flipped"

/* query.c: asking what a plane shows */
void rows_query(void);
void rows_query_peer(enum column whose);

/* export.c: making dma-bufs */
void rows_export(void);
void rows_export_peer(enum column whose);

/* map.c: mapping and touching pages */
void rows_map(void);
void rows_map_peer(enum column whose);

/* bytes.c: what goes through a map, and through read() */
void rows_bytes(void);
void rows_bytes_peer(enum column whose);

/* events.c: flips and those who wait for them */
void rows_events(void);
void rows_events_peer(enum column whose);

/* idle.c: a viewer of a screen that stands still */
void rows_idle(void);
void rows_idle_peer(enum column whose);

/* many.c: many viewers, many devices */
void rows_many(void);
void rows_many_peer(enum column whose);

/* crowd.c: many viewers that wait */
void rows_crowd(void);
void rows_crowd_peer(enum column whose);

/* gpu.c: the virtio-gpu's commands, flips and copies */
void rows_gpu(void);
void rows_gpu_peer(enum column whose);

/* memory.c: what the kernel keeps for it */
void rows_memory(void);
void rows_memory_peer(enum column whose);

#endif /* BENCH_ROWS_H */
