/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of plausible errors.  A line counts for a call when its word is
 * part of the call's detail; the first that fits is taken, so special ones
 * stand before the general one.  No errors: it cannot fail there, and why.
 */
#include "tests/syscalls/faults.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/syscalls/trap.h"

struct line {
	int nr;
	const char *name;
	const char *word; /* part of the detail, "" fits all */
	int errors[6];
};

#define ON(call, word, ...)                                                    \
	{                                                                      \
		SYS_##call, #call, word,                                       \
		{                                                              \
			__VA_ARGS__                                            \
		}                                                              \
	}
#define NEVER 0

static const struct line lines[] = {
	{ TRAP_ALLOC, "alloc", "", { ENOMEM } },
	/* stdio; signals there restart it */
	ON(write, "/memfd:output", ENOSPC, EIO),
	/* a counter that is not full takes a write, and a full one wakes */
	ON(write, "eventfd", NEVER),
	ON(write, "pipe", EPIPE, EINTR, FAULT_HALF),
	ON(write, "socket", EPIPE, EINTR),
	ON(write, "", ENOSPC, EIO, EINTR, FAULT_HALF),
	ON(pwrite64, "", ENOSPC, EIO),
	ON(read, "eventfd", EINTR, EAGAIN),
	ON(read, "signalfd", EINTR, EAGAIN),
	ON(read, "socket", ECONNRESET, EINTR),
	ON(read, "", EIO, EINTR, FAULT_HALF),
	ON(pread64, "", ENOMEM),
	ON(readv, "", EIO, EINTR),
	ON(writev, "", EIO, EINTR),
	ON(openat, "", EMFILE, ENOMEM, EACCES),
	ON(mkdir, "", ENOSPC, EACCES),
	ON(chdir, "", EACCES),
	ON(chmod, "", EPERM),
	ON(fchmod, "", EPERM),
	ON(unlink, "", EACCES, EIO),
	ON(rename, "", EACCES, ENOSPC),
	ON(readlink, "", ENOMEM, EACCES),
	ON(access, "", EACCES),
	/* of sockets, pipes and memory: all there is to it is in the kernel */
	ON(newfstatat, "open,", NEVER),
	ON(newfstatat, "", ENOMEM, EACCES),
	ON(fstat, "", NEVER),
	ON(statx, "", ENOMEM),
	ON(fstatfs, "", ENOMEM),
	ON(getdents64, "", EIO),
	ON(getcwd, "", ENOMEM),
	ON(ftruncate, "", EIO, EINTR),
	ON(fallocate, "", ENOSPC, EINTR, ENOMEM),
	ON(memfd_create, "", EMFILE, ENOMEM, ENOSYS),
	ON(mmap, "", ENOMEM),
	ON(munmap, "", ENOMEM),
	ON(mremap, "", ENOMEM),
	ON(mprotect, "", ENOMEM),
	ON(madvise, "", ENOMEM, EINVAL),
	ON(brk, "", ENOMEM),
	ON(mlock, "", ENOMEM),
	ON(socket, "", EMFILE, ENOMEM, EACCES),
	ON(socketpair, "", EMFILE, ENOMEM),
	ON(bind, "", EADDRINUSE, ENOSPC),
	ON(listen, "", EADDRINUSE),
	ON(connect, "", ECONNREFUSED, EINTR, EACCES),
	ON(accept4, "", EMFILE, ENOMEM, ECONNABORTED, EINTR),
	ON(sendmsg, "nonblock", ENOMEM, EPIPE, EINTR, ETOOMANYREFS, EAGAIN),
	ON(sendmsg, "", ENOMEM, EPIPE, EINTR, ETOOMANYREFS),
	ON(sendto, "nonblock", ENOMEM, EPIPE, EINTR, EAGAIN),
	ON(sendto, "", ENOMEM, EPIPE, EINTR),
	ON(recvmsg, "", ECONNRESET, ENOMEM, EINTR),
	ON(recvfrom, "", ECONNRESET, ENOMEM, EINTR),
	ON(setsockopt, "", ENOMEM),
	ON(getsockopt, "", ENOMEM),
	ON(pipe2, "", EMFILE, ENFILE),
	ON(eventfd2, "", EMFILE, ENOMEM),
	ON(signalfd4, "", EMFILE, ENOMEM),
	ON(timer_create, "", EAGAIN, ENOMEM),
	/* EBUSY and EINTR are for places that another thread is opening */
	ON(dup2, "", EMFILE),
	ON(dup3, "", EMFILE),
	ON(dup, "", EMFILE),
	/* flags of a descriptor that is open */
	ON(fcntl, "F_GETFD", NEVER),
	ON(fcntl, "F_SETFD", NEVER),
	ON(fcntl, "F_GETFL", NEVER),
	ON(fcntl, "F_DUPFD", EMFILE),
	ON(fcntl, "LK", ENOLCK, EAGAIN),
	ON(fcntl, "F_SETOWN_EX", ESRCH),
	ON(fcntl, "F_SETFL", ENOMEM),
	ON(fcntl, "F_ADD_SEALS", EPERM),
	ON(fcntl, "", EINVAL),
	/* some containers' filters do not know it */
	ON(close_range, "", ENOSYS),
	ON(clone, "", EAGAIN, ENOMEM),
	ON(clone3, "", EAGAIN, ENOMEM),
	ON(fork, "", EAGAIN, ENOMEM),
	ON(vfork, "", EAGAIN, ENOMEM),
	ON(execve, "", ENOMEM, EACCES),
	ON(wait4, "", EINTR),
	ON(waitid, "", EINTR),
	ON(kill, "", EPERM),
	ON(tgkill, "", EPERM),
	ON(rt_tgsigqueueinfo, "", EPERM),
	ON(rt_sigqueueinfo, "", EAGAIN),
	ON(rt_sigtimedwait, "", EINTR),
	ON(rt_sigsuspend, "", EINTR),
	ON(sigaltstack, "", ENOMEM),
	ON(setpgid, "", EPERM),
	ON(setsid, "", EPERM),
	/* a name of any length is taken */
	ON(prctl, "PR_SET_NAME", NEVER),
	ON(prctl, "PR_GET", NEVER),
	ON(prctl, "PR_SET_VMA", NEVER),
	ON(prctl, "", EPERM),
	ON(prlimit64, "", EPERM),
	ON(getrandom, "", ENOSYS),
	ON(ioctl, "", ENOTTY),
	ON(poll, "", EINTR, ENOMEM),
	ON(ppoll, "", EINTR, ENOMEM),
	ON(epoll_create1, "", EMFILE, ENOMEM),
	ON(epoll_ctl, "DEL", NEVER),
	ON(epoll_ctl, "", ENOMEM, ENOSPC),
	ON(epoll_wait, "", EINTR),
	ON(epoll_pwait, "", EINTR),
	ON(epoll_pwait2, "", EINTR, ENOSYS),
	ON(io_uring_setup, "", ENOSYS, EPERM, ENOMEM),
	ON(io_uring_enter, "", EINTR, EAGAIN, EBUSY, ENOMEM),
	ON(io_uring_register, "", EINVAL, ENOMEM),
	ON(membarrier, "", ENOSYS, EPERM),
	ON(inotify_init1, "", EMFILE, ENOMEM),
	ON(inotify_add_watch, "", ENOSPC, ENOMEM),
	ON(pidfd_open, "", EMFILE, ENOMEM, ENOSYS),
	/* a security module, or a container's filter, may forbid it */
	ON(pidfd_getfd, "", EMFILE, EPERM, ENOSYS),
	ON(kcmp, "", EPERM, ENOSYS),
	ON(pidfd_send_signal, "", EPERM, ENOSYS),
	ON(process_vm_readv, "", EPERM),
	ON(nanosleep, "", EINTR),
	ON(clock_nanosleep, "", EINTR),
	/* a wake that finds nobody is no failure, and there is no other */
	ON(futex, "WAKE", NEVER),
	ON(futex, "", EINTR),
};

