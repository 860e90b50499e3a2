/* SPDX-License-Identifier: Apache-2.0 */
/* The asking side of sys: one request, its answer in as many pieces as it takes. */
#ifndef GSI_SYS_ASK_H
#define GSI_SYS_ASK_H

#include "lib/internal.h"

struct gsi_sys_request {
	enum gsi_sys_op op;
	const char *operation; /* for words: "sys_suspend" */
	gs_bytes name;
	gs_bytes text;
	uint64_t number;
	bool stays; /* also begun when the caller has given up */
};

/* 0 and *data (or NULL), the thread's until its next request; or -errno. */
int gsi_sys_ask(gs_addr to, const struct gsi_sys_request *request,
    gs_bytes *data, int timeout);
/* Frees what this thread was handed out. */
void gsi_sys_end(void);
/* A path as somebody elsewhere can use it; -ENAMETOOLONG, -errno of getcwd. */
int gsi_sys_path(const char *path, char *out, size_t size);

#endif
