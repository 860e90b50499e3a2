/* SPDX-License-Identifier: Apache-2.0 */
/* Does the reason that others are told of an end go with its fate? */
#ifndef GS_TESTS_SOAK_JUDGE_H
#define GS_TESTS_SOAK_JUDGE_H

#include "tests/torture/soak_fate.h"

/*
 * A client is not the node's to reap: an old kernel cannot tell how it ended
 * once its parent has reaped it, and that is killed.
 */
static inline bool
reason_fits(gs_pid pid, const char *reason, bool client)
{
	uint32_t fates = fates_of(pid);

	if (fates == UINT32_MAX || strcmp(reason, "noproc") == 0 ||
	    (client && fates != 0 && strcmp(reason, "killed") == 0))
		return true;
	for (uint32_t i = 0; i < FATES; i++)
		if ((fates & 1u << i) && strcmp(reason, fate_reason[i]) == 0)
			return true;
	if (!(fates & 1u << BY_LINK))
		return false;
	for (uint32_t i = 0; i < FATES; i++)
		if (strcmp(reason, fate_reason[i]) == 0)
			return true;
	return false;
}

#define RESTART_MS 3000 /* from the answer, or the client's end, to the end */

static inline void
restart_over(uint32_t voice)
{
	struct voice_board *vb = &board->voice[voice];
	uint32_t server = gm_load(&vb->restarts, relaxed);

	if (server == 0)
		return;
	gm_store(&board->restarted[server - 1], now_ms(), release);
	gm_store(&vb->restarts, 0, release);
}

/* Whoever is there when root comes to it is restarted. */
static inline bool
is_restarting(uint32_t server)
{
	for (uint32_t i = 0; i < VOICES; i++)
		if (gm_load(&board->voice[i].restarts, acquire) == server + 1)
			return true;
	return server < SERVERS &&
	       gm_load(&board->restarted[server], acquire) + RESTART_MS >
		   now_ms();
}

/* Until it has a seat of its own it ends with the root that forked it. */
static inline bool
died_unborn(gs_pid pid, const char *reason)
{
	bool unborn = fates_of(pid) == 0 && strcmp(reason, "killed") == 0 &&
		      gm_load(&board->count[N_roots], relaxed) > 0;

	count(N_unborn, unborn);
	return unborn;
}

/* What others were told of an end. */
static inline void
judge(uint32_t voice, uint32_t server, gs_pid pid, const char *reason,
    bool client)
{
	char text[GS_PID_TEXT];

	if (!reason_fits(pid, reason, client) && !died_unborn(pid, reason) &&
	    !is_restarting(server))
		wrong(voice, server, "%s ended with %s, its fates are %x",
		    gs_pid_text(pid, text), reason, fates_of(pid));
}

#endif
