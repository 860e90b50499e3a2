# SPDX-License-Identifier: Apache-2.0
# gsctl before and around its verbs.

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

verbs="up down info nodes start stop restart exit kill call cast send
whereis ls tree show wait monitor log"

@test "gsctl: --version prints name, version and poller" {
	run -0 --separate-stderr gsctl --version
	[[ $output =~ ^gsctl\ [0-9]+\.[0-9]+\.[0-9]+,\ poller\ (io_uring|epoll) ]]
	is "$stderr" ""
	is "$(gsctl -V)" "$output"
}

@test "gsctl: --version names the poller that was asked for" {
	has "$(GS_POLLER=epoll gsctl --version)" "poller epoll"
}

@test "gsctl: --help lists every verb" {
	run -0 --separate-stderr gsctl --help
	is "$stderr" ""
	for verb in $verbs; do
		grep -q "^  $verb " <<<"$output"
	done
}

@test "gsctl: each verb has a help with usage, options and exit statuses" {
	for verb in $verbs; do
		run -0 --separate-stderr gsctl "$verb" --help
		is "$stderr" ""
		has "$output" "usage: gsctl $verb" "--node NODE" "Exit status:" \
			"  0    done" "  64   wrong usage"
		is "$(gsctl "$verb" -h)" "$output"
		awk 'length($0) > 79 { exit 1 }' <<<"$output"
	done
}

@test "gsctl: help [VERB] is --help" {
	is "$(gsctl help)" "$(gsctl --help)"
	is "$(gsctl help help)" "$(gsctl --help)"
	is "$(gsctl help start)" "$(gsctl start --help)"
	refused 64 "unknown verb 'strat'" "'start'" -- gsctl help strat
	refused 64 "one word too many: 'b'" -- gsctl help a b
}

@test "gsctl: help starts no node" {
	gsctl start --help >/dev/null
	gsctl up --help >/dev/null
	is "$(gsctl nodes)" ""
}

@test "gsctl: no verb is wrong usage" {
	refused 64 "no verb" "--help" -- gsctl
	refused 64 "no verb" -- gsctl -n "$GS_NODE"
}

@test "gsctl: an unknown verb names the nearest" {
	refused 64 "unknown verb 'clal'" "'call'" -- gsctl clal kv x
	refused 64 "'start'" -- gsctl strat
	refused 64 "'whereis'" -- gsctl where
	refused 64 "'restart'" -- gsctl restrat
	refused 64 "'monitor'" -- gsctl monitr
	refused 64 "unknown verb 'xylophone'" -- gsctl xylophone
	[[ $stderr != *"did you mean"* ]]
}

@test "gsctl: verbs of later issues are unknown" {
	for verb in doctor top metrics sup reg; do
		refused 64 "unknown verb '$verb'" -- gsctl "$verb"
	done
}

@test "gsctl: an unknown verb is printed safely" {
	refused 64 'a\x1b[31mb\xff' -- gsctl $'a\x1b[31mb\xff'
}

@test "gsctl: unknown options, before and behind the verb" {
	refused 64 "unknown option '--nonsense'" -- gsctl --nonsense ls
	refused 64 "unknown option '-x'" -- gsctl -x ls
	for verb in $verbs; do
		refused 64 "unknown option '--nonsense'" "'gsctl $verb --help'" \
			-- gsctl "$verb" --nonsense
	done
}

@test "gsctl: an option of another verb, or before the verb, is told where it belongs" {
	refused 64 "'--json' stands behind the verb: gsctl VERB --json" \
		-- gsctl --json show kv
	refused 64 "unknown option '--timeout'" "it is for " "wait" -- gsctl ls --timeout 5
	refused 64 "unknown option '--timeout=5'" "it is for " -- gsctl tree --timeout=5
}

@test "gsctl: an option without its value" {
	refused 64 "wants a value" -- gsctl -n
	refused 64 "wants a value" -- gsctl --node
	refused 64 "wants a value" -- gsctl ls -n
	refused 64 "wants a value" -- gsctl call --timeout
}

