/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that imports dma-bufs, maps them at once for its DMA, and cannot be
 * told to let go of them: kernel/test/import.c.
 */
#ifndef TESTS_HARNESS_IMPORT_H
#define TESTS_HARNESS_IMPORT_H

/* A fd that has the dma-buf imported until it is closed, or -1 and errno */
int import_dmabuf(int dmabuf);

#endif /* TESTS_HARNESS_IMPORT_H */
