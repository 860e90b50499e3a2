/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private side: here the process itself, in the headers below what it does;
 * everywhere prototypes grouped by the file that defines them, bottom up.
 */
#ifndef GSI_INTERNAL_H
#define GSI_INTERNAL_H

#include <errno.h>
#include <genserver.h>

#include "lib/birth.h"
#include "lib/finish.h"
#include "lib/mail.h"
#include "lib/report.h"
#include "lib/wait.h"
#include "shm/arena.h"
#include "shm/page.h"
#include "shm/poll.h"

#define NS_PER_MS 1000000ll

/* tokens of a process's poller */
#define GSI_TOKEN_BELL 1u
#define GSI_TOKEN_NODE 2u
#define GSI_TOKEN_WATCH 3u

/* Where messages come from besides the mailbox: receive.c looks there too. */
#define GSI_OTHER_RESPONSES 1u
#define GSI_OTHER_FDS 2u

struct gsi_timers;
struct gsi_peers;
struct gsi_pendings;
struct gsi_watches;
struct gsi_signals;
struct gsi_dispatch;
struct gsi_aliases;
struct gsi_server;
struct gsi_watching;
struct gsi_guest;
struct gsi_guests;

#define GSI_FLUSH_MAX 4096u
struct gsi_flush { /* an EXIT or DOWN that has been called off */
	uint32_t kind;
	gs_pid pid;
	uint64_t ref;
};

/* Everything that a process, or a thread of a client, is in its node. */
struct gsi_self {
	gs_pid pid;
	bool node_gone, damaged; /* it cannot go on as it is */
	bool bells_kept; /* else only the last one is: root */
	bool bells_by_node; /* while nothing more is to be said: stop.c */
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
	int64_t ring_by; /* at the latest, for what it is not rung for yet */
	int socket; /* client's connection; -1 in servers */
	int reports; /* datagram socket to the logger, -1 none */
	uint64_t next_tag;
	uint64_t spin_ns; /* adaptive waiting budget */
	struct gsi_peers *peers;
	struct gsi_peer *peer; /* the last that was found */
	struct gsi_timers *timers;
	struct gsi_pendings *pendings; /* NULL: none; a guest's, its host's */
	struct gsi_watching *watching; /* with them: whose end matters */
	struct gsi_guests *guests; /* in other nodes, NULL: in none yet */
	struct gsi_guest *guest; /* if this is one, else NULL */
	struct gsi_server *server; /* the loop's private state, else NULL */
	struct gsi_watches *watches; /* NULL until a descriptor is watched */
	struct gsi_signals *signals; /* likewise */
	struct gsi_aliases *aliases; /* likewise */
	struct gsi_dispatch *dispatch; /* NULL unless gs_fd was asked for */
	uint32_t others; /* GSI_OTHER_... */
	uint32_t turn; /* of looking there */
	uint32_t stream; /* casts taken in a row, receive.c */
	uint32_t gathered; /* of those, when the last look was put off */
	struct gsi_yielding yielding;
	struct gsi_place place;
	uint32_t peer_cpu; /* where my last caller ran; a hint */
	struct {
		uint64_t seen; /* how far both rings were when it began */
		int64_t wait; /* ns; 0: not idle yet */
		int64_t until; /* then memory is given back */
	} idle; /* receive.c */
	struct gsi_self *next; /* of this program's threads */
	char label[GS_NAME_MAX + 1];
	struct gsi_flush *flush; /* link.c */
	uint32_t n_flush, max_flush;
	char received[GS_REASON_MAX + 1]; /* what gs_receive has handed out */
};

/* self.c */
/* The calling thread's process, attached on first use; NULL without a node. */
struct gsi_self *gsi_self(void);
/* In so many ms; NULL: *why is -ETIMEDOUT (a stopped node) or -ENOTCONN. */
struct gsi_self *gsi_self_within(int timeout, int *why);
/* NULL when it would have to be attached first. */
struct gsi_self *gsi_self_here(void);
/* What the thread was last, with or without a node; NULL nothing. */
struct gsi_self *gsi_self_peek(void);
/* Makes self what this thread is (a server just forked); NULL forgets. */
void gsi_self_set(struct gsi_self *me);
/* Notes a failure for gs_error_*: returns status.  "" clears. */
int gsi_fail(int status, const char *reason, const char *format, ...)
    GS_PRINTF(3, 4);

/* Pointers of the calling thread, NULL at first; whoever fills one frees it
   by its ..._end function, which self.c calls when the thread ends. */
enum gsi_slot {
	GSI_SLOT_TEXT = 0, /* text.c: gsi_text_end */
	GSI_SLOT_STAGE = 1, /* verdict.c: gsi_verdict_end */
	GSI_SLOT_SYS = 2, /* sys_ask.c */
	GSI_SLOT_SERVER = 3, /* server.c: the loop this thread runs */
	GSI_SLOT_SPARE = 4,
	GSI_SLOTS = 5,
};
void **gsi_thread_slot(int which);
/* NULL at first, unchanged by fork: where signal handlers start (crash.c). */
void **gsi_process_slot(void);

/* text.c */
/* Length of the UTF-8 character at text, 1 to 4; 0 when it is broken. */
size_t gsi_utf8(const void *text, size_t size);
/* Frees the buffers of gs_format of this thread. */
void gsi_text_end(void);
/* printable.c */
/* Like gsi_utf8, 0 also for one that a terminal would obey. */
size_t gsi_shown(const void *text, size_t size);
/* Copies printable text: controls and broken UTF-8 become \xNN; returns out. */
char *gsi_printable(char *out, size_t size, const void *data, size_t length);

/* reason.c */
/* normal, shutdown and shutdown:* are clean. */
bool gsi_reason_clean(const char *reason);
/* Copies at most GS_REASON_MAX bytes, cut at a UTF-8 boundary; NULL normal. */
void gsi_reason_copy(char out[GS_REASON_MAX + 1], const char *reason);

#endif
