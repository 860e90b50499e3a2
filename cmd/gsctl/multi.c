/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl multi-call and abcast: the servers of one name at many nodes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/gsctl/json.h"
#include "cmd/gsctl/lines.h"
#include "cmd/gsctl/out.h"

/* What --nodes names; names NULL: all that run. */
struct nodes {
	char *text;
	const char **names;
	size_t count;
};

static int
parse_nodes(const struct cmd *cmd, struct nodes *nodes)
{
	const char *value = cmd_value(cmd, "nodes"), *why;
	char *at, *rest;

	if (value == NULL)
		return 0;
	nodes->text = rest = cmd_copy(value);
	nodes->names =
	    cmd_memory(NULL, (strlen(value) + 1) * sizeof(*nodes->names));
	while ((at = strsep(&rest, ",")) != NULL) {
		if (gs_name_check(at, &why) != 0)
			return cmd_usage(
			    cmd, "'%s' cannot be a node: %s", at, why);
		nodes->names[nodes->count++] = at;
	}
	return 0;
}

static int
open_one(const gs_node_entry *node, void *data)
{
	(void)data;
	return node->running && gs_node_open(node->name, 0) == 0;
}

/* Any of them lets us in to ask the others; the usual one first. */
static int
attach(const struct cmd *cmd, const struct nodes *nodes)
{
	int rc = cmd_open(cmd);

	for (size_t i = 0; i < nodes->count && rc == -ENOTCONN; i++)
		if (gs_node_open(nodes->names[i], 0) == 0)
			rc = 0;
	if (rc == -ENOTCONN && gs_nodes(open_one, NULL) == 1)
		rc = 0;
	if (rc == -ENOTCONN)
		return cmd_error(CMD_NO_NODE, "no node is running");
	return rc == 0 ? 0 : cmd_fail(cmd, NULL, rc);
}

/* ---- what came back ---- */

static void
print_json(const gs_replies *replies)
{
	struct json json = { .pretty = true };

	json_open(&json, NULL, '{');
	json_open(&json, "nodes", '[');
	for (size_t i = 0; i < replies->count; i++) {
		const gs_node_reply *at = &replies->at[i];

		json_open(&json, NULL, '{');
		json_text(&json, "node", at->node);
		if (at->status == 0)
			json_bytes(
			    &json, "reply", at->reply.data, at->reply.size);
		else
			json_text(&json, "bad", at->reason);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_integer(&json, "bad", (int64_t)replies->bad);
	json_close(&json, '}');
	json_end(&json);
}

/* In lines whatever is in a reply: one node, one line. */
static void
print_lines(const gs_replies *replies)
{
	for (size_t i = 0; i < replies->count; i++) {
		const gs_node_reply *at = &replies->at[i];
		char node[CMD_SAFE(GS_NAME_MAX)];

		cmd_safe(node, sizeof(node), at->node, strlen(at->node));
		printf("%s\t%s\t", node, at->status == 0 ? "reply" : "bad");
		if (at->status == 0)
			cmd_put_safe(at->reply.data, at->reply.size);
		else
			cmd_put_safe(at->reason, strlen(at->reason));
		putchar('\n');
	}
}

/* ---- the verbs ---- */

typedef int (*asker)(const struct cmd *cmd, const struct nodes *nodes,
    const char *name, gs_bytes request, int timeout);

static int
ask_all(const struct cmd *cmd, const struct nodes *nodes, const char *name,
    gs_bytes request, int timeout)
{
	gs_replies *replies;
	int rc = gs_multi_call(
	    nodes->names, nodes->count, name, request, timeout, &replies);
	int status;

	if (rc != 0)
		return cmd_fail(cmd, NULL, rc);
	if (cmd->json)
		print_json(replies);
	else
		print_lines(replies);
	status = replies->bad > 0 ? CMD_NO : CMD_DONE;
	gs_replies_free(replies);
	return out_flush() != 0 ? CMD_INTERNAL : status;
}

static int
cast_all(const struct cmd *cmd, const struct nodes *nodes, const char *name,
    gs_bytes request, int timeout)
{
	int rc = gs_abcast(nodes->names, nodes->count, name, request);

	(void)timeout;
	return rc == 0 ? CMD_DONE : cmd_fail(cmd, NULL, rc);
}

static int
run(struct cmd *cmd, asker ask, int timeout)
{
	struct nodes nodes = { NULL, NULL, 0 };
	gs_bytes request = GS_NONE;
	const char *why;
	int status = parse_nodes(cmd, &nodes);

	if (status == 0 && gs_name_check(cmd->words[0], &why) != 0)
		status = cmd_usage(cmd, "'%s' cannot be a server's name: %s",
		    cmd->words[0], why);
	if (status == 0)
		status = cmd_joined(cmd->words + 1, cmd->count - 1, &request);
	if (status == 0)
		status = attach(cmd, &nodes);
	if (status == 0)
		status = ask(cmd, &nodes, cmd->words[0], request, timeout);
	free((void *)(uintptr_t)request.data);
	free(nodes.names);
	free(nodes.text);
	return status;
}

static int
run_multi_call(struct cmd *cmd)
{
	int timeout = GS_CALL_TIMEOUT;
	int status = cmd_ms(cmd, "timeout", 0, &timeout);

	return status != 0 ? status : run(cmd, ask_all, timeout);
}

static int
run_abcast(struct cmd *cmd)
{
	return run(cmd, cast_all, 0);
}

static const struct cmd_option multi_call_options[] = {
	{ "nodes", 0, "A,B", "these nodes (default all that run)" },
	{ "timeout", 0, "MS",
	    "wait MS for all replies, or 'infinity' (default 5000)" },
	{ NULL, 0, NULL, NULL },
};

const struct cmd_verb cmd_multi_call = {
	.name = "multi-call",
	.operands = "NAME REQUEST... | NAME -",
	.about = "call the servers of a name at many nodes",
	.text = "Sends the words, joined by one blank, as one request to the "
		"server NAME at each node, all at once, and prints a line for "
		"each node in the order of the list: its name, the word reply "
		"and the reply, or the word bad and why there is none, "
		"tab-separated. Control characters are shown as \\xNN. "
		"Options end at NAME. --json prints an object with \"nodes\", "
		"each with \"node\" and either \"reply\" or \"bad\", and how "
		"many are \"bad\". Exits 1 when one or more are bad.",
	.options = multi_call_options,
	.least = 2,
	.most = -1,
	.words = true,
	.data = true,
	.exits = { CMD_NO, CMD_NO_NODE, CMD_TIMED_OUT },
	.run = run_multi_call,
};

static const struct cmd_option abcast_options[] = {
	{ "nodes", 0, "A,B", "these nodes (default all that run)" },
	{ NULL, 0, NULL, NULL },
};

const struct cmd_verb cmd_abcast = {
	.name = "abcast",
	.operands = "NAME REQUEST... | NAME -",
	.about = "cast to the servers of a name at many nodes",
	.text = "Sends the words, joined by one blank, as one cast to the "
		"server NAME at each node and does not wait. Nodes and names "
		"that are not there are no failure. Options end at NAME.",
	.options = abcast_options,
	.least = 2,
	.most = -1,
	.words = true,
	.exits = { CMD_NO_NODE, CMD_TIMED_OUT },
	.run = run_abcast,
};
