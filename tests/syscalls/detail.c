/* SPDX-License-Identifier: Apache-2.0 */
/* Calls in words; the memory of the caller is only read. */
#include "tests/syscalls/detail.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/syscalls/trap.h"

#define RAW 300

/* Up to the end of the page behind the one it begins in. */
static size_t
peek(pid_t pid, uint64_t at, char *to, size_t size)
{
	size_t first = 4096 - at % 4096;
	struct iovec here = { to, size };
	struct iovec there[2] = {
		{ (void *)(uintptr_t)at, first < size ? first : size },
		{ (void *)(uintptr_t)(at + first),
		    first < size ? size - first : 0 },
	};
	ssize_t n = process_vm_readv(pid, &here, 1, there, 2, 0);

	return n > 0 ? (size_t)n : 0;
}

static void
peek_text(pid_t pid, uint64_t at, char text[RAW])
{
	size_t n = at != 0 ? peek(pid, at, text, RAW - 1) : 0;

	text[n] = '\0';
}

static void
peek_address(pid_t pid, uint64_t at, char text[RAW])
{
	struct sockaddr_un address = { 0 };

	peek(pid, at, (char *)&address, sizeof(address) - 1);
	snprintf(text, RAW, "%s",
	    address.sun_family == AF_UNIX ? address.sun_path : "?");
}

/* Sockets only: of the others nobody asks. */
static bool
waits_not(pid_t pid, int fd)
{
	char path[64], line[100];
	unsigned flags = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)pid, fd);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "flags: %o", &flags) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return (flags & O_NONBLOCK) != 0;
}

