/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process's own page: the only part of the tables that it may write.  What
 * it is doing (for the node, should it die in the middle), what it counts
 * (for tools), its last words, and its requests to the node.
 *
 * The rule: it speaks only of its owner.  Garbage in it hurts nobody else, so
 * every reader bounds-checks what it takes from here.
 *
 *   field          written by            how, tag
 *   send_*         owner, in a send      release [T5]
 *   wait, watch, wait_any  owner, in a call  release [T5]
 *   counters, doing  owner               relaxed, hints for tools
 *   words          owner, once           text, then words_state release [P1]
 *   crash          owner's fatal-signal handler, then its state release [P2]
 *   modules, pcs   the same, one by one, then n_pcs release [P5]
 *   request_tail   owner                 release after the cell [P3]
 *   request_head   node                  release after reading the cell [P4]
 *   ring_all       owner 1, node 0       seq_cst fences around it [D2]
 *
 * SIGKILL of the owner between any two stores: an unfinished text has no
 * state word and is ignored, of a half walked stack the frames counted so far
 * are believed; an unpublished request was never made; the node
 * clears the whole page before the slot is used again.
 */
#ifndef GM_PAGE_H
#define GM_PAGE_H

#include "shm/atom.h"

#define GM_PAGE_BYTES 8192u
#define GM_REQUESTS 8u
#define GM_REQUEST_BYTES 480u
#define GM_WORDS_MAX 255u
#define GM_CRASH_PCS 32u
#define GM_CRASH_MESSAGE 160u
#define GM_CRASH_MODULES 8u
#define GM_MODULE_PATH 224u
#define GM_BUILD_ID 20u
#define GM_LABEL_MAX 127u
#define GM_WATCHES 32u

enum gm_wait_any {
	GM_WAIT_WATCH = 1, /* the watch words name more */
	GM_WAIT_MORE = 2, /* and there are more than those */
};

/* words_state */
#define GM_WORDS_NONE 0u
#define GM_WORDS_FINAL 0x77f1a1u

#define GM_CRASH_EXIT 0x100u /* it called exit(3), with no signal */

struct gm_crash {
	/* 0; complete: signal number, or GM_CRASH_EXIT */
	_Atomic uint32_t state;
	int32_t code; /* si_code */
	uint64_t address; /* si_addr, when the kernel found it */
	uint64_t pc;
	uint64_t messages; /* counter of the message in hand */
	uint32_t tid;
	uint32_t kind; /* its kind */
	uint32_t message_size; /* its true size */
	_Atomic uint32_t n_pcs; /* grows after state is set */
	uint32_t client_slot; /* who sent it */
	uint32_t client_gen;
	uint32_t detail; /* who sent the signal; which call was refused */
	uint32_t pad;
	uint64_t pcs[GM_CRASH_PCS];
	uint8_t in[GM_CRASH_PCS]; /* which module, plus 1; 0: none */
	uint8_t message[GM_CRASH_MESSAGE]; /* its first bytes */
};

/* An ELF object that an address of the crash lies in. */
struct gm_module {
	uint64_t bias; /* added to an address of the file */
	uint32_t id_size;
	uint8_t id[GM_BUILD_ID]; /* build-id */
	char path[GM_MODULE_PATH]; /* as /proc/PID/maps had it */
};

struct gm_request {
	uint32_t op;
	uint32_t size; /* bytes of body */
	uint64_t tag; /* answered with it; 0: no answer wanted */
	uint8_t body[GM_REQUEST_BYTES - 16];
};

struct gm_page {
	/* line 0: mailbox-protocol words, read by the node at a death */
	_Alignas(
	    GM_LINE) _Atomic uint64_t send_m; /* region id | ring, 0 none */
	_Atomic uint64_t send_v; /* position being tried, 0 none */
	_Atomic uint64_t wait[4]; /* slot << 32 | gen, 0 none */
	_Atomic uint32_t wait_any; /* enum gm_wait_any */
	_Atomic uint32_t bell; /* number of its descriptor plus 1, 0 none */

	/* line 1: what the owner is doing */
	_Alignas(GM_LINE) _Atomic uint32_t doing; /* enum gs_process_state */
	_Atomic uint32_t started; /* 1 once init has returned ok */
	_Atomic uint64_t messages; /* taken so far */
	_Atomic uint64_t calls;
	_Atomic uint64_t casts;
	_Atomic uint64_t infos;
	_Atomic uint64_t refused; /* my sends that met a full mailbox */
	_Atomic uint64_t aside; /* messages read but waiting: suspended */

	_Alignas(GM_LINE) _Atomic uint32_t words_state;
	uint32_t words_size;
	char words[GM_WORDS_MAX + 1];

	/* as wait, for requests that are out: looked at if wait_any says so */
	_Alignas(GM_LINE) _Atomic uint64_t watch[GM_WATCHES];

	char label[GM_LABEL_MAX + 1];
	char behaviour[64];
	char version[32];

	_Alignas(GM_LINE) struct gm_crash crash;

	_Alignas(GM_LINE) _Atomic uint32_t request_tail;
	_Atomic uint32_t ring_all; /* 1: the node is to ring everybody */
	_Alignas(GM_LINE) _Atomic uint32_t request_head;
	_Alignas(GM_LINE) struct gm_request requests[GM_REQUESTS];

	/* of the crash; at the end, since nobody else comes here */
	struct gm_module modules[GM_CRASH_MODULES];
};

static_assert(
    sizeof(struct gm_crash) == 64 + 9 * GM_CRASH_PCS + GM_CRASH_MESSAGE,
    "no hidden padding");
static_assert(sizeof(struct gm_module) == 12 + GM_BUILD_ID + GM_MODULE_PATH,
    "no hidden padding");
static_assert(sizeof(struct gm_request) == GM_REQUEST_BYTES, "request cell");
static_assert(sizeof(struct gm_page) <= GM_PAGE_BYTES, "bump GM_LAYOUT");

#endif
