/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private side of the library: prototypes grouped by the file that
 * defines them, from the bottom up.
 */
#ifndef GSI_INTERNAL_H
#define GSI_INTERNAL_H

#include <errno.h>
#include <genserver.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/uio.h>

#include "shm/arena.h"
#include "shm/page.h"
#include "shm/poll.h"
#include "shm/proctab.h"
#include "shm/region.h"
#include "shm/ring.h"

#define NS_PER_MS 1000000ll

/* tokens of a process's poller */
#define GSI_TOKEN_BELL 1u
#define GSI_TOKEN_NODE 2u

/* ---- what travels in a ring record, before the body ---- */

enum gsi_kind {
	/* in mailboxes */
	GSI_CALL = 1, /* tag: answer with it */
	GSI_CAST = 2,
	GSI_INFO = 3,
	GSI_TIMER = 4, /* tag: gs_ref of the timer */
	GSI_SYS = 5, /* body: struct gsi_sys; tag: answer with it */
	GSI_EXIT = 6, /* node only; body: struct gsi_note */
	GSI_DOWN = 7, /* node only; tag: monitor; struct gsi_note */
	GSI_CHILD = 8, /* node to forker: struct gsi_note */
	GSI_STARTED = 9, /* child to forker: its init is done */
	/* in reply rings */
	GSI_REPLY = 16,
	GSI_ANSWER = 17, /* node's answer: struct gsi_answer */
	GSI_REFUSAL = 18, /* no reply will come: int32_t, -errno */
};

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

/* ---- the process ---- */

struct gsi_timers;
struct gsi_peers;
struct gsi_server;

struct gsi_failure {
	char reason[GS_REASON_MAX + 1];
	char text[1024];
};

/* An EXIT or DOWN that has been called off. */
#define GSI_FLUSH_MAX 4096u
struct gsi_flush {
	uint32_t kind;
	gs_pid pid;
	uint64_t ref;
};

/* Everything that a process, or a thread of a client, is in its node. */
struct gsi_self {
	gs_pid pid;
	bool node_gone;
	bool is_server; /* forked by the library; has no socket */
	bool trap_exit;
	struct gm_arena *arena;
	struct gm_page *page; /* own, writable */
	struct gm_region_ref region;
	struct gm_receiver mailbox;
	struct gm_receiver replies;
	struct gm_sender sender;
	struct gm_poll *poll;
	int bell; /* eventfd others ring */
	int node_bell; /* eventfd of the node */
	int socket; /* client's connection; -1 in servers */
	int reports; /* datagram socket to the logger, -1 none */
	uint64_t next_tag;
	uint64_t spin_ns; /* adaptive waiting budget */
	struct gsi_peers *peers;
	struct gsi_timers *timers;
	struct gsi_server *server; /* the loop's private state, else NULL */
	uint32_t crowded; /* waits that are not to yield, wait.c */
	uint32_t peer_cpu; /* where my last caller ran; a hint */
	struct gsi_self *next; /* of this program's threads */
	char label[GS_NAME_MAX + 1];
	struct gsi_flush *flush; /* link.c */
	uint32_t n_flush;
	uint32_t max_flush;
	char received[GS_REASON_MAX + 1]; /* what gs_receive has handed out */
};

/* self.c */
/* The calling thread's process, attached on first use; NULL without a node. */
struct gsi_self *gsi_self(void);
/* The same without attaching. */
struct gsi_self *gsi_self_peek(void);
/* Makes self what this thread is (a server just forked); NULL forgets. */
void gsi_self_set(struct gsi_self *me);
/* Notes a failure for gs_error_*: returns status.  "" clears. */
int gsi_fail(int status, const char *reason, const char *format, ...)
    GS_PRINTF(3, 4);

/*
 * A pointer of the calling thread, NULL at first; whoever fills it frees it
 * by its ..._end function, which self.c calls when the thread ends.
 */
enum gsi_slot {
	GSI_SLOT_TEXT = 0, /* text.c: gsi_text_end */
	GSI_SLOT_STAGE = 1, /* verdict.c: gsi_verdict_end */
	GSI_SLOT_SERVER = 2, /* server.c: the loop this thread runs */
	GSI_SLOT_SPARE = 3,
	GSI_SLOTS = 4,
};
void **gsi_thread_slot(int which);
/*
 * One pointer of the process, NULL at first and after fork in a server's
 * helper unchanged: what signal handlers start from (crash.c).
 */