@test "gsctl: too few words, too many words" {
	for verb in start stop restart exit kill call cast send whereis show \
		monitor; do
		refused 64 "too few words" "gsctl $verb" -- gsctl "$verb"
	done
	for verb in down info nodes ls tree; do
		refused 64 "one word too many: 'extra'" -- gsctl "$verb" extra
	done
	refused 64 "one word too many: 'c'" -- gsctl exit a b c
	refused 64 "one word too many" -- gsctl stop a b
	refused 64 "one word too many" -- gsctl whereis a b
}

@test "gsctl: without a node every verb that needs one says so" {
	for line in down info "stop kv" "restart kv" "exit kv" "kill kv" \
		"call kv x" "cast kv x" "send kv x" "whereis kv" ls tree \
		"show kv" "wait kv --up" "monitor kv" log; do
		# shellcheck disable=SC2086
		refused 69 "'$GS_NODE'" "gsctl up" -- gsctl $line
	done
	is "$(gsctl nodes)" ""
	no_processes
}

@test "gsctl: a hint names the node where it is not the usual one" {
	refused 69 "start one with 'gsctl up'" -- gsctl ls
	refused 69 "start one with 'gsctl -n other up'" -- gsctl -n other ls
	refused 69 "'gsctl -n other up'" -- gsctl ls -n other
	refused 69 "'gsctl -n other up'" -- gsctl call kv@other x
	refused 69 "'gsctl -n \"a b\\\$\" up'" -- gsctl -n 'a b$' ls
	refused 69 "'gsctl up'" -- env -u GS_NODE gsctl -n default ls
	refused 69 "'gsctl -n other up'" -- env -u GS_NODE gsctl -n other ls
	no_processes
}

@test "gsctl: GS_POLLER that is no poller" {
	gsctl up
	refused 64 "'foo'" "'io_uring' or 'epoll'" -- \
		env GS_POLLER=foo gsctl ls
	gsctl down
	refused 64 "foo" "io_uring" "epoll" -- env GS_POLLER=foo gsctl up
	no_processes
}

@test "gsctl: a node that is stopped, by SIGSTOP, is told of" {
	gsctl up
	node=$(node_pid)
	kill -STOP "$node"
	gsctl ls >"$work/out" 2>"$work/words" 3>&- &
	job=$!
	within 10 grep -q "node '$GS_NODE' (process $node) does not answer" \
		"$work/words"
	kill -0 "$job"
	kill -CONT "$node"
	wait "$job"
	is "$(wc -l <"$work/words")" 1
	grep -q supervisor "$work/out"
}

@test "gsctl: -n before and behind the verb, and GS_NODE" {
	gsctl up
	for line in "-n $GS_NODE info" "info -n $GS_NODE" \
		"info --node $GS_NODE" "--node=$GS_NODE info"; do
		# shellcheck disable=SC2086
		is "$(env -u GS_NODE gsctl $line | head -n 1)" \
			"name	$GS_NODE"
	done
	refused 69 "other-$GS_NODE" -- env "GS_NODE=other-$GS_NODE" gsctl info
	refused 69 "other-$GS_NODE" -- gsctl -n "other-$GS_NODE" info
}

@test "gsctl: a node's name that is none" {
	long=$(printf 'n%.0s' {1..200})
	refused 64 -- gsctl -n "$long" info
	refused 64 -- gsctl -n "$long" up
	refused 64 -- gsctl -n "" up
	refused 64 -- gsctl -n $'a\nb' up
	refused 64 -- gsctl -n $'\xff' up
	no_processes
}

