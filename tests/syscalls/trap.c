/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter and its listener.  The rule: what is let pass in the filter
 * itself stands in one of two lists, with the reason why it need not fail.
 */
#include "tests/syscalls/trap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/runner.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#define ARCH 0
#endif

#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1ul
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

#define HAND 1000 /* the socket over which the listener is handed out */
#define HALF_MAX 65536

/* Calls that never fail, or whose failure can mean nothing to anybody. */
static const int harmless[] = {
	/* do not come back */
	SYS_exit,
	SYS_exit_group,
	SYS_rt_sigreturn,
	/* have no way to fail, by their definition */
	SYS_getpid,
	SYS_gettid,
	SYS_getppid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_umask,
	SYS_sched_yield,
	SYS_alarm,
	SYS_set_tid_address,
	/* fail only for arguments that are wrong always or never */
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_clock_gettime,
	SYS_timer_settime,
	SYS_timer_delete,
	SYS_lseek,
	SYS_getsid,
	SYS_getpgid,
	SYS_shutdown,
	/* frees the descriptor whatever it returns; nobody has to look */
	SYS_close,
	/* the C library's own, which goes on without */
	SYS_set_robust_list,
	SYS_rseq,
	SYS_arch_prctl,
	SYS_sched_getaffinity,
	SYS_restart_syscall,
};

/* Fills in the instructions for "these numbers are let pass". */
static unsigned
let_pass(struct sock_filter *to, const int *list, size_t n)
{
	unsigned k = 0;

	for (size_t i = 0; i < n; i++) {
		to[k++] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, (unsigned)list[i], 0, 1);
		to[k++] = (struct sock_filter)BPF_STMT(
		    BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	return k;
}

static int
install(enum trap_what what)
{
	/* for allocations: only what says who somebody is */
	static const int identity[] = { TRAP_ALLOC, SYS_execve, SYS_prctl };
	const size_t n = sizeof(harmless) / sizeof(harmless[0]);
	struct sock_filter code[16 + 2 * sizeof(harmless) / sizeof(int)] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		/* the hand-out of the listener itself */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, HAND, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { .filter = code };
	unsigned k = 9;

	if (what == TRAP_ALLOCS) {
		for (int i = 0; i < 3; i++) {
			code[k++] = (struct sock_filter)BPF_JUMP(
			    BPF_JMP | BPF_JEQ | BPF_K, (unsigned)identity[i], 0,
			    1);
			code[k++] = (struct sock_filter)BPF_STMT(
			    BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
		}
		code[k++] = (struct sock_filter)BPF_STMT(
		    BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	} else {
		k += let_pass(code + k, harmless, n);
		code[k++] = (struct sock_filter)BPF_STMT(
		    BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	program.len = (unsigned short)k;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER |
		SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
	    &program);
}

/* One descriptor over a socket. */
static ssize_t
hand(int socket, int *fd, bool out)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), fd, sizeof(int));
	if (out)
		return sendmsg(socket, &message, MSG_NOSIGNAL);
	n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	c = CMSG_FIRSTHDR(&message);
	if (n == 1 && c != NULL)
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	return n == 1 && c != NULL ? 1 : -1;
}

noreturn static void
become(const struct trap_start *start, int socket)
{
	const struct rlimit no_core = { 0, 0 };
	int listener, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &no_core);
	dup2(null, 0);
	dup2(start->out, 1);
	dup2(start->out, 2);
	if (start->preload != NULL)
		setenv("LD_PRELOAD", start->preload, 1);
	dup3(socket, HAND, O_CLOEXEC);
	listener = install(start->what);
	if (listener < 0 || hand(HAND, &listener, true) != 1)
		_exit(126);
	/* from here on somebody has to let us pass */
	close_range(3, ~0u, 0);
	execv(start->argv[0], start->argv);
	_exit(127);
}

