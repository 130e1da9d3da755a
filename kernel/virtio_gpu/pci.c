// SPDX-License-Identifier: GPL-2.0-only
/*
 * The transport: virtio over PCI, as chapter 4.1 of the virtio specification
 * has it: the structures in the BAR, and the interrupts.
 *
 * A structure is read by laying it out as it is now, and written by changing
 * bytes of that and taking over the fields that were touched; so accesses
 * narrower or wider than a field come out right.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/nospec.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "virtio_gpu.h"

#define FEATURES	(BIT_ULL(VIRTIO_F_VERSION_1) |			\
			 BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |		\
			 BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) |		\
			 BIT_ULL(VIRTIO_RING_F_EVENT_IDX) |		\
			 BIT_ULL(VIRTIO_GPU_F_EDID) |			\
			 BIT_ULL(VIRTIO_GPU_F_RESOURCE_BLOB))

/*
 * Bits of the ISR register. A configuration change sets both, as on QEMU: the
 * Windows driver ignores VIRTIO_PCI_ISR_CONFIG alone.
 */
#define ISR_QUEUE	BIT(0)
#define ISR_CONFIG	(ISR_QUEUE | VIRTIO_PCI_ISR_CONFIG)

static const u16 queue_sizes[VGPU_NR_QUEUES] = {
	[VGPU_CONTROL] = 256,
	[VGPU_CURSOR] = 16,
};

/* -------- Interrupts -------- */

static void interrupt(struct vgpu *vgpu, u16 vector, u8 isr)
{
	bool msix = vdev_msix_enabled(&vgpu->vdev);

	lockdep_assert_held(&vgpu->vdev.lock);

	/* With MSI-X the register only tells of configuration changes */
	if (!msix || isr == ISR_CONFIG)
		vgpu->isr |= isr;
	if (msix)
		vdev_raise_msix(&vgpu->vdev, vector);
	else
		vdev_set_intx(&vgpu->vdev, true);
}

/* The device configuration has changed: tell a driver that is there. */
void vgpu_config_changed(struct vgpu *vgpu)
{
	vgpu->generation++;
	if (vgpu->status & VIRTIO_CONFIG_S_DRIVER_OK)
		interrupt(vgpu, vgpu->config_vector, ISR_CONFIG);
}

void vgpu_queue_interrupt(struct vgpu *vgpu, struct vgpu_queue *queue)
{
	if (vgpu->status & VIRTIO_CONFIG_S_DRIVER_OK)
		interrupt(vgpu, queue->vector, ISR_QUEUE);
}

/* Nothing that the driver put into a ring makes sense any more. */
void vgpu_needs_reset(struct vgpu *vgpu)
{
	vgpu->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	vgpu_config_changed(vgpu);
}

/* -------- The common structure -------- */

static struct vgpu_queue *selected_queue(struct vgpu *vgpu)
{
	if (vgpu->queue_select >= VGPU_NR_QUEUES)
		return NULL;
	return &vgpu->queues[array_index_nospec(vgpu->queue_select,
						VGPU_NR_QUEUES)];
}

/* 32 of 64 bits; those that are selected beyond are all 0 */
static __le32 feature_word(u64 features, u32 select)
{
	return cpu_to_le32(select < 2 ? features >> 32 * select : 0);
}

static void common_of_queue(struct vgpu *vgpu,
			    struct virtio_pci_common_cfg *common)
{
	const struct vgpu_queue *queue = selected_queue(vgpu);

	if (!queue)
		return;
	common->queue_size = cpu_to_le16(queue->regs.size);
	common->queue_msix_vector = cpu_to_le16(queue->vector);
	common->queue_enable = cpu_to_le16(queue->enabled);
	common->queue_notify_off = cpu_to_le16(vgpu->queue_select);
	common->queue_desc_lo = cpu_to_le32(queue->regs.desc);
	common->queue_desc_hi = cpu_to_le32(queue->regs.desc >> 32);
	common->queue_avail_lo = cpu_to_le32(queue->regs.driver);
	common->queue_avail_hi = cpu_to_le32(queue->regs.driver >> 32);
	common->queue_used_lo = cpu_to_le32(queue->regs.device);
	common->queue_used_hi = cpu_to_le32(queue->regs.device >> 32);
}

