// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices that read what is withheld, see readers.h.
 */
#include "readers.h"

#include "missing.h"
#include "test.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#define SIZE ((size_t)READERS_ROUNDS * PAGE)

void readers_create(struct readers *readers, const struct gpu *beside)
{
	unsigned int i;

	missing_needed();
	gpu_create_beside(&readers->gpus[0], TYPE_GPU_1, beside);
	gpu_create_beside(&readers->gpus[1], TYPE_GPU_1, &readers->gpus[0]);
	/* Their rings are pinned from now on */
	for (i = 0; i < 2; i++)
		gpu_simple(&readers->gpus[i], VIRTIO_GPU_CMD_GET_DISPLAY_INFO);
	readers->missing = missing_create(SIZE, &readers->faults);
	CHECK_OK(ram_map_at(&beside->virtio.device, READERS_START,
			    readers->missing, SIZE));
}

void readers_send(struct readers *readers, unsigned int round)
{
	struct gpu *gpu = &readers->gpus[round % 2];
	const struct piece pieces[2] = {
		{READERS_START + round * PAGE, 24, 0},
		{gpu->response_at, 24, VRING_DESC_F_WRITE},
	};

	CHECK_LT(round, READERS_ROUNDS);
	virtqueue_offer(&gpu->control,
			virtqueue_chain(&gpu->control, pieces, 2));
	virtqueue_notify(&gpu->control);
}

void readers_wait(struct readers *readers, unsigned int round)
{
	CHECK_EQ(missing_wait(readers->faults),
		 (uintptr_t)readers->missing + round * PAGE);
}

void readers_answer(struct readers *readers, unsigned int round)
{
	struct uffdio_zeropage zero = {
		.range = {(uintptr_t)readers->missing + round * PAGE, PAGE},
	};

	CHECK_OK(ioctl(readers->faults, UFFDIO_ZEROPAGE, &zero));
}

void readers_take(struct readers *readers, unsigned int rounds)
{
	unsigned int round;

	for (round = 0; round < rounds; round++)
		virtqueue_take(&readers->gpus[round % 2].control);
}
