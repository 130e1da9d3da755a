// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: the VFIO irq ioctls, and what a device calls to raise one.
 *
 * There are three kinds. The request tells a VMM that its device is wanted
 * back. INTx is a level: it is signalled and masked in one step, and signalled
 * again when the VMM unmasks it while the level still stands. An MSI-X vector is
 * an edge: while it is masked, or nobody listens, it waits.
 *
 * The MSI-X table in the BAR is in msix.c, and means nothing here, as VFIO has it.
 */
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "planefd_compat.h"
#include "vdev.h"

/* The irqs of a VFIO index, *count of them. */
static struct vdev_irq *irqs_of_index(struct vdev *vdev, u32 index,
				      unsigned int *count)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		*count = vdev->has_intx;
		return &vdev->intx;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		*count = vdev->nr_vectors;
		return vdev->msix;
	case VFIO_PCI_REQ_IRQ_INDEX:
		*count = 1;
		return &vdev->req;
	default:
		*count = 0;
		return NULL;
	}
}

static u32 irq_flags(u32 index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
		       VFIO_IRQ_INFO_AUTOMASKED;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE;
	default:
		return VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
	}
}

/* VFIO_DEVICE_GET_IRQ_INFO */
long vdev_get_irq_info(struct vdev *vdev, void __user *uarg)
{
	const size_t minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info;

	if (copy_from_user(&info, uarg, minsz))
		return -EFAULT;
	/* As of vfio-pci: QEMU warns of an index that has no error irq in it */
	if (info.argsz < minsz || info.index >= VFIO_PCI_NUM_IRQS ||
	    info.index == VFIO_PCI_ERR_IRQ_INDEX)
		return -EINVAL;
	irqs_of_index(vdev, info.index, &info.count);
	info.flags = info.count ? irq_flags(info.index) : 0;
	return copy_to_user(uarg, &info, minsz) ? -EFAULT : 0;
}

/* An edge of an irq that can wait. */
static void irq_fire(struct vdev *vdev, struct vdev_irq *irq)
{
	lockdep_assert_held(&vdev->irq_lock);

	irq->pending = irq->masked || !irq->trigger;
	if (!irq->pending)
		planefd_eventfd_signal(irq->trigger);
}

static bool intx_stands(const struct vdev *vdev)
{
	return vdev->intx_level && !vdev->intx_disabled && !vdev->intx.masked;
}

/* Signal the level if that is due. */
static void intx_update(struct vdev *vdev)
{
	lockdep_assert_held(&vdev->irq_lock);

	if (!intx_stands(vdev) || !vdev->intx.trigger)
		return;
	vdev->intx.masked = true;
	planefd_eventfd_signal(vdev->intx.trigger);
}

/* What waits is told, if it can be now. */
static void irq_catch_up(struct vdev *vdev, struct vdev_irq *irq)
{
	if (irq == &vdev->intx)
		intx_update(vdev);
	else if (irq->pending)
		irq_fire(vdev, irq);
}

/**
 * vdev_msix_enabled - do interrupts go through MSI-X
 * @vdev: the device
 *
 * Context: under vdev->lock.
 * Return: true where the guest has enabled it or the VMM listens to a vector.
 */
bool vdev_msix_enabled(struct vdev *vdev)
{
	unsigned long flags;
	unsigned int i;
	bool enabled;

	enabled = vdev->msix_cap &&
		  vdev_config_read(vdev, vdev->msix_cap + PCI_MSIX_FLAGS, 2) &
		  PCI_MSIX_FLAGS_ENABLE;
	spin_lock_irqsave(&vdev->irq_lock, flags);
	for (i = 0; i < vdev->nr_vectors; i++)
		enabled |= !!vdev->msix[i].trigger;
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
	return enabled;
}
EXPORT_SYMBOL_GPL(vdev_msix_enabled);

/**
 * vdev_raise_msix - signal a vector
 * @vdev: the device
 * @vector: which; one that there is not is not signalled
 *
 * Context: any.
 */
void vdev_raise_msix(struct vdev *vdev, unsigned int vector)
{
	unsigned long flags;

	if (vector >= vdev->nr_vectors)
		return;
	vector = array_index_nospec(vector, VDEV_MAX_VECTORS);
	spin_lock_irqsave(&vdev->irq_lock, flags);
	irq_fire(vdev, &vdev->msix[vector]);
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
}
EXPORT_SYMBOL_GPL(vdev_raise_msix);

/**
 * vdev_clear_msix - let no vector wait to be signalled any more
 * @vdev: the device
 *
 * For a reset of the device's own, after which it owes the guest nothing.
 *
 * Context: any.
 */
void vdev_clear_msix(struct vdev *vdev)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	for (i = 0; i < vdev->nr_vectors; i++)
		vdev->msix[i].pending = false;
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
}
EXPORT_SYMBOL_GPL(vdev_clear_msix);

