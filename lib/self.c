/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who am I: the mutable statics of the library, all of them.  One process
 * image is in one node (home); each thread is a process of that node (self).
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/dispatch.h"
#include "lib/guest.h"
#include "lib/self.h"
#include "lib/sys_ask.h"
#include "lib/thread.h"
#include "lib/watch.h"

/* What gs_error_reason and gs_error_text show. */
struct gsi_failure {
	char reason[GS_REASON_MAX + 1];
	char text[1024];
};

GSI_TLS _Thread_local struct gsi_thread gsi_thread;
struct gsi_home gsi_here = { .life = -1 };
static struct gsi_self *selves; /* clients of this program, under lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static void *process_slot;

/* The child is to find the list whole, whoever is just changing it. */
static void
hold_for_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void
release_after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

/*
 * A forked child is not the parent: it must not use the parent's slot, and
 * its copies of the sockets must not keep the parent alive for the node.
 */
static void
close_all(struct gsi_self *me)
{
	int fds[] = { me->socket, me->bell, me->node_bell, me->reports,
		me->arena != NULL ? me->arena->fd : -1 };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	gsi_watches_forked(me);
	gsi_dispatch_forked(me);
	/* threads share it */
	if (me->arena != NULL)
		me->arena->fd = -1;
}

static void
close_all_nodes(struct gsi_self *me)
{
	struct gsi_self *at = NULL;

	close_all(me);
	while ((at = gsi_guest_next(me, at)) != NULL)
		close_all(at);
}

static void
forget_after_fork(void)
{
	for (struct gsi_self *me = selves; me != NULL; me = me->next)
		close_all_nodes(me);
	/* a helper of a server; a server of root goes on with root's */
	if (gsi_thread.self != NULL && gsi_thread.self->is_server &&
	    !gsi_here.bears)
		close_all_nodes(gsi_thread.self);
	selves = NULL;
	memset(&gsi_thread, 0, sizeof(gsi_thread));
	if (gsi_here.life >= 0)
		close(gsi_here.life);
	/* detached; its name stays for servers, who are attached at once */
	gsi_here.open = false;
	gsi_here.arena = NULL;
	gsi_here.embedded = false;
	gsi_here.life = -1;
	pthread_mutex_init(&lock, NULL);
}

static void
thread_ends(void *value)
{
	struct gsi_self *me = gsi_thread.self;

	(void)value;
	/* servers end with their process, not with a thread */
	if (me != NULL && me->is_server)
		return;
	/* destructors that run later may come back: as somebody new */
	gsi_thread.self = NULL;
	if (me != NULL)
		gsi_detach(me, true);
	gsi_text_end();
	gsi_verdict_end();
	gsi_sys_end();
	free(gsi_thread.failure);
	gsi_thread.failure = NULL;
	/* looking at what there is has marked us again */
	pthread_setspecific(key, NULL);
}

static void
prepare(void)
{
	pthread_key_create(&key, thread_ends);
	pthread_atfork(hold_for_fork, release_after_fork, forget_after_fork);
}

/* What this thread has here is freed when it ends. */
static void
mark_thread(void)
{
	pthread_once(&once, prepare);
	pthread_setspecific(key, &gsi_thread);
}

void **
gsi_process_slot(void)
{
	return &process_slot;
}

struct gsi_home *
gsi_home(void)
{
	return &gsi_here;
}

void
gsi_home_server(struct gm_arena *arena)
{
	gsi_here.open = true;
	gsi_here.arena = arena;
}

void
gsi_home_lock(void)
{
	pthread_once(&once, prepare);
	pthread_mutex_lock(&lock);
}

void
gsi_home_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

struct gsi_self *
gsi_self_peek(void)
{
	return gsi_thread.self;
}

void
gsi_self_set(struct gsi_self *me)
{
	gsi_thread.self = me;
	if (me != NULL)
		mark_thread();
}

/* Keeps the list of this program's clients; called under the lock. */
void
gsi_selves_add(struct gsi_self *me)
{
	me->next = selves;
	selves = me;
}

void
gsi_selves_drop(struct gsi_self *me)
{
	struct gsi_self **at = &selves;

	while (*at != NULL && *at != me)
		at = &(*at)->next;
	if (*at == me)
		*at = me->next;
}

bool
gsi_selves_any(void)
{
	return selves != NULL;
}

/* Apart, so that the short way has no frame. */
static struct gsi_self *__attribute__((noinline)) join(void)
{
	int why;

	return gsi_join(-1, &why);
}

static struct gsi_self *__attribute__((noinline))
if_it_stays(struct gsi_self *me)
{
	return gsi_stays(me) ? me : NULL;
}

struct gsi_self *
gsi_self(void)
{
	struct gsi_self *me = gsi_self_now();

	return __builtin_expect(me != NULL, 1) ? me : join();
}

struct gsi_self *
gsi_self_here(void)
{
	struct gsi_self *me = gsi_self_now();

	return __builtin_expect(me != NULL, 1) ? me
					       : if_it_stays(gsi_thread.self);
}

struct gsi_self *
gsi_self_within(int timeout, int *why)
{
	struct gsi_self *me = gsi_self_here();

	return me != NULL ? me : gsi_join(gsi_deadline(timeout), why);
}

void **
gsi_thread_slot(int which)
{
	if (which < GSI_SLOT_SERVER && gsi_thread.slot[which] == NULL)
		mark_thread();
	return &gsi_thread.slot[which];
}

static struct gsi_failure *
failure(void)
{
	if (gsi_thread.failure == NULL) {
		gsi_thread.failure = calloc(1, sizeof(*gsi_thread.failure));
		mark_thread();
	}
	return gsi_thread.failure;
}

/* Reasons and names in it are others' words, and people read it. */
static void
make_printable(char *text, size_t size)
{
	char raw[sizeof(gsi_thread.failure->text)];
	size_t n = strlen(text);

	memcpy(raw, text, n);
	gsi_printable(text, size, raw, n);
}

int
gsi_fail(int status, const char *reason, const char *format, ...)
{
	struct gsi_failure *f = failure();
	va_list args;

	if (f == NULL)
		return status;
	/* no reason is not normal */
	f->reason[0] = '\0';
	if (reason[0] != '\0')
		gsi_reason_copy(f->reason, reason);
	va_start(args, format);
	vsnprintf(f->text, sizeof(f->text), format, args);
	va_end(args);
	for (const char *c = f->text; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e) {
			make_printable(f->text, sizeof(f->text));
			break;
		}
	return status;
}

const char *
gs_error_reason(void)
{
	return gsi_thread.failure != NULL ? gsi_thread.failure->reason : "";
}

const char *
gs_error_text(void)
{
	return gsi_thread.failure != NULL ? gsi_thread.failure->text : "";
}
