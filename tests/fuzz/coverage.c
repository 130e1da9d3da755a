// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sites and features, see coverage.h. The modules' files are read by modfile.c.
 */
#include "coverage.h"

#include "fail.h"
#include "modfile.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcov.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRACE_ENTRIES (1U << 16)
#define KCOV_PATH "/sys/kernel/debug/kcov"
/* What KCOV knows the workers by: any number but 0 */
#define WORKERS 1
/* What the kernel would be linked to if it were not moved at boot */
#define TEXT_BASE UINT64_C(0xffffffff81000000)

const char *const coverage_modules[COVERAGE_MODULES] = {
	"vfio_dmabuf_mgr", "vfio_vdev", "vfio_bochs", "vfio_test_display",
	"vfio_virtio_gpu"};

static struct modfile modfiles[COVERAGE_MODULES];

/* All sites, by address, from the last coverage_locate() */
struct site {
	uint64_t address;
	uint32_t number; /* the same after the modules were loaded again */
	struct function *function;
};

static struct site *sites;
static size_t sites_count;
static bool *site_reached; /* by number */
static uint64_t moved;	   /* by how much KCOV's addresses are too small */

static bool *known; /* by feature */
static size_t known_count;
/* Which features are in the set that is being built, by the set's number */
static uint32_t *marks;
static uint32_t mark;
static const struct features *marked;

void trace_open(struct trace *trace, bool real)
{
	static uint64_t nothing;
	void *area;

	trace->fd = -1;
	trace->area = &nothing;
	if (!real)
		return;
	trace->fd = open(KCOV_PATH, O_RDWR | O_CLOEXEC);
	if (trace->fd < 0)
		fail_errno("%s, which needs a kernel with KCOV", KCOV_PATH);
	if (ioctl(trace->fd, KCOV_INIT_TRACE, (unsigned long)TRACE_ENTRIES))
		fail_errno("KCOV_INIT_TRACE");
	area = mmap(NULL, TRACE_ENTRIES * sizeof(uint64_t),
		    PROT_READ | PROT_WRITE, MAP_SHARED, trace->fd, 0);
	if (area == MAP_FAILED)
		fail_errno("cannot map %s", KCOV_PATH);
	trace->area = area;
}

void trace_keep(const struct trace *trace)
{
	if (trace->fd >= 0)
		madvise(trace->area, TRACE_ENTRIES * sizeof(uint64_t),
			MADV_DONTFORK);
}

void trace_enable(const struct trace *trace)
{
	if (trace->fd >= 0 &&
	    ioctl(trace->fd, KCOV_ENABLE, (unsigned long)KCOV_TRACE_PC))
		fail_errno("KCOV_ENABLE");
}

void trace_enable_workers(const struct trace *trace)
{
	struct kcov_remote_arg arg = {
		.trace_mode = KCOV_TRACE_PC,
		.area_size = TRACE_ENTRIES,
		.common_handle =
			kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, WORKERS),
	};

	if (trace->fd >= 0 && ioctl(trace->fd, KCOV_REMOTE_ENABLE, &arg))
		fail_errno("KCOV_REMOTE_ENABLE");
}

void trace_disable(const struct trace *trace)
{
	if (trace->fd >= 0 && ioctl(trace->fd, KCOV_DISABLE, 0))
		fail_errno("KCOV_DISABLE");
}

void trace_reset(const struct trace *trace)
{
	__atomic_store_n(&trace->area[0], 0, __ATOMIC_RELAXED);
}

uint64_t trace_count(const struct trace *trace)
{
	return __atomic_load_n(&trace->area[0], __ATOMIC_RELAXED);
}

void features_clear(struct features *features)
{
	features->count = 0;
	marked = NULL;
}

void features_free(struct features *features)
{
	free(features->items);
	memset(features, 0, sizeof(*features));
}

static void features_add(struct features *features, uint32_t feature)
{
	uint32_t *items;
	size_t i;

	if (marked != features) {
		marked = features;
		mark++;
		for (i = 0; i < features->count; i++)
			marks[features->items[i]] = mark;
	}
	if (marks[feature] == mark)
		return;
	marks[feature] = mark;
	if (features->count == features->size) {
		features->size = features->size ? 2 * features->size : 256;
		items = realloc(features->items,
				features->size * sizeof(*items));
		if (!items)
			fail("no memory");
		features->items = items;
	}
	features->items[features->count++] = feature;
}

