/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsctl with any words, any standard input, and a node that says anything:
 * it ends with a known status, prints what a terminal may see, JSON that is
 * JSON, and sends what it was told to send.
 */
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/gsctl_node.h"

#define BRANCHES 20000000ull

/* Words up to an empty one; then the standard input, then the node. */
static void
read_words(struct pretend *p)
{
	p->word[p->words++] = strcpy(p->text[0], "gsctl");
	while (p->words < WORDS && p->in.left > 0) {
		char *word = p->text[p->words];

		fuzz_text(&p->in, word, sizeof(p->text[0]) - 1);
		if (*word == '\0')
			break;
		p->word[p->words++] = word;
	}
	p->word[p->words] = NULL;
	p->input_size =
	    fuzz_take(&p->in, p->input, fuzz_byte(&p->in) % STDIN_MAX);
}

static void
set_stdin(const struct pretend *p)
{
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("stdin", MFD_CLOEXEC);
		dup2(fd, STDIN_FILENO);
	}
	FUZZ(ftruncate(fd, 0) == 0);
	FUZZ(pwrite(fd, p->input, p->input_size, 0) == (ssize_t)p->input_size);
	lseek(fd, 0, SEEK_SET);
}

static void
check_status(int status)
{
	static const int all[] = { CMD_DONE, CMD_NO, CMD_DOWN, CMD_UNKNOWN,
		CMD_REFUSED, CMD_USAGE, CMD_NO_NODE, CMD_INTERNAL, CMD_FULL,
		CMD_DENIED, CMD_TIMED_OUT, CMD_DIED };
	bool known = false;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		known = known || all[i] == status;
	FUZZ(known);
}

/* One document after the other, and nothing else. */
static void
check_json(const char *text, size_t size)
{
	json_error_t error;

	while (size > 0) {
		json_t *value = json_loadb(text, size,
		    JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_ALLOW_NUL,
		    &error);

		if (value == NULL)
			FUZZ(strspn(text, " \n") == size);
		json_decref(value);
		if (value == NULL)
			return;
		text += error.position;
		size -= (size_t)error.position;
	}
}

static void
check_printed(const struct pretend *p, const struct fuzz_print *print)
{
	bool raw = p->cmd != NULL && p->cmd->verb == &cmd_call && !p->terminal;

	FUZZ(fuzz_printable(print->err, print->err_size, "\n"));
	/* --help is for people, whatever stands before it */
	if (p->cmd != NULL && p->cmd->json &&
	    (print->out_size < 6 || memcmp(print->out, "usage:", 6) != 0))
		check_json(print->out, print->out_size);
	else if (raw)
		return;
	FUZZ(fuzz_printable(print->out, print->out_size, "\n\t"));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setenv("GS_RUNTIME_DIR", fuzz_folder(), 1);
	unsetenv("GS_NODE");
	setenv("PATH", "/bin", 1);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pretend *p = pretend();
	struct fuzz_print print;
	uint8_t how;
	int status;

	memset(p, 0, sizeof(*p));
	p->in = (struct fuzz_input){ data, size };
	how = fuzz_byte(&p->in);
	p->terminal = how & 1;
	p->node_runs = (how & 2) == 0;
	read_words(p);
	set_stdin(p);
	optind = 0;
	fuzz_print(&print);
	fuzz_budget(BRANCHES);
	status = gsctl_main(p->words, p->word);
	fuzz_budget(UINT64_MAX);
	fuzz_printed(&print);
	check_status(status);
	check_printed(p, &print);
	fuzz_print_free(&print);
	return 0;
}
