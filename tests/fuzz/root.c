/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root supervisor's code: specs and asks of any bytes, words of children
 * and of the node in any order, timers, and a list left by the root before it
 * of any bytes.  The list stays whole and nobody is left without an answer.
 */
#include "tests/fuzz/root_world.h"
/* for what is static there: root_info */
#include "lib/root.c"

#include <sys/mman.h>

#define BRANCHES 2000000ull
#define SPEC_ROOM 1024

static void
check(struct world *w)
{
	uint64_t waiting = 0, serial = 0;
	struct gsi_children *all = &w->root->children;
	struct gsi_child *before = NULL;
	uint32_t count = 0;

	for (struct gsi_child *c = all->first; c; c = c->next) {
		FUZZ(c->prev == before && c->serial >= serial);
		FUZZ(c->serial == 0 || gsi_child_by_serial(all, c->serial));
		FUZZ(gs_pid_is_none(c->pid) || gsi_child_by_pid(all, c->pid));
		FUZZ(gsi_child_by_id(all, c->id));
		FUZZ(gsi_spec_check(c->spec, c->spec->size));
		FUZZ(c->state >= 0 && c->state <= GS_CHILD_FAILED);
		FUZZ(!c->has_starter || c->os_pid != 0);
		FUZZ(!c->has_stopper || c->os_pid != 0);
		waiting += c->has_starter + c->has_stopper;
		serial = c->serial;
		before = c;
		count++;
	}
	FUZZ(all->last == before && all->count == count);
	FUZZ(waiting == w->open);
}

static gs_from
somebody(struct world *w)
{
	return (gs_from){ .pid = { 9, 2, 1 }, .tag = ++w->asked };
}

static void
ask(struct world *w, const void *data, size_t size)
{
	gs_bytes request = gs_bytes_of(data, size);
	struct gsi_root *root = w->root;
	struct gsi_root_list *list;
	struct gsi_stage stage;
	gs_next next;

	if (w->asked == QUESTIONS - 1)
		return;
	w->open++;
	next = gsi_root_call(&root, request, somebody(w));
	FUZZ(gsi_verdict_open(&next, &stage));
	if (next.verdict != GSI_REPLY_GO)
		return;
	w->open--;
	list = (void *)(uintptr_t)stage.reply.data;
	FUZZ(list->count <= GSI_LIST_MAX);
	FUZZ(
	    stage.reply.size == sizeof(*list) + list->count * sizeof(gs_child));
}

/* What gsl starts with, from words of the input. */
static struct gsi_spec *
good_spec(struct fuzz_input *in)
{
	char name[GS_NAME_MAX + 8], path[128], debug[32], word[16];
	const char *argv[] = { word, "b", NULL };
	uint8_t how = fuzz_byte(in);
	gs_child_spec child = {
		.path = path,
		.argv = how & 1 ? argv : NULL,
		.plain = how & 2,
		.options = { .name = how & 4 ? name : NULL, .debug = debug },
		.restart = (enum gs_restart)(fuzz_byte(in) % 4),
		.has_shutdown = how & 8,
		.shutdown = (int)fuzz_number(in, 4),
		.has_intensity = how & 16,
		.max_restarts = (int)fuzz_number(in, how & 32 ? 4 : 1),
		.max_seconds = (int)fuzz_number(in, 1),
	};
	struct gsi_spec *spec = NULL;

	child.options.timeout = how & 64 ? fuzz_byte(in) : 0;
	fuzz_text(in, name, 3 + (how & 128));
	fuzz_text(in, path, 8);
	fuzz_text(in, debug, 31);
	fuzz_text(in, word, 15);
	child.argument = gs_text(word);
	if (gsi_spec_build(&child, fuzz_byte(in) & 15, fuzz_byte(in), &spec) !=
	    0)
		return NULL;
	/* whatever is built here is taken there */
	FUZZ(gsi_spec_check(spec, spec->size));
	return spec;
}

static void
ask_start(struct world *w, struct fuzz_input *in)
{
	struct gsi_spec *spec = good_spec(in);
	uint8_t how = fuzz_byte(in);
	_Alignas(16) char bytes[SPEC_ROOM];
	size_t size;

	if (spec == NULL)
		return;
	size = spec->size < sizeof(bytes) ? spec->size : sizeof(bytes);
	memcpy(bytes, spec, size);
	free(spec);
	if (how & 1) {
		size_t at = fuzz_byte(in) * 4u % size;

		fuzz_take(in, bytes + at, size - at > 8 ? 8 : size - at);
	}
	if (how & 2)
		size = fuzz_byte(in) * 4u % size;
	ask(w, bytes, size);
}

static void
ask_anything(struct world *w, struct fuzz_input *in)
{
	_Alignas(16) char bytes[SPEC_ROOM] = { 0 };

	ask(w, bytes, fuzz_take(in, bytes, fuzz_number(in, 2) % SPEC_ROOM));
}

static struct kid *
some_kid(struct world *w, struct fuzz_input *in)
{
	int n = w->n_kids < KIDS ? w->n_kids : KIDS;

	return &w->kids[fuzz_byte(in) % (n > 0 ? n : 1)];
}

static void
ask_child(struct world *w, struct fuzz_input *in)
{
	struct gsi_root_ask a = {
		.op = GSI_ROOT_STOP + fuzz_byte(in) % 5,
		.size = sizeof(a),
		.after = fuzz_byte(in),
	};

	if (fuzz_byte(in) & 1)
		fuzz_text(in, a.name, 4);
	else
		a.pid = some_kid(w, in)->pid;
	ask(w, &a, sizeof(a));
}