void features_copy(struct features *to, const struct features *from)
{
	size_t i;

	features_clear(to);
	for (i = 0; i < from->count; i++)
		features_add(to, from->items[i]);
}

/* Where the kernel begins, as far as it was moved */
static uint64_t kernel_moved(void)
{
	char line[256], type, name[128];
	uint64_t address, text = TEXT_BASE;
	FILE *file = fopen("/proc/kallsyms", "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 " %c %127s", &address, &type,
			   name) == 3 &&
		    !strcmp(name, "_text")) {
			text = address;
			break;
		}
	}
	if (file)
		fclose(file);
	return text - TEXT_BASE;
}

/*
 * Memory that the children do not see: what is written all over the place
 * would be copied page by page after each fork.
 */
static void *own_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || madvise(memory, size, MADV_DONTFORK))
		fail("no memory");
	return memory;
}

void coverage_init(void)
{
	unsigned int i;
	size_t count = 0;

	for (i = 0; i < COVERAGE_MODULES; i++) {
		modfile_read(&modfiles[i], i, coverage_modules[i]);
		count += modfiles[i].sites_count;
	}
	sites = calloc(count, sizeof(*sites));
	site_reached = calloc(count, sizeof(*site_reached));
	if (!sites || !site_reached)
		fail("no memory");
	known = own_memory(FEATURES * sizeof(*known));
	marks = own_memory(FEATURES * sizeof(*marks));
	moved = kernel_moved();
}

static int compare_sites(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

void coverage_locate(void)
{
	const struct modfile *module;
	uint32_t number = 0;
	uint64_t base;
	unsigned int i;
	size_t j;

	sites_count = 0;
	for (i = 0; i < COVERAGE_MODULES; i++) {
		module = &modfiles[i];
		for (j = 0; j < module->sites_count; j++, number++) {
			base = modfile_section(module,
					       module->sites[j].section);
			if (!base)
				continue;
			sites[sites_count++] = (struct site){
				.address = base + module->sites[j].offset,
				.number = number,
				.function = module->sites[j].function,
			};
		}
	}
	qsort(sites, sites_count, sizeof(*sites), compare_sites);
}

static const struct site *site_at(uint64_t address)
{
	const struct site key = {.address = address};

	return bsearch(&key, sites, sites_count, sizeof(*sites), compare_sites);
}

static uint32_t hash(uint32_t a, uint32_t b)
{
	uint64_t value = ((uint64_t)a << 32 | b) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(value >> 40) % FEATURES;
}

void coverage_add(struct features *features, const struct trace *trace,
		  uint64_t begin, uint64_t end, uint32_t first)
{
	uint32_t previous = ~first;
	const struct site *site;
	uint64_t i;

	if (end >= TRACE_ENTRIES)
		end = TRACE_ENTRIES - 1;
	for (i = begin; i < end; i++) {
		site = site_at(trace->area[1 + i] + moved);
		if (!site)
			continue;
		if (!site_reached[site->number]) {
			site_reached[site->number] = true;
			site->function->reached++;
		}
		features_add(features, hash(previous, site->number));
		previous = site->number;
	}
}

void coverage_add_answer(struct features *features, uint32_t op, int error)
{
	features_add(features, hash(UINT32_MAX - op, ~(uint32_t)error));
}

size_t coverage_learn(const struct features *features)
{
	size_t i, count = 0;

	for (i = 0; i < features->count; i++) {
		count += !known[features->items[i]];
		known[features->items[i]] = true;
	}
	known_count += count;
	return count;
}

size_t coverage_known(void)
{
	return known_count;
}

void coverage_sites(unsigned int *reached, unsigned int *all)
{
	const struct function *functions;
	size_t i, count;

	*reached = *all = 0;
	functions = coverage_functions(&count);
	for (i = 0; i < count; i++) {
		if (functions[i].not_ours)
			continue;
		*reached += functions[i].reached;
		*all += functions[i].sites;
	}
}

const struct function *coverage_functions(size_t *count)
{
	return modfile_functions(count);
}
