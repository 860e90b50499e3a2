/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals of a server.  A fatal one leaves a record in the own page and then
 * does what it would have done, so that the wait status stays exact.  SIGTERM
 * is an exit signal "shutdown".
 *
 * The rule: a handler trusts nothing it finds.  What may be damaged is read
 * with process_vm_readv, which cannot fault; a second fault inside the
 * handler is left to the kernel.  A fork of a server inherits the handlers
 * but is not the server: it writes nothing.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/guest.h"
#include "lib/loop.h"
#include "lib/missing.h"
#include "lib/unwind.h"

#define STACK_BYTES 65536u
#define N_FATAL 7

static const int fatal[N_FATAL] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT,
	SIGSYS, SIGTRAP };

/* In pages of its own, away from what wild pointers usually hit. */
struct crash_state {
	struct gsi_self *me;
	struct gm_page *page;
	int os_pid; /* of the server, 0 none yet */
	int tid; /* of the thread that is the server */
	int made_by; /* who has installed the handlers */
	int bell;
	_Atomic uint32_t claimed; /* a thread is writing the record */
	_Atomic uint64_t signals; /* for the loop; a bit each */
	struct sigaction previous[N_FATAL];
	struct gsi_unwind unwind; /* of who has claimed it */
};

static struct crash_state *
state_of_server(void)
{
	struct crash_state *c = *gsi_process_slot();

	return c && c->os_pid == getpid() ? c : NULL;
}

/* By their DWARF numbers; returns the pc. */
static uint64_t
registers(const void *context, uint64_t to[GSI_REGISTERS])
{
	const ucontext_t *u = context;

#if defined(__x86_64__)
	static const int order[GSI_REGISTERS] = { REG_RAX, REG_RDX, REG_RCX,
		REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8, REG_R9,
		REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };

	for (int i = 0; i < GSI_REGISTERS; i++)
		to[i] = (uint64_t)u->uc_mcontext.gregs[order[i]];
	return to[GSI_REG_RETURN];
#else
	for (int i = 0; i < GSI_REG_SP; i++)
		to[i] = u->uc_mcontext.regs[i];
	to[GSI_REG_SP] = u->uc_mcontext.sp;
	return u->uc_mcontext.pc;
#endif
}

/* What the kernel found out, or who sent it. */
static void
record_cause(struct gm_crash *crash, const siginfo_t *info)
{
	bool found = info->si_code > 0;

	crash->code = info->si_code;
	crash->address = found ? (uint64_t)(uintptr_t)info->si_addr : 0;
	crash->detail = found ? 0 : (uint32_t)info->si_pid;
#ifdef SYS_SECCOMP
	if (info->si_signo == SIGSYS && info->si_code == SYS_SECCOMP)
		crash->detail = (uint32_t)info->si_syscall;
#endif
}

static void
record(struct crash_state *c, int number, const siginfo_t *info,
    const void *context)
{
	struct gm_crash *crash = &c->page->crash;
	uint32_t no = 0;

	if (!atomic_compare_exchange_strong_explicit(&c->claimed, &no, 1,
		memory_order_relaxed, memory_order_relaxed))
		return;
	record_cause(crash, info);
	crash->tid = (uint32_t)syscall(SYS_gettid);
	crash->messages = gm_load(&c->page->messages, relaxed);
	crash->pc = registers(context, c->unwind.registers);
	gm_store(&crash->n_pcs, 0, relaxed);
	gsi_crash_message(crash, c->me);
	/* release [P2]: record before its state, else the node reads half */
	gm_store(&crash->state, (uint32_t)number, release);
	/* last: whatever ends it, the record stands */
	gsi_unwind(&c->unwind, c->page, crash->pc);
}

/* From an exit handler: nothing is wrong with the memory, but no words. */
void
gsi_crash_exit(void)
{
	struct crash_state *c = state_of_server();
	struct gm_crash *crash;
	ucontext_t here;

	if (!c || gm_load(&c->claimed, relaxed) || getcontext(&here) != 0)
		return;
	crash = &c->page->crash;
	gm_store(&c->claimed, 1, relaxed);
	crash->pc = registers(&here, c->unwind.registers);
	gm_store(&crash->n_pcs, 0, relaxed);
	gsi_crash_message(crash, c->me);
	gm_store(&crash->state, GM_CRASH_EXIT, release); /* [P2] */
	gsi_unwind(&c->unwind, c->page, crash->pc);
	/* our own and those of the C library: who called exit is of interest */
	gsi_unwind_skip(c->page);
}

/* Would the instruction fault again if the handler just returned? */
static bool
faults_again(int number, const siginfo_t *info)
{
	return info->si_code > 0 && number != SIGTRAP && number != SIGSYS &&
	       number != SIGABRT;
}

