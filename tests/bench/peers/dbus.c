/* SPDX-License-Identifier: Apache-2.0 */
/*
 * D-Bus by sd-bus, from peer to peer over a socket pair: no daemon in
 * between, which would double every way.  Method calls with an array of bytes
 * to an object's vtable; casts are calls that expect no reply.  With one
 * client the server runs sd_bus_process itself, with more sd-event does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "tests/bench/peers/peer.h"

#define PATH "/bench"
#define INTERFACE "org.example.Bench"

static void
must(int status, const char *what)
{
	errno = status < 0 ? -status : 0;
	peer_check(status >= 0, what);
}

/* ---- the server ---- */

static int
on_call(sd_bus_message *m, void *data, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	const void *bytes;
	size_t size;

	(void)data;
	(void)error;
	must(sd_bus_message_read_array(m, 'y', &bytes, &size), "request");
	must(sd_bus_message_new_method_return(m, &reply), "reply");
	must(sd_bus_message_append_array(reply, 'y', bytes, size), "reply");
	must(sd_bus_send(NULL, reply, NULL), "send");
	sd_bus_message_unref(reply);
	return 1;
}

static int
on_cast(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const void *bytes;
	size_t size;

	(void)data;
	(void)error;
	must(sd_bus_message_read_array(m, 'y', &bytes, &size), "message");
	peer_taken();
	return 1;
}

static const sd_bus_vtable table[] = { SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Call", "ay", "ay", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Cast", "ay", "", on_cast,
	    SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_METHOD_NO_REPLY),
	SD_BUS_VTABLE_END };

static sd_bus *
server_bus(int fd)
{
	sd_id128_t id;
	sd_bus *bus;

	must(sd_id128_randomize(&id), "id");
	must(sd_bus_new(&bus), "bus");
	must(sd_bus_set_fd(bus, fd, fd), "bus");
	must(sd_bus_set_server(bus, 1, id), "bus");
	must(sd_bus_set_trusted(bus, 1), "bus");
	must(sd_bus_start(bus), "bus");
	must(sd_bus_add_object_vtable(bus, NULL, PATH, INTERFACE, table, NULL),
	    "object");
	return bus;
}

static void
serve(const struct peer_job *job)
{
	sd_event *event;
	sd_bus *bus = NULL;
	int status;

	must(sd_event_new(&event), "event");
	for (int i = 0; i < job->clients; i++) {
		bus = server_bus(job->server_end[i]);
		if (job->clients > 1)
			must(sd_bus_attach_event(bus, event, 0), "attach");
	}
	peer_ready();
	if (job->clients > 1)
		must(sd_event_loop(event), "loop");
	for (;;) {
		status = sd_bus_process(bus, NULL);
		must(status, "process");
		if (status == 0)
			must(sd_bus_wait(bus, UINT64_MAX), "wait");
	}
}

/* ---- the client ---- */

static void *
open_client(const struct peer_job *job, int index)
{
	/* the bus closes its own */
	int fd = dup(job->client_end[index]);
	sd_bus *bus;

	peer_check(fd >= 0, "dup");
	must(sd_bus_new(&bus), "bus");
	must(sd_bus_set_fd(bus, fd, fd), "bus");
	must(sd_bus_start(bus), "bus");
	return bus;
}

static sd_bus_message *
message_of(sd_bus *bus, const char *method, const void *bytes, size_t size)
{
	sd_bus_message *m;

	must(sd_bus_message_new_method_call(
		 bus, &m, NULL, PATH, INTERFACE, method),
	    "message");
	must(sd_bus_message_append_array(m, 'y', bytes, size), "message");
	return m;
}

static void
call(void *client, const void *request, size_t size)
{
	sd_bus_message *m = message_of(client, "Call", request, size), *reply;
	const void *bytes;
	size_t n;

	must(sd_bus_call(client, m, UINT64_MAX, NULL, &reply), "call");
	must(sd_bus_message_read_array(reply, 'y', &bytes, &n), "reply");
	errno = 0;
	peer_check(n == size, "reply");
	sd_bus_message_unref(reply);
	sd_bus_message_unref(m);
}

static void
cast(void *client, const void *message, size_t size)
{
	sd_bus_message *m = message_of(client, "Cast", message, size);
	uint64_t queued = 0;

	must(sd_bus_message_set_expect_reply(m, 0), "message");
	must(sd_bus_send(client, m, NULL), "cast");
	sd_bus_message_unref(m);
	/* it queues what the socket has no room for, up to a limit */
	must(sd_bus_get_n_queued_write(client, &queued), "queue");
	if (queued > 0)
		must(sd_bus_flush(client), "flush");
}

static void
close_client(void *client)
{
	sd_bus_flush_close_unref(client);
}

int
main(int argc, char **argv)
{
	static const struct peer peer = { .name = "dbus",
		.socket_type = SOCK_STREAM,
		.serve = serve,
		.open = open_client,
		.call = call,
		.cast = cast,
		.close = close_client };

	return peer_main(argc, argv, &peer);
}
