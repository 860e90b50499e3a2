/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a process, ordered or by a fault.  Whatever ends it, its last
 * words are in its own page before it goes, if there was time for any.
 */
#ifndef GSI_FINISH_H
#define GSI_FINISH_H

#include <stdbool.h>
#include <stdint.h>

struct gm_page;
struct gsi_self;

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
/* Before there is a server: what its children will have from it as well. */
int gsi_crash_prepare(void);
/* The server of this process, from any of its threads; NULL in others. */
struct gsi_self *gsi_crash_self(void);
/* This thread is the server. */
bool gsi_crash_thread(void);
/* It leaves by exit(3): what it has in hand, and where from. */
void gsi_crash_exit(void);
/* A handler of the program has recovered from a fault: forget the record. */
void gsi_crash_clear(struct gm_page *page);
/* A SIGTERM arrived and the process traps exits: take it (clears). */
bool gsi_sigterm_taken(void);
/*
 * Signals for the loop, a bit each: SIGHUP is 1.  note, for handlers: false
 * when this process is not the server.  taken: was any of these there?
 */
bool gsi_signal_note(int number);
uint64_t gsi_signals_noted(void);
bool gsi_signal_taken(uint64_t bits);

/* watch_signal.c: the next watched one that has arrived, 0: none has */
int gsi_signal_next(struct gsi_self *me);

#endif
