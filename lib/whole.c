/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Half a module: one whose copying was broken off, say.  The loader maps what
 * the headers promise and dies of what is not there, so it is looked at first.
 */
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/behaviour.h"

static bool
read_at(int fd, void *out, size_t size, uint64_t at)
{
	return at <= INT64_MAX &&
	       pread(fd, out, size, (off_t)at) == (ssize_t)size;
}

static bool
segment_whole(const Elf64_Phdr *h, uint64_t size)
{
	return h->p_type != PT_LOAD ||
	       (h->p_offset <= size && h->p_filesz <= size - h->p_offset);
}

static bool
segments_whole(int fd, uint64_t size)
{
	Elf64_Ehdr elf;
	Elf64_Phdr h;

	/* what is no ELF file at all, the loader finds better words for */
	if (!read_at(fd, &elf, sizeof(elf), 0) ||
	    memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_phentsize != sizeof(h))
		return true;
	for (unsigned i = 0; i < elf.e_phnum; i++) {
		if (!read_at(fd, &h, sizeof(h), elf.e_phoff + i * sizeof(h)) ||
		    !segment_whole(&h, size))
			return false;
	}
	return true;
}

bool
gsi_behaviour_whole(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool whole = true;
	struct stat st;

	if (fd < 0)
		return true;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		whole = segments_whole(fd, (uint64_t)st.st_size);
	close(fd);
	return whole;
}
