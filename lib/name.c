/* SPDX-License-Identifier: Apache-2.0 */
/* Names: looked up in the shared table, changed by asking the node. */
#include <errno.h>

#include "lib/guest.h"
#include "lib/request.h"
#include "lib/via.h"

static const char *
what_is_wrong(const char *name)
{
	static const char *const reserved[] = { "nil", "true", "false",
		"undefined" };
	const unsigned char *p = (const unsigned char *)name;
	size_t size, n;

	if (name == NULL || name[0] == '\0')
		return "it is empty";
	size = strnlen(name, GS_NAME_MAX + 1);
	if (size > GS_NAME_MAX)
		return "it is longer than 127 bytes";
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcmp(name, reserved[i]) == 0)
			return "it is a reserved word";
	if (name[0] == '<')
		return "it starts with '<', as pids do";
	for (size_t i = 0; i < size; i += n) {
		n = gsi_utf8(p + i, size - i);
		if (n == 0)
			return "it is not UTF-8";
		if (gsi_shown(p + i, size - i) == 0)
			return "it has a control character";
		if (p[i] == '@')
			return "it has an '@', which separates name and node";
	}
	return NULL;
}

int
gs_name_check(const char *name, const char **why)
{
	const char *wrong = what_is_wrong(name);

	if (why != NULL)
		*why = wrong != NULL ? wrong : "";
	return wrong != NULL ? -EINVAL : 0;
}

/* The name in words for an error, also when it is none. */
int
gsi_name_refused(const char *name)
{
	char shown[3 * GS_NAME_MAX];
	const char *text = name != NULL ? name : "";

	gsi_printable(shown, sizeof(shown), text, strnlen(text, 200));
	return gsi_fail(-EINVAL, "badarg", "'%s' cannot be a name: %s", shown,
	    what_is_wrong(name));
}

static int __attribute__((noinline))
find(struct gsi_self *me, const char *name, gs_pid *pid)
{
	uint32_t slot, gen;

	if (name == NULL ||
	    gm_name_find(me->arena, name, strnlen(name, GM_ENTRY_NAME + 1),
		&slot, &gen) != 0)
		/* a node that ends takes all names with it */
		return gsi_node_alive(me) ? -ENOENT : -ENOTCONN;
	pid->node = me->pid.node;
	pid->slot = slot;
	pid->gen = gen;
	return 0;
}

int
gs_whereis(const char *name, gs_pid *pid)
{
	struct gsi_self *me = gsi_self();
	int status;

	if (me == NULL)
		return -ENOTCONN;
	if (name == NULL || name[0] == '\0' ||
	    strnlen(name, GS_NAME_MAX + 1) > GS_NAME_MAX)
		return gsi_name_refused(name);
	status = find(me, name, pid);
	if (status == 0)
		return 0;
	if (status != -ENOENT)
		return gsi_fail(status, "nodedown", "the node is down");
	return gsi_fail(-ENOENT, "noproc", "nobody holds the name '%s'", name);
}

gs_pid
gsi_root_pid(const struct gsi_self *me)
{
	uint64_t root = gm_load(&me->arena->header->root, acquire);
	gs_pid pid = { me->pid.node, (uint32_t)(root >> 32), (uint32_t)root };

	return pid;
}

int
gsi_resolve_name(struct gsi_self *me, gs_addr to, gs_pid *pid)
{
	switch (gs_addr_kind(to)) {
	case GS_ADDR_PID:
		*pid = gs_addr_pid(to);
		return 0;
	case GS_ADDR_NAME:
		return find(me, gs_addr_name(to), pid);
	case GS_ADDR_NAME_AT:
		if (gs_addr_node(to) == NULL ||
		    strcmp(gs_addr_node(to), me->arena->header->name) != 0)
			return -EHOSTUNREACH;
		return find(me, gs_addr_name(to), pid);
	case GS_ADDR_VIA:
		return gsi_via_find(to, pid);
	}
	return -EINVAL;
}

int
gs_resolve(gs_addr to, gs_pid *pid)
{
	struct gsi_self *me = gsi_self();
	int status;

	if (me == NULL)
		return -ENOTCONN;
	status = gsi_resolve(me, to, pid);
	if (gsi_elsewhere(&me, to, GSI_LATER, &status))
		status = gsi_there(me, gsi_resolve(me, to, pid));
	return status;
}

int
gs_register_pid(const char *name, gs_pid pid)
{
	struct gsi_self *me = gsi_self();
	struct gsi_ask ask = { .pid = pid };
	struct gsi_answer answer;
	int status;

	if (me == NULL)
		return -ENOTCONN;
	if (gs_name_check(name, NULL) != 0)
		return gsi_name_refused(name);
	status = gsi_ask_text(&ask, name);
	if (status == 0)
		status = gsi_request(me, GSI_OP_REGISTER, &ask, &answer);
	if (status != 0)
		return status;
	if (answer.status == -EBUSY)
		return gsi_fail(-EEXIST, "already_registered",
		    "cannot register '%s': the process has a name already",
		    name);
	if (answer.status == -EEXIST)
		return gsi_fail(-EEXIST, "already_registered",
		    "cannot register '%s': the name is taken", name);
	if (answer.status == -ESRCH)
		return gsi_fail(-ESRCH, "noproc",
		    "cannot register '%s': the process is dead", name);
	return answer.status;
}

int
gs_register(const char *name)
{
	struct gsi_self *me = gsi_self();

	return me == NULL ? -ENOTCONN : gs_register_pid(name, me->pid);
}

int
gs_unregister(const char *name)
{
	struct gsi_self *me = gsi_self();
	struct gsi_ask ask = { 0 };
	struct gsi_answer answer;
	int status;

	if (me == NULL)
		return -ENOTCONN;
	if (name == NULL || gsi_ask_text(&ask, name) != 0)
		return -EINVAL;
	status = gsi_request(me, GSI_OP_UNREGISTER, &ask, &answer);
	if (status == 0 && answer.status != 0)
		status = gsi_fail(answer.status, "badarg",
		    "cannot unregister "
		    "'%s': nobody holds it",
		    ask.text);
	return status;
}
