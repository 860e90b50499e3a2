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

#define RESTART_MS 3000 /* from its end, or the client's, until it is done */

/* Whoever is there when root comes to it is restarted. */
static inline bool
is_restarting(uint32_t server)
{
	for (uint32_t i = 0; i < VOICES; i++) {
		struct voice_board *vb = &board->voice[i];

		if (gm_load(&vb->restarts, acquire) == server + 1 &&
		    gm_load(&vb->restarted, acquire) > now_ms())
			return true;
	}
	return false;
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
