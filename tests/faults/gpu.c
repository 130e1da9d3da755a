// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a VMM and a viewer do with a virtio-gpu, whose planes are guest memory,
 * with faults: opening it, its interrupts, modes, guest memory taken away, and
 * dma-bufs of that memory.
 */
#include "bytes.h"
#include "fault.h"
#include "gem.h"
#include "gpu_view.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define WIDTH 64
#define HEIGHT 64
#define HEAD_1 VFIO_DMABUF_MGR_PLANE_ID(VFIO_DMABUF_MGR_PLANE_PRIMARY, 0, 1)

static struct gpu gpu;
static struct gpu_resource resource;
static int manager, dmabuf, card;
static void *map;

static struct device *device(void)
{
	return &gpu.virtio.device;
}

static void check_zero(long result)
{
	CHECK_EQ(result, 0);
}

/* A picture on the second head */
static void show(void)
{
	gpu_resource_create(&gpu, &resource, XRGB, WIDTH, HEIGHT);
	gpu_paint(&resource, 1);
	gpu_show(&gpu, 1, &resource);
}

static void set_up(void)
{
	gpu_create(&gpu, TYPE_GPU_2);
	manager = manager_open(device());
	show();
}

/* A buffer that no viewer has had */
static void prepare_new(void)
{
	CHECK_EQ(gpu_unref(&gpu, resource.id), GPU_OK);
	show();
}

/* Opening. Its group takes any error for one of its own. */

static const int open_errnos[] = {ENOMEM, EFAULT, EINVAL, ENODEV, 0};

static void set_up_closed(void)
{
	gpu_create(&gpu, TYPE_GPU_2);
	CHECK_OK(close(device()->fd));
	device()->fd = -1;
}

static long run_open(void)
{
	return ioctl(device()->group, VFIO_GROUP_GET_DEVICE_FD, device()->uuid);
}

/* One that is open works */
static void undo_open(long fd)
{
	device()->fd = (int)fd;
	gpu_reconnect(&gpu);
	gpu_start(&gpu, GPU_FEATURES);
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	CHECK_OK(close(device()->fd));
	device()->fd = -1;
}

WALK("opening a virtio-gpu", .set_up = set_up_closed, .run = run_open,
     .undo = undo_open, .errnos = open_errnos, .sites = 5)

static long run_reset(void)
{
	return ioctl(device()->fd, VFIO_DEVICE_RESET);
}

static void prepare_reset(void)
{
	gpu_reconnect(&gpu);
	gpu_start(&gpu, GPU_FEATURES);
	show();
}

static void undo_reset(long result)
{
	CHECK_EQ(result, 0);
	view_check_off(manager, HEAD_1);
}

WALK("DEVICE_RESET of a virtio-gpu", .set_up = set_up, .prepare = prepare_reset,
     .run = run_reset, .undo = undo_reset)

/* Interrupts: three vectors at once */

static union {
	struct vfio_irq_set set;
	unsigned char bytes[sizeof(struct vfio_irq_set) +
			    GPU_VECTORS * sizeof(int32_t)];
} irqs;

static void prepare_irqs(void)
{
	irqs.set = (struct vfio_irq_set){
		.argsz = sizeof(irqs),
		.flags = IRQ_EVENTFD,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
		.count = GPU_VECTORS,
	};
	memcpy(irqs.set.data, gpu.events, sizeof(gpu.events));
}

static long run_irqs(void)
{
	return ioctl(device()->fd, VFIO_DEVICE_SET_IRQS, &irqs);
}

static void undo_irqs(long result)
{
	CHECK_EQ(result, 0);
	/* Its answer is waited for by its interrupt */
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
}

/* As before: those that were set still are, all of them */
static void check_irqs(void)
{
	undo_irqs(0);
}

WALK("SET_IRQS of MSI-X vectors", .set_up = set_up, .prepare = prepare_irqs,
     .run = run_irqs, .check = check_irqs, .undo = undo_irqs, .sites = 2)

/* Modes */

static struct vfio_dmabuf_mgr_request_mode mode;

static void prepare_mode(void)
{
	mode = (struct vfio_dmabuf_mgr_request_mode){
		.argsz = sizeof(mode),
		.head = 1,
		.width = mode.width == 640 ? 800 : 640,
		.height = 480,
	};
}

static long run_mode(void)
{
	return ioctl(manager, VFIO_DMABUF_MGR_REQUEST_MODE, &mode);
}

static uint32_t monitor_width(void)
{
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	return gpu.response.display.pmodes[1].r.width;
}

static void check_mode(void)
{
	CHECK_NE(monitor_width(), mode.width);
}

static void undo_mode(long result)
{
	CHECK_EQ(result, 0);
	CHECK_EQ(monitor_width(), mode.width);
}

WALK("REQUEST_MODE", .set_up = set_up, .prepare = prepare_mode, .run = run_mode,
     .check = check_mode, .undo = undo_mode, .sites = 1)

/* Dma-bufs of guest memory */

