/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An abnormal end as that of a process: where it came from, whom it takes
 * along, what it leaves behind.  The node is asked for the links and has a
 * moment to answer: a report is worth no wait.
 */
#include <stdio.h>

#include "lib/loop.h"
#include "lib/record.h"
#include "lib/request.h"

#define PATIENCE (100 * NS_PER_MS)
#define ANCESTORS 16

/* Pids with blanks between them. */
struct pids {
	char text[GSI_ANSWER_LINKS * GS_PID_TEXT];
	size_t used;
};

static void
put_pid(struct pids *pids, gs_pid pid)
{
	char text[GS_PID_TEXT];
	size_t size = strlen(gs_pid_text(pid, text));

	if (pids->used + size + 1 > sizeof(pids->text))
		return;
	if (pids->used > 0)
		pids->text[pids->used++] = ' ';
	memcpy(pids->text + pids->used, text, size);
	pids->used += size;
}

/* The nearest first, as far as they live; a chain is never endless. */
static void
put_ancestors(struct pids *pids, struct gsi_server *s)
{
	gs_pid pid = s->birth.parent;

	for (int i = 0; i < ANCESTORS && !gs_pid_is_none(pid); i++) {
		struct gm_entry *entry = gm_entry_at(s->me->arena, pid.slot);
		uint64_t parent = 0;

		put_pid(pids, pid);
		if (entry != NULL &&
		    gm_entry_live(s->me->arena, pid.slot, pid.gen))
			parent = gm_load(&entry->parent, relaxed);
		pid.slot = (uint32_t)(parent >> 32);
		pid.gen = (uint32_t)parent;
		if (parent == 0)
			break;
	}
}

static bool
traps(struct gsi_self *me, gs_pid pid)
{
	struct gm_entry *entry = gm_entry_at(me->arena, pid.slot);

	return entry != NULL &&
	       (gm_load(&entry->flags, relaxed) & GM_TRAP_EXIT) != 0;
}

/* All that are linked, and those of them that end with it. */
static void
put_links(struct pids *links, struct pids *taken, struct gsi_self *me)
{
	struct gsi_ask ask = { .pid = me->pid };
	struct gsi_answer answer;
	int64_t until = gsi_now_ns() + PATIENCE;
	uint64_t tag;

	if (gsi_request_start(
		me, GSI_OP_LINKS, &ask, sizeof(ask), &tag, until) != 0 ||
	    gsi_request_wait(me, tag, until, &answer) != 0 ||
	    answer.status != 0)
		return;
	for (uint32_t i = 0; i < answer.count && i < GSI_ANSWER_LINKS; i++) {
		put_pid(links, answer.links[i]);
		if (!traps(me, answer.links[i]))
			put_pid(taken, answer.links[i]);
	}
}

static void
add_text(struct gsi_field *fields, int *n, const char *key, const char *text)
{
	if (*text != '\0')
		fields[(*n)++] = (struct gsi_field){ key, text, strlen(text) };
}

static void
add_pids(
    struct gsi_field *fields, int *n, const char *key, const struct pids *pids)
{
	if (pids->used > 0)
		fields[(*n)++] =
		    (struct gsi_field){ key, pids->text, pids->used };
}

void
gsi_server_crash_report(struct gsi_server *s)
{
	struct gsi_self *me = s->me;
	struct pids ancestors = { .used = 0 }, links = { .used = 0 };
	struct pids taken = { .used = 0 };
	char initial[128], messages[24], text[512];
	struct gsi_field fields[8];
	int n = 0;

	snprintf(
	    text, sizeof(text), "process %d ended: %s", s->os_pid, s->reason);
	snprintf(initial, sizeof(initial), "%s:init", me->page->behaviour);
	snprintf(messages, sizeof(messages), "%llu",
	    (unsigned long long)(gm_ring_count(&me->mailbox.ref) +
				 gm_load(&me->page->aside, relaxed)));
	put_ancestors(&ancestors, s);
	put_links(&links, &taken, me);
	add_text(fields, &n, "reason", s->reason);
	add_text(fields, &n, "initial_call", initial);
	add_pids(fields, &n, "ancestors", &ancestors);
	add_text(fields, &n, "messages", messages);
	add_pids(fields, &n, "links", &links);
	add_pids(fields, &n, "neighbours", &taken);
	add_text(fields, &n, "trap_exit", me->trap_exit ? "true" : "false");
	add_text(fields, &n, "label", me->label);
	gsi_server_report(s, GSI_ERROR_LEVEL, "crash_report", text, fields, n);
}
