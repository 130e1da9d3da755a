// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A host that asks a virtio-gpu's guest for a mode: through the manager fd and
 * through VFIO's EDID region. The guest gets a config interrupt, and then what
 * it reads of its displays is what was asked for.
 */
#include "bytes.h"
#include "test.h"
#include "gpu_view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REQUEST_MODE VFIO_DMABUF_MGR_REQUEST_MODE
#define RIGHT_MODE VFIO_DMABUF_MGR_RIGHT_MODE

/* The EDID region, which comes behind VFIO's own */
#define EDID_REGION VFIO_PCI_NUM_REGIONS
#define EDID_FIELD(field) offsetof(struct vfio_region_gfx_edid, field), 4

static struct gpu gpu;
static int manager;

static void set_up(const char *type)
{
	gpu_create(&gpu, type);
	manager = manager_open(&gpu.virtio.device);
}

static int request(uint32_t head, uint32_t width, uint32_t height,
		   uint32_t refresh)
{
	return gpu_request_mode(manager, head, width, height, refresh);
}

/* The guest is told by an interrupt, reads what it is told, and clears it */
static void take_event(void)
{
	irq_wait(gpu.events[GPU_VECTOR_CONFIG]);
	CHECK_EQ(virtio_get(&gpu.virtio, GPU_CONFIG(events_read)),
		 VIRTIO_GPU_EVENT_DISPLAY);
	virtio_set(&gpu.virtio, GPU_CONFIG(events_clear),
		   VIRTIO_GPU_EVENT_DISPLAY);
	CHECK_EQ(virtio_get(&gpu.virtio, GPU_CONFIG(events_read)), 0);
	CHECK_EQ(virtio_get(&gpu.virtio, GPU_CONFIG(events_clear)), 0);
}

static struct virtio_gpu_display_one display(uint32_t head)
{
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	return gpu.response.display.pmodes[head];
}

/* The preferred mode of a head's EDID; returns frames in 1000 s, about */
static uint32_t edid_mode(uint32_t head, uint32_t *width, uint32_t *height)
{
	const unsigned char *d = gpu.response.edid.edid + 54;
	uint32_t clock, htotal, vtotal;

	CHECK_EQ(gpu_get_edid(&gpu, head), VIRTIO_GPU_RESP_OK_EDID);
	CHECK_EQ(gpu.response.edid.size, 128);
	clock = (d[0] | (uint32_t)d[1] << 8) * 10000;
	*width = d[2] | (d[4] & 0xf0u) << 4;
	*height = d[5] | (d[7] & 0xf0u) << 4;
	htotal = *width + (d[3] | (d[4] & 0x0fu) << 8);
	vtotal = *height + (d[6] | (d[7] & 0x0fu) << 8);
	return (uint32_t)((uint64_t)clock * 1000 / htotal / vtotal);
}

static void check_mode(uint32_t head, uint32_t width, uint32_t height)
{
	struct virtio_gpu_display_one one = display(head);
	uint32_t edid_width, edid_height;

	CHECK_EQ(one.enabled, 1);
	CHECK_EQ(one.r.width, width);
	CHECK_EQ(one.r.height, height);
	edid_mode(head, &edid_width, &edid_height);
	CHECK_EQ(edid_width, width);
	CHECK_EQ(edid_height, height);
}

TEST("a mode that is asked for is what the guest is told, by an interrupt")
{
	static const uint32_t modes[][2] = {
		{640, 480},   {800, 600},   {1024, 768},  {1366, 768},
		{1920, 1080}, {1921, 1081}, {2560, 1440}, {3840, 2160},
	};
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		CHECK_OK(request(0, modes[i][0], modes[i][1], 0));
		take_event();
		check_mode(0, modes[i][0], modes[i][1]);
	}
}

TEST("the refresh rate that is asked for is in the EDID, about")
{
	static const uint32_t rates[] = {30, 50, 60, 75, 100, 144};
	uint32_t width, height, rate;
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		CHECK_OK(request(0, 1024, 768, rates[i]));
		take_event();
		rate = edid_mode(0, &width, &height);
		/* A timing's clock comes in steps; half a frame is allowed */
		CHECK_GE(rate, rates[i] * 1000 - 500);
		CHECK_LE(rate, rates[i] * 1000 + 500);
	}
}

/* What is asked for is told by GET_DISPLAY_INFO alone */
static void check_no_edid(uint32_t head, uint32_t width, uint32_t height)
{
	const struct virtio_gpu_resp_edid *edid = &gpu.response.edid;
	struct virtio_gpu_display_one one = display(head);

	CHECK_EQ(one.enabled, 1);
	CHECK_EQ(one.r.width, width);
	CHECK_EQ(one.r.height, height);
	CHECK_EQ(gpu_get_edid(&gpu, head), VIRTIO_GPU_RESP_OK_EDID);
	CHECK_EQ(edid->size, 0);
	CHECK_ALL(edid->edid, 0, sizeof(edid->edid));
}

