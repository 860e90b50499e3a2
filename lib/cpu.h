/* SPDX-License-Identifier: Apache-2.0 */
/* Where the calling thread runs: a hint, a moment old when it is read. */
#ifndef GSI_CPU_H
#define GSI_CPU_H

#include <sched.h>
#include <stdint.h>
#if defined(__GLIBC__)
#include <sys/rseq.h>
#endif

#define GSI_NO_CPU UINT32_MAX

/* The kernel keeps it current for us; a quarter of a nanosecond. */
static inline uint32_t
gsi_cpu(void)
{
#if defined(__GLIBC__) && defined(RSEQ_SIG)
	if (__builtin_expect(__rseq_size > 0, 1)) {
		const char *base = (const char *)__builtin_thread_pointer();
		const struct rseq *area = (const void *)(base + __rseq_offset);
		uint32_t cpu = *(const volatile uint32_t *)&area->cpu_id;

		if (__builtin_expect(cpu < 0x80000000u, 1))
			return cpu;
	}
#endif
	return (uint32_t)sched_getcpu();
}

#endif
