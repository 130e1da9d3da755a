// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI config space: who the device is, where its structures are, and the
 * window through which firmware reaches them that cannot map a BAR.
 */
#include <linux/kernel.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/virtio_pci.h>

#include "planefd_compat.h"
#include "virtio_gpu.h"

/* What the window is set to: a piece of the BAR; false for anything else. */
static bool window_at(struct vgpu *vgpu, u32 *offset, unsigned int *size)
{
	const u8 *cap = &vgpu->vdev.config.value[vgpu->pci_cfg_cap];

	*offset = get_unaligned_le32(cap + VIRTIO_PCI_CAP_OFFSET);
	*size = get_unaligned_le32(cap + VIRTIO_PCI_CAP_LENGTH);
	return cap[VIRTIO_PCI_CAP_BAR] == VGPU_BAR &&
	       (*size == 1 || *size == 2 || *size == 4) &&
	       IS_ALIGNED(*offset, *size) && *offset < VGPU_BAR_SIZE;
}

static bool is_in_window(const struct vgpu *vgpu, u32 offset)
{
	u32 data = vgpu->pci_cfg_cap +
		   offsetof(struct virtio_pci_cfg_cap, pci_cfg_data);

	return ALIGN_DOWN(offset, 4) == data;
}

/* The config space is about to be read there. */
void vgpu_window_read(struct vdev *vdev, u32 offset, unsigned int size)
{
	struct vgpu *vgpu = to_vgpu(vdev);
	unsigned int length;
	u32 at;

	if (is_in_window(vgpu, offset) && window_at(vgpu, &at, &length))
		put_unaligned_le32(vgpu_bar_read(vdev, VGPU_BAR, at, length),
				   &vdev->config.value[ALIGN_DOWN(offset, 4)]);
}

/* It has been written there. */
void vgpu_window_write(struct vdev *vdev, u32 offset, unsigned int size)
{
	struct vgpu *vgpu = to_vgpu(vdev);
	unsigned int length;
	u32 at, value;

	if (!is_in_window(vgpu, offset) || !window_at(vgpu, &at, &length))
		return;
	value = get_unaligned_le32(&vdev->config.value[ALIGN_DOWN(offset, 4)]);
	vgpu_bar_write(vdev, VGPU_BAR, at, length, value);
}

/* A structure in the BAR, and the size of the capability that says where it is */
struct structure {
	u8 type;
	u32 offset;
	u32 length;
	u8 cap_size;
};

static const struct structure structures[] = {
	{ VIRTIO_PCI_CAP_COMMON_CFG, VGPU_COMMON,
	  sizeof(struct virtio_pci_common_cfg), sizeof(struct virtio_pci_cap) },
	{ VIRTIO_PCI_CAP_ISR_CFG, VGPU_ISR, 1, sizeof(struct virtio_pci_cap) },
	{ VIRTIO_PCI_CAP_DEVICE_CFG, VGPU_DEVICE,
	  sizeof(struct virtio_gpu_config), sizeof(struct virtio_pci_cap) },
	{ VIRTIO_PCI_CAP_NOTIFY_CFG, VGPU_NOTIFY,
	  VGPU_NR_QUEUES * VGPU_NOTIFY_MULTIPLIER,
	  sizeof(struct virtio_pci_notify_cap) },
	/* The window on them: the driver says what it is to show */
	{ VIRTIO_PCI_CAP_PCI_CFG, 0, 0, sizeof(struct virtio_pci_cfg_cap) },
};

static int add_structure(struct vgpu *vgpu, const struct structure *structure)
{
	struct vdev *vdev = &vgpu->vdev;
	u8 *cap, *writable;
	int at;

	at = vdev_config_add_cap(vdev, PCI_CAP_ID_VNDR, structure->cap_size);
	if (at < 0)
		return at;
	cap = &vdev->config.value[at];
	writable = &vdev->config.writable[at];
	cap[VIRTIO_PCI_CAP_LEN] = structure->cap_size;
	cap[VIRTIO_PCI_CAP_CFG_TYPE] = structure->type;
	put_unaligned_le32(structure->offset, cap + VIRTIO_PCI_CAP_OFFSET);
	put_unaligned_le32(structure->length, cap + VIRTIO_PCI_CAP_LENGTH);
	if (structure->type == VIRTIO_PCI_CAP_PCI_CFG) {
		writable[VIRTIO_PCI_CAP_BAR] = 0xff;
		/* Offset, length, data */
		memset(&writable[VIRTIO_PCI_CAP_OFFSET], 0xff, 12);
		vgpu->pci_cfg_cap = at;
		return 0;
	}
	cap[VIRTIO_PCI_CAP_BAR] = VGPU_BAR;
	if (structure->type == VIRTIO_PCI_CAP_NOTIFY_CFG)
		put_unaligned_le32(VGPU_NOTIFY_MULTIPLIER,
				   cap + VIRTIO_PCI_NOTIFY_CAP_MULT);
	return 0;
}

/* Lay out the config space. Returns 0 or a negative errno. */
int vgpu_pci_init(struct vgpu *vgpu)
{
	static const struct vdev_pci_id id = {
		.vendor = 0x1af4,
		.device = 0x1050,
		.subsystem_vendor = 0x1af4,
		.subsystem = 0x1100,
		/* From 1 on it is no transitional device */
		.revision = 1,
		.class = 0x038000,
	};
	struct vdev *vdev = &vgpu->vdev;
	unsigned int i;
	int ret;

	vdev_config_init(vdev, &id);
	vdev_config_add_intx(vdev);
	ret = vdev_config_add_bar(vdev, VGPU_BAR, VGPU_BAR_SIZE,
				  PCI_BASE_ADDRESS_MEM_PREFETCH |
				  PCI_BASE_ADDRESS_MEM_TYPE_64) ?:
	      vdev_config_add_msix(vdev, VGPU_MSIX_BAR, VGPU_NR_VECTORS) ?:
	      vdev_config_add_pm_cap(vdev);
	for (i = 0; !ret && i < ARRAY_SIZE(structures); i++)
		ret = add_structure(vgpu, &structures[i]);
	return ret;
}
