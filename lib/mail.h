/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaching other processes: finding them, sending to them, waiting for their
 * answers, and taking what they have sent.
 */
#ifndef GSI_MAIL_H
#define GSI_MAIL_H

#include "lib/message.h"
#include "shm/proctab.h"
#include "shm/region.h"
#include "shm/ring.h"

struct gsi_self;

/* name.c */
int gsi_resolve_name(struct gsi_self *me, gs_addr to, gs_pid *pid);
static inline int
gsi_resolve(struct gsi_self *me, gs_addr to, gs_pid *pid)
{
	if (__builtin_expect(gs_addr_kind(to) != GS_ADDR_PID, 0))
		return gsi_resolve_name(me, to, pid);
	*pid = gs_addr_pid(to);
	return 0;
}
/* -EINVAL, and says what is wrong with the name. */
int gsi_name_refused(const char *name);
/* The root supervisor of the node. */
gs_pid gsi_root_pid(const struct gsi_self *me);

/* failure.c */
/* The address in words, names made printable. */
const char *gsi_addr_text(gs_addr to, char *text, size_t size);
/*
 * Notes that an operation has failed, reason NULL as status says, and shows
 * the request unless its data is NULL: status.
 */
int gsi_failed(int status, const char *operation, gs_addr to, gs_bytes request,
    int timeout, const char *reason);

/* call.c */
/* Does it read a mailbox, so that it can answer? */
bool gsi_has_loop(struct gsi_self *me, gs_pid pid);

/* gs_call for system messages, which a full mailbox does not stop. */
int gsi_system_call(gs_addr to, const char *operation, gs_bytes request,
    gs_bytes *reply, int timeout);

/* peer.c: the mailboxes this process has sent to, mapped on first use */
struct gsi_peer {
	gs_pid pid;
	const struct gm_entry *entry;
	struct gm_region_ref region;
	int bell; /* -1: not fetched yet */
	bool sought; /* once in vain */
};

static inline struct gm_alive
gsi_peer_alive(const struct gsi_peer *peer)
{
	struct gm_alive alive = { &peer->entry->word,
		gm_word_of(peer->pid.gen, GM_LIVE) };

	return alive;
}

/* -ESRCH dead or never there, -EHOSTUNREACH of another node. */
int gsi_peer_get(struct gsi_self *me, gs_pid pid, struct gsi_peer **out);
void gsi_peer_ring(struct gsi_self *me, struct gsi_peer *peer);
void gsi_peers_free(struct gsi_self *me);
/* Its mailbox is mapped and its bell in hand; both are taken. */
void gsi_peer_know(struct gsi_self *me, gs_pid pid, int bell,
    const struct gm_region_ref *region);
/* Unmapped, and mapped again when there is something to say. */
void gsi_peer_forget(struct gsi_self *me, gs_pid pid);
/* bell.c: its bell without the node's help, or -errno */
int gsi_bell_of(struct gsi_self *me, const struct gsi_peer *peer);

/* send.c */
/* Sends head and body to a process.  -ESRCH, -EAGAIN, -EMSGSIZE... */
int gsi_send(struct gsi_self *me, gs_pid to, enum gm_which ring,
    const struct gsi_head *head, gs_bytes body, unsigned flags);
int gsi_send_peer(struct gsi_self *me, struct gsi_peer *peer,
    enum gm_which ring, const struct gsi_head *head, gs_bytes body,
    unsigned flags);
/* A system message, which a full mailbox does not stop. */
int gsi_send_system(
    struct gsi_self *me, gs_pid to, const struct gsi_head *head, gs_bytes body);
/* Rings for a record that is committed, and is done with it. */
void gsi_ring_it(struct gsi_self *me, struct gsi_peer *peer,
    const struct gm_ring_ref *ring, uint64_t sleep_no);
/* peer.c: a send that a fault has cut short, and a handler jumped out of */
void gsi_send_broken(struct gsi_self *me);
/* Answers a call or sys request. */
int gsi_send_reply(struct gsi_self *me, gs_pid to, uint64_t tag, gs_bytes body);

/* await.c */
#define GSI_AGAIN_NS (1000 * NS_PER_MS)
/*
 * Sleeps for answers, up to deadline (ns, -1 for ever) or until it is time to
 * ring the peer again, which is at's: *step, which grows.  As gsi_sleep.
 */
typedef int gsi_sleeper(
    struct gsi_self *me, struct gm_receiver *ring, int64_t deadline);
int gsi_sleep_on(struct gsi_self *me, gsi_sleeper *sleep, struct gsi_self *at,
    struct gsi_peer *peer, int64_t deadline, int64_t *step);
/* Why no reply comes. */
int gsi_refusal(const struct gm_record *record);
/*
 * Waits for the answer with this tag, until deadline (also GSI_IN): 0 and
 * *body, borrowed until the next look at the replies.  peer (or NULL) is whose
 * death ends the wait: -ECONNRESET, and reason says why.  -ETIMEDOUT,
 * -ENOTCONN.
 */
int gsi_await(struct gsi_self *me, uint64_t tag, struct gsi_peer *peer,
    int64_t deadline, gs_bytes *body, char reason[GS_REASON_MAX + 1]);

/* receive.c */
/*
 * The next message of the mailbox: 1, 0 at the deadline (ns, -1 never),
 * -EBADMSG damaged mailbox, -ENOTCONN node gone (clients), -EINTR a signal
 * wants attention (gsi_signal_pending).  Fires due timers on the way.
 */
int gsi_mailbox_next(
    struct gsi_self *me, struct gsi_message *message, int64_t deadline);
void gsi_mailbox_done(struct gsi_self *me);
/* 1 the next message, 0 none is there, -EBADMSG. */
int gsi_mailbox_take(struct gsi_self *me, struct gsi_message *message);
/* Nothing is there: gives back what was grown, or tells when (ns, -1). */
int64_t gsi_give_back(struct gsi_self *me);
/* message.c: what gs_receive shows of it; false: nothing */
bool gsi_shown_info(
    struct gsi_self *me, const struct gsi_message *m, struct gs_info *info);
/* A signal wants the loop's attention (crash.c). */
bool gsi_signal_pending(struct gsi_self *me);
/* alias.c: it is on; takes one that is for one message only */
bool gsi_alias_takes(struct gsi_self *me, uint64_t id);
void gsi_aliases_free(struct gsi_self *me);
/* link.c: an EXIT or DOWN that unlink or demonitor has called off. */
bool gsi_flushed(struct gsi_self *me, const struct gsi_message *message);
/* attach.c: false once the node is gone. */
bool gsi_node_alive(struct gsi_self *me);
/* Gives mailbox pages and malloc's free pages back. */
void gsi_hibernate(struct gsi_self *me);

#endif
