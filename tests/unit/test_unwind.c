/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a stack: what it finds, and that rubbish only ends it. */
#include "tests/runner.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/cursor.h"
#include "lib/unwind.h"

static char buffer[4096];

/* ---- modules ---- */

TEST(unwind_an_address_is_in_its_module)
{
	struct gsi_module module = { .id_size = 0 };
	uint64_t here = (uint64_t)(uintptr_t)&gsi_peek;
	Dl_info info;

	CHECK(gsi_module_of(here, &module, buffer, sizeof(buffer)));
	CHECK(dladdr((void *)(uintptr_t)here, &info) != 0);
	CHECK_INT(module.bias, (uint64_t)(uintptr_t)info.dli_fbase);
	CHECK(module.eh_frame_hdr != 0);
	CHECK(module.id_size == 20 || module.id_size == 0);
	CHECK(module.path[0] == '/');
	CHECK(strstr(module.path, "test_unwind") != NULL);
	/* another one, though the first was right for its own */
	here = (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "qsort");
	CHECK(gsi_module_of(here, &module, buffer, sizeof(buffer)));
	CHECK(strstr(module.path, "test_unwind") == NULL || test_slow());
	/* lines that do not fit into the buffer lose no more than their end */
	module.end = 0;
	CHECK(gsi_module_of(here, &module, buffer, 96));
}

TEST(unwind_an_address_of_nothing_is_in_no_module)
{
	struct gsi_module module = { .id_size = 0 };
	char *block = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t nowhere[] = { 0, 16, UINT64_MAX,
		(uint64_t)(uintptr_t)block + 8 };

	CHECK(block != MAP_FAILED);
	for (size_t i = 0; i < 4; i++) {
		CHECK(!gsi_module_of(
		    nowhere[i], &module, buffer, sizeof(buffer)));
		/* and again: what was not found is not remembered as found */
		CHECK(!gsi_module_of(
		    nowhere[i], &module, buffer, sizeof(buffer)));
	}
	munmap(block, 4096);
}

/* ---- numbers and expressions ---- */

static struct gsi_cursor
over(const void *bytes, size_t size)
{
	return (struct gsi_cursor){ .bytes = bytes, .size = size };
}

TEST(unwind_numbers_are_read_as_dwarf_writes_them)
{
	struct gsi_cursor c = over("\xe5\x8e\x26\x7f\x80\x7f\xff\xfe", 8);

	CHECK_INT(gsi_cursor_uleb(&c), 624485);
	CHECK_INT(gsi_cursor_sleb(&c), -1);
	CHECK_INT(gsi_cursor_sleb(&c), -128);
	CHECK_INT((int64_t)gsi_cursor_number(&c, 2, true), -257);
	CHECK(!c.bad);
	CHECK_INT(gsi_cursor_number(&c, 1, false), 0);
	CHECK(c.bad);
	/* an address relative to where it stands */
	c = over("\x04\x00\x00\x00", 4);
	c.address = 0x1000;
	CHECK_INT(gsi_cursor_address(&c, 0x1b), 0x1004);
	/* a number that never ends */
	c = over("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
	gsi_cursor_uleb(&c);
	CHECK(c.bad);
}

static bool
evaluate(const char *code, size_t size, uint64_t *value)
{
	static uint64_t registers[GSI_REGISTERS];
	struct gsi_block block = { (uint64_t)(uintptr_t)code, size };

	registers[GSI_REG_SP] = (uint64_t)(uintptr_t)registers;
	registers[1] = 77;
	return gsi_expression(block, registers, NULL, value);
}

TEST(unwind_expressions_are_calculated)
{
	uint64_t value;

	/* lit15, lit11, ge, lit3, shl: as in linkage tables */
	CHECK(evaluate("\x3f\x3b\x2a\x33\x24", 5, &value));
	CHECK_INT(value, 8);
	/* const1s -3, plus_uconst 5 */
	CHECK(evaluate("\x09\xfd\x23\x05", 4, &value));
	CHECK_INT(value, 2);
	/* breg1 -7 */
	CHECK(evaluate("\x71\x79", 2, &value));
	CHECK_INT(value, 70);
	/* const1s -8, lit1, shra; lit2, swap, over, drop, minus */
	CHECK(evaluate("\x09\xf8\x31\x26\x32\x16\x14\x13\x1c", 9, &value));
	CHECK_INT((int64_t)value, 6);
	/* nothing left, too little, nowhere, unknown */
	CHECK(!evaluate("", 0, &value));
	CHECK(!evaluate("\x22", 1, &value));
	CHECK(!evaluate("\x38\x06", 2, &value));
	CHECK(!evaluate("\xff", 1, &value));
	CHECK(!evaluate("\x0e\x01", 2, &value));
}

/* ---- a walk ---- */

static struct gm_page page;
static struct gsi_unwind walker;

static void
on_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
#if defined(__x86_64__)
	const ucontext_t *u = context;
	const greg_t *r = u->uc_mcontext.gregs;

	walker.registers[GSI_REG_FP] = (uint64_t)r[REG_RBP];
	walker.registers[GSI_REG_SP] = (uint64_t)r[REG_RSP];
	walker.registers[3] = (uint64_t)r[REG_RBX];
	for (int i = 12; i < 16; i++)
		walker.registers[i] = (uint64_t)r[REG_R12 + i - 12];
	gsi_unwind(&walker, &page, (uint64_t)r[REG_RIP]);
#else
	(void)context;
#endif
}

