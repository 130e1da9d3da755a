// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The virtio-gpu device as a PCI function and as a virtio device: identity,
 * BARs, capabilities, the common structure and features.
 */
#include "test.h"
#include "virtio_gpu.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/ioctl.h>

#define MSIX_BAR 1
#define VIRTIO_BAR 4

static struct virtio virtio;

static uint32_t config_get(uint32_t offset, unsigned int width)
{
	return (uint32_t)region_get(&virtio.device, CONFIG, offset, width);
}

static void config_set(uint32_t offset, unsigned int width, uint64_t value)
{
	region_set(&virtio.device, CONFIG, offset, width, value);
}

TEST("the identity is a virtio-gpu's: 1af4:1050 of virtio 1.x, display, other")
{
	virtio_create(&virtio, TYPE_GPU_1);
	CHECK_EQ(config_get(PCI_VENDOR_ID, 2), 0x1af4);
	CHECK_EQ(config_get(PCI_DEVICE_ID, 2), 0x1050);
	CHECK_EQ(config_get(PCI_SUBSYSTEM_VENDOR_ID, 2), 0x1af4);
	CHECK_EQ(config_get(PCI_SUBSYSTEM_ID, 2), 0x1100);
	/* A modern device's is 1 or higher */
	CHECK_EQ(config_get(PCI_REVISION_ID, 1), 1);
	CHECK_EQ(config_get(PCI_CLASS_REVISION, 4) >> 8, 0x038000);
	CHECK_EQ(config_get(PCI_HEADER_TYPE, 1), PCI_HEADER_TYPE_NORMAL);
	CHECK_EQ(config_get(PCI_INTERRUPT_PIN, 1), 1);
}

static uint32_t bar_mask(unsigned int bar)
{
	uint32_t offset = PCI_BASE_ADDRESS_0 + 4 * bar;
	uint32_t value;

	config_set(offset, 4, UINT32_MAX);
	value = config_get(offset, 4);
	config_set(offset, 4, 0);
	return value;
}

TEST("sizing BARs finds what the regions are: 4 KiB in BAR1, 16 KiB in BAR4")
{
	struct vfio_region_info info;
	unsigned int bar;

	virtio_create(&virtio, TYPE_GPU_1);
	CHECK_EQ(bar_mask(MSIX_BAR), (uint32_t)-4096);
	CHECK_EQ(bar_mask(VIRTIO_BAR), (uint32_t)-16384 |
					       PCI_BASE_ADDRESS_MEM_TYPE_64 |
					       PCI_BASE_ADDRESS_MEM_PREFETCH);
	/* The upper half of BAR4 */
	CHECK_EQ(bar_mask(5), UINT32_MAX);
	for (bar = 0; bar < VIRTIO_BAR; bar++)
		if (bar != MSIX_BAR)
			CHECK_EQ(bar_mask(bar), 0);
	for (bar = 0; bar < 6; bar++) {
		region_info(&virtio.device, bar, &info);
		CHECK_EQ(info.size, bar == MSIX_BAR	? 4096
				    : bar == VIRTIO_BAR ? 16384
							: 0);
	}
}

TEST("a 64 bit BAR keeps both halves of the address that it is given")
{
	virtio_create(&virtio, TYPE_GPU_1);
	config_set(PCI_BASE_ADDRESS_4, 8, UINT64_C(0x380000004000));
	CHECK_EQ(config_get(PCI_BASE_ADDRESS_4, 4),
		 0x4000 | PCI_BASE_ADDRESS_MEM_TYPE_64 |
			 PCI_BASE_ADDRESS_MEM_PREFETCH);
	CHECK_EQ(config_get(PCI_BASE_ADDRESS_5, 4), 0x3800);
	CHECK_OK(ioctl(virtio.device.fd, VFIO_DEVICE_RESET));
	CHECK_EQ(config_get(PCI_BASE_ADDRESS_4, 4) & ~15u, 0);
	CHECK_EQ(config_get(PCI_BASE_ADDRESS_5, 4), 0);
}

