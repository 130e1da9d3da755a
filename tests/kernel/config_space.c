// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device as a PCI function: config space, as a guest's firmware and driver
 * read and write it.
 */
#include "bochs.h"
#include "bytes.h"
#include "test.h"

#include <linux/pci_regs.h>
#include <string.h>
#include <sys/ioctl.h>

#define CONFIG_SIZE 256

static struct device device;

static void read_all(unsigned char all[CONFIG_SIZE])
{
	unsigned int i;

	for (i = 0; i < CONFIG_SIZE; i++)
		all[i] = (unsigned char)region_get(&device, CONFIG, i, 1);
}

static uint32_t config_get(uint32_t offset, unsigned int width)
{
	return (uint32_t)region_get(&device, CONFIG, offset, width);
}

static void config_set(uint32_t offset, unsigned int width, uint64_t value)
{
	region_set(&device, CONFIG, offset, width, value);
}

TEST("the identity is QEMU's bochs-display: 1234:1111, display, other")
{
	device_create(&device, TYPE_16M);
	CHECK_EQ(config_get(PCI_VENDOR_ID, 2), 0x1234);
	CHECK_EQ(config_get(PCI_DEVICE_ID, 2), 0x1111);
	CHECK_EQ(config_get(PCI_CLASS_REVISION, 4) >> 8, 0x038000);
	CHECK_EQ(config_get(PCI_HEADER_TYPE, 1), PCI_HEADER_TYPE_NORMAL);
	CHECK_EQ(config_get(PCI_INTERRUPT_PIN, 1), 0);
}

TEST("reads of every width at every offset agree, to the last byte")
{
	unsigned char all[CONFIG_SIZE], part[8];
	unsigned int width, offset;

	device_create(&device, TYPE_16M);
	bochs_place(&device, VRAM_BASE);
	read_all(all);
	for (width = 1; width <= 8; width++) {
		for (offset = 0; offset + width <= CONFIG_SIZE; offset++) {
			CHECK_EQ(region_read(&device, CONFIG, offset, part,
					     width),
				 width);
			CHECK_BYTES(part, all + offset, width);
		}
	}
	CHECK_EQ(region_read(&device, CONFIG, 0, all, CONFIG_SIZE),
		 CONFIG_SIZE);
}

/* A read that reaches beyond the end; last are the last 8 bytes there are */
static void check_cut_read(unsigned int offset, unsigned int width,
			   const unsigned char last[8])
{
	unsigned int there = offset < CONFIG_SIZE ? CONFIG_SIZE - offset : 0;
	unsigned char part[16];
	ssize_t size;

	memset(part, UNTOUCHED, sizeof(part));
	size = region_read(&device, CONFIG, offset, part, width);
	CHECK_LE(size, there);
	size = size < 0 ? 0 : size;
	CHECK_BYTES(part, last + 8 - there, (size_t)size);
	CHECK_ALL(part + size, UNTOUCHED, sizeof(part) - (size_t)size);
}

TEST("reads across the end give what is there and nothing of what is not")
{
	unsigned int width, offset;
	unsigned char last[8];

	device_create(&device, TYPE_16M);
	CHECK_EQ(region_read(&device, CONFIG, CONFIG_SIZE - 8, last, 8), 8);
	for (offset = CONFIG_SIZE - 7; offset < CONFIG_SIZE + 9; offset++)
		for (width = 1; width <= 8; width++)
			if (offset + width > CONFIG_SIZE)
				check_cut_read(offset, width, last);
}

TEST("writes beyond the end are refused and change nothing")
{
	unsigned char before[CONFIG_SIZE], after[CONFIG_SIZE];
	uint64_t ones = UINT64_MAX;
	unsigned int offset;

	device_create(&device, TYPE_16M);
	read_all(before);
	for (offset = CONFIG_SIZE; offset < CONFIG_SIZE + 16; offset++)
		CHECK_EQ(region_write(&device, CONFIG, offset, &ones, 4), -1);
	CHECK_LE(region_write(&device, CONFIG, CONFIG_SIZE - 2, &ones, 8), 2);
	read_all(after);
	CHECK_BYTES(after, before, sizeof(after));
}

