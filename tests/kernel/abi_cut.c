// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arguments that go across an edge of memory, with each of their bytes in turn
 * the first that is not there or cannot be written: whatever is then refused
 * is not half done.
 */
#include "bytes.h"
#include "planes.h"
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct bochs_mode mode = {.width = 64, .height = 64, .bpp = 32};

static struct device device;
static int manager;
static int event;
static unsigned int line;

static union {
	union plane_query query;
	struct vfio_dmabuf_mgr_create_dmabuf create;
	struct vfio_dmabuf_mgr_info info;
	struct vfio_dmabuf_mgr_drop_rights drop;
	struct vfio_device_gfx_plane_info plane;
	struct vfio_device_info device;
	struct {
		struct vfio_region_info info;
		struct vfio_region_info_cap_type cap;
	} region;
	struct vfio_irq_info irq;
	union request_irq irqs;
	uint32_t word;
} arg;

/*
 * An ioctl. size is how many bytes of its argument it needs, written after how
 * many of them lies the last that it writes, 0 for none.
 */
struct call {
	const int *fd;
	unsigned long request;
	size_t size;
	size_t written;
	void (*fill)(void);
	void (*refused)(void); /* checks that nothing is done; may be NULL */
	void (*done)(
		long result); /* checks the answer in arg, and takes all back */
};

static void ask(const struct call *call, enum edge edge, size_t present,
		bool good)
{
	unsigned int fds;
	void *place;
	long result;

	call->fill();
	place = bytes_across(edge, &arg, call->size, present);
	fds = test_fds();
	if (good) {
		result = CHECK_OK(ioctl(*call->fd, call->request, place));
		memcpy(&arg, place, call->size);
		call->done(result);
		return;
	}
	CHECK_ERRNO(ioctl(*call->fd, call->request, place), EFAULT);
	CHECK_EQ(test_fds(), fds);
	if (call->refused)
		call->refused();
}

