/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call frame information: .eh_frame_hdr leads to the entry (FDE) of an
 * address, its instructions say where the caller's registers are.  It is
 * loaded with the code, also of stripped objects, and is there for code
 * without frame pointers.  What is not understood is no frame.
 */
#include <string.h>

#include "lib/cursor.h"
#include "lib/unwind.h"

#define TABLE_ENCODING 0x3b /* offsets of 4 bytes from the header */
#define CIE_BYTES 512

/* An entry with its length in front, of 32 bits as all are. */
static bool
open_entry(struct gsi_cursor *c, uint64_t at, uint8_t *bytes, size_t room)
{
	uint32_t size;

	if (!gsi_peek(&size, at, sizeof(size)) || size == 0 ||
	    size == UINT32_MAX)
		return false;
	if (size > room)
		size = (uint32_t)room;
	*c = (struct gsi_cursor){
		.bytes = bytes, .address = at + 4, .size = size
	};
	return gsi_peek(bytes, c->address, size);
}

static void
augmentation(struct gsi_cfi *cfi, struct gsi_cursor *c, const char *letters)
{
	uint64_t size = gsi_cursor_uleb(c), end = c->at + size;

	for (; *letters != '\0' && !c->bad; letters++) {
		if (*letters == 'R')
			cfi->encoding = (uint8_t)gsi_cursor_number(c, 1, false);
		else if (*letters == 'L')
			gsi_cursor_skip(c, 1);
		else if (*letters == 'P')
			gsi_cursor_value(
			    c, (unsigned)gsi_cursor_number(c, 1, false));
		else if (*letters == 'S')
			cfi->signal_frame = true;
		else if (*letters != 'B')
			break;
	}
	if (end < c->at || end > c->size)
		c->bad = true;
	else
		c->at = end;
}

/* What many entries have in common, and the row that they begin with. */
static bool
read_common(struct gsi_cfi *cfi, uint64_t at)
{
	uint8_t bytes[CIE_BYTES];
	struct gsi_cursor c;
	const char *letters;
	unsigned version;

	if (!open_entry(&c, at, bytes, sizeof(bytes)) ||
	    gsi_cursor_number(&c, 4, false))
		return false;
	version = (unsigned)gsi_cursor_number(&c, 1, false);
	letters = (const char *)bytes + c.at;
	while (gsi_cursor_number(&c, 1, false) != 0)
		;
	cfi->code_align = gsi_cursor_uleb(&c);
	cfi->data_align = gsi_cursor_sleb(&c);
	cfi->return_register =
	    (unsigned)(version == 1 ? gsi_cursor_number(&c, 1, false)
				    : gsi_cursor_uleb(&c));
	cfi->augmented = *letters == 'z';
	if (c.bad || (version != 1 && version != 3) ||
	    (*letters != '\0' && !cfi->augmented) ||
	    cfi->return_register >= GSI_REGISTERS)
		return false;
	if (cfi->augmented)
		augmentation(cfi, &c, letters + 1);
	if (c.bad || !gsi_cfi_run(cfi, &c, 0, UINT64_MAX))
		return false;
	cfi->initial = cfi->row;
	return true;
}

static bool
read_entry(struct gsi_cfi *cfi, uint64_t at, uint64_t pc)
{
	struct gsi_cursor c;
	uint64_t begin, size, common;

	if (!open_entry(&c, at, cfi->bytes, sizeof(cfi->bytes)))
		return false;
	common = gsi_cursor_number(&c, 4, false);
	if (!common || !read_common(cfi, at + 4 - common))
		return false;
	begin = gsi_cursor_address(&c, cfi->encoding);
	size = gsi_cursor_value(&c, cfi->encoding & 0x0f);
	if (cfi->augmented)
		gsi_cursor_skip(&c, gsi_cursor_uleb(&c));
	return !c.bad && pc - begin < size && gsi_cfi_run(cfi, &c, begin, pc);
}

/* Sorted pairs: beginning of a function, its entry; both from the header. */
static bool
search(uint64_t header, uint64_t table, uint32_t count, uint64_t pc,
    uint64_t *entry)
{
	uint32_t low = 0, high = count;
	int32_t pair[2];

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (!gsi_peek(pair, table + 8ull * middle, sizeof(pair)))
			return false;
		if ((int64_t)pair[0] <= (int64_t)(pc - header))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || !gsi_peek(pair, table + 8ull * (low - 1), sizeof(pair)))
		return false;
	*entry = header + (uint64_t)(int64_t)pair[1];
	return true;
}

bool
gsi_cfi_find(struct gsi_cfi *cfi, uint64_t eh_frame_hdr, uint64_t pc)
{
	uint8_t bytes[20];
	struct gsi_cursor c = { bytes, eh_frame_hdr, sizeof(bytes), 4, false };
	uint64_t entry;
	uint32_t count;

	memset(cfi, 0, offsetof(struct gsi_cfi, bytes));
	if (!eh_frame_hdr || !gsi_peek(bytes, eh_frame_hdr, sizeof(bytes)) ||
	    bytes[0] != 1 || bytes[3] != TABLE_ENCODING)
		return false;
	gsi_cursor_value(&c, bytes[1]);
	count = (uint32_t)gsi_cursor_value(&c, bytes[2]);
	return !c.bad &&
	       search(eh_frame_hdr, eh_frame_hdr + c.at, count, pc, &entry) &&
	       read_entry(cfi, entry, pc);
}
