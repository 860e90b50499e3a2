/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help texts, from the tables that the verbs are made of.
 */
#include <stdio.h>

#include "cmd/gsctl/cmd.h"

#define COLUMNS 78

static const struct {
	int status;
	const char *text;
} meanings[] = {
	{ CMD_DONE, "done" },
	{ CMD_NO, "the answer is no" },
	{ CMD_DOWN, "the server is known but down" },
	{ CMD_UNKNOWN, "no such server or name" },
	{ CMD_REFUSED, "start refused; the word is on stderr" },
	{ CMD_USAGE, "wrong usage" },
	{ CMD_NO_NODE, "no such node is running" },
	{ CMD_INTERNAL, "internal error" },
	{ CMD_FULL, "the mailbox or shared memory is full; try again" },
	{ CMD_DENIED, "permission denied" },
	{ CMD_TIMED_OUT, "timed out" },
	{ CMD_DIED, "the server died during the call; reason on stderr" },
};

static bool
has_exit(const struct cmd_verb *verb, int status)
{
	if (status == CMD_DONE || status == CMD_USAGE ||
	    status == CMD_INTERNAL || status == CMD_DENIED)
		return true;
	for (int i = 0; i < CMD_EXITS; i++)
		if (verb->exits[i] != 0 && verb->exits[i] == status)
			return true;
	return false;
}

static void
print_exits(const struct cmd_verb *verb)
{
	puts("\nExit status:");
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (verb == NULL || has_exit(verb, meanings[i].status))
			printf("  %-3d  %s\n", meanings[i].status,
			    meanings[i].text);
}

/* Prints text broken at blanks, so that no line is longer than COLUMNS. */
static void
print_filled(const char *text, int indent)
{
	int at = indent;

	while (*text != '\0') {
		int length = (int)strcspn(text, " ");

		if (at > indent && at + 1 + length > COLUMNS) {
			printf("\n%*s", indent, "");
			at = indent;
		} else if (at > indent) {
			putchar(' ');
			at++;
		}
		printf("%.*s", length, text);
		at += length;
		text += length;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void
print_option(const struct cmd_option *option)
{
	char head[80];
	int length;

	length = snprintf(head, sizeof(head), "%s%c%s --%s%s%s",
	    option->letter ? "-" : "  ", option->letter ? option->letter : ' ',
	    option->letter ? "," : "", option->name,
	    option->argument ? " " : "",
	    option->argument ? option->argument : "");
	if (length > 24)
		printf("  %s\n%*s", head, 28, "");
	else
		printf("  %-26s", head);
	print_filled(option->help, 28);
}

static void
print_parts(const struct cmd_part *parts)
{
	putchar('\n');
	for (int i = 0; parts[i].name != NULL; i++) {
		printf("  %s %s\n%*s", parts[i].name, parts[i].operands, 6, "");
		print_filled(parts[i].about, 6);
	}
}

static void
print_options(const struct cmd_verb *verb)
{
	static const struct cmd_option node = { "node", 'n', "NODE",
		"the node to use (default: $GS_NODE, else 'default')" };
	static const struct cmd_option json = { "json", 0, NULL, "print JSON" };
	static const struct cmd_option help = { "help", 'h', NULL,
		"print this help" };

	puts("\nOptions:");
	for (int i = 0; verb->options && verb->options[i].name; i++)
		print_option(&verb->options[i]);
	if (verb->data)
		print_option(&json);
	print_option(&node);
	print_option(&help);
}

void
cmd_help(const struct cmd_verb *verb)
{
	printf("usage: gsctl %s [options]%s%s\n\n", verb->name,
	    *verb->operands ? " " : "", verb->operands);
	print_filled(verb->text, 0);
	if (verb->parts != NULL)
		print_parts(verb->parts);
	print_options(verb);
	print_exits(verb);
}

void
cmd_help_all(const struct cmd_verb *const *verbs)
{
	puts("usage: gsctl [-n NODE] VERB [options] [words]\n"
	     "       gsctl help [VERB] | VERB --help | --help | --version\n");
	print_filled(
	    "Starts, uses and watches servers. A SERVER is a name, a pid "
	    "<node.slot.generation>, or either with @NODE behind it. Data goes "
	    "to stdout, tab-separated unless that is a terminal; words go to "
	    "stderr.",
	    0);
	puts("\nVerbs:");
	for (int i = 0; verbs[i] != NULL; i++)
		printf("  %-8s  %s\n", verbs[i]->name, verbs[i]->about);
	print_exits(NULL);
}

static bool
has_option(const struct cmd_verb *verb, const char *name)
{
	if (strcmp(name, "json") == 0)
		return verb->data;
	for (int i = 0; verb->options && verb->options[i].name; i++)
		if (strcmp(verb->options[i].name, name) == 0)
			return true;
	return false;
}

const char *
cmd_option_for(const char *word, char *text, size_t size)
{
	char name[32];
	size_t used = 0;

	*text = '\0';
	if (strncmp(word, "--", 2) != 0)
		return text;
	snprintf(
	    name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (int i = 0; cmd_verbs[i] != NULL && used < size; i++)
		if (has_option(cmd_verbs[i], name))
			used += (size_t)snprintf(text + used, size - used,
			    "%s%s", used == 0 ? ": it is for " : ", ",
			    cmd_verbs[i]->name);
	return text;
}

static int
least(int a, int b)
{
	return a < b ? a : b;
}

/* Edits that make one word of the other; a swap of neighbours is one edit. */
static int
distance(const char *a, const char *b)
{
	int rows[3][32] = { { 0 } };
	int *before = rows[0], *last = rows[1], *row = rows[2], *spare;
	int n = (int)strnlen(b, 31);

	for (int j = 0; j <= n; j++)
		last[j] = j;
	for (int i = 1; a[i - 1] != '\0'; i++) {
		row[0] = i;
		for (int j = 1; j <= n; j++) {
			row[j] = least(last[j], row[j - 1]) + 1;
			row[j] =
			    least(row[j], last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[n];
}

const char *
cmd_nearest(const struct cmd_verb *const *verbs, const char *name)
{
	const char *near = NULL;
	int best = 4;

	for (int i = 0; verbs[i] != NULL; i++) {
		int edits = distance(name, verbs[i]->name);

		/* Nothing of the word left is no resemblance. */
		if (edits < best && edits < (int)strlen(verbs[i]->name)) {
			best = edits;
			near = verbs[i]->name;
		}
	}
	return near;
}