static void check_call(const struct call *call)
{
	size_t present;

	bochs_create(&device, TYPE_16M, &mode);
	manager = manager_open(&device);
	event = (int)CHECK_OK(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	for (present = 0; present <= call->size; present++) {
		ask(call, EDGE_HOLE, present, present == call->size);
		ask(call, EDGE_READ_ONLY, present, present >= call->written);
	}
}

#define CUT(name, ...)                                                         \
	TEST(name " is EFAULT and not half done, whichever byte of its "       \
		  "argument is the first that is missing or cannot be "        \
		  "written")                                                   \
	{                                                                      \
		static const struct call call = {__VA_ARGS__};                 \
                                                                               \
		check_call(&call);                                             \
	}

/* What the plane shows now nobody has seen or exported */
static void show_new(void)
{
	bochs_pan(&device, 0, (uint16_t)++line);
}

static void check_zero(long result)
{
	CHECK_EQ(result, 0);
}

static void fill_get_fd(void)
{
	arg.word = VFIO_DEVICE_DMABUF_MGR_FD;
}

static void done_get_fd(long result)
{
	union plane_query query;

	plane_query_ok((int)result, &query);
	CHECK_OK(close((int)result));
}

CUT("GET_FD", .fd = &device.fd, .request = VFIO_DEVICE_GET_FD,
    .size = sizeof(uint32_t), .fill = fill_get_fd, .done = done_get_fd)

/* QUERY */

static short events(void)
{
	struct pollfd poll_for = {.fd = manager, .events = POLLIN};

	CHECK_OK(poll(&poll_for, 1, 0));
	return poll_for.revents;
}

static void fill_query(void)
{
	show_new();
	memset(&arg, UNTOUCHED, sizeof(arg));
	arg.query.base.argsz = QUERY_MINSZ;
	arg.query.base.flags = 0;
	arg.query.base.plane_id = PRIMARY;
}

static void fill_extended_query(void)
{
	fill_query();
	arg.query.base.argsz = VFIO_DMABUF_MGR_QUERY_EXT_ARGSZ;
}

/* What could not be told is still to be told */
static void refused_query(void)
{
	CHECK_EQ(events(), POLLIN);
}

static void done_query(long result)
{
	CHECK_EQ(result, 0);
	CHECK_EQ(events(), 0);
	CHECK_EQ(arg.query.base.plane_info.height, mode.height);
}

CUT("QUERY_PLANE", .fd = &manager, .request = VFIO_DMABUF_MGR_QUERY_PLANE,
    .size = QUERY_MINSZ,
    .written = offsetof(struct vfio_dmabuf_mgr_query_plane, plane_id),
    .fill = fill_query, .refused = refused_query, .done = done_query)

static void done_extended_query(long result)
{
	done_query(result);
	/* All that changed since the last query that was answered */
	CHECK_EQ(arg.query.ext.damage_height, mode.height);
}

CUT("QUERY_PLANE with its extension", .fd = &manager,
    .request = VFIO_DMABUF_MGR_QUERY_PLANE,
    .size = VFIO_DMABUF_MGR_QUERY_EXT_ARGSZ,
    .written = VFIO_DMABUF_MGR_QUERY_EXT_ARGSZ, .fill = fill_extended_query,
    .refused = refused_query, .done = done_extended_query)

/* CREATE */

static void fill_create(void)
{
	show_new();
	memset(&arg, UNTOUCHED, sizeof(arg));
	arg.create.argsz = sizeof(arg.create);
	arg.create.flags = 0;
	arg.create.plane_id = PRIMARY;
}

/* It is exported as if nobody had asked before */
static void refused_create(void)
{
	struct vfio_dmabuf_mgr_plane_info info;

	CHECK_OK(close(plane_create_ok(manager, 0, &info)));
	CHECK_EQ(info.height, mode.height);
}

static void done_create(long result)
{
	CHECK_EQ(result, 0);
	CHECK_EQ(arg.create.plane_info.height, mode.height);
	CHECK_OK(close(arg.create.fd));
}

CUT("CREATE_DMABUF", .fd = &manager, .request = VFIO_DMABUF_MGR_CREATE_DMABUF,
    .size = sizeof(arg.create), .written = sizeof(arg.create),
    .fill = fill_create, .refused = refused_create, .done = done_create)

/* The other ioctls of the manager fd */

static void fill_info(void)
{
	memset(&arg, UNTOUCHED, sizeof(arg));
	arg.info.argsz = sizeof(arg.info);
	arg.info.flags = 0;
}

static void done_info(long result)
{
	CHECK_EQ(result, 0);
	CHECK_STR(arg.info.device, device.uuid);
}

CUT("GET_INFO", .fd = &manager, .request = VFIO_DMABUF_MGR_GET_INFO,
    .size = sizeof(arg.info), .written = sizeof(arg.info), .fill = fill_info,
    .done = done_info)

static int create_writable(void)
{
	struct vfio_dmabuf_mgr_create_dmabuf create;
	int result = plane_create(manager, PRIMARY,
				  VFIO_DMABUF_MGR_CREATE_WRITABLE, &create);

	if (!result)
		CHECK_OK(close(create.fd));
	return result;
}

static void fill_drop(void)
{
	CHECK_OK(close(manager));
	manager = manager_open(&device);
	arg.drop = (struct vfio_dmabuf_mgr_drop_rights){
		.argsz = sizeof(arg.drop),
		.rights = VFIO_DMABUF_MGR_RIGHT_WRITABLE,
	};
}

static void refused_drop(void)
{
	CHECK_OK(create_writable());
}

static void done_drop(long result)
{
	CHECK_EQ(result, 0);
	CHECK_ERRNO(create_writable(), EPERM);
}

CUT("DROP_RIGHTS", .fd = &manager, .request = VFIO_DMABUF_MGR_DROP_RIGHTS,
    .size = sizeof(arg.drop), .fill = fill_drop, .refused = refused_drop,
    .done = done_drop)

/* Mainline's ABI; its structs end in padding that is not part of it */

#define PLANE_SIZE                                                             \
	(offsetof(struct vfio_device_gfx_plane_info, dmabuf_id) +              \
	 sizeof(uint32_t))

static void fill_plane(void)
{
	show_new();
	/* It cannot tell of a plane that begins within a page */
	bochs_pan(&device, 0, (uint16_t)(line * 16));
	memset(&arg, 0, sizeof(arg));
	arg.plane.argsz = PLANE_SIZE;
	arg.plane.flags = VFIO_GFX_PLANE_TYPE_DMABUF;
	arg.plane.drm_plane_type = VFIO_DMABUF_MGR_PLANE_PRIMARY;
}

static void done_plane(long result)
{
	CHECK_EQ(result, 0);
	CHECK_EQ(arg.plane.height, mode.height);
}

CUT("DEVICE_QUERY_GFX_PLANE", .fd = &device.fd,
    .request = VFIO_DEVICE_QUERY_GFX_PLANE, .size = PLANE_SIZE,
    .written = PLANE_SIZE, .fill = fill_plane, .done = done_plane)

static void fill_id(void)
{
	fill_plane();
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_QUERY_GFX_PLANE, &arg));
	arg.word = arg.plane.dmabuf_id;
}

