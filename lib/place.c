/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two who talk without a pause on one CPU, while others idle.  They are never
 * both asleep, or cold enough, when another CPU looks for work, so the kernel
 * leaves them together, and each call costs two switches instead of two cache
 * lines.  The rule: who calls moves, seldom, and only if a CPU has nothing to
 * do; the CPUs it may run on stay what they were.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/internal.h"

#define TOGETHER 128u /* such waits before anything is done */
#define APART 512u /* others, which say that it has helped */
#define PAUSE_MIN_NS NS_PER_MS
#define PAUSE_MAX_NS (1024 * NS_PER_MS)

/* Fewer run now, we two among them, than there are CPUs for them. */
static bool
some_idle(int cpus)
{
	char text[128];
	ssize_t n = -1;
	int fd, running;

	fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (n <= 0)
		return false;
	text[n] = '\0';
	return sscanf(text, "%*s %*s %*s %d/", &running) == 1 &&
	       running <= cpus;
}

/* A mask that somebody else sets between the two calls would be lost. */
static void
move(uint32_t cpu)
{
	cpu_set_t all, others;

	if (cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof(all), &all) != 0)
		return;
	others = all;
	CPU_CLR(cpu, &others);
	if (CPU_COUNT(&others) == 0 || !some_idle(CPU_COUNT(&all)))
		return;
	if (sched_setaffinity(0, sizeof(others), &others) == 0)
		sched_setaffinity(0, sizeof(all), &all);
}

/* Waking places a process well where there are many CPUs: that comes first. */
bool
gsi_part(struct gsi_self *me, uint32_t cpu)
{
	struct gsi_place *p = &me->place;
	bool helped = p->apart >= APART;
	int64_t now;

	if (me->spin_ns == 0 || ++p->together < TOGETHER)
		return false;
	p->together = 0;
	now = gsi_now_ns();
	if (now < p->again)
		return false;
	/* what has helped with this peer, or another, is done again */
	if (helped || now - p->again > 8 * p->pause || p->pause == 0)
		p->pause = PAUSE_MIN_NS;
	else if (p->pause < PAUSE_MAX_NS)
		p->pause *= 2;
	p->again = now + p->pause;
	p->apart = 0;
	if (!helped)
		p->slept = !p->slept;
	if (!p->slept)
		move(cpu);
	return p->slept;
}
