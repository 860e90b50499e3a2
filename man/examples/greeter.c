/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A greeter: its greeting is the init argument and can be changed later.
 *
 *	gsctl start --name greeter ./greeter.so Good morning
 *	gsctl call greeter greet Ada
 *	gsctl cast greeter say Bonjour
 *	gsctl call greeter greet Ada
 */
#include <genserver.h>
#include <stdio.h>

struct greeter {
	char greeting[128];
	long greeted;
};

extern const gs_behaviour greeter;

/* Client functions: these run in the caller. */

static int
greeter_start_link(const char *name, const char *greeting, gs_pid *pid)
{
	gs_options options = { .name = name };

	return gs_start_link(&greeter, GS_TEXT(greeting), &options, pid);
}

static int
greeter_say(gs_addr to, const char *greeting)
{
	return gs_cast(to, GS_STR("say %s", greeting));
}

static int
greeter_greet(gs_addr to, const char *whom, gs_bytes *answer)
{
	return gs_call(to, GS_STR("greet %s", whom), answer, GS_CALL_TIMEOUT);
}

/* Callbacks: these run in the server. */

static gs_next
greeter_init(void *state, gs_bytes greeting)
{
	struct greeter *g = state;

	if (greeting.size == 0)
		greeting = GS_TEXT("Hello");
	if (greeting.size >= sizeof(g->greeting))
		return gs_error("greeting too long");
	gs_string(greeting, g->greeting, sizeof(g->greeting));
	return gs_ok();
}

static gs_next
greeter_call(void *state, gs_bytes request, gs_from from)
{
	struct greeter *g = state;
	gs_bytes whom;

	(void)from;
	if (gs_is(request, "greeted"))
		return gs_next_reply(GS_STR("%ld", g->greeted));
	if (!gs_verb(request, "greet", &whom))
		return gs_next_stop("bad_call");
	g->greeted++;
	if (whom.size == 0)
		whom = GS_TEXT("world");
	return gs_next_reply(GS_STR(
	    "%s, %.*s!", g->greeting, (int)whom.size, (const char *)whom.data));
}

static gs_next
greeter_cast(void *state, gs_bytes request)
{
	struct greeter *g = state;
	gs_bytes greeting;

	if (!gs_verb(request, "say", &greeting))
		return gs_next_stop("bad_cast");
	if (greeting.size < sizeof(g->greeting))
		gs_string(greeting, g->greeting, sizeof(g->greeting));
	return gs_next_noreply();
}

GS_SERVER(greeter, .version = "1", .state_size = sizeof(struct greeter),
    .init = greeter_init, .handle_call = greeter_call,
    .handle_cast = greeter_cast);
GS_MODULE(greeter);

static int
show(const char *whom)
{
	gs_bytes answer;

	if (greeter_greet(GS_NAME("greeter"), whom, &answer) < 0)
		return -1;
	printf("%.*s\n", (int)answer.size, (const char *)answer.data);
	return 0;
}

int
main(void)
{
	gs_pid pid;

	if (gs_node_open(NULL, 0) < 0 ||
	    greeter_start_link("greeter", "Good morning", &pid) < 0 ||
	    show("Ada") < 0 || greeter_say(GS_PID(pid), "Bonjour") < 0 ||
	    show("Grace") < 0) {
		fprintf(stderr, "greeter: %s\n", gs_error_text());
		return 1;
	}
	return 0;
}