static void done_id(long result)
{
	CHECK_EQ(lseek((int)result, 0, SEEK_END), 64 * 64 * 4);
	CHECK_OK(close((int)result));
}

CUT("DEVICE_GET_GFX_DMABUF", .fd = &device.fd,
    .request = VFIO_DEVICE_GET_GFX_DMABUF, .size = sizeof(uint32_t),
    .fill = fill_id, .done = done_id)

/* VFIO's own */

#define DEVICE_SIZE                                                            \
	(offsetof(struct vfio_device_info, num_irqs) + sizeof(uint32_t))

static void fill_device(void)
{
	memset(&arg, UNTOUCHED, sizeof(arg));
	arg.device.argsz = DEVICE_SIZE;
}

CUT("DEVICE_GET_INFO", .fd = &device.fd, .request = VFIO_DEVICE_GET_INFO,
    .size = DEVICE_SIZE, .written = DEVICE_SIZE, .fill = fill_device,
    .done = check_zero)

static void fill_region(void)
{
	memset(&arg, UNTOUCHED, sizeof(arg));
	arg.region.info.argsz = sizeof(arg.region);
	arg.region.info.index = VFIO_PCI_NUM_REGIONS;
}

static void done_region(long result)
{
	CHECK_EQ(result, 0);
	CHECK_EQ(arg.region.cap.type, VFIO_REGION_TYPE_GFX);
}

CUT("DEVICE_GET_REGION_INFO of the EDID region", .fd = &device.fd,
    .request = VFIO_DEVICE_GET_REGION_INFO, .size = sizeof(arg.region),
    .written = sizeof(arg.region), .fill = fill_region, .done = done_region)

static void fill_irq(void)
{
	memset(&arg, UNTOUCHED, sizeof(arg));
	arg.irq.argsz = sizeof(arg.irq);
	arg.irq.index = VFIO_PCI_REQ_IRQ_INDEX;
}

CUT("DEVICE_GET_IRQ_INFO", .fd = &device.fd,
    .request = VFIO_DEVICE_GET_IRQ_INFO, .size = sizeof(arg.irq),
    .written = sizeof(arg.irq), .fill = fill_irq, .done = check_zero)

static void fill_irqs(void)
{
	request_irq_fill(&arg.irqs, event);
}

static void refused_irqs(void)
{
	CHECK(!request_irq_signals(&device, event));
}

static void done_irqs(long result)
{
	struct vfio_irq_set none = {
		.argsz = sizeof(none),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_REQ_IRQ_INDEX,
	};

	CHECK_EQ(result, 0);
	CHECK(request_irq_signals(&device, event));
	CHECK_OK(ioctl(device.fd, VFIO_DEVICE_SET_IRQS, &none));
}

