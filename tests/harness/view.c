// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A viewer that trusts nothing, see view.h.
 */
#include "view.h"

#include "display.h"
#include "test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

/* Odd, so that no two numbers of 32 bits have the same product */
#define MARK_FACTOR UINT32_C(0x9e3779b1)
#define MARK_INVERSE UINT32_C(0x0e8b2f51)

#define IDS_MAX (UINT32_C(1) << 20)

/* By buffer_id, a digest of its geometry, 0 for those not seen yet; shared */
static uint64_t *geometry_of_id;

uint32_t mark_at(uint64_t offset)
{
	return (uint32_t)(offset / 4 + 1) * MARK_FACTOR;
}

uint64_t mark_place(uint32_t mark)
{
	uint32_t word = mark * MARK_INVERSE - 1;

	return UINT64_C(4) * word;
}

void marks_write(void *data, uint64_t offset, size_t size)
{
	volatile uint32_t *word = data;
	size_t i;

	for (i = 0; i < size; i += 4)
		*word++ = mark_at(offset + i);
}

void marks_check(const void *data, uint64_t offset, size_t size, bool or_zero)
{
	const volatile uint32_t *word = data;
	uint32_t mark;
	size_t i;

	for (i = 0; i < size; i += 4) {
		unsigned long long place = offset + i;

		mark = *word++;
		if (!mark && or_zero)
			continue;
		if (mark != mark_at(place))
			test_fail(__FILE__, __LINE__,
				  "byte 0x%llx of the memory has the mark 0x%x "
				  "of byte 0x%llx",
				  place, mark,
				  (unsigned long long)mark_place(mark));
	}
}

void view_new_ids(void)
{
	size_t size = IDS_MAX * sizeof(*geometry_of_id);

	if (!geometry_of_id) {
		geometry_of_id = mmap(NULL, size, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		CHECK(geometry_of_id != MAP_FAILED);
	}
	CHECK_OK(madvise(geometry_of_id, size, MADV_REMOVE));
}

static void mix(uint64_t *digest, uint64_t value)
{
	/* FNV-1a, a word at a time */
	*digest = (*digest ^ value) * UINT64_C(0x100000001b3);
	*digest ^= *digest >> 32;
}

/* Whoever sees an id first says which geometry it is for all others */
static void check_id(uint64_t id, const struct vfio_dmabuf_mgr_plane_info *info)
{
	uint64_t digest = UINT64_C(0xcbf29ce484222325), known = 0;

	mix(&digest, view_offset(info));
	mix(&digest, info->drm_format_mod);
	mix(&digest, info->drm_format);
	mix(&digest, info->width);
	mix(&digest, info->height);
	mix(&digest, info->stride);
	mix(&digest, info->size);
	CHECK_NE(id, 0);
	CHECK_LT(id, IDS_MAX);
	if (!__atomic_compare_exchange_n(&geometry_of_id[id], &known, digest,
					 false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		CHECK_EQ(known, digest);
}

static uint32_t bytes_of_fourcc(uint32_t fourcc)
{
	static const struct bochs_mode modes[] = {
		{.bpp = 15}, {.bpp = 16}, {.bpp = 24}, {.bpp = 32}};
	unsigned int i;

	if (fourcc == FOURCC_ARGB8888)
		return 4;
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (bochs_fourcc(&modes[i]) == fourcc)
			return bochs_bytes(&modes[i]);
	test_fail(__FILE__, __LINE__, "no plane has the format 0x%x", fourcc);
}

bool view_check_info(const struct vfio_dmabuf_mgr_plane_info *info)
{
	static const struct vfio_dmabuf_mgr_plane_info off;
	uint64_t used = (uint64_t)info->stride * info->height;

	if (!memcmp(info, &off, sizeof(off)))
		return false;
	CHECK_NE(info->start, 0);
	CHECK_GT(info->width, 0);
	CHECK_GT(info->height, 0);
	CHECK_EQ(info->drm_format_mod, 0);
	CHECK_GE(info->stride, info->width * bytes_of_fourcc(info->drm_format));
	CHECK_LE(view_offset(info) + used, VIEW_MEMORY);
	CHECK_EQ(info->size,
		 (info->start % PAGE + used + PAGE - 1) / PAGE * PAGE);
	CHECK_EQ(info->padding, 0);
	return true;
}

int view_query(int manager, uint32_t plane_id, uint64_t *sequence)
{
	union plane_query query;
	const struct vfio_dmabuf_mgr_query_plane_ext *ext = &query.ext;
	const struct vfio_dmabuf_mgr_plane_info *info = &query.base.plane_info;

	if (plane_query(manager, plane_id, &query))
		return -1;
	CHECK_GE(ext->sequence, *sequence);
	if (ext->sequence == *sequence)
		CHECK_EQ(ext->damage_width, 0);
	*sequence = ext->sequence;
	CHECK_LE(ext->time_ns, test_now());
	if (view_check_info(info))
		check_id(ext->buffer_id, info);
	else
		CHECK_EQ(ext->buffer_id, 0);
	CHECK_EQ(!ext->damage_width, !ext->damage_height);
	CHECK_LE((uint64_t)ext->damage_x + ext->damage_width, info->width);
	CHECK_LE((uint64_t)ext->damage_y + ext->damage_height, info->height);
	return 0;
}

int view_create(int manager, uint32_t plane_id, uint32_t flags,
		struct vfio_dmabuf_mgr_create_dmabuf *create)
{
	if (plane_create(manager, plane_id, flags, create))
		return -1;
	CHECK(view_check_info(&create->plane_info));
	CHECK_EQ(lseek(create->fd, 0, SEEK_END), create->plane_info.size);
	return 0;
}

void view_pixels(const struct vfio_dmabuf_mgr_create_dmabuf *create,
		 uint64_t *seed, bool or_zero)
{
	const struct vfio_dmabuf_mgr_plane_info *info = &create->plane_info;
	bool writable = create->flags & VFIO_DMABUF_MGR_CREATE_WRITABLE;
	unsigned char *map = plane_map(create->fd, info,
				       PROT_READ | (writable ? PROT_WRITE : 0));
	uint64_t first = view_offset(info) / PAGE * PAGE;
	uint64_t pages = info->size / PAGE, i, at;
	uint64_t places[] = {0, pages - 1, test_random(seed) % pages};

	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		at = places[i] * PAGE;
		if (writable)
			marks_write(map + at, first + at, 64);
		marks_check(map + at, first + at, 64, or_zero);
	}
	CHECK_OK(munmap(map, info->size));
}
