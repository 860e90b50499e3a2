/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server just forked, on its way to its behaviour.  It runs no user code
 * before the node has published its slot with its pid, and until then it ends
 * with its forker, silently; from then on every end has last words.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/behaviour.h"
#include "lib/forker.h"
#include "lib/missing.h"

#define TRIES 1000 /* of a millisecond each, to say that we are up */

/* Everything behind the standard ones but these; -1 is none. */
static void
close_others(const int *keep, int n)
{
	unsigned from = 3, next;

	do {
		next = ~0u;
		for (int i = 0; i < n; i++)
			if (keep[i] >= (int)from && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next > from)
			close_range(from, next - (next != ~0u), 0);
		from = next + 1;
	} while (next != ~0u);
}

/* Until the node has published us; its end or a killed forker ends us. */
static void
wait_published(const struct gm_arena *arena, gs_pid pid, int bell, int life)
{
	const struct gm_entry *entry = gm_entry_at(arena, pid.slot);
	struct pollfd p[2] = {
		{ .fd = bell, .events = POLLIN },
		{ .fd = life, .events = 0 },
	};
	uint64_t count;

	while (entry == NULL ||
	       gm_load(&entry->word, acquire) != gm_word_of(pid.gen, GM_LIVE)) {
		poll(p, 2, -1);
		if ((p[1].revents & POLLHUP) != 0)
			_exit(0);
		if (read(bell, &count, sizeof(count)) < 0)
			continue;
		entry = gm_entry_at(arena, pid.slot);
	}
	if ((gm_load(&entry->flags, relaxed) & GM_REFUSED) != 0)
		_exit(0);
}

static void __attribute__((noreturn, format(printf, 2, 3)))
give_up(struct gsi_self *me, const char *format, ...)
{
	char reason[GS_REASON_MAX + 1];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	gsi_words(me->page, reason);
	_exit(0);
}

static void
say_started(struct gsi_self *me, const char *reason, uint32_t kind)
{
	struct gsi_head head = { GSI_STARTED, me->pid.gen, kind };
	struct timespec pause = { 0, 1000000 };
	gs_pid root;
	int status;

	/* either a new root finds the page saying it, or we find the root */
	gm_fence(seq_cst);
	root = gsi_root_pid(me);
	/* the forker's mailbox may be full for a moment, never for ever */
	for (int i = 0;; i++) {
		status = gsi_send(me, root, GM_MAILBOX, &head, gs_text(reason),
		    GM_SEND_RUNTIME);
		if (status == 0 || status == -ESRCH) {
			/* most never say anything to it again */
			gsi_peer_forget(me, root);
			return;
		}
		/* who waits for us would do so for ever */
		if (status != -EAGAIN && status != -ENOSPC && i > TRIES)
			give_up(me, "system_limit");
		nanosleep(&pause, NULL);
	}
}

void
gsi_say_started(struct gsi_self *me)
{
	say_started(me, "", 0);
}

/* ignore (NULL) or a graceful refusal: told before the end is. */
void
gsi_say_refused(struct gsi_self *me, const char *reason)
{
	say_started(me, reason, reason == NULL ? 1 : 2);
}

static const gs_behaviour *
load_module(struct gsi_self *me, const char *path)
{
	struct gsi_loaded module = { NULL, NULL };
	char why[GS_REASON_MAX + 1];

	if (!gsi_behaviour_open(&module, path, 0, why, sizeof(why)))
		give_up(me, "%s", why);
	return module.behaviour;
}

static const gs_behaviour *
load_object(struct gsi_self *me, const char *path, uint64_t offset)
{
	Dl_info info;
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void *base;

	if (object == NULL)
		give_up(me, "not_loadable: %s", dlerror());
	/* any symbol of the object leads to where it was loaded */
	base = dlsym(object, "_init");
	if (base == NULL)
		base = *(void **)object;
	if (dladdr(base, &info) != 0)
		base = info.dli_fbase;
	return (const void *)((const char *)base + offset);
}

static const gs_behaviour *
find_code(struct gsi_self *me, const struct gsi_spec *spec)
{
	const char *path = gsi_spec_text(spec, spec->path_at);
	const char *module = gsi_spec_text(spec, spec->module_at);

	if (module[0] != '\0')
		return load_module(me, module);
	switch ((enum gsi_code)spec->code) {
	case GSI_CODE_ADDRESS:
		return (const void *)(uintptr_t)spec->address;
	case GSI_CODE_OBJECT:
		return load_object(me, path, spec->address - spec->base);
	case GSI_CODE_MODULE:
	case GSI_CODE_PROGRAM:
	case GSI_CODE_PLAIN:
		break;
	}
	return load_module(me, path);
}