@test "gsctl: a server's name that is none" {
	gsctl up
	long=$(printf 'n%.0s' {1..128})
	refused 64 -- gsctl call "" x
	refused 64 -- gsctl call "$long" x
	refused 64 -- gsctl call nil x
	refused 64 -- gsctl call undefined x
	refused 64 -- gsctl call $'a\nb' x
	refused 64 '\xff' -- gsctl call $'\xff' x
	refused 64 "is no pid" -- gsctl call '<1.2>' x
	refused 64 "is no pid" -- gsctl call '<1.2.3' x
	refused 64 "is no pid" -- gsctl call '<a.b.c>' x
	refused 64 "is no pid" -- gsctl call '<1.2.99999999999>' x
}

@test "gsctl: NAME@NODE and PID@NODE go to that node" {
	other=other-$GS_NODE
	gsctl start --name kv "$kit" here >/dev/null
	pid=$(gsctl start -n "$other" --name kv "$kit" there)
	is "$(gsctl call kv argument)" here
	is "$(gsctl call "kv@$other" argument)" there
	is "$(gsctl call "$pid@$other" argument)" there
	is "$(gsctl whereis "kv@$other")" "$pid"
	is "$(gsctl call "$pid" argument)" there
	refused 69 "'nowhere'" -- gsctl call kv@nowhere argument
	gsctl down -n "$other"
}

@test "gsctl: an '@' with nothing on one side is no name" {
	refused 64 "'kv@'" -- gsctl call kv@ x
	refused 64 "'@node'" -- gsctl call @node x
	refused 64 "'@'" -- gsctl call @ x
	refused 64 "'kv@'" -- gsctl start --name kv@ "$kit"
	no_processes
}

@test "gsctl: the runtime folder is open to others" {
	mkdir -m 755 "$GS_RUNTIME_DIR"
	refused 77 "$GS_RUNTIME_DIR" "chmod 700" -- gsctl up
	refused 77 "$GS_RUNTIME_DIR" -- gsctl ls
	refused 77 "$GS_RUNTIME_DIR" -- gsctl nodes
	is "$(ls -A "$GS_RUNTIME_DIR")" ""
	is "$(node_segments)" ""
}

@test "gsctl: the runtime folder belongs to somebody else" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to give a folder away"
	mkdir -m 700 "$GS_RUNTIME_DIR"
	chown 12345 "$GS_RUNTIME_DIR"
	refused 77 "$GS_RUNTIME_DIR" "12345" -- gsctl up
	refused 77 "$GS_RUNTIME_DIR" -- gsctl start "$kit"
	is "$(ls -A "$GS_RUNTIME_DIR")" ""
	chown 0 "$GS_RUNTIME_DIR"
}

@test "gsctl: the runtime folder is no folder" {
	: >"$GS_RUNTIME_DIR"
	run --separate-stderr gsctl up
	[ "$status" -ne 0 ]
	has "$stderr" "$GS_RUNTIME_DIR"
	rm "$GS_RUNTIME_DIR"
}

@test "gsctl: a runtime folder with a relative path" {
	cd "$work"
	GS_RUNTIME_DIR=run gsctl start --name kv "$kit" >/dev/null
	is "$(GS_RUNTIME_DIR=run gsctl call kv echo x)" x
	is "$(gsctl call kv echo y)" y
}

@test "gsctl: output that cannot be written is an error" {
	gsctl up
	run gsctl ls --json >/dev/full
	run bash -c 'gsctl info >/dev/full'
	[ "$status" -eq 70 ]
	has "$output" "No space left"
}

@test "gsctl: a reader that leaves ends it quietly" {
	gsctl start --name kv "$kit" >/dev/null
	yes echo x | head -n 100000 |
		{ gsctl call --lines kv 2>"$work/words" || :; } | head -n 1
	is "$(cat "$work/words")" ""
}

@test "gsctl: closed standard descriptors do no harm" {
	gsctl start --name kv "$kit" >/dev/null
	gsctl cast kv x <&-
	gsctl cast kv x >&-
	gsctl cast kv x 2>&-
	gsctl cast kv x <&- >&- 2>&-
	is "$(gsctl call kv casts)" 4
}