void **gsi_process_slot(void);

/* text.c */
/* Length of the UTF-8 character at text, 1 to 4; 0 when it is broken. */
size_t gsi_utf8(const void *text, size_t size);
/* Frees the buffers of gs_format of this thread. */
void gsi_text_end(void);
/* Copies printable text: controls and broken UTF-8 become \xNN; returns out. */
char *gsi_printable(char *out, size_t size, const void *data, size_t length);

/* reason.c */
/* normal, shutdown and shutdown:* are clean. */
bool gsi_reason_clean(const char *reason);
/* Copies at most GS_REASON_MAX bytes, cut at a UTF-8 boundary; NULL normal. */
void gsi_reason_copy(char out[GS_REASON_MAX + 1], const char *reason);

/* clock.c */
int64_t gsi_now_ns(void);
/* ms as the public API has it to a deadline: -1 for GS_INFINITY. */
int64_t gsi_deadline(int ms);

/* wait.c */
/* How long one wait has been going on; zeroed at its start. */
struct gsi_patience {
	uint32_t rounds;
	int64_t until;
};
#define GSI_NO_CPU UINT32_MAX
uint32_t gsi_cpu(void);
/* True: spun or yielded, look again.  False: it is time to sleep. */
bool gsi_patient(
    struct gsi_self *me, struct gsi_patience *patience, uint32_t peer_cpu);
/*
 * Sleeps on the bell of a ring found empty, until deadline (ns, -1 never).
 * 0 look again, -ETIMEDOUT, -ENOTCONN the node is gone.
 */
int gsi_sleep(struct gsi_self *me, struct gm_receiver *ring, int64_t deadline);

/* peer.c: the mailboxes this process has sent to, mapped on first use */
struct gsi_peer {
	gs_pid pid;
	const struct gm_entry *entry;
	struct gm_region_ref region;
	int bell; /* -1: not fetched yet */
};
/* -ESRCH dead or never there, -EHOSTUNREACH of another node. */
int gsi_peer_get(struct gsi_self *me, gs_pid pid, struct gsi_peer **out);
void gsi_peer_ring(struct gsi_self *me, struct gsi_peer *peer);
void gsi_peers_free(struct gsi_self *me);
struct gm_alive gsi_peer_alive(const struct gsi_peer *peer);

/* send.c */
/* Sends head and body to a process.  -ESRCH, -EAGAIN, -EMSGSIZE... */
int gsi_send(struct gsi_self *me, gs_pid to, enum gm_which ring,
    const struct gsi_head *head, gs_bytes body, unsigned flags);
int gsi_send_peer(struct gsi_self *me, struct gsi_peer *peer,
    enum gm_which ring, const struct gsi_head *head, gs_bytes body,
    unsigned flags);
/* Answers a call or sys request. */
int gsi_send_reply(struct gsi_self *me, gs_from from, gs_bytes body);

/* await.c */
/*
 * Waits for the answer with this tag: 0 and *body, borrowed until the next
 * look at the replies.  peer (or NULL) is whose death ends the wait:
 * -ECONNRESET, and reason says why.  -ETIMEDOUT, -ENOTCONN.
 */
