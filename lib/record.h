/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the log, between report.c, logger.c, logfile.c and output.c. */
#ifndef GSI_RECORD_H
#define GSI_RECORD_H

#include "lib/internal.h"

#define GSI_FIELDS_MAX 12
#define GSI_PART_MAX 4096u /* bytes of a text or a field */
#define GSI_RECORD_MAX 16384u /* bytes of a datagram */

struct gsi_record_field {
	gs_bytes key;
	gs_bytes value;
};

/* All bytes are borrowed, and any bytes at all. */
struct gsi_record {
	int64_t time; /* CLOCK_REALTIME in microseconds */
	enum gsi_level level;
	gs_bytes kind;
	gs_bytes name;
	gs_pid pid; /* none: not known */
	gs_bytes text;
	int n_fields;
	struct gsi_record_field fields[GSI_FIELDS_MAX];
};

/* report.c: reads a datagram; false when it is not one of ours. */
bool gsi_record_read(const void *data, size_t size, struct gsi_record *out);
int64_t gsi_record_time(void);

/* logfile.c: where records end up */
struct gsi_logfile {
	const char *path; /* NULL: human text to stderr */
	int fd; /* -1: to be opened */
	bool torn; /* the last line has no end */
	uint64_t size;
	uint64_t lost; /* records since the last one written */
	char *line;
};

int gsi_logfile_open(struct gsi_logfile *file, const char *path);
void gsi_logfile_close(struct gsi_logfile *file);
/* Never fails visibly: what cannot be written is counted and told later. */
void gsi_logfile_write(struct gsi_logfile *file, const struct gsi_record *r);

/* output.c: servers' stdout and stderr, in lines by process */
struct gsi_output;

struct gsi_output *gsi_output_new(
    struct gsi_logfile *file, struct gm_arena *arena);
void gsi_output_free(struct gsi_output *output);
void gsi_output_take(
    struct gsi_output *output, int os_pid, const char *data, size_t size);
/* Ms until an unfinished line is written as it is, -1: there is none. */
int gsi_output_wait(const struct gsi_output *output);
/* Writes unfinished lines that are old enough, or all of them. */
void gsi_output_flush(struct gsi_output *output, bool all);

#endif
