// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fuzzer's programs as text, and their mutations.
 */
#include "mutate.h"
#include "program.h"
#include "test.h"

#include <dirent.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <linux/vfio.h>
#include <linux/vfio_dmabuf_mgr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROUNDS 20000
#define PAGE ((size_t)4096)

static void parse_ok(struct program *program, const char *text)
{
	char error[PROGRAM_MAX_ERROR] = "";

	if (!program_parse(program, text, error))
		test_fail(__FILE__, __LINE__, "%s", error);
}

/* What program_parse() says of a text that is no program */
static const char *parse_error(const char *text)
{
	static char error[PROGRAM_MAX_ERROR];
	struct program program;

	error[0] = 0;
	CHECK(!program_parse(&program, text, error));
	return error;
}

TEST("a program's text is the same after it was read and written")
{
	static const char text[] =
		"manager to=f4 fd=f0 type=0 at=ok\n"
		"query fd=f4 argsz=112 flags=0 plane=0x10001 at=cut:60\n"
		"gfx_query to=i7 fd=f15 argsz=0xffffffff flags=2 type=1 "
		"at=null\n"
		"map to=m7 fd=f4 region=0 offset=4096 size=0x200000 prot=rw "
		"share=shared skew=3\n"
		"info fd=f4 argsz=96 flags=0 at=m7+4080\n"
		"fork\n"
		"reopen to=f5 fd=f4 mode=path\n";
	char got[sizeof(text)];
	struct program program;

	parse_ok(&program, text);
	CHECK_EQ(program.count, 7);
	CHECK_EQ(program_print(&program, got, sizeof(got)), sizeof(text) - 1);
	CHECK_STR(got, text);
}

TEST("comments, blank lines and operands in any order are read")
{
	struct program program;
	char got[256];

	parse_ok(&program,
		 "# first\n\n  \t\n  drop  rights=0x1 fd=f3\t# why\r\n"
		 "reset");
	program_print(&program, got, sizeof(got));
	CHECK_STR(got, "drop fd=f3 argsz=0 flags=0 rights=1 at=ok\n"
		       "reset fd=f0\n");
}

TEST("what is wrong with a text is said with its line")
{
	char many[(PROGRAM_MAX_OPS + 1) * 8] = "", line[1024];
	unsigned int i;

	CHECK_STR(parse_error("fork\nfoo a=1\n"), "line 2: there is no op foo");
	CHECK_STR(parse_error("close fd"), "line 1: fd is not KEY=VALUE");
	CHECK_STR(parse_error("\nclose of=f1"),
		  "line 2: close has no operand of");
	CHECK_STR(parse_error("close fd=f16"), "line 1: fd cannot be f16");
	CHECK_STR(parse_error("close fd=m1"), "line 1: fd cannot be m1");
	CHECK_STR(parse_error("close fd=f"), "line 1: fd cannot be f");
	CHECK_STR(parse_error("close fd=f1 fd=f2"),
		  "line 1: fd is given twice");
	CHECK_STR(parse_error("repeat count=many"),
		  "line 1: count cannot be many");
	CHECK_STR(parse_error("repeat count="), "line 1: count cannot be ");
	CHECK_STR(parse_error("repeat count=0x10000000000000000"),
		  "line 1: count cannot be 0x10000000000000000");
	CHECK_STR(parse_error("card driver=i915"),
		  "line 1: driver cannot be i915");
	CHECK_STR(parse_error("info at=m8+0"), "line 1: at cannot be m8+0");
	CHECK_STR(parse_error("info at=cut:"), "line 1: at cannot be cut:");

	for (i = 0; i <= PROGRAM_MAX_OPS; i++)
		strcat(many, "fork\n");
	CHECK_STR(parse_error(many), "line 41: more than 40 ops");
	memset(line, ' ', sizeof(line));
	line[sizeof(line) - 1] = 0;
	CHECK_STR(parse_error(line), "line 1: more than 511 bytes");
}

static bool is_same(const struct program *a, const struct program *b)
{
	unsigned int i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (a->ops[i].kind != b->ops[i].kind ||
		    memcmp(a->ops[i].operands, b->ops[i].operands,
			   sizeof(a->ops[i].operands)) != 0)
			return false;
	return true;
}

/* Each slot and word is one that there is, or the text could not be read */
static void check_same_after_text(const struct program *program)
{
	char text[PROGRAM_MAX_TEXT];
	struct program again;

	CHECK_GT(program->count, 0);
	CHECK_LE(program->count, PROGRAM_MAX_OPS);
	CHECK_LT(program_print(program, text, sizeof(text)), sizeof(text));
	parse_ok(&again, text);
	CHECK(is_same(&again, program));
}

TEST("every program that mutation makes has a text, and is the text's program")
{
	struct program program, other;
	uint64_t seed = 20171;
	unsigned int i;

	program_generate(&program, &seed);
	for (i = 0; i < ROUNDS; i++) {
		program_generate(&other, &seed);
		check_same_after_text(&other);
		program_mutate(&program, &other, &seed);
		check_same_after_text(&program);
	}
}

TEST("the same seed makes the same programs, another seed others")
{
	struct program a, b, c;
	uint64_t seed_a = 5, seed_b = 5, seed_c = 6;
	unsigned int i, different = 0;

	for (i = 0; i < 100; i++) {
		program_generate(&a, &seed_a);
		program_generate(&b, &seed_b);
		program_generate(&c, &seed_c);
		CHECK(is_same(&a, &b));
		different += !is_same(&a, &c);
	}
	CHECK_GT(different, 90);
}

