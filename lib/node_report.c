/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports on processes that could not speak for themselves: what the fatal
 * signal's handler left in the own page, checked like any stranger's word.
 */
#include <stdio.h>

#include "lib/node_parts.h"

static void
add(struct gsi_field *fields, int *n, const char *key, const void *data,
    size_t size)
{
	fields[*n].key = key;
	fields[*n].data = data;
	fields[*n].size = size;
	++*n;
}

static int
crash_fields(const struct gm_crash *crash, struct gsi_field *fields, int n,
    char *address, char *pcs, size_t size)
{
	uint32_t n_pcs = gm_once(crash->n_pcs);
	size_t used = 0;

	if (n_pcs > GM_CRASH_PCS)
		n_pcs = GM_CRASH_PCS;
	snprintf(address, 64, "0x%llx", (unsigned long long)crash->address);
	add(fields, &n, "address", address, strlen(address));
	pcs[0] = '\0';
	for (uint32_t i = 0; i < n_pcs && used + 20 < size; i++)
		used += (size_t)snprintf(pcs + used, size - used, "%s0x%llx",
		    i == 0 ? "" : " ", (unsigned long long)crash->pcs[i]);
	add(fields, &n, "pcs", pcs, used);
	return n;
}

/* The message in hand, also when no handler could run (SIGKILL). */
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
	char name[GS_NAME_MAX + 1], text[512], address[64], pcs[1024];
	char client[GS_PID_TEXT];
	struct gsi_field fields[5];
	int n = 0;

	if (proc->kind == GS_PROCESS_CLIENT || gsi_reason_clean(reason))
		return;
	gm_entry_name(&node->arena.table[slot], name);
	snprintf(text, sizeof(text), "process %d ended: %s", (int)proc->os_pid,
	    reason);
	add(fields, &n, "reason", reason, strlen(reason));
	if (gm_load(&crash->state, acquire) != 0) { /* [P2] */
		n = message_field(crash, fields, n);
		n = client_field(node, crash, fields, n, client);
		n = crash_fields(crash, fields, n, address, pcs, sizeof(pcs));
	}
	gsi_report(node->reports[1], GSI_ERROR_LEVEL, "crash", name,
	    gsi_node_pid(node, slot), text, fields, n);
}
