// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI config space: bytes, and a mask of the bits that can be written.
 *
 * With that a BAR's size, the command register and every access that is
 * narrower than a field or spans two of them come out right by themselves.
 */
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/string.h>

#include "planefd_compat.h"
#include "vdev.h"

#define COMMAND_WRITABLE (PCI_COMMAND_IO | PCI_COMMAND_MEMORY | \
			  PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | \
			  PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE)

/**
 * vdev_config_init - lay out the header of a PCI function
 * @vdev: the device; no BAR, no capability, no interrupt pin
 * @id: who it is
 */
void vdev_config_init(struct vdev *vdev, const struct vdev_pci_id *id)
{
	struct vdev_config *config = &vdev->config;
	u8 *value = config->value;

	memset(config, 0, sizeof(*config));
	put_unaligned_le16(id->vendor, &value[PCI_VENDOR_ID]);
	put_unaligned_le16(id->device, &value[PCI_DEVICE_ID]);
	put_unaligned_le32(id->class << 8 | id->revision,
			   &value[PCI_CLASS_REVISION]);
	put_unaligned_le16(id->subsystem_vendor,
			   &value[PCI_SUBSYSTEM_VENDOR_ID]);
	put_unaligned_le16(id->subsystem, &value[PCI_SUBSYSTEM_ID]);

	put_unaligned_le16(COMMAND_WRITABLE, &config->writable[PCI_COMMAND]);
	config->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	config->writable[PCI_INTERRUPT_LINE] = 0xff;
	config->tail = PCI_STD_HEADER_SIZEOF;
	config->last_link = PCI_CAPABILITY_LIST;
}
EXPORT_SYMBOL_GPL(vdev_config_init);

/**
 * vdev_config_add_bar - give it a memory BAR
 * @vdev: the device
 * @bar: 0 to 5
 * @size: bytes, a power of two of at least 16
 * @flags: PCI_BASE_ADDRESS_MEM_PREFETCH, and PCI_BASE_ADDRESS_MEM_TYPE_64 for
 *	one that takes the next BAR's place, too
 *
 * Return: 0, or -EINVAL and a warning for what is no such BAR.
 */
int vdev_config_add_bar(struct vdev *vdev, unsigned int bar, u32 size,
			u32 flags)
{
	u32 offset = PCI_BASE_ADDRESS_0 + 4 * bar;
	unsigned int nr = flags & PCI_BASE_ADDRESS_MEM_TYPE_64 ? 2 : 1;

	if (WARN_ON_ONCE(bar >= PCI_STD_NUM_BARS ||
			 bar + nr > PCI_STD_NUM_BARS || size < 16 ||
			 !is_power_of_2(size)))
		return -EINVAL;
	put_unaligned_le32(flags, &vdev->config.value[offset]);
	put_unaligned_le32(~(size - 1), &vdev->config.writable[offset]);
	if (flags & PCI_BASE_ADDRESS_MEM_TYPE_64)
		put_unaligned_le32(U32_MAX, &vdev->config.writable[offset + 4]);
	vdev->bar_size[bar] = size;
	return 0;
}
EXPORT_SYMBOL_GPL(vdev_config_add_bar);

/**
 * vdev_config_add_cap - add a capability to the list
 * @vdev: the device
 * @id: PCI_CAP_ID_*
 * @size: bytes, with the two of its header
 *
 * Return: where it is, its body all zero and not writable; or -ENOSPC where it
 * would go beyond the config space. All capabilities of a device are its
 * driver's, so that is a bug, and there is a warning.
 */
int vdev_config_add_cap(struct vdev *vdev, u8 id, u8 size)
{
	struct vdev_config *config = &vdev->config;
	unsigned int offset = config->tail;

	if (WARN_ON_ONCE(offset + size > PCI_CFG_SPACE_SIZE))
		return -ENOSPC;
	config->value[config->last_link] = offset;
	config->value[offset] = id;
	config->last_link = offset + PCI_CAP_LIST_NEXT;
	config->tail = ALIGN(offset + size, 4);
	config->value[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	return offset;
}
EXPORT_SYMBOL_GPL(vdev_config_add_cap);

/**
 * vdev_config_add_pm_cap - add power management: any state, all kept in each
 * @vdev: the device
 *
 * Return: 0, or as vdev_config_add_cap().
 */
int vdev_config_add_pm_cap(struct vdev *vdev)
{
	struct vdev_config *config = &vdev->config;
	int offset;

	offset = vdev_config_add_cap(vdev, PCI_CAP_ID_PM, PCI_PM_SIZEOF);
	if (offset < 0)
		return offset;
	/* Version 3 of the PCI power management specification */
	put_unaligned_le16(3 | PCI_PM_CAP_D1 | PCI_PM_CAP_D2,
			   &config->value[offset + PCI_PM_PMC]);
	put_unaligned_le16(PCI_PM_CTRL_NO_SOFT_RESET,
			   &config->value[offset + PCI_PM_CTRL]);
	put_unaligned_le16(PCI_PM_CTRL_STATE_MASK,
			   &config->writable[offset + PCI_PM_CTRL]);
	return 0;
}
EXPORT_SYMBOL_GPL(vdev_config_add_pm_cap);

/**
 * vdev_bar_address - where the guest has put a BAR
 * @vdev: the device
 * @bar: 0 to 5
 *
 * Context: under vdev->lock.
 * Return: guest-physical address, 0 where it has none yet.
 */
u64 vdev_bar_address(const struct vdev *vdev, unsigned int bar)
{
	const u8 *value = &vdev->config.value[PCI_BASE_ADDRESS_0 + 4 * bar];
	u64 address = get_unaligned_le32(value);

	if (address & PCI_BASE_ADDRESS_MEM_TYPE_64)
		address |= (u64)get_unaligned_le32(value + 4) << 32;
	return address & ~0xfULL;
}
EXPORT_SYMBOL_GPL(vdev_bar_address);

/**
 * vdev_is_bus_master - may the device read and write the guest's memory?
 * @vdev: the device
 *
 * Context: under vdev->lock. vdev_ops.config_changed is called after each change.
 */
bool vdev_is_bus_master(const struct vdev *vdev)
{
	return vdev_config_read(vdev, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}
EXPORT_SYMBOL_GPL(vdev_is_bus_master);

/* What can be written is 0 after power-on, in all our fields. */
void vdev_config_reset(struct vdev *vdev)
{
	unsigned int i;

	for (i = 0; i < PCI_CFG_SPACE_SIZE; i++)
		vdev->config.value[i] &= ~vdev->config.writable[i];
}

u32 vdev_config_read(const struct vdev *vdev, u32 offset, unsigned int size)
{
	u32 value = 0;
	unsigned int i;

	for (i = 0; i < size; i++)
		value |= (u32)vdev->config.value[offset + i] << 8 * i;
	return value;
}

void vdev_config_write(struct vdev *vdev, u32 offset, unsigned int size,
		       u32 value)
{
	u8 *to = &vdev->config.value[offset];
	const u8 *writable = &vdev->config.writable[offset];
	unsigned int i;

	for (i = 0; i < size; i++)
		to[i] = (to[i] & ~writable[i]) |
			(value >> 8 * i & writable[i]);
}
