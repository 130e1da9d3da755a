// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bad pointers, see bytes.h.
 */
#include "bytes.h"

#include "test.h"

#include <string.h>
#include <sys/mman.h>

#define PLACE_SIZE 4096

static void *new_page(void)
{
	void *page = mmap(NULL, PLACE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		test_fail(__FILE__, __LINE__, "no memory");
	return page;
}

void *bytes_unmapped(void)
{
	void *page = new_page();

	munmap(page, PLACE_SIZE);
	return page;
}

void *bytes_read_only(const void *data, size_t size)
{
	void *page = new_page();

	memcpy(page, data, size);
	CHECK_OK(mprotect(page, PLACE_SIZE, PROT_READ));
	return page;
}

void *bytes_cut(const void *data, size_t size, size_t present)
{
	void *place = test_guarded(present);

	CHECK_LT(present, size);
	memcpy(place, data, present);
	return place;
}

void *bytes_across(enum edge edge, const void *data, size_t size,
		   size_t present)
{
	static unsigned char *pages;
	unsigned char *place;

	CHECK_LE(present, size);
	CHECK_LE(size, PLACE_SIZE);
	if (!pages)
		pages = (unsigned char *)test_guarded(2 * PLACE_SIZE);
	CHECK_OK(mprotect(pages + PLACE_SIZE, PLACE_SIZE,
			  PROT_READ | PROT_WRITE));
	place = pages + PLACE_SIZE - present;
	memcpy(place, data, size);
	CHECK_OK(mprotect(pages + PLACE_SIZE, PLACE_SIZE,
			  edge == EDGE_HOLE ? PROT_NONE : PROT_READ));
	return place;
}
