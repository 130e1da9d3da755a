// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device's side of a virtio driver: structures, status, features; see
 * virtio.h. The queues are in virtqueue.c.
 */
#include "virtio.h"

#include "modules.h"
#include "test.h"

#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CAPS 48
#define RESET_SECONDS 10
#define UNLOAD_SECONDS 10

static uint32_t config_get(const struct device *device, uint32_t offset,
			   unsigned int width)
{
	return (uint32_t)region_get(device, CONFIG, offset, width);
}

static void unload(void)
{
	module_remove(MODULE_VIRTIO_GPU);
}

__attribute__((constructor)) static void unload_after_each(void)
{
	test_after_each(unload);
}

/* The next capability after this one, or the first */
static uint8_t next_cap(const struct device *device, uint8_t at)
{
	uint32_t link = at ? at + PCI_CAP_LIST_NEXT : PCI_CAPABILITY_LIST;

	return (uint8_t)config_get(device, link, 1);
}

uint8_t virtio_pci_cap(const struct device *device, uint8_t id)
{
	unsigned int hops = 0;
	uint8_t at = 0;

	while ((at = next_cap(device, at))) {
		CHECK_LT(hops++, MAX_CAPS);
		CHECK_EQ(at % 4, 0);
		if (config_get(device, at, 1) == id)
			break;
	}
	return at;
}

static void find_structure(struct virtio *virtio, uint8_t at)
{
	const struct device *device = &virtio->device;
	uint32_t type = config_get(device, at + VIRTIO_PCI_CAP_CFG_TYPE, 1);
	struct virtio_structure *structure;

	/* Types of a later specification are none of ours, nor are spares */
	if (type < VIRTIO_PCI_CAP_COMMON_CFG || type > VIRTIO_PCI_CAP_PCI_CFG ||
	    virtio->structures[type].at)
		return;
	structure = &virtio->structures[type];
	structure->at = at;
	structure->bar =
		(uint8_t)config_get(device, at + VIRTIO_PCI_CAP_BAR, 1);
	structure->offset = config_get(device, at + VIRTIO_PCI_CAP_OFFSET, 4);
	structure->length = config_get(device, at + VIRTIO_PCI_CAP_LENGTH, 4);
	if (type == VIRTIO_PCI_CAP_NOTIFY_CFG)
		virtio->notify_multiplier =
			config_get(device, at + VIRTIO_PCI_NOTIFY_CAP_MULT, 4);
}

void virtio_find(struct virtio *virtio)
{
	unsigned int hops = 0, type;
	uint8_t at = 0;

	memset(virtio->structures, 0, sizeof(virtio->structures));
	while ((at = next_cap(&virtio->device, at))) {
		CHECK_LT(hops++, MAX_CAPS);
		if (config_get(&virtio->device, at, 1) == PCI_CAP_ID_VNDR)
			find_structure(virtio, at);
	}
	for (type = VIRTIO_PCI_CAP_COMMON_CFG; type <= VIRTIO_PCI_CAP_PCI_CFG;
	     type++)
		CHECK_NE(virtio->structures[type].at, 0);
	region_set(&virtio->device, CONFIG, PCI_COMMAND, 2,
		   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

void virtio_load(void)
{
	CHECK_EQ(system("modprobe " MODULE_VIRTIO_GPU), 0);
}

static bool is_unloaded(void *arg)
{
	(void)arg;
	return !module_loaded(MODULE_VIRTIO_GPU) ||
	       !module_remove(MODULE_VIRTIO_GPU);
}

void virtio_load_with(const char *parameters)
{
	char command[128];

	CHECK(test_wait(is_unloaded, NULL, UNLOAD_SECONDS));
	snprintf(command, sizeof(command), "modprobe %s %s", MODULE_VIRTIO_GPU,
		 parameters);
	CHECK_EQ(system(command), 0);
}

void virtio_create(struct virtio *virtio, const char *type)
{
	virtio_load();
	device_create(&virtio->device, type);
	ram_create(&virtio->ram, &virtio->device, RAM_START, VIRTIO_RAM_SIZE);
	virtio_find(virtio);
}

void virtio_create_beside(struct virtio *virtio, const char *type,
			  const struct virtio *other)
{
	device_create_beside(&virtio->device, type, &other->device);
	ram_create(&virtio->ram, &virtio->device,
		   other->ram.start + other->ram.size, VIRTIO_RAM_SIZE);
	virtio_find(virtio);
}

void virtio_open(struct virtio *virtio)
{
	device_open(&virtio->device);
	ram_map(&virtio->ram, &virtio->device);
	virtio_find(virtio);
}

uint64_t virtio_get(const struct virtio *virtio, unsigned int structure,
		    uint64_t offset, unsigned int width)
{
	const struct virtio_structure *where = &virtio->structures[structure];

	return region_get(&virtio->device, where->bar, where->offset + offset,
			  width);
}

void virtio_set(const struct virtio *virtio, unsigned int structure,
		uint64_t offset, unsigned int width, uint64_t value)
{
	const struct virtio_structure *where = &virtio->structures[structure];

	region_set(&virtio->device, where->bar, where->offset + offset, width,
		   value);
}

uint8_t virtio_status(const struct virtio *virtio)
{
	return (uint8_t)virtio_get(virtio, COMMON(device_status));
}

static bool is_reset(void *arg)
{
	const struct virtio *virtio = arg;

	return !virtio_status(virtio);
}

void virtio_reset(const struct virtio *virtio)
{
	struct virtio copy = *virtio;

	virtio_set(virtio, COMMON(device_status), 0);
	CHECK(test_wait(is_reset, &copy, RESET_SECONDS));
}

uint64_t virtio_offers(const struct virtio *virtio)
{
	uint64_t low, high;

	virtio_set(virtio, COMMON(device_feature_select), 0);
	low = virtio_get(virtio, COMMON(device_feature));
	virtio_set(virtio, COMMON(device_feature_select), 1);
	high = virtio_get(virtio, COMMON(device_feature));
	return high << 32 | low;
}

bool virtio_negotiate(struct virtio *virtio, uint64_t features)
{
	virtio_reset(virtio);
	virtio_set(virtio, COMMON(device_status), VIRTIO_CONFIG_S_ACKNOWLEDGE);
	virtio_set(virtio, COMMON(device_status), VIRTIO_FOUND);
	virtio_set(virtio, COMMON(guest_feature_select), 0);
	virtio_set(virtio, COMMON(guest_feature), (uint32_t)features);
	virtio_set(virtio, COMMON(guest_feature_select), 1);
	virtio_set(virtio, COMMON(guest_feature), features >> 32);
	virtio_set(virtio, COMMON(device_status), VIRTIO_READY);
	virtio->features = features;
	return virtio_status(virtio) & VIRTIO_CONFIG_S_FEATURES_OK;
}

void virtio_start(const struct virtio *virtio)
{
	virtio_set(virtio, COMMON(device_status), VIRTIO_RUNS);
	CHECK_EQ(virtio_status(virtio), VIRTIO_RUNS);
}

void virtio_wait_broken(const struct virtio *virtio, int config_event)
{
	while (!(virtio_status(virtio) & VIRTIO_CONFIG_S_NEEDS_RESET))
		irq_wait(config_event);
}