static void
enter_folder(struct gsi_self *me, const struct gsi_spec *spec)
{
	const char *directory = gsi_spec_text(spec, spec->directory_at);

	if (directory[0] != '\0' && chdir(directory) != 0)
		give_up(me, "no_directory: %s: %s", directory, strerror(errno));
}

/* What the system grants or not: its own words are the reason. */
static void
take_limits(struct gsi_self *me, const struct gsi_spec *spec)
{
	static const int nice[] = { 0, 10, -10, 0 };
	struct rlimit limit = { spec->max_memory, spec->max_memory };
	struct sched_param first = { .sched_priority = 1 };
	int status = 0;

	if (spec->priority == GS_PRIORITY_MAX)
		status = sched_setscheduler(0, SCHED_RR, &first);
	else if (spec->priority != GS_PRIORITY_NORMAL)
		status = setpriority(PRIO_PROCESS, 0, nice[spec->priority]);
	if (status != 0)
		give_up(me, "priority: %s", strerror(errno));
	if (spec->max_memory != 0 && setrlimit(RLIMIT_DATA, &limit) != 0)
		give_up(me, "max_memory: %s", strerror(errno));
}

/* What needs no slot is done while the node is still about to publish it. */
static struct gsi_self *
settle(const struct gsi_newborn *n)
{
	struct gsi_self *parent = n->forker->me;
	struct gsi_self *me = calloc(1, sizeof(*me));
	struct gm_arena *arena = gsi_share_new(parent->arena);
	int keep[] = { n->bell, n->life, parent->arena->fd, parent->node_bell,
		parent->reports, n->group_life, parent->bell, n->orders };
	int status;

	if (me == NULL || arena == NULL)
		_exit(1);
	close_others(keep, 8);
	me->is_server = true;
	me->socket = -1;
	status = gsi_member_prepare(
	    me, n->pid, arena, n->bell, parent->node_bell, parent->reports);
	gsi_member_guess(me);
	/* nothing can have come when it is up: its forker wants the CPU */
	me->yielding.without = 1;
	gsi_peer_know(me, parent->pid, parent->bell, &parent->region);
	gsi_home_server(arena);
	gsi_home()->inherits = true;
	gsi_self_set(me);
	wait_published(parent->arena, n->pid, n->bell, n->life);
	/* the life pipe kills with the node; the forker's end is no reason */
	if (n->life >= 0)
		prctl(PR_SET_PDEATHSIG, 0);
	if (status == 0)
		status = gsi_member_enter(me);
	if (status != 0) {
		if (me->page != NULL)
			give_up(me, "system_limit");
		_exit(1);
	}
	return me;
}

/* What the child does before it may touch anything of its own. */
static void
first_acts(pid_t forker, bool parked)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* as the signal would have done, had it been set in time */
	if (getppid() != forker)
		raise(SIGKILL);
	setpgid(0, 0);
	if (parked)
		prctl(PR_SET_NAME, "gs-parked");
	/* the forker's handlers do nothing here that the defaults do not */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void
gsi_newborn_run(const struct gsi_newborn *n, pid_t forker)
{
	const struct gsi_spec *spec = n->spec;
	struct gsi_birth birth = {
		.parent = n->parent,
		.started = gsi_say_started,
		.refused = gsi_say_refused,
	};
	const char *name;
	struct gsi_self *me;

	first_acts(forker, n->spec == NULL);
	me = settle(n);
	if (spec == NULL)
		spec = gsi_parked_wake(n->orders, &birth.parent);
	if (spec == NULL)
		give_up(me, "system_limit");
	birth.hibernate_after = spec->hibernate_after;
	birth.debug = gsi_spec_text(spec, spec->debug_at);
	/* pstree and top show the supervision tree by its names */
	name = gsi_spec_text(spec, spec->name_at);
	prctl(PR_SET_NAME, name[0] != '\0' ? name : "gs-server");
	take_limits(me, spec);
	enter_folder(me, spec);
	if (spec->code == GSI_CODE_PLAIN) {
		if (n->group_life >= 0)
			fcntl(n->group_life, F_SETFD, 0);
		gm_store(&me->page->started, 1, release);
		gsi_say_started(me);
	}
	if (spec->code == GSI_CODE_PROGRAM || spec->code == GSI_CODE_PLAIN)
		gsi_seat_exec(me, spec, birth.parent, n->life);
	birth.behaviour = find_code(me, spec);
	if (spec->via != 0) {
		birth.via = (const void *)((uintptr_t)birth.behaviour +
					   (uintptr_t)spec->via);
		birth.via_key = gsi_spec_text(spec, spec->via_key_at);
	}
	birth.argument = gs_bytes_of(
	    gsi_spec_text(spec, spec->argument_at), spec->argument_size);
	gsi_server_run(me, &birth);
}
