/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the conformance tests share: a node, a board on which servers leave
 * notes for the test, gates that hold a callback until the test says so,
 * clients in threads, and the log.  Nothing here sleeps a guessed time.
 */
#ifndef GS_TESTS_CONFORMANCE_HELPERS_H
#define GS_TESTS_CONFORMANCE_HELPERS_H

#include <errno.h>
#include <genserver.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/conformance/threads.h"
#include "tests/runner.h"

#define SOON 10000 /* ms: what must happen has happened by then */
#define PROMPT 8000 /* ms: "at once", on a machine that stalls for seconds */
#define FOREVER 25000 /* ms: a time limit that no test reaches */

/* ---- the node ---- */

void node_up(void);
void node_down(void);
/* The same, but what its processes write to stderr goes to caught(). */
void node_up_caught(void);
const char *caught(void);
bool wait_caught(const char *text);
/* How often text stands in what was caught. */
int caught_count(const char *text);

/* The node test_node() in a child of the test, with a log; and its end. */
void named_node_up(void);
void named_node_down(void);

/* ---- the board (shared with what is forked after board_up) ---- */

void board_up(void);
void note(const char *format, ...) GS_PRINTF(1, 2);
/* How many notes are exactly text. */
int notes(const char *text);
bool wait_note(const char *text);
/* There is still no such note after ms. */
bool unnoted(const char *text, int ms);
bool wait_notes(const char *text, int count);
/* The rest of the first note that starts with prefix; NULL if none does. */
const char *note_rest(const char *prefix);
/* All these notes are there, first seen in this order; ends with NULL. */
bool notes_in_order(const char *text, ...) __attribute__((sentinel));

/* Blocks a callback until the test opens that gate. */
void gate_wait(int gate);
void gate_open(int gate);

/* ---- processes ---- */

int os_pid_of(gs_addr who);
gs_pid parsed(const char *text);
/* Does an operating system's process exist, even as a zombie? */
bool os_exists(const char *os_pid);
/* Is the name free? */
bool is_free(const char *name);
gs_pid self_pid(void);
bool wait_dead(gs_pid pid);
/* An exit signal, and waits for its end. */
void end_with(gs_pid pid, const char *reason);
/* SIGSTOP, seen to work; SIGCONT. */
void freeze(gs_pid pid);
void thaw(gs_pid pid);
bool wait_state(gs_addr who, enum gs_process_state state);
enum gs_process_state state_of(gs_addr who);
int server_count(void);
/* Is one among the links and monitors of the other? */
bool linked(gs_pid pid, gs_pid to);
/* The root's child of that name gets into that state. */
bool wait_child(const char *name, enum gs_child_state state);
/* The root's entry of that name, and how many it has; index -1: none. */
struct found {
	const char *id;
	gs_child child;
	int index;
	int count;
};
struct found entry(const char *id);
/* Somebody of that name answers. */
bool wait_up(const char *name);
/* The root supervisor; kills it and waits for the next one. */
gs_process_info root_process(void);
void replace_root(void);
/* Messages waiting in its mailbox reach count. */
bool wait_queue(gs_addr who, unsigned count);

/* ---- talking ---- */

/* The reply as text, borrowed until the next ask, or "error ERRNO REASON". */
const char *ask(gs_addr to, const char *request);
/* Cast and send that must succeed. */
void tell(gs_addr to, const char *request);
void post(gs_addr to, const char *message);
/* A round trip: everything this thread sent there before is handled. */
void settle(gs_addr to);
void stop(gs_pid pid);

/* The next message of this client is of that kind with this reason/body. */
bool got(enum gs_info_kind kind, const char *text, gs_info *info);
/* No message is waiting. */
bool got_nothing(void);
/* The flag is still false after ms. */
bool stays_false(_Atomic bool *flag, int ms);

/* ---- the puppet: a server that does what it is told (puppet.c) ---- */

extern const gs_behaviour puppet;

/* Starts a puppet, CHECKed. */
gs_pid start(const char *script);
gs_pid start_named(const char *script, const char *name);
gs_pid start_child(
    const char *script, const char *name, enum gs_restart restart);
int try_start(const char *script, const char *name);
int try_start_link(const char *script, gs_pid *pid);

#endif
