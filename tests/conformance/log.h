/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports in the log of a named node.
 */
#ifndef GS_TESTS_CONFORMANCE_LOG_H
#define GS_TESTS_CONFORMANCE_LOG_H

#include "tests/conformance/helpers.h"

/* Lines of that kind (NULL: any) about who, a name or pid (NULL: any). */
int reports(const char *kind, const char *who);
bool wait_reports(const char *kind, const char *who, int count);
/* The first such line, borrowed until the next report function; or NULL. */
const char *report(const char *kind, const char *who);
/* The same of the last one. */
const char *last_report(const char *kind, const char *who);
/* A field of a line: "kind", "level", "text" or a key; borrowed; NULL if absent. */
const char *report_field(const char *line, const char *key);
/* That field must contain text. */
void field_has(const char *line, const char *key, const char *text);

#endif
