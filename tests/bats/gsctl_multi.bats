# SPDX-License-Identifier: Apache-2.0
# gsctl multi-call, abcast and NAME@NODE: several nodes at once.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
	a=$GS_NODE
	b=$GS_NODE-b
	gsctl start --name kv "$kit" >/dev/null
	gsctl start -n "$b" --name kv "$kit" >/dev/null
}

teardown()
{
	node_teardown
}

@test "gsctl multi-call: a line for each node, in the order of the list" {
	run -0 --separate-stderr gsctl multi-call --nodes "$b,$a" kv echo hi
	is "$output" "$b"$'\treply\thi\n'"$a"$'\treply\thi'
	is "$stderr" ""
	run -0 --separate-stderr gsctl multi-call --json --nodes "$a" kv echo hi
	is "$(jq -r '.nodes[0].node + " " + .nodes[0].reply' <<<"$output")" \
		"$a hi"
	is "$(jq .bad <<<"$output")" 0
}

@test "gsctl multi-call: all nodes that run, also when the usual one does not" {
	GS_NODE=$GS_NODE-none run -0 --separate-stderr gsctl multi-call kv echo hi
	is "$(sort <<<"$output")" "$a"$'\treply\thi\n'"$b"$'\treply\thi'
}

@test "gsctl multi-call: those that are bad, and the exit status" {
	gsctl stop "kv@$b"
	run -1 --separate-stderr gsctl multi-call --nodes "$a,$b,$b-none" \
		kv echo hi
	is "$output" "$a"$'\treply\thi\n'"$b"$'\tbad\tnoproc\n'"$b-none"$'\tbad\tnodedown'
	run -1 --separate-stderr gsctl multi-call --timeout 100 kv sleep 1000
	run -1 --separate-stderr gsctl multi-call --json --nodes "$b" kv echo hi
	is "$(jq -r '.nodes[0].bad' <<<"$output")" noproc
	run -64 --separate-stderr gsctl multi-call --nodes "a@b" kv echo hi
	run -64 --separate-stderr gsctl multi-call kv
}

@test "gsctl abcast: each gets one, those that are not there none" {
	run -0 --separate-stderr gsctl abcast --nodes "$a,$b,$b-none" kv x
	is "$output$stderr" ""
	is "$(gsctl call "kv@$a" casts)" 1
	is "$(gsctl call "kv@$b" casts)" 1
	run -0 --separate-stderr gsctl abcast nobody x
}

@test "gsctl: a server of another node by NAME@NODE and by its pid" {
	pid=$(gsctl whereis "kv@$b")
	is "$(gsctl call "kv@$b" echo hi)" hi
	is "$(gsctl call "$pid" echo hi)" hi
	gsctl cast "$pid" x
	is "$(gsctl call "kv@$b" casts)" 1
	gsctl monitor "kv@$a" "kv@$b" >"$work/down" 3>&- &
	watcher=$!
	within 5 at_rest "$watcher" -n "$b"
	gsctl stop "kv@$a"
	gsctl stop "kv@$b"
	wait "$watcher"
	is "$(wc -l <"$work/down")" 2
}
