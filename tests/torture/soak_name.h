/* SPDX-License-Identifier: Apache-2.0 */
/* Names that voices take from each other, and looks at processes. */
#ifndef GS_TESTS_SOAK_NAME_H
#define GS_TESTS_SOAK_NAME_H

#include "tests/torture/soak_take.h"

#define PRIZES 4u

/* Who holds a prize name: slot << 32 | gen. */
static _Atomic uint64_t *prizes;

/* Two hold one name never at the same time. */
static inline void
do_name(struct voice *v)
{
	uint32_t i = chance(&v->seed, PRIZES);
	uint64_t me = packed_pid(v->self), last;
	gs_pid found, other;
	char name[16];
	int status;

	snprintf(name, sizeof(name), "prize%u", i);
	begin(v, 103, -1);
	status = gs_register(name);
	if (status == 0) {
		last = atomic_exchange(&prizes[i], me);
		other = (gs_pid){ v->self.node, (uint32_t)(last >> 32),
			(uint32_t)last };
		if (last != 0 && gs_alive(other))
			wrong(v->me, NOBODY, "%s is held by two", name);
		if (gs_whereis(name, &found) != 0 ||
		    !gs_pid_equal(found, v->self))
			wrong(v->me, NOBODY, "%s is not mine", name);
		take_what_comes(v, (int)chance(&v->seed, 3));
		atomic_compare_exchange_strong(&prizes[i], &me, 0);
		begin(v, 103, -1);
		if (gs_unregister(name) != 0)
			wrong(v->me, NOBODY, "%s was not mine", name);
		count(N_names, 1);
	} else if (status != -EEXIST) {
		wrong(
		    v->me, NOBODY, "register: %d %s", status, gs_error_text());
	}
	end(v);
}

static inline int
look_at(const gs_process_info *p, void *data)
{
	uint32_t *n = data;

	*n += p->kind == GS_PROCESS_SERVER;
	return 0;
}

static inline void
do_look(struct voice *v)
{
	uint32_t n = 0, server = some_server(&v->seed);
	gs_process_info info;
	int status = gs_process_inspect(server_name(server), &info);

	if (status == 0 &&
	    strcmp(info.name, gs_addr_name(server_name(server))) != 0)
		wrong(v->me, server, "inspected: %s", info.name);
	if (chance(&v->seed, 10) == 0 && gs_processes(look_at, &n) != 0)
		wrong(v->me, NOBODY, "no look at the processes");
	begin(v, 109, 100);
	status = gs_ping(server_name(server), 100);
	end(v);
	if (status != 0 && status != -ETIMEDOUT && status != -ENOENT &&
	    status != -ESRCH && status != -ECONNRESET && status != -EAGAIN)
		wrong(v->me, server, "ping: %d %s", status, gs_error_text());
}

#endif
