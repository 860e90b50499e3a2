/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl sys: the parts that print what a server has: its state, its status,
 * what it has counted and the events it has kept.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/gsctl/json.h"
#include "cmd/gsctl/lines.h"
#include "cmd/gsctl/out.h"
#include "cmd/gsctl/sys.h"

/* ---- state ---- */

/* Two digits for each byte, for what is no text. */
static void
json_hex(struct json *json, const char *key, gs_bytes bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *text = cmd_memory(NULL, 2 * bytes.size);
	const unsigned char *data = bytes.data;

	for (size_t i = 0; i < bytes.size; i++) {
		text[2 * i] = digits[data[i] >> 4];
		text[2 * i + 1] = digits[data[i] & 15];
	}
	json_bytes(json, key, text, 2 * bytes.size);
	free(text);
}

static int
print_state(const struct cmd *cmd, gs_bytes state)
{
	struct json json = { .depth = 0 };

	if (cmd->json) {
		json_open(&json, NULL, '{');
		json_bytes(&json, "state", state.data, state.size);
		json_hex(&json, "hex", state);
		json_integer(&json, "size", (int64_t)state.size);
		json_close(&json, '}');
		json_end(&json);
		return CMD_DONE;
	}
	if (isatty(STDOUT_FILENO))
		cmd_put_safe(state.data, state.size);
	else if (state.size > 0)
		fwrite_unlocked(state.data, 1, state.size, stdout);
	if (cmd_value(cmd, "raw") == NULL)
		putchar_unlocked('\n');
	return CMD_DONE;
}

static int
check_raw(const struct cmd *cmd)
{
	if (cmd->json && cmd_value(cmd, "raw") != NULL)
		return cmd_usage(cmd, "--raw and --json exclude each other");
	return 0;
}

int
sys_get_state(struct cmd *cmd)
{
	struct cmd_server server;
	gs_bytes state;
	int timeout, rc;
	int status = check_raw(cmd);

	if (status == 0)
		status = sys_reach(cmd, &server, &timeout);
	if (status != 0)
		return status;
	rc = gs_sys_get_state(server.to, &state, timeout);
	return rc == 0 ? print_state(cmd, state) : sys_failed(cmd, &server, rc);
}

int
sys_replace_state(struct cmd *cmd)
{
	const char *function = cmd_value(cmd, "function");
	struct cmd_server server;
	gs_bytes bytes = GS_NONE, state;
	int timeout, rc;
	int status = check_raw(cmd);

	if (status == 0 && function == NULL && cmd->count < 2)
		status =
		    cmd_usage(cmd, "no state given; '-' reads it from stdin");
	if (status == 0)
		status = cmd_joined(cmd->words + 1, cmd->count - 1, &bytes);
	if (status == 0)
		status = sys_reach(cmd, &server, &timeout);
	if (status == 0) {
		rc = gs_sys_replace_state(
		    server.to, function, bytes, &state, timeout);
		status = rc == 0 ? print_state(cmd, state)
				 : sys_failed(cmd, &server, rc);
	}
	free((void *)(uintptr_t)bytes.data);
	return status;
}

/* ---- status ---- */

static const struct out_column status_columns[] = {
	{ "header", false },
	{ "pid", false },
	{ "parent", false },
	{ "status", false },
	{ "kind", false },
	{ "behaviour", false },
	{ "version", false },
	{ "initial_call", false },
	{ "label", false },
	{ "debug", false },
	{ "state", false },
	{ "log", false },
};

#define STATUS_COLUMNS                                                         \
	((int)(sizeof(status_columns) / sizeof(status_columns[0])))

/* An item of the list for each line; to be freed is nothing. */
static void
put_lines(struct out_table *table, int column, const char *text)
{
	char *copy = cmd_copy(text), *rest = copy, *line;

	out_list(table, column);
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			out_item(table, column, line);
	free(copy);
}

static int
print_status(const struct cmd *cmd, const gs_sys_status *is)
{
	struct out_table table;

	out_begin(&table, OUT_RECORD, status_columns, STATUS_COLUMNS);
	out_row(&table, -1);
	out_text(&table, 0, is->header);
	out_pid(&table, 1, is->pid);
	out_pid(&table, 2, is->parent);
	out_text(&table, 3, is->suspended ? "suspended" : "running");
	out_text(&table, 4, is->kind);
	out_text(&table, 5, is->behaviour);
	out_text(&table, 6, is->version);
	out_text(&table, 7, is->initial_call);
	out_text(&table, 8, is->label);
	out_text(&table, 9, is->debug);
	out_text(&table, 10, is->state);
	put_lines(&table, 11, is->log);
	return out_end(&table, cmd->json);
}