TEST("mutation comes to every op")
{
	struct program program, other;
	unsigned int i, j, missing = 0;
	bool seen[OP_KINDS] = {false};
	uint64_t seed = 7;

	program_generate(&program, &seed);
	for (i = 0; i < ROUNDS; i++) {
		program_generate(&other, &seed);
		program_mutate(&program, &other, &seed);
		for (j = 0; j < program.count; j++)
			seen[program.ops[j].kind] = true;
	}
	for (i = 0; i < OP_KINDS; i++) {
		if (seen[i])
			continue;
		test_note("never: %s", op_types[i].name);
		missing++;
	}
	CHECK_EQ(missing, 0);
}

/* One that ends where a page begins that nobody can access */
static struct program *program_at_edge(void)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK_LE(sizeof(struct program), PAGE);
	CHECK(pages != MAP_FAILED);
	CHECK_EQ(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	return (struct program *)(void *)(pages + PAGE -
					  sizeof(struct program));
}

/* All of one op, which gives nothing that another could take */
static void fill_up(struct program *program, enum op_kind kind)
{
	memset(program, 0, sizeof(*program));
	while (program->count < PROGRAM_MAX_OPS)
		program->ops[program->count++].kind = kind;
}

TEST("mutating full programs takes and puts nothing behind their last op")
{
	struct program *program = program_at_edge(), *other = program_at_edge();
	uint64_t seed = 61;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		fill_up(program, OP_FORK);
		fill_up(other, OP_RESET);
		program_mutate(program, other, &seed);
		check_same_after_text(program);
	}
}

TEST("a text that does not fit is cut, and its whole size told")
{
	struct program program;
	char text[9];

	memset(text, 'x', sizeof(text));
	parse_ok(&program, "reset\nfork\n");
	CHECK_EQ(program_print(&program, text, 8), 17);
	CHECK_STR(text, "reset f");
	CHECK_EQ(text[8], 'x');
}

/* The path of a seed, relative to the tree's root */
static void check_seed(const char *name)
{
	char path[512], text[PROGRAM_MAX_TEXT], error[PROGRAM_MAX_ERROR];
	struct program program;
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", name);
	file = fopen(path, "re");
	CHECK(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = 0;
	if (!program_parse(&program, text, error))
		test_fail(__FILE__, __LINE__, "%s: %s", path, error);
	CHECK_GT(program.count, 0);
}

TEST("every seed is a program")
{
	const struct dirent *file;
	unsigned int count = 0;
	DIR *directory;

	directory = opendir("tests/fuzz/corpus");
	CHECK(directory);
	while ((file = readdir(directory))) {
		if (file->d_name[0] == '.')
			continue;
		check_seed(file->d_name);
		count++;
	}
	closedir(directory);
	CHECK_GT(count, 10);
}

/* NAME = NUMBER, a line of its own */
static bool has_constant(const char *text, const char *name, uint64_t value)
{
	char line[128];

	snprintf(line, sizeof(line), "\n%s = %" PRIu64 "\n", name, value);
	return strstr(text, line);
}

TEST("syzkaller's constants are the headers'")
{
#define CONSTANT(name)                                                         \
	{                                                                      \
#name, name                                                    \
	}
	static const struct {
		const char *name;
		uint64_t value;
	} constants[] = {
		CONSTANT(DMA_BUF_IOCTL_SYNC),
		CONSTANT(VFIO_DEVICE_GET_FD),
		CONSTANT(VFIO_DEVICE_GET_GFX_DMABUF),
		CONSTANT(VFIO_DEVICE_GET_INFO),
		CONSTANT(VFIO_DEVICE_GET_IRQ_INFO),
		CONSTANT(VFIO_DEVICE_GET_REGION_INFO),
		CONSTANT(VFIO_DEVICE_RESET),
		CONSTANT(VFIO_DEVICE_SET_IRQS),
		CONSTANT(VFIO_DMABUF_MGR_CREATE_DMABUF),
		CONSTANT(VFIO_DMABUF_MGR_CREATE_WRITABLE),
		CONSTANT(VFIO_DMABUF_MGR_DROP_RIGHTS),
		CONSTANT(VFIO_DMABUF_MGR_GET_INFO),
		CONSTANT(VFIO_DMABUF_MGR_QUERY_PLANE),
		CONSTANT(VFIO_DMABUF_MGR_REQUEST_MODE),
		CONSTANT(VFIO_DMABUF_MGR_RIGHT_MODE),
		CONSTANT(VFIO_DMABUF_MGR_RIGHT_WRITABLE),
		CONSTANT(VFIO_GROUP_GET_DEVICE_FD),
		CONSTANT(VFIO_GROUP_SET_CONTAINER),
		CONSTANT(VFIO_SET_IOMMU),
		CONSTANT(VFIO_TYPE1v2_IOMMU),
	};
	FILE *file = fopen("tests/fuzz/planefd.txt.const", "re");
	char text[4096] = "";
	unsigned int i;

	CHECK(file);
	CHECK_GT(fread(text, 1, sizeof(text) - 1, file), 0);
	fclose(file);
	for (i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		if (!has_constant(text, constants[i].name, constants[i].value))
			test_fail(__FILE__, __LINE__, "%s is %" PRIu64,
				  constants[i].name, constants[i].value);
}
