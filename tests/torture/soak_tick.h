/* SPDX-License-Identifier: Apache-2.0 */
/* The main program of the soak: what it does each tick. */
#ifndef GS_TESTS_SOAK_TICK_H
#define GS_TESTS_SOAK_TICK_H

#include "tests/torture/soak_seats.h"

/* Nobody may be in one thing for ever. */
static inline void
look_for_hangs(void)
{
	int64_t now = now_ms();

	for (uint32_t i = 0; i < VOICES; i++) {
		struct voice_board *vb = &board->voice[i];
		int64_t until = gm_load(&vb->until, acquire);

		if (until == 0 || torment.seat[i / THREADS].until != 0 ||
		    now < until + 2 * (int64_t)SLACK * test_slowness())
			continue;
		wrong(i, NOBODY, "voice %u hangs in %u since %lld ms", i,
		    gm_load(&vb->op, relaxed), (long long)(now - until));
	}
}

static inline void
release_some(bool all)
{
	int64_t now = now_ms();

	if (torment.root.pidfd >= 0 && (all || now >= torment.root.until))
		go_on(&torment.root);
	for (uint32_t i = 0; i < SERVERS; i++)
		if (torment.held[i].pidfd >= 0 &&
		    (all || now >= torment.held[i].until))
			go_on(&torment.held[i]);
	for (uint32_t i = 0; i < SEATS; i++)
		if (torment.seat[i].until != 0 &&
		    (all || now >= torment.seat[i].until))
			client_goes_on(i);
}

/* Out of 1000, each tick. */
static inline void
harm(bool root_too)
{
	uint32_t dice = chance(&torment.seed, 1000);
	uint32_t server = chance(&torment.seed, SERVERS);
	uint32_t seat = chance(&torment.seed, SEATS);

	if (dice < 150)
		kill_server(server);
	else if (dice < 300)
		stop_server(server);
	else if (dice < 320)
		kill_client(seat, chance(&torment.seed, 4));
	else if (dice < 370)
		stop_client(seat);
	else if (dice < 385 && root_too)
		harm_root(dice < 380);
}

#endif
