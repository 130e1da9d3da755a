// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the fuzzer's ops ask the kernel for, which is played here: the linker
 * sends their ioctl() to this (--wrap).
 */
#include "devices.h"
#include "fail.h"
#include "run.h"
#include "test.h"

#include <inttypes.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* No fd of this process's; only the ioctls that are played have it */
#define CONTAINER 1000

int __wrap_ioctl(int fd, unsigned long request, ...);

static struct vfio_iommu_type1_dma_map mapped;
static unsigned int unmaps;

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	const void *arg;
	va_list args;

	va_start(args, request);
	arg = va_arg(args, const void *);
	va_end(args);
	CHECK_EQ(fd, CONTAINER);
	/* As much of it as the kernel looks at */
	switch ((uint32_t)request) {
	case VFIO_IOMMU_MAP_DMA:
		memcpy(&mapped, arg, sizeof(mapped));
		return 0;
	case VFIO_IOMMU_UNMAP_DMA:
		unmaps++;
		return 0;
	default:
		test_fail(__FILE__, __LINE__, "ioctl 0x%lx", request);
	}
}

/* Those of the fuzzer end it */
void fail(const char *format, ...)
{
	test_fail(__FILE__, __LINE__, "%s", format);
}

void fail_errno(const char *format, ...)
{
	test_fail(__FILE__, __LINE__, "%s: %s", format, strerror(errno));
}

/* There are none, and no op of these tests asks for one */
int devices_open_spare(enum device_kind kind)
{
	test_fail(__FILE__, __LINE__, "device %d", kind);
}

void devices_ask_remove(enum device_kind kind)
{
	test_fail(__FILE__, __LINE__, "device %d", kind);
}

void devices_ask_make(enum device_kind kind)
{
	test_fail(__FILE__, __LINE__, "device %d", kind);
}

static void begin(struct run *run)
{
	run_init(run);
	run->fds[FD_MEMORY] = CONTAINER;
}

/* Memory for arguments, and what they map, which is all in the areas */
static bool is_for_programs(const struct run *run, uintptr_t address)
{
	return address == (uintptr_t)run->usual ||
	       address == (uintptr_t)run->writable ||
	       address == (uintptr_t)run->read_only ||
	       address == (uintptr_t)run->cut ||
	       address - (uintptr_t)run->areas < MAP_SLOTS * RUN_AREA;
}

/* What was mapped for the device has nothing in it that the process needs */
static void check_mapped(const struct run *run)
{
	uintptr_t start, end, last = mapped.vaddr + mapped.size - 1;
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], access[8];

	CHECK(maps);
	while (fgets(line, sizeof(line), maps)) {
		CHECK_EQ(sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &start,
				&end, access),
			 3);
		if (end <= mapped.vaddr || start > last ||
		    !strncmp(access, "---", 3) || is_for_programs(run, start))
			continue;
		test_fail(__FILE__, __LINE__, "0x%llx bytes at 0x%llx have %s",
			  mapped.size, mapped.vaddr, line);
	}
	fclose(maps);
}

static void map_all_sizes(struct run *run, uint64_t place)
{
	static const uint64_t sizes[] = {RUN_PAGE, RUN_AREA, 2 * RUN_AREA,
					 UINT64_C(1) << 33, UINT64_C(1) << 46};
	uint64_t operands[OP_MAX_OPERANDS] = {FD_MEMORY};
	unsigned int i;

	operands[4] = place;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		operands[2] = sizes[i];
		CHECK_EQ(run_dma_map(run, operands), 0);
		check_mapped(run);
	}
}

/* The number of that in which it begins, or some other if it is in none */
static uint64_t area_of(const struct run *run)
{
	return (mapped.vaddr - (uintptr_t)run->areas) / RUN_AREA;
}

TEST("a device reaches nothing of the fuzzer's, wherever and however much is "
     "mapped for it")
{
	static const uint32_t offsets[] = {
		0,
		RUN_AREA / 2,
		RUN_AREA - 512 * RUN_PAGE,
		RUN_AREA - RUN_PAGE,
		UINT32_MAX - (uint32_t)RUN_PAGE + 1,
	};
	unsigned int i, j;
	struct run run;

	begin(&run);
	for (i = 0; i < PLACE_MAP; i++)
		map_all_sizes(&run, place_make((enum place_kind)i, 0, 0));
	map_all_sizes(&run, place_make(PLACE_CUT, 0, RUN_PLACE_MAX));
	for (i = 0; i < MAP_SLOTS; i++) {
		/* As far in the area as a mapping can begin */
		CHECK_EQ(run_map_at(&run, i, -1, 0, RUN_PAGE,
				    PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, 511),
			 0);
		for (j = 0; j < sizeof(offsets) / sizeof(offsets[0]); j++) {
			map_all_sizes(&run,
				      place_make(PLACE_MAP, i, offsets[j]));
			CHECK(!mapped.vaddr || area_of(&run) == i);
		}
	}
}

/* In each way that there is */
static void check_unmaps(struct run *run, long expected)
{
	static const uint64_t commands[] = {
		VFIO_IOMMU_UNMAP_DMA, VFIO_IOMMU_UNMAP_DMA | UINT64_C(1) << 32};
	uint64_t operands[OP_MAX_OPERANDS] = {FD_MEMORY};
	unsigned int i;

	CHECK_EQ(run_dma_unmap(run, operands), expected);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		operands[1] = commands[i];
		CHECK_EQ(run_ioctl(run, operands), expected);
	}
	CHECK_EQ(unmaps, expected ? 0 : 3);
}

TEST("of a program's processes only the first unmaps the guest's memory")
{
	int status;
	struct run run;

	begin(&run);
	CHECK_EQ(run_fork(&run, NULL), 0);
	if (run.forked) {
		check_unmaps(&run, -EPERM);
		_exit(0);
	}
	check_unmaps(&run, 0);
	CHECK_GT(wait(&status), 0);
	CHECK_EQ(status, 0);
}
