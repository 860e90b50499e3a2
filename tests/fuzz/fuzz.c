/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share: see fuzz.h. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t branches_left = UINT64_MAX;
static char folder[64];
static FILE *outside[2];

uint64_t
fuzz_number(struct fuzz_input *in, size_t bytes)
{
	uint64_t number = 0;

	for (size_t i = 0; i < bytes && in->left > 0; i++) {
		number |= (uint64_t)*in->at++ << 8 * i;
		in->left--;
	}
	return number;
}

size_t
fuzz_take(struct fuzz_input *in, void *to, size_t size)
{
	if (size > in->left)
		size = in->left;
	if (size > 0)
		memcpy(to, in->at, size);
	in->at += size;
	in->left -= size;
	return size;
}

void
fuzz_text(struct fuzz_input *in, char *to, size_t most)
{
	size_t n = 0;

	while (in->left > 0 && n < most && *in->at != '\0') {
		to[n++] = (char)*in->at++;
		in->left--;
	}
	to[n] = '\0';
	if (in->left > 0 && *in->at == '\0')
		fuzz_number(in, 1);
}

_Noreturn void
fuzz_fail(const char *file, int line, const char *what)
{
	char text[512];
	int n = snprintf(
	    text, sizeof(text), "%s:%d: does not hold: %s\n", file, line, what);

	/* stderr may be in memory just now */
	if (n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0)
		abort();
	abort();
}

/* The linker sends the library's calls of __sanitizer_cov_trace_pc here. */
void __wrap___sanitizer_cov_trace_pc(void);

__attribute__((no_sanitize("coverage"))) void
__wrap___sanitizer_cov_trace_pc(void)
{
	if (--branches_left == 0)
		fuzz_fail(__FILE__, __LINE__, "the work is bounded");
}

void
fuzz_budget(uint64_t branches)
{
	branches_left = branches;
}

/* Characters that turn or break a line, and the controls of Latin 1. */
static bool
obeyed(const char *text, size_t left)
{
	static const char *const all[] = { "\xd8\x9c", "\xe2\x80\x8e",
		"\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa",
		"\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae",
		"\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8",
		"\xe2\x81\xa9" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (left >= strlen(all[i]) &&
		    memcmp(text, all[i], strlen(all[i])) == 0)
			return true;
	return left > 1 && text[0] == '\xc2' && (unsigned char)text[1] < 0xa0;
}

/* jansson judges UTF-8, which is not the code under test. */
bool
fuzz_printable(const char *text, size_t size, const char *allowed)
{
	json_t *string = json_stringn(size > 0 ? text : "", size);
	bool fine = string != NULL;

	json_decref(string);
	for (size_t i = 0; i < size && fine; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f)
			fine = c != '\0' && strchr(allowed, c) != NULL;
		else if (c >= 0xc2)
			fine = !obeyed(text + i, size - i);
	}
	return fine;
}

int
fuzz_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 96; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

void
fuzz_folder_clear(void)
{
	struct dirent *entry;
	DIR *d = folder[0] != '\0' ? opendir(folder) : NULL;

	while (d != NULL && (entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d != NULL)
		closedir(d);
}

static void
remove_folder(void)
{
	fuzz_folder_clear();
	rmdir(folder);
}

const char *
fuzz_folder(void)
{
	const char *at = getenv("TMPDIR");

	if (folder[0] == '\0') {
		snprintf(folder, sizeof(folder), "%.40s/gs-fuzz-XXXXXX",
		    at != NULL ? at : "/tmp");
		if (mkdtemp(folder) == NULL)
			folder[0] = '\0';
		else
			atexit(remove_folder);
	}
	return folder;
}

void
fuzz_print(struct fuzz_print *print)
{
	outside[0] = stdout;
	outside[1] = stderr;
	*print = (struct fuzz_print){ 0 };
	stdout = open_memstream(&print->out, &print->out_size);
	stderr = open_memstream(&print->err, &print->err_size);
	FUZZ(stdout != NULL && stderr != NULL);
}

void
fuzz_printed(struct fuzz_print *print)
{
	(void)print;
	fclose(stdout);
	fclose(stderr);
	stdout = outside[0];
	stderr = outside[1];
}

void
fuzz_print_free(struct fuzz_print *print)
{
	free(print->out);
	free(print->err);
}