static void
message(
    struct world *w, uint32_t kind, gs_pid from, uint64_t tag, gs_bytes body)
{
	struct gsi_message m = { kind, from, tag, body, kind == GSI_CHILD };
	struct gsi_root *root = w->root;

	gsi_root_child(root, &m);
}

/* The node says that a child has died: once, and with any words. */
static void
child_ends(struct world *w, struct fuzz_input *in)
{
	struct kid *kid = some_kid(w, in);
	struct gsi_note note = { .who = kid->pid, .os_pid = kid->os_pid };

	if (kid->os_pid == 0)
		return;
	note.flags = fuzz_byte(in);
	if (note.flags & 64)
		note.holder = kid->pid;
	if (note.flags & 128)
		note.who = GS_NO_PID;
	fuzz_text(in, note.reason, fuzz_byte(in));
	note.reason_size = (uint32_t)fuzz_number(in, 4);
	kid->os_pid = 0;
	message(w, GSI_CHILD, (gs_pid){ 9, 0, 1 }, 0, GS_OBJECT(note));
}

/* Anybody can say that it has started. */
static void
child_says(struct world *w, struct fuzz_input *in)
{
	char words[300];
	size_t size;
	uint64_t tag = fuzz_byte(in) & 3;
	gs_pid from = some_kid(w, in)->pid;

	size = fuzz_take(in, words, fuzz_number(in, 2) % sizeof(words));
	message(w, GSI_STARTED, from, tag, gs_bytes_of(words, size));
}

static void
timer(struct world *w, struct fuzz_input *in)
{
	gs_info info = { .kind = GS_INFO_TIMER, .reason = "" };
	struct gsi_root *root = w->root;

	/* anybody may send a timer message: its kind is its own word */
	if (fuzz_byte(in) & 1)
		fuzz_take(in, w->timer, fuzz_byte(in) % 17);
	info.body = gs_bytes_of(w->timer, w->timer_size);
	root_info(&root, &info);
}

static void
page(struct world *w, struct fuzz_input *in)
{
	char *at = (void *)gm_arena_page(&w->arena, fuzz_byte(in) % SLOTS);

	fuzz_take(
	    in, at + fuzz_number(in, 2) % (GM_PAGE_BYTES - 255), fuzz_byte(in));
}

/* The tables that root reads, as the node would keep them. */
static void
make_tables(struct gm_arena *arena)
{
	if (arena->pages == NULL) {
		arena->pages = calloc(SLOTS, GM_PAGE_BYTES);
		arena->header = aligned_alloc(64, sizeof(*arena->header));
		arena->table = aligned_alloc(64, SLOTS * sizeof(*arena->table));
	}
	memset(arena->pages, 0, SLOTS * (size_t)GM_PAGE_BYTES);
	memset(arena->table, 0, SLOTS * sizeof(*arena->table));
	arena->header->slots_high = SLOTS;
}

static void
make(struct world *w)
{
	struct gm_arena arena = w->arena;

	memset(w, 0, sizeof(*w));
	make_tables(&arena);
	w->arena = arena;
	w->me.arena = &w->arena;
	w->me.pid = (gs_pid){ 9, 1, 1 };
	w->me.reports = -1;
	w->forker.me = &w->me;
	w->forker.control = -1;
	w->ledger = memfd_create("ledger", MFD_CLOEXEC);
}

static void
root_begins(struct world *w)
{
	w->root = calloc(1, sizeof(*w->root));
	w->root->forker = &w->forker;
	gsi_root_take_over(w->root, w->ledger);
}

/* Killed: nothing is removed from the ledger, nobody is answered. */
static void
root_ends(struct world *w)
{
	gsi_children_close(&w->root->children);
	free(w->root);
	memset(w->answered, 1, w->asked + 1);
	w->open = 0;
}

/* The next one finds a ledger that is damaged, or not, and the tables. */
static void
root_again(struct world *w, struct fuzz_input *in)
{
	char bytes[256];
	struct gm_entry *entry;
	off_t at;

	root_ends(w);
	for (int i = fuzz_byte(in) % 4; i > 0; i--) {
		size_t n = fuzz_take(in, bytes, fuzz_byte(in));

		at = (off_t)fuzz_number(in, 2) * 4;
		FUZZ(pwrite(w->ledger, bytes, n, at) == (ssize_t)n);
	}
	for (int i = fuzz_byte(in) % 8; i > 0; i--) {
		struct kid *kid = some_kid(w, in);

		entry = &w->arena.table[kid->pid.slot % SLOTS];
		entry->os_pid = (uint32_t)kid->os_pid;
		entry->word = gm_word_of(kid->pid.gen, fuzz_byte(in) % 3);
		if (kid->os_pid == 0)
			entry->word = gm_word_of(kid->pid.gen, GM_FREE);
	}
	root_begins(w);
}

static void
command(struct world *w, struct fuzz_input *in)
{
	static void (*const commands[16])(
	    struct world *, struct fuzz_input *) = { ask_start, ask_start,
		ask_child, child_ends, child_says, timer, page, ask_anything,
		ask_start, ask_start, ask_child, child_ends, child_says,
		ask_child, child_ends, root_again };
	uint8_t what = fuzz_byte(in);

	fuzz_budget(BRANCHES);
	w->fail = what >> 4 & 7;
	commands[what & 15](w, in);
	fuzz_budget(UINT64_MAX);
	check(w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct world *w = world();

	fuzz_guard()->has_status = true;
	make(w);
	root_begins(w);
	for (int i = 0; i < 100 && in.left > 0; i++)
		command(w, &in);
	root_ends(w);
	close(w->ledger);
	return 0;
}
