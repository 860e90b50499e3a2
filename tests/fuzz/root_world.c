/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What root asks of others, answered without them: the linker sends its calls
 * here.  The rule: each question is answered at most once, and whoever waits
 * for an answer waits for a process that runs.
 */
#include "tests/fuzz/root_world.h"

#include <errno.h>

int __wrap_gs_reply(gs_from from, gs_bytes reply);
int __wrap_gs_exit_signal(gs_addr to, const char *reason);
int __wrap_gs_send_after(int ms, gs_addr to, gs_bytes message, gs_ref *ref);
int64_t __wrap_gs_cancel_timer(gs_ref ref);
int __wrap_gsi_request_post_within(struct gsi_self *me, enum gsi_op op,
    const void *body, size_t size, int64_t ns);
int __wrap_gsi_request_post(
    struct gsi_self *me, enum gsi_op op, const void *body, size_t size);
int __wrap_gsi_spawn(struct gsi_forker *forker, const struct gsi_spec *spec,
    gs_pid caller, gs_pid *pid, pid_t *os_pid);
int __wrap_gsi_next_seat(
    struct gsi_forker *forker, const struct gsi_spec *spec, gs_pid *pid);
void __wrap_gsi_park(struct gsi_forker *forker);
int __wrap_gm_name_find(const struct gm_arena *arena, const char *name,
    size_t size, uint32_t *slot, uint32_t *gen);
int __wrap_dladdr(const void *address, void *info);

struct world *
world(void)
{
	static struct world world;

	return &world;
}

int
__wrap_gs_reply(gs_from from, gs_bytes reply)
{
	struct gsi_root_answer answer;

	FUZZ(reply.size == sizeof(answer));
	memcpy(&answer, reply.data, sizeof(answer));
	FUZZ(answer.status <= 0 && answer.status > -4096);
	FUZZ(answer.reason_size <= GS_REASON_MAX);
	FUZZ(strlen(answer.reason) == answer.reason_size);
	FUZZ(from.tag > 0 && from.tag <= world()->asked);
	FUZZ(!world()->answered[from.tag % QUESTIONS]);
	world()->answered[from.tag % QUESTIONS] = true;
	world()->open--;
	return 0;
}

int
__wrap_gs_exit_signal(gs_addr to, const char *reason)
{
	FUZZ(gs_addr_kind(to) == GS_ADDR_PID && reason != NULL);
	return 0;
}

int
__wrap_gs_send_after(int ms, gs_addr to, gs_bytes message, gs_ref *ref)
{
	struct world *w = world();

	(void)to;
	FUZZ(ms >= 0 && message.size <= sizeof(w->timer));
	memcpy(w->timer, message.data, message.size);
	w->timer_size = message.size;
	ref->id = 1;
	return w->fail & 1 ? -ENOMEM : 0;
}

int64_t
__wrap_gs_cancel_timer(gs_ref ref)
{
	(void)ref;
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

int
__wrap_gsi_request_post_within(struct gsi_self *me, enum gsi_op op,
    const void *body, size_t size, int64_t ns)
{
	FUZZ(ns > 0);
	return __wrap_gsi_request_post(me, op, body, size);
}

/* The child would follow every one of these. */
static void
read_spec(const struct gsi_spec *spec)
{
	const char *word = gsi_spec_text(spec, spec->argv_at);
	const char *end = (const char *)spec + spec->size;
	uint32_t at[] = { spec->name_at, spec->path_at, spec->directory_at,
		spec->debug_at, spec->module_at };

	FUZZ(gsi_spec_check(spec, spec->size));
	for (int i = 0; i < 4; i++)
		FUZZ(gsi_spec_text(spec, at[i]) +
			 strlen(gsi_spec_text(spec, at[i])) <
		     end);
	for (uint32_t i = 0; i < spec->argc; i++)
		word += strlen(word) + 1;
	FUZZ(word <= end);
	FUZZ(gsi_spec_text(spec, spec->argument_at) + spec->argument_size <=
	     end);
}

static gs_pid
next_pid(const struct world *w)
{
	uint32_t n = (uint32_t)w->n_kids + 1;

	return (gs_pid){ 9, n % SLOTS, n };
}

static bool
no_fork(struct world *w)
{
	return (w->fail & 2) != 0;
}

int
__wrap_gsi_next_seat(
    struct gsi_forker *forker, const struct gsi_spec *spec, gs_pid *pid)
{
	(void)forker;
	(void)spec;
	*pid = next_pid(world());
	return no_fork(world()) ? -EAGAIN : 0;
}

/* No start finds one. */
void
__wrap_gsi_park(struct gsi_forker *forker)
{
	(void)forker;
}

int
__wrap_gsi_spawn(struct gsi_forker *forker, const struct gsi_spec *spec,
    gs_pid caller, gs_pid *pid, pid_t *os_pid)
{
	struct world *w = world();
	struct kid *kid = &w->kids[w->n_kids % KIDS];

	(void)forker;
	(void)caller;
	read_spec(spec);
	kid->pid = *pid = next_pid(w);
	w->n_kids++;
	kid->os_pid = *os_pid = 1000 + w->n_kids;
	return 0;
}

int
__wrap_gm_name_find(const struct gm_arena *arena, const char *name, size_t size,
    uint32_t *slot, uint32_t *gen)
{
	(void)arena;
	(void)name;
	FUZZ(size <= GS_NAME_MAX);
	*slot = 3;
	*gen = 1;
	return world()->fail & 4 ? 0 : -ENOENT;
}

/* Which file an address lies in is not for an input to find out. */
int
__wrap_dladdr(const void *address, void *info)
{
	(void)address;
	(void)info;
	return 0;
}
