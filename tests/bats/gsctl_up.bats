# SPDX-License-Identifier: Apache-2.0
# gsctl up: the node in the background and in the foreground.

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

@test "gsctl up: starts the node in a session of its own" {
	run -0 --separate-stderr gsctl up
	is "$output" ""
	is "$stderr" ""
	pid=$(node_pid)
	is "$(ps -o sid= -p "$pid" | tr -d ' ')" "$pid"
	is "$(readlink "/proc/$pid/cwd")" /
	is "$(readlink "/proc/$pid/fd/1")" /dev/null
}

@test "gsctl up: finds the node running" {
	gsctl up
	pid=$(node_pid)
	gsctl up
	is "$(node_pid)" "$pid"
}

@test "gsctl up: of many at once all find the same node" {
	for i in 1 2 3 4 5 6 7 8; do
		gsctl up 3>&- 2>"$work/words.$i" &
		pids+=("$!")
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	is "$(cat "$work"/words.*)" ""
	is "$(gsctl nodes | wc -l)" 1
}

@test "gsctl up: its output can be waited for to its end" {
	# A node that kept these descriptors would block here.
	is "$(gsctl up 2>&1)" ""
}

@test "gsctl up: a tree file is not there yet" {
	refused 64 "tree.conf" -- gsctl up tree.conf
	no_processes
}

@test "gsctl up: --ready-fd only with --foreground, and open" {
	refused 64 "--foreground" -- gsctl up --ready-fd 1
	refused 64 "--ready-fd" -- gsctl up --foreground --ready-fd x
	refused 64 "9" -- gsctl up --foreground --ready-fd 9
	no_processes
}

@test "gsctl up: --foreground is the node, and says when it is up" {
	mkfifo "$work/ready"
	gsctl up --foreground --ready-fd 4 4>"$work/ready" 3>&- &
	pid=$!
	read -r line <"$work/ready"
	[ -n "$line" ]
	is "$(node_pid)" "$pid"
	refused 5 "runs already" -- gsctl up --foreground
	gsctl down
	wait "$pid"
}

@test "gsctl up: --foreground ends cleanly on SIGTERM" {
	gsctl up --foreground 3>&- &
	pid=$!
	within 10 gsctl info
	gsctl start --name kv "$kit" >/dev/null
	kill -TERM "$pid"
	wait "$pid"
	no_processes
	is "$(node_segments)" ""
}

@test "gsctl up: works after the node was killed" {
	gsctl start --name kv "$kit" >/dev/null
	pid=$(node_pid)
	kill -9 "$pid"
	within 5 no_processes
	refused 69 -- gsctl call kv echo x
	gsctl up
	[ "$(node_pid)" != "$pid" ]
	refused 4 "'kv'" -- gsctl call kv echo x
	gsctl start --name kv "$kit" >/dev/null
	is "$(gsctl call kv echo x)" x
}

@test "gsctl up: a node that cannot start says why" {
	mkdir -m 700 "$GS_RUNTIME_DIR"
	(
		ulimit -n 8
		run --separate-stderr gsctl up
		[ "$status" -ne 0 ]
		[[ $stderr == "gsctl: "* ]]
	)
	within 5 no_processes
}

@test "gs-node: wrong words" {
	node=$GS_BUILD/cmd/gs-node
	run -64 "$node"
	run -64 "$node" a b
	run -64 "$node" --nonsense a
	run -64 "$node" --ready-fd x a
	run -64 "$node" --ready-fd 99 a
	run -64 "$node" $'a\nb'
	no_processes
}

@test "gs-node: a second one of the same name ends with 73" {
	gsctl up
	run -73 "$GS_BUILD/cmd/gs-node" "$GS_NODE"
	is "$(gsctl nodes | wc -l)" 1
}
