// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How much memory a guest can have a virtio-gpu take: of its VMM's, which is
 * pinned, and for copies. All that fits is taken; what goes beyond is out of
 * memory, takes nothing, and leaves as it was what is there.
 *
 * Both limits are the module's parameters. So it is loaded anew, with small
 * ones, for each test.
 */
#include "gpu_view.h"
#include "modules.h"
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define XRGB VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define FULL VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY
/* A picture of this width has a page for each line */
#define WIDTH (PAGE / 4)
#define MIB_PAGES ((uint32_t)(MIB / PAGE))
#define LIMIT_PAGES (4 * MIB_PAGES)
#define LIMIT_KIB 4096
#define SMALL "pinned_mib=4 copies_mib=4"
#define PARAMETERS "/sys/module/" MODULE_VIRTIO_GPU "/parameters/"

static struct gpu gpu;
static int manager;

static void set_up(const char *parameters)
{
	virtio_load_with(parameters);
	gpu_create(&gpu, TYPE_GPU_2);
	manager = manager_open(&gpu.virtio.device);
}

/* What is shown of that entry is what the guest has there */
static void check_shown(const struct view *view,
			const struct virtio_gpu_mem_entry *entry)
{
	view_compare(view, ram_at(&gpu.virtio.ram, entry->addr), PAGE);
}

static void paint(const struct virtio_gpu_mem_entry *entry, uint64_t seed)
{
	bochs_picture(ram_at(&gpu.virtio.ram, entry->addr), entry->length,
		      seed);
}

static void show(uint32_t id, uint32_t pages)
{
	const struct virtio_gpu_rect whole = {0, 0, WIDTH, pages};

	CHECK_EQ(gpu_set_scanout(&gpu, 0, id, &whole), GPU_OK);
	CHECK_EQ(gpu_transfer(&gpu, id, 0, &whole), GPU_OK);
	CHECK_EQ(gpu_flush(&gpu, id, &whole), GPU_OK);
}

static uint32_t attach(struct gpu *to, uint32_t id,
		       const struct virtio_gpu_mem_entry *entry)
{
	return gpu_attach(to, id, entry, 1, 1);
}

static void create(struct gpu *in, uint32_t id, uint32_t pages)
{
	CHECK_EQ(gpu_create_2d(in, id, XRGB, WIDTH, pages), GPU_OK);
}

/* Memory of so many whole pages: to be pinned */
static struct virtio_gpu_mem_entry whole_pages(struct gpu *of, uint32_t pages)
{
	return (struct virtio_gpu_mem_entry){
		ram_take(&of->virtio.ram, (size_t)pages * PAGE), pages * PAGE,
		0};
}

/* As many bytes that begin within a page: to be copied */
static struct virtio_gpu_mem_entry odd_bytes(struct gpu *of, uint32_t pages)
{
	return (struct virtio_gpu_mem_entry){
		ram_take(&of->virtio.ram, (size_t)(pages + 1) * PAGE) + 16,
		pages * PAGE, 0};
}

typedef struct virtio_gpu_mem_entry memory(struct gpu *of, uint32_t pages);

/* A limit each */
static memory *const kinds[] = {whole_pages, odd_bytes};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

/* A new resource of so many pages, and the answer to its backing */
static uint32_t make(memory *kind, uint32_t id, uint32_t pages)
{
	const struct virtio_gpu_mem_entry entry = kind(&gpu, pages);

	create(&gpu, id, pages);
	return attach(&gpu, id, &entry);
}

static uint32_t pin(uint32_t id, uint32_t pages)
{
	return make(whole_pages, id, pages);
}

static uint32_t copy(uint32_t id, uint32_t pages)
{
	return make(odd_bytes, id, pages);
}

static bool is_locked(void *arg)
{
	return ram_pinned() == *(long *)arg;
}

/* So much is pinned beside the rings of both queues */
static void check_pinned(long kib)
{
	kib += GPU_RINGS_KIB;
	if (!test_wait(is_locked, &kib, 5))
		CHECK_EQ(ram_pinned(), kib);
}

/* -------- pinned_mib and copies_mib alike -------- */

static void try_each(void (*try)(memory *kind))
{
	unsigned int i;

	for (i = 0; i < KINDS; i++) {
		set_up(SMALL);
		try(kinds[i]);
		device_remove(&gpu.virtio.device);
	}
}

static void try_fits(memory *kind)
{
	CHECK_EQ(make(kind, 1, LIMIT_PAGES), GPU_OK);
	CHECK_EQ(make(kind, 2, 1), FULL);
	CHECK_EQ(gpu_unref(&gpu, 1), GPU_OK);
	CHECK_EQ(make(kind, 3, LIMIT_PAGES + 1), FULL);
	CHECK_EQ(make(kind, 4, LIMIT_PAGES - 1), GPU_OK);
	CHECK_EQ(make(kind, 5, 2), FULL);
	CHECK_EQ(make(kind, 6, 1), GPU_OK);
	CHECK_EQ(make(kind, 7, 1), FULL);
}

