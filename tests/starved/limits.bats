# SPDX-License-Identifier: Apache-2.0
# Limits: descriptors, processes, memory, address space, file size.

bats_require_minimum_version 1.5.0
load starved

setup()
{
	starved_setup
}

teardown()
{
	starved_teardown
	[ -z "${group:-}" ] || leave_group
}

# until_refused: starts servers until one start fails; k1 to kN are there then.
until_refused()
{
	n=0
	while run --separate-stderr gsctl start --name "k$((n + 1))" "$kit" &&
		[ "$status" -eq 0 ]; do
		n=$((n + 1))
		[ "$n" -lt 100 ]
	done
	is "$status" 5
	has "$stderr" system_limit "$@"
	[ "$n" -ge 2 ]
}

# goes_on NAME...: what fits works, and what these give up can be used again.
goes_on()
{
	local name

	for i in 1 "$n"; do
		is "$(gsctl call "k$i" echo "$i")" "$i"
	done
	[ "$(gsctl ls | wc -l)" -gt "$n" ]
	# a restart needs no more than there was
	pid=$(gsctl whereis k1)
	kill -9 "$(gsctl whereis --os-pid k1)"
	within 10 other_pid k1 "$pid"
	for name; do
		gsctl stop "$name"
	done
	# an end is told a moment before the kernel has its place again
	within 10 starts again
	is "$(gsctl call again echo x)" x
}

starts()
{
	gsctl start --name "$1" "$kit" >/dev/null 2>&1
}

@test "starved: 64 descriptors for the node, hard and soft" {
	local stay=()

	(
		ulimit -n 64
		gsctl up
		until_refused "file descriptors"
		# some are kept for clients: three that stay, and more
		for _ in 1 2 3; do
			gsctl monitor k1 >/dev/null 2>&1 3>&- &
			stay+=("$!")
		done
		within 10 clients_are 4
		is "$(timeout 20 gsctl call k2 echo x)" x
		kill "${stay[@]}"
		goes_on k1
	)
	gsctl down
}

@test "starved: a soft limit of 64 descriptors is raised to the hard one" {
	(
		ulimit -S -n 64
		gsctl up
		for i in {1..40}; do
			gsctl start --name "k$i" "$kit" >/dev/null
		done
	)
	is "$(gsctl call k40 echo x)" x
	gsctl down
}

@test "starved: a client with few descriptors gets in or is told" {
	gsctl start --name kv "$kit" >/dev/null
	in=0
	for n in 64 20 16 15 14 13 12 11 10 9 8 7 6; do
		rc=0
		timeout 20 bash -c "ulimit -n $n; exec gsctl call kv echo x" \
			>"$work/said" 2>"$work/words" || rc=$?
		if [ "$rc" -eq 0 ]; then
			is "$(cat "$work/said")" x
			in=$n
		elif [ "$rc" -ne 127 ]; then
			# fewer than the loader of programs needs is 127
			[ "$rc" -lt 124 ]
			[[ $(cat "$work/words") == "gsctl: "* ]]
		fi
	done
	# it needs its three, socket, arena, bells, reports, poller
	[ "$in" -ne 0 ] && [ "$in" -le 16 ]
	is "$(gsctl call kv echo y)" y
}

@test "starved: a program with 64 descriptors has its own node" {
	program=$GS_BUILD/man/examples/embedded
	[ -x "$program" ] || skip "the examples are not built"
	unset GS_NODE
	# shellcheck disable=SC2016
	run -0 --separate-stderr bash -c 'ulimit -n 64; exec "$0"' "$program"
	has "$output" "ledger 3: 123" "divider 21 7: 3"
}

@test "starved: 50 processes of an ordinary user" {
	as_user
	# shellcheck disable=SC2016
	as+=(bash -c 'ulimit -u 50; exec "$@"' bash)
	gsctl()
	{
		"${as[@]}" "$GS_BUILD/cmd/gsctl" "$@"
	}
	gsctl up
	until_refused processes
	# gsctl is one of the 50: a child that was forked ahead while there was
	# none may have made one more server than can be started beside it
	goes_on k1 k2
	run -0 gsctl down
	unset -f gsctl
}

# A group of processes with limits of its own: controller, file, value.
enter_group()
{
	needs_root
	root=/sys/fs/cgroup
	mine=gs-${work##*.}
	if [ -e "$root/$1/cgroup.procs" ] && [ -d "$root/$1" ]; then
		group=$root/$1/$mine
		limit=$2
	elif [ -e "$root/cgroup.subtree_control" ]; then
		group=$root/$mine
		limit=$3
	else
		skip "no control groups here"
	fi
	mkdir "$group" 2>/dev/null || {
		group=
		skip "control groups cannot be made here"
	}
	[ -w "$group/$limit" ] || skip "the group has no $limit"
	echo "$4" >"$group/$limit"
}

leave_group()
{
	local end=$((SECONDS + 10))

	# the group outlives its last process by a moment
	until rmdir "$group" || [ "$SECONDS" -gt "$end" ]; do
		sleep 0.05
	done 2>/dev/null
	[ ! -d "$group" ]
}

in_group()
{
	sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$group" \
		"$@"
}

@test "starved: a control group of 50 processes" {
	enter_group pids pids.max pids.max 50
	in_group gsctl up
	until_refused processes
	goes_on k1
	gsctl down
	no_processes
}

@test "starved: a control group of 64 MB: the server goes, not the node" {
	enter_group memory memory.limit_in_bytes memory.max 64M
	# swapping would only make it slow
	[ ! -e "$group/memory.swap.max" ] || echo 0 >"$group/memory.swap.max"
	in_group gsctl up
	node=$(node_pid)
	gsctl start --name kv "$kit" >/dev/null
	gsctl start --name glutton "$kit" >/dev/null
	# the killer of processes is told whom to take first
	[ "$(cat "/proc/$(gsctl whereis --os-pid kv)/oom_score_adj")" -eq \
		$(($(cat "/proc/$node/oom_score_adj") + 100)) ]
	for _ in 1 2; do
		pid=$(gsctl whereis glutton)
		run --separate-stderr gsctl call --timeout 60000 glutton eat 200
		is "$status" 125
		has "$stderr" killed
		within 10 other_pid glutton "$pid"
		is "$(gsctl call glutton eat 1)" eaten
		is "$(gsctl call kv echo alive)" alive
	done
	is "$(node_pid)" "$node"
	gsctl down
	no_processes
}

@test "starved: data of 100 MB each; who takes more is told by malloc" {
	(
		ulimit -d 100000
		gsctl start --name glutton "$kit" >/dev/null
	) || skip "this build needs more by itself"
	is "$(gsctl call glutton eat 200)" enomem
	is "$(gsctl call glutton echo alive)" alive
	gsctl down
}

@test "starved: no address space for the node is said" {
	(ulimit -v 100000; gsctl --version >/dev/null 2>&1) ||
		skip "gsctl itself needs more, as sanitizers do"
	refused 70 "shared memory" "Cannot allocate memory" -- \
		bash -c 'ulimit -v 100000; exec gsctl up'
	within 5 no_processes
	is "$(node_segments)" ""
	gsctl up
}

@test "starved: a limit on file sizes is said" {
	refused 70 "shared memory" "File too large" -- \
		bash -c 'ulimit -f 1000; exec gsctl up'
	within 5 no_processes
	is "$(node_segments)" ""
	gsctl up
}