TEST("each virtio structure is told of, aligned, in its BAR and apart")
{
	static const uint32_t alignments[] = {1, 4, 2, 1, 4};
	const struct virtio_structure *a, *b;
	struct vfio_region_info info;
	unsigned int i, j;

	virtio_create(&virtio, TYPE_GPU_1);
	for (i = 1; i < VIRTIO_PCI_CAP_PCI_CFG; i++) {
		a = &virtio.structures[i];
		CHECK_NE(a->at, 0);
		CHECK_LT(a->bar, 6);
		CHECK_EQ(a->offset % alignments[i], 0);
		region_info(&virtio.device, a->bar, &info);
		CHECK_LE((uint64_t)a->offset + a->length, info.size);
		for (j = 1; j < i; j++) {
			b = &virtio.structures[j];
			CHECK(a->bar != b->bar ||
			      a->offset >= b->offset + b->length ||
			      b->offset >= a->offset + a->length);
		}
	}
	CHECK_GE(virtio.structures[VIRTIO_PCI_CAP_COMMON_CFG].length,
		 sizeof(struct virtio_pci_common_cfg));
	CHECK_GE(virtio.structures[VIRTIO_PCI_CAP_ISR_CFG].length, 1);
	CHECK_GE(virtio.structures[VIRTIO_PCI_CAP_DEVICE_CFG].length,
		 sizeof(struct virtio_gpu_config));
}

TEST("capabilities are as long as their kind is, and end within config space")
{
	static const uint8_t lengths[] = {
		0,
		sizeof(struct virtio_pci_cap),
		sizeof(struct virtio_pci_notify_cap),
		sizeof(struct virtio_pci_cap),
		sizeof(struct virtio_pci_cap),
		sizeof(struct virtio_pci_cfg_cap),
	};
	unsigned int i, at;

	virtio_create(&virtio, TYPE_GPU_1);
	for (i = 1; i <= VIRTIO_PCI_CAP_PCI_CFG; i++) {
		at = virtio.structures[i].at;
		CHECK_EQ(config_get(at + VIRTIO_PCI_CAP_LEN, 1), lengths[i]);
		CHECK_LE(at + lengths[i], 256);
	}
}

TEST("MSI-X has three vectors, its table and pending bits in BAR1, apart")
{
	uint32_t table, pending, count;
	uint8_t cap;

	virtio_create(&virtio, TYPE_GPU_1);
	cap = virtio_pci_cap(&virtio.device, PCI_CAP_ID_MSIX);
	CHECK_NE(cap, 0);
	count = (config_get(cap + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_QSIZE) +
		1;
	CHECK_EQ(count, GPU_VECTORS);
	table = config_get(cap + PCI_MSIX_TABLE, 4);
	pending = config_get(cap + PCI_MSIX_PBA, 4);
	CHECK_EQ(table & PCI_MSIX_TABLE_BIR, MSIX_BAR);
	CHECK_EQ(pending & PCI_MSIX_PBA_BIR, MSIX_BAR);
	table &= PCI_MSIX_TABLE_OFFSET;
	pending &= PCI_MSIX_PBA_OFFSET;
	CHECK_LE(table + count * PCI_MSIX_ENTRY_SIZE, 4096);
	CHECK_LE(pending + 8, 4096);
	CHECK(pending >= table + count * PCI_MSIX_ENTRY_SIZE ||
	      table >= pending + 8);
}

TEST("each queue has a doorbell of its own within the notify structure")
{
	const struct virtio_structure *notify;
	uint64_t at[2];
	unsigned int i;

	virtio_create(&virtio, TYPE_GPU_1);
	notify = &virtio.structures[VIRTIO_PCI_CAP_NOTIFY_CFG];
	CHECK_EQ(virtio.notify_multiplier, 4);
	for (i = 0; i < 2; i++) {
		virtio_set(&virtio, COMMON(queue_select), i);
		at[i] = virtio_get(&virtio, COMMON(queue_notify_off)) *
			virtio.notify_multiplier;
		CHECK_LE(at[i] + 2, notify->length);
	}
	CHECK_NE(at[0], at[1]);
}

TEST("there are a control queue of 256, a cursor queue of 16, and no other")
{
	static const uint16_t others[] = {2, 3, 7, 255, 32767, 65535};
	unsigned int i;

	virtio_create(&virtio, TYPE_GPU_1);
	CHECK_EQ(virtio_get(&virtio, COMMON(num_queues)), 2);
	virtio_set(&virtio, COMMON(queue_select), GPU_CONTROL);
	CHECK_EQ(virtio_get(&virtio, COMMON(queue_size)), GPU_CONTROL_SIZE);
	virtio_set(&virtio, COMMON(queue_select), GPU_CURSOR);
	CHECK_EQ(virtio_get(&virtio, COMMON(queue_size)), GPU_CURSOR_SIZE);
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		virtio_set(&virtio, COMMON(queue_select), others[i]);
		CHECK_EQ(virtio_get(&virtio, COMMON(queue_select)), others[i]);
		CHECK_EQ(virtio_get(&virtio, COMMON(queue_size)), 0);
		virtio_set(&virtio, COMMON(queue_enable), 1);
		CHECK_EQ(virtio_get(&virtio, COMMON(queue_enable)), 0);
	}
}