/**
 * vdev_set_intx - assert or deassert the interrupt pin
 * @vdev: the device, with a pin
 * @level: true to assert it
 *
 * Context: under vdev->lock.
 */
void vdev_set_intx(struct vdev *vdev, bool level)
{
	u8 *status = &vdev->config.value[PCI_STATUS];
	unsigned long flags;

	lockdep_assert_held(&vdev->lock);

	*status = level ? *status | PCI_STATUS_INTERRUPT :
			  *status & ~PCI_STATUS_INTERRUPT;
	spin_lock_irqsave(&vdev->irq_lock, flags);
	vdev->intx_level = level;
	intx_update(vdev);
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
}
EXPORT_SYMBOL_GPL(vdev_set_intx);

/* The command register may have been written: under vdev->lock. */
void vdev_irq_config_changed(struct vdev *vdev)
{
	unsigned long flags;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	vdev->intx_disabled = vdev_config_read(vdev, PCI_COMMAND, 2) &
			      PCI_COMMAND_INTX_DISABLE;
	intx_update(vdev);
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
}

/* Nothing is raised any more; who listens still does. Under vdev->lock. */
void vdev_irq_reset(struct vdev *vdev)
{
	unsigned long flags;
	unsigned int i;

	vdev_clear_msix(vdev);
	spin_lock_irqsave(&vdev->irq_lock, flags);
	vdev->intx_level = false;
	vdev->intx_disabled = false;
	spin_unlock_irqrestore(&vdev->irq_lock, flags);

	vdev->config.value[PCI_STATUS] &= ~PCI_STATUS_INTERRUPT;
	memset(vdev->msix_table, 0, sizeof(vdev->msix_table));
	for (i = 0; i < vdev->nr_vectors; i++)
		vdev->msix_table[i][PCI_MSIX_ENTRY_VECTOR_CTRL / 4] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

/**
 * vdev_config_add_intx - give it an interrupt pin
 * @vdev: the device
 */
void vdev_config_add_intx(struct vdev *vdev)
{
	vdev->config.value[PCI_INTERRUPT_PIN] = 1;
	vdev->has_intx = true;
}
EXPORT_SYMBOL_GPL(vdev_config_add_intx);

#if IS_REACHABLE(CONFIG_VFIO_VIRQFD)
/*
 * An eventfd that unmasks INTx, written by KVM at the guest's end of interrupt.
 * It runs from a work item: within an eventfd's wake-up irq_lock cannot be
 * taken, under which eventfds are signalled.
 */
static void unmask_intx(void *opaque, void *unused)
{
	struct vdev *vdev = opaque;
	unsigned long flags;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	vdev->intx.masked = false;
	intx_update(vdev);
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
}

static long set_unmask_eventfd(struct vdev *vdev, s32 fd)
{
	vfio_virqfd_disable(&vdev->unmask);
	if (fd < 0)
		return 0;
	return vfio_virqfd_enable(vdev, NULL, unmask_intx, NULL,
				  &vdev->unmask, fd);
}
#else
static long set_unmask_eventfd(struct vdev *vdev, s32 fd)
{
	return fd < 0 ? 0 : -ENOTTY;
}
#endif

/* Have @count irqs tell these eventfds; @ctxs then has those they told. */
static void swap_triggers(struct vdev *vdev, struct vdev_irq *irqs,
			  unsigned int count, struct eventfd_ctx **ctxs)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	for (i = 0; i < count; i++) {
		swap(irqs[i].trigger, ctxs[i]);
		if (!irqs[i].trigger || irqs == &vdev->intx)
			irqs[i].masked = false;
		if (irqs[i].trigger)
			irq_catch_up(vdev, &irqs[i]);
	}
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
}

static void put_triggers(struct eventfd_ctx **ctxs, unsigned int count)
{
	while (count--)
		if (ctxs[count])
			eventfd_ctx_put(ctxs[count]);
}

/* All of these eventfds, or none of them. -1 stands for no eventfd. */
static long set_triggers(struct vdev *vdev, struct vdev_irq *irqs,
			 unsigned int count, const s32 *fds)
{
	struct eventfd_ctx *ctxs[VDEV_MAX_VECTORS] = {};
	unsigned int i;
	long ret = 0;

	for (i = 0; i < count && !ret; i++) {
		if (fds[i] < -1)
			ret = -EINVAL;
		if (fds[i] < 0)
			continue;
		ctxs[i] = eventfd_ctx_fdget(fds[i]);
		if (IS_ERR(ctxs[i])) {
			ret = PTR_ERR(ctxs[i]);
			ctxs[i] = NULL;
		}
	}
	if (!ret)
		swap_triggers(vdev, irqs, count, ctxs);
	put_triggers(ctxs, count);
	return ret;
}

