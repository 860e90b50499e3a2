/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's loop.  It never spins, never waits for anybody and runs no user
 * code: it sleeps until something is ready, carries out what is asked, and
 * buries the dead.
 */
#include "lib/node_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/attach.h"

#define EVENTS 128
#define AGAIN_NS (50 * NS_PER_MS)

gs_pid
gsi_node_pid(const struct gsi_node *node, uint32_t slot)
{
	gs_pid pid = { node->creation, slot, node->procs[slot].gen };

	return pid;
}

struct gsi_proc *
gsi_node_proc(struct gsi_node *node, gs_pid pid)
{
	struct gsi_proc *proc;

	if (pid.node != node->creation || pid.slot >= node->high)
		return NULL;
	proc = &node->procs[pid.slot];
	if (proc->state != GSI_SLOT_LIVE || proc->gen != pid.gen)
		return NULL;
	return proc;
}

void
gsi_node_pipe(struct gsi_node *node, int fd)
{
	int place = -1;

	for (int i = 0; i < GSI_PIPES; i++) {
		struct pollfd p = { .fd = node->pipes[i] };

		/* nobody left to read: its 64 processes are all gone */
		if (p.fd >= 0 && poll(&p, 1, 0) == 1 &&
		    (p.revents & POLLERR) != 0) {
			close(p.fd);
			node->pipes[i] = -1;
		}
		if (node->pipes[i] < 0 && place < 0)
			place = i;
	}
	if (place >= 0)
		node->pipes[place] = fd;
	/* else it stays open: a descriptor lost is better than 64 lives */
}

/* Counted, not asked of the kernel: near enough for info and its limit. */
uint32_t
gsi_node_fds(const struct gsi_node *node)
{
	return 16 + gm_poll_fds(node->poll) + node->pooled + node->n_made +
	       gm_load(&node->arena.header->processes, relaxed);
}

void
gsi_node_stop(struct gsi_node *node)
{
	if (node->phase != GSI_PHASE_UP)
		return;
	/* between two roots nobody could stop anybody */
	node->phase = node->root_pid > 1 ? GSI_PHASE_STOPPING : GSI_PHASE_OVER;
	/* a root that is stopped could not either */
	if (node->root_pid > 1)
		kill(node->root_pid, SIGCONT);
	gsi_node_exit(node, gsi_node_pid(node, 0),
	    gsi_node_pid(node, node->root_slot), "shutdown", true);
}

static void
signals(struct gsi_node *node)
{
	struct signalfd_siginfo info;

	while (read(node->signal_fd, &info, sizeof(info)) ==
	       (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			gsi_node_stop(node);
	}
	gsi_node_drain(node);
	gsi_node_orphans(node);
}

static void
dispatch(struct gsi_node *node, const struct gm_event *event)
{
	uint32_t slot = event->token & 0xffffff;
	uint32_t gen = (uint32_t)(event->token >> 24);

	switch ((enum gsi_node_token)(event->token >> 56)) {
	case GSI_AT_BELL:
		break;
	case GSI_AT_SIGNAL:
		signals(node);
		break;
	case GSI_AT_LISTENER:
		gsi_node_visit(node);
		break;
	case GSI_AT_PROCESS:
		if (slot < node->high && node->procs[slot].gen == gen)
			gsi_node_gone(node, slot);
		break;
	case GSI_AT_CLIENT:
		gsi_node_client(node, slot, gen, event->ready);
		break;
	case GSI_AT_VISITOR:
		gsi_node_visitor(node, slot);
		break;
	case GSI_AT_CONTROL:
		gsi_node_control(node);
		break;
	case GSI_AT_OWNER:
		gsi_node_stop(node);
		break;
	}
}

/* When to look without being woken, -1: never. */
static int64_t
next_look(const struct gsi_node *node)
{
	int64_t at = node->unfinished || node->holds ? gsi_now_ns() + AGAIN_NS
						     : gsi_node_next_look(node);

	if (node->recheck_at != 0 && (at < 0 || node->recheck_at < at))
		at = node->recheck_at;
	if (node->root_due != 0 && (at < 0 || node->root_due < at))
		at = node->root_due;
	return at;
}

/* At everybody. */
static void
recheck(struct gsi_node *node)
{
	int64_t again = gsi_node_linger_again(node);

	for (uint32_t s = 1; s < node->high; s++) {
		int64_t soon = gsi_node_tell_again(node, s);

		gsi_node_drain_slot(node, s);
		if (node->procs[s].held != NULL)
			soon = GSI_RECHECK_NS;
		if (soon != 0 && (again == 0 || soon < again))
			again = soon;
	}
	if (again != 0)
		node->recheck_at = gsi_now_ns() + again;
}

/*
 * What others asked for can be lost to a stray write into the dirty bits, and
 * so can a word that there is room: one look behind each busy second.
 */
static void
recheck_later(struct gsi_node *node, int events)
{
	int64_t now = events > 0 || node->recheck_at != 0 ? gsi_now_ns() : 0;

	if (node->recheck_at != 0 && now >= node->recheck_at) {
		node->recheck_at = 0;
		recheck(node);
	}
	/* what happens now comes behind that look: one more */
	if (events > 0 &&
	    (node->recheck_at == 0 || node->recheck_at > now + GSI_RECHECK_NS))
		node->recheck_at = now + GSI_RECHECK_NS;
}

static void
run(struct gsi_node *node)
{
	struct gm_event events[EVENTS];

	while (node->phase != GSI_PHASE_OVER) {
		int n;

		/* edge-triggered: look at everything once before waiting */
		gsi_node_drain(node);
		n = gm_poll_wait(node->poll, next_look(node), events, EVENTS);
		if (!gsi_node_whole(node)) {
			gsi_node_say_cut(node);
			return;
		}
		recheck_later(node, n);
		if (node->unfinished)
			gsi_node_visit(node);
		if (node->holds)
			gsi_node_held_all(node);
		if (node->root_due != 0)
			gsi_node_revive(node);
		/* requests first: a birth comes before its death */
		gsi_node_drain(node);
		for (int i = 0; i < n; i++)
			dispatch(node, &events[i]);
		gsi_node_look(node);
		gsi_node_bury(node);
		if (node->look_again)
			gsi_node_linger(node);
		gm_store(
		    &node->arena.header->fds_used, gsi_node_fds(node), relaxed);
	}
}

static void
run_guarded(void *data)
{
	run(data);
}

static int
watch_signals(struct gsi_node *node)
{
	sigset_t all, ours;

	/* a fault must still kill: those cannot wait in a descriptor */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGCHLD);
	for (int s = 1; s < 32; s++)
		signal(s, SIG_DFL);
	node->signal_fd = signalfd(-1, &ours, SFD_NONBLOCK | SFD_CLOEXEC);
	return node->signal_fd < 0 ? -errno : gsi_guard_install();
}

