/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ordinary program that puts its work into servers: no daemon, no gsctl.
 * It has a private node; whatever way it ends, nothing is left of either.
 *
 * The ledger is careful, the divider is not: a division by zero ends its whole
 * process.  The program is told so and goes on; the ledger notices nothing.
 */
#include <assert.h>
#include <errno.h>
#include <genserver.h>
#include <stdio.h>

/* The ledger adds up. */

struct ledger {
	long sum;
};

static gs_next
ledger_init(void *state, gs_bytes start)
{
	struct ledger *l = state;

	l->sum = gs_long(start, 0);
	return gs_ok();
}

static gs_next
ledger_call(void *state, gs_bytes amount, gs_from from)
{
	struct ledger *l = state;

	(void)from;
	l->sum += gs_long(amount, 0);
	return gs_next_reply(GS_STR("%ld", l->sum));
}

static GS_SERVER(ledger, .state_size = sizeof(struct ledger),
    .init = ledger_init, .handle_call = ledger_call);

/* The divider divides, whatever it is given. */

static gs_next
divider_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static gs_next
divider_call(void *state, gs_bytes request, gs_from from)
{
	long dividend = gs_long(gs_word(&request), 0);
	long divisor = gs_long(gs_word(&request), 0);

	(void)state;
	(void)from;
	assert(divisor != 0);
	return gs_next_reply(GS_STR("%ld", dividend / divisor));
}

static GS_SERVER(divider, .init = divider_init, .handle_call = divider_call);

/* The program. */

static void
ask(const char *server, const char *request)
{
	char text[256];
	gs_bytes reply;
	int status = gs_call(GS_NAME(server), GS_TEXT(request), &reply, 5000);

	if (status == 0)
		printf("%s %s: %s\n", server, request,
		    gs_printable(reply, text, sizeof(text)));
	else if (status == -ECONNRESET)
		printf("%s %s: it died, %s\n", server, request,
		    gs_printable(
			gs_text(gs_error_reason()), text, sizeof(text)));
	else
		printf("%s %s: %s\n", server, request, gs_error_text());
}

static int
start(const gs_behaviour *behaviour, const char *argument, gs_pid *pid)
{
	gs_options options = { .name = behaviour->name };

	return gs_start_link(behaviour, GS_TEXT(argument), &options, pid);
}

int
main(void)
{
	char text[256];
	gs_info info;
	gs_pid l, d;

	/* We are linked to both: by default their crash would be ours. */
	if (gs_node_open(NULL, 0) < 0 || gs_trap_exit(true) < 0 ||
	    start(&ledger, "100", &l) < 0 || start(&divider, NULL, &d) < 0)
		goto fail;
	ask("ledger", "20");
	ask("divider", "84 2");
	ask("divider", "1 0");
	if (gs_receive(&info, 5000) < 0)
		goto fail;
	if (info.kind == GS_INFO_EXIT && gs_pid_equal(info.from, d))
		printf("the link says so too: %s\n",
		    gs_printable(gs_text(info.reason), text, sizeof(text)));
	ask("ledger", "3");
	if (start(&divider, NULL, &d) < 0)
		goto fail;
	ask("divider", "21 7");
	gs_node_close();
	return 0;
fail:
	fprintf(stderr, "embedded: %s\n", gs_error_text());
	return 1;
}
