/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share.  A target is a function of the bytes it is
 * given: it reads commands off their front and does them to the real code.
 * The rule: nothing outlives one input, so that each finding comes again.
 */
#ifndef GS_TESTS_FUZZ_H
#define GS_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* Numbers of so many bytes, the low one first; 0 behind the end. */
uint64_t fuzz_number(struct fuzz_input *in, size_t bytes);
/* Copies what is there of size bytes, and says how many that were. */
size_t fuzz_take(struct fuzz_input *in, void *to, size_t size);
/* Bytes up to a NUL or most, as text; to has room for most + 1. */
void fuzz_text(struct fuzz_input *in, char *to, size_t most);

static inline uint8_t
fuzz_byte(struct fuzz_input *in)
{
	return (uint8_t)fuzz_number(in, 1);
}

/* Ends the run: libFuzzer keeps the input. */
#define FUZZ(cond) ((cond) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #cond))
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

/* From here on the library may go through so many branches. */
void fuzz_budget(uint64_t branches);

/* Valid UTF-8 without control characters but those allowed. */
bool fuzz_printable(const char *text, size_t size, const char *allowed);

/* How many descriptors are open. */
int fuzz_descriptors(void);

/* A folder for this process, removed at its end; "" when none can be made. */
const char *fuzz_folder(void);
/* Removes what is in it. */
void fuzz_folder_clear(void);

/* stdout and stderr go to memory until fuzz_printed, which gives it back. */
struct fuzz_print {
	char *out, *err;
	size_t out_size, err_size;
};
void fuzz_print(struct fuzz_print *print);
void fuzz_printed(struct fuzz_print *print);
void fuzz_print_free(struct fuzz_print *print);

/* guard.c: signals that would have been sent; waits answer with this. */
struct fuzz_guard {
	uint32_t kills;
	int wait_status;
	bool has_status;
};
struct fuzz_guard *fuzz_guard(void);

#endif
