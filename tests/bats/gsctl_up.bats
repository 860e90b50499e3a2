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
	refused 64 "'tree.conf'" "takes no words" "-n NODE" -- \
		gsctl up tree.conf
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
	refused 70 "did not start" -- bash -c 'ulimit -n 8; exec gsctl up'
	within 5 no_processes
	is "$(node_segments)" ""
	gsctl up
}

@test "gsctl up: gs-node is missing" {
	[ ! -e /usr/local/libexec/genserver/gs-node ] || skip "it is installed"
	cp "$GS_BUILD/cmd/gsctl" "$work/gsctl"
	refused 70 "gs-node" "installed" -- \
		env LD_LIBRARY_PATH="$GS_BUILD/lib" "$work/gsctl" up
}

@test "gsctl up: a name too long for a socket" {
	refused 64 "too long" -- gsctl -n "$(printf 'n%.0s' {1..120})" up
	no_processes
}

@test "gsctl up: what lies in the segment's place is swept" {
	segment=/dev/shm/genserver-$(id -u)-$GS_NODE
	head -c 9000 /dev/urandom >"$segment"
	gsctl up
	gsctl start --name kv "$kit" >/dev/null
	is "$(gsctl call kv echo x)" x
	gsctl down
	: >"$segment"
	gsctl up
	gsctl down
	[ ! -e "$segment" ]
}

@test "gsctl up: while the node before goes down" {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		gsctl start --name kv "$kit" >/dev/null
		gsctl down 3>&- &
		job=$!
		gsctl up
		wait "$job"
		gsctl up
		gsctl down
	done
}

@test "gsctl up: io_uring is refused" {
	without=$GS_BUILD/tests/fixtures/fx_no_uring
	unset GS_POLLER
	"$without" true || skip "seccomp is refused"
	has "$("$without" gsctl --version)" "epoll (io_uring refused"
	"$without" gsctl start --name kv "$kit" >/dev/null
	has "$(gsctl info --json | jq -r .poller)" epoll
	is "$(gsctl call kv echo x)" x
	is "$("$without" gsctl call kv echo x)" x
	gsctl down
	GS_POLLER=io_uring run --separate-stderr "$without" gsctl up
	[ "$status" -ne 0 ]
	has "$stderr" GS_POLLER=io_uring
	no_processes
}

@test "gsctl up: few file descriptors; at the limit a start fails, no more" {
	(
		ulimit -n 64
		gsctl up
		for i in {1..100}; do
			run --separate-stderr gsctl start --name "k$i" "$kit"
			[ "$status" -eq 0 ] || break
		done
		is "$status" 5
		has "$stderr" "system_limit"
	)
	is "$(gsctl call k1 echo alive)" alive
	gsctl stop k1
	gsctl down
}

# in_namespace MOUNT-OPTIONS: a shell with its own /dev/shm.
in_namespace()
{
	unshare -m sh -euc "mount -t tmpfs -o $1 tmpfs /dev/shm; $2"
}

@test "gsctl up: /dev/shm cannot be written" {
	unshare -m true 2>/dev/null || skip "needs a mount namespace"
	export kit
	# shellcheck disable=SC2016
	run -0 in_namespace ro 'gsctl up; gsctl info --json | jq -r .memory
		gsctl start --name kv "$kit" >/dev/null
		gsctl call kv echo x; gsctl down'
	is "$output" "memfd (/dev/shm not writable)"$'\n'x
}

@test "gsctl up: /dev/shm is too small" {
	unshare -m true 2>/dev/null || skip "needs a mount namespace"
	run -0 in_namespace size=64k 'gsctl up; gsctl info --json |
		jq -r .memory; gsctl down'
	is "$output" "memfd (/dev/shm full)"
}

@test "gsctl up: /dev/shm gets full; what runs goes on" {
	unshare -m true 2>/dev/null || skip "needs a mount namespace"
	export kit work
	# shellcheck disable=SC2016
	run -0 in_namespace size=4m '
		gsctl start --name k0 "$kit" >/dev/null
		mkfifo "$work/ask"
		gsctl call --lines k0 <"$work/ask" 3>&- &
		exec 4>"$work/ask"
		echo "echo before" >&4
		until gsctl show k0 --json | jq -e ".calls > 0" >/dev/null
		do sleep 0.02; done
		n=1
		while [ "$n" -lt 500 ] && gsctl start --name "k$n" "$kit" \
			>"$work/out" 2>"$work/words" 4>&-; do
			n=$((n + 1))
		done
		[ "$n" -gt 10 ] && [ "$n" -lt 500 ]
		grep -Eq "system_limit|No space" "$work/words"
		echo "echo alive" >&4
		exec 4>&-
		wait "$!"
		gsctl down'
	is "$output" $'before\nalive'
	no_processes
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

@test "gs-node: --help" {
	run -0 --separate-stderr "$GS_BUILD/cmd/gs-node" --help
	has "$output" "usage: gs-node NAME" "--ready-fd N"
	is "$stderr" ""
	run -0 "$GS_BUILD/cmd/gs-node" -h
	no_processes
}

@test "gs-node: a second one of the same name ends with 73" {
	gsctl up
	run -73 "$GS_BUILD/cmd/gs-node" "$GS_NODE"
	is "$(gsctl nodes | wc -l)" 1
}
