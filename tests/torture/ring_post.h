/* SPDX-License-Identifier: Apache-2.0 */
/* The servers of ring_of_processes: each passes on, the last one reports. */
#ifndef GS_TESTS_RING_POST_H
#define GS_TESTS_RING_POST_H

#include "tests/torture/ring_parcel.h"

struct post {
	uint32_t me;
	gs_pid self;
	gs_pid home;
	uint64_t sent[2]; /* to the next one, home */
	struct seen seen[PLACES];
};

static inline gs_next
post_init(void *state, gs_bytes argument)
{
	struct post *post = state;
	char home[GS_PID_TEXT];

	post->me = (uint32_t)gs_long(gs_word(&argument), SERVERS);
	if (post->me >= SERVERS ||
	    gs_pid_parse(
		gs_string(argument, home, sizeof(home)), &post->home) != 0 ||
	    gs_self(&post->self) != 0)
		return gs_next_stop("bad_argument");
	count(&diary->births, 1);
	return gs_ok();
}

static inline void
pass_on(struct post *post, const struct parcel *p)
{
	bool home = p->hops == 0;
	uint32_t to = home ? MAIN : (post->me + 1) % SERVERS;
	struct parcel *out =
	    pack(p->id, post->me, to, home ? 0 : p->hops - 1, post->self);
	char name[16];
	int status;

	out->number = post->sent[home] + 1;
	snprintf(name, sizeof(name), "ring%u", to);
	if (home)
		status = gs_send(GS_PID(post->home), packed(out));
	else
		status = gs_cast(GS_NAME(name), packed(out));
	/* a failed one is not to have arrived: it goes under the same number */
	if (status == -EAGAIN && !home)
		status = gs_cast_wait(GS_NAME(name), packed(out), 2);
	if (status == -EAGAIN || status == -ETIMEDOUT)
		count(&diary->full, 1);
	if (status == 0)
		post->sent[home]++;
	else
		count(&diary->refused, 1);
}

static inline gs_next
post_cast(void *state, gs_bytes request)
{
	struct post *post = state;
	const struct parcel *p = unpack(post->me, request, post->seen);

	if (!p)
		return gs_next_stop("wrong");
	count(&diary->hops, 1);
	count(&diary->bytes, p->size);
	pass_on(post, p);
	return gs_next_noreply();
}

static inline gs_next
post_call(void *state, gs_bytes request, gs_from from)
{
	const struct post *post = state;

	(void)request;
	(void)from;
	return gs_next_reply(GS_STR("%u", post->me));
}

static GS_SERVER(post_office, .state_size = sizeof(struct post),
    .init = post_init, .handle_call = post_call, .handle_cast = post_cast);

#endif
