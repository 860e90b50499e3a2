/* SPDX-License-Identifier: Apache-2.0 */
/* Chance, sums and pids: what every file of the soak needs. */
#ifndef GS_TESTS_SOAK_CHANCE_H
#define GS_TESTS_SOAK_CHANCE_H

#include "tests/torture/soak_board.h"

static inline uint64_t
mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0x9e3779b97f4a7c15ull;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	return x ^ x >> 32;
}

/* Each actor has a stream of its own, which follows from the seed. */
static inline uint64_t
stream(uint64_t kind, uint64_t number)
{
	return mix(board->seed ^ mix(kind << 48 ^ number)) | 1;
}

static inline uint32_t
chance(uint64_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 20) % n;
}

static inline uint64_t
sum(const void *data, size_t size)
{
	const uint8_t *at = data;
	uint64_t word, s = size * 0x9e3779b97f4a7c15ull;

	for (; size >= sizeof(word); at += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		s = (s << 7 | s >> 57) ^ word;
		s *= 0x9e3779b97f4a7c15ull;
	}
	word = 0;
	memcpy(&word, at, size);
	return mix(s ^ word);
}

static inline void
fill(uint8_t *bytes, size_t size, uint64_t seed)
{
	uint64_t word;

	for (; size >= sizeof(word); size -= sizeof(word)) {
		seed = mix(seed + 1);
		memcpy(bytes, &seed, sizeof(seed));
		bytes += sizeof(seed);
	}
	seed = mix(seed + 1);
	memcpy(bytes, &seed, size);
}

/* Mostly small, now and then so large that mailboxes grow. */
static inline uint32_t
some_size(uint64_t *seed, uint32_t max)
{
	uint32_t dice = chance(seed, 100), n;

	if (dice < 60)
		n = chance(seed, 100);
	else if (dice < 95)
		n = chance(seed, 6000);
	else
		n = chance(seed, max);
	return n < max ? n : max;
}

static inline uint64_t
packed_pid(gs_pid pid)
{
	return (uint64_t)pid.slot << 32 | pid.gen;
}

/* Some are asked much more than others. */
static inline uint32_t
some_server(uint64_t *seed)
{
	return chance(seed, 4) == 0 ? chance(seed, 4) : chance(seed, SERVERS);
}

static char server_names[SERVERS][8];

/* Before there are threads. */
static inline void
name_servers(void)
{
	for (uint32_t i = 0; i < SERVERS; i++)
		snprintf(server_names[i], sizeof(server_names[i]), "kv%u", i);
}

static inline gs_addr
server_name(uint32_t i)
{
	return GS_NAME(server_names[i]);
}

#endif