static int
watch_rest(struct gsi_node *node)
{
	int status = gm_poll_add(
	    node->poll, node->bell, gsi_token(GSI_AT_BELL, 0, 0), 0);

	if (status == 0)
		status = gm_poll_add(node->poll, node->signal_fd,
		    gsi_token(GSI_AT_SIGNAL, 0, 0), 0);
	if (status == 0 && node->owner >= 0)
		status = gm_poll_add(
		    node->poll, node->owner, gsi_token(GSI_AT_OWNER, 0, 0), 0);
	return status;
}

/* A program that cannot be told has no use for a node of its own. */
static int
say_ready(struct gsi_node *node, int ready)
{
	static const char word[] = "ready\n";
	size_t said = 0;
	int null;

	while (ready >= 0 && said < sizeof(word) - 1) {
		ssize_t n = write(ready, word + said, sizeof(word) - 1 - said);

		if (n < 0 && errno != EINTR && node->embedded)
			return -errno;
		/* who started us has gone; we stay */
		if (n < 0 && errno != EINTR)
			break;
		said += n > 0 ? (size_t)n : 0;
	}
	if (ready >= 0)
		close(ready);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return 0;
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	close(null);
	/* a folder that is in use cannot be unmounted */
	if (!node->embedded && chdir("/") != 0)
		return 0;
	return 0;
}

int
gsi_node_main(struct gsi_node *node, int ready)
{
	int status;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, "gs-node");
	for (int i = 0; i < GSI_PIPES; i++)
		node->pipes[i] = -1;
	for (int i = 0; i < GSI_VISITORS; i++)
		node->visitors[i].socket = -1;
	node->lock = node->control = node->listener = -1;
	node->ledger = memfd_create("genserver-children", MFD_CLOEXEC);
	node->output[0] = node->output[1] = -1;
	node->arena.lock_fd = node->arena.fd = -1;
	status = watch_signals(node);
	if (status == 0)
		status = gsi_node_setup(node);
	if (status == 0)
		status = watch_rest(node);
	if (status == 0)
		status = say_ready(node, ready);
	if (status == 0 && gsi_guard(run_guarded, node) != 0)
		gsi_node_say_cut(node);
	gsi_node_teardown(node);
	return status;
}

int
gs_node_run(const char *name, int ready)
{
	struct gsi_node *node;
	int status;

	if (gs_name_check(name, NULL) != 0)
		return gsi_name_refused(name);
	node = calloc(1, sizeof(*node));
	if (node == NULL)
		return -ENOMEM;
	setsid();
	snprintf(node->name, sizeof(node->name), "%s", name);
	node->owner = node->owner_life = -1;
	status = gsi_node_main(node, ready);
	free(node->procs);
	free(node);
	return status;
}
