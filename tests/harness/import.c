// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device that imports dma-bufs, see import.h.
 */
#include "import.h"

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int import_dmabuf(int dmabuf)
{
	int fd, error;

	CHECK_EQ(system("modprobe vfio_test_import"), 0);
	fd = (int)CHECK_OK(open("/dev/vfio_test_import", O_WRONLY | O_CLOEXEC));
	if (write(fd, &dmabuf, sizeof(dmabuf)) == sizeof(dmabuf))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}