int gsi_await(struct gsi_self *me, uint64_t tag, const struct gsi_peer *peer,
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
/* A signal wants the loop's attention (crash.c). */
bool gsi_signal_pending(struct gsi_self *me);
/* link.c: an EXIT or DOWN that unlink or demonitor has called off. */
bool gsi_flushed(struct gsi_self *me, const struct gsi_message *message);
/* attach.c: false once the node is gone. */
bool gsi_node_alive(struct gsi_self *me);
/* Gives mailbox pages and malloc's free pages back. */
void gsi_hibernate(struct gsi_self *me);

/* name.c */
int gsi_resolve(struct gsi_self *me, gs_addr to, gs_pid *pid);
/* -EINVAL, and says what is wrong with the name. */
int gsi_name_refused(const char *name);
/* The root supervisor of the node. */
gs_pid gsi_root_pid(const struct gsi_self *me);

/* failure.c */
/* The address in words, names made printable. */
const char *gsi_addr_text(gs_addr to, char *text, size_t size);
/* Notes that an operation has failed, reason NULL as status says: status. */
int gsi_failed(int status, const char *operation, gs_addr to, gs_bytes request,
    int timeout, const char *reason);

/* call.c */
/* Does it read a mailbox, so that it can answer? */
bool gsi_has_loop(struct gsi_self *me, gs_pid pid);

/* timer.c */
/* When the next timer is due (ns), -1 none. */
int64_t gsi_timers_next(struct gsi_self *me);
/* Sends what is due by now. */
void gsi_timers_fire(struct gsi_self *me, int64_t now);
void gsi_timers_free(struct gsi_self *me);

/* verdict.c: staging, see there */
struct gsi_stage {
	gs_bytes reply; /* borrowed from the stage */
	const char *reason;
	gs_bytes argument;
};
/* Frees this thread's stage. */
void gsi_verdict_end(void);
/* What a verdict carries; false when it was not made by our functions. */
bool gsi_verdict_open(const gs_next *next, struct gsi_stage *stage);

/* values of gs_next.verdict and .action */
enum gsi_verdict {
	GSI_OK = 0x6f6b01,
	GSI_IGNORE,
	GSI_ERROR,
	GSI_REPLY_GO,
	GSI_NOREPLY,
	GSI_STOP,
	GSI_STOP_REPLY,
};
enum gsi_action {
	GSI_NO_ACTION = 0,
	GSI_TIMEOUT,
	GSI_HIBERNATE,
	GSI_CONTINUE,
	GSI_BAD_ACTION,
};

/* server.c */
struct gsi_birth {
	const gs_behaviour *behaviour;
	gs_bytes argument;
	int hibernate_after; /* ms, 0 never */
	gs_pid parent; /* OTP's, none: no parent */
	const char *debug;
	/* tells the forker that init is over (spawn.c) */
	void (*started)(struct gsi_self *me);
	/*
	 * Tells the forker that init said ignore (reason NULL) or error; the
	 * process then ends with normal.  May be NULL.
	 */
	void (*refused)(struct gsi_self *me, const char *reason);
	/* GSI_CHILD and GSI_STARTED, for supervisors; else NULL */
	gs_next (*handle_child)(void *state, const struct gsi_message *m);
};
/* Runs a gen_server in this process to its end; never returns. */
void gsi_server_run(struct gsi_self *me, const struct gsi_birth *birth)
    __attribute__((__noreturn__));

/* finish.c: the ordered end of a process */
/* Leaves the last words in the own page (async-signal-safe). */
void gsi_words(struct gm_page *page, const char *reason);
/*
 * exit() in a server runs what its own code registered and then leaves here,
 * so that handlers inherited by fork never run.  0 or -ENOMEM.
 */
int gsi_exit_guard_install(struct gsi_self *me);
/* Words, flush of stdio, _exit(0); a server runs its exit handlers first. */
void gsi_finish(struct gsi_self *me, const char *reason)
    __attribute__((__noreturn__));

/* crash.c: fatal signals, SIGTERM */
/* Installs the handlers of a server; needs an alternate stack (64 KiB). */
int gsi_crash_install(struct gsi_self *me);
/* The server of this process, from any of its threads; NULL in others. */
struct gsi_self *gsi_crash_self(void);
/* A handler of the program has recovered from a fault: forget the record. */
void gsi_crash_clear(struct gm_page *page);
/* A SIGTERM arrived and the process traps exits: take it (clears). */
bool gsi_sigterm_taken(void);

/* report.c: one datagram a report, dropped rather than blocking */
enum gsi_level {
	GSI_DEBUG,
	GSI_INFO_LEVEL,
	GSI_NOTICE,
	GSI_WARNING,
	GSI_ERROR_LEVEL,
};
struct gsi_field {
	const char *key;
	const void *data;
	size_t size;
};
/*
 * Sends one record to the logger through socket; never blocks, never fails
 * visibly.  text and fields may be any bytes; each is cut to 4096.
 */
void gsi_report(int socket, enum gsi_level level, const char *kind,
    const char *name, gs_pid pid, const char *text,
    const struct gsi_field *fields, int n_fields);

/* logger.c: the process that writes the log */
struct gsi_logger {
	int reports; /* SEQPACKET or DGRAM: records of report.c */
	int output; /* STREAM with SO_PASSCRED: servers' stdio; -1 */
	const char *path; /* file, or NULL: human text to stderr */
	struct gm_arena *arena; /* to name pids */
};
/* Runs until the node is gone (PDEATHSIG); never returns. */
void gsi_logger_run(const struct gsi_logger *logger)
    __attribute__((__noreturn__));

#endif