#define LINES (sizeof(lines) / sizeof(lines[0]))

static const struct {
	int error;
	const char *name;
} names[] = {
	{ EPERM, "EPERM" },
	{ EINTR, "EINTR" },
	{ EIO, "EIO" },
	{ EAGAIN, "EAGAIN" },
	{ ENOMEM, "ENOMEM" },
	{ EACCES, "EACCES" },
	{ EBUSY, "EBUSY" },
	{ EINVAL, "EINVAL" },
	{ ENFILE, "ENFILE" },
	{ EMFILE, "EMFILE" },
	{ ENOTTY, "ENOTTY" },
	{ ENOSPC, "ENOSPC" },
	{ ESRCH, "ESRCH" },
	{ EPIPE, "EPIPE" },
	{ ENOLCK, "ENOLCK" },
	{ ENOSYS, "ENOSYS" },
	{ ETOOMANYREFS, "ETOOMANYREFS" },
	{ EADDRINUSE, "EADDRINUSE" },
	{ ECONNABORTED, "ECONNABORTED" },
	{ ECONNRESET, "ECONNRESET" },
	{ ECONNREFUSED, "ECONNREFUSED" },
	{ FAULT_HALF, "HALF" },
};

#define NAMES (sizeof(names) / sizeof(names[0]))

int
fault_nth(int nr, const char *detail, int n)
{
	for (size_t i = 0; i < LINES; i++)
		if (lines[i].nr == nr && strstr(detail, lines[i].word) != NULL)
			return n < 6 ? lines[i].errors[n] : 0;
	/* one that nobody has thought of yet */
	return n == 0 ? EPERM : 0;
}

const char *
fault_name(int error)
{
	for (size_t i = 0; i < NAMES; i++)
		if (names[i].error == error)
			return names[i].name;
	return "?";
}

int
fault_of(const char *name)
{
	for (size_t i = 0; i < NAMES; i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].error;
	return 0;
}

const char *
call_name(int nr)
{
	for (size_t i = 0; i < LINES; i++)
		if (lines[i].nr == nr)
			return lines[i].name;
	return NULL;
}