CUT("DEVICE_SET_IRQS", .fd = &device.fd, .request = VFIO_DEVICE_SET_IRQS,
    .size = sizeof(union request_irq), .fill = fill_irqs,
    .refused = refused_irqs, .done = done_irqs)

/* Regions: what can be had is, in pieces of no more than eight bytes */

#define ACCESS 11
#define PIECE 8

struct region {
	uint32_t index;
	uint64_t offset;
	size_t size; /* at the most ACCESS */
};

static ssize_t transferred(ssize_t result, size_t present, size_t size)
{
	if (result < 0) {
		CHECK_EQ(errno, EFAULT);
		result = 0;
	}
	CHECK_LE(result, present);
	CHECK_LT(present - (size_t)result, present == size ? 1 : PIECE);
	return result;
}

static void check_reads(const struct region *region)
{
	unsigned char whole[ACCESS], untouched[ACCESS];
	enum edge edge;
	size_t present;

	memset(untouched, UNTOUCHED, sizeof(untouched));
	CHECK_EQ(region_read(&device, region->index, region->offset, whole,
			     region->size),
		 region->size);
	for (edge = EDGE_HOLE; edge <= EDGE_READ_ONLY; edge++)
		for (present = 0; present <= region->size; present++) {
			void *place = bytes_across(edge, untouched,
						   region->size, present);
			ssize_t read =
				transferred(region_read(&device, region->index,
							region->offset, place,
							region->size),
					    present, region->size);

			CHECK_BYTES(place, whole, (size_t)read);
		}
}

static void check_writes(const struct region *region, const void *before,
			 const void *after)
{
	unsigned char expected[ACCESS], found[ACCESS];
	size_t size = region->size, present;

	for (present = 0; present <= size; present++) {
		void *place = bytes_across(EDGE_HOLE, after, size, present);
		ssize_t written;

		CHECK_EQ(region_write(&device, region->index, region->offset,
				      before, size),
			 size);
		written = transferred(region_write(&device, region->index,
						   region->offset, place, size),
				      present, size);
		memcpy(expected, before, size);
		memcpy(expected, after, (size_t)written);
		CHECK_EQ(region_read(&device, region->index, region->offset,
				     found, size),
			 size);
		CHECK_BYTES(found, expected, size);
	}
}

/* Across a page of VRAM, and from odd places of what has registers */
static const struct region vram = {BAR0, 4096 - 5, ACCESS};
static const struct region edid = {VFIO_PCI_NUM_REGIONS, 101, ACCESS};
static const struct region registers = {BAR2, BAR2_DISPI + 1, ACCESS};
static const struct region config = {CONFIG, 1, ACCESS};
/* The width and the height */
static const struct region size = {BAR2, BAR2_DISPI + 2, 4};

TEST("reading a region into memory that ends reads what there is room for")
{
	unsigned char picture[ACCESS];

	bochs_create(&device, TYPE_16M, &mode);
	bochs_picture(picture, sizeof(picture), 1);
	CHECK_EQ(
		region_write(&device, vram.index, vram.offset, picture, ACCESS),
		ACCESS);
	check_reads(&vram);
	check_reads(&edid);
	check_reads(&registers);
	check_reads(&config);
}

TEST("reading VRAM that nobody has touched reads what there is room for")
{
	bochs_create(&device, TYPE_16M, &mode);
	check_reads(&vram);
}

TEST("writing a region from memory that ends writes what is there, and leaves "
     "the rest as it was")
{
	static const unsigned char before[4] = {64, 0, 64, 0};
	static const unsigned char after[4] = {80, 0, 48, 0};
	unsigned char ours[ACCESS], theirs[ACCESS];

	bochs_create(&device, TYPE_16M, &mode);
	bochs_off(&device);
	bochs_picture(ours, sizeof(ours), 1);
	bochs_picture(theirs, sizeof(theirs), 2);
	check_writes(&vram, ours, theirs);
	check_writes(&edid, ours, theirs);
	check_writes(&size, before, after);
}
