// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest that hands the virtio-gpu broken rings. The device answers with an
 * error, or says that it needs a reset and interrupts for that; it touches no
 * memory that it was not given, and after a reset it is as good as new.
 *
 * What changes while the device looks at it is in virtio_races.c.
 */
#include "test.h"
#include "virtio_gpu.h"

#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#define FORMAT VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM
#define GUARD_SIZE (64 * 1024)
#define GUARD 0x5a

static struct gpu gpu;
static uint64_t guard_at; /* memory that no ring ever names */

/* A piece of memory that nothing is mapped at, for the device */
#define NOWHERE UINT64_C(0x4000000000)

static void set_up(void)
{
	gpu_create(&gpu, TYPE_GPU_1);
	guard_at = ram_take(&gpu.virtio.ram, GUARD_SIZE);
	memset(ram_at(&gpu.virtio.ram, guard_at), GUARD, GUARD_SIZE);
}

static bool is_broken(void)
{
	return virtio_status(&gpu.virtio) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

/* Sleep until the device has used a chain or given up; did it give up? */
static bool gave_up(const struct virtqueue *queue)
{
	struct pollfd poll_for[2] = {
		{.fd = gpu.events[GPU_VECTOR_CONFIG], .events = POLLIN},
		{.fd = queue->event, .events = POLLIN},
	};

	for (;;) {
		if (virtqueue_has_used(queue))
			return false;
		if (is_broken())
			return true;
		CHECK_GT(poll(poll_for, 2, -1), 0);
		irq_count(poll_for[0].fd);
		irq_count(poll_for[1].fd);
	}
}

/* The device is reset, and works */
static void check_recovers(void)
{
	gpu_start(&gpu, GPU_FEATURES);
	CHECK(!is_broken());
	CHECK_EQ(gpu_simple(&gpu, VIRTIO_GPU_CMD_GET_DISPLAY_INFO),
		 VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	CHECK_ALL(ram_at(&gpu.virtio.ram, guard_at), GUARD, GUARD_SIZE);
}

/* What was offered is noticed: it ends in a call for a reset */
static void check_breaks(void)
{
	virtqueue_notify(&gpu.control);
	virtio_wait_broken(&gpu.virtio, gpu.events[GPU_VECTOR_CONFIG]);
	/* Whatever is sent now is not looked at */
	virtqueue_notify(&gpu.control);
	check_recovers();
}

/* What was offered is either used, or noticed */
static void check_survives(void)
{
	virtqueue_notify(&gpu.control);
	gave_up(&gpu.control);
	check_recovers();
}

static struct vring_desc *desc(unsigned int index)
{
	return &gpu.control.ring.desc[index];
}

/* A right command: descriptors 0 and 1 */
static void describe_command(void)
{
	struct virtio_gpu_ctrl_hdr *hdr =
		ram_at(&gpu.virtio.ram, gpu.request_at);

	memset(hdr, 0, sizeof(*hdr));
	hdr->type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO;
	*desc(0) = (struct vring_desc){gpu.request_at, sizeof(*hdr),
				       VRING_DESC_F_NEXT, 1};
	*desc(1) = (struct vring_desc){gpu.response_at, 512, VRING_DESC_F_WRITE,
				       0};
}

/* The same with something wrong in it */
static void offer_wrong(unsigned int index, struct vring_desc wrong)
{
	describe_command();
	*desc(index) = wrong;
	virtqueue_offer(&gpu.control, 0);
}

TEST("chains that never end are noticed")
{
	unsigned int i;

	set_up();
	/* To itself, to the one before, and around the whole table */
	offer_wrong(0, (struct vring_desc){gpu.request_at, 24,
					   VRING_DESC_F_NEXT, 0});
	check_breaks();
	offer_wrong(1, (struct vring_desc){
			       gpu.response_at, 512,
			       VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1});
	check_breaks();
	offer_wrong(1, (struct vring_desc){gpu.request_at, 24,
					   VRING_DESC_F_NEXT, 0});
	check_breaks();
	for (i = 0; i < GPU_CONTROL_SIZE; i++)
		*desc(i) = (struct vring_desc){
			gpu.request_at, 24, VRING_DESC_F_NEXT,
			(uint16_t)((i + 1) % GPU_CONTROL_SIZE)};
	virtqueue_offer(&gpu.control, 0);
	check_breaks();
}

TEST("descriptors, heads and indexes beyond the queue are noticed")
{
	static const uint16_t beyond[] = {GPU_CONTROL_SIZE,
					  GPU_CONTROL_SIZE + 1, 32768, 65535};
	unsigned int i;

	set_up();
	for (i = 0; i < 4; i++) {
		offer_wrong(0,
			    (struct vring_desc){gpu.request_at, 24,
						VRING_DESC_F_NEXT, beyond[i]});
		check_breaks();
		describe_command();
		virtqueue_offer(&gpu.control, beyond[i]);
		check_breaks();
		describe_command();
		/* More than there is room for, some of it by going back */
		gpu.control.ring.avail->idx =
			(uint16_t)(gpu.control.made + beyond[i] +
				   (beyond[i] < 32768));
		check_breaks();
	}
}

/* Offer a chain of one descriptor, which is this table's */
static void offer_table(uint64_t at, uint32_t length, uint16_t flags)
{
	*desc(0) = (struct vring_desc){at, length, flags, 1};
	virtqueue_offer(&gpu.control, 0);
}

/* A right command in a table of two descriptors */
static struct vring_desc *make_table(uint64_t at)
{
	struct vring_desc *table = ram_at(&gpu.virtio.ram, at);

	describe_command();
	table[0] = *desc(0);
	table[1] = *desc(1);
	return table;
}

TEST("indirect tables of a wrong length are noticed")
{
	static const uint32_t lengths[] = {0,  1,  8,  15,	   17,
					   24, 31, 33, 0x7fffffff, UINT32_MAX};
	uint64_t at;
	unsigned int i;

	set_up();
	at = ram_take(&gpu.virtio.ram, PAGE);
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		make_table(at);
		offer_table(at, lengths[i], VRING_DESC_F_INDIRECT);
		check_breaks();
	}
}

TEST("indirect tables within tables, and with more behind them, are noticed")
{
	struct vring_desc *table;
	uint64_t at;

	set_up();
	at = ram_take(&gpu.virtio.ram, PAGE);
	table = make_table(at);
	table[0].flags = VRING_DESC_F_INDIRECT;
	table[0].addr = at;
	table[0].len = 32;
	offer_table(at, 32, VRING_DESC_F_INDIRECT);
	check_breaks();
	make_table(at);
	offer_table(at, 32, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT);
	check_breaks();
}

TEST("loops in indirect tables, and links out of them, are noticed")
{
	static const uint16_t wrong[] = {0, 1, 2, 3, 256, 65535};
	struct vring_desc *table;
	unsigned int i;
	uint64_t at;

	set_up();
	at = ram_take(&gpu.virtio.ram, PAGE);
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		table = make_table(at);
		table[1].flags |= VRING_DESC_F_NEXT;
		table[1].next = wrong[i];
		offer_table(at, 32, VRING_DESC_F_INDIRECT);
		check_breaks();
	}
}

