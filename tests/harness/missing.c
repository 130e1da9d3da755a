// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that is not there, see missing.h.
 */
#include "missing.h"

#include "test.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
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

static void *create(size_t size, int populate, uint64_t mode, int *faults)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.mode = mode};
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | populate, -1, 0);

	CHECK(bytes != MAP_FAILED);
	*faults = (int)CHECK_OK(syscall(SYS_userfaultfd, O_CLOEXEC));
	CHECK_OK(ioctl(*faults, UFFDIO_API, &api));
	range.range.start = (uintptr_t)bytes;
	range.range.len = size;
	CHECK_OK(ioctl(*faults, UFFDIO_REGISTER, &range));
	return bytes;
}

void *missing_create(size_t size, int *faults)
{
	return create(size, 0, UFFDIO_REGISTER_MODE_MISSING, faults);
}

void *missing_for_writers(size_t size, const void *bytes, size_t count,
			  int *faults)
{
	void *memory =
		create(size, MAP_POPULATE, UFFDIO_REGISTER_MODE_WP, faults);
	struct uffdio_writeprotect protect = {
		.range = {(uintptr_t)memory, size},
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	CHECK_LE(count, size);
	memcpy(memory, bytes, count);
	CHECK_OK(ioctl(*faults, UFFDIO_WRITEPROTECT, &protect));
	return memory;
}

uint64_t missing_wait(int faults)
{
	struct pollfd wait = {.fd = faults, .events = POLLIN};
	struct uffd_msg message;

	/* As long as the test may take */
	CHECK_EQ(poll(&wait, 1, -1), 1);
	CHECK_EQ(read(faults, &message, sizeof(message)), sizeof(message));
	CHECK_EQ(message.event, UFFD_EVENT_PAGEFAULT);
	return message.arg.pagefault.address & ~UINT64_C(4095);
}