static uint64_t __attribute__((noinline)) walk_from_here(void)
{
	raise(SIGUSR1);
	return page.crash.pcs[0];
}

static uint64_t __attribute__((noinline)) middle(void)
{
	return walk_from_here() + 1;
}

/* The first frame from that one on that is in that function; -1: none. */
static int
frame_in(int from, uint64_t (*function)(void))
{
	uint64_t begin = (uint64_t)(uintptr_t)function;
	int n = (int)gm_load(&page.crash.n_pcs, relaxed);

	for (int i = from; i < n; i++) {
		uint64_t at = page.crash.pcs[i];

		if (at > begin && at < begin + 256)
			return i;
	}
	return -1;
}

TEST(unwind_finds_its_callers)
{
#if defined(__x86_64__)
	struct sigaction action = { .sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO };
	int here, above;
	uint8_t in;

	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
	CHECK(middle() != 0);
	here = frame_in(0, walk_from_here);
	CHECK(here > 0);
	above = frame_in(here + 1, middle);
	CHECK_INT(above, here + 1);
	in = page.crash.in[here];
	CHECK(in > 0);
	CHECK_INT(page.crash.in[above], in);
	CHECK(strstr(page.modules[in - 1].path, "test_unwind") != NULL);
#else
	test_skip("no test of this machine's registers");
#endif
}

/* Rubbish: it ends, and reads nothing that is not there. */
TEST(unwind_rubbish_ends_a_walk)
{
	uint64_t seed = 12345, stack[512];
	struct gsi_cfi *cfi = &walker.cfi;

	for (int round = 0; round < 20000; round++) {
		uint8_t code[64];
		struct gsi_block block = { (uint64_t)(uintptr_t)code, 40 };
		struct gsi_cursor c = over(code, sizeof(code));
		uint64_t value;

		for (size_t i = 0; i < sizeof(code); i++) {
			seed =
			    seed * 6364136223846793005u + 1442695040888963407u;
			code[i] = (uint8_t)(seed >> 56);
			stack[i] = seed;
		}
		memset(cfi, 0, sizeof(*cfi));
		cfi->code_align = seed;
		cfi->data_align = (int64_t)seed;
		cfi->encoding = code[0];
		gsi_cfi_run(cfi, &c, 0, UINT64_MAX);
		gsi_expression(block, stack, &seed, &value);
	}
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < 512; i++) {
			seed =
			    seed * 6364136223846793005u + 1442695040888963407u;
			stack[i] = i % 3 == 0
				       ? (uint64_t)(uintptr_t)&stack[seed >> 55]
				       : seed >> (seed >> 58);
		}
		memcpy(walker.registers, stack, sizeof(walker.registers));
		walker.registers[GSI_REG_SP] = (uint64_t)(uintptr_t)stack;
		gsi_unwind(&walker, &page,
		    round % 2 ? stack[1] : (uint64_t)(uintptr_t)middle + 3);
		CHECK(gm_load(&page.crash.n_pcs, relaxed) <= GM_CRASH_PCS);
	}
}
