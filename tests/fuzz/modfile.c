// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Modules' files by way of libelf, see modfile.h.
 */
#include "modfile.h"

#include "fail.h"

#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define CALLEE "__sanitizer_cov_trace_pc"
/* A call's operand is four bytes, and what follows is returned to */
#define CALL_OPERAND 4
/* Its opcode */
#define CALL 0xe8
#define MAX_FUNCTIONS 1024

static struct function functions[MAX_FUNCTIONS];
static size_t functions_count;

/* Functions of the module that is being read, with their places */
struct range {
	size_t section; /* of the file */
	uint64_t begin;
	uint64_t end;
	struct function *function;
};

struct reader {
	Elf *elf;
	const char *path;
	unsigned int number;
	Elf_Scn *symbols;
	size_t names; /* the section of the sections' names */
	struct range ranges[MAX_FUNCTIONS];
	size_t ranges_count;
};

static const char *section_name(const struct reader *reader, size_t index,
				GElf_Shdr *header)
{
	Elf_Scn *section = elf_getscn(reader->elf, index);
	const char *name;

	if (!section || !gelf_getshdr(section, header))
		fail("%s: %s", reader->path, elf_errmsg(-1));
	name = elf_strptr(reader->elf, reader->names, header->sh_name);
	return name ? name : "";
}

static void find_symbols(struct reader *reader)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(reader->elf, section))) {
		if (gelf_getshdr(section, &header) &&
		    header.sh_type == SHT_SYMTAB)
			reader->symbols = section;
	}
	if (!reader->symbols)
		fail("%s has no symbols", reader->path);
}

static const char *get_symbol(const struct reader *reader, size_t index,
			      GElf_Sym *symbol)
{
	GElf_Shdr header;
	const char *name;

	if (!gelf_getshdr(reader->symbols, &header) ||
	    !gelf_getsym(elf_getdata(reader->symbols, NULL), (int)index,
			 symbol))
		return NULL;
	name = elf_strptr(reader->elf, header.sh_link, symbol->st_name);
	return name ? name : "";
}

/* What no program can reach, and why */
static const char *not_ours(const char *name, const char *section)
{
	if (strncmp(section, ".text", 5) != 0)
		return "as the module comes and goes";
	if (!strncmp(name, "trace_", 6) || !strncmp(name, "__trace", 7) ||
	    !strncmp(name, "perf_trace_", 11) ||
	    !strncmp(name, "__bpf_trace_", 12))
		return "tracing is off";
	return NULL;
}

/* The compiler puts what it takes for unlikely apart, as NAME.cold */
static struct function *find_function(const struct reader *reader,
				      const char *name)
{
	size_t i;

	for (i = 0; i < functions_count; i++)
		if (functions[i].module == reader->number &&
		    !strcmp(functions[i].name, name))
			return &functions[i];
	return NULL;
}

static void add_function(struct reader *reader, const char *name,
			 const GElf_Sym *symbol)
{
	struct function *function = &functions[functions_count];
	struct range *range = &reader->ranges[reader->ranges_count++];
	GElf_Shdr header;

	if (functions_count == MAX_FUNCTIONS - 1)
		fail("more than %d functions", MAX_FUNCTIONS - 1);
	snprintf(function->name, sizeof(function->name), "%.*s",
		 (int)strcspn(name, "."), name);
	range->section = symbol->st_shndx;
	range->begin = symbol->st_value;
	range->end = symbol->st_value + symbol->st_size;
	range->function = find_function(reader, function->name);
	if (range->function)
		return;
	range->function = function;
	function->module = reader->number;
	function->not_ours =
		not_ours(name, section_name(reader, symbol->st_shndx, &header));
	functions_count++;
}

static void read_functions(struct reader *reader)
{
	GElf_Sym symbol;
	const char *name;
	size_t i;

	for (i = 0; (name = get_symbol(reader, i, &symbol)); i++) {
		if (GELF_ST_TYPE(symbol.st_info) == STT_FUNC &&
		    symbol.st_size && symbol.st_shndx != SHN_UNDEF &&
		    /* KASAN's own */
		    strncmp(name, "_sub_", 5) != 0 &&
		    /* The second name of init and exit */
		    strcmp(name, "init_module") != 0 &&
		    strcmp(name, "cleanup_module") != 0)
			add_function(reader, name, &symbol);
	}
}