int
sys_get_status(struct cmd *cmd)
{
	struct cmd_server server;
	gs_sys_status is;
	int timeout, rc;
	int status = sys_reach(cmd, &server, &timeout);

	if (status != 0)
		return status;
	rc = gs_sys_get_status(server.to, &is, timeout);
	return rc == 0 ? print_status(cmd, &is) : sys_failed(cmd, &server, rc);
}

/* ---- statistics ---- */

static const struct out_column statistics_columns[] = {
	{ "start_us", true },
	{ "now_us", true },
	{ "work_us", true },
	{ "messages_in", true },
	{ "messages_out", true },
};

static int
print_statistics(const struct cmd *cmd, const gs_sys_statistics *counted)
{
	struct out_table table;

	out_begin(&table, OUT_RECORD, statistics_columns, 5);
	out_row(&table, -1);
	out_number(&table, 0, OUT_NUMBER, counted->start);
	out_number(&table, 1, OUT_NUMBER, counted->now);
	out_number(&table, 2, OUT_NUMBER, counted->work);
	out_number(&table, 3, OUT_NUMBER, (int64_t)counted->messages_in);
	out_number(&table, 4, OUT_NUMBER, (int64_t)counted->messages_out);
	return out_end(&table, cmd->json);
}

int
sys_statistics(struct cmd *cmd)
{
	bool set = cmd->count > 1, on = false;
	gs_sys_statistics counted;
	struct cmd_server server;
	int timeout, rc;
	int status = set ? sys_switch(cmd, &on) : 0;

	if (status == 0)
		status = sys_reach(cmd, &server, &timeout);
	if (status != 0)
		return status;
	rc = set ? gs_sys_count(server.to, on, timeout)
		 : gs_sys_get_statistics(server.to, &counted, timeout);
	if (rc != 0)
		return sys_failed(cmd, &server, rc);
	return set ? CMD_DONE : print_statistics(cmd, &counted);
}

/* ---- log ---- */

#define LOG_USUAL 10
#define LOG_MAX 1024

static int
how_many(const struct cmd *cmd, int *max)
{
	const char *text = cmd->count > 2 ? cmd->words[2] : NULL;
	bool on = false;
	int status;

	status = sys_switch(cmd, &on);
	*max = on ? LOG_USUAL : 0;
	if (status != 0 || text == NULL)
		return status;
	if (!on)
		return cmd_usage(cmd, "one word too many: '%s'", text);
	*max = 0;
	if (strlen(text) <= 4 && text[strspn(text, "0123456789")] == '\0')
		*max = atoi(text);
	if (*max < 1 || *max > LOG_MAX)
		return cmd_usage(cmd,
		    "log wants a number from 1 to %d, not '%s'", LOG_MAX, text);
	return 0;
}

static int
print_log(const struct cmd *cmd, const char *log)
{
	struct json json = { .pretty = true };
	char *copy, *rest, *line;

	if (!cmd->json) {
		cmd_put_safe(log, strlen(log));
		if (*log != '\0')
			putchar_unlocked('\n');
		return CMD_DONE;
	}
	copy = rest = cmd_copy(log);
	json_open(&json, NULL, '[');
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			json_bytes(&json, NULL, line, strlen(line));
	json_close(&json, ']');
	json_end(&json);
	free(copy);
	return CMD_DONE;
}

int
sys_log(struct cmd *cmd)
{
	bool set = cmd->count > 1;
	struct cmd_server server;
	const char *log;
	int timeout, rc, max = 0;
	int status = set ? how_many(cmd, &max) : 0;

	if (status == 0)
		status = sys_reach(cmd, &server, &timeout);
	if (status != 0)
		return status;
	rc = set ? gs_sys_log(server.to, max, timeout)
		 : gs_sys_get_log(server.to, &log, timeout);
	if (rc != 0)
		return sys_failed(cmd, &server, rc);
	return set ? CMD_DONE : print_log(cmd, log);
}
