/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System messages as they come: checked, served, answered.  An answer larger
 * than a message may be goes in pieces: the server keeps it until the last
 * piece has been asked for, or the next such answer replaces it.
 */
#include "lib/system.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct gsi_system *
gsi_system(struct gsi_server *s)
{
	if (!s->system) {
		s->system = calloc(1, sizeof(*s->system));
		if (s->system)
			s->system->end = &s->system->first;
	}
	return s->system;
}

/* ---- answers ---- */

/* Bytes of an answer that go to him in one message; 0: he is gone. */
static size_t
room_at(struct gsi_self *me, gs_pid pid)
{
	const size_t heads =
	    sizeof(struct gsi_head) + sizeof(struct gsi_sys_answer);
	struct gsi_peer *peer;

	if (gsi_peer_get(me, pid, &peer) != 0)
		return 0;
	return gm_ring_message_max(&peer->region.ring[GM_REPLIES]) - heads;
}

static void
send_piece(struct gsi_server *s, gs_from to, const struct gsi_sys_answer *head,
    const void *data)
{
	struct gsi_sys_answer none = { .status = -ENOMEM };
	char *body = malloc(sizeof(*head) + head->size);

	if (!body) {
		gsi_send_reply(s->me, to.pid, to.tag, GS_OBJECT(none));
		return;
	}
	memcpy(body, head, sizeof(*head));
	if (head->size)
		memcpy(body + sizeof(*head), data, head->size);
	gsi_send_reply(s->me, to.pid, to.tag,
	    gs_bytes_of(body, sizeof(*head) + head->size));
	free(body);
}

static void
forget_answer(struct gsi_system *system)
{
	free(system->answer);
	system->answer = NULL;
	system->answer_size = 0;
}

/* False without memory. */
static bool
keep_answer(struct gsi_server *s, gs_bytes data)
{
	struct gsi_system *system = gsi_system(s);

	if (!system)
		return false;
	forget_answer(system);
	system->answer = malloc(data.size);
	if (!system->answer)
		return false;
	memcpy(system->answer, data.data, data.size);
	system->answer_size = data.size;
	system->answer_number++;
	return true;
}

void
gsi_system_answer(struct gsi_server *s, const struct gsi_asked *asked,
    int status, gs_bytes data)
{
	struct gsi_sys_answer head = { .status = status, .all = data.size };
	size_t room;

	if (!asked->from.tag)
		return;
	room = room_at(s->me, asked->from.pid);
	if (!room)
		return;
	head.size = (uint32_t)data.size;
	if (data.size > room) {
		head.size = (uint32_t)room;
		if (!keep_answer(s, data)) {
			head = (struct gsi_sys_answer){ .status = -ENOMEM };
			data = GS_NONE;
		} else {
			head.number = s->system->answer_number;
		}
	}
	send_piece(s, asked->from, &head, data.data);
}

void
gsi_system_refuse(struct gsi_server *s, const struct gsi_asked *asked,
    int status, const char *format, ...)
{
	char text[GS_REASON_MAX + 1];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	gsi_system_answer(s, asked, status, gs_text(text));
}

bool
gsi_system_name(const struct gsi_asked *asked, char *name, size_t size)
{
	if (!asked->name.size || asked->name.size >= size ||
	    memchr(asked->name.data, '\0', asked->name.size))
		return false;
	gs_string(asked->name, name, size);
	return true;
}

bool
gsi_system_late(const struct gsi_asked *asked)
{
	return asked->head.deadline >= 0 &&
	       gsi_now_ns() >= asked->head.deadline;
}

/* ---- the simple ones ---- */

static void
ping(struct gsi_server *s, const struct gsi_asked *asked)
{
	gsi_system_answer(s, asked, 0, GS_NONE);
}

static void
terminate(struct gsi_server *s, const struct gsi_asked *asked)
{
	char reason[GS_REASON_MAX + 1];

	gsi_system_answer(s, asked, 0, GS_NONE);
	gsi_server_end(s, gs_string(asked->text, reason, sizeof(reason)));
}

