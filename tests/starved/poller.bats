# SPDX-License-Identifier: Apache-2.0
# No io_uring: refused by a filter, or missing; see also whole.bats.

bats_require_minimum_version 1.5.0
load starved

setup()
{
	starved_setup
	no_uring=$GS_BUILD/tests/fixtures/fx_no_uring
	export no_uring
	unset GS_POLLER
}

teardown()
{
	starved_teardown
}

# What a node does for its user: calls, messages, time-outs, ends, restarts.
does_all()
{
	has "$(gsctl info | grep ^poller)" epoll
	is "$(gsctl call kv echo x)" x
	gsctl cast kv sleep 0
	is "$(gsctl call kv casts)" 1
	run gsctl call --timeout 50 kv await "$work/never"
	is "$status" 124
	pid=$(gsctl whereis kv)
	kill -9 "$(gsctl whereis --os-pid kv)"
	within 10 other_pid kv "$pid"
	is "$(gsctl call kv echo y)" y
	gsctl stop kv
	gsctl down
	no_processes
}

# OS-12
@test "starved: a filter refuses io_uring with EPERM" {
	"$no_uring" true || skip "seccomp is refused"
	has "$("$no_uring" gsctl --version)" \
		"epoll (io_uring refused: Operation not permitted)"
	"$no_uring" gsctl start --name kv "$kit" >/dev/null
	does_all
}

# OS-12
@test "starved: there is no io_uring, ENOSYS" {
	"$no_uring" true || skip "seccomp is refused"
	has "$("$no_uring" --enosys gsctl --version)" \
		"epoll (io_uring refused: Function not implemented)"
	"$no_uring" --enosys gsctl start --name kv "$kit" >/dev/null
	does_all
}

# OS-12
@test "starved: a ring can be made but not used" {
	"$no_uring" true || skip "seccomp is refused"
	has "$("$no_uring" --late gsctl --version)" "epoll (io_uring refused"
	"$no_uring" --late gsctl start --name kv "$kit" >/dev/null
	does_all
}

@test "starved: io_uring is asked for where there is none: said, no node" {
	"$no_uring" true || skip "seccomp is refused"
	GS_POLLER=io_uring run --separate-stderr "$no_uring" gsctl up
	[ "$status" -ne 0 ]
	has "$stderr" GS_POLLER=io_uring
	no_processes
	# a node with a ring does not mind a client without
	gsctl start --name kv "$kit" >/dev/null
	is "$("$no_uring" gsctl call kv echo x)" x
}

@test "starved: a poller that nobody knows" {
	refused 64 "GS_POLLER=nonsense" "io_uring and epoll" -- \
		env GS_POLLER=nonsense gsctl up
	no_processes
	is "$(node_segments)" ""
	refused 64 "GS_POLLER=nonsense" -- \
		env GS_POLLER=nonsense gsctl start "$kit"
	has "$(GS_POLLER=nonsense gsctl --version)" "poller none"
}

@test "starved: an empty GS_POLLER is none" {
	GS_POLLER='' gsctl up
	has "$(gsctl info | grep ^poller)" "poller"
	[[ $(GS_POLLER='' gsctl --version) =~ poller\ (io_uring|epoll) ]]
}
