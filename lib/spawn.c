/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fork of a server, by a supervisor.  A slot and its bell are in hand
 * before (the pool), the life pipe is armed by the forker, and the child runs
 * no user code before the node has published its slot with its pid.
 *
 *	forker: fork, arm, BORN -> node: publish, ring -> child: init, STARTED
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
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/attach.h"
#include "lib/request.h"
#include "lib/root.h"
#include "lib/seat.h"

#define PIPE_FORKS 64u

int
gsi_forker_init(struct gsi_forker *forker, struct gsi_self *me, int control)
{
	memset(forker, 0, sizeof(*forker));
	forker->me = me;
	forker->control = control;
	forker->pipe_read = -1;
	forker->life_next = -1;
	forker->fd_folder =
	    open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return forker->fd_folder < 0 ? -errno : 0;
}

/* A pipe serves 64 children: its wait queue is walked at each of their ends. */
static void
next_pipe(struct gsi_forker *forker)
{
	int fds[2];

	if (forker->pipe_read >= 0 && forker->pipe_forks < PIPE_FORKS)
		return;
	if (forker->pipe_read >= 0)
		close(forker->pipe_read);
	forker->pipe_read = -1;
	forker->pipe_forks = 0;
	if (pipe2(fds, O_CLOEXEC) != 0)
		return;
	if (gsi_packet_send(forker->control, "p", 1, &fds[1], 1) == 0)
		forker->pipe_read = fds[0];
	else
		close(fds[0]);
	close(fds[1]);
}

/* A new open file of the read end: owner and signal belong to it alone. */
static int
open_life(struct gsi_forker *forker)
{
	char name[16];
	int fd;

	next_pipe(forker);
	if (forker->pipe_read < 0)
		return -1;
	snprintf(name, sizeof(name), "%d", forker->pipe_read);
	fd = openat(forker->fd_folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fcntl(fd, F_SETSIG, SIGKILL) != 0) {
		close(fd);
		return -1;
	}
	forker->pipe_forks++;
	return fd;
}

/* From here on the last writer's end, the node's, kills the child. */
static void
arm_life(int life, pid_t child)
{
	struct f_owner_ex owner = { F_OWNER_PID, child };

	if (life < 0)
		return;
	fcntl(life, F_SETOWN_EX, &owner);
	fcntl(life, F_SETFL, O_ASYNC | O_NONBLOCK);
}

static void
take_pool(struct gsi_forker *forker, int flags)
{
	struct gsi_pool pool;
	int bells[GSI_POOL];
	ssize_t n;

	n = gsi_packet_receive(
	    forker->control, &pool, sizeof(pool), bells, (int)GSI_POOL, flags);
	if (n != (ssize_t)sizeof(pool) || pool.n > GSI_POOL)
		return;
	for (uint32_t i = 0; i < pool.n; i++) {
		if (bells[i] < 0 || forker->n_seats == 64) {
			if (bells[i] >= 0)
				close(bells[i]);
			continue;
		}
		forker->bells[forker->n_seats] = bells[i];
		forker->seats[forker->n_seats++] = pool.pid[i];
	}
}

/* The node fills up at half, so there is nothing to wait for but a limit. */
static int
take_seat(struct gsi_forker *forker, gs_pid *pid, int *bell)
{
	struct pollfd p = { .fd = forker->control, .events = POLLIN };

	while (poll(&p, 1, 0) == 1 && forker->n_seats + GSI_POOL <= 64)
		take_pool(forker, MSG_DONTWAIT);
	if (forker->n_seats == 0) {
		/* any request makes the node look at the pool */
		gsi_request_post(forker->me, GSI_OP_CHANGED, NULL, 0);
		if (poll(&p, 1, 200) == 1)
			take_pool(forker, MSG_DONTWAIT);
	}
	if (forker->n_seats == 0)
		return -EAGAIN;
	forker->n_seats--;
	*pid = forker->seats[0];
	*bell = forker->bells[0];
	/* first come, first used, as the node counts them */
	memmove(forker->seats, forker->seats + 1,
	    forker->n_seats * sizeof(forker->seats[0]));
	memmove(forker->bells, forker->bells + 1,
	    forker->n_seats * sizeof(forker->bells[0]));
	return 0;
}

/* ---- in the child ---- */