TEST("the device tells its heads, has no event and no capability sets")
{
	static const char *const types[] = {TYPE_GPU_1, TYPE_GPU_2, TYPE_GPU_4,
					    TYPE_GPU_16};
	static const unsigned int heads[] = {1, 2, 4, 16};
	unsigned int i;

	for (i = 0; i < 4; i++) {
		virtio_create(&virtio, types[i]);
		CHECK_EQ(virtio_get(&virtio, GPU_CONFIG(num_scanouts)),
			 heads[i]);
		CHECK_EQ(virtio_get(&virtio, GPU_CONFIG(num_capsets)), 0);
		CHECK_EQ(virtio_get(&virtio, GPU_CONFIG(events_read)), 0);
	}
}

TEST("the read-only part of the device's config stays what it is")
{
	virtio_create(&virtio, TYPE_GPU_2);
	virtio_set(&virtio, GPU_CONFIG(events_read), UINT32_MAX);
	virtio_set(&virtio, GPU_CONFIG(num_scanouts), 7);
	virtio_set(&virtio, GPU_CONFIG(num_capsets), 7);
	CHECK_EQ(virtio_get(&virtio, GPU_CONFIG(events_read)), 0);
	CHECK_EQ(virtio_get(&virtio, GPU_CONFIG(num_scanouts)), 2);
	CHECK_EQ(virtio_get(&virtio, GPU_CONFIG(num_capsets)), 0);
}

TEST("exactly the features that the device has are offered")
{
	virtio_create(&virtio, TYPE_GPU_1);
	CHECK_EQ(virtio_offers(&virtio), GPU_FEATURES);
	virtio_set(&virtio, COMMON(device_feature_select), 2);
	CHECK_EQ(virtio_get(&virtio, COMMON(device_feature)), 0);
	virtio_set(&virtio, COMMON(device_feature_select), UINT32_MAX);
	CHECK_EQ(virtio_get(&virtio, COMMON(device_feature)), 0);
}

TEST("any subset of the features that has VERSION_1 is taken")
{
	const uint64_t must = VIRTIO_BIT(VIRTIO_F_VERSION_1);
	uint64_t subset = 0;

	virtio_create(&virtio, TYPE_GPU_1);
	/* All subsets of a mask, one after the other */
	do {
		subset = (subset - (GPU_FEATURES & ~must)) &
			 (GPU_FEATURES & ~must);
		CHECK(virtio_negotiate(&virtio, must | subset));
		virtio_set(&virtio, COMMON(guest_feature_select), 0);
		CHECK_EQ(virtio_get(&virtio, COMMON(guest_feature)),
			 (uint32_t)subset);
		virtio_set(&virtio, COMMON(guest_feature_select), 1);
		CHECK_EQ(virtio_get(&virtio, COMMON(guest_feature)),
			 (must | subset) >> 32);
	} while (subset);
}