static struct vfio_dmabuf_mgr_create_dmabuf create;

static void prepare_create(void)
{
	prepare_new();
	create = (struct vfio_dmabuf_mgr_create_dmabuf){
		.argsz = sizeof(create),
		.plane_id = HEAD_1,
	};
}

static long run_create(void)
{
	return ioctl(manager, VFIO_DMABUF_MGR_CREATE_DMABUF, &create);
}

static void undo_create(long result)
{
	CHECK_EQ(result, 0);
	map = plane_map(create.fd, &create.plane_info, PROT_READ);
	CHECK_BYTES(map, resource.pixels, resource.size);
	CHECK_OK(munmap(map, resource.size));
	CHECK_OK(close(create.fd));
}

WALK("CREATE_DMABUF of guest memory", .set_up = set_up,
     .prepare = prepare_create, .run = run_create, .undo = undo_create,
     .sites = 6)

static void prepare_dmabuf(void)
{
	prepare_create();
	CHECK_OK(run_create());
	dmabuf = create.fd;
}

static long run_map(void)
{
	map = mmap(NULL, resource.size, PROT_READ, MAP_SHARED, dmabuf, 0);
	return map == MAP_FAILED ? -1 : 0;
}

static void undo_map(long result)
{
	CHECK_EQ(result, 0);
	CHECK_BYTES(map, resource.pixels, resource.size);
	CHECK_OK(munmap(map, resource.size));
	CHECK_OK(close(dmabuf));
}

WALK("mapping guest memory", .set_up = set_up, .prepare = prepare_dmabuf,
     .run = run_map, .undo = undo_map, .sites = 2)

static sigjmp_buf fault;

static void on_bus_error(int number)
{
	(void)number;
	siglongjmp(fault, 1);
}

static void set_up_touch(void)
{
	struct sigaction action = {
		.sa_handler = on_bus_error,
		.sa_flags = SA_NODEFER,
	};

	CHECK_OK(sigaction(SIGBUS, &action, NULL));
	set_up();
}

static void prepare_touch(void)
{
	prepare_dmabuf();
	CHECK_OK(run_map());
}

static long run_touch(void)
{
	if (sigsetjmp(fault, 1)) {
		errno = EFAULT;
		return -1;
	}
	(void)*(volatile unsigned char *)map;
	return 0;
}

WALK("the first touch of guest memory", .set_up = set_up_touch,
     .prepare = prepare_touch, .run = run_touch, .undo = undo_map, .sites = 1)

static struct gem_prime prime;

static void set_up_import(void)
{
	card = gem_open();
	set_up();
}

static void prepare_import(void)
{
	prepare_dmabuf();
	prime = (struct gem_prime){.fd = dmabuf};
}

static long run_import(void)
{
	return ioctl(card, GEM_PRIME_FD_TO_HANDLE, &prime);
}

static void undo_import(long result)
{
	CHECK_EQ(result, 0);
	gem_close(card, prime.handle);
	CHECK_OK(close(dmabuf));
}

WALK("importing guest memory into a device", .set_up = set_up_import,
     .prepare = prepare_import, .run = run_import, .undo = undo_import,
     .sites = 6)

/* Guest memory that a plane shows is taken away, as a whole: always done */

static struct vfio_iommu_type1_dma_unmap unmap;

static void prepare_unmap(void)
{
	prepare_new();
	unmap = (struct vfio_iommu_type1_dma_unmap){
		.argsz = sizeof(unmap),
		.iova = gpu.virtio.ram.start,
		.size = gpu.virtio.ram.size,
	};
}

static long run_unmap(void)
{
	return ioctl(device()->container, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

/* It may be done but for telling how much: then have it there once more */
static void check_unmap(void)
{
	const struct ram *ram = &gpu.virtio.ram;

	if (ram_map_at(device(), ram->start, ram->bytes, ram->size))
		CHECK_EQ(errno, EEXIST);
	unmap.size = ram->size;
}

static void undo_unmap(long result)
{
	CHECK_EQ(result, 0);
	CHECK_EQ(unmap.size, gpu.virtio.ram.size);
	view_check_off(manager, HEAD_1);
	ram_map(&gpu.virtio.ram, device());
	gpu_start(&gpu, GPU_FEATURES);
	show();
}

WALK("taking away guest memory that is shown", .set_up = set_up,
     .prepare = prepare_unmap, .run = run_unmap, .check = check_unmap,
     .undo = undo_unmap, .sites = 1)

static void check_plane(void)
{
	const struct virtio_gpu_rect whole = gpu_whole(&resource);

	view_check(manager, HEAD_1, &resource, &whole);
}

static void undo_close(long result)
{
	check_zero(result);
	manager = manager_open(device());
	check_plane();
}

static long run_close(void)
{
	return close(manager);
}

WALK("closing a manager fd", .set_up = set_up, .run = run_close,
     .undo = undo_close)

TEST_WITHIN(120, "kmemleak finds nothing after all these faults")
{
	fault_check_leaks();
}
