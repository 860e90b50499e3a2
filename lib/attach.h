/* SPDX-License-Identifier: Apache-2.0 */
/* How a process gets into a node: see attach.c and member.c. */
#ifndef GSI_ATTACH_H
#define GSI_ATTACH_H

#include "lib/wire.h"

/* Where this program's node is; in self.c, shared by its threads. */
struct gsi_home {
	bool open;
	bool embedded; /* our own private node */
	bool bears; /* what is being forked is a server of the node */
	char name[GS_NAME_MAX + 1];
	char path[108]; /* the node's socket */
	struct gm_arena *arena; /* of its newest opening, share.c */
	int life; /* armed on our own death, -1 */
	int node_os_pid;
	uint64_t exe_device; /* of this program's file, spec.c; 0 not asked */
	uint64_t exe_inode;
	bool registered; /* atexit */
	bool inherits; /* a server just forked has its forker's exit handler */
	struct gsi_self *guarded; /* what that handler tells the end of */
	void *beside; /* a hint, where own mailboxes are mapped */
	char poller[64]; /* of gs_poller */
};

struct gsi_home *gsi_home(void);
/* A server just forked keeps its node as its home, with this arena. */
void gsi_home_server(struct gm_arena *arena);

/* share.c */
/* The home's arena, behind fd (taken) or the one we have; NULL: text. */
struct gm_arena *gsi_share_take(
    int fd, uint32_t creation, char *text, size_t size);
/* Another node's, for one guest. */
struct gm_arena *gsi_share_guest(int fd, char *text, size_t size);
void gsi_share_drop(struct gm_arena *arena);
/* A server's: a copy of what its forker has mapped, or empty. */
struct gm_arena *gsi_share_new(const struct gm_arena *arena);
/* Children that this process forks do not have this memory. */
void gsi_share_not(void *at, size_t size);

/* Fills home with the node of this name, from the runtime folder. */
void gsi_home_named(const char *name);
/* nodes.c: gs_nodes; ask: each that runs is asked for its OS pid. */
int gsi_nodes(
    int (*each)(const gs_node_entry *node, void *data), void *data, bool ask);
/* whose.c */
/* The running node of this user with that creation: 0, or -ESRCH. */
int gsi_node_of(uint32_t creation, char name[GS_NAME_MAX + 1]);
/* The creation that a node has written into its lock file, 0: none. */
uint32_t gsi_creation_read(int lock);
void gsi_creation_write(int lock, uint32_t creation);

void gsi_home_lock(void);
void gsi_home_unlock(void);

/* open.c: gs_node_open, but a named one has to answer until deadline. */
int gsi_open(const char *name, unsigned flags, int64_t deadline);
/* Makes the node of this name the home, and attaches to it. */
int gsi_open_named(const char *name, int64_t deadline);
/* private.c: forks a node of our own and opens it. */
int gsi_open_private(unsigned flags);

/*
 * Connects to the node's socket: descriptor or -errno.  flags: 0, or
 * SOCK_NONBLOCK for one that is never waited for (-EAGAIN: its queue is full).
 * deadline (ns, -1 never): until when such a queue is waited for, -ETIMEDOUT.
 */
int gsi_connect(const char *path, int flags, int64_t deadline);

/* One packet with up to n descriptors; 0 or -errno. */
int gsi_packet_send(
    int socket, const void *data, size_t size, const int *fds, int n_fds);
/* Bytes read, 0 at EOF, -errno; descriptors not sent are -1. */
ssize_t gsi_packet_receive(
    int socket, void *data, size_t size, int *fds, int n_fds, int flags);

/* Where to attach. */
struct gsi_door {
	const char *name;
	const char *path;
	int flags; /* of gsi_connect */
	int64_t deadline; /* ns for the node's answer, -1 never */
};
/* Makes me a client of that node; on failure me can be freed as it is. */
int gsi_enter(struct gsi_self *me, const struct gsi_door *door);
/* The same in steps: says hello, and waits for the answer. */
int gsi_enter_begin(struct gsi_self *me, const struct gsi_door *door);
int gsi_enter_end(struct gsi_self *me, const struct gsi_door *door);
/* Makes the calling thread a client of the home node; deadline as above. */
int gsi_attach(struct gsi_self **out, int64_t deadline);
/* Says goodbye to the node, if orderly, and frees what me has. */
void gsi_leave(struct gsi_self *me, bool orderly);
/* Takes it out again; orderly says so to the node. */
void gsi_detach(struct gsi_self *me, bool orderly);

/* The bell of another process, fetched from the node: fd or -errno. */
int gsi_fetch_bell(struct gsi_self *me, gs_pid pid);

/* Fills what clients and servers have in common; region and page mapped. */
int gsi_member_init(struct gsi_self *me, gs_pid pid, struct gm_arena *arena,
    int bell, int node_bell, int reports);
/*
 * The same in steps, for who is not published yet: all but the mailbox; what
 * will be the mailbox if nothing else was asked for; the mailbox.
 */
int gsi_member_prepare(struct gsi_self *me, gs_pid pid, struct gm_arena *arena,
    int bell, int node_bell, int reports);
void gsi_member_guess(struct gsi_self *me);
int gsi_member_enter(struct gsi_self *me);
void gsi_member_free(struct gsi_self *me);

#endif
