// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory for arguments, good and bad, and surviving its faults.
 */
#include "run.h"

#include "fail.h"

#include <errno.h>
#include <linux/vfio.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Where no user memory is */
#define KERNEL_ADDRESS UINT64_C(0xffff888000001000)
#define AREAS_ALIGN ((size_t)2 << 20)

static sigjmp_buf fault;
static volatile sig_atomic_t guarded;

static void on_fault(int number)
{
	if (!guarded)
		_exit(128 + number);
	siglongjmp(fault, 1);
}

/* What is for arguments comes first, and is less than it is to a boundary */
#define RESERVED (AREAS_ALIGN + (MAP_SLOTS + 1) * RUN_AREA)

/*
 * One piece of the address space has the memory for arguments, then the areas,
 * then one more, which stays empty: what begins at a place and is no longer
 * than an area ends in there, too. It is on a boundary, so that a fault's
 * surroundings are the same in each run.
 */
static char *reserve(void)
{
	char *all = mmap(NULL, RESERVED + AREAS_ALIGN, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (all == MAP_FAILED)
		fail_errno("cannot reserve memory");
	return all + (-(uintptr_t)all & (AREAS_ALIGN - 1));
}

/* The next ones, and behind them one that cannot be accessed */
static char *get_pages(char **next, size_t size, int fd)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	char *pages = *next;

	if (mmap(pages, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd,
		 0) == MAP_FAILED)
		fail_errno("cannot map memory");
	*next += size + RUN_PAGE;
	return pages;
}

void run_clear_areas(const struct run *run)
{
	if (mmap(run->areas, MAP_SLOTS * RUN_AREA, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		 0) == MAP_FAILED)
		_exit(1);
}

void run_init(struct run *run)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char *next = reserve();
	unsigned int i;

	if (fd < 0 || ftruncate(fd, RUN_PLACE_MAX))
		fail_errno("cannot make a memfd");
	memset(run, 0, sizeof(*run));
	run->areas = next + AREAS_ALIGN;
	run->usual = get_pages(&next, RUN_BULK_MAX, -1);
	run->writable = get_pages(&next, RUN_PLACE_MAX, fd);
	run->read_only = get_pages(&next, RUN_PLACE_MAX, fd);
	run->cut = get_pages(&next, RUN_PLACE_MAX, -1);
	mprotect(run->read_only, RUN_PLACE_MAX, PROT_READ);
	close(fd);
	for (i = 0; i < FD_SLOTS; i++)
		run->fds[i] = -1;
}

void run_begin(struct run *run)
{
	struct sigaction action = {.sa_handler = on_fault};

	memset(run->usual, 0, RUN_PLACE_MAX);
	memset(run->writable, 0, RUN_PLACE_MAX);
	memset(run->cut, 0, RUN_PLACE_MAX);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, run->mail))
		_exit(1);
}

bool run_copy(void *to, const void *from, size_t size)
{
	volatile bool there = false;

	guarded = 1;
	if (!sigsetjmp(fault, 1)) {
		memcpy(to, from, size);
		there = true;
	}
	guarded = 0;
	return there;
}

long run_touch_pages(char *address, size_t size, bool write)
{
	volatile char *byte = address;
	volatile long touched = 0;
	size_t offset;

	guarded = 1;
	if (!sigsetjmp(fault, 1)) {
		for (offset = 0; offset < size; offset += RUN_PAGE) {
			if (write)
				byte[offset] = (char)offset;
			else
				(void)byte[offset];
			touched = touched + 1;
		}
	}
	guarded = 0;
	return touched;
}

static char *fill(char *at, size_t room, const void *data, size_t size)
{
	memcpy(at, data, size < room ? size : room);
	return at;
}

static void *place_in_map(const struct run *run, uint64_t place,
			  const void *data, size_t size)
{
	const struct run_map *map = &run->maps[place_map(place)];
	size_t offset = place_offset(place);

	/* Also where nothing is mapped, within the area: then it is a hole */
	if (!map->address ||
	    (size_t)(map->address - run->areas) % RUN_AREA + offset >= RUN_AREA)
		return NULL;
	run_copy(map->address + offset, data, size);
	return map->address + offset;
}

static void *kernel_address(void)
{
	const uintptr_t address = KERNEL_ADDRESS;
	void *pointer;

	memcpy(&pointer, &address, sizeof(pointer));
	return pointer;
}

void *run_place(struct run *run, uint64_t place, const void *data, size_t size)
{
	size_t left = place_offset(place);

	switch (place_kind(place)) {
	case PLACE_OK:
		return fill(run->usual, RUN_PLACE_MAX, data, size);
	case PLACE_RO:
		fill(run->writable, RUN_PLACE_MAX, data, size);
		return run->read_only;
	case PLACE_CUT:
		if (left > RUN_PLACE_MAX)
			left = RUN_PLACE_MAX;
		return fill(run->cut + RUN_PLACE_MAX - left, left, data, size);
	case PLACE_HOLE:
		return run->cut + RUN_PLACE_MAX;
	case PLACE_HIGH:
		return kernel_address();
	case PLACE_MAP:
		return place_in_map(run, place, data, size);
	case PLACE_NULL:
	case PLACE_KINDS:
		break;
	}
	return NULL;
}

long run_result(long result)
{
	return result < 0 ? -errno : result;
}

/*
 * Two tasks that unmap one range at once, while it is pinned, may make VFIO
 * itself read what it has freed, see SECURITY.md: a run would end there, and
 * not at a mistake of ours. All processes of a program have one container, so
 * only the first of them unmaps; and the fuzzer, when that one is through.
 */
static bool is_for_first(unsigned long command)
{
	/* The kernel does not look at the other half */
	return (uint32_t)command == VFIO_IOMMU_UNMAP_DMA;
}

long run_ioctl_at(struct run *run, uint64_t fd, unsigned long command,
		  uint64_t place, void *data, size_t size)
{
	void *at = run_place(run, place, data, size);
	long result;

	if (run->forked && is_for_first(command))
		return -EPERM;
	result = run_result(ioctl(run->fds[fd], command, at));
	/* A kernel address would be copied from, if it could be */
	if (place_kind(place) != PLACE_HIGH && at)
		run_copy(data, at, size);
	return result;
}
