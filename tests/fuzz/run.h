/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process in which one program runs: its slots, and a function for each op.
 * Private to the executor.
 */
#ifndef TESTS_FUZZ_RUN_H
#define TESTS_FUZZ_RUN_H

#include "guest.h"
#include "program.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Mappings are in areas of their own, one for each slot, so that no op takes
 * away what the process itself needs.
 */
#define RUN_AREA (UINT64_C(1) << 30)
#define RUN_PAGE UINT64_C(4096)
/* Where a region begins in a device's file */
#define RUN_REGION_SHIFT 40

struct run_map {
	char *address;
	size_t size;
};

struct run {
	int fds[FD_SLOTS];
	struct run_map maps[MAP_SLOTS];
	uint32_t ids[ID_SLOTS];
	unsigned int forks;
	bool forked; /* a process that a program made */
	int mail[2]; /* a pair of sockets, for passing fds */
	struct guest_setup guest;

	/* MAP_SLOTS of them, on a boundary of 2 MiB, and an empty one behind */
	char *areas;

	/*
	 * Memory for arguments, before the areas; after each is a page that
	 * cannot be accessed
	 */
	char *usual;	 /* RUN_BULK_MAX bytes, the others RUN_PLACE_MAX */
	char *read_only; /* the same pages as writable, read-only */
	char *writable;
	char *cut;
};

/* Each returns what the system call did, or a negative errno */
typedef long run_op(struct run *run, const uint64_t *operands);

run_op run_open, run_remove, run_make, run_close, run_dup, run_reopen, run_pass,
	run_post, run_eventfd, run_fork, run_ioctl;
run_op run_device_info, run_region_info, run_irq_info, run_set_irqs, run_reset,
	run_read, run_write, run_dispi, run_mode, run_plane, run_show;
run_op run_gpu_start, run_gpu_common, run_gpu_desc, run_gpu_avail,
	run_gpu_bytes, run_gpu_notify, run_gpu_wait, run_gpu_command,
	run_dma_map, run_dma_unmap;
run_op run_gfx_query, run_gfx_get, run_manager, run_query, run_create, run_info,
	run_drop, run_request_mode, run_poll, run_epoll, run_fdinfo;
run_op run_sync, run_sync_file, run_seek, run_name, run_card, run_import,
	run_gem_map, run_gem_export, run_gem_close;
run_op run_map_op, run_unmap, run_remap, run_advise, run_protect, run_touch,
	run_lock, run_gup;

/* Get the memory that the rest needs, once for all programs */
void run_init(struct run *run);

/* In the program's process: what is to be its own */
void run_begin(struct run *run);

/* Take away all that was mapped into the areas */
void run_clear_areas(const struct run *run);

/* Put a new fd, or a negative errno, into a slot; what was there stays open */
long run_keep_fd(struct run *run, uint64_t slot, long fd);

/* A system call's result as a negative errno */
long run_result(long result);

/*
 * Memory as a place describes it, with these bytes as far as they can be there.
 * Nothing takes or gives more than RUN_BULK_MAX bytes there. What a device is
 * to reach there later is RUN_AREA bytes at most: so much from any place on is
 * none of the process's own.
 */
#define RUN_PLACE_MAX ((size_t)8192)
#define RUN_BULK_MAX ((size_t)256 << 10)
void *run_place(struct run *run, uint64_t place, const void *data, size_t size);

/* An ioctl whose argument is at a place; afterwards data is what is there */
long run_ioctl_at(struct run *run, uint64_t fd, unsigned long command,
		  uint64_t place, void *data, size_t size);

/* Map into the slot's area, skew pages after its begin */
long run_map_at(struct run *run, uint64_t slot, int fd, uint64_t offset,
		uint64_t size, int prot, int flags, uint64_t skew);

/* What a word of OPERAND_WORD "prot" is to mmap() */
int run_prot(uint64_t word);

/* Copy, as far as memory is there on both sides */
bool run_copy(void *to, const void *from, size_t size);

/* Read or write a byte in each page; how many pages were there */
long run_touch_pages(char *address, size_t size, bool write);

#endif /* TESTS_FUZZ_RUN_H */
