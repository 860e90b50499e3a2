/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ordering vocabulary of shared memory: lock-free 32 and 64 bit atomics,
 * one 16-byte compare-and-swap, and the cache line everything is laid out by.
 * Every use names its order, and a tag [Tn] that names its pair.
 */
#ifndef GM_ATOM_H
#define GM_ATOM_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define GM_LINE 64
#define GM_PAGE 4096u

static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
    "shared memory needs lock-free 32 and 64 bit atomics");

#define gm_load(p, order) atomic_load_explicit(p, memory_order_##order)
#define gm_store(p, v, order) atomic_store_explicit(p, v, memory_order_##order)
#define gm_fence(order) atomic_thread_fence(memory_order_##order)
#define gm_compiler_fence() atomic_signal_fence(memory_order_seq_cst)

/* Two halves that are swapped together; each is also read and set alone. */
struct gm_word {
	_Alignas(16) _Atomic uint64_t lo;
	_Atomic uint64_t hi;
};

static_assert(sizeof(struct gm_word) == 16, "one cmpxchg16b");

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "genserver needs a 16-byte compare-and-swap: x86-64 or aarch64"
#endif

__extension__ typedef unsigned __int128 gm_u128;

/*
 * Full barrier.  On failure *lo and *hi are what was found.  __sync, because
 * gcc turns the __atomic form into calls with locks private to a process; and
 * where it matters by hand, since gcc compares all 16 bytes once more.
 */
static inline bool
gm_cas16(struct gm_word *word, uint64_t *lo, uint64_t *hi, uint64_t new_lo,
    uint64_t new_hi)
{
#if defined(__x86_64__)
	uint64_t a = *lo, d = *hi;
	bool swapped;

	__asm__ volatile("lock cmpxchg16b %1"
			 : "=@ccz"(swapped), "+m"(*word), "+a"(a), "+d"(d)
			 : "b"(new_lo), "c"(new_hi)
			 : "memory");
	*lo = a;
	*hi = d;
	return swapped;
#else
	gm_u128 old = (gm_u128)*hi << 64 | *lo;
	gm_u128 new = (gm_u128)new_hi << 64 | new_lo;
	gm_u128 seen;

	seen = __sync_val_compare_and_swap((gm_u128 *)(void *)word, old, new);
	*lo = (uint64_t)seen;
	*hi = (uint64_t)(seen >> 64);
	return seen == old;
#endif
}

/* Read once, whatever the compiler would like: others may change it. */
#define gm_once(x) (*(const volatile __typeof__(x) *)&(x))

/* This line will be written soon.  A hint: never faults. */
static inline void
gm_prefetch_write(const void *p)
{
#if defined(__x86_64__)
	/* the builtin asks for a shared copy unless told of the processor */
	__asm__ volatile("prefetchw %0" ::"m"(*(const char *)p));
#else
	__builtin_prefetch(p, 1, 3);
#endif
}

static inline void
gm_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("yield");
#endif
}

#endif