static void check_bar_size(unsigned int bar, uint64_t size, uint32_t flags)
{
	uint32_t offset = PCI_BASE_ADDRESS_0 + 4 * bar;
	uint32_t mask = size ? (uint32_t) ~(size - 1) : 0;

	config_set(offset, 4, UINT32_MAX);
	CHECK_EQ(config_get(offset, 4), mask | flags);
	config_set(offset, 4, 0);
	CHECK_EQ(config_get(offset, 4), flags);
}

static void check_sizes(const char *type, uint64_t vram)
{
	unsigned int bar;

	device_create(&device, type);
	check_bar_size(0, vram, PCI_BASE_ADDRESS_MEM_PREFETCH);
	check_bar_size(2, 4096, 0);
	for (bar = 1; bar < 6; bar++)
		if (bar != 2)
			check_bar_size(bar, 0, 0);
	config_set(PCI_ROM_ADDRESS, 4, UINT32_MAX);
	CHECK_EQ(config_get(PCI_ROM_ADDRESS, 4), 0);
}

TEST("sizing BARs finds VRAM in BAR0, 4 KiB in BAR2, no other and no ROM")
{
	check_sizes(TYPE_16M, 16 * MIB);
	check_sizes(TYPE_64M, 64 * MIB);
	check_sizes(TYPE_256M, 256 * MIB);
}

TEST("a BAR written byte by byte or word by word is put together")
{
	device_create(&device, TYPE_16M);
	config_set(PCI_BASE_ADDRESS_0 + 3, 1, 0xe1);
	CHECK_EQ(config_get(PCI_BASE_ADDRESS_0, 4), 0xe1000008);
	config_set(PCI_BASE_ADDRESS_0, 2, 0xffff);
	CHECK_EQ(config_get(PCI_BASE_ADDRESS_0, 4), 0xe1000008);
	config_set(PCI_BASE_ADDRESS_0 + 2, 2, 0xc200);
	CHECK_EQ(config_get(PCI_BASE_ADDRESS_0, 4), 0xc2000008);
	config_set(PCI_BASE_ADDRESS_2 + 1, 1, 0x34);
	config_set(PCI_BASE_ADDRESS_2 + 2, 1, 0x12);
	config_set(PCI_BASE_ADDRESS_2 + 3, 1, 0xfe);
	CHECK_EQ(config_get(PCI_BASE_ADDRESS_2, 4), 0xfe123000);
}

