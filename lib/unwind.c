/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From frame to frame: by call frame information where the code has it, which
 * all code of current compilers has, else by the frame pointer.  The rule:
 * the stack may be rubbish, so each step must go up, and there are only so
 * many.
 */
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/unwind.h"

bool
gsi_peek(void *to, uint64_t from, size_t size)
{
	struct iovec here = { to, size };
	struct iovec there = { (void *)(uintptr_t)from, size };

	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) ==
	       (ssize_t)size;
}

/* Signed return addresses have their signature in the upper bits. */
static uint64_t
plain(uint64_t pc)
{
#if defined(__aarch64__)
	return pc & 0x0000ffffffffffffull;
#else
	return pc;
#endif
}

static bool
value_of(const struct gsi_unwind *u, const struct gsi_where *where,
    unsigned self, uint64_t cfa, uint64_t *value)
{
	uint64_t at = cfa + (uint64_t)where->value;

	switch (where->rule) {
	case GSI_SAME:
		*value = u->registers[self];
		return true;
	case GSI_OFFSET:
		return gsi_peek(value, at, sizeof(*value));
	case GSI_VALUE:
		*value = at;
		return true;
	case GSI_REGISTER:
		if ((uint64_t)where->value >= GSI_REGISTERS)
			return false;
		*value = u->registers[where->value];
		return true;
	case GSI_EXPRESSION:
		return gsi_expression(where->block, u->registers, &cfa, &at) &&
		       gsi_peek(value, at, sizeof(*value));
	case GSI_VALUE_EXPRESSION:
		return gsi_expression(where->block, u->registers, &cfa, value);
	case GSI_UNDEFINED:
		break;
	}
	return false;
}

static bool
find_cfa(const struct gsi_unwind *u, uint64_t *cfa)
{
	const struct gsi_row *row = &u->cfi.row;

	if (row->cfa.rule == GSI_EXPRESSION)
		return gsi_expression(row->cfa.block, u->registers, NULL, cfa);
	if (row->cfa.rule != GSI_REGISTER ||
	    (uint64_t)row->cfa.value >= GSI_REGISTERS)
		return false;
	*cfa = u->registers[row->cfa.value] + (uint64_t)row->cfa_offset;
	return true;
}

/* The caller's registers, and its pc; 0: there is none. */
static bool
by_information(struct gsi_unwind *u, uint64_t *pc)
{
	uint64_t cfa;

	if (!find_cfa(u, &cfa))
		return false;
	u->next[GSI_REG_SP] = cfa;
	for (unsigned i = 0; i < GSI_REGISTERS; i++) {
		const struct gsi_where *where = &u->cfi.row.registers[i];

		if (i == GSI_REG_SP && where->rule == GSI_SAME)
			continue;
		if (where->rule == GSI_UNDEFINED)
			u->next[i] = 0;
		else if (!value_of(u, where, i, cfa, &u->next[i]))
			return false;
	}
	*pc = plain(u->next[u->cfi.return_register]);
	return true;
}

static bool
by_frame_pointer(struct gsi_unwind *u, uint64_t *pc)
{
	uint64_t frame = u->registers[GSI_REG_FP], pair[2];

	if (frame == 0 || frame % 8 != 0 ||
	    !gsi_peek(pair, frame, sizeof(pair)))
		return false;
	memcpy(u->next, u->registers, sizeof(u->next));
	u->next[GSI_REG_FP] = pair[0];
	u->next[GSI_REG_SP] = frame + sizeof(pair);
	*pc = plain(pair[1]);
	return true;
}

/* A call of what is no code: only the return address has been left. */
static bool
by_call(struct gsi_unwind *u, uint64_t *pc)
{
	memcpy(u->next, u->registers, sizeof(u->next));
#if defined(__x86_64__)
	u->next[GSI_REG_SP] += sizeof(*pc);
	return gsi_peek(pc, u->registers[GSI_REG_SP], sizeof(*pc));
#else
	*pc = plain(u->registers[GSI_REG_RETURN]);
	return true;
#endif
}

static bool
same_module(const struct gm_module *known, const struct gsi_module *m)
{
	return known->bias == m->bias && strcmp(known->path, m->path) == 0;
}

/* Number in the page plus 1; 0: they are too many. */
static uint8_t
note_module(struct gm_module *modules, const struct gsi_module *m)
{
	for (uint8_t i = 0; i < GM_CRASH_MODULES; i++) {
		struct gm_module *to = &modules[i];

		if (to->path[0] != '\0' && same_module(to, m))
			return (uint8_t)(i + 1);
		if (to->path[0] != '\0')
			continue;
		to->bias = m->bias;
		to->id_size = m->id_size;
		memcpy(to->id, m->id, sizeof(to->id));
		memcpy(to->path, m->path, sizeof(to->path));
		return (uint8_t)(i + 1);
	}
	return 0;
}

/* SIGKILL after any of these leaves the frames counted so far. */
static void
note_frame(struct gm_page *page, uint64_t pc, const struct gsi_module *m)
{
	struct gm_crash *crash = &page->crash;
	uint32_t n = gm_load(&crash->n_pcs, relaxed);

	crash->pcs[n] = pc;
	crash->in[n] = m != NULL ? note_module(page->modules, m) : 0;
	/* release [P5]: a frame before it counts */
	gm_store(&crash->n_pcs, n + 1, release);
}

/* To the caller; false: there is none, or nobody knows where. */
static bool
step(struct gsi_unwind *u, bool inside, bool known, bool first, uint64_t *pc)
{
	uint64_t stack = u->registers[GSI_REG_SP], above;
	bool found = known              ? by_information(u, pc)
		     : inside || !first ? by_frame_pointer(u, pc)
					: by_call(u, pc);

	if (!found || *pc == 0)
		return false;
	above = u->next[GSI_REG_SP];
	/* a handler may run on another stack than what it interrupted */
	return above > stack || (first && above == stack) ||
	       (known && u->cfi.signal_frame);
}

void
gsi_unwind_skip(struct gm_page *page)
{
	struct gm_crash *crash = &page->crash;
	uint32_t n = gm_load(&crash->n_pcs, relaxed), from = 0;

	for (int object = 0; object < 2 && from < n; object++)
		for (uint8_t in = crash->in[from]; from < n; from++)
			if (crash->in[from] != in)
				break;
	if (from == n)
		return;
	memmove(crash->pcs, crash->pcs + from, (n - from) * sizeof(uint64_t));
	memmove(crash->in, crash->in + from, n - from);
	/* the first is looked up as it is, not as what stands behind a call */
	crash->pcs[0]--;
	gm_store(&crash->n_pcs, n - from, release); /* [P5] */
}

void
gsi_unwind(struct gsi_unwind *u, struct gm_page *page, uint64_t pc)
{
	bool called = false; /* pc is a return address, behind its call */

	memset(page->modules, 0, sizeof(page->modules));
	gm_store(&page->crash.n_pcs, 0, relaxed);
	for (unsigned i = 0; i < GM_CRASH_PCS; i++) {
		uint64_t at = pc - called;
		bool inside =
		    gsi_module_of(at, &u->module, u->buffer, sizeof(u->buffer));
		bool known =
		    inside && gsi_cfi_find(&u->cfi, u->module.eh_frame_hdr, at);

		note_frame(page, pc, inside ? &u->module : NULL);
		if (!step(u, inside, known, i == 0, &pc))
			return;
		called = !(known && u->cfi.signal_frame);
		memcpy(u->registers, u->next, sizeof(u->registers));
	}
}