static void common_of_regs(struct vgpu *vgpu,
			   struct virtio_pci_common_cfg *common)
{
	memset(common, 0, sizeof(*common));
	common->device_feature_select =
		cpu_to_le32(vgpu->device_feature_select);
	common->device_feature = feature_word(FEATURES,
					      vgpu->device_feature_select);
	common->guest_feature_select =
		cpu_to_le32(vgpu->driver_feature_select);
	common->guest_feature = feature_word(vgpu->driver_features,
					     vgpu->driver_feature_select);
	common->msix_config = cpu_to_le16(vgpu->config_vector);
	common->num_queues = cpu_to_le16(VGPU_NR_QUEUES);
	/* Whoever looks while another thread resets is to look again */
	common->device_status = vgpu->status |
		(vgpu->resetting ? VIRTIO_CONFIG_S_NEEDS_RESET : 0);
	common->config_generation = vgpu->generation;
	common->queue_select = cpu_to_le16(vgpu->queue_select);
	common->queue_msix_vector = cpu_to_le16(VIRTIO_MSI_NO_VECTOR);
	common_of_queue(vgpu, common);
}

static u16 vector_of(__le16 value)
{
	u16 vector = le16_to_cpu(value);

	return vector < VGPU_NR_VECTORS ? vector : VIRTIO_MSI_NO_VECTOR;
}

static void set_driver_features(struct vgpu *vgpu, u32 value)
{
	unsigned int shift = 32 * vgpu->driver_feature_select;

	if (vgpu->driver_feature_select >= 2 ||
	    vgpu->status & VIRTIO_CONFIG_S_FEATURES_OK)
		return;
	vgpu->driver_features &= ~((u64)U32_MAX << shift);
	vgpu->driver_features |= (u64)value << shift;
}

static bool features_are_ok(const struct vgpu *vgpu)
{
	return !(vgpu->driver_features & ~FEATURES) &&
	       vgpu->driver_features & BIT_ULL(VIRTIO_F_VERSION_1);
}

/* As after power-on, but for config space, monitors and who listens. */
static void regs_reset(struct vgpu *vgpu)
{
	unsigned int i;

	vgpu->device_feature_select = 0;
	vgpu->driver_feature_select = 0;
	vgpu->driver_features = 0;
	vgpu->config_vector = VIRTIO_MSI_NO_VECTOR;
	vgpu->queue_select = 0;
	vgpu->status = 0;
	vgpu->isr = 0;
	vgpu_display_reset(vgpu);
	for (i = 0; i < VGPU_NR_QUEUES; i++) {
		memset(&vgpu->queues[i].regs, 0, sizeof(vgpu->queues[i].regs));
		vgpu->queues[i].regs.size = queue_sizes[i];
		vgpu->queues[i].vector = VIRTIO_MSI_NO_VECTOR;
		vgpu->queues[i].enabled = false;
	}
	vdev_set_intx(&vgpu->vdev, false);
	vdev_clear_msix(&vgpu->vdev);
}

/* The driver only adds bits, or takes all of them away. */
static void set_status(struct vgpu *vgpu, u8 value)
{
	u8 new = value & ~vgpu->status & ~VIRTIO_CONFIG_S_NEEDS_RESET;

	if (!value) {
		regs_reset(vgpu);
		WRITE_ONCE(vgpu->resetting, true);
		wake_up_all(&vgpu->wait);
		vgpu_worker_call(vgpu);
		kthread_queue_work(vgpu->worker, &vgpu->work);
		return;
	}
	if (!features_are_ok(vgpu))
		new &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	if (!((vgpu->status | new) & VIRTIO_CONFIG_S_FEATURES_OK))
		new &= ~VIRTIO_CONFIG_S_DRIVER_OK;
	vgpu->status |= new;
	/* What was put into the rings before is not notified again */
	if (new & VIRTIO_CONFIG_S_DRIVER_OK)
		kthread_queue_work(vgpu->worker, &vgpu->work);
}

