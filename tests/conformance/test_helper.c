/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OS-13: a helper that a callback has forked, of a server that is at work in
 * two nodes.  It is nobody until it opens a node itself; then it is a client
 * like any other, and however it ends, the server and what others have of it
 * stay as they were.
 */
#include "tests/conformance/other.h"

static noreturn void
help(const char *home, const char *node, const char *how)
{
	gs_addr there = GS_NAME_AT("there", node);
	gs_pid self;

	unsetenv("GS_NODE");
	note("nobody %d", gs_call(there, GS_TEXT("get"), NULL, SOON));
	CHECK_INT(gs_cast(GS_NAME("mother"), GS_TEXT("x")), -ENOTCONN);
	CHECK_INT(gs_node_open(home, 0), 0);
	CHECK_INT(gs_self(&self), 0);
	CHECK_INT(gs_call(there, GS_TEXT("get"), NULL, SOON), 0);
	/* a client, by its own pid */
	CHECK_INT(gs_send(GS_NAME("mother"), GS_TEXT("help")), 0);
	CHECK_INT(gs_alive(self), 1);
	note("client %s", how);
	if (strcmp(how, "killed") == 0)
		raise(SIGKILL);
	if (strcmp(how, "terminated") == 0)
		raise(SIGTERM);
	exit(atoi(how));
}

static gs_next
mother_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

/* "HOME NODE": can it still be called there?  With a third word: forks. */
static gs_next
mother_call(void *state, gs_bytes request, gs_from from)
{
	static gs_ref ref;
	char text[400], home[130], node[130], how[20] = "";
	gs_addr there;
	pid_t helper = 0;

	(void)state;
	(void)from;
	sscanf(gs_string(request, text, sizeof(text)), "%129s %129s %19s", home,
	    node, how);
	there = GS_NAME_AT("there", node);
	if (ref.id == 0)
		CHECK_INT(gs_monitor(there, &ref), 0);
	if (how[0] != '\0')
		helper = fork();
	if (helper == 0 && how[0] != '\0')
		help(home, node, how);
	CHECK_INT(gs_call(there, GS_TEXT("get"), NULL, SOON), 0);
	return gs_next_reply(GS_STR("%d", (int)helper));
}

static gs_next
mother_info(void *state, const gs_info *info)
{
	char text[100];

	(void)state;
	if (info->kind == GS_INFO_MESSAGE)
		note("mother: %s", gs_string(info->body, text, sizeof(text)));
	else
		note("mother: not a message");
	return gs_next_noreply();
}

static GS_SERVER(mother, .init = mother_init, .handle_call = mother_call,
    .handle_info = mother_info);

static bool
is_gone(void *data)
{
	return test_gone(*(pid_t *)data);
}

/* In the other node: the mother is still the client that she was. */
static void
say(void *data)
{
	CHECK_OK(gs_send(GS_PID(client_of(*(int *)data)), GS_TEXT("there")));
}

TEST(OS_13_a_helper_of_a_server_is_a_client_of_its_own)
{
	static const char *const ways[] = { "0", "3", "killed", "terminated" };
	char text[400], wanted[40];
	gs_node_info info;
	gs_ref ref;
	gs_pid pid;
	pid_t helper;
	int os_pid;

	others_up(1);
	CHECK_OK(gs_node_inspect(&info));
	CHECK_OK(gs_start(
	    &mother, GS_NONE, &(gs_options){ .name = "mother" }, &pid));
	CHECK_OK(gs_monitor(GS_PID(pid), &ref));
	os_pid = os_pid_of(GS_PID(pid));
	for (int i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "%s %s %s", info.name, other(0),
		    ways[i]);
		helper = atoi(ask(GS_PID(pid), text));
		CHECK(helper > 1);
		snprintf(wanted, sizeof(wanted), "client %s", ways[i]);
		CHECK(wait_note(wanted));
		CHECK(eventually(is_gone, &helper, SOON));
		/* nothing of it has been the server's */
		snprintf(text, sizeof(text), "%s %s", info.name, other(0));
		CHECK_STR(ask(GS_PID(pid), text), "0");
		other_run(0, say, &os_pid);
		CHECK(wait_notes("mother: there", i + 1));
		CHECK(wait_notes("mother: help", i + 1));
	}
	snprintf(wanted, sizeof(wanted), "nobody %d", -ENOTCONN);
	CHECK_INT(notes(wanted), 4);
	CHECK_INT(notes("mother: not a message"), 0);
	CHECK(gs_alive(pid));
	CHECK(got_nothing());
	others_down(1);
}
