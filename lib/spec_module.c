/* SPDX-License-Identifier: Apache-2.0 */
/* A spec whose code has been changed: what it is started with next time. */
#include <stdlib.h>

#include "lib/spec.h"

/* The new module's path stands last, in place of one that stood there. */
struct gsi_spec *
gsi_spec_with_module(const struct gsi_spec *spec, const char *path)
{
	uint32_t kept =
	    spec->module_at > spec->argv_at ? spec->module_at : spec->size;
	size_t size = kept + strlen(path) + 1;
	struct gsi_spec *out = malloc(size);

	if (out == NULL)
		return NULL;
	memcpy(out, spec, kept);
	strcpy((char *)out + kept, path);
	out->module_at = kept;
	out->size = (uint32_t)size;
	return out;
}