TEST("an indirect table where it was not negotiated is noticed")
{
	uint64_t at;

	set_up();
	at = ram_take(&gpu.virtio.ram, PAGE);
	gpu_start(&gpu,
		  GPU_FEATURES & ~VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC));
	make_table(at);
	offer_table(at, 32, VRING_DESC_F_INDIRECT);
	check_breaks();
}

/* A right command of many pieces: so many in front of a table, and in it */
static void offer_pieces(unsigned int front, uint64_t at, uint32_t count)
{
	struct vring_desc *table = ram_at(&gpu.virtio.ram, at);
	uint32_t i;

	describe_command();
	for (i = 0; i < count - 1; i++)
		table[i] = (struct vring_desc){gpu.request_at, 24,
					       VRING_DESC_F_NEXT,
					       (uint16_t)(i + 1)};
	table[i] = *desc(1);
	*desc(front) =
		(struct vring_desc){at, count * 16, VRING_DESC_F_INDIRECT, 0};
	virtqueue_offer(&gpu.control, 0);
}

TEST("a request of 1024 pieces is answered, and one more is noticed")
{
	unsigned int front;
	uint64_t at;

	set_up();
	at = ram_take(&gpu.virtio.ram, 2 * 1024 * 16);
	/* All of them in the table, and the first one in front of it */
	for (front = 0; front < 2; front++) {
		offer_pieces(front, at, 1024 - front);
		virtqueue_notify(&gpu.control);
		CHECK_EQ(virtqueue_take(&gpu.control).len, 408);
		offer_pieces(front, at, 1025 - front);
		check_breaks();
	}
}