static void put_half(u64 *address, unsigned int shift, __le32 value)
{
	*address &= ~((u64)U32_MAX << shift);
	*address |= (u64)le32_to_cpu(value) << shift;
}

static void set_queue_field(struct vgpu_queue *queue, u16 max_size,
			    unsigned int field,
			    const struct virtio_pci_common_cfg *common)
{
	struct vgpu_ring *regs = &queue->regs;
	u16 size = le16_to_cpu(common->queue_size);

	if (field == VIRTIO_PCI_COMMON_Q_MSIX) {
		queue->vector = vector_of(common->queue_msix_vector);
		return;
	}
	/* The worker may be using the rest */
	if (queue->enabled)
		return;
	switch (field) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		if (size <= max_size && is_power_of_2(size))
			regs->size = size;
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		queue->enabled = common->queue_enable == cpu_to_le16(1);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		put_half(&regs->desc, 0, common->queue_desc_lo);
		break;
	case VIRTIO_PCI_COMMON_Q_DESCHI:
		put_half(&regs->desc, 32, common->queue_desc_hi);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		put_half(&regs->driver, 0, common->queue_avail_lo);
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILHI:
		put_half(&regs->driver, 32, common->queue_avail_hi);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDLO:
		put_half(&regs->device, 0, common->queue_used_lo);
		break;
	case VIRTIO_PCI_COMMON_Q_USEDHI:
		put_half(&regs->device, 32, common->queue_used_hi);
		break;
	}
}

static void set_common_field(struct vgpu *vgpu, unsigned int field,
			     const struct virtio_pci_common_cfg *common)
{
	struct vgpu_queue *queue = selected_queue(vgpu);

	switch (field) {
	case VIRTIO_PCI_COMMON_DFSELECT:
		vgpu->device_feature_select =
			le32_to_cpu(common->device_feature_select);
		break;
	case VIRTIO_PCI_COMMON_GFSELECT:
		vgpu->driver_feature_select =
			le32_to_cpu(common->guest_feature_select);
		break;
	case VIRTIO_PCI_COMMON_GF:
		set_driver_features(vgpu, le32_to_cpu(common->guest_feature));
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		vgpu->config_vector = vector_of(common->msix_config);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		set_status(vgpu, common->device_status);
		break;
	case VIRTIO_PCI_COMMON_Q_SELECT:
		vgpu->queue_select = le16_to_cpu(common->queue_select);
		break;
	default:
		if (queue && field > VIRTIO_PCI_COMMON_Q_SELECT)
			set_queue_field(queue,
					queue_sizes[queue - vgpu->queues],
					field, common);
	}
}

/* The size of the field at or around an offset of the common structure */
static unsigned int common_field_size(unsigned int offset)
{
	if (offset == VIRTIO_PCI_COMMON_STATUS ||
	    offset == VIRTIO_PCI_COMMON_CFGGENERATION)
		return 1;
	if (offset < VIRTIO_PCI_COMMON_MSIX ||
	    offset >= VIRTIO_PCI_COMMON_Q_DESCLO)
		return 4;
	return 2;
}

static void common_write(struct vgpu *vgpu, u32 offset, unsigned int size,
			 u32 value)
{
	struct virtio_pci_common_cfg common;
	__le32 bytes = cpu_to_le32(value);
	u32 end = offset + size, field;

	if (end > sizeof(common))
		return;
	common_of_regs(vgpu, &common);
	memcpy((u8 *)&common + offset, &bytes, size);
	for (field = ALIGN_DOWN(offset, common_field_size(offset)); field < end;
	     field += common_field_size(field))
		set_common_field(vgpu, field, &common);
}

