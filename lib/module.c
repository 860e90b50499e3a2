/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which ELF object an address of this process lies in, for a handler of
 * fatal signals: /proc/self/maps, read as it is, and the object's headers in
 * memory.  The build-id says later whether a file is still the one that ran.
 */
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/unwind.h"

#define HEADERS_MAX 64
#define NOTES_MAX 4096

/* One line of maps: START-END PERMS OFFSET DEVICE INODE PATH */
struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	const char *path;
};

static uint64_t
hex(const char **at)
{
	uint64_t value = 0;

	for (;; ++*at) {
		char c = **at;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return value;
	}
}

static void
skip_word(const char **at)
{
	while (**at != '\0' && **at != ' ')
		++*at;
	while (**at == ' ')
		++*at;
}

static void
parse(const char *line, struct mapping *m)
{
	m->start = hex(&line);
	line += *line == '-';
	m->end = hex(&line);
	skip_word(&line);
	skip_word(&line);
	m->offset = hex(&line);
	for (int i = 0; i < 3; i++)
		skip_word(&line);
	m->path = line;
}

struct search {
	uint64_t pc;
	struct gsi_module *module;
	uint64_t base; /* where the object of module->path begins */
	bool found;
	bool over;
};

static void
look(struct search *s, const char *line)
{
	struct mapping m;

	parse(line, &m);
	if (m.offset == 0) {
		size_t size = strnlen(m.path, GM_MODULE_PATH - 1);

		s->base = m.start;
		memcpy(s->module->path, m.path, size);
		s->module->path[size] = '\0';
	}
	s->over = m.start > s->pc;
	if (m.start > s->pc || s->pc >= m.end)
		return;
	s->over = true;
	s->module->start = m.start;
	s->module->end = m.end;
	s->found = m.path[0] != '\0' &&
		   strncmp(s->module->path, m.path, GM_MODULE_PATH - 1) == 0;
}

/* Lines longer than the buffer lose their end; that is of the path. */
static void
read_maps(int fd, struct search *s, char *buffer, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (!s->over && (n = read(fd, buffer + used, size - 1 - used)) > 0) {
		char *line = buffer, *end;

		used += (size_t)n;
		buffer[used] = '\0';
		while (!s->over && (end = memchr(line, '\n', used)) != NULL) {
			*end = '\0';
			look(s, line);
			used -= (size_t)(end + 1 - line);
			line = end + 1;
		}
		memmove(buffer, line, used);
		if (used == size - 1)
			used--;
	}
}

/* The build-id among the notes of one segment. */
static void
read_notes(uint64_t at, uint64_t size, struct gsi_module *module)
{
	uint64_t end = at + size;
	Elf64_Nhdr note;

	while (at + sizeof(note) <= end && gsi_peek(&note, at, sizeof(note))) {
		uint64_t desc = at + sizeof(note) + (note.n_namesz + 3) / 4 * 4;

		if (note.n_namesz > NOTES_MAX || note.n_descsz > NOTES_MAX)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    note.n_descsz <= GM_BUILD_ID &&
		    gsi_peek(module->id, desc, note.n_descsz)) {
			module->id_size = (uint8_t)note.n_descsz;
			return;
		}
		at = desc + (note.n_descsz + 3) / 4 * 4;
	}
}

/* Where the file would begin if its first segment were at 0. */
static bool
find_bias(uint64_t headers, int count, uint64_t base, uint64_t *bias)
{
	Elf64_Phdr h;

	for (int i = 0; i < count; i++) {
		if (!gsi_peek(&h, headers + (uint64_t)i * sizeof(h), sizeof(h)))
			return false;
		if (h.p_type == PT_LOAD && h.p_offset == 0) {
			*bias = base - h.p_vaddr;
			return true;
		}
	}
	return false;
}

static bool
read_headers(uint64_t base, struct gsi_module *module)
{
	Elf64_Ehdr elf;
	Elf64_Phdr h;
	uint64_t headers;

	if (!gsi_peek(&elf, base, sizeof(elf)) ||
	    memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf.e_ident[EI_CLASS] != ELFCLASS64 ||
	    elf.e_phentsize != sizeof(h) || elf.e_phnum > HEADERS_MAX)
		return false;
	headers = base + elf.e_phoff;
	if (!find_bias(headers, elf.e_phnum, base, &module->bias))
		return false;
	for (int i = 0; i < elf.e_phnum; i++) {
		if (!gsi_peek(&h, headers + (uint64_t)i * sizeof(h), sizeof(h)))
			return false;
		if (h.p_type == PT_GNU_EH_FRAME)
			module->eh_frame_hdr = module->bias + h.p_vaddr;
		if (h.p_type == PT_NOTE && module->id_size == 0 &&
		    h.p_memsz <= NOTES_MAX)
			read_notes(module->bias + h.p_vaddr, h.p_memsz, module);
	}
	return true;
}

bool
gsi_module_of(
    uint64_t pc, struct gsi_module *module, char *buffer, size_t buffer_size)
{
	struct search s = { .pc = pc, .module = module };
	int fd;

	if (module->start <= pc && pc < module->end)
		return true;
	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	memset(module, 0, sizeof(*module));
	if (fd < 0)
		return false;
	read_maps(fd, &s, buffer, buffer_size);
	close(fd);
	if (s.found && read_headers(s.base, module))
		return true;
	module->end = 0;
	return false;
}