static int
by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void
close_others(const int *keep, int n)
{
	int fds[8], from = 3;

	memcpy(fds, keep, (size_t)n * sizeof(int));
	qsort(fds, (size_t)n, sizeof(int), by_number);
	for (int i = 0; i < n; i++) {
		if (fds[i] < from)
			continue;
		if (fds[i] > from)
			close_range((unsigned)from, (unsigned)fds[i] - 1, 0);
		from = fds[i] + 1;
	}
	close_range((unsigned)from, ~0u, 0);
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

static void
say_started(struct gsi_self *me, const char *reason, uint32_t kind)
{
	gs_pid root = gsi_root_pid(me);
	struct gsi_head head = { GSI_STARTED, me->pid.gen, kind };

	/* the forker's mailbox may be full for a moment, never for ever */
	while (gsi_send(me, root, GM_MAILBOX, &head, gs_text(reason),
		   GM_SEND_RUNTIME) == -EAGAIN)
		sched_yield();
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

static const gs_behaviour *
load_module(struct gsi_self *me, const char *path)
{
	const gs_behaviour *const *symbol;
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (object == NULL)
		give_up(me, "not_loadable: %s", dlerror());
	symbol = dlsym(object, "gs_module");
	if (symbol == NULL)
		give_up(me,
		    "no_behaviour: %s has no symbol gs_module: is "
		    "GS_MODULE(...) in it?",
		    path);
	if (*symbol == NULL || (*symbol)->abi != GS_ABI)
		give_up(me,
		    "bad_abi: %s is built for ABI %u, this library "
		    "is ABI %u: build it anew",
		    path, *symbol == NULL ? 0 : (*symbol)->abi, GS_ABI);
	return *symbol;
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

struct newborn {
	struct gsi_forker *forker;
	const struct gsi_spec *spec;
	gs_pid pid;
	gs_pid parent;
	int bell;
	int life;
};

static struct gsi_self *
settle(const struct newborn *n)
{
	static struct gm_arena arena; /* in self.c's sense: home's, copied */
	struct gsi_self *parent = n->forker->me;
	struct gsi_self *me = calloc(1, sizeof(*me));
	int keep[] = { n->bell, n->life, parent->arena->fd, parent->node_bell,
		parent->reports };

	if (me == NULL)
		_exit(1);
	close_others(keep, 5);
	wait_published(parent->arena, n->pid, n->bell, n->life);
	/* the life pipe kills with the node; the forker's end is no reason */
	if (n->life >= 0)
		prctl(PR_SET_PDEATHSIG, 0);
	arena = *parent->arena;
	me->is_server = true;
	me->socket = -1;
	if (gsi_member_init(me, n->pid, &arena, n->bell, parent->node_bell,
		parent->reports) != 0) {
		if (me->page != NULL)
			give_up(me, "system_limit");
		_exit(1);
	}
	gsi_home_server(&arena);
	gsi_self_set(me);
	return me;
}

static void __attribute__((noreturn)) run_child(const struct newborn *n)
{
	const struct gsi_spec *spec = n->spec;
	const char *name = gsi_spec_text(spec, spec->name_at);
	struct gsi_self *me = settle(n);
	struct gsi_birth birth = {
		.hibernate_after = spec->hibernate_after,
		.parent = n->parent,
		.debug = gsi_spec_text(spec, spec->debug_at),
		.started = gsi_say_started,
		.refused = gsi_say_refused,
	};

	/* pstree and top show the supervision tree by its names */
	prctl(PR_SET_NAME, name[0] != '\0' ? name : "gs-server");
	/* what is printed is in the log when it is printed */
	setvbuf(stdout, NULL, _IOLBF, 0);
	enter_folder(me, spec);
	if (spec->code == GSI_CODE_PLAIN) {
		gm_store(&me->page->started, 1, release);
		gsi_say_started(me);
	}
	if (spec->code == GSI_CODE_PROGRAM || spec->code == GSI_CODE_PLAIN)
		gsi_seat_exec(me, spec, n->parent, n->life);
	birth.behaviour = find_code(me, spec);
	birth.argument = gs_bytes_of(
	    gsi_spec_text(spec, spec->argument_at), spec->argument_size);
	gsi_server_run(me, &birth);
}

/* What the child does before it may touch anything of its own. */
static void
first_acts(pid_t forker)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != forker)
		_exit(0);
	setpgid(0, 0);
	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP)
			signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- in the forker ---- */

static void
say_born(struct gsi_forker *forker, const struct newborn *n, gs_pid caller,
    pid_t os_pid)
{
	const struct gsi_spec *spec = n->spec;
	const char *name = gsi_spec_text(spec, spec->name_at);
	struct gsi_born born = {
		.slot = n->pid.slot,
		.gen = n->pid.gen,
		.os_pid = os_pid,
		.caller = caller,
		.ref = spec->ref,
		.cells = spec->cells,
		.name_size = (uint32_t)strlen(name),
	};

	if ((spec->flags & GSI_SPEC_LINK) != 0)
		born.flags |= GSI_BORN_LINK;
	if ((spec->flags & GSI_SPEC_MONITOR) != 0)
		born.flags |= GSI_BORN_MONITOR;
	if ((spec->flags & GSI_SPEC_SUPERVISED) != 0)
		born.flags |= GSI_BORN_SUPERVISED;
	if (spec->code == GSI_CODE_PLAIN)
		born.flags |= GSI_BORN_PLAIN;
	memcpy(born.name, name, born.name_size);
	gsi_request_post(forker->me, GSI_OP_BORN, &born, sizeof(born));
}

static gs_pid
parent_of(struct gsi_forker *forker, const struct gsi_spec *spec, gs_pid caller)
{
	if ((spec->flags & GSI_SPEC_SUPERVISED) != 0)
		return forker->me->pid;
	if ((spec->flags & (GSI_SPEC_LINK | GSI_SPEC_MONITOR)) != 0)
		return caller;
	return GS_NO_PID;
}

int
gsi_spawn(struct gsi_forker *forker, const struct gsi_spec *spec, gs_pid caller,
    gs_pid *pid, pid_t *os_pid)
{
	struct newborn n = { .forker = forker, .spec = spec };
	sigset_t all, old;
	pid_t me = getpid(), child;
	int status;

	status = take_seat(forker, &n.pid, &n.bell);
	if (status != 0)
		return status;
	n.parent = parent_of(forker, spec, caller);
	n.life = open_life(forker);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	child = fork();
	if (child == 0) {
		first_acts(me);
		run_child(&n);
	}
	status = child < 0 ? -errno : 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (child > 0) {
		setpgid(child, child);
		arm_life(n.life, child);
		say_born(forker, &n, caller, child);
		close(n.bell);
		*pid = n.pid;
		*os_pid = child;
	} else {
		/* the seat is as good as before */
		forker->seats[forker->n_seats] = n.pid;
		forker->bells[forker->n_seats++] = n.bell;
	}
	if (n.life >= 0)
		close(n.life);
	return status;
}
