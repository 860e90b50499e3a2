/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports and output on their way to the log: what is sent is what is read,
 * any datagram is read or refused, each line of the file is one that gsctl
 * can read back, and what servers print is not lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/gsctl/record.h"
#include "lib/record.h"
#include "tests/fuzz/fuzz.h"

#define BRANCHES 20000000ull

struct world {
	int pair[2];
	char path[100];
	struct gsi_logfile file;
	struct gm_arena arena;
	char *text; /* of the file */
	size_t size;
};

static void
read_file(struct world *w)
{
	struct gsi_logfile *f = &w->file;
	int fd = open(w->path, O_RDONLY | O_CLOEXEC);
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;

	w->size = (size_t)size;
	w->text = malloc(w->size + 1);
	FUZZ(fd < 0 || pread(fd, w->text, w->size, 0) == size);
	w->text[w->size] = '\0';
	if (fd >= 0)
		close(fd);
	FUZZ(f->lost == 0 && !f->torn);
}

/* Lines that gsctl can read, all of them printable. */
static unsigned
check_file(struct world *w)
{
	struct record record;
	unsigned lines = 0;

	read_file(w);
	FUZZ(fuzz_printable(w->text, w->size, "\n\t"));
	for (char *at = w->text; *at != '\0'; lines++) {
		char *end = strchr(at, '\n');

		FUZZ(end != NULL);
		*end = '\0';
		FUZZ(record_parse(at, &record));
		at = end + 1;
	}
	free(w->text);
	return lines;
}

static gs_bytes
some_bytes(struct fuzz_input *in)
{
	size_t size = fuzz_byte(in);

	if (size > in->left)
		size = in->left;
	in->at += size;
	in->left -= size;
	return gs_bytes_of(in->at - size, size);
}

/* Printable text is the same in the log, byte for byte. */
static void
check_back(struct world *w, const char *text, gs_bytes value)
{
	struct record record;

	read_file(w);
	FUZZ(strlen(w->text) == w->size && w->size > 0);
	w->text[w->size - 1] = '\0';
	FUZZ(record_parse(w->text, &record));
	if (fuzz_printable(text, strlen(text), "\n\t"))
		FUZZ(strcmp(record.text, text) == 0);
	if (fuzz_printable(value.data, value.size, "\n\t")) {
		FUZZ(record.count == 1);
		FUZZ(gs_is(value, record.fields[0].value));
	}
	free(w->text);
}

static void
send_and_read(struct world *w, struct fuzz_input *in)
{
	char kind[140], name[140], text[300], data[GSI_RECORD_MAX];
	gs_bytes value = some_bytes(in);
	struct gsi_field field = { "k", value.data, value.size };
	gs_pid pid = { 9, fuzz_byte(in), 1 };
	struct gsi_record record;
	ssize_t n;

	fuzz_text(in, kind, sizeof(kind) - 1);
	fuzz_text(in, name, sizeof(name) - 1);
	fuzz_text(in, text, sizeof(text) - 1);
	gsi_report(w->pair[1], (enum gsi_level)(fuzz_byte(in) % 5), kind, name,
	    pid, text, &field, 1);
	n = recv(w->pair[0], data, sizeof(data), MSG_DONTWAIT);
	FUZZ(n > 0 && gsi_record_read(data, (size_t)n, &record));
	FUZZ(gs_is(record.text, text) && record.n_fields == 1);
	FUZZ(record.fields[0].value.size == value.size);
	gsi_logfile_write(&w->file, &record);
	check_back(w, text, value);
	/* and once more, with something changed */
	if (in->left > 1)
		fuzz_take(in, data + fuzz_byte(in) % n, 1 + fuzz_byte(in) % 4);
	if (gsi_record_read(data, (size_t)n, &record))
		gsi_logfile_write(&w->file, &record);
	check_file(w);
}

static void
read_anything(struct world *w, struct fuzz_input *in)
{
	char *data = malloc(in->left + 1);
	size_t size = fuzz_take(in, data, in->left);
	struct gsi_record record;

	if (gsi_record_read(data, size, &record))
		gsi_logfile_write(&w->file, &record);
	check_file(w);
	free(data);
}

/* A table in which any word is anything, as the logger looks names up. */
static void
make_arena(struct world *w, struct fuzz_input *in)
{
	char why[32];
	char *at;

	FUZZ(gm_arena_create(&w->arena, NULL, why) == 0);
	for (uint32_t slot = 1; slot < 4; slot++)
		FUZZ(gm_arena_grow(&w->arena, slot) == 0);
	at = (char *)&w->arena.table[1];
	for (int i = fuzz_byte(in) % 16; i > 0; i--) {
		size_t place = fuzz_number(in, 2) % (3 * 512 - 8);

		fuzz_take(in, at + place, 1 + fuzz_byte(in) % 8);
	}
	w->arena.table[1].os_pid = 4194401;
	w->arena.table[1].word = 1ull << 32 | 1;
}

static void
print(struct world *w, struct fuzz_input *in)
{
	struct gsi_output *output;
	unsigned lines = 0, ends = 0;

	make_arena(w, in);
	output = gsi_output_new(&w->file, &w->arena);
	while (in->left > 0) {
		int os_pid = 4194400 + fuzz_byte(in) % 80;
		gs_bytes data = some_bytes(in);

		for (size_t i = 0; i < data.size; i++)
			ends += ((const char *)data.data)[i] == '\n';
		gsi_output_take(output, os_pid, data.data, data.size);
		FUZZ(gsi_output_wait(output) >= -1);
	}
	gsi_output_flush(output, true);
	lines = check_file(w);
	FUZZ(lines >= ends);
	gsi_output_free(output);
	gm_arena_close(&w->arena);
}

/* What goes to a person instead of a file. */
static void
for_people(struct fuzz_input *in)
{
	struct gsi_logfile file;
	gs_bytes kind = some_bytes(in), name = some_bytes(in);
	struct gsi_record r = {
		.time = (int64_t)fuzz_number(in, 8),
		.level = (enum gsi_level)(fuzz_byte(in) % 5),
		.kind = kind,
		.name = name,
		.text = some_bytes(in),
		.n_fields = 1,
	};
	int save = dup(STDERR_FILENO), fd = memfd_create("err", MFD_CLOEXEC);
	char text[8192];
	ssize_t n;

	r.fields[0].key = some_bytes(in);
	r.fields[0].value = some_bytes(in);
	FUZZ(gsi_logfile_open(&file, NULL) == 0);
	dup2(fd, STDERR_FILENO);
	gsi_logfile_write(&file, &r);
	dup2(save, STDERR_FILENO);
	gsi_logfile_close(&file);
	n = pread(fd, text, sizeof(text), 0);
	FUZZ(n > 0 && fuzz_printable(text, (size_t)n, "\n"));
	close(save);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct world w = { .size = 0 };
	int fds = fuzz_descriptors();

	fuzz_folder_clear();
	snprintf(w.path, sizeof(w.path), "%s/log", fuzz_folder());
	FUZZ(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, w.pair) == 0);
	FUZZ(gsi_logfile_open(&w.file, w.path) == 0);
	fuzz_budget(BRANCHES);
	switch (fuzz_byte(&in) % 4) {
	case 0:
		send_and_read(&w, &in);
		break;
	case 1:
		read_anything(&w, &in);
		break;
	case 2:
		print(&w, &in);
		break;
	case 3:
		for_people(&in);
		break;
	}
	fuzz_budget(UINT64_MAX);
	gsi_logfile_close(&w.file);
	close(w.pair[0]);
	close(w.pair[1]);
	FUZZ(fuzz_descriptors() == fds);
	return 0;
}
