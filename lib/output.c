/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What servers print, turned into records: bytes of each process are put
 * together to lines, and a process is named by the table.  The rule: memory
 * is bounded however much is printed by however many; a line that gets too
 * long, too old, or one unfinished line too many is written as it is.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/record.h"

#define PARTIALS 64
#define LINE_CUT 8192u
#define LINE_AGE_NS 1000000000ll
#define NAMES 64

struct partial {
	int os_pid; /* 0: free */
	int64_t since;
	size_t used;
	char *text;
};

/* Who an OS pid is: a server, or a helper in a server's process group. */
struct writer {
	int os_pid;
	int server; /* OS pid of the server */
	gs_pid pid;
	char name[GM_ENTRY_NAME + 1];
};

struct gsi_output {
	struct gsi_logfile *file;
	struct gm_arena *arena;
	struct partial partials[PARTIALS];
	struct writer writers[NAMES];
};

/* ---- names ---- */

/*
 * A server before the client it may be as well, the living before the dead,
 * and the dead until their slot is used again: last words come late.
 */
static uint32_t
slot_of(const struct gm_arena *arena, int os_pid)
{
	const struct gm_entry *entry;
	uint32_t slot, best = GM_SLOTS;
	int rank, best_rank = 0;

	for (slot = 0; (entry = gm_entry_at(arena, slot)) != NULL; slot++) {
		uint64_t word = gm_load(&entry->word, acquire);

		if (gm_load(&entry->os_pid, relaxed) != (uint32_t)os_pid ||
		    word == 0)
			continue;
		rank = (uint32_t)word == GM_LIVE   ? 3
		       : (uint32_t)word == GM_DEAD ? 2
						   : 1;
		if (gm_load(&entry->kind, relaxed) != GS_PROCESS_CLIENT)
			rank += 3;
		if (rank > best_rank) {
			best_rank = rank;
			best = slot;
		}
	}
	return best;
}

/* A name is free when its holder is dead, but its bytes are still there. */
static void
last_name(const struct gm_entry *entry, char name[GM_ENTRY_NAME + 1])
{
	gm_entry_name(entry, name);
	if (name[0] != '\0' ||
	    (uint32_t)gm_load(&entry->word, acquire) == GM_LIVE)
		return;
	memcpy(name, entry->name, GM_ENTRY_NAME);
	name[GM_ENTRY_NAME] = '\0';
}

static bool
still(const struct gm_arena *arena, const struct writer *w)
{
	const struct gm_entry *entry = gm_entry_at(arena, w->pid.slot);
	uint64_t word;

	if (!entry || gs_pid_is_none(w->pid))
		return false;
	word = gm_load(&entry->word, acquire);
	return word == gm_word_of(w->pid.gen, GM_LIVE) &&
	       gm_load(&entry->os_pid, relaxed) == (uint32_t)w->server;
}

static bool
look_up(const struct gm_arena *arena, struct writer *w, int os_pid)
{
	uint32_t slot = os_pid > 0 ? slot_of(arena, os_pid) : GM_SLOTS;
	const struct gm_entry *entry;

	if (slot == GM_SLOTS)
		return false;
	entry = gm_entry_at(arena, slot);
	w->server = os_pid;
	w->pid.node = arena->header->creation;
	w->pid.slot = slot;
	w->pid.gen = (uint32_t)(gm_load(&entry->word, acquire) >> 32);
	last_name(entry, w->name);
	return true;
}

/*
 * One that has died since keeps the name it had: its last lines come late.
 * A name taken later is seen because names of the living are read again.
 */
static const struct writer *
writer_of(struct gsi_output *o, int os_pid)
{
	struct writer *w = &o->writers[(unsigned)os_pid % NAMES];
	struct writer fresh = { .os_pid = os_pid };
	bool known = w->os_pid == os_pid;

	if (o->arena && !(known && still(o->arena, w)) &&
	    !look_up(o->arena, &fresh, os_pid))
		look_up(o->arena, &fresh, getpgid(os_pid));
	if (o->arena && known && still(o->arena, w)) {
		fresh = *w;
		gm_entry_name(gm_entry_at(o->arena, w->pid.slot), fresh.name);
	}
	if (known && (gs_pid_is_none(fresh.pid) ||
			 (gs_pid_equal(fresh.pid, w->pid) && !*fresh.name)))
		return w;
	*w = fresh;
	return w;
}