TEST("what fits a limit to its last page is taken, one page more is out of "
     "memory")
{
	try_each(try_fits);
}

static void try_changes_nothing(memory *kind)
{
	const struct virtio_gpu_mem_entry shown = kind(&gpu, LIMIT_PAGES),
					  other = kind(&gpu, LIMIT_PAGES);
	struct view view;

	create(&gpu, 1, LIMIT_PAGES);
	create(&gpu, 2, LIMIT_PAGES);
	CHECK_EQ(attach(&gpu, 1, &shown), GPU_OK);
	paint(&shown, 1);
	show(1, LIMIT_PAGES);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	view_state(manager, PRIMARY_ID(0));
	CHECK_EQ(attach(&gpu, 2, &other), FULL);
	CHECK(!view_changed(manager));
	check_shown(&view, &shown);
	/* And the next frame is seen as well */
	paint(&shown, 2);
	show(1, LIMIT_PAGES);
	check_shown(&view, &shown);
	view_close(&view);
	/* It has none, and can have one */
	CHECK(GPU_IS_ERROR(gpu_detach(&gpu, 2)));
	CHECK_EQ(gpu_detach(&gpu, 1), GPU_OK);
	CHECK_EQ(attach(&gpu, 2, &other), GPU_OK);
	paint(&other, 3);
	show(2, LIMIT_PAGES);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	check_shown(&view, &other);
	view_close(&view);
}

TEST("a backing that does not fit changes nothing, and fits after a detach")
{
	try_each(try_changes_nothing);
}

static void try_blob(memory *kind)
{
	const struct virtio_gpu_mem_entry entry = kind(&gpu, 2 * MIB_PAGES);
	struct virtio_gpu_resource_create_blob blob = {
		.resource_id = 2,
		.blob_mem = VIRTIO_GPU_BLOB_MEM_GUEST,
		.nr_entries = 1,
		.size = 2 * MIB,
	};

	CHECK_EQ(make(kind, 1, 3 * MIB_PAGES), GPU_OK);
	CHECK_EQ(gpu_create_blob(&gpu, &blob, &entry, 1), FULL);
	CHECK_EQ(gpu_unref(&gpu, 2), VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID);
	CHECK_EQ(gpu_detach(&gpu, 1), GPU_OK);
	CHECK_EQ(gpu_create_blob(&gpu, &blob, &entry, 1), GPU_OK);
	CHECK_EQ(make(kind, 3, 2 * MIB_PAGES + 1), FULL);
}

TEST("a blob that does not fit is not there, and its id is free")
{
	try_each(try_blob);
}

/* Both limits are reached, by resources 1 and 2 */
static void fill(void)
{
	CHECK_EQ(pin(1, LIMIT_PAGES), GPU_OK);
	CHECK_EQ(copy(2, LIMIT_PAGES), GPU_OK);
	CHECK_EQ(pin(3, 1), FULL);
	CHECK_EQ(copy(4, 1), FULL);
	check_pinned(LIMIT_KIB);
}

TEST("after resets and another opening all of both limits is there again")
{
	set_up(SMALL);
	fill();
	gpu_start(&gpu, GPU_FEATURES);
	fill();
	CHECK_OK(ioctl(gpu.virtio.device.fd, VFIO_DEVICE_RESET));
	gpu_reconnect(&gpu);
	gpu_start(&gpu, GPU_FEATURES);
	fill();
	device_close(&gpu.virtio.device);
	gpu_open(&gpu);
	fill();
}

TEST("each device has limits of its own")
{
	struct virtio_gpu_mem_entry entry;
	static struct gpu other;
	uint32_t i;

	set_up(SMALL);
	fill();
	gpu_create_beside(&other, TYPE_GPU_1, &gpu);
	for (i = 0; i < KINDS; i++) {
		entry = kinds[i](&other, LIMIT_PAGES);
		create(&other, 10 + i, LIMIT_PAGES);
		CHECK_EQ(attach(&other, 10 + i, &entry), GPU_OK);
		entry = kinds[i](&other, 1);
		create(&other, 20 + i, 1);
		CHECK_EQ(attach(&other, 20 + i, &entry), FULL);
	}
}

/* -------- pinned_mib -------- */

