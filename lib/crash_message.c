/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server had in hand when it crashed.  The rule is that of crash.c:
 * runs in the handler, and trusts nothing that it finds.
 */
#include "lib/loop.h"
#include "lib/unwind.h"

static bool
peek(void *to, const void *from, size_t size)
{
	return gsi_peek(to, (uint64_t)(uintptr_t)from, size);
}

/* A text of at most size bytes, which ends the memory that is there or not. */
static size_t
peek_text(uint8_t *to, const char *from, size_t size)
{
	size_t n = 0;

	while (n < size && peek(to + n, from + n, 1) && to[n])
		n++;
	return n;
}

/* The bytes are the library's own: the function that it was about instead. */
static uint32_t
system_words(uint8_t *to, const struct gsi_server *server)
{
	static const char word[] = "system: ";
	const size_t n = sizeof(word) - 1;
	const char *event;

	memcpy(to, word, n);
	if (!peek(&event, &server->event, sizeof(event)) || !event)
		return (uint32_t)n - 2;
	return (uint32_t)(n + peek_text(to + n, event, GM_CRASH_MESSAGE - n));
}

void
gsi_crash_message(struct gm_crash *crash, const struct gsi_self *me)
{
	struct gsi_message message;
	struct gsi_server *server;
	size_t size;

	crash->kind = 0;
	crash->message_size = 0;
	crash->client_slot = crash->client_gen = 0;
	if (!peek(&server, &me->server, sizeof(server)) || !server ||
	    !peek(&message, &server->message, sizeof(message)) || !message.kind)
		return;
	size = message.body.size;
	crash->kind = message.kind;
	crash->client_slot = message.from.slot;
	crash->client_gen = message.from.gen;
	if (message.kind == GSI_SYS) {
		crash->message_size = system_words(crash->message, server);
		return;
	}
	crash->message_size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
	if (size > GM_CRASH_MESSAGE)
		size = GM_CRASH_MESSAGE;
	if (size && !peek(crash->message, message.body.data, size))
		memset(crash->message, 0, sizeof(crash->message));
}
