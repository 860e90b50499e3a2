# SPDX-License-Identifier: Apache-2.0
# PID and user namespaces, and no privileges at all.

bats_require_minimum_version 1.5.0
load starved

setup()
{
	starved_setup
}

teardown()
{
	starved_teardown
}

@test "starved: the node is process 1" {
	needs_root
	unshare --pid --fork --mount-proc true 2>/dev/null ||
		skip "needs a PID namespace"
	unshare --pid --fork --mount-proc --kill-child \
		gsctl up --foreground 3>&- &
	init=$!
	within 10 gsctl info
	gsctl start --name kv "$kit" >/dev/null
	is "$(gsctl call kv echo outer)" outer
	# what the node calls itself there, and what adopts helpers
	is "$(gsctl info --json | jq .os_pid)" 1
	pid=$(gsctl whereis kv)
	gsctl kill kv
	within 10 other_pid kv "$pid"
	is "$(gsctl call kv echo again)" again
	# a helper left behind is reaped by the node
	gsctl start --name sh --plain sh -c \
		'sh -c "sleep 0.1" & exec sleep 100' >/dev/null
	gsctl stop sh
	gsctl down
	wait "$init"
	no_processes
}

@test "starved: a client one PID namespace further in" {
	needs_root
	unshare --pid --fork --mount-proc true 2>/dev/null ||
		skip "needs a PID namespace"
	gsctl start --name kv "$kit" >/dev/null
	is "$(unshare --pid --fork --mount-proc gsctl call kv echo x)" x
	# its end is seen: places and descriptors come back
	unshare --pid --fork --mount-proc --kill-child \
		gsctl call kv sleep 30000 3>&- &
	job=$!
	within 10 clients_are 2
	kill -9 "$job"
	within 10 clients_are 1
	kill -9 "$(gsctl whereis --os-pid kv)"
	gsctl down
}

@test "starved: a user namespace, where root is somebody else" {
	unshare --user --map-root-user true 2>/dev/null ||
		skip "needs a user namespace"
	unshare --user --map-root-user gsctl start --name kv "$kit" >/dev/null
	is "$(unshare --user --map-root-user gsctl call kv echo x)" x
	is "$(gsctl call kv echo y)" y
	pid=$(gsctl whereis kv)
	kill -9 "$(gsctl whereis --os-pid kv)"
	within 10 other_pid kv "$pid"
	gsctl down
}

@test "starved: an ordinary user in a user and a PID namespace" {
	as_user
	"${as[@]}" unshare --user --map-root-user --pid --fork --mount-proc \
		true 2>/dev/null || skip "users may not make namespaces here"
	# shellcheck disable=SC2016
	run -0 "${as[@]}" unshare --user --map-root-user --pid --fork \
		--mount-proc bash -euc '
		gsctl start --name kv "$kit" >/dev/null
		gsctl call kv echo one
		kill -9 "$(gsctl whereis --os-pid kv)"
		gsctl wait kv --up
		gsctl call kv echo two
		gsctl down'
	is "$output" $'one\ntwo'
}

@test "starved: an ordinary user without privileges" {
	as_user
	# shellcheck disable=SC2016
	run -0 "${as[@]}" --no-new-privs --bounding-set=-all bash -euc '
		gsctl start --name kv "$kit" >/dev/null
		gsctl call kv echo one
		p=$(gsctl whereis kv)
		kill -9 "$(gsctl whereis --os-pid kv)"
		gsctl wait "$p" --down
		gsctl wait kv --up
		gsctl call kv echo two
		gsctl start --name sh --plain sleep 100 >/dev/null
		gsctl down'
	is "$output" $'one\ntwo'
	no_processes
}
