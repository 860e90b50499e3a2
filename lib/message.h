/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What travels in a ring record: a head, then the body.  The ring says which
 * slot wrote it, the head says which holder of that slot; kinds that only the
 * node may send are believed from nobody else.
 */
#ifndef GSI_MESSAGE_H
#define GSI_MESSAGE_H

#include <assert.h>
#include <genserver.h>

enum gsi_kind {
	/* in mailboxes */
	GSI_CALL = 1, /* tag: answer with it */
	GSI_CAST = 2,
	GSI_INFO = 3, /* tag: the alias it was sent to, 0 none */
	GSI_TIMER = 4, /* tag: gs_ref of the timer */
	GSI_SYS = 5, /* body: struct gsi_sys; tag: answer with it */
	GSI_EXIT = 6, /* node only; body: struct gsi_note */
	GSI_DOWN = 7, /* node only; tag: monitor; struct gsi_note */
	GSI_CHILD = 8, /* node to forker: struct gsi_note */
	GSI_STARTED = 9, /* child to forker: its init is done */
	GSI_RESPONSE = 10, /* made here, sent by nobody; tag: the request */
	GSI_FD = 11, /* the same; tag: events and descriptor */
	GSI_CANCELLED = 12, /* to oneself; tag: the timer; body: int64_t */
	/* in reply rings */
	GSI_REPLY = 16,
	GSI_ANSWER = 17, /* node's answer: struct gsi_answer */
	GSI_REFUSAL = 18, /* no reply will come: int32_t, -errno */
};

/*
 * kind has in its upper half where the sender ran, plus one (0: it did not
 * say): a hint for who waits for the next message, which comes for nothing.
 */
#define GSI_KIND 0xffffu
#define GSI_CPU_SHIFT 16

struct gsi_head {
	uint32_t kind;
	uint32_t gen; /* of the sender, whose slot the ring names */
	uint64_t tag;
};

static_assert(sizeof(struct gsi_head) == 16, "leaves 96 inline bytes");

enum gsi_sys_op {
	GSI_SYS_PING = 1,
	GSI_SYS_TERMINATE, /* text: the reason */
	GSI_SYS_MORE, /* number: of an answer, place: in it */
	GSI_SYS_GET_STATE,
	GSI_SYS_REPLACE_STATE, /* name: the function, text: its argument */
	GSI_SYS_GET_STATUS,
	GSI_SYS_SUSPEND,
	GSI_SYS_RESUME, /* number: 0, or the tag of the suspend it undoes */
	GSI_SYS_DEBUG_ON, /* text: a word; the next as well */
	GSI_SYS_DEBUG_OFF, /* name: NULL all */
	GSI_SYS_TRACE_TO_ME, /* number: on or off */
	GSI_SYS_INSTALL, /* name: function and id; text: its state */
	GSI_SYS_REMOVE, /* name: function or id */
	GSI_SYS_GET_STATISTICS,
	GSI_SYS_GET_LOG,
	GSI_SYS_CHANGE_CODE, /* name: path; text: extra; number: flags */
	GSI_SYS_OPS
};

/* A system request; behind it the name and then the text. */
struct gsi_sys {
	uint32_t op;
	uint32_t size; /* of the text */
	uint32_t name_size;
	uint32_t spare;
	int64_t deadline; /* ns; not begun after it; -1: none */
	uint64_t number;
	uint64_t place;
};

/* Its answer, before the data: as much of it as fits one message, the rest by MORE. */
struct gsi_sys_answer {
	int32_t status; /* 0, or -errno and the data is the reason */
	uint32_t size; /* of this piece */
	uint64_t all;
	uint64_t number; /* to ask for the rest with */
};

/* number of CHANGE_CODE */
#define GSI_CODE_DOWN 1u
#define GSI_CODE_SUSPENDS 2u
#define GSI_CODE_PATH 4096u

enum gsi_note_flags {
	GSI_NOTE_PARENT = 1, /* EXIT: who is the receiver's parent */
	GSI_NOTE_STARTED = 2, /* CHILD: its init had returned ok */
	GSI_NOTE_REFUSED = 4, /* CHILD: name taken, holder says by whom */
	GSI_NOTE_LINK = 8, /* EXIT: came by a link */
};

struct gsi_note {
	gs_pid who;
	uint32_t flags;
	int32_t os_pid;
	gs_pid holder;
	uint32_t reason_size;
	char reason[GS_REASON_MAX + 1];
};

/* One message taken from the mailbox, borrowed until gsi_mailbox_done. */
struct gsi_message {
	uint32_t kind;
	gs_pid from;
	uint64_t tag;
	gs_bytes body;
	bool from_node; /* the ring says the node wrote it */
};

#endif
