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

static_assert(sizeof(struct gsi_head) == 16, "leaves 32 inline bytes");

enum gsi_sys_op {
	GSI_SYS_PING = 1,
	GSI_SYS_TERMINATE = 2, /* text: the reason */
};

struct gsi_sys {
	uint32_t op;
	uint32_t size;
	char text[];
};

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