TEST("huge indirect tables cost the host no more than small ones")
{
	uint32_t count;
	uint64_t at;

	set_up();
	at = ram_take(&gpu.virtio.ram, 64 * MIB);
	for (count = 4096; count <= 1u << 22; count *= 4) {
		offer_pieces(0, at, count);
		check_breaks();
	}
	/* As long as can be said, of which most is not there */
	offer_table(at, 0xfffffff0, VRING_DESC_F_INDIRECT);
	check_breaks();
}

TEST("what can be read behind what can be written is no command that works")
{
	struct piece pieces[2];

	set_up();
	describe_command();
	pieces[0] = (struct piece){gpu.response_at, 512, VRING_DESC_F_WRITE};
	pieces[1] = (struct piece){gpu.request_at, 24, 0};
	virtqueue_offer(&gpu.control, virtqueue_chain(&gpu.control, pieces, 2));
	virtqueue_notify(&gpu.control);
	if (!gave_up(&gpu.control))
		CHECK(GPU_IS_ERROR(
			*(uint32_t *)ram_at(&gpu.virtio.ram, gpu.response_at)));
	check_recovers();
}

TEST("addresses outside of the guest's memory are not followed")
{
	const struct ram *ram = &gpu.virtio.ram;
	uint64_t bad[8];
	unsigned int i;

	set_up();
	bad[0] = 0;
	bad[1] = NOWHERE;
	bad[2] = ram->start - 1;
	bad[3] = ram->start - 23;
	bad[4] = ram->start + ram->size - 23;
	bad[5] = ram->start + ram->size;
	bad[6] = UINT64_MAX - 22;
	bad[7] = UINT64_C(1) << 63;
	for (i = 0; i < 8; i++) {
		offer_wrong(0, (struct vring_desc){bad[i], 24,
						   VRING_DESC_F_NEXT, 1});
		check_survives();
		offer_wrong(1, (struct vring_desc){bad[i], 408,
						   VRING_DESC_F_WRITE, 0});
		check_survives();
		describe_command();
		offer_table(bad[i] & ~UINT64_C(15), 32, VRING_DESC_F_INDIRECT);
		check_survives();
	}
}

TEST("lengths that lie are not believed")
{
	static const uint32_t lengths[] = {
		0, 1, 23, 0x7fffffff, 0x80000000, UINT32_MAX - 23, UINT32_MAX};
	unsigned int i, j;

	set_up();
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		offer_wrong(0, (struct vring_desc){gpu.request_at, lengths[i],
						   VRING_DESC_F_NEXT, 1});
		check_survives();
		offer_wrong(1, (struct vring_desc){gpu.response_at, lengths[i],
						   VRING_DESC_F_WRITE, 0});
		check_survives();
	}
	/* So many of them that their sum is small again in 32 bits */
	for (j = 0; j < 2; j++) {
		for (i = 0; i < 32; i++)
			*desc(i) = (struct vring_desc){
				j ? gpu.response_at : gpu.request_at,
				0x08000000 + 1,
				VRING_DESC_F_NEXT |
					(j ? VRING_DESC_F_WRITE : 0),
				(uint16_t)(i + 1)};
		*desc(32) = (struct vring_desc){gpu.response_at, 512,
						VRING_DESC_F_WRITE, 0};
		virtqueue_offer(&gpu.control, 0);
		check_survives();
	}
}

TEST("a command without room for its answer, and an answer without a command")
{
	set_up();
	offer_wrong(0, (struct vring_desc){gpu.request_at, 24, 0, 0});
	check_survives();
	describe_command();
	virtqueue_offer(&gpu.control, 1);
	check_survives();
}

TEST("an answer that is written over the rings harms nobody but its guest")
{
	uint64_t over[4];
	unsigned int i;

	set_up();
	for (i = 0; i < 4; i++) {
		over[0] = gpu.control.desc_at;
		over[1] = gpu.control.avail_at;
		over[2] = gpu.control.used_at;
		over[3] = gpu.request_at;
		offer_wrong(1, (struct vring_desc){over[i], 408,
						   VRING_DESC_F_WRITE, 0});
		virtqueue_notify(&gpu.control);
		/*
		 * What it says may be written over as well: only that the
		 * reset afterwards comes to an end, and the device works
		 */
		check_recovers();
	}
}