static void clear_triggers(struct vdev *vdev, struct vdev_irq *irqs,
			   unsigned int count)
{
	struct eventfd_ctx *ctxs[VDEV_MAX_VECTORS] = {};

	if (irqs == &vdev->intx)
		set_unmask_eventfd(vdev, -1);
	swap_triggers(vdev, irqs, count, ctxs);
	put_triggers(ctxs, count);
}

/* A loopback: the VMM tries whether its eventfd is told. */
static void loop_back(struct vdev *vdev, struct vdev_irq *irq)
{
	if (!irq->trigger)
		return;
	if (irq == &vdev->intx && !irq->masked)
		planefd_eventfd_signal(irq->trigger);
	else if (irq != &vdev->intx)
		irq_fire(vdev, irq);
}

/* Mask, unmask or try @count irqs, of those that @chosen names if it does. */
static void act_on_irqs(struct vdev *vdev, struct vdev_irq *irqs,
			unsigned int count, u32 action, const u8 *chosen)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	for (i = 0; i < count; i++) {
		if (chosen && !chosen[i])
			continue;
		if (action == VFIO_IRQ_SET_ACTION_TRIGGER) {
			loop_back(vdev, &irqs[i]);
			continue;
		}
		irqs[i].masked = action == VFIO_IRQ_SET_ACTION_MASK;
		if (!irqs[i].masked)
			irq_catch_up(vdev, &irqs[i]);
	}
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
}

static long apply_irq_set(struct vdev *vdev, const struct vfio_irq_set *set,
			  const void *data)
{
	u32 action = set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
	unsigned int nr_irqs;
	struct vdev_irq *irqs = irqs_of_index(vdev, set->index, &nr_irqs);

	if (!irqs || hweight32(action) != 1)
		return -EINVAL;
	/* There is nothing to mask in an event that happens once */
	if (irqs == &vdev->req && action != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -EINVAL;
	/* No irqs at all disables them, whatever type the data would be */
	if (!set->count) {
		if (action != VFIO_IRQ_SET_ACTION_TRIGGER)
			return -EINVAL;
		clear_triggers(vdev, irqs, nr_irqs);
		return 0;
	}
	irqs += array_index_nospec(set->start, VDEV_MAX_VECTORS);

	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		if (action == VFIO_IRQ_SET_ACTION_TRIGGER)
			return set_triggers(vdev, irqs, set->count, data);
		if (action == VFIO_IRQ_SET_ACTION_UNMASK &&
		    irqs == &vdev->intx)
			return set_unmask_eventfd(vdev, *(const s32 *)data);
		return -ENOTTY;
	}
	act_on_irqs(vdev, irqs, set->count, action,
		    set->flags & VFIO_IRQ_SET_DATA_BOOL ? data : NULL);
	return 0;
}

/* VFIO_DEVICE_SET_IRQS */
long vdev_set_irqs(struct vdev *vdev, void __user *uarg)
{
	const size_t minsz = offsetofend(struct vfio_irq_set, count);
	struct vfio_irq_set set;
	unsigned int nr_irqs;
	size_t data_size = 0;
	void *data = NULL;
	long ret;

	if (copy_from_user(&set, uarg, minsz))
		return -EFAULT;
	if (set.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	irqs_of_index(vdev, set.index, &nr_irqs);
	ret = vfio_set_irqs_validate_and_prepare(&set, nr_irqs,
						 VFIO_PCI_NUM_IRQS, &data_size);
	if (ret)
		return ret;
	if (data_size) {
		data = memdup_user(uarg + minsz, data_size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}
	mutex_lock(&vdev->igate);
	ret = apply_irq_set(vdev, &set, data);
	mutex_unlock(&vdev->igate);
	kfree(data);
	return ret;
}

static bool signal_req(struct vdev *vdev)
{
	unsigned long flags;
	bool there;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	there = vdev->req.trigger;
	if (there)
		planefd_eventfd_signal(vdev->req.trigger);
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
	return there;
}

/**
 * vdev_request - for struct vfio_device_ops.request: the device is wanted back
 * @vfio: the device
 * @count: how often it was asked for
 */
void vdev_request(struct vfio_device *vfio, unsigned int count)
{
	if (!signal_req(to_vdev(vfio)) && !count)
		dev_notice_ratelimited(vfio->dev, "in use; its VMM takes no requests, so removal waits for it\n");
}
EXPORT_SYMBOL_GPL(vdev_request);

/* Nobody listens any more. */
void vdev_irq_close(struct vdev *vdev)
{
	unsigned int index, nr_irqs;
	struct vdev_irq *irqs;

	mutex_lock(&vdev->igate);
	for (index = 0; index < VFIO_PCI_NUM_IRQS; index++) {
		irqs = irqs_of_index(vdev, index, &nr_irqs);
		if (irqs)
			clear_triggers(vdev, irqs, nr_irqs);
	}
	mutex_unlock(&vdev->igate);
}
