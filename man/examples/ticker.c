/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A periodic worker: samples the load of the machine every second, or every
 * ARGUMENT milliseconds, by sending itself a message each time.
 *
 *	gsctl start --name ticker ./ticker.so 500
 *	gsctl call ticker load		the last sample
 *	gsctl call ticker ticks		how many there were
 */
#include <genserver.h>
#include <stdio.h>
#include <stdlib.h>

struct ticker {
	int period;
	long ticks;
	double load;
};

extern const gs_behaviour ticker;

/* Client functions: these run in the caller. */

static int
ticker_start_link(const char *name, int period, gs_pid *pid)
{
	gs_options options = { .name = name };

	return gs_start_link(&ticker, GS_STR("%d", period), &options, pid);
}

static int
ticker_ticks(gs_addr to, long *ticks)
{
	gs_bytes reply;
	int status = gs_call(to, GS_TEXT("ticks"), &reply, GS_CALL_TIMEOUT);

	if (status == 0)
		*ticks = gs_long(reply, 0);
	return status;
}

/* Callbacks: these run in the server. */

static gs_next
work_later(const struct ticker *t, gs_next next)
{
	gs_pid self;

	if (gs_self(&self) < 0 ||
	    gs_send_after(t->period, GS_PID(self), GS_TEXT("work"), NULL) < 0)
		return gs_next_stop("no timer");
	return next;
}

static gs_next
ticker_init(void *state, gs_bytes argument)
{
	struct ticker *t = state;
	long ms = gs_long(argument, argument.size ? -1 : 1000);

	if (ms < 1 || ms >= GS_INFINITY)
		return gs_error("not a number of milliseconds");
	t->period = (int)ms;
	return work_later(t, gs_ok());
}

static gs_next
ticker_info(void *state, const gs_info *info)
{
	struct ticker *t = state;

	if (info->kind != GS_INFO_TIMER)
		return gs_next_noreply();
	if (getloadavg(&t->load, 1) == 1)
		t->ticks++;
	return work_later(t, gs_next_noreply());
}

static gs_next
ticker_call(void *state, gs_bytes request, gs_from from)
{
	struct ticker *t = state;

	(void)from;
	if (gs_is(request, "load"))
		return gs_next_reply(GS_STR("%.2f", t->load));
	if (gs_is(request, "ticks"))
		return gs_next_reply(GS_STR("%ld", t->ticks));
	return gs_next_stop("bad_call");
}

GS_SERVER(ticker, .version = "1", .state_size = sizeof(struct ticker),
    .init = ticker_init, .handle_call = ticker_call,
    .handle_info = ticker_info);
GS_MODULE(ticker);

int
main(void)
{
	gs_info info;
	gs_pid pid;
	long ticks = 0;

	if (gs_node_open(NULL, 0) < 0 ||
	    ticker_start_link("ticker", 20, &pid) < 0)
		goto fail;
	do {
		if (gs_receive(&info, 20) == 0 ||
		    ticker_ticks(GS_PID(pid), &ticks) < 0)
			goto fail;
	} while (ticks < 5);
	printf("5 ticks\n");
	return 0;
fail:
	fprintf(stderr, "ticker: %s\n", gs_error_text());
	return 1;
}
