/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of a verb, from the same table that its help is printed from.
 */
#include <getopt.h>
#include <stdio.h>

#include "cmd/gsctl/cmd.h"
#include "cmd/gsctl/out.h"

#define KEY_BASE 256 /* above any letter */

static const struct option common[] = {
	{ "node", required_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, 'j' },
};

#define N_COMMON ((int)(sizeof(common) / sizeof(common[0])))

/* Makes getopt's two tables; text holds 2 letters per option and more. */
static void
make_tables(const struct cmd_verb *verb, struct option *longs, char *text)
{
	int n = 0;

	if (verb->words)
		*text++ = '+';
	*text++ = ':';
	*text++ = 'n';
	*text++ = ':';
	*text++ = 'h';
	for (int i = 0; i < N_COMMON; i++)
		if (common[i].val != 'j' || verb->data)
			longs[n++] = common[i];
	for (int i = 0; verb->options && verb->options[i].name; i++) {
		const struct cmd_option *option = &verb->options[i];

		if (option->letter != 0)
			*text++ = option->letter;
		longs[n++] = (struct option){ option->name,
			option->argument ? required_argument : no_argument,
			NULL, KEY_BASE + i };
	}
	longs[n] = (struct option){ NULL, 0, NULL, 0 };
	*text = '\0';
}

static int
index_of_letter(const struct cmd_verb *verb, int letter)
{
	for (int i = 0; verb->options && verb->options[i].name; i++)
		if (verb->options[i].letter == letter)
			return i;
	return -1;
}

/* One option that getopt has found. */
static int
take(struct cmd *cmd, int key, const char *word, bool *done)
{
	char text[256];
	int i;

	switch (key) {
	case 'n':
		cmd->node = optarg;
		return 0;
	case 'j':
		cmd->json = true;
		return 0;
	case 'h':
		*done = true;
		cmd_help(cmd->verb);
		return out_flush();
	case ':':
		*done = true;
		return cmd_usage(cmd, "option '%s' wants a value", word);
	case '?':
		*done = true;
		return cmd_usage(cmd, "unknown option '%s'%s", word,
		    cmd_option_for(word, text, sizeof(text)));
	}
	i = key >= KEY_BASE ? key - KEY_BASE : index_of_letter(cmd->verb, key);
	cmd->value[i] = optarg != NULL ? optarg : "";
	return 0;
}

static int
count_operands(struct cmd *cmd, bool *done)
{
	const struct cmd_verb *verb = cmd->verb;

	*done = true;
	if (cmd->count < verb->least)
		return cmd_usage(cmd, "too few words: usage: gsctl %s %s",
		    verb->name, verb->operands);
	if (verb->most >= 0 && cmd->count > verb->most)
		return cmd_usage(
		    cmd, "one word too many: '%s'", cmd->words[verb->most]);
	*done = false;
	return 0;
}

/* "name" among the words of a list, each with blanks around it. */
static bool
is_listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (; list != NULL && (list = strstr(list, name)) != NULL; list++)
		if (list[-1] == ' ' && list[n] == ' ')
			return true;
	return false;
}

static int
check_part(const struct cmd *cmd)
{
	const struct cmd_verb *verb = cmd->verb;
	const struct cmd_part *part = cmd->part;

	if (cmd->count < part->least)
		return cmd_usage(cmd, "too few words: usage: gsctl %s %s %s",
		    verb->name, part->name, part->operands);
	if (part->most >= 0 && cmd->count > part->most)
		return cmd_usage(
		    cmd, "one word too many: '%s'", cmd->words[part->most]);
	if (cmd->json && !part->data)
		return cmd_usage(
		    cmd, "%s prints no data: --json is not for it", part->name);
	for (int i = 0; verb->options && verb->options[i].name; i++)
		if (cmd->value[i] != NULL &&
		    !is_listed(verb->common, verb->options[i].name) &&
		    !is_listed(part->own, verb->options[i].name))
			return cmd_usage(cmd, "--%s is not for %s",
			    verb->options[i].name, part->name);
	return 0;
}

/* The first word says which; those behind it are its operands. */
static int
take_part(struct cmd *cmd, bool *done)
{
	int status;

	for (const struct cmd_part *part = cmd->verb->parts; part->name; part++)
		if (strcmp(part->name, cmd->words[0]) == 0)
			cmd->part = part;
	*done = true;
	if (cmd->part == NULL)
		return cmd_usage(cmd, "%s: unknown word '%s'", cmd->verb->name,
		    cmd->words[0]);
	cmd->words++;
	cmd->count--;
	status = check_part(cmd);
	*done = status != 0;
	return status;
}

int
cmd_options(struct cmd *cmd, int argc, char **argv, bool *done)
{
	struct option longs[CMD_OPTIONS + N_COMMON + 1];
	char letters[CMD_OPTIONS + 8];
	int key, status;

	*done = false;
	make_tables(cmd->verb, longs, letters);
	optind = 0;
	opterr = 0;
	while ((key = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		status = take(cmd, key, argv[optind - 1], done);
		if (*done)
			return status;
	}
	cmd->count = argc - optind;
	cmd->words = argv + optind;
	*done = true;
	status = cmd_check_node(cmd);
	if (status == 0)
		status = count_operands(cmd, done);
	if (status == 0 && cmd->verb->parts != NULL)
		status = take_part(cmd, done);
	return status;
}

const char *
cmd_value(const struct cmd *cmd, const char *name)
{
	const struct cmd_option *options = cmd->verb->options;

	for (int i = 0; options && options[i].name; i++)
		if (strcmp(options[i].name, name) == 0)
			return cmd->value[i];
	return NULL;
}