TEST("a feature that was not offered, and one less than VERSION_1, are refused")
{
	unsigned int bit;

	virtio_create(&virtio, TYPE_GPU_1);
	for (bit = 0; bit < 64; bit++)
		if (!(GPU_FEATURES & VIRTIO_BIT(bit)))
			CHECK(!virtio_negotiate(
				&virtio, GPU_FEATURES | VIRTIO_BIT(bit)));
	CHECK(!virtio_negotiate(
		&virtio, GPU_FEATURES & ~VIRTIO_BIT(VIRTIO_F_VERSION_1)));
	CHECK(virtio_negotiate(&virtio, GPU_FEATURES));
}

TEST("a vector that does not exist reads back as none, one that does as itself")
{
	static const uint16_t none[] = {3, 4, 255, 32768, 65534, 65535};
	unsigned int i, queue;

	virtio_create(&virtio, TYPE_GPU_1);
	CHECK_EQ(virtio_get(&virtio, COMMON(msix_config)),
		 VIRTIO_MSI_NO_VECTOR);
	for (i = 0; i < GPU_VECTORS; i++) {
		virtio_set(&virtio, COMMON(msix_config), i);
		CHECK_EQ(virtio_get(&virtio, COMMON(msix_config)), i);
		for (queue = 0; queue < 2; queue++) {
			virtio_set(&virtio, COMMON(queue_select), queue);
			virtio_set(&virtio, COMMON(queue_msix_vector), i);
			CHECK_EQ(virtio_get(&virtio, COMMON(queue_msix_vector)),
				 i);
		}
	}
	for (i = 0; i < sizeof(none) / sizeof(*none); i++) {
		virtio_set(&virtio, COMMON(msix_config), none[i]);
		CHECK_EQ(virtio_get(&virtio, COMMON(msix_config)),
			 VIRTIO_MSI_NO_VECTOR);
		virtio_set(&virtio, COMMON(queue_msix_vector), none[i]);
		CHECK_EQ(virtio_get(&virtio, COMMON(queue_msix_vector)),
			 VIRTIO_MSI_NO_VECTOR);
	}
}

TEST("queues keep apart what they are told")
{
	unsigned int i;

	virtio_create(&virtio, TYPE_GPU_1);
	for (i = 0; i < 2; i++) {
		virtio_set(&virtio, COMMON(queue_select), i);
		virtio_set(&virtio, COMMON(queue_size), 8u >> i);
		virtio_set(&virtio, COMMON(queue_msix_vector), 1 + i);
		virtio_set(&virtio, COMMON(queue_desc_lo), 0x1000 + i * 16);
		virtio_set(&virtio, COMMON(queue_desc_hi), 1 + i);
		virtio_set(&virtio, COMMON(queue_avail_lo), 0x2000 + i * 16);
		virtio_set(&virtio, COMMON(queue_avail_hi), 3 + i);
		virtio_set(&virtio, COMMON(queue_used_lo), 0x3000 + i * 16);
		virtio_set(&virtio, COMMON(queue_used_hi), 5 + i);
	}
	for (i = 0; i < 2; i++) {
		virtio_set(&virtio, COMMON(queue_select), i);
		CHECK_EQ(virtio_get(&virtio, COMMON(queue_size)), 8u >> i);
		CHECK_EQ(virtio_get(&virtio, COMMON(queue_msix_vector)), 1 + i);
		CHECK_EQ(virtio_get(&virtio, COMMON(queue_desc_lo)),
			 0x1000 + i * 16);
		CHECK_EQ(virtio_get(&virtio, COMMON(queue_desc_hi)), 1 + i);
		CHECK_EQ(virtio_get(&virtio, COMMON(queue_avail_lo)),
			 0x2000 + i * 16);
		CHECK_EQ(virtio_get(&virtio, COMMON(queue_avail_hi)), 3 + i);
		CHECK_EQ(virtio_get(&virtio, COMMON(queue_used_lo)),
			 0x3000 + i * 16);
		CHECK_EQ(virtio_get(&virtio, COMMON(queue_used_hi)), 5 + i);
	}
}