TEST("a page that is named twice counts twice, in a backing and in two")
{
	struct virtio_gpu_mem_entry entries[3];
	unsigned int i;

	set_up(SMALL);
	entries[0] = whole_pages(&gpu, 2 * MIB_PAGES);
	entries[1] = entries[2] = entries[0];
	create(&gpu, 1, 2 * MIB_PAGES);
	CHECK_EQ(gpu_attach(&gpu, 1, entries, 3, 3), FULL);
	check_pinned(0);
	CHECK_EQ(gpu_attach(&gpu, 1, entries, 2, 2), GPU_OK);
	CHECK_EQ(pin(2, 1), FULL);
	CHECK_EQ(gpu_detach(&gpu, 1), GPU_OK);
	for (i = 0; i < 3; i++) {
		create(&gpu, 10 + i, 2 * MIB_PAGES);
		CHECK_EQ(attach(&gpu, 10 + i, &entries[i]),
			 i < 2 ? GPU_OK : FULL);
	}
}

TEST("the rings are no part of pinned_mib: a device that may pin nothing runs")
{
	set_up("pinned_mib=0");
	check_pinned(0);
	CHECK_EQ(pin(1, 1), FULL);
	CHECK_EQ(copy(2, 1), GPU_OK);
}

TEST("a backing that is no memory at its end uses up nothing")
{
	struct virtio_gpu_mem_entry entries[2];
	unsigned int i;

	set_up(SMALL);
	entries[0] = whole_pages(&gpu, 3 * MIB_PAGES);
	entries[1] = (struct virtio_gpu_mem_entry){
		gpu.virtio.ram.start + gpu.virtio.ram.size, MIB, 0};
	create(&gpu, 1, LIMIT_PAGES);
	for (i = 0; i < 5; i++) {
		CHECK_EQ(gpu_attach(&gpu, 1, entries, 2, 2),
			 VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER);
		check_pinned(0);
	}
	CHECK_EQ(pin(2, LIMIT_PAGES), GPU_OK);
}

#define VIDEO_START (RAM_START + (UINT64_C(1) << 33))

TEST("what the VMM has unmapped counts no more, and comes back only if it fits")
{
	const struct virtio_gpu_mem_entry entry = {VIDEO_START,
						   LIMIT_PAGES * PAGE, 0};
	const struct virtio_gpu_rect whole = {0, 0, WIDTH, LIMIT_PAGES};
	const struct device *device = &gpu.virtio.device;
	struct ram video;

	set_up(SMALL);
	ram_create(&video, device, VIDEO_START, entry.length);
	create(&gpu, 1, LIMIT_PAGES);
	CHECK_EQ(attach(&gpu, 1, &entry), GPU_OK);
	show(1, LIMIT_PAGES);
	CHECK_EQ(ram_unmap(device, VIDEO_START, video.size), video.size);
	check_pinned(0);
	CHECK_EQ(pin(2, LIMIT_PAGES), GPU_OK);
	ram_map(&video, device);
	CHECK_EQ(gpu_flush(&gpu, 1, &whole), FULL);
	CHECK_EQ(gpu_set_scanout(&gpu, 1, 1, &whole), FULL);
	view_check_off(manager, PRIMARY_ID(0));
	view_check_off(manager, PRIMARY_ID(1));
	check_pinned(LIMIT_KIB);
	CHECK_EQ(gpu_unref(&gpu, 2), GPU_OK);
	CHECK_EQ(gpu_flush(&gpu, 1, &whole), GPU_OK);
	check_pinned(LIMIT_KIB);
	CHECK_EQ(pin(3, 1), FULL);
}

/* -------- copies_mib -------- */

TEST("copies are whole pages: so many single pixels fit as there are pages")
{
	struct virtio_gpu_mem_entry pixel;
	uint32_t id;

	set_up("copies_mib=1");
	pixel = (struct virtio_gpu_mem_entry){
		ram_take(&gpu.virtio.ram, PAGE) + 4, 4, 0};
	for (id = 1; id <= MIB_PAGES + 1; id++) {
		CHECK_EQ(gpu_create_2d(&gpu, id, XRGB, 1, 1), GPU_OK);
		CHECK_EQ(attach(&gpu, id, &pixel),
			 id <= MIB_PAGES ? GPU_OK : FULL);
	}
	CHECK_EQ(gpu_detach(&gpu, 7), GPU_OK);
	CHECK_EQ(attach(&gpu, MIB_PAGES + 1, &pixel), GPU_OK);
	CHECK_EQ(attach(&gpu, 7, &pixel), FULL);
}

/* Resource 1, which uses up all there is for copies, shown and painted */
static void show_copy(struct virtio_gpu_mem_entry *entry)
{
	*entry = odd_bytes(&gpu, LIMIT_PAGES);
	create(&gpu, 1, LIMIT_PAGES);
	CHECK_EQ(attach(&gpu, 1, entry), GPU_OK);
	paint(entry, 1);
	show(1, LIMIT_PAGES);
}

