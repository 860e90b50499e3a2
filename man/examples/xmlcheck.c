/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A crash-prone component in a process of its own: checks that XML is well
 * formed, with libexpat.  A request that starts with '<' is XML, any other
 * the path of a file, relative ones from the server's working folder.
 *
 *	gsctl start --name xml ./xmlcheck.so
 *	gsctl call xml '<a><b/></a>'	ok 2 elements
 *	gsctl call xml '<a></b>'	error 1:6 mismatched tag
 *	gsctl call xml '<poison/>'	exit status 125: signal:11
 *
 * The last one is a bug that kills, kept on purpose: see started().  As a
 * program it checks the files it is given, and crashes of the checker are
 * just one more verdict: the supervisor has a new one for the next file.
 */
#include <errno.h>
#include <expat.h>
#include <genserver.h>
#include <limits.h>
#include <stdio.h>

#define CHUNK 65536
#define NOT_WELL_FORMED 1

extern const gs_behaviour xmlcheck;

/* Client functions: these run in the caller. */

static int
xmlcheck_start(const char *name, gs_pid *pid)
{
	gs_child_spec spec = {
		.behaviour = &xmlcheck,
		.options.name = name,
		.has_intensity = true, /* we know that it crashes */
		.max_restarts = 1000,
		.max_seconds = 1,
	};

	return gs_child_start(&spec, pid);
}

/* After a crash the name is free for a moment. */
static int
xmlcheck_wait(const char *name)
{
	uint32_t seen;
	gs_pid pid;
	int status;

	do {
		seen = gs_changes();
		if (gs_whereis(name, &pid) == 0)
			return 0;
		status = gs_changed(seen, GS_CALL_TIMEOUT);
	} while (status == 0);
	return status;
}

/* -ECONNRESET: the checker died of it, gs_error_reason says how. */
static int
xmlcheck_ask(const char *name, const char *xml_or_path, gs_bytes *verdict)
{
	int status = xmlcheck_wait(name);

	if (status < 0)
		return status;
	return gs_call(GS_NAME(name), GS_TEXT(xml_or_path), verdict, 60000);
}

/* Callbacks: these run in the server. */

static gs_next
xmlcheck_init(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

/* For each start tag; attributes: name, value, name, value, ..., NULL. */
static void
started(void *elements, const char *name, const char **attributes)
{
	/* The bug: a poison without any attribute makes strcmp read NULL. */
	if (strcmp(name, "poison") == 0 && strcmp(attributes[0], "dose") != 0)
		return;
	++*(long *)elements;
}

static int
parse_text(XML_Parser parser, gs_bytes text)
{
	enum XML_Status status;

	status = XML_Parse(parser, text.data, (int)text.size, 1);
	return status == XML_STATUS_OK ? 0 : NOT_WELL_FORMED;
}

static int
parse_stream(XML_Parser parser, FILE *file)
{
	size_t n;

	do {
		void *buffer = XML_GetBuffer(parser, CHUNK);

		if (!buffer)
			gs_exit("enomem");
		n = fread(buffer, 1, CHUNK, file);
		if (ferror(file))
			return -errno;
		if (XML_ParseBuffer(parser, (int)n, n == 0) != XML_STATUS_OK)
			return NOT_WELL_FORMED;
	} while (n > 0);
	return 0;
}

static int
parse_file(XML_Parser parser, gs_bytes name)
{
	char path[PATH_MAX];
	FILE *file;
	int status;

	if (name.size >= sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(gs_string(name, path, sizeof(path)), "re");
	if (!file)
		return -errno;
	status = parse_stream(parser, file);
	fclose(file);
	return status;
}

static gs_next
xmlcheck_call(void *state, gs_bytes request, gs_from from)
{
	const char *text = request.data;
	XML_Parser parser = XML_ParserCreate(NULL);
	long elements = 0;
	gs_bytes verdict;
	int status;

	(void)state;
	(void)from;
	if (!parser)
		gs_exit("enomem");
	XML_SetUserData(parser, &elements);
	XML_SetStartElementHandler(parser, started);
	if (request.size > 0 && text[0] == '<')
		status = parse_text(parser, request);
	else
		status = parse_file(parser, request);
	if (status == 0)
		verdict = GS_STR("ok %ld elements", elements);
	else if (status == NOT_WELL_FORMED)
		verdict =
		    GS_STR("error %lu:%lu %s", XML_GetCurrentLineNumber(parser),
			XML_GetCurrentColumnNumber(parser) + 1,
			XML_ErrorString(XML_GetErrorCode(parser)));
	else
		verdict = GS_STR("error 0:0 %s", strerror(-status));
	XML_ParserFree(parser);
	return gs_next_reply(verdict);
}

GS_SERVER(xmlcheck, .version = "1", .init = xmlcheck_init,
    .handle_call = xmlcheck_call);
GS_MODULE(xmlcheck);

int
main(int argc, char **argv)
{
	char text[512];
	gs_bytes verdict;
	gs_pid pid;
	int bad = 0;

	if (gs_node_open(NULL, 0) < 0 || xmlcheck_start("xml", &pid) < 0)
		goto fail;
	for (int i = 1; i < argc; i++) {
		int status = xmlcheck_ask("xml", argv[i], &verdict);

		if (status == -ECONNRESET)
			verdict = GS_STR("crash %s", gs_error_reason());
		else if (status < 0)
			goto fail;
		/* who sends such files may also send what terminals obey */
		printf("%s: %s\n", argv[i],
		    gs_printable(verdict, text, sizeof(text)));
		bad += !gs_verb(verdict, "ok", NULL);
	}
	return bad ? 1 : 0;
fail:
	fprintf(stderr, "xmlcheck: %s\n", gs_error_text());
	return 1;
}