static void
on_fatal(int number, siginfo_t *info, void *context)
{
	struct crash_state *c = *gsi_process_slot();
	struct sigaction plain = { .sa_handler = SIG_DFL };
	const struct sigaction *previous = &plain;

	if (c && c->os_pid == getpid())
		record(c, number, info, context);
	for (int i = 0; c && i < N_FATAL; i++) {
		if (fatal[i] == number)
			previous = &c->previous[i];
	}
	sigaction(number, previous, NULL);
	if (!faults_again(number, info))
		syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid),
		    number, info);
}

/* relaxed: the word says all there is; the bell only wakes */
bool
gsi_signal_note(int number)
{
	struct crash_state *c = state_of_server();
	static const uint64_t one = 1;

	if (!c)
		return false;
	atomic_fetch_or_explicit(
	    &c->signals, 1ull << (number - 1), memory_order_relaxed);
	return write(c->bell, &one, sizeof(one)) >= 0 || errno == EAGAIN;
}

bool
gsi_crash_thread(void)
{
	const struct crash_state *c = state_of_server();

	return c && syscall(SYS_gettid) == c->tid;
}

static void
on_sigterm(int number)
{
	struct crash_state *c = state_of_server();
	int saved = errno;

	if (!c) {
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	/* its own thread is not just changing what it has in other nodes */
	if (!gsi_crash_thread() &&
	    syscall(SYS_tgkill, c->os_pid, c->tid, number) == 0) {
		errno = saved;
		return;
	}
	if (!c->me->trap_exit) {
		gsi_guests_words(c->me, "shutdown");
		gsi_words(c->page, "shutdown");
		_exit(0);
	}
	(void)gsi_signal_note(number);
	errno = saved;
}

/* A handler, not SIG_IGN, so that what a server execs has the default. */
static void
on_nothing(int number)
{
	(void)number;
}

static int
install_fatal(struct crash_state *c)
{
	struct sigaction action = { .sa_sigaction = on_fatal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigfillset(&action.sa_mask);
	for (int i = 0; i < N_FATAL; i++)
		if (sigaction(fatal[i], &action, &c->previous[i]) < 0)
			return -errno;
	return 0;
}

static void
install_others(void)
{
	static const int quiet[] = { SIGINT, SIGPIPE, SIGHUP };
	struct sigaction action = { .sa_handler = on_nothing,
		.sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(quiet) / sizeof(*quiet); i++)
		sigaction(quiet[i], &action, NULL);
	action.sa_handler = on_sigterm;
	sigaction(SIGTERM, &action, NULL);
}

int
gsi_crash_prepare(void)
{
	size_t own =
	    (sizeof(struct crash_state) + GM_PAGE - 1) / GM_PAGE * GM_PAGE;
	char *block = mmap(NULL, own + STACK_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = { .ss_size = STACK_BYTES };
	struct crash_state *c;

	if (block == MAP_FAILED)
		return -errno;
	c = (struct crash_state *)(void *)block;
	c->made_by = getpid();
	stack.ss_sp = block + own;
	if (sigaltstack(&stack, NULL) < 0)
		return -errno;
	*gsi_process_slot() = c;
	install_others();
	return install_fatal(c);
}

/*
 * A forker's handlers and stack come along and do for its child; what was
 * there before them is known to be nothing.
 */
int
gsi_crash_install(struct gsi_self *me)
{
	struct crash_state *c;
	int status = 0;

	if (*gsi_process_slot() == NULL)
		status = gsi_crash_prepare();
	if (status != 0)
		return status;
	c = *gsi_process_slot();
	if (c->made_by != getpid())
		for (int i = 0; i < N_FATAL; i++)
			c->previous[i] =
			    (struct sigaction){ .sa_handler = SIG_DFL };
	c->me = me;
	c->page = me->page;
	c->bell = me->bell;
	gm_store(&c->claimed, 0, relaxed);
	gm_store(&c->signals, 0, relaxed);
	c->tid = (int)syscall(SYS_gettid);
	/* last: from here on a handler takes it for ours */
	c->os_pid = getpid();
	return 0;
}

struct gsi_self *
gsi_crash_self(void)
{
	struct crash_state *c = state_of_server();

	return c ? c->me : NULL;
}

void
gsi_crash_clear(struct gm_page *page)
{
	struct crash_state *c = *gsi_process_slot();

	gm_store(&page->crash.state, 0, relaxed);
	if (c)
		gm_store(&c->claimed, 0, relaxed);
}

bool
gsi_signal_pending(struct gsi_self *me)
{
	const struct crash_state *c;

	if (!me->server)
		return false;
	c = *gsi_process_slot();
	return c && gm_load(&c->signals, relaxed) != 0;
}

uint64_t
gsi_signals_noted(void)
{
	const struct crash_state *c = *gsi_process_slot();

	return c ? gm_load(&c->signals, relaxed) : 0;
}

bool
gsi_signal_taken(uint64_t bits)
{
	struct crash_state *c = *gsi_process_slot();

	return c && (atomic_fetch_and_explicit(
			 &c->signals, ~bits, memory_order_relaxed) &
			bits) != 0;
}

bool
gsi_sigterm_taken(void)
{
	return gsi_signal_taken(1ull << (SIGTERM - 1));
}
