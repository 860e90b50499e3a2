/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server's loop with messages of any kind, from anybody, of any bytes, and
 * callbacks that return anything: only the node is believed about ends, what
 * a callback is given has an end, and the server ends with a reason or goes
 * on.
 */
#include "tests/fuzz/server_world.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/debug.h"
#include "lib/request.h"
#include "lib/root.h"
#include "lib/system.h"

#define SPAN (1ull << 20)
#define BRANCHES 20000000ull

int __wrap_gsi_sleep(
    struct gsi_self *me, struct gm_receiver *ring, int64_t deadline);
void __wrap_gsi_finish(struct gsi_self *me, const char *reason);
int __wrap_gsi_crash_install(struct gsi_self *me);
int __wrap_gsi_exit_guard_install(struct gsi_self *me);
int __wrap_gsi_request_post(
    struct gsi_self *me, enum gsi_op op, const void *body, size_t size);
void __wrap_gsi_request_room(struct gsi_self *me);
void __wrap_gsi_request_ring(struct gsi_self *me, gs_pid pid);
int __wrap_gsi_request_start(struct gsi_self *me, enum gsi_op op,
    const void *body, size_t size, uint64_t *tag, int64_t deadline);

struct world *
world(void)
{
	static struct world world;

	return &world;
}

/* ---- others ---- */

static size_t
make_note(uint32_t from, struct gsi_note *note)
{
	struct fuzz_input *in = &world()->in;
	size_t size = sizeof(*note);

	memset(note, fuzz_byte(in), sizeof(*note));
	note->who = (gs_pid){ 9, from == 0 ? 77 : FORGED, 1 };
	note->flags = fuzz_byte(in);
	if (fuzz_byte(in) & 1)
		size = fuzz_number(in, 2) % (sizeof(*note) + 8);
	return size < sizeof(*note) ? size : sizeof(*note);
}

static size_t
make_body(uint32_t kind, uint32_t from, char body[1024])
{
	struct fuzz_input *in = &world()->in;
	struct gsi_sys sys = { .op = fuzz_byte(in) % (GSI_SYS_OPS + 1),
		.size = fuzz_byte(in),
		.name_size = fuzz_byte(in) & 7,
		.deadline = -1,
		.number = fuzz_byte(in) & 3,
		.place = fuzz_byte(in) };
	struct gsi_note note;
	size_t size;

	if (kind == GSI_EXIT || kind == GSI_DOWN || kind == GSI_CHILD) {
		size = make_note(from, &note);
		memcpy(body, &note, size);
		return size;
	}
	size = fuzz_number(in, 2) % 1024;
	memset(body, 'b', size);
	if (kind == GSI_SYS && size >= sizeof(sys))
		memcpy(body, &sys, sizeof(sys));
	fuzz_take(in, body, fuzz_byte(in) < size ? 8 : 0);
	return size;
}

/* A message of any kind, with its head or with less. */
static void
post(void)
{
	struct world *w = world();
	uint32_t from = fuzz_byte(&w->in) % SLOTS;
	struct gm_sender sender = { gm_arena_page(&w->arena, from), from,
		false };
	struct gm_alive alive = { &w->arena.table[1].word,
		gm_word_of(1, GM_LIVE) };
	struct gsi_head head = { fuzz_byte(&w->in) % 20, 1, fuzz_byte(&w->in) };
	char all[sizeof(head) + 1024];
	size_t size = sizeof(head);
	struct gm_slip slip;

	memcpy(all, &head, sizeof(head));
	size += make_body(head.kind, from, all + sizeof(head));
	if (head.tag == 255)
		size = fuzz_byte(&w->in) % size;
	if (gm_ring_open(&sender, &w->me.mailbox.ref, alive, size,
		GM_SEND_RUNTIME, &slip) != 0)
		return;
	memcpy(slip.payload, all, size);
	gm_ring_commit(&sender, &w->me.mailbox.ref, &slip);
	gm_ring_done(&sender);
}

/* Instead of waiting: somebody sends, or it is over. */
int
__wrap_gsi_sleep(
    struct gsi_self *me, struct gm_receiver *ring, int64_t deadline)
{
	struct world *w = world();

