/* SPDX-License-Identifier: Apache-2.0 */
/* Reading DWARF, see cursor.h.  The rule: never past the end. */
#include "lib/cursor.h"

#define ABSOLUTE 0x00
#define RELATIVE 0x10 /* to where it stands */

uint64_t
gsi_cursor_number(struct gsi_cursor *c, unsigned bytes, bool is_signed)
{
	uint64_t value = 0;

	if (c->bad || bytes > c->size - c->at) {
		c->bad = true;
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)c->bytes[c->at++] << (8 * i);
	if (is_signed && bytes < 8 && value >> (8 * bytes - 1))
		value |= ~0ull << (8 * bytes);
	return value;
}

static uint64_t
leb(struct gsi_cursor *c, bool is_signed)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)gsi_cursor_number(c, 1, false);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (is_signed && shift < 64 && byte & 0x40)
		value |= ~0ull << shift;
	return value;
}

uint64_t
gsi_cursor_uleb(struct gsi_cursor *c)
{
	return leb(c, false);
}

int64_t
gsi_cursor_sleb(struct gsi_cursor *c)
{
	return (int64_t)leb(c, true);
}

void
gsi_cursor_skip(struct gsi_cursor *c, uint64_t bytes)
{
	if (bytes > c->size - c->at)
		c->bad = true;
	else
		c->at += bytes;
}

uint64_t
gsi_cursor_value(struct gsi_cursor *c, unsigned encoding)
{
	switch (encoding & 0x0f) {
	case 0x0:
		return gsi_cursor_number(c, 8, false);
	case 0x1:
		return gsi_cursor_uleb(c);
	case 0x2:
	case 0xa:
		return gsi_cursor_number(c, 2, (encoding & 8) != 0);
	case 0x3:
	case 0xb:
		return gsi_cursor_number(c, 4, (encoding & 8) != 0);
	case 0x4:
	case 0xc:
		return gsi_cursor_number(c, 8, false);
	case 0x9:
		return leb(c, true);
	default:
		c->bad = true;
		return 0;
	}
}

uint64_t
gsi_cursor_address(struct gsi_cursor *c, unsigned encoding)
{
	uint64_t here = c->address + c->at;
	uint64_t value = gsi_cursor_value(c, encoding);

	if ((encoding & 0x70) == RELATIVE)
		return value + here;
	if ((encoding & 0x70) != ABSOLUTE)
		c->bad = true;
	return value;
}
