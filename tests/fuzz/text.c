/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strangers' bytes made printable, by the library and by gsctl, which must
 * agree; words, numbers, pids and names taken from bytes; reasons cut short.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/gsctl/cmd.h"
#include "lib/internal.h"
#include "tests/fuzz/fuzz.h"

#define MOST 600

/* Exactly as many bytes as there are, so that a read behind them shows. */
static char *
copy_of(const void *data, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);

	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

static void
print(const char *text, size_t size, size_t room)
{
	char *ours = malloc(room), *theirs = malloc(room);

	gs_printable(gs_bytes_of(text, size), ours, room);
	cmd_safe(theirs, room, text, size);
	FUZZ(strnlen(ours, room) < room && strcmp(ours, theirs) == 0);
	FUZZ(fuzz_printable(ours, strlen(ours), ""));
	/* what is shown stays as it is when it is shown again */
	gs_printable(gs_text(ours), theirs, room);
	FUZZ(strcmp(ours, theirs) == 0);
	free(ours);
	free(theirs);
}

static void
take_words(const char *text, size_t size)
{
	gs_bytes rest = gs_bytes_of(text, size), word;
	size_t words = 0;

	while ((word = gs_word(&rest)).size > 0) {
		FUZZ((const char *)word.data >= text);
		FUZZ((const char *)word.data + word.size <= text + size);
		words++;
		FUZZ(words <= size);
	}
	FUZZ(rest.size == 0);
}

/* Judged by strtol, where it is as strict. */
static void
take_number(const char *text, size_t size)
{
	long number = gs_long(gs_bytes_of(text, size), -7);
	char number_text[32];
	char *end;
	long other;

	if (size == 0 || size >= sizeof(number_text))
		return;
	gs_string(gs_bytes_of(text, size), number_text, sizeof(number_text));
	errno = 0;
	other = strtol(number_text, &end, 10);
	if (strspn(number_text, "+-0123456789") == size && *end == '\0' &&
	    errno == 0)
		FUZZ(number == other);
	else
		FUZZ(number == -7);
}

static void
take_pid(const char *text)
{
	char back[GS_PID_TEXT];
	gs_pid pid, again;

	if (gs_pid_parse(text, &pid) != 0)
		return;
	FUZZ(gs_pid_parse(gs_pid_text(pid, back), &again) == 0);
	FUZZ(gs_pid_equal(pid, again));
}

/* A name is text that a person can type again. */
static void
take_name(const char *text)
{
	const char *why;

	if (gs_name_check(text, &why) != 0) {
		FUZZ(*why != '\0');
		return;
	}
	FUZZ(strlen(text) > 0 && strlen(text) <= GS_NAME_MAX);
	FUZZ(fuzz_printable(text, strlen(text), ""));
	FUZZ(strchr(text, '@') == NULL && text[0] != '<');
}

static void
take_reason(const char *text)
{
	char reason[GS_REASON_MAX + 1];

	gsi_reason_copy(reason, text);
	FUZZ(memchr(reason, '\0', sizeof(reason)) != NULL);
	FUZZ(*text == '\0' || strncmp(reason, text, strlen(reason)) == 0);
	if (fuzz_printable(text, strlen(text), "\n\t"))
		FUZZ(fuzz_printable(reason, strlen(reason), "\n\t"));
	gsi_reason_clean(reason);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	size_t room = 1 + fuzz_number(&in, 2) % MOST;
	char *text, *ended;

	size = in.left;
	text = copy_of(in.at, size);
	ended = malloc(size + 1);
	gs_string(gs_bytes_of(text, size), ended, size + 1);
	fuzz_budget(1000 * (MOST + size));
	print(text, size, room);
	take_words(text, size);
	take_number(text, size);
	take_pid(ended);
	take_name(ended);
	take_reason(ended);
	fuzz_budget(UINT64_MAX);
	free(text);
	free(ended);
	return 0;
}