static void
descriptor(pid_t pid, int fd, char text[RAW])
{
	char path[64];
	ssize_t n;

	if (fd == AT_FDCWD) {
		text[0] = '\0';
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	n = readlink(path, text, RAW - 1);
	text[n > 0 ? n : 0] = '\0';
	if (n > 0 && (size_t)n < RAW - 20 && strncmp(text, "socket", 6) == 0 &&
	    waits_not(pid, fd))
		strcat(text, ",nonblock");
}

struct word {
	uint64_t value;
	const char *text;
};

static const char *
word_of(const struct word *words, size_t n, uint64_t value)
{
	for (size_t i = 0; i < n; i++)
		if (words[i].value == value)
			return words[i].text;
	return NULL;
}

#define WORD(w)                                                                \
	{                                                                      \
		w, #w                                                          \
	}
#define WORD_OF(words, value)                                                  \
	word_of(words, sizeof(words) / sizeof(words[0]), value)

static const struct word fcntl_words[] = {
	WORD(F_DUPFD),
	WORD(F_DUPFD_CLOEXEC),
	WORD(F_GETFD),
	WORD(F_SETFD),
	WORD(F_GETFL),
	WORD(F_SETFL),
	WORD(F_SETSIG),
	WORD(F_SETOWN_EX),
	WORD(F_OFD_GETLK),
	WORD(F_OFD_SETLK),
	WORD(F_ADD_SEALS),
};

static const struct word prctl_words[] = {
	WORD(PR_SET_NAME),
	WORD(PR_GET_NAME),
	WORD(PR_SET_PDEATHSIG),
	WORD(PR_SET_CHILD_SUBREAPER),
	{ 0x53564d41, "PR_SET_VMA" },
};

static const struct word epoll_words[] = {
	{ EPOLL_CTL_ADD, "ADD" },
	{ EPOLL_CTL_DEL, "DEL" },
	{ EPOLL_CTL_MOD, "MOD" },
};

static void
numbered(const struct word *words, size_t n, uint64_t value, char text[RAW])
{
	const char *word = word_of(words, n, value);

	if (word != NULL)
		snprintf(text, RAW, "%s", word);
	else
		snprintf(text, RAW, "%llu", (unsigned long long)value);
}

/* True when it has said what needs no descriptor. */
static bool
special(const struct seccomp_notif *call, char text[RAW])
{
	const __u64 *args = call->data.args;
	pid_t pid = (pid_t)call->pid;
	int cmd = (int)args[1] & FUTEX_CMD_MASK;

	switch (call->data.nr) {
	case SYS_openat:
	case SYS_statx:
		peek_text(pid, args[1], text);
		return true;
	case SYS_newfstatat:
		peek_text(pid, args[1], text);
		return text[0] != '\0';
	case SYS_mkdir:
	case SYS_chdir:
	case SYS_chmod:
	case SYS_unlink:
	case SYS_rename:
	case SYS_readlink:
	case SYS_access:
	case SYS_execve:
		peek_text(pid, args[0], text);
		return true;
	case SYS_connect:
	case SYS_bind:
		peek_address(pid, args[1], text);
		return true;
	case SYS_prctl:
		numbered(prctl_words,
		    sizeof(prctl_words) / sizeof(prctl_words[0]), args[0],
		    text);
		return true;
	case SYS_futex:
		snprintf(text, RAW, "%s",
		    cmd == FUTEX_WAKE || cmd == FUTEX_WAKE_BITSET ? "WAKE"
								  : "WAIT");
		return true;
	case SYS_madvise:
	case SYS_kill:
	case SYS_prlimit64:
	case TRAP_ALLOC:
		/* kinds are few and say more than a number left out */
		snprintf(text, RAW, "%c",
		    'a' +
			(int)(args[call->data.nr == SYS_madvise ? 2 : 1] % 26));
		return true;
	default:
		return false;
	}
}

static bool
takes_descriptor(int nr)
{
	static const int none[] = { SYS_socket, SYS_socketpair, SYS_pipe2,
		SYS_eventfd2, SYS_signalfd4, SYS_timer_create, SYS_munmap,
		SYS_mprotect, SYS_brk, SYS_mremap, SYS_memfd_create,
		SYS_close_range, SYS_clone, SYS_clone3, SYS_wait4, SYS_waitid,
		SYS_setpgid, SYS_setsid, SYS_getrandom, SYS_poll, SYS_ppoll,
		SYS_epoll_create1, SYS_io_uring_setup, SYS_membarrier,
		SYS_pidfd_open, SYS_nanosleep, SYS_clock_nanosleep,
		SYS_sigaltstack, SYS_process_vm_readv, SYS_getcwd };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (none[i] == nr)
			return false;
	return true;
}

static void
raw_detail(const struct seccomp_notif *call, char text[RAW])
{
	const __u64 *args = call->data.args;
	char fd[RAW];
	const char *word = NULL;

	text[0] = '\0';
	if (special(call, text) || !takes_descriptor(call->data.nr))
		return;
	if (call->data.nr == SYS_mmap && (int)args[4] < 0) {
		snprintf(text, RAW, "anon");
		return;
	}
	descriptor(
	    (pid_t)call->pid, (int)args[call->data.nr == SYS_mmap ? 4 : 0], fd);
	if (call->data.nr == SYS_fcntl)
		word = WORD_OF(fcntl_words, args[1]);
	if (call->data.nr == SYS_epoll_ctl)
		word = WORD_OF(epoll_words, args[1]);
	if (call->data.nr == SYS_newfstatat || call->data.nr == SYS_fstat)
		word = "open";
	snprintf(text, RAW, "%s%s%.200s", word != NULL ? word : "",
	    word != NULL ? "," : "", fd);
}

/* Appends a word in place of a name; false when the name is not there. */
static bool
replace(const char **from, const char *name, const char *word, char **to)
{
	size_t n = strlen(name);

	if (n == 0 || strncmp(*from, name, n) != 0)
		return false;
	*from += n;
	memcpy(*to, word, strlen(word));
	*to += strlen(word);
	return true;
}

void
detail_of(const struct seccomp_notif *call, const struct detail_names *names,
    char text[DETAIL])
{
	char raw[RAW], *to = text;
	const char *from = raw;

	raw_detail(call, raw);
	while (*from != '\0' && to < text + DETAIL - 8) {
		if (replace(&from, names->dir, "DIR", &to) ||
		    replace(&from, names->node, "NODE", &to))
			continue;
		if (isdigit((unsigned char)*from)) {
			*to++ = '#';
			while (isdigit((unsigned char)*from))
				from++;
		} else {
			*to++ = *from == ' ' || !isprint((unsigned char)*from)
				    ? '_'
				    : *from;
			from++;
		}
	}
	*to = '\0';
}