TEST("a copy that a viewer alone keeps costs the guest nothing, but viewers")
{
	struct vfio_dmabuf_mgr_create_dmabuf more;
	struct virtio_gpu_mem_entry old, new;
	struct view view;

	set_up(SMALL);
	show_copy(&old);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	CHECK_EQ(gpu_unref(&gpu, 1), GPU_OK);
	show_copy(&new);
	check_shown(&view, &old);
	/* A map keeps it, too, and so leaves viewers no other */
	CHECK_OK(close(view.dmabuf));
	CHECK_ERRNO(plane_create(manager, PRIMARY_ID(0), 0, &more), ENOSPC);
	/* A VMM has its own all the same */
	CHECK_OK(plane_get(&gpu.virtio.device));
	CHECK_OK(munmap(view.map, view.info.size));
	view_open(&view, manager, PRIMARY_ID(0), 0);
	check_shown(&view, &new);
}

TEST("a copy that is kept by a path alone does not count")
{
	struct virtio_gpu_mem_entry entry;
	struct view view;
	char path[64];
	int fd;

	set_up(SMALL);
	show_copy(&entry);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", view.dmabuf);
	fd = (int)CHECK_OK(open(path, O_PATH | O_CLOEXEC));
	CHECK_EQ(gpu_unref(&gpu, 1), GPU_OK);
	view_close(&view);
	show_copy(&entry);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	CHECK_OK(close(fd));
}

TEST("a copy that its viewers have let go of goes with its resource, at once")
{
	struct virtio_gpu_mem_entry entry;
	struct view view;
	unsigned int i;

	set_up(SMALL);
	for (i = 0; i < 20; i++) {
		gpu.virtio.ram.taken = 16 * PAGE;
		show_copy(&entry);
		view_open(&view, manager, PRIMARY_ID(0), 0);
		check_shown(&view, &entry);
		view_close(&view);
		CHECK_EQ(gpu_unref(&gpu, 1), GPU_OK);
	}
}

TEST("a copy of an earlier opening that a viewer has costs the guest nothing")
{
	struct virtio_gpu_mem_entry entry;
	struct view view;

	set_up(SMALL);
	show_copy(&entry);
	view_open(&view, manager, PRIMARY_ID(0), 0);
	device_close(&gpu.virtio.device);
	gpu_open(&gpu);
	CHECK_EQ(copy(1, LIMIT_PAGES), GPU_OK);
	check_shown(&view, &entry);
}

/* -------- Parameters -------- */

static long parameter(const char *name)
{
	char path[128];
	FILE *file;
	long value;

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	CHECK_ERRNO(open(path, O_WRONLY | O_CLOEXEC), EACCES);
	file = fopen(path, "re");
	CHECK(file);
	CHECK_EQ(fscanf(file, "%ld", &value), 1);
	fclose(file);
	return value;
}

TEST("the limits can be read, and not be changed once the module is loaded")
{
	set_up("pinned_mib=5 copies_mib=7");
	CHECK_EQ(parameter("pinned_mib"), 5);
	CHECK_EQ(parameter("copies_mib"), 7);
}

#define LARGEST 8192u /* pixels, either way */
#define LARGEST_RANGES 8

/* A picture as large as there can be, made of the same range many times */
static uint32_t attach_largest(uint32_t id,
			       const struct virtio_gpu_mem_entry *range)
{
	struct virtio_gpu_mem_entry entries[LARGEST_RANGES];
	unsigned int i;

	for (i = 0; i < LARGEST_RANGES; i++)
		entries[i] = *range;
	CHECK_EQ(gpu_create_2d(&gpu, id, XRGB, LARGEST, LARGEST), GPU_OK);
	return gpu_attach(&gpu, id, entries, LARGEST_RANGES, LARGEST_RANGES);
}

TEST("by default four of the largest pictures are pinned, and one is copied")
{
	const uint32_t pages = LARGEST / LARGEST_RANGES * LARGEST * 4 / PAGE;
	struct virtio_gpu_mem_entry range;
	uint32_t id;

	set_up("");
	CHECK_EQ(parameter("pinned_mib"), 1024);
	CHECK_EQ(parameter("copies_mib"), 256);
	range = whole_pages(&gpu, pages);
	for (id = 1; id <= 4; id++)
		CHECK_EQ(attach_largest(id, &range), GPU_OK);
	CHECK_EQ(pin(5, 1), FULL);
	range = odd_bytes(&gpu, pages);
	CHECK_EQ(attach_largest(6, &range), GPU_OK);
	CHECK_EQ(copy(7, 1), FULL);
}
