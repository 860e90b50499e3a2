/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts words: each cast is a line of text, calls ask for the counts.  Words
 * are runs of ASCII letters, in lower case, as "tr -cs A-Za-z '\n'" has them.
 *
 *	gsctl start --name words ./wordcount.so
 *	gsctl cast --lines words < LICENSE
 *	gsctl call words count license		how often
 *	gsctl call words top 10			lines "COUNT WORD"
 *	gsctl call words total
 *	gsctl call words distinct
 *
 * As a program it prints the top 10 of what it reads: wordcount < LICENSE.
 */
#include <genserver.h>
#include <stdio.h>
#include <stdlib.h>

#include "table.h"

struct wordcount {
	struct table words; /* each value is a long */
	long total;
};

extern const gs_behaviour wordcount;

/* Client functions: these run in the caller. */

static int
wordcount_start_link(const char *name, gs_pid *pid)
{
	gs_options options = { .name = name };

	return gs_start_link(&wordcount, GS_NONE, &options, pid);
}

/* Waits for room: we read faster than words are counted. */
static int
wordcount_line(gs_addr to, gs_bytes line)
{
	return gs_cast_wait(to, line, GS_CALL_TIMEOUT);
}

static int
wordcount_top(gs_addr to, int n, gs_bytes *lines)
{
	return gs_call(to, GS_STR("top %d", n), lines, GS_CALL_TIMEOUT);
}

/* Callbacks: these run in the server. */

static gs_next
wordcount_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

/* A copy in lower case, where all that is no letter is NUL. */
static char *
fold(gs_bytes bytes)
{
	const char *from = bytes.data;
	char *to = calloc(bytes.size + 1, 1);

	if (!to)
		gs_exit("enomem");
	for (size_t i = 0; i < bytes.size; i++) {
		if (from[i] >= 'a' && from[i] <= 'z')
			to[i] = from[i];
		else if (from[i] >= 'A' && from[i] <= 'Z')
			to[i] = (char)(from[i] - 'A' + 'a');
	}
	return to;
}

static long
count_of(const struct entry *e)
{
	return e ? *(const long *)e->value.data : 0;
}

static void
count(struct wordcount *w, gs_bytes word)
{
	long n = count_of(table_get(&w->words, word)) + 1;

	if (table_put(&w->words, word, GS_OBJECT(n)) < 0)
		gs_exit("enomem");
	w->total++;
}

static gs_next
wordcount_cast(void *state, gs_bytes line)
{
	char *folded = fold(line), *end = folded + line.size;

	for (char *at = folded; at < end; at++) {
		gs_bytes word = GS_TEXT(at);

		if (word.size > 0)
			count(state, word);
		at += word.size;
	}
	free(folded);
	return gs_next_noreply();
}

static int
by_count(const void *left, const void *right)
{
	const struct entry *a = *(struct entry *const *)left;
	const struct entry *b = *(struct entry *const *)right;
	long m = count_of(a), n = count_of(b);

	if (m != n)
		return m < n ? 1 : -1;
	return strcmp(a->key.data, b->key.data);
}

static gs_next
top(const struct table *t, long n)
{
	struct entry **all = calloc(t->used + 1, sizeof(*all));
	struct entry *e = NULL;
	size_t used = 0, size;
	char *text;
	FILE *out = open_memstream(&text, &size);
	gs_next next;

	if (!all || !out)
		gs_exit("enomem");
	while ((e = table_next(t, e)) != NULL)
		all[used++] = e;
	qsort(all, used, sizeof(*all), by_count);
	for (size_t i = 0; i < used && (long)i < n; i++)
		fprintf(out, "%s%ld %s", i ? "\n" : "", count_of(all[i]),
		    (const char *)all[i]->key.data);
	if (fclose(out) != 0)
		gs_exit("enomem");
	next = gs_next_reply(GS_BYTES(text, size));
	free(text);
	free(all);
	return next;
}

static gs_next
wordcount_call(void *state, gs_bytes request, gs_from from)
{
	struct wordcount *w = state;
	gs_bytes rest;
	char *word;
	long n;

	(void)from;
	if (gs_is(request, "total"))
		return gs_next_reply(GS_STR("%ld", w->total));
	if (gs_is(request, "distinct"))
		return gs_next_reply(GS_STR("%zu", w->words.used));
	if (gs_verb(request, "top", &rest) && (n = gs_long(rest, -1)) >= 0)
		return top(&w->words, n);
	if (!gs_verb(request, "count", &rest))
		return gs_next_reply(GS_TEXT("bad_request"));
	word = fold(rest);
	n = count_of(table_get(&w->words, GS_BYTES(word, rest.size)));
	free(word);
	return gs_next_reply(GS_STR("%ld", n));
}

static void
wordcount_status(const void *state, gs_status *status)
{
	const struct wordcount *w = state;

	status->text =
	    GS_STR("%ld words, %zu distinct", w->total, w->words.used);
}

GS_SERVER(wordcount, .version = "1", .state_size = sizeof(struct wordcount),
    .init = wordcount_init, .handle_call = wordcount_call,
    .handle_cast = wordcount_cast, .format_status = wordcount_status);
GS_MODULE(wordcount);

int
main(void)
{
	gs_bytes lines;
	char *line = NULL;
	size_t room = 0;
	ssize_t size;
	gs_pid pid;

	if (gs_node_open(NULL, 0) < 0 || wordcount_start_link(NULL, &pid) < 0)
		goto fail;
	while ((size = getline(&line, &room, stdin)) >= 0)
		if (wordcount_line(GS_PID(pid), GS_BYTES(line, size)) < 0)
			goto fail;
	free(line);
	if (wordcount_top(GS_PID(pid), 10, &lines) < 0)
		goto fail;
	printf("%.*s\n", (int)lines.size, (const char *)lines.data);
	return 0;
fail:
	fprintf(stderr, "wordcount: %s\n", gs_error_text());
	return 1;
}
