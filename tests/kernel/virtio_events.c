// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How often a virtio-gpu's guest is interrupted for its displays: seldom,
 * however often a host changes them, and always for the last change. What the
 * guest then reads is in virtio_modes.c.
 */
#include "gpu_view.h"
#include "test.h"

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

/* How many interrupts a second there are at most */
#define RATE 10
#define SECOND UINT64_C(1000000000)

/* The EDID region, which comes behind VFIO's own */
#define EDID_REGION VFIO_PCI_NUM_REGIONS
#define EDID_LINK offsetof(struct vfio_region_gfx_edid, link_state), 4

static struct gpu gpu;
static int manager;

static void set_up(void)
{
	gpu_create(&gpu, TYPE_GPU_2);
	manager = manager_open(&gpu.virtio.device);
}

static void request(uint32_t width)
{
	CHECK_OK(gpu_request_mode(manager, 0, width, 600, 0));
}

/* What the guest reads of a head: its width, 0 where nothing is plugged in */
static uint32_t look(void)
{
	const struct virtio_gpu_display_one *display =
		&gpu.response.display.pmodes[0];

	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	return display->enabled ? display->r.width : 0;
}

static bool has_event(void)
{
	return virtio_get(&gpu.virtio, GPU_CONFIG(events_read)) &
	       VIRTIO_GPU_EVENT_DISPLAY;
}

static void acknowledge(void)
{
	virtio_set(&gpu.virtio, GPU_CONFIG(events_clear),
		   VIRTIO_GPU_EVENT_DISPLAY);
}

static uint64_t interrupts(void)
{
	return irq_count(gpu.events[GPU_VECTOR_CONFIG]);
}

static void wait_for_interrupt(void)
{
	irq_wait(gpu.events[GPU_VECTOR_CONFIG]);
}

/* Longer than an interrupt is put off */
static void let_pass(void)
{
	const struct timespec time = {.tv_nsec = SECOND / 2};

	CHECK_OK(nanosleep(&time, NULL));
}

TEST("20,000 requests that the guest does not look at are one interrupt")
{
	const unsigned int count = test_rounds(20000);
	unsigned int i;

	set_up();
	for (i = 0; i < count; i++)
		request(640 + i % 2);
	request(1024);
	let_pass();
	CHECK_EQ(interrupts(), 1);
	CHECK(has_event());
	CHECK_EQ(look(), 1024);
	acknowledge();
	let_pass();
	CHECK_EQ(interrupts(), 0);
	CHECK(!has_event());
}

/* The most there can have been since then, by the rate */
static uint64_t bound(uint64_t since)
{
	return (test_now() - since) * RATE / SECOND + 2;
}

/* As Linux's driver does at an interrupt: look, then acknowledge */
static uint32_t follow(uint32_t width)
{
	if (!has_event())
		return width;
	width = look();
	acknowledge();
	return width;
}

TEST("a guest that follows at once is interrupted ten times a second at most, "
     "and for the last mode")
{
	const uint64_t start = test_now();
	uint64_t heard, all = 0;
	uint32_t width = 0;
	unsigned int i;

	set_up();
	for (i = 0; test_now() - start < 2 * SECOND; i++) {
		request(640 + i % 2);
		heard = interrupts();
		all += heard;
		if (heard)
			width = follow(width);
	}
	CHECK_LE(all, bound(start));
	request(1024);
	while (width != 1024) {
		wait_for_interrupt();
		width = follow(width);
	}
}

TEST("a change after the guest's look and before its acknowledgement is told")
{
	set_up();
	request(800);
	wait_for_interrupt();
	CHECK_EQ(look(), 800);
	request(1024);
	acknowledge();
	wait_for_interrupt();
	CHECK(has_event());
	CHECK_EQ(look(), 1024);
	acknowledge();
	CHECK(!has_event());
}

TEST("a guest that looks and never acknowledges hears of the next change")
{
	set_up();
	request(800);
	wait_for_interrupt();
	CHECK_EQ(look(), 800);
	request(1024);
	wait_for_interrupt();
	CHECK_EQ(look(), 1024);
}

TEST("a monitor plugged in and out by the VMM is told as seldom")
{
	const struct device *device = &gpu.virtio.device;
	const uint64_t start = test_now();
	uint64_t heard, all = 0;
	unsigned int i;

	set_up();
	for (i = 0; test_now() - start < 2 * SECOND; i++) {
		region_set(device, EDID_REGION, EDID_LINK,
			   i % 2 ? VFIO_DEVICE_GFX_LINK_STATE_UP
				 : VFIO_DEVICE_GFX_LINK_STATE_DOWN);
		heard = interrupts();
		all += heard;
		if (heard)
			follow(0);
	}
	CHECK_LE(all, bound(start));
	region_set(device, EDID_REGION, EDID_LINK,
		   VFIO_DEVICE_GFX_LINK_STATE_UP);
	let_pass();
	CHECK_EQ(look(), 1280);
}

/* A change that the guest is to hear of in a while */
static void put_off(void)
{
	request(800);
	wait_for_interrupt();
	look();
	acknowledge();
	request(1024);
}

TEST("what is put off is not told after a reset, but the next change is")
{
	set_up();
	put_off();
	gpu_start(&gpu, GPU_FEATURES);
	interrupts();
	let_pass();
	CHECK_EQ(interrupts(), 0);
	CHECK(!has_event());
	put_off();
	CHECK_OK(ioctl(gpu.virtio.device.fd, VFIO_DEVICE_RESET));
	gpu_reconnect(&gpu);
	gpu_start(&gpu, GPU_FEATURES);
	let_pass();
	CHECK_EQ(interrupts(), 0);
	CHECK_EQ(look(), 1024);
	put_off();
	wait_for_interrupt();
	CHECK_EQ(look(), 1024);
}

TEST("a device that is closed or removed with a change to tell of is at rest")
{
	unsigned int i;

	set_up();
	for (i = 0; i < 20; i++) {
		put_off();
		device_close(&gpu.virtio.device);
		gpu_open(&gpu);
		CHECK_EQ(interrupts(), 0);
		manager = manager_open(&gpu.virtio.device);
	}
	put_off();
	device_remove(&gpu.virtio.device);
}
