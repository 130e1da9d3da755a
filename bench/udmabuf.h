/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * udmabuf: the kernel's way to make a dma-buf of a process's own memory, which
 * is what a display without a device would be shown from.
 */
#ifndef BENCH_UDMABUF_H
#define BENCH_UDMABUF_H

#include <stdbool.h>
#include <stddef.h>

struct udmabuf {
	int control; /* /dev/udmabuf */
	int memfd;   /* sealed, written to */
	size_t size;
	int fd; /* of the last udmabuf_create() */
};

/* Whether the kernel has it; if not, that is the whole column */
bool udmabuf_has(void);

/* Memory to make dma-bufs of */
void udmabuf_open(struct udmabuf *udmabuf, size_t size);
void udmabuf_close(struct udmabuf *udmabuf);

/* The parts of a round that is measured; the argument is the struct */
void udmabuf_create(void *arg);
void udmabuf_created(void *arg);
void udmabuf_close_created(void *arg);

#endif /* BENCH_UDMABUF_H */