TEST("a mode that no EDID can say leaves a monitor without, until the next one")
{
	/* 12 bits for a size, 16 for a clock of 10 kHz; and what just fits */
	static const uint32_t modes[][5] = {
		{4096, 32, 0, 4095, 32},
		{32, 4096, 0, 32, 4095},
		{8192, 4320, 0, 1920, 1080},
		{3840, 2160, 144, 3840, 2160},
	};
	const uint32_t *mode;
	unsigned int i, head;

	set_up(TYPE_GPU_2);
	for (i = 0; i < 2 * sizeof(modes) / sizeof(*modes); i++) {
		head = i % 2;
		mode = modes[i / 2];
		CHECK_OK(request(head, mode[0], mode[1], mode[2]));
		take_event();
		check_no_edid(head, mode[0], mode[1]);
		CHECK_OK(request(head, mode[3], mode[4], 0));
		take_event();
		check_mode(head, mode[3], mode[4]);
	}
}

/* The usual modes at 60 Hz, up to 1920x1200 */
static const uint32_t usual[][2] = {
	{1280, 720}, {1280, 800},  {1280, 1024}, {1440, 900},
	{1600, 900}, {1680, 1050}, {1920, 1080}, {1920, 1200},
};

#define USUAL (sizeof(usual) / sizeof(*usual))

/*
 * A standard timing: width and refresh rate less what they are at least, and
 * the height by the picture's shape. VESA E-EDID, release A revision 2, 3.9.
 */
static void standard_timing(const unsigned char timing[2], uint32_t *width,
			    uint32_t *height, uint32_t *refresh)
{
	static const uint32_t shapes[4][2] = {
		{16, 10}, {4, 3}, {5, 4}, {16, 9}};
	const uint32_t *shape = shapes[timing[1] >> 6];

	*width = 256 + ((uint32_t)timing[0] - 1) * 8;
	*height = *width * shape[1] / shape[0];
	*refresh = 60 + (timing[1] & 0x3f);
}

static unsigned int find_usual(uint32_t width, uint32_t height)
{
	unsigned int i;

	for (i = 0; i < USUAL; i++)
		if (usual[i][0] == width && usual[i][1] == height)
			break;
	return i;
}

/* All of the usual modes that the device's maximum allows, each once */
static void check_standard_timings(const struct device *device,
				   const unsigned char edid[128])
{
	struct vfio_region_gfx_edid region;
	uint32_t width, height, refresh;
	unsigned char sum = 0;
	unsigned int i, nr, seen = 0, allowed = 0;

	CHECK_EQ(region_read(device, EDID_REGION, 0, &region, sizeof(region)),
		 sizeof(region));
	for (i = 0; i < 128; i++)
		sum = (unsigned char)(sum + edid[i]);
	CHECK_EQ(sum, 0);
	for (i = 0; i < USUAL; i++)
		if (usual[i][0] <= region.max_xres &&
		    usual[i][1] <= region.max_yres)
			allowed |= 1u << i;
	for (i = 38; i < 54; i += 2) {
		if (edid[i] == 1 && edid[i + 1] == 1)
			continue;
		standard_timing(edid + i, &width, &height, &refresh);
		CHECK_LE(width, region.max_xres);
		CHECK_LE(height, region.max_yres);
		CHECK_EQ(refresh, 60);
		nr = find_usual(width, height);
		CHECK_LT(nr, USUAL);
		CHECK_EQ(seen >> nr & 1, 0);
		seen |= 1u << nr;
	}
	CHECK_EQ(seen, allowed);
}

TEST("every head's EDID offers the usual modes, whatever it prefers")
{
	static const uint32_t modes[][2] = {{640, 480}, {1920, 1080}};
	uint32_t head;
	unsigned int i;

	set_up(TYPE_GPU_2);
	for (head = 0; head < 2; head++) {
		check_mode(head, 1280, 800);
		check_standard_timings(&gpu.virtio.device,
				       gpu.response.edid.edid);
		for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
			CHECK_OK(request(head, modes[i][0], modes[i][1], 0));
			take_event();
			check_mode(head, modes[i][0], modes[i][1]);
			check_standard_timings(&gpu.virtio.device,
					       gpu.response.edid.edid);
		}
	}
}

