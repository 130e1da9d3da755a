// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSI-X as the guest sees it: the capability, and in a BAR of their own the
 * table and the pending bits.
 *
 * The guest writes the table and the VMM obeys it, as VFIO has it; here it is
 * only kept. Vectors are signalled by irq.c.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>

#include "planefd_compat.h"
#include "vdev.h"

/* Where the pending bits are in the BAR */
#define MSIX_PBA	0x800

u32 vdev_msix_read(const struct vdev *vdev, u32 offset, unsigned int size)
{
	u32 word = ALIGN_DOWN(offset, 4), value = 0;
	unsigned int i;

	if (word < sizeof(vdev->msix_table))
		value = vdev->msix_table[word / 16][word / 4 % 4];
	for (i = 0; word == MSIX_PBA && i < vdev->nr_vectors; i++)
		value |= (u32)READ_ONCE(vdev->msix[i].pending) << i;
	return value >> 8 * (offset % 4);
}

void vdev_msix_write(struct vdev *vdev, u32 offset, unsigned int size,
		     u32 value)
{
	/* Nothing but aligned words is defined */
	if (size == 4 && offset < vdev->nr_vectors * PCI_MSIX_ENTRY_SIZE)
		vdev->msix_table[offset / 16][offset / 4 % 4] = value;
}

/**
 * vdev_config_add_msix - add MSI-X, with table and pending bits in a BAR of
 * their own, of 4 KiB
 * @vdev: the device
 * @bar: 0 to 5
 * @nr_vectors: how many, from 1 to VDEV_MAX_VECTORS
 *
 * Return: 0; -EINVAL and a warning for any other number; or as
 * vdev_config_add_bar() and vdev_config_add_cap().
 */
int vdev_config_add_msix(struct vdev *vdev, unsigned int bar,
			 unsigned int nr_vectors)
{
	struct vdev_config *config = &vdev->config;
	int offset, ret;

	if (WARN_ON_ONCE(!nr_vectors || nr_vectors > VDEV_MAX_VECTORS))
		return -EINVAL;
	ret = vdev_config_add_bar(vdev, bar, SZ_4K, 0);
	if (ret)
		return ret;
	offset = vdev_config_add_cap(vdev, PCI_CAP_ID_MSIX,
				     PCI_CAP_MSIX_SIZEOF);
	if (offset < 0)
		return offset;
	put_unaligned_le16(nr_vectors - 1,
			   &config->value[offset + PCI_MSIX_FLAGS]);
	put_unaligned_le16(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL,
			   &config->writable[offset + PCI_MSIX_FLAGS]);
	put_unaligned_le32(bar, &config->value[offset + PCI_MSIX_TABLE]);
	put_unaligned_le32(MSIX_PBA | bar,
			   &config->value[offset + PCI_MSIX_PBA]);
	vdev->msix_cap = offset;
	vdev->msix_bar = bar;
	vdev->nr_vectors = nr_vectors;
	return 0;
}
EXPORT_SYMBOL_GPL(vdev_config_add_msix);
