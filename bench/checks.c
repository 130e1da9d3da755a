// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold of the figures, see checks.h.
 */
#include "checks.h"

#include "rows.h"

#include <stddef.h>

/* How far apart may be what is to be the same, in percent */
#define SAME_PERCENT 2

static const struct figures *figures_of(const char *work, const char *size,
					enum column column)
{
	const struct row *row = result_find(work, size);

	if (!row || row->cells[column].kind != CELL_FIGURES)
		return NULL;
	return &row->cells[column].figures;
}

/* At most so many percent above; missing figures are a failure */
static bool within(const struct figures *ours, const struct figures *other,
		   double percent)
{
	return ours && other &&
	       ours->median <= other->median * (1 + percent / 100);
}

static bool same(const struct figures *ours, const struct figures *other)
{
	return within(ours, other, SAME_PERCENT) &&
	       within(other, ours, SAME_PERCENT);
}

/* It costs the same here as there, at planefd */
static void check_same(const char *work, const char *size, const char *base)
{
	result_check(same(figures_of(work, size, PLANEFD),
			  figures_of(work, base, PLANEFD)),
		     "%s costs the same at %s as at %s", work, size, base);
}

/* It costs no more than the floor */
static void check_floor(const char *work, const char *size)
{
	const struct row *row = result_find(work, size);

	result_check(within(figures_of(work, size, PLANEFD),
			    figures_of(work, size, FLOOR), SAME_PERCENT),
		     "%s at %s costs no more than %s", work, size,
		     row ? row->cells[FLOOR].note : "the floor");
}

static void check_zero(const char *work, const char *size)
{
	const struct figures *ours = figures_of(work, size, PLANEFD);

	result_check(ours && ours->high == 0, "%s%s%s: 0 at planefd", work,
		     *size ? ", " : "", size);
}

/* Known, and why; docs/performance.md says it at length */
static void excuses(void)
{
	static const char constant[] =
		"mdpy's mode never changes, so it takes no lock and looks at "
		"nothing";
	static const char silent[] =
		"mbochs stores the value; ours checks the mode and tells of it";

	result_excuse(ROW_QUERY, constant);
	result_excuse(ROW_MANY_QUERY, constant);
	result_excuse(ROW_FLIP, silent);
	result_excuse(ROW_MANY_FLIP, silent);
}

void checks(void)
{
	unsigned int i;

	excuses();
	for (i = 1; i < sizes_count; i++) {
		check_same(ROW_QUERY, sizes[i].name, SIZE_VGA->name);
		check_same(ROW_AGAIN, sizes[i].name, SIZE_VGA->name);
		check_same(ROW_MEMORY_BUFFER, sizes[i].name, SIZE_VGA->name);
	}
	check_floor(ROW_MAP, SIZE_HD->name);
	check_floor(ROW_MAP, SIZE_4K->name);
	check_floor(ROW_VRAM, SIZE_4K->name);
	check_floor(ROW_READ, SIZE_HD->name);
	check_floor(ROW_WRITE, SIZE_HD->name);
	check_floor(ROW_ONCE, SIZE_HD->name);
	check_zero(ROW_IDLE_SWITCHES, "");
	check_zero(ROW_IDLE_VIEWER, "");
	check_zero(ROW_COPIED, PAGES_DRAWN);
	check_zero(ROW_COPIED, PAGES_FLIPPED);
	check_floor(ROW_COPIED, PIECES_DRAWN);
	check_floor(ROW_COPIED, PIECES_FLIPPED);
	check_same(ROW_MANY_QUERY, "64 viewers", "1 viewer");
	check_same(ROW_MANY_EXPORT, "64 viewers", "1 viewer");
	check_same(ROW_MANY_FLIP, "64 viewers", "1 viewer");
	check_same(ROW_MANY_WAKE, "64 viewers", "1 viewer");
	check_same(ROW_MANY_QUERY, "64 devices", "1 device");
	check_same(ROW_MANY_EXPORT, "64 devices", "1 device");
	check_same(ROW_MANY_FLIP, "64 devices", "1 device");
	result_check_peers();
}