TEST("a write across fields changes of each what can be written")
{
	device_create(&device, TYPE_16M);
	/* The upper half of BAR0, and BAR1, which does not exist */
	config_set(PCI_BASE_ADDRESS_0 + 2, 4, 0xffffd000);
	CHECK_EQ(config_get(PCI_BASE_ADDRESS_0, 4), 0xd0000008);
	CHECK_EQ(config_get(PCI_BASE_ADDRESS_1, 4), 0);
	/* BAR1, and BAR2, whose lowest 12 bits are fixed */
	config_set(PCI_BASE_ADDRESS_1, 8, UINT64_C(0xabcdefffffffffff));
	CHECK_EQ(config_get(PCI_BASE_ADDRESS_1, 4), 0);
	CHECK_EQ(config_get(PCI_BASE_ADDRESS_2, 4), 0xabcde000);
	/* An odd address: the device id's upper byte, and the command */
	config_set(PCI_DEVICE_ID + 1, 2, 0x02ee);
	CHECK_EQ(config_get(PCI_DEVICE_ID, 2), 0x1111);
	CHECK_EQ(config_get(PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
}

/* Bits that software may set in this function, by byte */
static unsigned char may_set(unsigned int offset, unsigned int pm)
{
	if (offset == PCI_COMMAND)
		return 0x47; /* I/O, memory, master, parity */
	if (offset == PCI_COMMAND + 1)
		return 0x05; /* SERR, INTx disable */
	if (offset == PCI_BASE_ADDRESS_0 + 3 ||
	    (offset > PCI_BASE_ADDRESS_2 && offset < PCI_BASE_ADDRESS_3))
		return 0xff;
	if (offset == PCI_CACHE_LINE_SIZE || offset == PCI_LATENCY_TIMER ||
	    offset == PCI_INTERRUPT_LINE)
		return 0xff;
	if (offset == pm + PCI_PM_CTRL)
		return PCI_PM_CTRL_STATE_MASK;
	if (offset == pm + PCI_PM_CTRL + 1)
		return PCI_PM_CTRL_PME_ENABLE >> 8;
	return 0;
}

static uint8_t find_cap(uint8_t id)
{
	uint8_t at = (uint8_t)config_get(PCI_CAPABILITY_LIST, 1);
	uint8_t found = 0;
	unsigned int hops;

	CHECK_EQ(config_get(PCI_STATUS, 2) & PCI_STATUS_CAP_LIST,
		 PCI_STATUS_CAP_LIST);
	for (hops = 0; at; hops++) {
		CHECK_LT(hops, 48);
		CHECK_GE(at, PCI_STD_HEADER_SIZEOF);
		CHECK_EQ(at % 4, 0);
		if (config_get(at, 1) == id)
			found = at;
		at = (uint8_t)config_get(at + 1u, 1);
	}
	return found;
}

TEST("read-only fields stay what they are, whatever is written to all of it")
{
	static const unsigned char patterns[] = {0xff, 0x00, 0x55, 0xaa};
	unsigned char before[CONFIG_SIZE], after[CONFIG_SIZE];
	unsigned int round, offset, pm;

	device_create(&device, TYPE_16M);
	pm = find_cap(PCI_CAP_ID_PM);
	read_all(before);
	for (round = 0; round < sizeof(patterns); round++) {
		for (offset = 0; offset < CONFIG_SIZE; offset++)
			config_set(offset, 1, patterns[round]);
		read_all(after);
		for (offset = 0; offset < CONFIG_SIZE; offset++)
			if ((after[offset] ^ before[offset]) &
			    ~may_set(offset, pm))
				test_fail(__FILE__, __LINE__,
					  "byte 0x%02x became 0x%02x from "
					  "0x%02x by writing 0x%02x",
					  offset, after[offset], before[offset],
					  patterns[round]);
	}
}

TEST("memory decode and bus master can be set and cleared, reserved bits not")
{
	device_create(&device, TYPE_16M);
	CHECK_EQ(config_get(PCI_COMMAND, 2), 0);
	config_set(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	CHECK_EQ(config_get(PCI_COMMAND, 2),
		 PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	config_set(PCI_COMMAND, 2, 0xffff);
	CHECK_EQ(config_get(PCI_COMMAND, 2) & 0xf800, 0);
	config_set(PCI_COMMAND, 2, 0);
	CHECK_EQ(config_get(PCI_COMMAND, 2), 0);
}

TEST("the capability list ends, and has power management with D0 and D3hot")
{
	unsigned int pm, version;

	device_create(&device, TYPE_16M);
	pm = find_cap(PCI_CAP_ID_PM);
	CHECK_NE(pm, 0);
	version = config_get(pm + PCI_PM_PMC, 2) & PCI_PM_CAP_VER_MASK;
	CHECK(version == 2 || version == 3);
	CHECK_EQ(config_get(pm + PCI_PM_CTRL, 2) & PCI_PM_CTRL_STATE_MASK, 0);
	config_set(pm + PCI_PM_CTRL, 2, 3);
	CHECK_EQ(config_get(pm + PCI_PM_CTRL, 2) & PCI_PM_CTRL_STATE_MASK, 3);
	config_set(pm + PCI_PM_CTRL, 2, 0);
	CHECK_EQ(config_get(pm + PCI_PM_CTRL, 2) & PCI_PM_CTRL_STATE_MASK, 0);
}

TEST("a reset clears what was written to the config space")
{
	unsigned char before[CONFIG_SIZE], after[CONFIG_SIZE];
	unsigned int offset;

	device_create(&device, TYPE_16M);
	read_all(before);
	for (offset = 0; offset < CONFIG_SIZE; offset++)
		config_set(offset, 1, 0xff);
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_RESET));
	read_all(after);
	CHECK_BYTES(after, before, sizeof(after));
}
