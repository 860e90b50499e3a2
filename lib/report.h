/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports to the log, and the process that writes it.  Reporting never waits
 * and never fails visibly: a report that finds no room is dropped.
 */
#ifndef GSI_REPORT_H
#define GSI_REPORT_H

#include <genserver.h>

struct gm_arena;

/* report.c: one datagram a report, dropped rather than blocking */
enum gsi_level {
	GSI_DEBUG,
	GSI_INFO_LEVEL,
	GSI_NOTICE,
	GSI_WARNING,
	GSI_ERROR_LEVEL,
};
struct gsi_field {
	const char *key;
	const void *data;
	size_t size;
};
/*
 * Sends one record to the logger through socket; never blocks, never fails
 * visibly.  text and fields may be any bytes; each is cut to 4096.
 */
void gsi_report(int socket, enum gsi_level level, const char *kind,
    const char *name, gs_pid pid, const char *text,
    const struct gsi_field *fields, int n_fields);

/* logger.c: the process that writes the log */
struct gsi_logger {
	int reports; /* SEQPACKET or DGRAM: records of report.c */
	int output; /* STREAM with SO_PASSCRED: servers' stdio; -1 */
	const char *path; /* file, or NULL: human text to stderr */
	struct gm_arena *arena; /* to name pids */
};
/* Runs until the node is gone (PDEATHSIG); never returns. */
void gsi_logger_run(const struct gsi_logger *logger)
    __attribute__((__noreturn__));

#endif
