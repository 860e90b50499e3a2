/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of the soak: a process of one voice or more, which lives for a
 * while, and goes in one of several ways unless it is killed before.
 */
#ifndef GS_TESTS_SOAK_CLIENT_H
#define GS_TESTS_SOAK_CLIENT_H

#include <pthread.h>
#include <sys/prctl.h>

#include "tests/torture/soak_harm.h"

#define LIFE_MIN 500 /* ms */
#define LIFE_MAX 6000

struct client {
	uint32_t seat;
	int64_t until;
};

/* Out of 1000 turns. */
static const struct choice {
	uint32_t share;
	void (*act)(struct voice *v);
	enum op op;
} choices[] = {
	{ 220, do_put, 0 },
	{ 240, do_get, 0 },
	{ 130, do_cast, 0 },
	{ 60, do_send, 0 },
	{ 40, do_timed, 0 },
	{ 60, do_alarm, 0 },
	{ 50, do_monitor, 0 },
	{ 20, do_link, 0 },
	{ 20, do_name, 0 },
	{ 30, do_look, 0 },
	{ 3, do_guest, 0 },
	{ 3, do_crash, 0 },
	{ 2, do_signal, 0 },
	{ 1, do_restart, 0 },
	{ 60, NULL, OP_ECHO },
	{ 30, NULL, OP_WATCH },
	{ 31, NULL, OP_ASK },
};

static inline void
turn(struct voice *v)
{
	uint32_t dice = chance(&v->seed, 1000);

	for (const struct choice *c = choices;; c++) {
		if (dice >= c->share) {
			dice -= c->share;
			continue;
		}
		if (c->act)
			c->act(v);
		else
			do_other(v, c->op);
		return;
	}
}

static inline bool
over(int64_t until)
{
	return gm_load(&board->finish, relaxed) || now_ms() >= until;
}

/* The whole life of a voice; the thread is a process of the node by then. */
static inline void
speak(const struct client *client, uint32_t thread)
{
	struct voice *v = calloc(1, sizeof(*v));
	struct voice_board *vb = &board->voice[client->seat * THREADS + thread];

	CHECK(v);
	v->seat = client->seat;
	v->me = client->seat * THREADS + thread;
	v->life = atomic_fetch_add(&board->next_life, 1) + 1;
	v->seed = stream(1000 + v->me, v->life);
	CHECK_INT(gs_self(&v->self), 0);
	gm_store(&vb->pid, packed_pid(v->self), release);
	gm_store(&vb->life, v->life, release);
	CHECK_INT(gs_trap_exit(true), 0);
	note(v->me, NOBODY, "life %u begins", v->life);
	count(N_lives, 1);
	while (!over(client->until)) {
		turn(v);
		take_what_comes(v, (int)chance(&v->seed, 4));
		look_for_downs(v);
	}
	account(v);
	condemn(v->self, BY_END);
	note(v->me, NOBODY, "life %u ends", v->life);
	gm_store(&vb->life, 0, release);
	gm_store(&vb->until, 0, release);
	free(v);
}

struct thread {
	const struct client *client;
	uint32_t number;
	pthread_t id;
};

static inline void *
speak_too(void *data)
{
	speak(((struct thread *)data)->client, ((struct thread *)data)->number);
	return NULL;
}

/* Closes, lets exit close, or just goes. */
noreturn static inline void
go(uint64_t seed)
{
	uint32_t way = chance(&seed, 3);

	if (way == 0)
		gs_node_close();
	if (way == 1)
		exit(0);
	_exit(0);
}

noreturn static inline void
client_main(uint32_t seat, uint32_t threads, uint64_t number)
{
	uint64_t seed = stream(500 + seat, number);
	struct client client = { seat, now_ms() + LIFE_MIN };
	struct thread thread[THREADS];

	client.until += chance(&seed, LIFE_MAX - LIFE_MIN);
	CHECK_INT(gs_node_open(board->node, 0), 0);
	for (uint32_t i = 1; i < threads; i++) {
		thread[i] = (struct thread){ .client = &client, .number = i };
		CHECK_INT(
		    pthread_create(&thread[i].id, NULL, speak_too, &thread[i]),
		    0);
	}
	speak(&client, 0);
	for (uint32_t i = 1; i < threads; i++)
		pthread_join(thread[i].id, NULL);
	go(seed);
}

#endif
