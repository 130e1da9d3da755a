// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ops on mappings. Offsets and sizes may be anything; they are cut to the
 * mapping's area, where what is beyond the mapping is a hole.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_LOCK ((size_t)16 << 20)

struct span {
	char *address;
	size_t size;
};

static char *area_of(const struct run *run, uint64_t slot)
{
	return run->areas + slot * RUN_AREA;
}

int run_prot(uint64_t word)
{
	static const int prots[] = {PROT_NONE, PROT_READ, PROT_WRITE,
				    PROT_READ | PROT_WRITE,
				    PROT_READ | PROT_EXEC};

	return prots[word];
}

long run_map_at(struct run *run, uint64_t slot, int fd, uint64_t offset,
		uint64_t size, int prot, int flags, uint64_t skew)
{
	struct run_map *map = &run->maps[slot];
	char *address = area_of(run, slot) + skew % 512 * RUN_PAGE;
	void *got;

	/* What an area has no room for is to be refused, or elsewhere */
	if (size <= RUN_AREA / 2)
		flags |= MAP_FIXED;
	got = mmap(address, size, prot, flags, fd, (off_t)offset);
	if (got == MAP_FAILED)
		return -errno;
	if (size > RUN_AREA / 2) {
		munmap(got, size);
		return -E2BIG;
	}
	map->address = got;
	map->size = (size + RUN_PAGE - 1) & ~(RUN_PAGE - 1);
	return 0;
}

/* to, fd, region, offset, size, prot, share, skew */
long run_map_op(struct run *run, const uint64_t *operands)
{
	static const int flags[] = {MAP_SHARED, MAP_PRIVATE};
	uint64_t offset = (operands[2] << 40) + operands[3];

	return run_map_at(run, operands[0], run->fds[operands[1]],
			  offset & ~(RUN_PAGE - 1), operands[4],
			  run_prot(operands[5]), flags[operands[6]],
			  operands[7]);
}

/* map, offset, size: the first three operands; false if there is none */
static bool span_of(const struct run *run, const uint64_t *operands,
		    struct span *span)
{
	const struct run_map *map = &run->maps[operands[0]];
	uint64_t offset = operands[1] & ~(RUN_PAGE - 1);

	if (!map->address)
		return false;
	if (offset > map->size)
		offset = map->size;
	span->address = map->address + offset;
	span->size = operands[2];
	if (span->size > map->size - offset)
		span->size = map->size - offset;
	return true;
}

/* map, offset, size */
long run_unmap(struct run *run, const uint64_t *operands)
{
	struct span span;

	if (!span_of(run, operands, &span))
		return -EBADF;
	return run_result(munmap(span.address, span.size));
}

/* to, map, offset, size, new, how */
long run_remap(struct run *run, const uint64_t *operands)
{
	static const int flags[] = {0, MREMAP_MAYMOVE | MREMAP_FIXED,
				    MREMAP_MAYMOVE | MREMAP_FIXED |
					    MREMAP_DONTUNMAP};
	struct run_map *to = &run->maps[operands[0]];
	size_t size = operands[4] < RUN_AREA / 2 ? operands[4] : RUN_AREA / 2;
	struct span span;
	void *got;

	if (!span_of(run, operands + 1, &span))
		return -EBADF;
	got = mremap(span.address, span.size, size, flags[operands[5]],
		     area_of(run, operands[0]));
	if (got == MAP_FAILED)
		return -errno;
	if (flags[operands[5]]) {
		to->address = got;
		to->size = (size + RUN_PAGE - 1) & ~(RUN_PAGE - 1);
	}
	return 0;
}

/* map, offset, size, advice */
long run_advise(struct run *run, const uint64_t *operands)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_WILLNEED,	   MADV_REMOVE,	  MADV_DONTFORK,
		MADV_DOFORK,   MADV_HUGEPAGE,	   MADV_COLD,	  MADV_PAGEOUT,
		MADV_FREE,     MADV_POPULATE_READ, MADV_MERGEABLE};
	struct span span;

	if (!span_of(run, operands, &span))
		return -EBADF;
	return run_result(
		madvise(span.address, span.size, advices[operands[3]]));
}

/* map, offset, size, prot */
long run_protect(struct run *run, const uint64_t *operands)
{
	struct span span;

	if (!span_of(run, operands, &span))
		return -EBADF;
	return run_result(
		mprotect(span.address, span.size, run_prot(operands[3])));
}

/* map, offset, size, access */
long run_touch(struct run *run, const uint64_t *operands)
{
	struct span span;
	long pages;

	if (!span_of(run, operands, &span))
		return -EBADF;
	pages = run_touch_pages(span.address, span.size, operands[3]);
	return pages * (long)RUN_PAGE < (long)span.size ? -EFAULT : 0;
}

/* map, offset, size, how */
long run_lock(struct run *run, const uint64_t *operands)
{
	unsigned char core[MAX_LOCK / RUN_PAGE];
	struct span span;

	if (!span_of(run, operands, &span))
		return -EBADF;
	if (span.size > MAX_LOCK)
		span.size = MAX_LOCK;
	switch (operands[3]) {
	case 0:
		return run_result(mlock(span.address, span.size));
	case 1:
		return run_result(munlock(span.address, span.size));
	case 2:
		return run_result(msync(span.address, span.size, MS_SYNC));
	default:
		return run_result(mincore(span.address, span.size, core));
	}
}

static long splice_out(const struct iovec *from)
{
	int pipe_fds[2];
	long result;

	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	result = run_result(vmsplice(pipe_fds[1], from, 1, SPLICE_F_NONBLOCK));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return result;
}

/* map, offset, size, how: have the kernel get hold of the pages */
long run_gup(struct run *run, const uint64_t *operands)
{
	struct iovec own, there;
	struct span span;

	if (!span_of(run, operands, &span))
		return -EBADF;
	there.iov_base = span.address;
	there.iov_len = span.size < RUN_BULK_MAX ? span.size : RUN_BULK_MAX;
	own.iov_base = run->usual;
	own.iov_len = there.iov_len;
	switch (operands[3]) {
	case 0:
		return run_result(
			process_vm_readv(getpid(), &own, 1, &there, 1, 0));
	case 1:
		return run_result(
			process_vm_writev(getpid(), &own, 1, &there, 1, 0));
	default:
		return splice_out(&there);
	}
}