/* ---- lines ---- */

static void
emit(struct gsi_output *o, int os_pid, const char *text, size_t size)
{
	const struct writer *w = writer_of(o, os_pid);
	struct gsi_record r = { .level = GSI_INFO_LEVEL,
		.kind = gs_text("output"),
		.pid = w->pid };

	if (size && text[size - 1] == '\r')
		size--;
	r.time = gsi_record_time();
	r.name = gs_text(w->name);
	r.text = gs_bytes_of(text, size);
	gsi_logfile_write(o->file, &r);
}

static void
emit_partial(struct gsi_output *o, struct partial *p)
{
	emit(o, p->os_pid, p->text, p->used);
	free(p->text);
	*p = (struct partial){ 0 };
}

/* The unfinished line of a process, a new one if need be; NULL: no memory. */
static struct partial *
partial_of(struct gsi_output *o, int os_pid)
{
	struct partial *oldest = NULL, *spare = NULL;

	for (int i = 0; i < PARTIALS; i++) {
		struct partial *p = &o->partials[i];

		if (p->os_pid == os_pid && p->text)
			return p;
		if (!p->text)
			spare = p;
		else if (!oldest || p->since < oldest->since)
			oldest = p;
	}
	if (!spare) {
		emit_partial(o, oldest);
		spare = oldest;
	}
	spare->text = malloc(LINE_CUT);
	if (!spare->text)
		return NULL;
	spare->os_pid = os_pid;
	return spare;
}

static struct partial *
find_partial(struct gsi_output *o, int os_pid)
{
	for (int i = 0; i < PARTIALS; i++) {
		if (o->partials[i].text && o->partials[i].os_pid == os_pid)
			return &o->partials[i];
	}
	return NULL;
}

static void
append(struct gsi_output *o, int os_pid, const char *data, size_t size)
{
	while (size) {
		struct partial *p = partial_of(o, os_pid);
		size_t n;

		if (!p) {
			emit(o, os_pid, data, size);
			return;
		}
		n = LINE_CUT - p->used;
		if (n > size)
			n = size;
		memcpy(p->text + p->used, data, n);
		p->used += n;
		p->since = gsi_now_ns();
		data += n;
		size -= n;
		if (p->used == LINE_CUT)
			emit_partial(o, p);
	}
}

/* A whole line; the usual one is not copied. */
static void
end_line(struct gsi_output *o, int os_pid, const char *data, size_t size)
{
	struct partial *p = find_partial(o, os_pid);

	if (!p && size <= LINE_CUT) {
		emit(o, os_pid, data, size);
		return;
	}
	append(o, os_pid, data, size);
	p = find_partial(o, os_pid);
	if (p)
		emit_partial(o, p);
}

void
gsi_output_take(struct gsi_output *o, int os_pid, const char *data, size_t size)
{
	const char *end;

	while (size && (end = memchr(data, '\n', size)) != NULL) {
		size_t n = (size_t)(end - data);

		end_line(o, os_pid, data, n);
		data += n + 1;
		size -= n + 1;
	}
	append(o, os_pid, data, size);
}

int
gsi_output_wait(const struct gsi_output *o)
{
	int64_t now = gsi_now_ns(), least = -1;

	for (int i = 0; i < PARTIALS; i++) {
		const struct partial *p = &o->partials[i];
		int64_t left = p->since + LINE_AGE_NS - now;

		if (!p->text)
			continue;
		if (left < 0)
			left = 0;
		if (least < 0 || left < least)
			least = left;
	}
	return least < 0 ? -1 : (int)(least / NS_PER_MS) + 1;
}

void
gsi_output_flush(struct gsi_output *o, bool all)
{
	int64_t old = gsi_now_ns() - LINE_AGE_NS;

	for (int i = 0; i < PARTIALS; i++) {
		struct partial *p = &o->partials[i];

		if (p->text && (all || p->since <= old))
			emit_partial(o, p);
	}
}

struct gsi_output *
gsi_output_new(struct gsi_logfile *file, struct gm_arena *arena)
{
	struct gsi_output *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->file = file;
	o->arena = arena;
	return o;
}

void
gsi_output_free(struct gsi_output *o)
{
	for (int i = 0; i < PARTIALS; i++)
		free(o->partials[i].text);
	free(o);
}
