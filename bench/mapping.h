/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture to be mapped, and what it can be of. Those that open an fd leave
 * it to the caller to close.
 */
#ifndef BENCH_MAPPING_H
#define BENCH_MAPPING_H

#include "screen.h"
#include "udmabuf.h"

struct mapping {
	struct screen *screen; /* for those who need one */
	int fd;
	off_t offset;
	size_t size; /* whole pages */
	int prot;
	unsigned char *at; /* MAP_FAILED if it failed */
};

/* A dma-buf of what the screen shows; read-only, or read-write */
void mapping_of_export(struct mapping *mapping, struct screen *screen);
void mapping_of_writable(struct mapping *mapping, struct screen *screen);

/* The picture in the device's BAR 0; the fd is the device's */
void mapping_of_vram(struct mapping *mapping, struct screen *screen);

/* A memfd that was written to, and a dma-buf of one */
void mapping_of_memfd(struct mapping *mapping, size_t size);
void mapping_of_udmabuf(struct mapping *mapping, struct udmabuf *udmabuf,
			size_t size);

void mapping_map(struct mapping *mapping);
void mapping_unmap(struct mapping *mapping);

#endif /* BENCH_MAPPING_H */