/* -------- The BAR -------- */

static u32 bytes_at(const void *data, size_t data_size, u32 offset,
		    unsigned int size)
{
	__le32 value = 0;

	if (offset + size <= data_size)
		memcpy(&value, data + offset, size);
	return le32_to_cpu(value);
}

/* To read the register is to acknowledge the interrupt. */
static u32 isr_read(struct vgpu *vgpu, u32 offset)
{
	u8 isr = vgpu->isr;

	if (offset)
		return 0;
	vgpu->isr = 0;
	vdev_set_intx(&vgpu->vdev, false);
	return isr;
}

static u32 device_read(struct vgpu *vgpu, u32 offset, unsigned int size)
{
	struct virtio_gpu_config config = {
		.events_read = cpu_to_le32(vgpu->events),
		.num_scanouts = cpu_to_le32(vgpu->type->heads),
	};

	return bytes_at(&config, sizeof(config), offset, size);
}

static void device_write(struct vgpu *vgpu, u32 offset, unsigned int size,
			 u32 value)
{
	const u32 clear = offsetof(struct virtio_gpu_config, events_clear);

	value &= GENMASK(8 * size - 1, 0);
	if (offset >= clear && offset < clear + 4)
		vgpu_display_acknowledge(vgpu, value << 8 * (offset - clear));
}

u32 vgpu_bar_read(struct vdev *vdev, unsigned int bar, u32 offset,
		  unsigned int size)
{
	struct vgpu *vgpu = to_vgpu(vdev);
	struct virtio_pci_common_cfg common;

	switch (ALIGN_DOWN(offset, SZ_4K)) {
	case VGPU_COMMON:
		common_of_regs(vgpu, &common);
		return bytes_at(&common, sizeof(common), offset, size);
	case VGPU_ISR:
		return isr_read(vgpu, offset - VGPU_ISR);
	case VGPU_DEVICE:
		return device_read(vgpu, offset - VGPU_DEVICE, size);
	default:
		return 0;
	}
}

void vgpu_bar_write(struct vdev *vdev, unsigned int bar, u32 offset,
		    unsigned int size, u32 value)
{
	struct vgpu *vgpu = to_vgpu(vdev);

	switch (ALIGN_DOWN(offset, SZ_4K)) {
	case VGPU_COMMON:
		common_write(vgpu, offset, size, value);
		break;
	case VGPU_DEVICE:
		device_write(vgpu, offset - VGPU_DEVICE, size, value);
		break;
	case VGPU_NOTIFY:
		/* The worker looks at all queues */
		if (offset - VGPU_NOTIFY <
		    VGPU_NR_QUEUES * VGPU_NOTIFY_MULTIPLIER)
			kthread_queue_work(vgpu->worker, &vgpu->work);
		break;
	}
}

/* -------- Reset -------- */

/* The worker is halted, and what the guest made is gone. */
static void pci_reset(struct vdev *vdev)
{
	struct vgpu *vgpu = to_vgpu(vdev);

	regs_reset(vgpu);
	vgpu_queues_reset(vgpu);
}

static void pci_config_changed(struct vdev *vdev)
{
	struct vgpu *vgpu = to_vgpu(vdev);

	/* No plane is in a BAR; but it may be a bus master, or no longer */
	WRITE_ONCE(vgpu->stopped, !vdev_is_bus_master(vdev));
	/* The worker leaves what it waits for, and comes back to it */
	if (vgpu_must_leave(vgpu))
		vgpu_worker_call(vgpu);
	wake_up_all(&vgpu->wait);
	kthread_queue_work(vgpu->worker, &vgpu->work);
}

const struct vdev_ops vgpu_vdev_ops = {
	.reset = pci_reset,
	.read = vgpu_bar_read,
	.write = vgpu_bar_write,
	.config_changed = pci_config_changed,
	.config_read = vgpu_window_read,
	.config_write = vgpu_window_write,
	.plugged = vgpu_display_plugged,
};
