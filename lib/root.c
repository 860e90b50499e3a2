/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root supervisor: a gen_server that forks, watches, restarts and stops.
 * The rule: it never waits for a child, but at the end of everything, when
 * the children go one by one, last started first.
 */
#include "lib/root.h"

#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/attach.h"

/* Timers carry the serial of their child and what they are for. */
struct root_timer {
	uint64_t serial;
	uint32_t what;
	uint32_t spare;
};

void
gsi_root_timer_off(struct gsi_child *child)
{
	if (child->has_timer)
		gs_cancel_timer(child->timer);
	child->has_timer = false;
}

void
gsi_root_timer_on(struct gsi_root *root, struct gsi_child *child, int ms,
    enum gsi_root_timer_for what)
{
	struct root_timer t = { child->serial, what, 0 };

	gsi_root_timer_off(child);
	child->has_timer = gs_send_after(ms, gs_to_pid(root->forker->me->pid),
			       GS_OBJECT(t), &child->timer) == 0;
}

void
gsi_root_look_in(struct gsi_root *root, int ms)
{
	struct root_timer t = { 0, GSI_TIMER_LOOK, 0 };

	if (root->look_ms != 0)
		gs_cancel_timer(root->look);
	root->look_ms = ms;
	root->look_due = gsi_deadline(ms);
	if (gs_send_after(ms, gs_to_pid(root->forker->me->pid), GS_OBJECT(t),
		&root->look) != 0)
		root->look_ms = 0;
}

static void
root_timer(struct gsi_root *root, const struct root_timer *t)
{
	struct gsi_child *child =
	    gsi_child_by_serial(&root->children, t->serial);
	const struct gm_page *page;

	if (t->what == GSI_TIMER_LOOK)
		gsi_root_look(root);
	if (child == NULL)
		return;
	child->has_timer = false;
	if (t->what == GSI_TIMER_RETRY && child->os_pid == 0 &&
	    child->state == GS_CHILD_RESTARTING)
		gsi_root_try(root, child);
	if (child->os_pid == 0 || t->what == GSI_TIMER_RETRY)
		return;
	switch (t->what) {
	case GSI_TIMER_START:
		page = gm_arena_page(root->forker->me->arena, child->pid.slot);
		/* it may have told a root that was just dying */
		if (!child->started && gm_load(&page->started, acquire) != 0) {
			gsi_root_up(root, child);
			return;
		}
		child->timed_out = !child->started;
		break;
	case GSI_TIMER_SEATED:
		page = gm_arena_page(root->forker->me->arena, child->pid.slot);
		if (child->started || gm_load(&page->doing, relaxed) != 0)
			return;
		gsi_reason_copy(child->refusal,
		    "no_server: the program did "
		    "not call gs_main within 10 s; start it with --plain");
		break;
	case GSI_TIMER_SHUTDOWN:
		break;
	default:
		return;
	}
	gsi_root_kill(child);
}

/* Behind each message: a fork that is due waits for an empty mailbox. */
static gs_next
then(const struct gsi_root *root, gs_next next)
{
	return root->fork_due ? gs_with_timeout(next, 0) : next;
}

static gs_next
root_call(void *state, gs_bytes request, gs_from from)
{
	return then(
	    *(struct gsi_root **)state, gsi_root_call(state, request, from));
}

static gs_next
root_child(void *state, const struct gsi_message *m)
{
	struct gsi_root *root = *(struct gsi_root **)state;

	gsi_root_child(root, m);
	return then(root, gs_next_noreply());
}

static gs_next
root_info(void *state, const gs_info *info)
{
	struct gsi_root *root = *(struct gsi_root **)state;
	struct root_timer t;

	if (info->kind == GS_INFO_TIMEOUT)
		gsi_root_fork_due(root);
	if (info->kind == GS_INFO_TIMER && info->body.size == sizeof(t)) {
		memcpy(&t, info->body.data, sizeof(t));
		root_timer(root, &t);
	}
	return then(root, gs_next_noreply());
}

static gs_next
root_cast(void *state, gs_bytes request)
{
	(void)request;
	return then(*(struct gsi_root **)state, gs_next_noreply());
}

/* Takes the ends of children, and nothing else, until this one is gone. */
static void
await_end(struct gsi_root *root, struct gsi_child *child)
{
	struct gsi_self *me = root->forker->me;
	int64_t deadline =
	    child->spec->shutdown == GS_INFINITY
		? -1
		: gsi_deadline(
		      child->spec->shutdown < 0 ? 0 : child->spec->shutdown);
	struct gsi_message m;

	while (child->os_pid != 0) {
		struct gsi_note note;
		struct gsi_child *who;
		int status = gsi_mailbox_next(me, &m, deadline);

		/* a SIGTERM asks for what is being done already */
		if (status == -EINTR)
			gsi_sigterm_taken();
		if (status == 0 || (status < 0 && status != -EINTR)) {
			gsi_root_kill(child);
			deadline = -1;
			if (status < 0)
				return;
		}
		if (status != 1 || m.kind != GSI_CHILD ||
		    m.body.size < sizeof(note))
			continue;
		memcpy(&note, m.body.data, sizeof(note));
		gsi_root_reap(root, &note);
		who = gsi_root_of_note(root, &note);
		if (who != NULL)
			who->os_pid = 0;
	}
}

