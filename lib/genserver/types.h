/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values every other header speaks of: process ids, addresses, bytes.
 *
 * The one rule: bytes are borrowed.  A gs_bytes never owns what it points
 * to; each function that hands one out says how long it stays valid.
 */
#ifndef GENSERVER_TYPES_H
#define GENSERVER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GS_API __attribute__((visibility("default")))
#define GS_MUST __attribute__((warn_unused_result))
#define GS_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* Sizes in bytes, the terminating NUL not counted. */
#define GS_NAME_MAX 127 /* a server's or node's name */
#define GS_REASON_MAX 255 /* an exit reason */

/* Times are int milliseconds, 0 and up; GS_INFINITY waits for ever. */
#define GS_INFINITY 0x7fffffff
#define GS_CALL_TIMEOUT 5000

/*
 * A process of a node: never reused, unlike the operating system's pid.
 * Printed <node.slot.generation>.  All zero is "no process".
 */
typedef struct gs_pid {
	uint32_t node;
	uint32_t slot;
	uint32_t gen;
} gs_pid;

#define GS_PID_TEXT 40 /* room for gs_pid_text, NUL included */

/* Bytes that somebody else owns; size 0 is legal, data may then be NULL. */
typedef struct gs_bytes {
	const void *data;
	size_t size;
} gs_bytes;

/* Names one monitor or one timer of the calling process. */
typedef struct gs_ref {
	uint64_t id;
} gs_ref;

/*
 * Who called and which call it was: plain bytes, may be stored, copied and
 * sent to another process, which can then answer in the server's place.
 */
typedef struct gs_from {
	gs_pid pid;
	uint32_t spare;
	uint64_t tag;
} gs_from;

static inline gs_bytes
gs_bytes_of(const void *data, size_t size)
{
	gs_bytes bytes = { data, size };

	return bytes;
}

static inline gs_bytes
gs_text(const char *text)
{
	return gs_bytes_of(text, text ? strlen(text) : 0);
}

#define GS_TEXT(text) gs_text(text)
#define GS_BYTES(data, size) gs_bytes_of(data, size)
#define GS_OBJECT(object) gs_bytes_of(&(object), sizeof(object))
#define GS_NONE gs_bytes_of(NULL, 0)

static inline bool
gs_pid_equal(gs_pid a, gs_pid b)
{
	return a.node == b.node && a.slot == b.slot && a.gen == b.gen;
}

static inline bool
gs_pid_is_none(gs_pid pid)
{
	return pid.gen == 0;
}

/* Writes "<node.slot.generation>" to text and returns text. */
GS_API char *gs_pid_text(gs_pid pid, char text[GS_PID_TEXT]);

/* Reads that form back; 0, or -EINVAL and *pid is unchanged. */
GS_API int gs_pid_parse(const char *text, gs_pid *pid) GS_MUST;

#ifdef __cplusplus
}
#endif

#endif
