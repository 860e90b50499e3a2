# SPDX-License-Identifier: Apache-2.0
# Under valgrind's memcheck, which knows neither io_uring nor pidfd_open.  Any
# error that it finds, in any process, fails the test.

bats_require_minimum_version 1.5.0
load starved

setup()
{
	starved_setup
	once
	command -v valgrind >/dev/null || skip "no valgrind"
	export GS_POLLER=epoll
	valgrind -q "$GS_BUILD/cmd/gsctl" --version >/dev/null 2>&1 ||
		skip "this build does not run under valgrind, as sanitizers do not"
}

teardown()
{
	starved_teardown
}

# Standard error of the program and of all its children is in a file.
memcheck()
{
	timeout 100 valgrind -q --child-silent-after-fork=no \
		--log-file="$work/vg.%p" --error-exitcode=99 "$@"
}

no_errors()
{
	# the numbers of system calls that it does not know are no errors
	run ! grep -h '^==' "$work"/vg.*
}

@test "starved: a client under valgrind, of a node that is not" {
	gsctl start --name kv "$kit" >/dev/null
	is "$(memcheck gsctl call kv echo x)" x
	memcheck gsctl start --name two "$kit" >/dev/null
	memcheck gsctl ls >/dev/null
	run memcheck gsctl call --timeout 50 kv await "$work/go"
	is "$status" 124
	: >"$work/go"
	no_errors
	# one that is killed there is seen to end
	valgrind -q gsctl call --timeout 60000 kv sleep 60000 \
		>/dev/null 2>&1 3>&- &
	job=$!
	within 40 clients_are 2
	kill -9 "$job"
	within 20 clients_are 1
	gsctl kill kv
}

@test "starved: a program with its own node under valgrind" {
	program=$GS_BUILD/man/examples/embedded
	[ -x "$program" ] || skip "the examples are not built"
	unset GS_NODE
	run -0 --separate-stderr memcheck "$program"
	has "$output" "ledger 20: 120" "divider 84 2: 42" \
		"divider 1 0: it died, signal:6" "ledger 3: 123" \
		"divider 21 7: 3"
	# what abort prints there is no error of ours
	sed -i '/Process terminating with default action/,/^==[0-9]*== *$/d' \
		"$work"/vg.*
	no_errors
}

@test "starved: a named node under valgrind: calls, ends, restarts" {
	memcheck "$GS_BUILD/cmd/gs-node" "$GS_NODE" 3>&- &
	node=$!
	within 30 gsctl info
	gsctl start --name kv "$kit" >/dev/null
	is "$(gsctl call --timeout 20000 kv echo x)" x
	pid=$(gsctl whereis kv)
	kill -9 "$(gsctl whereis --os-pid kv)"
	within 20 other_pid kv "$pid"
	is "$(gsctl call --timeout 20000 kv echo y)" y
	gsctl start --name sh --plain sleep 100 >/dev/null
	gsctl stop sh
	gsctl down --timeout 20000
	wait "$node"
	no_errors
}