/* The window in config space: which bytes of which BAR pci_cfg_data is */
static void set_window(uint8_t bar, uint32_t offset, uint32_t length)
{
	uint8_t at = virtio.structures[VIRTIO_PCI_CAP_PCI_CFG].at;

	config_set(at + VIRTIO_PCI_CAP_BAR, 1, bar);
	config_set(at + VIRTIO_PCI_CAP_OFFSET, 4, offset);
	config_set(at + VIRTIO_PCI_CAP_LENGTH, 4, length);
}

TEST("the window in config space reaches the structures as their BAR does")
{
	const struct virtio_structure *common;
	uint32_t data;

	virtio_create(&virtio, TYPE_GPU_2);
	data = virtio.structures[VIRTIO_PCI_CAP_PCI_CFG].at +
	       (uint32_t)sizeof(struct virtio_pci_cap);
	common = &virtio.structures[VIRTIO_PCI_CAP_COMMON_CFG];
	set_window(common->bar, common->offset + VIRTIO_PCI_COMMON_STATUS, 1);
	config_set(data, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	CHECK_EQ(config_get(data, 1), VIRTIO_CONFIG_S_ACKNOWLEDGE);
	CHECK_EQ(virtio_status(&virtio), VIRTIO_CONFIG_S_ACKNOWLEDGE);
	set_window(common->bar, common->offset + VIRTIO_PCI_COMMON_NUMQ, 2);
	CHECK_EQ(config_get(data, 2), 2);
	set_window(common->bar, common->offset + VIRTIO_PCI_COMMON_DFSELECT, 4);
	config_set(data, 4, 1);
	set_window(common->bar, common->offset + VIRTIO_PCI_COMMON_DF, 4);
	CHECK_EQ(config_get(data, 4), GPU_FEATURES >> 32);
}

TEST("a window on what is not there does no harm")
{
	static const uint32_t offsets[] = {
		0, 1, 16380, 16382, 16383, 16384, UINT32_MAX, UINT32_MAX - 3};
	static const uint32_t lengths[] = {0, 1, 2, 3, 4, 5, 8, UINT32_MAX};
	unsigned int bar, i, j;
	uint32_t data;

	virtio_create(&virtio, TYPE_GPU_1);
	data = virtio.structures[VIRTIO_PCI_CAP_PCI_CFG].at +
	       (uint32_t)sizeof(struct virtio_pci_cap);
	for (bar = 0; bar < 256; bar += bar < 8 ? 1 : 31) {
		for (i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
			for (j = 0; j < 8; j++) {
				set_window((uint8_t)bar, offsets[i],
					   lengths[j]);
				config_get(data, 4);
				config_set(data, 4, UINT32_MAX);
			}
		}
	}
	virtio_reset(&virtio);
	CHECK(virtio_negotiate(&virtio, GPU_FEATURES));
}

TEST("there may be 64 devices, and sysfs tells how many more")
{
	char uuids[64][UUID_SIZE], more[UUID_SIZE];
	unsigned int i;

	virtio_load();
	for (i = 0; i < 64; i++) {
		CHECK_EQ(mdev_type_number(TYPE_GPU_2, "available_instances"),
			 64 - i);
		CHECK_EQ(mdev_create(i % 2 ? TYPE_GPU_1 : TYPE_GPU_2, uuids[i]),
			 0);
	}
	CHECK_EQ(mdev_create(TYPE_GPU_1, more), -EUSERS);
	CHECK_EQ(mdev_remove(uuids[5]), 0);
	CHECK_EQ(mdev_type_number(TYPE_GPU_1, "available_instances"), 1);
	CHECK_EQ(mdev_create(TYPE_GPU_1, more), 0);
}

TEST("each type's description tells how many heads it has")
{
	static const struct {
		const char *type;
		const char *heads;
	} types[] = {
		{TYPE_GPU_1, " 1 head of "},
		{TYPE_GPU_2, " 2 heads of "},
		{TYPE_GPU_4, " 4 heads of "},
		{TYPE_GPU_16, " 16 heads of "},
	};
	char description[256];
	struct gpu gpu;
	unsigned int i;

	/* The module has the types; a device loads it */
	gpu_create(&gpu, TYPE_GPU_1);
	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		mdev_type_text(types[i].type, "description", description,
			       sizeof(description));
		CHECK(strstr(description, types[i].heads));
	}
}
