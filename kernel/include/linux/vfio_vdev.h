/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every emulated PCI display of planefd shares: PCI config space, the
 * VFIO region and irq ioctls, the EDID region, and the mediated device's glue.
 *
 * A driver embeds a struct vdev at the start of its own structure, fills in
 * the config space and the regions once, and answers vdev_ops. The rest of
 * vfio_device_ops is vdev's: it is offered as functions to put in that table.
 *
 * Locks. vdev->lock is the device's own: it guards the config space, the EDID
 * and all registers, and is held when a vdev_ops callback runs. User memory is
 * never touched under it.
 */
#ifndef _LINUX_VFIO_VDEV_H
#define _LINUX_VFIO_VDEV_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <uapi/linux/pci_regs.h>

struct device;
struct eventfd_ctx;
struct mdev_device;
struct vdev;
struct vfio_dmabuf_mem;
struct virqfd;

/* VFIO's fixed PCI regions, and one of a device-specific type: the EDID */
#define VDEV_EDID_REGION	VFIO_PCI_NUM_REGIONS
#define VDEV_NUM_REGIONS	(VFIO_PCI_NUM_REGIONS + 1)

/* A region's file offset is its index in these upper bits */
#define VDEV_OFFSET_SHIFT	40

#define VDEV_EDID_MAX		512

/* MSI-X vectors of a device */
#define VDEV_MAX_VECTORS	8

/**
 * struct vdev_config - a PCI function's config space, little-endian as on the
 * bus
 * @value: what reads return
 * @writable: the bits that the guest may change
 * @tail: byte after the last capability
 * @last_link: where the next capability's offset goes
 */
struct vdev_config {
	u8 value[PCI_CFG_SPACE_SIZE];
	u8 writable[PCI_CFG_SPACE_SIZE];
	u16 tail;
	u8 last_link;
};

/**
 * struct vdev_ops - a device's own
 * @reset: set all registers as after power-on
 * @read: read @size bytes (1, 2 or 4, naturally aligned) at @offset of BAR
 *	@bar, which has registers
 * @write: write them
 * @config_changed: the guest has written to the config space, or a reset has
 *	cleared it: a BAR may have moved, the command register have changed
 * @config_read: optional; the config space is about to be read there
 * @config_write: optional; the config space has been written there
 * @plugged: optional; the VMM has changed the link state of the EDID region
 *
 * All are called under vdev->lock.
 */
struct vdev_ops {
	void (*reset)(struct vdev *vdev);
	u32 (*read)(struct vdev *vdev, unsigned int bar, u32 offset,
		    unsigned int size);
	void (*write)(struct vdev *vdev, unsigned int bar, u32 offset,
		      unsigned int size, u32 value);
	void (*config_changed)(struct vdev *vdev);
	void (*config_read)(struct vdev *vdev, u32 offset, unsigned int size);
	void (*config_write)(struct vdev *vdev, u32 offset, unsigned int size);
	void (*plugged)(struct vdev *vdev);
};

/**
 * struct vdev_edid - the EDID region, as struct vfio_region_gfx_edid puts it
 * @size: bytes of @blob in use
 * @max_xres: the largest width that makes sense, 0 unknown
 * @max_yres: the largest height that makes sense, 0 unknown
 * @link: VFIO_DEVICE_GFX_LINK_STATE_UP or _DOWN
 * @blob: the EDID itself
 */
struct vdev_edid {
	u32 size;
	u32 max_xres;
	u32 max_yres;
	u32 link;
	u8 blob[VDEV_EDID_MAX];
};

/**
 * struct vdev_irq - an interrupt that the VMM may listen to
 * @trigger: the eventfd to tell, or NULL
 * @masked: not to be told now
 * @pending: was to be told and could not be
 */
struct vdev_irq {
	struct eventfd_ctx *trigger;
	bool masked;
	bool pending;
};

/**
 * struct vdev - an emulated PCI display
 * @vfio: the VFIO device; must be first
 * @ops: the device's own
 * @lock: guards @config, @edid, @msix_table and the device's registers
 * @config: PCI config space
 * @bar_size: bytes of each BAR, powers of two, 0 where there is none
 * @bar_mem: memory of each BAR that is memory; the driver sets it in
 *	open_device and takes it back in close_device. NULL for registers
 * @edid: the EDID region
 * @has_intx: it has an interrupt pin
 * @nr_vectors: MSI-X vectors
 * @msix_cap: where the MSI-X capability is
 * @msix_bar: the BAR that holds the MSI-X table
 * @msix_table: as the guest has written it
 * @igate: serialises the VMM's changes of how it is told of interrupts
 * @irq_lock: guards all from here on but @unmask
 * @req: the device is wanted back
 * @intx: the interrupt pin
 * @msix: the MSI-X vectors
 * @intx_level: the pin is asserted
 * @intx_disabled: the command register says so
 * @unmask: an eventfd of the VMM's that unmasks @intx; under @igate
 */
