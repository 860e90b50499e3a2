/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl log and show: files of any bytes, whole and followed while they grow,
 * are cut short and replaced.  Only printable text comes out; and of a log
 * that is sound each line, once and in order, however it is rotated.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "tests/fuzz/gsctl_node.h"

#define BRANCHES 20000000ull

int __wrap_inotify_init1(int flags);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);
ssize_t __wrap_read(int fd, void *to, size_t size);
ssize_t __real_read(int fd, void *to, size_t size);

struct file {
	char path[120];
	char older[120];
	bool rotated; /* since the reader looked: twice, and lines are lost */
	bool seen; /* there was a file to look at then */
	bool sound; /* only whole records in the end */
	int watch; /* what inotify_init1 has given */
	unsigned written; /* records */
	size_t torn; /* bytes of the last one that are there */
};

static struct file *
file(void)
{
	static struct file file;

	return &file;
}

static void
append(const void *data, size_t size)
{
	int fd =
	    open(file()->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	FUZZ(fd >= 0);
	FUZZ(write(fd, data, size) == (ssize_t)size);
	close(fd);
}

/* A record whose text is its number, or the next bytes of it. */
static void
write_record(size_t most)
{
	struct file *f = file();
	char line[64];
	size_t size = (size_t)snprintf(line, sizeof(line),
	    "0.5\tinfo\toutput\ta\t<9.1.1>\t%u\n", f->written);
	size_t n = size - f->torn < most ? size - f->torn : most;

	append(line + f->torn, n);
	f->torn = (f->torn + n) % size;
	f->written += f->torn == 0;
}

/* As the logger does it: the new file comes with the next record. */
static void
rotate(void)
{
	if (file()->torn == 0 && !file()->rotated && file()->seen)
		file()->rotated = rename(file()->path, file()->older) == 0;
}

static void
write_anything(struct fuzz_input *in)
{
	char bytes[300];

	append(bytes, fuzz_take(in, bytes, fuzz_number(in, 2) % 300));
}

/* What happens between two looks. */
static void
happen(struct fuzz_input *in)
{
	for (int i = 1 + fuzz_byte(in) % 4; i > 0; i--) {
		uint8_t what = fuzz_byte(in);

		if ((what & 7) == 0) {
			rotate();
		} else if (file()->sound) {
			write_record(what & 8 ? what % 32 : 100);
		} else if ((what & 7) == 1) {
			FUZZ(truncate(file()->path, fuzz_byte(in)) <= 0);
		} else {
			write_anything(in);
		}
	}
}

/* ---- the reader's system calls ---- */

int
__wrap_inotify_init1(int flags)
{
	(void)flags;
	return file()->watch = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int
__wrap_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	(void)path;
	(void)mask;
	return fd == file()->watch ? 0 : -1;
}

/* Waiting for a change makes one; without more input there is an error. */
ssize_t
__wrap_read(int fd, void *to, size_t size)
{
	struct fuzz_input *in = &pretend()->in;

	if (fd != file()->watch)
		return __real_read(fd, to, size);
	file()->rotated = file()->rotated && fd < 0;
	file()->seen = access(file()->path, F_OK) == 0;
	if (in->left == 0 && file()->torn == 0) {
		errno = EIO;
		return -1;
	}
	if (in->left == 0)
		write_record(100);
	else
		happen(in);
	return 1;
}

/* ---- what is printed ---- */

/* "TIME a| NUMBER" for each record, from 0 up. */
static void
check_numbers(const char *out)
{
	unsigned n = 0;

	for (const char *at = out; (at = strstr(at, "a| ")) != NULL; at++)
		FUZZ(strtoul(at + 3, NULL, 10) == n++);
	if (n != file()->written)
		fprintf(stderr, "# %u of %u records in:\n%s", n,
		    file()->written, out);
	FUZZ(n == file()->written);
}

static void
check_lines(const char *out)
{
	while (*out != '\0') {
		size_t n = strcspn(out, "\n");
		json_t *value =
		    json_loadb(out, n, JSON_REJECT_DUPLICATES, NULL);

		FUZZ(value != NULL && out[n] == '\n');
		json_decref(value);
		out += n + 1;
	}
}

static void
read_log(struct pretend *p, const char *const *words)
{
	struct fuzz_print print;

	for (p->words = 0; words[p->words] != NULL; p->words++)
		p->word[p->words] = (char *)(uintptr_t)words[p->words];
	p->word[p->words] = NULL;
	optind = 0;
	fuzz_print(&print);
	fuzz_budget(BRANCHES);
	gsctl_main(p->words, p->word);
	fuzz_budget(UINT64_MAX);
	fuzz_printed(&print);
	FUZZ(fuzz_printable(print.out, print.out_size, "\n\t"));
	FUZZ(fuzz_printable(print.err, print.err_size, "\n"));
	if (p->cmd != NULL && p->cmd->json)
		check_lines(print.out);
	else if (file()->sound)
		check_numbers(print.out);
	fuzz_print_free(&print);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setenv("GS_RUNTIME_DIR", fuzz_folder(), 1);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const ways[8][6] = {
		{ "gsctl", "-n", "n", "log" },
		{ "gsctl", "-n", "n", "log", "--json" },
		{ "gsctl", "-n", "n", "log", "a" },
		{ "gsctl", "-n", "n", "log", "<9.1.1>", "--json" },
		{ "gsctl", "-n", "n", "log", "-f" },
		{ "gsctl", "-n", "n", "log", "-f", "--json" },
		{ "gsctl", "-n", "n", "log", "-f", "a" },
		{ "gsctl", "-n", "n", "log", "-f" },
	};
	struct pretend *p = pretend();
	struct file *f = file();
	const char *words[7] = { NULL };
	int first = dup(STDIN_FILENO);
	uint8_t how;

	close(first);
	memset(p, 0, sizeof(*p));
	*f = (struct file){ .watch = -1 };
	p->in = (struct fuzz_input){ data, size };
	how = fuzz_byte(&p->in);
	f->sound = how & 8;
	p->terminal = how & 16;
	snprintf(f->path, sizeof(f->path), "%s/n.log", fuzz_folder());
	snprintf(f->older, sizeof(f->older), "%s/n.log.1", fuzz_folder());
	fuzz_folder_clear();
	append("", 0);
	f->seen = true;
	happen(&p->in);
	if ((how & 4) == 0)
		while (p->in.left > 0 || f->torn > 0)
			__wrap_read(-1, NULL, 0);
	memcpy(words, ways[how & 7], sizeof(ways[0]));
	read_log(p, words);
	/* gsctl leaves to the kernel what it has open when it ends */
	for (int fd = first; fd >= 0 && fd < first + 4; fd++)
		close(fd);
	return 0;
}
