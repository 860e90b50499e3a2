# SPDX-License-Identifier: Apache-2.0
# gsctl down: nothing is left when it returns.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
}

teardown()
{
	node_teardown
}

@test "gsctl down: all processes and the segment are gone when it returns" {
	gsctl start --name a "$kit" >/dev/null
	gsctl start --name b "$kit" >/dev/null
	gsctl start --name c --plain sleep 1000 >/dev/null
	node=$(node_pid)
	a=$(gsctl whereis --os-pid a)
	run -0 --separate-stderr gsctl down
	is "$output$stderr" ""
	gone "$node"
	gone "$a"
	no_processes
	is "$(node_segments)" ""
	is "$(gsctl nodes)" ""
	refused 69 -- gsctl ls
}

@test "gsctl down: and up again" {
	for _ in 1 2 3; do
		gsctl up
		gsctl down
	done
	no_processes
}

@test "gsctl down: waits for a server's terminate" {
	gsctl start --name slow "$kit" slow-end 300 >/dev/null
	gsctl down
	no_processes
}

@test "gsctl down: brutal_kill does not wait for terminate" {
	gsctl start --name slow --shutdown brutal_kill "$kit" \
		slow-end 60000 >/dev/null
	gsctl down --timeout 5000
	no_processes
}

@test "gsctl down: ends a server that overstays its shutdown time" {
	gsctl start --name slow --shutdown 100 "$kit" slow-end 60000 >/dev/null
	gsctl down --timeout 10000
	no_processes
}

@test "gsctl down: --timeout" {
	gsctl start --name slow --shutdown infinity "$kit" \
		slow-end 60000 >/dev/null
	os=$(gsctl whereis --os-pid slow)
	refused 124 -- gsctl down --timeout 50
	kill -9 "$os"
	within 10 no_processes
	for value in -1 12x "" abc 99999999999 0x10 1.5 " 5"; do
		refused 64 "--timeout" "'$value'" -- gsctl down --timeout "$value"
	done
}

@test "gsctl down: a node that is stopped, by SIGSTOP" {
	gsctl up
	node=$(node_pid)
	kill -STOP "$node"
	refused 124 "node '$GS_NODE' (process $node) does not answer" -- \
		gsctl down --timeout 1100
	[[ $stderr != *"is it stopped?"* ]]
	refused 124 "is it stopped?" "down: node" -- gsctl down --timeout 3200
	kill -CONT "$node"
	gsctl down --timeout 10000
	no_processes
}

@test "gsctl down: ends stopped servers as well" {
	gsctl start --name a --shutdown 200 "$kit" >/dev/null
	kill -STOP "$(gsctl whereis --os-pid a)"
	gsctl down --timeout 10000
	no_processes
}