static void
root_terminate(void *state, const char *reason)
{
	struct gsi_root *root = *(struct gsi_root **)state;
	struct gsi_child *child;

	/* no end of ours that nobody wanted is theirs: the next root goes on */
	if (!gsi_reason_clean(reason))
		return;
	gsi_parked_end(root->forker);
	for (child = root->children.last; child; child = child->prev) {
		if (child->os_pid == 0)
			continue;
		if (child->spec->shutdown == GS_BRUTAL_KILL || !child->started)
			gsi_root_kill(child);
		else
			gs_exit_signal(gs_to_pid(child->pid), "shutdown");
		await_end(root, child);
	}
}

/* The argument of init. */
struct first {
	struct gsi_forker *forker;
	int ledger;
};

/* info is hidden unless it is asked for, as in OTP. */
static bool
wants_progress(void)
{
	const char *level = secure_getenv("GS_LOG_LEVEL");

	return level != NULL &&
	       (strcmp(level, "info") == 0 || strcmp(level, "debug") == 0);
}

static gs_next
root_init(void *state, gs_bytes argument)
{
	struct gsi_root *root = calloc(1, sizeof(*root));
	struct first first;

	if (root == NULL)
		return gs_next_stop("system_limit");
	memcpy(&first, argument.data, sizeof(first));
	root->forker = first.forker;
	root->progress = wants_progress();
	*(struct gsi_root **)state = root;
	gsi_root_take_over(root, first.ledger);
	return gs_ok();
}

static const gs_behaviour root_behaviour = {
	.abi = GS_ABI,
	.size = sizeof(gs_behaviour),
	.name = "root",
	.version = GS_VERSION,
	.state_size = sizeof(struct gsi_root *),
	.init = root_init,
	.handle_call = root_call,
	.handle_cast = root_cast,
	.handle_info = root_info,
	.terminate = root_terminate,
};

static int
end_of(struct dl_phdr_info *info, size_t size, void *data)
{
	uintptr_t *end = data;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + h->p_vaddr + h->p_memsz;

		if (h->p_type == PT_LOAD && at > *end)
			*end = at;
	}
	return 0;
}

/* The dynamic linker's, usually, and the highest there is but for the stack. */
static void *
behind_libraries(void)
{
	uintptr_t end = 0;

	dl_iterate_phdr(end_of, &end);
	end = (end + GM_PAGE - 1) / GM_PAGE * GM_PAGE;
	return (void *)end;
}

static int
settle(struct gsi_self *me, int control)
{
	struct gm_arena *arena = gsi_share_new(NULL);
	struct gsi_root_setup setup;
	struct gsi_home *home = gsi_home();
	char text[256];
	int fds[4], status;

	if (arena == NULL)
		return -ENOMEM;
	if (gsi_packet_receive(control, &setup, sizeof(setup), fds, 4, 0) !=
	    (ssize_t)sizeof(setup))
		return -ECONNRESET;
	status = gm_arena_attach(arena, fds[0], text, sizeof(text));
	if (status != 0)
		return status;
	memcpy(home->name, setup.name, sizeof(home->name));
	memcpy(home->path, setup.path, sizeof(home->path));
	gsi_home_server(arena);
	me->is_server = true;
	me->trap_exit = true;
	me->socket = -1;
	status = gsi_member_init(me, setup.pid, arena, fds[1], fds[2], fds[3]);
	if (status != 0)
		return status;
	/*
	 * Children do not need what is ours alone.  The mailbox they have from
	 * us, for what they say first.
	 */
	gsi_share_not(me->page, GM_PAGE_BYTES);
	/* a supervisor never spins: its children want the CPU */
	/* nor does it collect descriptors: each of them slows a fork */
	me->bells_kept = false;
	me->spin_ns = 0;
	me->yielding.without = UINT32_MAX;
	/* theirs shares a page of page tables with what is there */
	gsi_home()->beside = behind_libraries();
	gsi_self_set(me);
	gs_set_label("root supervisor");
	return 0;
}

void
gsi_root_main(int control, int ledger)
{
	struct gsi_self *me = calloc(1, sizeof(*me));
	struct gsi_forker *forker = calloc(1, sizeof(*forker));
	struct first first = { forker, ledger };
	struct gsi_birth birth = {
		.behaviour = &root_behaviour,
		.handle_child = root_child,
	};

	/* before the arena is mapped: it then lies close to other mappings */
	if (me == NULL || forker == NULL || gsi_crash_prepare() != 0 ||
	    settle(me, control) != 0 ||
	    gsi_forker_init(forker, me, control) != 0)
		_exit(1);
	/* what servers print is in the log when they print it */
	setvbuf(stdout, NULL, _IOLBF, 0);
	birth.argument = GS_OBJECT(first);
	gsi_server_run(me, &birth);
}
