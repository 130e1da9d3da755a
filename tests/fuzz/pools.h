/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers that an operand is worth trying with, by what the operand means:
 * sizes around each struct, edges of pages and regions, ids that exist, powers
 * of two and their neighbours. Any other number comes from mutation.
 */
#ifndef TESTS_FUZZ_POOLS_H
#define TESTS_FUZZ_POOLS_H

#include "program.h"

extern const struct pool pool_argsz;
extern const struct pool pool_bits;
extern const struct pool pool_bpp;
extern const struct pool pool_command;
extern const struct pool pool_count;
extern const struct pool pool_dispi;
extern const struct pool pool_fourcc;
extern const struct pool pool_gfx_flags;
extern const struct pool pool_gpu_a;
extern const struct pool pool_gpu_common;
extern const struct pool pool_gpu_count;
extern const struct pool pool_gpu_features;
extern const struct pool pool_gpu_how;
extern const struct pool pool_gpu_length;
extern const struct pool pool_guest;
extern const struct pool pool_irq_flags;
extern const struct pool pool_length;
extern const struct pool pool_offset;
extern const struct pool pool_pixels;
extern const struct pool pool_plane;
extern const struct pool pool_plane_register;
extern const struct pool pool_region;
extern const struct pool pool_ring_size;
extern const struct pool pool_small;
extern const struct pool pool_sync;
extern const struct pool pool_value;

#endif /* TESTS_FUZZ_POOLS_H */