/* Put a queue's three areas anywhere, and see what becomes of a command */
static void place(uint64_t desc_at, uint64_t avail_at, uint64_t used_at)
{
	CHECK(virtio_negotiate(&gpu.virtio, GPU_FEATURES));
	virtio_set(&gpu.virtio, COMMON(msix_config), GPU_VECTOR_CONFIG);
	virtqueue_create(&gpu.control, &gpu.virtio, GPU_CONTROL,
			 GPU_CONTROL_SIZE);
	gpu.control.event = gpu.events[GPU_VECTOR_CONTROL];
	describe_command();
	gpu.control.desc_at = desc_at ? desc_at : gpu.control.desc_at;
	gpu.control.avail_at = avail_at ? avail_at : gpu.control.avail_at;
	gpu.control.used_at = used_at ? used_at : gpu.control.used_at;
	virtqueue_enable(&gpu.control, GPU_VECTOR_CONTROL);
	virtio_set(&gpu.virtio, COMMON(device_status), VIRTIO_RUNS);
	virtqueue_offer(&gpu.control, 0);
	virtqueue_notify(&gpu.control);
	virtio_wait_broken(&gpu.virtio, gpu.events[GPU_VECTOR_CONFIG]);
	check_recovers();
}

TEST("rings that are not in the guest's memory are noticed, each of the three")
{
	static const uint64_t bad[] = {NOWHERE, UINT64_C(1) << 63,
				       UINT64_MAX - 15};
	unsigned int i;

	set_up();
	for (i = 0; i < 3; i++) {
		place(bad[i], 0, 0);
		place(0, bad[i], 0);
		place(0, 0, bad[i]);
		place(bad[i], bad[i], bad[i]);
	}
}

TEST("rings that are not aligned are noticed, each of the three")
{
	uint64_t at;

	set_up();
	at = ram_take(&gpu.virtio.ram, 2 * PAGE);
	place(at + 8, 0, 0);
	place(0, at + 1, 0);
	place(0, 0, at + 2);
}

TEST("rings that end where the guest's memory ends are not read beyond it")
{
	const struct ram *ram = &gpu.virtio.ram;
	uint64_t end;

	set_up();
	end = ram->start + ram->size;
	memset(ram_at(ram, end - PAGE), 0xff, PAGE);
	/* Its first descriptors and indexes are there, its last are not */
	place(0, end - 4, 0);
	place(0, 0, end - 4);
}

TEST("sizes and settings of a queue that cannot be are not taken")
{
	static const uint16_t sizes[] = {0, 3, 255, 257, 512, 32768, 65535};
	unsigned int i;

	set_up();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		CHECK(virtio_negotiate(&gpu.virtio, GPU_FEATURES));
		virtqueue_create(&gpu.control, &gpu.virtio, GPU_CONTROL,
				 GPU_CONTROL_SIZE);
		describe_command();
		virtio_set(&gpu.virtio, COMMON(queue_select), GPU_CONTROL);
		virtio_set(&gpu.virtio, COMMON(queue_size), sizes[i]);
		virtio_set(&gpu.virtio, COMMON(queue_desc_lo),
			   (uint32_t)gpu.control.desc_at);
		virtio_set(&gpu.virtio, COMMON(queue_desc_hi),
			   gpu.control.desc_at >> 32);
		virtio_set(&gpu.virtio, COMMON(queue_enable), 1);
		virtio_set(&gpu.virtio, COMMON(device_status), VIRTIO_RUNS);
		virtqueue_offer(&gpu.control, 0);
		virtqueue_notify(&gpu.control);
		check_recovers();
	}
}

TEST("a status that skips steps starts nothing")
{
	static const uint8_t statuses[] = {
		VIRTIO_CONFIG_S_DRIVER_OK, VIRTIO_CONFIG_S_FEATURES_OK,
		VIRTIO_CONFIG_S_NEEDS_RESET, VIRTIO_CONFIG_S_FAILED, 0xff};
	unsigned int i;

	set_up();
	for (i = 0; i < sizeof(statuses); i++) {
		virtio_reset(&gpu.virtio);
		virtio_set(&gpu.virtio, COMMON(device_status), statuses[i]);
		virtqueue_notify(&gpu.control);
		virtqueue_notify(&gpu.cursor);
		check_recovers();
	}
}
