/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a forker that its children do not have.  A fork copies the page
 * tables of the heap, and what the forker writes there afterwards it writes
 * to a copy, the old page being the child's for life: with 10,000 children on
 * record that would be most of what a start takes.
 *
 * Pieces are mapped, larger each time; what is freed is kept by size for the
 * next of that size.
 */
#include "lib/unshared.h"

#include <string.h>
#include <sys/mman.h>

#include "lib/attach.h"

#define UNIT 64u
#define SMALL 64u /* classes of a unit more each; then of twice as much */
#define PIECE_MIN (64u << 10)
#define PIECE_MAX (4u << 20)
#define SIZE_LIMIT (1ul << 40) /* and there is a class for it */

struct gsi_unshared_piece {
	_Alignas(UNIT) struct gsi_unshared_piece *before;
	size_t size;
};

/* The class of a size, and how much everything in it takes. */
static unsigned
class_of(size_t size, size_t *room)
{
	size_t units = (size + UNIT - 1) / UNIT;
	unsigned class = SMALL;

	units += units == 0;
	*room = units * UNIT;
	if (units <= SMALL)
		return (unsigned)units - 1;
	for (*room = 2ul * SMALL * UNIT; *room < size; *room *= 2)
		class ++;
	return class;
}

/* What was left of the last piece is lost: less than was asked for. */
static bool
map_piece(struct gsi_unshared *unshared, size_t room)
{
	struct gsi_unshared_piece *piece, *before = unshared->newest;
	size_t size = before == NULL             ? PIECE_MIN
		      : before->size < PIECE_MAX ? 2 * before->size
						 : PIECE_MAX;

	while (size < room + sizeof(*piece))
		size *= 2;
	piece = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (piece == MAP_FAILED)
		return false;
	gsi_share_not(piece, size);
	piece->before = before;
	piece->size = size;
	unshared->newest = piece;
	unshared->at = (char *)(piece + 1);
	unshared->left = size - sizeof(*piece);
	return true;
}

void *
gsi_unshared_take(struct gsi_unshared *unshared, size_t size)
{
	size_t room;
	unsigned class;
	void *at;

	if (size > SIZE_LIMIT)
		return NULL;
	class = class_of(size, &room);
	at = unshared->free[class];
	if (at != NULL) {
		memcpy(&unshared->free[class], at, sizeof(void *));
		return memset(at, 0, size);
	}
	if (unshared->left < room && !map_piece(unshared, room))
		return NULL;
	at = unshared->at;
	unshared->at += room;
	unshared->left -= room;
	return at;
}

void
gsi_unshared_give(struct gsi_unshared *unshared, void *at, size_t size)
{
	size_t room;
	unsigned class;

	if (at == NULL)
		return;
	class = class_of(size, &room);
	memcpy(at, &unshared->free[class], sizeof(void *));
	unshared->free[class] = at;
}

void
gsi_unshared_end(struct gsi_unshared *unshared)
{
	struct gsi_unshared_piece *piece;

	while ((piece = unshared->newest) != NULL) {
		unshared->newest = piece->before;
		munmap(piece, piece->size);
	}
	memset(unshared, 0, sizeof(*unshared));
}
