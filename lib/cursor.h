/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as DWARF writes them, out of bytes that may be anything. */
#ifndef GSI_CURSOR_H
#define GSI_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gsi_cursor {
	const uint8_t *bytes;
	uint64_t address; /* of bytes in the process */
	size_t size;
	size_t at;
	bool bad; /* they were too few, or not understood */
};

uint64_t gsi_cursor_number(
    struct gsi_cursor *c, unsigned bytes, bool is_signed);
uint64_t gsi_cursor_uleb(struct gsi_cursor *c);
int64_t gsi_cursor_sleb(struct gsi_cursor *c);
void gsi_cursor_skip(struct gsi_cursor *c, uint64_t bytes);
/* An address by its encoding (DW_EH_PE), or only what stands there. */
uint64_t gsi_cursor_address(struct gsi_cursor *c, unsigned encoding);
uint64_t gsi_cursor_value(struct gsi_cursor *c, unsigned encoding);

#endif
