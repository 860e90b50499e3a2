/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Return addresses of a thread that has crashed, for its own handler: only
 * system calls that may be made there, no memory but what is handed in, and
 * nothing is read in a way that could fault.
 *
 *	unwind.c    from frame to frame
 *	module.c    which ELF object an address lies in
 *	cfi.c       what .eh_frame says of the frame of an address
 *	cfi_run.c   its instructions
 *	cfi_expr.c  the little stack machine in it
 */
#ifndef GSI_UNWIND_H
#define GSI_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/page.h"

/* Numbers of DWARF: all registers, the stack pointer, the frame pointer. */
#if defined(__x86_64__)
#define GSI_REGISTERS 17
#define GSI_REG_FP 6
#define GSI_REG_SP 7
#define GSI_REG_RETURN 16
#else
#define GSI_REGISTERS 32
#define GSI_REG_FP 29
#define GSI_REG_SP 31
#define GSI_REG_RETURN 30
#endif

/* unwind.c: copies without ever faulting; false: not all of it is there. */
bool gsi_peek(void *to, uint64_t from, size_t size);

/* cfi_expr.c: the value of an expression that begins with first on its stack */
struct gsi_block {
	uint64_t at;
	uint64_t size;
};
bool gsi_expression(struct gsi_block block,
    const uint64_t registers[GSI_REGISTERS], const uint64_t *first,
    uint64_t *value);

/* module.c */
struct gsi_module {
	uint64_t start; /* of the mapping that the address is in */
	uint64_t end;
	uint64_t bias; /* what is added to addresses of the file */
	uint64_t eh_frame_hdr; /* 0: none */
	uint8_t id_size;
	uint8_t id[GM_BUILD_ID];
	char path[GM_MODULE_PATH]; /* as /proc has it */
};
/*
 * False: it lies in none, or /proc is not there.  What module has already is
 * right if the address lies there, too.
 */
bool gsi_module_of(
    uint64_t pc, struct gsi_module *module, char *buffer, size_t buffer_size);

/* cfi.c: where the registers of the caller are, for one address */
enum gsi_rule {
	GSI_SAME, /* as it is; all zero: the default */
	GSI_UNDEFINED,
	GSI_OFFSET, /* stands at CFA + value */
	GSI_VALUE, /* is CFA + value */
	GSI_REGISTER, /* is in register value */
	GSI_EXPRESSION, /* stands where block says */
	GSI_VALUE_EXPRESSION, /* is what block says */
};
struct gsi_where {
	enum gsi_rule rule;
	int64_t value;
	struct gsi_block block;
};
struct gsi_row {
	struct gsi_where cfa; /* GSI_REGISTER: register, plus offset */
	int64_t cfa_offset;
	struct gsi_where registers[GSI_REGISTERS + 1]; /* last: others' */
};
#define GSI_REMEMBERED 8
#define GSI_FDE_BYTES 4096
struct gsi_cfi {
	struct gsi_row row;
	struct gsi_row initial;
	struct gsi_row remembered[GSI_REMEMBERED];
	unsigned n_remembered;
	unsigned return_register;
	bool signal_frame; /* its caller was interrupted, it called nobody */
	uint64_t code_align;
	int64_t data_align;
	uint8_t encoding; /* of addresses in the FDE */
	bool augmented;
	uint8_t bytes[GSI_FDE_BYTES];
};
bool gsi_cfi_find(struct gsi_cfi *cfi, uint64_t eh_frame_hdr, uint64_t pc);

/* Runs instructions up to the row that holds at pc. */
struct gsi_cursor;
bool gsi_cfi_run(
    struct gsi_cfi *cfi, struct gsi_cursor *c, uint64_t location, uint64_t pc);

/* Room for all of it; no stack of a thread need be that large. */
struct gsi_unwind {
	struct gsi_cfi cfi;
	struct gsi_module module;
	uint64_t registers[GSI_REGISTERS];
	uint64_t next[GSI_REGISTERS];
	char buffer[4096];
};

/*
 * From the registers in unwind->registers, pc among them for the first frame;
 * fills page->crash.pcs, .in and page->modules and counts in n_pcs.
 */
void gsi_unwind(struct gsi_unwind *u, struct gm_page *page, uint64_t pc);
/*
 * Drops the innermost frames, those of the first two objects, unless there are
 * no others.  SIGKILL in the middle of it: some of them are shown, or twice.
 */
void gsi_unwind_skip(struct gm_page *page);

#endif