struct vdev {
	struct vfio_device vfio;
	const struct vdev_ops *ops;
	struct mutex lock;	/* guards config, edid and registers */
	struct vdev_config config;
	u32 bar_size[PCI_STD_NUM_BARS];
	struct vfio_dmabuf_mem *bar_mem[PCI_STD_NUM_BARS];
	struct vdev_edid edid;
	bool has_intx;
	u8 nr_vectors;
	u8 msix_cap;
	u8 msix_bar;
	u32 msix_table[VDEV_MAX_VECTORS][PCI_MSIX_ENTRY_SIZE / 4];
	struct mutex igate;	/* one change of eventfds at a time */
	spinlock_t irq_lock;	/* guards what follows */
	struct vdev_irq req;
	struct vdev_irq intx;
	struct vdev_irq msix[VDEV_MAX_VECTORS];
	bool intx_level;
	bool intx_disabled;
	struct virqfd *unmask;
};

static inline struct vdev *to_vdev(struct vfio_device *vfio)
{
	return container_of(vfio, struct vdev, vfio);
}

/*
 * The device itself: init once, reset at every opening, close at the end of
 * each, destroy as it is released.
 */
void vdev_init(struct vdev *vdev, const struct vdev_ops *ops);
void vdev_destroy(struct vdev *vdev);
int vdev_register(struct vdev *vdev);
void vdev_reset(struct vdev *vdev);
void vdev_close(struct vdev *vdev);

/* PCI config space, to be laid out before the first opening */
struct vdev_pci_id {
	u16 vendor;
	u16 device;
	u16 subsystem_vendor;
	u16 subsystem;
	u8 revision;
	u32 class;	/* base class, subclass, interface: 24 bits */
};

void vdev_config_init(struct vdev *vdev, const struct vdev_pci_id *id);
int __must_check vdev_config_add_bar(struct vdev *vdev, unsigned int bar,
				     u32 size, u32 flags);
int __must_check vdev_config_add_cap(struct vdev *vdev, u8 id, u8 size);
int __must_check vdev_config_add_pm_cap(struct vdev *vdev);
void vdev_config_add_intx(struct vdev *vdev);
int __must_check vdev_config_add_msix(struct vdev *vdev, unsigned int bar,
				      unsigned int nr_vectors);
bool vdev_is_bus_master(const struct vdev *vdev);
u64 vdev_bar_address(const struct vdev *vdev, unsigned int bar);

/* Interrupts */
bool vdev_msix_enabled(struct vdev *vdev);
void vdev_raise_msix(struct vdev *vdev, unsigned int vector);
void vdev_clear_msix(struct vdev *vdev);
void vdev_set_intx(struct vdev *vdev, bool level);

/* EDID */
void vdev_edid_init(struct vdev_edid *edid, u32 width, u32 height,
		    u32 max_xres, u32 max_yres);
void vdev_edid_set_mode(struct vdev_edid *edid, u32 width, u32 height,
			u32 refresh);
bool vdev_edid_native(const struct vdev_edid *edid, u32 *width, u32 *height);
u8 vdev_edid_byte(const struct vdev_edid *edid, u32 offset);

/* Ready-made for struct vfio_device_ops */
ssize_t vdev_read(struct vfio_device *vfio, char __user *buf, size_t count,
		  loff_t *ppos);
ssize_t vdev_write(struct vfio_device *vfio, const char __user *buf,
		   size_t count, loff_t *ppos);
long vdev_ioctl(struct vfio_device *vfio, unsigned int cmd, unsigned long arg);
int vdev_get_region_info_caps(struct vfio_device *vfio,
			      struct vfio_region_info *info,
			      struct vfio_info_cap *caps);
int vdev_mmap(struct vfio_device *vfio, struct vm_area_struct *vma);
void vdev_request(struct vfio_device *vfio, unsigned int count);

#endif /* _LINUX_VFIO_VDEV_H */
