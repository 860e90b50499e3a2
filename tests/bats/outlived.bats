# SPDX-License-Identifier: Apache-2.0
# Nobody outlives its server or its node: scripts around servers, helpers of
# any program.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
	program=$GS_BUILD/tests/fixtures/fx_program
	printf '#!/bin/sh\n"%s" "$@"\n' "$program" >"$work/runs"
	printf '#!/bin/sh\nexec "%s" "$@"\n' "$program" >"$work/execs"
	chmod +x "$work/runs" "$work/execs"
	# a helper, and where its pid is found
	helped="sleep 1000 & echo \$! >\"$work/helper\"; wait"
}

teardown()
{
	node_teardown
}

helper_there()
{
	helper=$(cat "$work/helper") && [ -n "$helper" ] && ! gone "$helper"
}

# No process of this test runs the program.
no_program()
{
	local pid

	for pid in $(node_processes); do
		[ ! "/proc/$pid/exe" -ef "$program" ] || return 1
	done
}

log_has()
{
	gsctl log | grep -qF "$1"
}

@test "outlived: a script that execs its server is the server" {
	gsctl start --name kv "$work/execs" a b >/dev/null
	is "$(gsctl call kv argument)" "a b"
	is "$(readlink "/proc/$(gsctl whereis --os-pid kv)/exe")" \
		"$(readlink -f "$program")"
	gsctl stop kv
}

@test "outlived: a script that does not exec its server is refused" {
	refused 5 no_server "exec" -- \
		gsctl start --name kv --timeout 10000 "$work/runs"
	refused 4 -- gsctl whereis kv
	within 10 no_program
	within 10 log_has "a script that runs a server must exec it"
}

@test "outlived: helpers of a plain program end with it" {
	gsctl start --plain --name kv sh -c "$helped" >/dev/null
	within 10 helper_there
	gsctl stop kv
	within 10 gone "$helper"
}

@test "outlived: helpers of a plain program that is killed" {
	gsctl start --plain --name kv --restart temporary sh -c "$helped" \
		>/dev/null
	within 10 helper_there
	kill -9 "$(gsctl whereis --os-pid kv)"
	within 10 gone "$helper"
}

@test "outlived: helpers of a plain program when the node is killed" {
	gsctl start --plain --name kv sh -c "$helped" >/dev/null
	within 10 helper_there
	kill -9 "$(node_pid)"
	within 10 gone "$helper"
}
