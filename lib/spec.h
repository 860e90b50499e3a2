/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One start of a server, as it travels to the root supervisor and as that
 * keeps it for restarts.  It comes from a stranger: nobody reads one that
 * gsi_spec_check has not passed.
 */
#ifndef GSI_SPEC_H
#define GSI_SPEC_H

#include "lib/internal.h"

/* How a server's code is found. */
enum gsi_code {
	GSI_CODE_ADDRESS =
	    1, /* a behaviour in the image root was forked from */
	GSI_CODE_OBJECT, /* at an offset of a loadable object */
	GSI_CODE_MODULE, /* gs_module of a *.so */
	GSI_CODE_PROGRAM, /* a program that calls gs_main */
	GSI_CODE_PLAIN, /* any program */
};

enum gsi_spec_flags {
	GSI_SPEC_LINK = 1,
	GSI_SPEC_MONITOR = 2,
	GSI_SPEC_SUPERVISED = 4,
	GSI_SPEC_IN_PROGRAM = 8, /* the behaviour is in an executable */
};

/*
 * One start, as it travels and as root keeps it for restarts.  The strings
 * stand behind it in this order, each ended by a NUL: name, path, directory,
 * debug, via key; then the argument bytes; then argv, each word ended by a NUL.
 */
struct gsi_spec {
	uint32_t op;
	uint32_t size; /* of all, header included */
	uint32_t code;
	uint32_t flags;
	uint64_t ref; /* of the monitor */
	uint64_t address;
	uint64_t base;
	uint64_t device;
	uint64_t inode;
	uint64_t max_memory; /* 0: no limit */
	int64_t via; /* from the behaviour to the via module; 0: has none */
	int32_t restart;
	int32_t shutdown;
	int32_t max_restarts;
	int32_t max_seconds;
	int32_t timeout; /* ms, 0 none */
	int32_t hibernate_after;
	uint32_t cells;
	int32_t priority;
	uint32_t name_at;
	uint32_t path_at;
	uint32_t module_at; /* "": none; else what its code was changed to */
	uint32_t directory_at;
	uint32_t debug_at;
	uint32_t via_key_at;
	uint32_t argument_at;
	uint32_t argument_size;
	uint32_t argv_at;
	uint32_t argc;
	char text[];
};

/* Our own executable file. */
int gsi_spec_exe(uint64_t *device, uint64_t *inode);
/* True when every offset of a spec lies within it and its text ends. */
bool gsi_spec_check(const struct gsi_spec *spec, size_t size);

static inline const char *
gsi_spec_text(const struct gsi_spec *spec, uint32_t at)
{
	return (const char *)spec + at;
}

/* The same spec with that module as its code, malloc'ed; NULL: no memory. */
struct gsi_spec *gsi_spec_with_module(
    const struct gsi_spec *spec, const char *path);

/* Checks what is asked for and makes a spec of it, malloc'ed into *out. */
int gsi_spec_build(const gs_child_spec *child, uint32_t flags, uint64_t ref,
    struct gsi_spec **out);

#endif