TEST("a bochs display's EDID offers them up to its type's maximum")
{
	static const char *const types[] = {TYPE_16M, TYPE_64M, TYPE_256M};
	unsigned char edid[128];
	struct device device;
	unsigned int i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		device_create(&device, types[i]);
		CHECK_EQ(region_read(&device, BAR2, BAR2_EDID, edid,
				     sizeof(edid)),
			 sizeof(edid));
		check_standard_timings(&device, edid);
		device_close(&device);
	}
}

TEST("each head is asked by itself, and the others are left alone")
{
	uint32_t head, asked;

	set_up(TYPE_GPU_4);
	for (head = 0; head < 4; head++) {
		CHECK_OK(request(head, 800 + 8 * head, 600, 0));
		take_event();
	}
	for (asked = 0; asked < 4; asked++) {
		CHECK_OK(request(asked, 1024 + 8 * asked, 768, 0));
		take_event();
		for (head = 0; head < 4; head++)
			check_mode(head,
				   (head <= asked ? 1024 : 800) + 8 * head,
				   head <= asked ? 768 : 600);
	}
}

TEST("a head is unplugged by no size, and plugged in by any")
{
	set_up(TYPE_GPU_2);
	CHECK_OK(request(1, 1024, 768, 0));
	take_event();
	CHECK_OK(request(1, 0, 0, 0));
	take_event();
	CHECK_EQ(display(1).enabled, 0);
	CHECK_EQ(display(0).enabled, 1);
	CHECK_OK(request(1, 640, 480, 0));
	take_event();
	check_mode(1, 640, 480);
}

TEST("what the guest shows stays until the guest itself follows")
{
	struct gpu_resource resource;
	struct virtio_gpu_rect whole;

	set_up(TYPE_GPU_1);
	gpu_resource_create(&gpu, &resource, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM,
			    640, 480);
	gpu_show(&gpu, 0, &resource);
	whole = gpu_whole(&resource);
	view_state(manager, PRIMARY_ID(0));
	CHECK_OK(request(0, 1024, 768, 0));
	take_event();
	CHECK(!view_changed(manager));
	view_check(manager, PRIMARY_ID(0), &resource, &whole);
	CHECK_OK(request(0, 0, 0, 0));
	take_event();
	view_check(manager, PRIMARY_ID(0), &resource, &whole);
}

TEST("many requests at once are one event, and the last of them counts")
{
	uint32_t i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < 100; i++)
		CHECK_OK(request(0, 640 + 8 * i, 480, 0));
	take_event();
	check_mode(0, 640 + 8 * 99, 480);
	CHECK_EQ(irq_count(gpu.events[GPU_VECTOR_CONFIG]), 0);
}

TEST("an event stays until the guest clears it, and a reset does not lose it")
{
	set_up(TYPE_GPU_1);
	CHECK_OK(request(0, 800, 600, 0));
	irq_wait(gpu.events[GPU_VECTOR_CONFIG]);
	virtio_set(&gpu.virtio, GPU_CONFIG(events_clear), 0);
	virtio_set(&gpu.virtio, GPU_CONFIG(events_clear),
		   ~(uint32_t)VIRTIO_GPU_EVENT_DISPLAY);
	CHECK_EQ(virtio_get(&gpu.virtio, GPU_CONFIG(events_read)),
		 VIRTIO_GPU_EVENT_DISPLAY);
	/* A driver that begins anew reads the mode without being told */
	gpu_start(&gpu, GPU_FEATURES);
	check_mode(0, 800, 600);
}

TEST("requests that cannot be are EINVAL or EFAULT, and change nothing")
{
	static const uint32_t bad[][4] = {
		{1, 640, 480, 0},
		{16, 640, 480, 0},
		{UINT32_MAX, 640, 480, 0},
		{0, 0, 480, 0},
		{0, 640, 0, 0},
		{0, 8193, 480, 0},
		{0, 640, 8193, 0},
		{0, UINT32_MAX, UINT32_MAX, 0},
		{0, 65536, 65536, 60},
		{0, 640, 480, UINT32_MAX},
	};
	struct vfio_dmabuf_mgr_request_mode mode = {
		.argsz = sizeof(mode),
		.width = 640,
		.height = 480,
	};
	unsigned int i;

	set_up(TYPE_GPU_1);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_ERRNO(request(bad[i][0], bad[i][1], bad[i][2], bad[i][3]),
			    EINVAL);
	for (mode.argsz = 0; mode.argsz < sizeof(mode); mode.argsz++)
		CHECK_ERRNO(ioctl(manager, REQUEST_MODE, &mode), EINVAL);
	for (i = 0; i < 32; i++) {
		mode.flags = UINT32_C(1) << i;
		CHECK_ERRNO(ioctl(manager, REQUEST_MODE, &mode), EINVAL);
	}
	mode.flags = 0;
	CHECK_ERRNO(ioctl(manager, REQUEST_MODE, bytes_unmapped()), EFAULT);
	CHECK_ERRNO(ioctl(manager, REQUEST_MODE,
			  bytes_cut(&mode, sizeof(mode), sizeof(mode) - 1)),
		    EFAULT);
	check_mode(0, 1280, 800);
	CHECK_EQ(irq_count(gpu.events[GPU_VECTOR_CONFIG]), 0);
	mode.argsz = 4096;
	CHECK_OK(ioctl(manager, REQUEST_MODE, &mode));
	take_event();
	check_mode(0, 640, 480);
}