	(void)deadline;
	FUZZ(me == &w->me && (ring == &me->mailbox || ring == &me->replies));
	if (w->in.left == 0)
		longjmp(w->out, 1);
	for (int n = 1 + fuzz_byte(&w->in) % 4; n > 0; n--)
		post();
	return 0;
}

void
__wrap_gsi_finish(struct gsi_self *me, const char *reason)
{
	FUZZ(me == &world()->me);
	FUZZ(reason != NULL && strlen(reason) <= GS_REASON_MAX);
	longjmp(world()->out, 1);
}

int
__wrap_gsi_crash_install(struct gsi_self *me)
{
	(void)me;
	return 0;
}

int
__wrap_gsi_exit_guard_install(struct gsi_self *me)
{
	(void)me;
	return 0;
}

int
__wrap_gsi_request_post(
    struct gsi_self *me, enum gsi_op op, const void *body, size_t size)
{
	(void)me;
	(void)op;
	(void)body;
	FUZZ(size <= GM_REQUEST_BYTES);
	return 0;
}

void
__wrap_gsi_request_room(struct gsi_self *me)
{
	(void)me;
}

void
__wrap_gsi_request_ring(struct gsi_self *me, gs_pid pid)
{
	(void)me;
	(void)pid;
}

int
__wrap_gsi_request_start(struct gsi_self *me, enum gsi_op op, const void *body,
    size_t size, uint64_t *tag, int64_t deadline)
{
	(void)tag;
	(void)deadline;
	return gsi_request_post(me, op, body, size) - ENOTCONN;
}

static void
make(struct world *w)
{
	char why[32];
	uint64_t at;

	FUZZ(gm_arena_create(&w->arena, NULL, why) == 0);
	for (uint32_t slot = 1; slot < SLOTS; slot++) {
		struct gm_entry *entry = &w->arena.table[slot];

		at = GM_AT_REGIONS + slot * SPAN;
		FUZZ(gm_arena_grow(&w->arena, slot) == 0);
		FUZZ(ftruncate(w->arena.fd, (off_t)(at + SPAN)) == 0);
		FUZZ(gm_region_create(
			 w->arena.fd, at, GM_RING_CELLS_MIN, slot, 1) == 0);
		entry->region = at;
		entry->cells = GM_RING_CELLS_MIN;
		entry->kind = GS_PROCESS_SERVER;
		entry->word = gm_word_of(1, GM_LIVE);
	}
	w->me = (struct gsi_self){ .is_server = true, .socket = -1 };
	FUZZ(gsi_member_init(&w->me, (gs_pid){ 9, 1, 1 }, &w->arena,
		 eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		 eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), -1) == 0);
	w->me.bells_kept = false;
	w->me.spin_ns = 0;
	w->me.yielding.without = UINT32_MAX;
}

static void
forget_aside(struct gsi_system *system)
{
	struct gsi_aside *a;

	if (system == NULL)
		return;
	while ((a = system->first) != NULL) {
		system->first = a->next;
		free(a);
	}
	free(system->answer);
	free(system);
}

static void
unmake(struct world *w)
{
	struct gsi_server *s = w->me.server;

	*gsi_thread_slot(GSI_SLOT_SERVER) = NULL;
	gsi_self_set(NULL);
	if (s != NULL) {
		gsi_debug_unset(s, NULL);
		forget_aside(s->system);
		free(s->state);
		free(s->shadow);
		if (s->told) {
			gsi_told_free(s->told);
			free(s->told);
		}
		free(s);
	}
	gsi_member_free(&w->me);
	gm_arena_close(&w->arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = world();
	struct gsi_birth birth = { .behaviour = world_behaviour() };
	int fds = fuzz_descriptors();
	uint8_t how;

	w->in = (struct fuzz_input){ data, size };
	how = fuzz_byte(&w->in);
	w->supervisor = how & 1;
	birth.handle_child = w->supervisor ? world_child : NULL;
	birth.hibernate_after = how & 2;
	make(w);
	fuzz_budget(BRANCHES);
	if (setjmp(w->out) == 0)
		gsi_server_run(&w->me, &birth);
	fuzz_budget(UINT64_MAX);
	unmake(w);
	FUZZ(fuzz_descriptors() == fds);
	return 0;
}
