/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key/value store.  A key is a word; one blank behind it, the value is all
 * bytes to the end of the request, whatever they are.
 *
 *	gsctl start --name kv ./kv.so
 *	gsctl call kv put motto per aspera ad astra	ok
 *	gsctl call kv get motto				per aspera ad astra
 *	gsctl call kv delete motto			ok
 *	gsctl call kv get motto				not_found
 *	gsctl call kv size				0
 *	gsctl call kv keys				one a line, in no order
 */
#include <genserver.h>
#include <stdio.h>
#include <stdlib.h>

#include "table.h"

extern const gs_behaviour kv;

/* Client functions: these run in the caller. */

static int
kv_start_link(const char *name, gs_pid *pid)
{
	gs_options options = { .name = name };

	return gs_start_link(&kv, GS_NONE, &options, pid);
}

static int
kv_put(gs_addr to, const char *key, const char *value)
{
	return gs_call(
	    to, GS_STR("put %s %s", key, value), NULL, GS_CALL_TIMEOUT);
}

static int
kv_get(gs_addr to, const char *key, gs_bytes *value)
{
	return gs_call(to, GS_STR("get %s", key), value, GS_CALL_TIMEOUT);
}

static int
kv_delete(gs_addr to, const char *key)
{
	return gs_call(to, GS_STR("delete %s", key), NULL, GS_CALL_TIMEOUT);
}

/* Callbacks: these run in the server. */

static gs_next
kv_init(void *state, gs_bytes argument)
{
	(void)state; /* zeroed: an empty table */
	(void)argument;
	return gs_ok();
}

static gs_next
put(struct table *t, gs_bytes rest)
{
	gs_bytes key = gs_word(&rest);
	const char *value = (const char *)key.data + key.size;
	const char *end = (const char *)rest.data + rest.size;

	if (key.size == 0)
		return gs_next_reply(GS_TEXT("bad_request"));
	value += value < end; /* one blank ends the key */
	if (table_put(t, key, GS_BYTES(value, end - value)) < 0)
		gs_exit("enomem");
	return gs_next_reply(GS_TEXT("ok"));
}

static gs_next
get(const struct table *t, gs_bytes key)
{
	const struct entry *e = table_get(t, key);

	return gs_next_reply(e ? e->value : GS_TEXT("not_found"));
}

static gs_next
keys(const struct table *t)
{
	const struct entry *e = NULL;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	gs_next next;

	if (!out)
		gs_exit("enomem");
	while ((e = table_next(t, e)) != NULL) {
		if (ftell(out) > 0)
			putc('\n', out);
		fwrite(e->key.data, 1, e->key.size, out);
	}
	if (fclose(out) != 0)
		gs_exit("enomem");
	next = gs_next_reply(GS_BYTES(text, size));
	free(text);
	return next;
}

static gs_next
kv_call(void *state, gs_bytes request, gs_from from)
{
	struct table *t = state;
	gs_bytes rest;

	(void)from;
	if (gs_verb(request, "put", &rest))
		return put(t, rest);
	if (gs_verb(request, "get", &rest))
		return get(t, gs_word(&rest));
	if (gs_verb(request, "delete", &rest))
		return gs_next_reply(GS_TEXT(
		    table_delete(t, gs_word(&rest)) ? "ok" : "not_found"));
	if (gs_is(request, "keys"))
		return keys(t);
	if (gs_is(request, "size"))
		return gs_next_reply(GS_STR("%zu", t->used));
	/* Many share this server: one typing error must not empty it. */
	return gs_next_reply(GS_TEXT("bad_request"));
}

static void
kv_status(const void *state, gs_status *status)
{
	const struct table *t = state;

	status->text = GS_STR("%zu keys in %zu chains", t->used, t->room);
}

GS_SERVER(kv, .version = "1", .state_size = sizeof(struct table),
    .init = kv_init, .handle_call = kv_call, .format_status = kv_status);
GS_MODULE(kv);

static int
show(const char *key)
{
	gs_bytes value;

	if (kv_get(GS_NAME("kv"), key, &value) < 0)
		return -1;
	printf("%s: %.*s\n", key, (int)value.size, (const char *)value.data);
	return 0;
}

int
main(void)
{
	gs_addr store = GS_NAME("kv");
	gs_pid pid;

	if (gs_node_open(NULL, 0) < 0 || kv_start_link("kv", &pid) < 0 ||
	    kv_put(store, "motto", "per aspera ad astra") < 0 ||
	    show("motto") < 0 || kv_delete(store, "motto") < 0 ||
	    show("motto") < 0) {
		fprintf(stderr, "kv: %s\n", gs_error_text());
		return 1;
	}
	return 0;
}
