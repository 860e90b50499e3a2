/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer: another way of request and reply between two processes, measured as
 * ours is.  The server is a forked process; a client is one thread, of which
 * the measuring process has up to eight.  Each peer is used in the way that
 * its own manual recommends for speed; its file says which that is.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_CLIENTS 8
#define PEER_LARGEST 65536

struct peer_job {
	int clients; /* that will come */
	bool casts; /* the server is sent casts, else calls */
	char folder[64]; /* empty, for sockets; removed afterwards */
	int server_end[PEER_CLIENTS]; /* seqpacket or stream socket pairs, */
	int client_end[PEER_CLIENTS]; /* one for each client */
};

struct peer {
	const char *name;
	int socket_type; /* of the pairs, 0: none needed */

	/*
	 * The server: says peer_ready when clients may come, then answers
	 * each call with its request, or says peer_taken for each cast.
	 * Never returns but on SIGTERM.
	 */
	void (*serve)(const struct peer_job *job);

	/* In the thread of the client, which is the only one to use it. */
	void *(*open)(const struct peer_job *job, int index);
	/* Ends the program if there is no answer of that size. */
	void (*call)(void *client, const void *request, size_t size);
	/* Waits for room. */
	void (*cast)(void *client, const void *message, size_t size);
	void (*close)(void *client);
};

void peer_ready(void);
void peer_taken(void);

/* Ends the program: library calls that failed. */
void peer_check(bool well, const char *what);

/* main() of every peer: bench_peer_NAME [MILLISECONDS for each figure]. */
int peer_main(int argc, char **argv, const struct peer *peer);

#endif
