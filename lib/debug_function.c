/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug functions: user code that sees each event.  The rule: what one returns
 * is its next state, and one that has had enough, or leaves, is out; the
 * server does not notice.
 */
#include <stdlib.h>

#include "lib/behaviour.h"
#include "lib/debug.h"
#include "lib/system.h"

static bool
is_called(const struct gsi_installed *i, const char *name_or_id)
{
	return strcmp(i->id ? i->id : i->name, name_or_id) == 0;
}

static void
take_out(struct gsi_debug *d, uint32_t at)
{
	struct gsi_installed *i = &d->installed[at];

	free(i->name);
	free(i->id);
	free(i->state);
	d->n_installed--;
	memmove(i, i + 1, (d->n_installed - at) * sizeof(*i));
}

/* Copies bytes; the old ones go. */
static bool
set_state(struct gsi_installed *i, gs_bytes state)
{
	char *copy = malloc(state.size ? state.size : 1);

	if (!copy)
		return false;
	if (state.size)
		memcpy(copy, state.data, state.size);
	free(i->state);
	i->state = copy;
	i->size = state.size;
	return true;
}

int
gsi_debug_install(
    struct gsi_server *s, const char *name, const char *id, gs_bytes state)
{
	struct gsi_debug *d = s->debug;
	void *symbol = gsi_behaviour_find(s->behaviour, name);
	struct gsi_installed *i;

	if (!symbol)
		return -ESRCH;
	for (uint32_t n = 0; n < d->n_installed; n++) {
		i = &d->installed[n];
		if (!id == !i->id && is_called(i, id ? id : name))
			return 0;
	}
	if (d->n_installed == GSI_INSTALLED_MAX)
		return -ENOSPC;
	i = &d->installed[d->n_installed];
	*i = (struct gsi_installed){ .name = strdup(name),
		.id = id ? strdup(id) : NULL };
	memcpy(&i->function, &symbol, sizeof(i->function));
	if (i->name && (!id || i->id) && set_state(i, state)) {
		d->n_installed++;
		return 0;
	}
	free(i->name);
	free(i->id);
	return -ENOMEM;
}

void
gsi_debug_remove(struct gsi_debug *d, const char *name_or_id)
{
	for (uint32_t n = d->n_installed; n-- > 0;) {
		if (!name_or_id || is_called(&d->installed[n], name_or_id))
			take_out(d, n);
	}
}

struct showing {
	const struct gsi_installed *to;
	gs_debug_event event;
	gs_bytes result;
};

static void
call_function(void *data)
{
	struct showing *show = data;
	gs_bytes state = gs_bytes_of(show->to->state, show->to->size);

	show->result = show->to->function(state, &show->event);
}

/* False: it is out. */
static bool
hand_to(struct gsi_server *s, struct gsi_installed *i, const char *event)
{
	char name[GM_ENTRY_NAME + 1];
	struct showing show = { .to = i,
		.event = { gsi_server_name(s, name), event } };

	if (!gsi_guarded(s, call_function, &show))
		return false;
	if (show.result.data == i->state && show.result.size == i->size)
		return true;
	if (!show.result.data && show.result.size)
		return false;
	return set_state(i, show.result);
}

void
gsi_debug_hand_over(struct gsi_server *s, const char *event)
{
	struct gsi_debug *d = s->debug;

	for (uint32_t n = 0; n < d->n_installed;) {
		if (hand_to(s, &d->installed[n], event))
			n++;
		else
			take_out(d, n);
	}
}
