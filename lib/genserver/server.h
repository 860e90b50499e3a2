/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The behaviour: what a gen_server does with its messages, one constant table
 * of functions.  Each gets the state, a zeroed block of state_size bytes that
 * the library owns, and returns a verdict by value; only the library's loop
 * acts on it.  What a verdict carries is copied when the verdict is made.
 */
#ifndef GENSERVER_SERVER_H
#define GENSERVER_SERVER_H

#include <genserver/debug.h>
#include <genserver/sys.h>
#include <genserver/types.h>
#include <genserver/verdict.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bumped when gs_behaviour or gs_next change incompatibly. */
#define GS_ABI 3

/* What handle_info is told. */
enum gs_info_kind {
	GS_INFO_MESSAGE = 1, /* gs_send: body, from; to an alias: ref its id */
	GS_INFO_TIMEOUT =
	    2, /* the verdict's timeout passed: body its message */
	GS_INFO_TIMER = 3, /* gs_send_after: body, ref */
	GS_INFO_EXIT = 4, /* end of a link, or exit signal: from, reason */
	GS_INFO_DOWN = 5, /* monitored process ended: from, ref, reason */
	GS_INFO_RESPONSE = 6, /* to a request: from, ref its tag */
	GS_INFO_FD = 7, /* a watched descriptor is ready: fd, events */
	GS_INFO_SIGNAL = 8, /* a watched signal has come: signal */
	GS_INFO_CANCELLED = 9, /* gs_cancel_timer_async: ref, body */
};

typedef struct gs_info {
	enum gs_info_kind kind;
	gs_pid from;
	gs_ref ref;
	gs_bytes body;
	const char *reason; /* "" when the kind has none */
	int fd;
	unsigned events; /* enum gs_fd_events */
	int signal;
} gs_info;

typedef struct gs_behaviour {
	uint32_t abi; /* GS_ABI */
	uint32_t size; /* sizeof(gs_behaviour) */
	const char *name;
	const char *version; /* shown, and handed to code_change; NULL is "" */
	size_t state_size;

	/* Required.  ok, ignore, error or stop; start waits for it. */
	gs_next (*init)(void *state, gs_bytes argument);
	/* reply, noreply, stop.  Absent: stops with bad_call. */
	gs_next (*handle_call)(void *state, gs_bytes request, gs_from from);
	/* noreply, stop.  Absent: stops with bad_cast. */
	gs_next (*handle_cast)(void *state, gs_bytes request);
	/* noreply, stop.  Absent: one warning in the log, ignored. */
	gs_next (*handle_info)(void *state, const gs_info *info);
	/* noreply, stop.  Absent but asked for: ends with undef. */
	gs_next (*handle_continue)(void *state, gs_bytes argument);
	/* Last words; runs on every orderly end but not after a real crash. */
	void (*terminate)(void *state, const char *reason);
	/* Sets status->text; absent: the state's bytes are shown. */
	void (*format_status)(const void *state, gs_status *status);
	/* Fills the new state; ok, or error and the old code stays. */
	gs_next (*code_change)(void *state, const gs_code_change *change);
} gs_behaviour;

/*
 * Defines a behaviour:
 *	GS_SERVER(counter, .state_size = sizeof(struct counter),
 *	    .init = counter_init, .handle_call = counter_call);
 */
#define GS_SERVER(ident, ...)                                                  \
	const gs_behaviour ident = { .abi = GS_ABI,                            \
		.size = sizeof(gs_behaviour),                                  \
		.name = #ident,                                                \
		__VA_ARGS__ }

/* Makes this shared object a module: "gsctl start ./counter.so". */
#define GS_MODULE(ident)                                                       \
	GS_API extern const gs_behaviour *const gs_module;                     \
	const gs_behaviour *const gs_module = &(ident)

/*
 * The whole main() of a program that is a server: started by gsctl it serves,
 * started by hand it says how to start it.  Returns the exit status.
 */
GS_API int gs_main(
    int argc, char **argv, const gs_behaviour *behaviour) GS_MUST;

/*
 * Leaves the running callback at once, as exit/1 does: terminate runs with the
 * state from before it, everybody sees the reason.  Ends any other process.
 */
GS_API void gs_exit(const char *reason) __attribute__((__noreturn__));

/* A word about this process for status and reports; cut at GS_NAME_MAX. */
GS_API void gs_set_label(const char *label);

#ifdef __cplusplus
}
#endif

#endif
