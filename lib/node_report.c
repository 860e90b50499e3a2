/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports on processes that could not speak for themselves: what the fatal
 * signal's handler left in the own page, checked like any stranger's word.
 */
#include <stdio.h>

#include "lib/node_parts.h"
#include "lib/record.h"

/* Lines without the last newline; a line that does not fit is left out. */
struct lines {
	char bytes[GSI_PART_MAX];
	size_t used;
};

struct trace {
	struct lines frames;
	struct lines modules;
};

static void
add(struct gsi_field *fields, int *n, const char *key, const void *data,
    size_t size)
{
	fields[*n].key = key;
	fields[*n].data = data;
	fields[*n].size = size;
	++*n;
}

static bool
put_line(struct lines *lines, const char *line, size_t size)
{
	if (size + 1 > sizeof(lines->bytes) - lines->used)
		return false;
	if (lines->used > 0)
		lines->bytes[lines->used++] = '\n';
	memcpy(lines->bytes + lines->used, line, size);
	lines->used += size;
	return true;
}

/* Borrowed text of a page, which need not end anywhere. */
static gs_bytes
path_of(const struct gm_module *module)
{
	return gs_bytes_of(
	    module->path, strnlen(module->path, sizeof(module->path)));
}

/* Where it was, and where that is in its file; false: no room for it. */
static bool
put_frame(struct lines *text, const struct gm_page *page, uint32_t i)
{
	unsigned long long pc = page->crash.pcs[i];
	uint32_t in = page->crash.in[i];
	char line[GM_MODULE_PATH + 64];
	const struct gm_module *module;
	int n;

	if (in == 0 || in > GM_CRASH_MODULES) {
		n = snprintf(line, sizeof(line), "0x%llx", pc);
	} else {
		module = &page->modules[in - 1];
		n = snprintf(line, sizeof(line), "0x%llx %.*s+0x%llx", pc,
		    (int)path_of(module).size, module->path,
		    pc - (unsigned long long)module->bias);
	}
	return put_line(text, line, (size_t)n);
}

/* The build-id, which says later whether the file is still that one. */
static bool
put_module(struct lines *text, const struct gm_module *module)
{
	char line[GM_MODULE_PATH + 2 * GM_BUILD_ID + 8];
	uint32_t size = gm_once(module->id_size);
	int n = 0;

	if (size > GM_BUILD_ID)
		size = 0;
	for (uint32_t i = 0; i < size; i++)
		n += snprintf(
		    line + n, sizeof(line) - (size_t)n, "%02x", module->id[i]);
	n += snprintf(line + n, sizeof(line) - (size_t)n, "%s %.*s",
	    size ? "" : "-", (int)path_of(module).size, module->path);
	return put_line(text, line, (size_t)n);
}

static int
trace_fields(const struct gm_page *page, struct gsi_field *fields, int n,
    struct trace *t)
{
	/* acquire [P5] */
	uint32_t count = gm_load(&page->crash.n_pcs, acquire);

	if (count > GM_CRASH_PCS)
		count = GM_CRASH_PCS;
	t->frames.used = t->modules.used = 0;
	for (uint32_t i = 0; i < count; i++)
		if (!put_frame(&t->frames, page, i))
			break;
	for (uint32_t i = 0; i < GM_CRASH_MODULES; i++)
		if (path_of(&page->modules[i]).size != 0)
			put_module(&t->modules, &page->modules[i]);
	if (t->frames.used > 0)
		add(fields, &n, "backtrace", t->frames.bytes, t->frames.used);
	if (t->modules.used > 0)
		add(fields, &n, "modules", t->modules.bytes, t->modules.used);
	return n;
}

/* The message in hand. */
static int
message_field(const struct gm_crash *crash, struct gsi_field *fields, int n)
{
	uint32_t size = gm_once(crash->message_size);

	if (size > GM_CRASH_MESSAGE)
		size = GM_CRASH_MESSAGE;
	add(fields, &n, "last_message", crash->message, size);
	return n;
}

/* Who waits for the answer to the call in hand. */
static int
client_field(const struct gsi_node *node, const struct gm_crash *crash,
    struct gsi_field *fields, int n, char text[GS_PID_TEXT])
{
	gs_pid client = { gsi_node_pid(node, 0).node, crash->client_slot,
		crash->client_gen };

	if (crash->kind != GSI_CALL)
		return n;
	gs_pid_text(client, text);
	add(fields, &n, "client", text, strlen(text));
	return n;
}

void
gsi_crash_report(struct gsi_node *node, uint32_t slot, const char *reason)
{
	const struct gsi_proc *proc = &node->procs[slot];
	const struct gm_page *page = gm_arena_page(&node->arena, slot);
	const struct gm_crash *crash = &page->crash;
	char name[GS_NAME_MAX + 1], text[512], cause[160];
	char client[GS_PID_TEXT];
	struct gsi_field fields[6];
	struct trace trace;
	int n = 0;

	if (proc->kind == GS_PROCESS_CLIENT || gsi_reason_clean(reason))
		return;
	gm_entry_name(&node->arena.table[slot], name);
	snprintf(text, sizeof(text), "process %d ended: %s", (int)proc->os_pid,
	    reason);
	add(fields, &n, "reason", reason, strlen(reason));
	if (gm_load(&crash->state, acquire) != 0) { /* [P2] */
		if (gsi_signal_text(
			crash, (int)proc->os_pid, cause, sizeof(cause)))
			add(fields, &n, "signal", cause, strlen(cause));
		n = message_field(crash, fields, n);
		n = client_field(node, crash, fields, n, client);
		n = trace_fields(page, fields, n, &trace);
	}
	gsi_report(node->reports[1], GSI_ERROR_LEVEL, "crash", name,
	    gsi_node_pid(node, slot), text, fields, n);
}
