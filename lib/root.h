/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the root supervisor is asked, in calls to its mailbox, and the parts
 * it is made of: root.c (the gen_server), spawn.c (the fork), child.c (the
 * list).
 */
#ifndef GSI_ROOT_H
#define GSI_ROOT_H

#include <sys/types.h>

#include "lib/wire.h"

enum gsi_root_op {
	GSI_ROOT_START = 1,
	GSI_ROOT_STOP,
	GSI_ROOT_RESTART,
	GSI_ROOT_DELETE,
	GSI_ROOT_LIST,
};

/* How a server's code is found. */
enum gsi_code {
	GSI_CODE_ADDRESS =
	    1, /* a behaviour in the image root was forked from */
	GSI_CODE_OBJECT, /* at an offset of a loadable object */
	GSI_CODE_MODULE, /* gs_module of a *.so */
	GSI_CODE_PROGRAM, /* a program that calls gs_main */
	GSI_CODE_PLAIN, /* any program */
};

enum gsi_spec_flags {
	GSI_SPEC_LINK = 1,
	GSI_SPEC_MONITOR = 2,
	GSI_SPEC_SUPERVISED = 4,
	GSI_SPEC_IN_PROGRAM = 8, /* the behaviour is in an executable */
};

/*
 * One start, as it travels and as root keeps it for restarts.  The strings
 * stand behind it in this order, each ended by a NUL: name, path, directory,
 * debug, id; then the argument bytes; then argv, each word ended by a NUL.
 */
struct gsi_spec {
	uint32_t op;
	uint32_t size; /* of all, header included */
	uint32_t code;
	uint32_t flags;
	uint64_t ref; /* of the monitor */
	uint64_t address;
	uint64_t base;
	uint64_t device;
	uint64_t inode;
	int32_t restart;
	int32_t shutdown;
	int32_t max_restarts;
	int32_t max_seconds;
	int32_t timeout; /* ms, 0 none */
	int32_t hibernate_after;
	uint32_t cells;
	uint32_t name_at;
	uint32_t path_at;
	uint32_t directory_at;
	uint32_t debug_at;
	uint32_t argument_at;
	uint32_t argument_size;
	uint32_t argv_at;
	uint32_t argc;
	char text[];
};

/* STOP, RESTART, DELETE, LIST. */
struct gsi_root_ask {
	uint32_t op;
	uint32_t size;
	gs_pid pid;
	uint64_t after; /* LIST: the serial of the last one seen */
	char name[GS_NAME_MAX + 1];
};

struct gsi_root_answer {
	int32_t status;
	uint32_t reason_size;
	gs_pid pid;
	char reason[GS_REASON_MAX + 1];
};

#define GSI_LIST_MAX 64u

struct gsi_root_list {
	uint32_t count;
	uint32_t more;
	uint64_t last;
	gs_child child[];
};

/* True when every offset of a spec lies within it and its text ends. */
bool gsi_spec_check(const struct gsi_spec *spec, size_t size);

static inline const char *
gsi_spec_text(const struct gsi_spec *spec, uint32_t at)
{
	return (const char *)spec + at;
}

/* ---- spawn.c ---- */

struct gsi_forker {
	struct gsi_self *me;
	int control;
	int fd_folder; /* O_PATH of /proc/self/fd */
	int pipe_read;
	unsigned pipe_forks;
	int bells[64];
	gs_pid seats[64];
	unsigned n_seats;
	int life_next; /* armed for nobody yet, -1 */
};

int gsi_forker_init(
    struct gsi_forker *forker, struct gsi_self *me, int control);

/* Forks a server: 0, its pid and OS pid, or -errno with nothing left. */
int gsi_spawn(struct gsi_forker *forker, const struct gsi_spec *spec,
    gs_pid caller, gs_pid *pid, pid_t *os_pid);

/* ---- root.c ---- */

/* The root supervisor's whole life; control is its socket to the node. */
void gsi_root_main(int control) __attribute__((noreturn));

/* ---- seat.c: a program exec'd into a slot, gs_main ---- */

void gsi_seat_exec(struct gsi_self *me, const struct gsi_spec *spec,
    gs_pid parent, int life) __attribute__((noreturn));

#endif
