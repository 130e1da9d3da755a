// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The numbers themselves, see pools.h.
 */
#include "pools.h"

#include "bochs.h"
#include "display.h"
#include "gem.h"
#include "guest.h"

#include <linux/dma-buf.h>
#include <linux/vfio.h>
#include <linux/vfio_dmabuf_mgr.h>

#define CHUNK (UINT64_C(2) << 20)
#define GUEST(offset) (GUEST_START + (offset))

#define POOL(name, ...)                                                        \
	static const uint64_t name##_values[] = {__VA_ARGS__};                 \
	const struct pool name = {                                             \
		.count = sizeof(name##_values) / sizeof(name##_values[0]),     \
		.values = name##_values,                                       \
	}

/* The least and the whole of each struct, and what is next to them */
POOL(pool_argsz, 0, 4, 8, 11, 12, 15, 16, 17, 19, 20, 24, 31, 32, 33, 47, 48,
     59, 60, 61, 63, 64, 65, 72, 95, 96, 97, 111, 112, 113, 128, PAGE,
     INT32_MAX, UINT64_C(1) << 31, UINT32_MAX);

POOL(pool_bits, 0, 1, 2, 3, 4, 5, 8, 16, 1U << 31, UINT32_MAX);

POOL(pool_bpp, 0, 8, 15, 16, 24, 32, 33, 0x8020, UINT16_MAX);

POOL(pool_command, VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO,
     VFIO_DEVICE_GET_IRQ_INFO, VFIO_DEVICE_SET_IRQS, VFIO_DEVICE_RESET,
     VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, VFIO_DEVICE_PCI_HOT_RESET,
     VFIO_DEVICE_IOEVENTFD, VFIO_DEVICE_FEATURE, VFIO_DEVICE_GET_FD,
     VFIO_DEVICE_GET_GFX_DMABUF, VFIO_DMABUF_MGR_CREATE_DMABUF,
     VFIO_DMABUF_MGR_GET_INFO, VFIO_DMABUF_MGR_DROP_RIGHTS,
     VFIO_DMABUF_MGR_REQUEST_MODE, VFIO_IOMMU_MAP_DMA, VFIO_IOMMU_UNMAP_DMA,
     _IO(VFIO_TYPE, VFIO_BASE + 20), DMA_BUF_IOCTL_SYNC, DMA_BUF_SET_NAME_A,
     DMA_BUF_SET_NAME_B, GEM_PRIME_FD_TO_HANDLE, GEM_PRIME_HANDLE_TO_FD, 0,
     UINT32_MAX);

POOL(pool_count, 0, 1, 2, 16, 17, 40, 256, 257, 300, UINT32_MAX);

POOL(pool_dispi, DISPI_ID, DISPI_XRES, DISPI_YRES, DISPI_BPP, DISPI_ENABLE,
     DISPI_BANK, DISPI_VIRT_WIDTH, DISPI_VIRT_HEIGHT, DISPI_X_OFFSET,
     DISPI_Y_OFFSET, DISPI_MEMORY_64K, DISPI_MEMORY_64K + 1);

POOL(pool_fourcc, 0, FOURCC_XRGB8888, FOURCC_ARGB8888, UINT32_MAX);

POOL(pool_gfx_flags, 0, VFIO_GFX_PLANE_TYPE_PROBE, VFIO_GFX_PLANE_TYPE_DMABUF,
     VFIO_GFX_PLANE_TYPE_REGION,
     VFIO_GFX_PLANE_TYPE_PROBE | VFIO_GFX_PLANE_TYPE_DMABUF,
     VFIO_GFX_PLANE_TYPE_PROBE | VFIO_GFX_PLANE_TYPE_REGION, 7, UINT32_MAX);

/* Head, format, how many entries; or a command's number */
POOL(pool_gpu_a, 0, 1, 2, 3, 4, 16, 67, 68, 121, 134, 135, 255, 256, 257, 16384,
     16385, VIRTIO_GPU_CMD_GET_DISPLAY_INFO, VIRTIO_GPU_CMD_GET_CAPSET_INFO,
     VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID, VIRTIO_GPU_CMD_CTX_CREATE,
     VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB, UINT32_MAX);

/* Status, places, sizes: what a register or a ring's field may have in it */
POOL(pool_gpu_common, 0, 1, 2, 3, 11, 15, 0x40, 0x80, 0xff, 16, 256, 0x7fff,
     0x8000, UINT16_MAX, GUEST(GUEST_CONTROL) & UINT32_MAX,
     GUEST(PAGE) & UINT32_MAX, GUEST(2 * PAGE) & UINT32_MAX,
     GUEST(GUEST_SIZE - PAGE) & UINT32_MAX, UINT32_MAX, UINT64_MAX);

POOL(pool_gpu_count, 0, 1, 2, 3, 16, 17, 255, 256, 257, 0x8000, UINT16_MAX);

/* Which are not as they should be */
POOL(pool_gpu_features, 0, VIRTIO_BIT(VIRTIO_F_VERSION_1),
     VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM),
     VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC),
     VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX), VIRTIO_BIT(VIRTIO_GPU_F_EDID),
     VIRTIO_BIT(VIRTIO_GPU_F_RESOURCE_BLOB), VIRTIO_BIT(VIRTIO_GPU_F_VIRGL),
     GPU_FEATURES, UINT64_MAX);

/* Bits of enum how, in run_gpu.c */
POOL(pool_gpu_how, 0, 1, 2, 4, 6, 8, 10, 16, 32, 64, 66, 128, 130, 255);

