/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board and the gates.
 */
#include "tests/conformance/helpers.h"

#include <stdarg.h>

#define NOTES 2048
#define GATES 64

/*
 * Notes are taken by number and published one by one: a writer killed
 * between the two leaves a note that is never read.
 */
struct board {
	_Atomic unsigned count;
	_Atomic bool gates[GATES];
	struct {
		_Atomic bool there;
		char text[190];
	} notes[NOTES];
};

static struct board *board;

void
board_up(void)
{
	board = test_shared(sizeof(*board));
}

void
note(const char *format, ...)
{
	unsigned at = atomic_fetch_add(&board->count, 1);
	va_list args;

	if (at >= NOTES)
		return;
	va_start(args, format);
	vsnprintf(
	    board->notes[at].text, sizeof(board->notes[at].text), format, args);
	va_end(args);
	atomic_store(&board->notes[at].there, true);
}

static unsigned
notes_made(void)
{
	unsigned count = atomic_load(&board->count);

	return count < NOTES ? count : NOTES;
}

/* The number of the first note from `from` on that is text, or -1. */
static int
note_index(const char *text, unsigned from)
{
	unsigned i, count = notes_made();

	for (i = from; i < count; i++) {
		if (atomic_load(&board->notes[i].there) &&
		    strcmp(board->notes[i].text, text) == 0)
			return (int)i;
	}
	return -1;
}

int
notes(const char *text)
{
	int count = 0;
	int at = -1;

	while ((at = note_index(text, (unsigned)(at + 1))) >= 0)
		count++;
	return count;
}

static void
notes_show(void)
{
	unsigned i, count = notes_made();

	fprintf(stderr, "on the board:\n");
	for (i = 0; i < count && i < 100; i++)
		fprintf(stderr, "%4u %s\n", i, board->notes[i].text);
}

struct wanted_notes {
	const char *text;
	int count;
};

static bool
notes_reached(void *data)
{
	const struct wanted_notes *wanted = data;

	return notes(wanted->text) >= wanted->count;
}

bool
wait_notes(const char *text, int count)
{
	struct wanted_notes wanted = { text, count };

	if (eventually(notes_reached, &wanted, SOON))
		return true;
	notes_show();
	return false;
}

bool
unnoted(const char *text, int ms)
{
	struct wanted_notes wanted = { text, 1 };

	return !eventually(notes_reached, &wanted, ms);
}

bool
wait_note(const char *text)
{
	return wait_notes(text, 1);
}

const char *
note_rest(const char *prefix)
{
	unsigned i, count = notes_made();
	size_t size = strlen(prefix);

	for (i = 0; i < count; i++) {
		if (atomic_load(&board->notes[i].there) &&
		    strncmp(board->notes[i].text, prefix, size) == 0)
			return board->notes[i].text + size;
	}
	return NULL;
}

bool
notes_in_order(const char *text, ...)
{
	va_list args;
	int at = -1;
	bool right = true;

	va_start(args, text);
	for (; text && right; text = va_arg(args, const char *)) {
		int next = note_index(text, 0);

		right = next > at;
		if (!right)
			fprintf(stderr, "missing or too early: %s\n", text);
		at = next;
	}
	va_end(args);
	if (!right)
		notes_show();
	return right;
}

static bool
gate_is_open(void *data)
{
	return atomic_load((_Atomic bool *)data);
}

void
gate_wait(int gate)
{
	CHECK(gate >= 0 && gate < GATES);
	if (!eventually(gate_is_open, &board->gates[gate], FOREVER))
		note("gate %d was never opened", gate);
}

void
gate_open(int gate)
{
	CHECK(gate >= 0 && gate < GATES);
	atomic_store(&board->gates[gate], true);
}
