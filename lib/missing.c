/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The substitutes of missing.h; compiled only where they are needed.  The odd
 * one is on_exit: the status that exit was called with is known to exit alone,
 * so this library has an exit of its own that notes it on the way.
 */
#include "lib/missing.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

struct on_exit {
	void (*function)(int status, void *data);
	void *data;
	int status; /* -1: exit came from inside the C library */
};

static struct on_exit *
last(void)
{
	static struct on_exit on = { .status = -1 };

	return &on;
}

/* Without the status nothing can be done: then exit goes on as it would. */
static void
call_it(void)
{
	const struct on_exit *on = last();

	if (on->status >= 0)
		on->function(on->status, on->data);
}

int
gsi_getcontext(ucontext_t *here)
{
	(void)here;
	return -1;
}

int
gsi_on_exit(void (*function)(int status, void *data), void *data)
{
	struct on_exit *on = last();

	on->function = function;
	on->data = data;
	on->status = -1;
	return atexit(call_it);
}

__attribute__((visibility("default"), noreturn)) void
exit(int status)
{
	void (*next)(int status);

	*(void **)&next = dlsym(RTLD_NEXT, "exit");
	last()->status = status & 0xff;
	if (next != NULL)
		next(status);
	_exit(status);
}

int
gsi_close_range(unsigned first, unsigned last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

int
gsi_malloc_trim(size_t pad)
{
	(void)pad;
	return 0;
}

const char *
gsi_strerrorname(int number)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
		{ EAGAIN, "EAGAIN" },
		{ EBADMSG, "EBADMSG" },
		{ ECONNRESET, "ECONNRESET" },
		{ EHOSTUNREACH, "EHOSTUNREACH" },
		{ EMFILE, "EMFILE" },
		{ EMSGSIZE, "EMSGSIZE" },
		{ ENOMEM, "ENOMEM" },
		{ ENOSPC, "ENOSPC" },
		{ ENOTCONN, "ENOTCONN" },
		{ EOPNOTSUPP, "EOPNOTSUPP" },
		{ ESRCH, "ESRCH" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}
