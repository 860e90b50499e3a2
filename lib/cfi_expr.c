/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWARF expressions as call frame information has them: those of linkage
 * tables, of signal frames and of functions that realign their stack.  What
 * is not understood ends the walk, no more.
 */
#include "lib/cursor.h"
#include "lib/unwind.h"

#define DEPTH 16
#define LONGEST 64

struct machine {
	const uint64_t *registers;
	uint8_t bytes[LONGEST];
	struct gsi_cursor code;
	uint64_t stack[DEPTH];
	unsigned depth;
	bool bad;
};

enum {
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S,
	OP_CONST2U,
	OP_CONST2S,
	OP_CONST4U,
	OP_CONST4S,
	OP_CONST8U,
	OP_CONST8S,
	OP_CONSTU,
	OP_CONSTS,
	OP_DUP,
	OP_DROP,
	OP_OVER,
	OP_SWAP = 0x16,
	OP_AND = 0x1a,
	OP_MINUS = 0x1c,
	OP_MUL = 0x1e,
	OP_NEG,
	OP_NOT,
	OP_OR,
	OP_PLUS,
	OP_PLUS_UCONST,
	OP_SHL,
	OP_SHR,
	OP_SHRA,
	OP_XOR,
	OP_EQ = 0x29,
	OP_GE,
	OP_GT,
	OP_LE,
	OP_LT,
	OP_NE,
	OP_LIT0 = 0x30,
	OP_BREG0 = 0x70,
	OP_BREGX = 0x92,
};

static void
push(struct machine *m, uint64_t value)
{
	if (m->depth == DEPTH)
		m->bad = true;
	else
		m->stack[m->depth++] = value;
}

static uint64_t
pop(struct machine *m)
{
	if (m->depth == 0) {
		m->bad = true;
		return 0;
	}
	return m->stack[--m->depth];
}

static uint64_t
based(struct machine *m, uint64_t which)
{
	uint64_t offset = (uint64_t)gsi_cursor_sleb(&m->code);

	if (which >= GSI_REGISTERS) {
		m->bad = true;
		return 0;
	}
	return m->registers[which] + offset;
}

static uint64_t
shift_signed(uint64_t a, uint64_t by)
{
	uint64_t sign = (int64_t)a < 0 ? ~0ull : 0;

	if (by == 0)
		return a;
	return by >= 64 ? sign : a >> by | sign << (64 - by);
}

static uint64_t
binary(struct machine *m, uint8_t op)
{
	uint64_t b = pop(m), a = pop(m);

	switch (op) {
	case OP_AND:
		return a & b;
	case OP_OR:
		return a | b;
	case OP_XOR:
		return a ^ b;
	case OP_PLUS:
		return a + b;
	case OP_MINUS:
		return a - b;
	case OP_MUL:
		return a * b;
	case OP_SHL:
		return b < 64 ? a << b : 0;
	case OP_SHR:
		return b < 64 ? a >> b : 0;
	case OP_SHRA:
		return shift_signed(a, b);
	case OP_EQ:
		return a == b;
	case OP_NE:
		return a != b;
	case OP_GE:
		return (int64_t)a >= (int64_t)b;
	case OP_GT:
		return (int64_t)a > (int64_t)b;
	case OP_LE:
		return (int64_t)a <= (int64_t)b;
	case OP_LT:
		return (int64_t)a < (int64_t)b;
	default:
		m->bad = true;
		return 0;
	}
}

static void
rearrange(struct machine *m, uint8_t op)
{
	uint64_t top = pop(m), below;

	if (op == OP_DROP)
		return;
	if (op == OP_DUP) {
		push(m, top);
		push(m, top);
		return;
	}
	below = pop(m);
	if (op == OP_OVER) {
		push(m, below);
		push(m, top);
		push(m, below);
	} else {
		push(m, top);
		push(m, below);
	}
}

static uint64_t
deref(struct machine *m)
{
	uint64_t value = 0;

	if (!gsi_peek(&value, pop(m), sizeof(value)))
		m->bad = true;
	return value;
}

/* Of those that leave one value. */
static uint64_t
value_of(struct machine *m, uint8_t op)
{
	unsigned constant = op - OP_CONST1U;

	if (op >= OP_LIT0 && op < OP_LIT0 + 32)
		return op - OP_LIT0;
	if (op >= OP_BREG0 && op < OP_BREG0 + 32)
		return based(m, op - OP_BREG0);
	if (op >= OP_CONST1U && op <= OP_CONST8S)
		return gsi_cursor_number(
		    &m->code, 1u << constant / 2, constant % 2 != 0);
	switch (op) {
	case OP_BREGX:
		return based(m, gsi_cursor_uleb(&m->code));
	case OP_DEREF:
		return deref(m);
	case OP_CONSTU:
		return gsi_cursor_uleb(&m->code);
	case OP_CONSTS:
		return (uint64_t)gsi_cursor_sleb(&m->code);
	case OP_PLUS_UCONST:
		return pop(m) + gsi_cursor_uleb(&m->code);
	case OP_NEG:
		return 0 - pop(m);
	case OP_NOT:
		return ~pop(m);
	default:
		return binary(m, op);
	}
}

static void
step(struct machine *m, uint8_t op)
{
	if (op == OP_DUP || op == OP_DROP || op == OP_OVER || op == OP_SWAP)
		rearrange(m, op);
	else
		push(m, value_of(m, op));
}

bool
gsi_expression(struct gsi_block block, const uint64_t registers[GSI_REGISTERS],
    const uint64_t *first, uint64_t *value)
{
	struct machine m = { .registers = registers };

	if (block.size > LONGEST || !gsi_peek(m.bytes, block.at, block.size))
		return false;
	m.code.bytes = m.bytes;
	m.code.size = block.size;
	if (first)
		push(&m, *first);
	while (!m.bad && !m.code.bad && m.code.at < m.code.size)
		step(&m, (uint8_t)gsi_cursor_number(&m.code, 1, false));
	*value = pop(&m);
	return !m.bad && !m.code.bad;
}