pid_t
trap_run(const struct trap_start *start, int *listener)
{
	int pair[2];
	pid_t pid;

	*listener = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	pid = fork();
	if (pid == 0)
		become(start, pair[1]);
	close(pair[1]);
	if (pid > 0 && hand(pair[0], listener, false) != 1)
		*listener = -1;
	/* Linux 6.6: the other runs at once; without, it is only slower */
	if (*listener >= 0)
		ioctl(*listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
		    SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	close(pair[0]);
	return pid;
}

const char *
trap_refused(void)
{
	char *const argv[] = { (char[]){ "/bin/true" }, NULL };
	struct trap_start start = { argv, TRAP_ALLOCS, 2, NULL };
	int listener, status = 0;
	pid_t pid;

	if (ARCH == 0)
		return "the filter is written for x86-64 and aarch64";
	pid = trap_run(&start, &listener);
	if (pid < 0)
		return "cannot fork";
	if (listener >= 0) {
		kill(pid, SIGKILL);
		close(listener);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return listener >= 0
		   ? NULL
		   : "seccomp user notification is refused: it needs Linux 5.19"
		     " and no outer listener";
}

int
trap_next(int listener, struct seccomp_notif *call)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	if (poll(&p, 1, 0) != 1)
		return -1;
	if ((p.revents & POLLIN) == 0)
		return (p.revents & (POLLHUP | POLLERR)) != 0 ? 0 : -1;
	memset(call, 0, sizeof(*call));
	/* ENOENT: it was killed meanwhile */
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, call) == 0 ? 1 : -1;
}

static void
answer(int listener, struct seccomp_notif_resp *resp)
{
	/* fails when the caller is dead, and then it does not matter */
	while (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, resp) != 0 &&
	       (errno == EINTR || errno == EINPROGRESS))
		continue;
}

void
trap_pass(int listener, const struct seccomp_notif *call)
{
	struct seccomp_notif_resp resp = {
		.id = call->id,
		.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
	};

	answer(listener, &resp);
}

void
trap_fail(int listener, const struct seccomp_notif *call, int error)
{
	struct seccomp_notif_resp resp = { .id = call->id, .error = -error };

	/* this one says where the break is, and it is not where it should be */
	if (call->data.nr == SYS_brk)
		resp.error = 0;

	answer(listener, &resp);
}

/* read(2) and write(2) only: the caller's memory, our copy of its fd. */
bool
trap_half(int listener, const struct seccomp_notif *call)
{
	static char bytes[HALF_MAX];
	size_t size = (size_t)call->data.args[2] / 2;
	struct iovec here = { bytes, size };
	struct iovec there = { (void *)(uintptr_t)call->data.args[1], size };
	struct seccomp_notif_resp resp = { .id = call->id };
	bool reads = call->data.nr == SYS_read;
	struct pollfd p = { .events = reads ? POLLIN : POLLOUT };
	int pidfd, fd;
	ssize_t n = -1;

	if (size == 0 || size > HALF_MAX)
		return false;
	pidfd = (int)syscall(SYS_pidfd_open, (pid_t)call->pid, 0);
	fd = pidfd < 0 ? -1
		       : (int)syscall(SYS_pidfd_getfd, pidfd,
			     (int)call->data.args[0], 0);
	if (pidfd >= 0)
		close(pidfd);
	if (fd < 0)
		return false;
	p.fd = fd;
	/* waiting is for the caller: nobody else would be served meanwhile */
	if (poll(&p, 1, 0) != 1) {
		close(fd);
		return false;
	}
	if (reads) {
		n = read(fd, bytes, size);
		here.iov_len = n > 0 ? (size_t)n : 0;
		if (n > 0 && process_vm_writev(
				 (pid_t)call->pid, &here, 1, &there, 1, 0) != n)
			n = -1;
	} else if (process_vm_readv((pid_t)call->pid, &here, 1, &there, 1, 0) ==
		   (ssize_t)size) {
		n = write(fd, bytes, size);
	}
	close(fd);
	if (n <= 0)
		return false;
	resp.val = n;
	answer(listener, &resp);
	return true;
}