/* Tables of descriptors, up to more than may be; commands; what lies */
POOL(pool_gpu_length, 0, 1, 8, 15, 16, 17, 24, 32, 40, 48, 64, 256, 408, 1056,
     PAGE, 1024 * 16, 1025 * 16, 3 * PAGE + 16, GUEST_SIZE, GUEST_SIZE + PAGE,
     INT32_MAX, UINT32_MAX - 15, UINT32_MAX);

/* The parts of guest memory, and what is next to it */
POOL(pool_guest, 0, GUEST(GUEST_CONTROL), GUEST(PAGE), GUEST(PAGE + 2),
     GUEST(PAGE + 4), GUEST(PAGE + 516), GUEST(2 * PAGE), GUEST(2 * PAGE + 2),
     GUEST(GUEST_CURSOR), GUEST(GUEST_REQUESTS), GUEST(GUEST_ANSWERS),
     GUEST(GUEST_ANSWERS - 8), GUEST(GUEST_ENTRIES), GUEST(GUEST_TABLE),
     GUEST(GUEST_PIXELS), GUEST(GUEST_PIXELS + 4), GUEST(GUEST_PIXELS + PAGE),
     GUEST(GUEST_SIZE - PAGE), GUEST(GUEST_SIZE - 8), GUEST(GUEST_SIZE - 1),
     GUEST(GUEST_SIZE), GUEST(GUEST_SIZE + PAGE), GUEST_START - 8,
     GUEST_START - PAGE, UINT32_MAX, INT64_MAX, UINT64_MAX - 7, UINT64_MAX);

POOL(pool_irq_flags, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
     VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER,
     VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
     VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_MASK,
     VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 0, 0x3f, 0x40,
     UINT32_MAX);

POOL(pool_length, 0, 1, 2, 3, 4, 8, 255, 256, 257, PAGE - 1, PAGE, PAGE + 1,
     2 * PAGE, 3 * PAGE, 16 * PAGE, CHUNK - PAGE, CHUNK, CHUNK + PAGE,
     2 * CHUNK, 16 * MIB, 16 * MIB + PAGE, UINT32_MAX, INT64_MAX, UINT64_MAX);

/* Ends of BARs, of the config space and of the EDID region; registers */
POOL(pool_offset, 0, 1, 2, 3, 4, 0x10, 0x12, 0x18, 0x24, 0x30, 0x34, 0x3c, 0x40,
     0x43, 0x44, 0x48, 0x7f, 0x80, 0xbf, 0xfc, 0xff, 0x100, 0x23c, 0x23f, 0x240,
     0x400, 0x401, 0x41a, 0x41f, 0x4ff, 0x500, 0x508, 0x514, 0x516, 0x600,
     0x604, 0x608, 0xf00, PAGE - 4, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE,
     3 * PAGE, 3 * PAGE + 4, 4 * PAGE, CHUNK - PAGE, CHUNK - 1, CHUNK,
     4 * MIB - PAGE, 4 * MIB, 16 * MIB - PAGE, 16 * MIB - 1, 16 * MIB,
     UINT32_MAX, UINT64_C(1) << 39, (UINT64_C(1) << 40) - 1, INT64_MAX,
     UINT64_MAX);

POOL(pool_pixels, 0, 1, 2, 63, 64, 65, 100, 128, 256, 480, 640, 768, 1023, 1024,
     1025, 2048, 4096, 12000, 12001, 16000, 16001, 32767, 32768, 65535, 65536,
     UINT64_C(1) << 31, UINT32_MAX);

POOL(pool_plane, OVERLAY_ID(0), PRIMARY_ID(0), CURSOR_ID(0), OVERLAY_ID(1),
     PRIMARY_ID(1), CURSOR_ID(1), PRIMARY_ID(2), 3, 0x100, 0x101, 0x10000000,
     0x01000001, UINT32_MAX);

POOL(pool_plane_register, DISPLAY_ON, DISPLAY_FORMAT, DISPLAY_WIDTH,
     DISPLAY_HEIGHT, DISPLAY_STRIDE, DISPLAY_OFFSET, DISPLAY_X, DISPLAY_Y,
     DISPLAY_HOT_X, DISPLAY_HOT_Y, DISPLAY_MEMORY, DISPLAY_DAMAGE_X,
     DISPLAY_DAMAGE_Y, DISPLAY_DAMAGE_WIDTH, DISPLAY_DAMAGE_HEIGHT,
     DISPLAY_COMMIT);

POOL(pool_region, 0, 2, VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_NUM_REGIONS, 1,
     3, 4, 5, VFIO_PCI_ROM_REGION_INDEX, VFIO_PCI_VGA_REGION_INDEX,
     VFIO_PCI_NUM_REGIONS + 1, 0x7fffff, UINT32_MAX);

POOL(pool_ring_size, 0, 1, 2, 3, 8, 15, 16, 17, 128, 256, 257, 512, 32768,
     UINT16_MAX);

POOL(pool_small, 0, 1, 2, 3, 4, 5, 6, 7, 8, UINT32_MAX);

POOL(pool_sync, DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_RW,
     DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END,
     DMA_BUF_SYNC_WRITE | DMA_BUF_SYNC_END, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END,
     0, 8, UINT64_MAX);

POOL(pool_value, 0, 1, 2, 7, 8, 0x20, 0x21, 0x40, 0x41, 0xff, 0x100, 0x7fff,
     0x8000, 0xffff, 0x10000, VRAM_BASE, 0xfff00000, INT32_MAX,
     UINT64_C(1) << 31, UINT32_MAX);
