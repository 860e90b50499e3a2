/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers for servers that speak short text, so that gsctl can talk to them.
 * None of them allocates on the caller's behalf or fails on odd bytes.
 */
#ifndef GENSERVER_TEXT_H
#define GENSERVER_TEXT_H

#include <genserver/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True when the bytes are exactly this text. */
GS_API bool gs_is(gs_bytes bytes, const char *text);

/*
 * True when the first blank-separated word is verb; *rest (may be NULL) is
 * then what follows the blanks behind it, borrowed from bytes.
 */
GS_API bool gs_verb(gs_bytes bytes, const char *verb, gs_bytes *rest);

/* Takes the first word off *bytes and returns it; size 0 when none is left. */
GS_API gs_bytes gs_word(gs_bytes *bytes);

/* The whole of bytes as a decimal number, or otherwise if it is not one. */
GS_API long gs_long(gs_bytes bytes, long otherwise);

/* Copies bytes to text as a C string, cut to size - 1; returns text. */
GS_API char *gs_string(gs_bytes bytes, char *text, size_t size);

/*
 * Copies bytes to text for a terminal: controls, also those that turn text
 * around, and what is not UTF-8 become \xNN; cut to size - 1 between two
 * characters; returns text.
 */
GS_API char *gs_printable(gs_bytes bytes, char *text, size_t size);

/*
 * printf into memory of the library, a NUL behind it: borrowed until this
 * thread's eighth next gs_format.  No memory left gives size 1 and data NULL,
 * which is refused wherever it is sent.
 */
GS_API gs_bytes gs_format(const char *format, ...) GS_PRINTF(1, 2);

#define GS_STR(...) gs_format(__VA_ARGS__)

#ifdef __cplusplus
}
#endif

#endif
