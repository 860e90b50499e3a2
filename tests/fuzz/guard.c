/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an input must never reach: other processes.  The linker sends calls of
 * kill, fork and the like here.  The rule: whatever the input says, nobody
 * outside is signalled, waited for or started.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

int __wrap_kill(pid_t pid, int number);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
int __wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options);
pid_t __wrap_fork(void);
pid_t __wrap_vfork(void);
pid_t __wrap__Fork(void);
int __wrap_execv(const char *path, char *const argv[]);
int __wrap_setpgid(pid_t pid, pid_t group);
long __wrap_syscall(long number, ...);
long __real_syscall(long number, ...);

struct fuzz_guard *
fuzz_guard(void)
{
	static struct fuzz_guard guard;

	return &guard;
}

/* All processes, or all of a group that may be ours, are never meant. */
int
__wrap_kill(pid_t pid, int number)
{
	(void)number;
	FUZZ(pid > 1 || pid < -1);
	fuzz_guard()->kills++;
	return 0;
}

pid_t
__wrap_waitpid(pid_t pid, int *status, int options)
{
	(void)options;
	if (!fuzz_guard()->has_status) {
		errno = ECHILD;
		return -1;
	}
	if (status != NULL)
		*status = fuzz_guard()->wait_status;
	return pid;
}

int
__wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	(void)type;
	(void)id;
	(void)options;
	info->si_pid = 0;
	return 0;
}

static pid_t
no_fork(void)
{
	errno = EAGAIN;
	return -1;
}

pid_t
__wrap_fork(void)
{
	return no_fork();
}

pid_t
__wrap_vfork(void)
{
	return no_fork();
}

pid_t
__wrap__Fork(void)
{
	return no_fork();
}

int
__wrap_execv(const char *path, char *const argv[])
{
	(void)path;
	(void)argv;
	fuzz_fail(__FILE__, __LINE__, "nothing is executed");
}

int
__wrap_setpgid(pid_t pid, pid_t group)
{
	(void)pid;
	(void)group;
	return 0;
}

/*
 * A pidfd of a stranger is an eventfd that never becomes readable.  Six are
 * read however many there are, as the C library does.
 */
__attribute__((no_sanitize("address"))) long
__wrap_syscall(long number, ...)
{
	long a[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_pidfd_send_signal) {
		fuzz_guard()->kills++;
		return 0;
	}
	if (number == SYS_pidfd_open && a[0] != getpid())
		return eventfd(0, EFD_CLOEXEC);
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
