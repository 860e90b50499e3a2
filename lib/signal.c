/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fatal signals in words: the name, and what the kernel found or who sent it.
 */
#include <signal.h>
#include <stdio.h>

#include "lib/node_parts.h"

static const char *
name_of(int number)
{
	switch (number) {
	case SIGSEGV:
		return "SIGSEGV";
	case SIGBUS:
		return "SIGBUS";
	case SIGFPE:
		return "SIGFPE";
	case SIGILL:
		return "SIGILL";
	case SIGABRT:
		return "SIGABRT";
	case SIGSYS:
		return "SIGSYS";
	case SIGTRAP:
		return "SIGTRAP";
	default:
		return "signal";
	}
}

/* Of those that an address belongs to. */
static const char *
cause_of(int number, int code)
{
	static const struct {
		int number;
		int code;
		const char *text;
	} causes[] = {
		{ SIGSEGV, SEGV_MAPERR, "nothing is mapped there" },
		{ SIGSEGV, SEGV_ACCERR, "no permission" },
		{ SIGBUS, BUS_ADRALN, "not aligned" },
		{ SIGBUS, BUS_ADRERR, "no memory or file behind it" },
		{ SIGBUS, BUS_OBJERR, "hardware error" },
		{ SIGFPE, FPE_INTDIV, "integer divided by zero" },
		{ SIGFPE, FPE_INTOVF, "integer overflow" },
		{ SIGFPE, FPE_FLTDIV, "floating-point division by zero" },
		{ SIGILL, ILL_ILLOPN, "illegal operand" },
		{ SIGILL, ILL_ILLOPC, "illegal instruction" },
		{ SIGTRAP, TRAP_BRKPT, "breakpoint" },
	};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].number == number && causes[i].code == code)
			return causes[i].text;
	return NULL;
}

bool
gsi_signal_text(
    const struct gm_crash *crash, int os_pid, char *text, size_t size)
{
	int number = (int)gm_load(&crash->state, relaxed);
	int code = crash->code;
	uint32_t detail = crash->detail;
	unsigned long long address = crash->address;
	const char *name = name_of(number), *cause = cause_of(number, code);

	if (number == GM_CRASH_EXIT)
		return false;
	if (code <= 0 && detail == (uint32_t)os_pid)
		snprintf(text, size, "%s, raised by itself", name);
	else if (code <= 0)
		snprintf(text, size, "%s, sent by process %u", name, detail);
	else if (number == SIGSYS)
		snprintf(text, size,
		    "%s, system call %u is forbidden to it (seccomp)", name,
		    detail);
	else if (number == SIGSEGV && code == SI_KERNEL)
		snprintf(text, size,
		    "%s, an address that cannot be (the kernel does not say "
		    "which)",
		    name);
	else
		snprintf(text, size, "%s, address 0x%llx%s%s", name, address,
		    cause ? ": " : "", cause ? cause : "");
	return true;
}