static uint32_t rights(int fd)
{
	struct vfio_dmabuf_mgr_info info = {.argsz = sizeof(info)};

	CHECK_OK(ioctl(fd, VFIO_DMABUF_MGR_GET_INFO, &info));
	CHECK_EQ(info.caps & VFIO_DMABUF_MGR_CAP_MODE,
		 VFIO_DMABUF_MGR_CAP_MODE);
	return info.rights;
}

TEST("the right to ask is dropped for good, by itself, and others keep theirs")
{
	struct vfio_dmabuf_mgr_drop_rights drop = {
		.argsz = sizeof(drop),
		.rights = RIGHT_MODE,
	};
	uint32_t before;
	int other;

	set_up(TYPE_GPU_1);
	other = manager_open(&gpu.virtio.device);
	before = rights(manager);
	CHECK_EQ(before & RIGHT_MODE, RIGHT_MODE);
	CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_DROP_RIGHTS, &drop));
	CHECK_EQ(rights(manager), before & ~RIGHT_MODE);
	CHECK_ERRNO(request(0, 640, 480, 0), EPERM);
	CHECK_EQ(rights(other), before);
	close(manager);
	manager = other;
	CHECK_OK(request(0, 640, 480, 0));
}

TEST("after the device is closed a request is ENODEV")
{
	set_up(TYPE_GPU_1);
	device_close(&gpu.virtio.device);
	CHECK_ERRNO(request(0, 640, 480, 0), ENODEV);
}

TEST("a display that takes no requests says so")
{
	struct vfio_dmabuf_mgr_info info = {.argsz = sizeof(info)};
	struct device bochs;

	device_create(&bochs, TYPE_16M);
	manager = manager_open(&bochs);
	CHECK_ERRNO(request(0, 640, 480, 0), EOPNOTSUPP);
	CHECK_OK(ioctl(manager, VFIO_DMABUF_MGR_GET_INFO, &info));
	CHECK_EQ(info.caps & VFIO_DMABUF_MGR_CAP_MODE, 0);
	CHECK_EQ(info.rights & RIGHT_MODE, 0);
}

/* The EDID that head 0 has, with another serial number */
static void change_edid(unsigned char edid[128])
{
	unsigned int i;

	CHECK_EQ(gpu_get_edid(&gpu, 0), VIRTIO_GPU_RESP_OK_EDID);
	memcpy(edid, gpu.response.edid.edid, 128);
	edid[12] ^= 0x5a;
	edid[126] = 0;
	edid[127] = 0;
	for (i = 0; i < 127; i++)
		edid[127] = (unsigned char)(edid[127] - edid[i]);
}

TEST("an EDID that the VMM plugs in through VFIO's region is head 0's monitor")
{
	const struct device *device = &gpu.virtio.device;
	struct vfio_region_gfx_edid region;
	unsigned char edid[128];

	set_up(TYPE_GPU_2);
	CHECK_OK(request(1, 800, 600, 0));
	take_event();
	CHECK_OK(request(0, 1600, 1200, 0));
	take_event();
	change_edid(edid);
	CHECK_OK(request(0, 640, 480, 0));
	take_event();
	CHECK_EQ(region_read(device, EDID_REGION, 0, &region, sizeof(region)),
		 sizeof(region));
	region_set(device, EDID_REGION, EDID_FIELD(link_state),
		   VFIO_DEVICE_GFX_LINK_STATE_DOWN);
	take_event();
	CHECK_EQ(display(0).enabled, 0);
	CHECK_EQ(region_write(device, EDID_REGION, region.edid_offset, edid,
			      sizeof(edid)),
		 sizeof(edid));
	region_set(device, EDID_REGION, EDID_FIELD(edid_size), sizeof(edid));
	region_set(device, EDID_REGION, EDID_FIELD(link_state),
		   VFIO_DEVICE_GFX_LINK_STATE_UP);
	take_event();
	check_mode(0, 1600, 1200);
	CHECK_BYTES(gpu.response.edid.edid, edid, sizeof(edid));
	check_mode(1, 800, 600);
}
