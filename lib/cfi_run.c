/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions of call frame information: they change a row of rules, from
 * the beginning of a function to the address asked for.
 */
#include "lib/cursor.h"
#include "lib/unwind.h"

/* Offsets are written in units of the alignment. */
static int64_t
factored(const struct gsi_cfi *cfi, uint64_t value)
{
	return (int64_t)(value * (uint64_t)cfi->data_align);
}

static struct gsi_where *
place(struct gsi_cursor *c, struct gsi_row *row, uint64_t which)
{
	/* vectors have numbers, too, and are not needed */
	if (c->bad || which >= GSI_REGISTERS)
		which = GSI_REGISTERS;
	return &row->registers[which];
}

static struct gsi_block
block(struct gsi_cursor *c)
{
	uint64_t size = gsi_cursor_uleb(c);
	struct gsi_block b = { c->address + c->at, size };

	gsi_cursor_skip(c, size);
	return b;
}

static void
set(struct gsi_cfi *cfi, struct gsi_cursor *c, uint64_t which,
    enum gsi_rule rule, int64_t value)
{
	*place(c, &cfi->row, which) =
	    (struct gsi_where){ .rule = rule, .value = value };
}

static void
set_cfa(struct gsi_cfi *cfi, uint64_t which, int64_t offset)
{
	cfi->row.cfa =
	    (struct gsi_where){ .rule = GSI_REGISTER, .value = (int64_t)which };
	cfi->row.cfa_offset = offset;
}

static void
remember(struct gsi_cfi *cfi, struct gsi_cursor *c, bool back)
{
	if (!back && cfi->n_remembered < GSI_REMEMBERED)
		cfi->remembered[cfi->n_remembered++] = cfi->row;
	else if (back && cfi->n_remembered > 0)
		cfi->row = cfi->remembered[--cfi->n_remembered];
	else
		c->bad = true;
}

static void
expression(struct gsi_cfi *cfi, struct gsi_cursor *c, enum gsi_rule rule)
{
	uint64_t which = gsi_cursor_uleb(c);
	struct gsi_where where = { .rule = rule, .block = block(c) };

	*place(c, &cfi->row, which) = where;
}

/* Those about the CFA; false: it is none of them. */
static bool
define_cfa(struct gsi_cfi *cfi, struct gsi_cursor *c, uint8_t op)
{
	uint64_t which = (uint64_t)cfi->row.cfa.value;

	switch (op) {
	case 0x0c: /* def_cfa */
		which = gsi_cursor_uleb(c);
		set_cfa(cfi, which, (int64_t)gsi_cursor_uleb(c));
		return true;
	case 0x0d: /* def_cfa_register */
		set_cfa(cfi, gsi_cursor_uleb(c), cfi->row.cfa_offset);
		return true;
	case 0x0e: /* def_cfa_offset */
		set_cfa(cfi, which, (int64_t)gsi_cursor_uleb(c));
		return true;
	case 0x0f: /* def_cfa_expression */
		cfi->row.cfa = (struct gsi_where){ .rule = GSI_EXPRESSION,
			.block = block(c) };
		return true;
	case 0x12: /* def_cfa_sf */
		which = gsi_cursor_uleb(c);
		set_cfa(
		    cfi, which, factored(cfi, (uint64_t)gsi_cursor_sleb(c)));
		return true;
	case 0x13: /* def_cfa_offset_sf */
		set_cfa(
		    cfi, which, factored(cfi, (uint64_t)gsi_cursor_sleb(c)));
		return true;
	default:
		return false;
	}
}

static void
define_register(struct gsi_cfi *cfi, struct gsi_cursor *c, uint8_t op)
{
	uint64_t which = gsi_cursor_uleb(c);

	switch (op) {
	case 0x05: /* offset_extended */
		set(cfi, c, which, GSI_OFFSET,
		    factored(cfi, gsi_cursor_uleb(c)));
		break;
	case 0x06: /* restore_extended */
		*place(c, &cfi->row, which) = *place(c, &cfi->initial, which);
		break;
	case 0x07: /* undefined */
		set(cfi, c, which, GSI_UNDEFINED, 0);
		break;
	case 0x08: /* same_value */
		set(cfi, c, which, GSI_SAME, 0);
		break;
	case 0x09: /* register */
		set(cfi, c, which, GSI_REGISTER, (int64_t)gsi_cursor_uleb(c));
		break;
	case 0x11: /* offset_extended_sf */
		set(cfi, c, which, GSI_OFFSET,
		    factored(cfi, (uint64_t)gsi_cursor_sleb(c)));
		break;
	case 0x14: /* val_offset */
		set(cfi, c, which, GSI_VALUE,
		    factored(cfi, gsi_cursor_uleb(c)));
		break;
	case 0x15: /* val_offset_sf */
		set(cfi, c, which, GSI_VALUE,
		    factored(cfi, (uint64_t)gsi_cursor_sleb(c)));
		break;
	default:
		c->bad = true;
	}
}

static void
other(struct gsi_cfi *cfi, struct gsi_cursor *c, uint8_t op)
{
	if (op == 0x00 || op == 0x2d) /* nop; a return address that is signed */
		return;
	if (op == 0x0a || op == 0x0b) /* remember_state, restore_state */
		remember(cfi, c, op == 0x0b);
	else if (op == 0x10) /* expression */
		expression(cfi, c, GSI_EXPRESSION);
	else if (op == 0x16) /* val_expression */
		expression(cfi, c, GSI_VALUE_EXPRESSION);
	else if (op == 0x2e) /* GNU_args_size */
		gsi_cursor_uleb(c);
	else if (!define_cfa(cfi, c, op))
		define_register(cfi, c, op);
}

/* How far an instruction moves on; false: it is about something else. */
static bool
advance(
    struct gsi_cfi *cfi, struct gsi_cursor *c, uint8_t op, uint64_t *location)
{
	if (op == 0x01)
		*location = gsi_cursor_address(c, cfi->encoding);
	else if (op >> 6 == 1)
		*location += (op & 0x3f) * cfi->code_align;
	else if (op >= 0x02 && op <= 0x04)
		*location += gsi_cursor_number(c, 1u << (op - 2), false) *
			     cfi->code_align;
	else
		return false;
	return true;
}

/* Until the row that holds at pc. */
bool
gsi_cfi_run(
    struct gsi_cfi *cfi, struct gsi_cursor *c, uint64_t location, uint64_t pc)
{
	while (!c->bad && c->at < c->size) {
		uint8_t op = (uint8_t)gsi_cursor_number(c, 1, false);

		if (advance(cfi, c, op, &location)) {
			if (location > pc)
				break;
		} else if (op >> 6 == 2) {
			set(cfi, c, op & 0x3f, GSI_OFFSET,
			    factored(cfi, gsi_cursor_uleb(c)));
		} else if (op >> 6 == 3) {
			*place(c, &cfi->row, op & 0x3f) =
			    *place(c, &cfi->initial, op & 0x3f);
		} else {
			other(cfi, c, op);
		}
	}
	return !c->bad;
}
