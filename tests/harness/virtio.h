/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's side of a modern virtio PCI device, without a guest: the device's
 * structures found through the capabilities in its config space and reached
 * through its VFIO regions, its interrupts as eventfds, and split virtqueues
 * in memory of the test's own. From the virtio 1.2 specification, chapters
 * 2.7 and 4.1.
 *
 * Whatever a driver can do wrong a test may want to do, so the parts are open:
 * a test may write a queue's descriptors and rings by itself.
 */
#ifndef TESTS_HARNESS_VIRTIO_H
#define TESTS_HARNESS_VIRTIO_H

#include "irq.h"
#include "ram.h"

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRTIO_RAM_SIZE (96 * MIB)

#define VIRTIO_BIT(feature) (UINT64_C(1) << (feature))

/* Status bits */
#define VIRTIO_FOUND (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define VIRTIO_READY (VIRTIO_FOUND | VIRTIO_CONFIG_S_FEATURES_OK)
#define VIRTIO_RUNS (VIRTIO_READY | VIRTIO_CONFIG_S_DRIVER_OK)

/* A structure that a capability tells of */
struct virtio_structure {
	uint8_t at; /* of the capability in the config space, 0: none */
	uint8_t bar;
	uint32_t offset;
	uint32_t length;
};

struct virtio {
	struct device device;
	struct ram ram;
	/* By VIRTIO_PCI_CAP_* */
	struct virtio_structure structures[VIRTIO_PCI_CAP_PCI_CFG + 1];
	uint32_t notify_multiplier;
	uint64_t features; /* negotiated */
};

/* Load the module, which goes again after the test */
void virtio_load(void);

/* The same with these parameters, anew if it is loaded: no device is left */
void virtio_load_with(const char *parameters);

/* Load the module, make such a device, open it and give it memory */
void virtio_create(struct virtio *virtio, const char *type);

/* The same in another one's container, with memory above the other's */
void virtio_create_beside(struct virtio *virtio, const char *type,
			  const struct virtio *other);

/* After device_close(): open it again, and give it the same memory */
void virtio_open(struct virtio *virtio);

/* Read the capabilities and let the device decode and master the bus */
void virtio_find(struct virtio *virtio);

/* The offset of a PCI capability in the config space, 0 if there is none */
uint8_t virtio_pci_cap(const struct device *device, uint8_t id);

/* A field: which structure, its offset in it and its width */
#define VIRTIO_FIELD(structure, type, field)                                   \
	structure, offsetof(type, field),                                      \
		(unsigned int)sizeof(((type *)NULL)->field)
#define COMMON(field)                                                          \
	VIRTIO_FIELD(VIRTIO_PCI_CAP_COMMON_CFG, struct virtio_pci_common_cfg,  \
		     field)
#define ISR VIRTIO_PCI_CAP_ISR_CFG, 0, 1

uint64_t virtio_get(const struct virtio *virtio, unsigned int structure,
		    uint64_t offset, unsigned int width);
void virtio_set(const struct virtio *virtio, unsigned int structure,
		uint64_t offset, unsigned int width, uint64_t value);

uint8_t virtio_status(const struct virtio *virtio);

/* Write 0 to the status, and wait until it reads 0 */
void virtio_reset(const struct virtio *virtio);

/* All features that the device offers */
uint64_t virtio_offers(const struct virtio *virtio);

/*
 * Reset, ask for these features, and say whether the device took them; the
 * next steps are queues and then virtio_start()
 */
bool virtio_negotiate(struct virtio *virtio, uint64_t features);
void virtio_start(const struct virtio *virtio);

/* A virtqueue and what its driver knows of it */
struct virtqueue {
	struct virtio *virtio;
	uint16_t index;
	uint16_t size;
	uint64_t desc_at; /* guest-physical */
	uint64_t avail_at;
	uint64_t used_at;
	struct vring ring;  /* the same, in this process */
	uint16_t next;	    /* the descriptor that is to be used next */
	uint16_t made;	    /* chains made available */
	uint16_t seen;	    /* chains seen used */
	bool single;	    /* the last one was made available alone */
	uint64_t notify_at; /* in the notify structure */
	int event;	    /* eventfd of its interrupt, or -1 */
};

/* One piece of a chain of descriptors */
struct piece {
	uint64_t at; /* guest-physical */
	uint32_t length;
	uint16_t flags; /* VRING_DESC_F_WRITE, or VRING_DESC_F_INDIRECT, or 0 */
};

/* Memory for a queue of that size, with empty rings; tells the device nothing
 */
void virtqueue_create(struct virtqueue *queue, struct virtio *virtio,
		      uint16_t index, uint16_t size);

/* Tell the device where the queue is that is selected, and no more */
void virtqueue_place(const struct virtqueue *queue);

/* Tell the device where the queue is, and which MSI-X vector; enable it */
void virtqueue_enable(struct virtqueue *queue, uint16_t vector);

/* A chain of descriptors; returns its head. It is not yet available */
uint16_t virtqueue_chain(struct virtqueue *queue, const struct piece *pieces,
			 unsigned int count);

/* The same in a table in guest memory, of which the chain is one descriptor */
uint16_t virtqueue_indirect(struct virtqueue *queue, uint64_t table_at,
			    const struct piece *pieces, unsigned int count);

/* Put a chain into the available ring; the device may see it at once */
void virtqueue_offer(struct virtqueue *queue, uint16_t head);

/* Tell the device to look */
void virtqueue_notify(const struct virtqueue *queue);

/* Has the device used a chain that is not yet taken? */
bool virtqueue_has_used(const struct virtqueue *queue);

/* Sleep until it has, and take it */
struct vring_used_elem virtqueue_take(struct virtqueue *queue);

/* The device needs a reset, and says so by the config interrupt */
void virtio_wait_broken(const struct virtio *virtio, int config_event);

#endif /* TESTS_HARNESS_VIRTIO_H */