static void
more(struct gsi_server *s, const struct gsi_asked *asked)
{
	struct gsi_system *system = s->system;
	struct gsi_sys_answer head = { .number = asked->head.number };
	size_t left, room, at = (size_t)asked->head.place;

	if (!system || !system->answer || at >= system->answer_size ||
	    system->answer_number != asked->head.number) {
		gsi_system_refuse(s, asked, -ESTALE,
		    "stale: somebody else has asked for a long answer since");
		return;
	}
	left = system->answer_size - at;
	room = room_at(s->me, asked->from.pid);
	head.size = (uint32_t)(left < room ? left : room);
	head.all = system->answer_size;
	if (asked->from.tag && room)
		send_piece(s, asked->from, &head, system->answer + at);
	if (left <= room)
		forget_answer(system);
}

static void
suspend(struct gsi_server *s, const struct gsi_asked *asked)
{
	struct gsi_system *system = gsi_system(s);

	if (!system) {
		gsi_system_refuse(s, asked, -ENOMEM, "system_limit");
		return;
	}
	if (!s->suspended)
		system->suspender = asked->from;
	s->suspended = true;
	gsi_system_answer(s, asked, 0, GS_NONE);
}

/* Whose suspend came too late undoes that one, and nobody else's. */
static bool
undoes(const struct gsi_server *s, const struct gsi_asked *asked)
{
	return s->suspended &&
	       gs_pid_equal(s->system->suspender.pid, asked->from.pid) &&
	       s->system->suspender.tag == asked->head.number;
}

static void
resume(struct gsi_server *s, const struct gsi_asked *asked)
{
	if (!asked->head.number || undoes(s, asked))
		s->suspended = false;
	gsi_system_answer(s, asked, 0, GS_NONE);
}

/* ---- all of them ---- */

static const struct {
	void (*serve)(struct gsi_server *s, const struct gsi_asked *asked);
	bool servers_only; /* a supervisor's state is the library's own */
} table[GSI_SYS_OPS] = {
	[GSI_SYS_PING] = { ping, false },
	[GSI_SYS_TERMINATE] = { terminate, false },
	[GSI_SYS_MORE] = { more, false },
	[GSI_SYS_GET_STATE] = { gsi_system_get_state, false },
	[GSI_SYS_REPLACE_STATE] = { gsi_system_replace_state, true },
	[GSI_SYS_GET_STATUS] = { gsi_system_get_status, false },
	[GSI_SYS_SUSPEND] = { suspend, true },
	[GSI_SYS_RESUME] = { resume, false },
	[GSI_SYS_DEBUG_ON] = { gsi_system_debug_on, false },
	[GSI_SYS_DEBUG_OFF] = { gsi_system_debug_off, false },
	[GSI_SYS_TRACE_TO_ME] = { gsi_system_trace_to, false },
	[GSI_SYS_INSTALL] = { gsi_system_install, false },
	[GSI_SYS_REMOVE] = { gsi_system_remove, false },
	[GSI_SYS_GET_STATISTICS] = { gsi_system_get_statistics, false },
	[GSI_SYS_GET_LOG] = { gsi_system_get_log, false },
	[GSI_SYS_CHANGE_CODE] = { gsi_system_change_code, true },
};

/* False: it is no request at all. */
static bool
read_request(const struct gsi_message *m, struct gsi_asked *asked)
{
	const size_t head = sizeof(asked->head);
	const char *data = (const char *)m->body.data + head;

	if (m->body.size < head)
		return false;
	memcpy(&asked->head, m->body.data, head);
	if (asked->head.name_size > m->body.size - head ||
	    asked->head.size > m->body.size - head - asked->head.name_size)
		return false;
	asked->from = (gs_from){ .pid = m->from, .tag = m->tag };
	asked->name = gs_bytes_of(data, asked->head.name_size);
	asked->text =
	    gs_bytes_of(data + asked->head.name_size, asked->head.size);
	return true;
}

void
gsi_take_sys(struct gsi_server *s)
{
	struct gsi_asked asked;
	uint32_t op;

	if (!read_request(&s->message, &asked))
		return;
	op = asked.head.op;
	/* whoever asked has given up: nothing is to happen any more */
	if (gsi_system_late(&asked))
		return;
	if (op >= GSI_SYS_OPS || !table[op].serve)
		gsi_system_refuse(s, &asked, -ENOSYS, "unknown_system_msg");
	else if (table[op].servers_only && s->birth.handle_child)
		gsi_system_refuse(s, &asked, -EPERM,
		    "supervisor: its state and code are the library's");
	else
		table[op].serve(s, &asked);
}
