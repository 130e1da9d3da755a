// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pictures to be mapped, see mapping.h.
 */
#include "mapping.h"

#include "test.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static void export_with(struct mapping *mapping, struct screen *screen,
			uint32_t flags, int prot)
{
	struct vfio_dmabuf_mgr_create_dmabuf create = {
		.argsz = sizeof(create),
		.flags = flags,
		.plane_id = PRIMARY,
	};

	CHECK_OK(
		ioctl(screen->manager, VFIO_DMABUF_MGR_CREATE_DMABUF, &create));
	CHECK_EQ(create.plane_info.size, size_pages(screen->size) * PAGE);
	*mapping = (struct mapping){
		.screen = screen,
		.fd = create.fd,
		.size = create.plane_info.size,
		.prot = prot,
	};
}

void mapping_of_export(struct mapping *mapping, struct screen *screen)
{
	export_with(mapping, screen, 0, PROT_READ);
}

void mapping_of_writable(struct mapping *mapping, struct screen *screen)
{
	export_with(mapping, screen, VFIO_DMABUF_MGR_CREATE_WRITABLE,
		    PROT_READ | PROT_WRITE);
}

void mapping_of_vram(struct mapping *mapping, struct screen *screen)
{
	struct vfio_region_info info;

	region_info(&screen->device, BAR0, &info);
	*mapping = (struct mapping){
		.screen = screen,
		.fd = screen->device.fd,
		.offset = (off_t)info.offset,
		.size = size_pages(screen->size) * PAGE,
		.prot = PROT_READ | PROT_WRITE,
	};
}

void mapping_of_memfd(struct mapping *mapping, size_t size)
{
	*mapping = (struct mapping){
		.fd = (int)CHECK_OK(memfd_create("floor", MFD_CLOEXEC)),
		.size = size,
		.prot = PROT_READ | PROT_WRITE,
	};
	CHECK_OK(ftruncate(mapping->fd, (off_t)size));
	mapping_map(mapping);
	CHECK(mapping->at != MAP_FAILED);
	memset(mapping->at, 1, size);
	mapping_unmap(mapping);
}

void mapping_of_udmabuf(struct mapping *mapping, struct udmabuf *udmabuf,
			size_t size)
{
	udmabuf_open(udmabuf, size);
	udmabuf_create(udmabuf);
	udmabuf_created(udmabuf);
	*mapping = (struct mapping){
		.fd = udmabuf->fd,
		.size = size,
		.prot = PROT_READ | PROT_WRITE,
	};
}

void mapping_map(struct mapping *mapping)
{
	mapping->at = mmap(NULL, mapping->size, mapping->prot, MAP_SHARED,
			   mapping->fd, mapping->offset);
}

void mapping_unmap(struct mapping *mapping)
{
	CHECK(mapping->at != MAP_FAILED);
	munmap(mapping->at, mapping->size);
}
