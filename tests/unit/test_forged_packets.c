/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets with a pid that is not the sender's, of a wrong size, out of order
 * or with too much in them.  Each is refused, leaks nothing and hurts nobody.
 * OS-20
 */
#include "tests/unit/forged.h"

TEST(more_descriptors_than_wanted_are_closed)
{
	struct gsi_packet packet = packet_of(GSI_PACKET_FETCH);
	struct gsi_welcome answer;
	gs_node_info before;
	int fds[16];

	open_node(&before);
	for (int i = 0; i < 16; i++)
		fds[i] = eventfd(0, 0);
	CHECK_INT(ask(&packet, sizeof(packet), fds, 16, &answer), 0);
	packet.op = 77;
	CHECK_INT(ask(&packet, sizeof(packet), fds, 16, &answer), 0);
	packet.op = GSI_PACKET_ATTACH;
	CHECK_INT(
	    ask(&packet, sizeof(packet), fds, 16, &answer), sizeof(answer));
	CHECK_INT(answer.status, -EPERM);
	for (int i = 0; i < 16; i++)
		close(fds[i]);
	close_node(&before);
}

/* ---- a bell for somebody else ---- */

static gs_next
nothing(void *state, gs_bytes argument)
{
	(void)state;
	(void)argument;
	return gs_ok();
}

static GS_SERVER(idle, .init = nothing);

TEST(who_is_not_that_process_gets_no_bell)
{
	struct gsi_packet packet = packet_of(GSI_PACKET_FETCH);
	gs_child_spec spec = { .behaviour = &idle };
	struct gsi_welcome answer;
	gs_node_info before;
	gs_pid server;

	open_node(&before);
	CHECK_INT(gs_child_start(&spec, &server), 0);
	count(&before);
	packet.target = gsi_self()->pid;
	packet.who = server;
	CHECK_INT(ask(&packet, sizeof(packet), NULL, 0, &answer), 0);
	packet.who = gsi_self()->pid;
	packet.who.gen++;
	CHECK_INT(ask(&packet, sizeof(packet), NULL, 0, &answer), 0);
	packet.who.slot = UINT32_MAX;
	CHECK_INT(ask(&packet, sizeof(packet), NULL, 0, &answer), 0);
	/* of whom there is none */
	packet.who = gsi_self()->pid;
	packet.target.slot = UINT32_MAX;
	CHECK_INT(
	    ask(&packet, sizeof(packet), NULL, 0, &answer), sizeof(answer));
	CHECK_INT(answer.status, -ESRCH);
	close_node(&before);
}

/* ---- sizes and order ---- */

TEST(packets_of_a_wrong_size_are_refused)
{
	struct gsi_packet packet = packet_of(GSI_PACKET_ATTACH);
	char longer[4096] = { 0 };
	struct gsi_welcome answer;
	int pidfd = pidfd_of(getpid());
	gs_node_info before;

	open_node(&before);
	memcpy(longer, &packet, sizeof(packet));
	for (size_t size = 1; size <= sizeof(longer); size += 7) {
		ssize_t n;

		if (size == sizeof(packet))
			continue;
		n = ask(longer, size, &pidfd, 1, &answer);
		if (n != 0) {
			CHECK_INT(n, sizeof(answer));
			CHECK_INT(answer.status, -EPROTO);
		}
	}
	close(pidfd);
	close_node(&before);
}

TEST(packets_out_of_order_do_nothing)
{
	struct gsi_packet packet = packet_of(GSI_PACKET_ATTACH);
	struct gsi_packet down = packet_of(GSI_PACKET_DOWN);
	struct gsi_packet bye = packet_of(GSI_PACKET_DETACH);
	int pidfd = pidfd_of(getpid()), socket;
	struct gsi_welcome answer;
	gs_node_info before;

	open_node(&before);
	/* from one who has not come in */
	CHECK_INT(ask(&down, sizeof(down), NULL, 0, &answer), 0);
	CHECK_INT(ask(&bye, sizeof(bye), NULL, 0, &answer), 0);
	/* coming in twice; words of a wrong size; then leaving twice */
	socket = gsi_connect(gsi_home()->path, 0, -1);
	CHECK_OK(socket);
	for (int i = 0; i < 3; i++)
		CHECK_INT(
		    gsi_packet_send(socket, &packet, sizeof(packet), &pidfd, 1),
		    0);
	CHECK_INT(gsi_packet_send(socket, &down, sizeof(down) - 1, NULL, 0), 0);
	CHECK_INT(gsi_packet_send(socket, &bye, sizeof(bye), NULL, 0), 0);
	gsi_packet_send(socket, &bye, sizeof(bye), NULL, 0);
	CHECK_INT(answer_on(socket, &answer), sizeof(answer));
	CHECK_INT(answer.status, 0);
	CHECK_INT(answer_on(socket, &answer), 0);
	close(socket);
	close(pidfd);
	close_node(&before);
}