static struct function *function_at(const struct reader *reader, size_t section,
				    uint64_t offset)
{
	size_t i;

	for (i = 0; i < reader->ranges_count; i++)
		if (reader->ranges[i].section == section &&
		    offset >= reader->ranges[i].begin &&
		    offset < reader->ranges[i].end)
			return reader->ranges[i].function;
	return NULL;
}

static unsigned int add_section(struct modfile *module, const char *name)
{
	unsigned int i;

	for (i = 0; i < module->sections_count; i++)
		if (!strcmp(module->sections[i], name))
			return i;
	if (i == MODFILE_SECTIONS)
		fail("%s has more than %d sections of code", module->name,
		     MODFILE_SECTIONS);
	snprintf(module->sections[i], sizeof(module->sections[i]), "%s", name);
	module->sections_count++;
	return i;
}

static void add_site(struct modfile *module, unsigned int section,
		     uint64_t offset, struct function *function)
{
	struct modfile_site *grown;

	/* In steps of powers of two */
	if (!(module->sites_count & (module->sites_count - 1))) {
		grown = realloc(module->sites,
				2 * (module->sites_count + 1) * sizeof(*grown));
		if (!grown)
			fail("no memory");
		module->sites = grown;
	}
	module->sites[module->sites_count++] = (struct modfile_site){
		.section = section,
		.offset = offset + CALL_OPERAND,
		.function = function,
	};
	function->sites++;
}

/*
 * A function that does nothing jumps to the callee instead of calling it, which
 * then returns to the function's caller: KCOV cannot tell such a function.
 */
static bool is_call(const struct reader *reader, size_t section,
		    uint64_t offset)
{
	const Elf_Data *code =
		elf_getdata(elf_getscn(reader->elf, section), NULL);

	return code && offset && offset < code->d_size &&
	       ((const unsigned char *)code->d_buf)[offset - 1] == CALL;
}

/* The calls of one section's code */
static void read_relocations(struct reader *reader, struct modfile *module,
			     Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t i, count = header->sh_size / header->sh_entsize;
	struct function *function;
	const char *name;
	GElf_Rela rela;
	GElf_Sym symbol;
	GElf_Shdr code;

	for (i = 0; data && i < count; i++) {
		if (!gelf_getrela(data, (int)i, &rela))
			continue;
		name = get_symbol(reader, GELF_R_SYM(rela.r_info), &symbol);
		if (!name || strcmp(name, CALLEE) != 0)
			continue;
		name = section_name(reader, header->sh_info, &code);
		function = function_at(reader, header->sh_info, rela.r_offset);
		if (!function || !(code.sh_flags & SHF_EXECINSTR) ||
		    !is_call(reader, header->sh_info, rela.r_offset))
			continue;
		add_site(module, add_section(module, name), rela.r_offset,
			 function);
	}
}

void modfile_read(struct modfile *module, unsigned int number, const char *name)
{
	static struct reader reader;
	Elf_Scn *section = NULL;
	struct utsname system;
	GElf_Shdr header;
	char path[256];
	int fd;

	uname(&system);
	snprintf(path, sizeof(path), "/lib/modules/%s/updates/%s.ko",
		 system.release, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_errno("%s", path);
	elf_version(EV_CURRENT);
	memset(&reader, 0, sizeof(reader));
	reader.path = path;
	reader.number = number;
	reader.elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!reader.elf || elf_getshdrstrndx(reader.elf, &reader.names))
		fail("%s: %s", path, elf_errmsg(-1));
	memset(module, 0, sizeof(*module));
	module->name = name;
	find_symbols(&reader);
	read_functions(&reader);
	while ((section = elf_nextscn(reader.elf, section))) {
		if (gelf_getshdr(section, &header) &&
		    header.sh_type == SHT_RELA)
			read_relocations(&reader, module, section, &header);
	}
	elf_end(reader.elf);
	close(fd);
	if (!module->sites_count)
		fail("%s is built without KCOV", path);
}

uint64_t modfile_section(const struct modfile *module, unsigned int section)
{
	uint64_t address = 0;
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/sections/%s", module->name,
		 module->sections[section]);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNx64, &address) != 1)
		address = 0;
	fclose(file);
	return address;
}

const struct function *modfile_functions(size_t *count)
{
	*count = functions_count;
	return functions;
}
