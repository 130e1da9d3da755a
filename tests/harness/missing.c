// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that is not there, see missing.h.
 */
#include "missing.h"

#include "test.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void missing_needed(void)
{
	int faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (faults < 0)
		test_skip("this kernel has no userfaultfd");
	CHECK_OK(close(faults));
}

void *missing_create(size_t size, int *faults)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(bytes != MAP_FAILED);
	*faults = (int)CHECK_OK(syscall(SYS_userfaultfd, O_CLOEXEC));
	CHECK_OK(ioctl(*faults, UFFDIO_API, &api));
	range.range.start = (uintptr_t)bytes;
	range.range.len = size;
	CHECK_OK(ioctl(*faults, UFFDIO_REGISTER, &range));
	return bytes;
}
