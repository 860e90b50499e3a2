# SPDX-License-Identifier: Apache-2.0
# gsctl cast and send: messages without an answer.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
	gsctl start --name kv "$kit" >/dev/null
}

teardown()
{
	node_teardown
}

@test "gsctl cast: one request, no output" {
	run -0 --separate-stderr gsctl cast kv hello there
	is "$output$stderr" ""
	is "$(gsctl call kv casts)" 1
	is "$(gsctl call kv infos)" "0 hello there"
	gsctl cast kv -- -10
	is "$(gsctl call kv infos)" "0 -10"
	gsctl cast "$(gsctl whereis kv)" x
	is "$(gsctl call kv casts)" 3
}

@test "gsctl cast: '-' reads stdin whole" {
	printf 'a\nb' | gsctl cast kv -
	is "$(gsctl call kv infos)" $'0 a\nb'
}

@test "gsctl cast: --lines takes them all, in order" {
	seq 1 100000 | gsctl cast --lines kv
	is "$(gsctl call --timeout 60000 kv casts)" 100000
	is "$(gsctl call kv infos)" "0 100000"
}

@test "gsctl cast: --lines waits for room in a small mailbox" {
	gsctl start --name small --mailbox 16K "$kit" >/dev/null
	{
		echo "sleep 200"
		seq 1 5000
	} | gsctl cast --lines small
	is "$(gsctl call --timeout 60000 small casts)" 5001
}

@test "gsctl cast: a full mailbox" {
	gsctl start --name small --mailbox 16K "$kit" >/dev/null
	os=$(gsctl whereis --os-pid small)
	kill -STOP "$os"
	status=0
	for _ in {1..600}; do
		gsctl cast small "$(printf 'x%.0s' {1..900})" \
			2>"$work/words" || {
			status=$?
			break
		}
	done
	is "$status" 75
	has "$(cat "$work/words")" "small" "try again"
	refused 124 -- gsctl cast --timeout 20 small \
		"$(printf 'x%.0s' {1..900})"
	kill -CONT "$os"
	gsctl cast --timeout 20000 small x
	gsctl call --timeout 20000 small casts
}

@test "gsctl cast: too large a request" {
	gsctl start --name small --mailbox 16K "$kit" >/dev/null
	refused 64 "small" -- gsctl cast small "$(printf 'x%.0s' {1..5000})"
	is "$(gsctl call small casts)" 0
}

@test "gsctl cast: nobody there" {
	refused 4 "no server named 'nobody'" -- gsctl cast nobody x
	refused 4 "<1.2.3>" -- gsctl cast '<1.2.3>' x
	status=0
	seq 3 | gsctl cast --lines nobody 2>"$work/words" || status=$?
	is "$status" 4
	has "$(cat "$work/words")" "line 1"
	gsctl cast --lines nobody </dev/null
}

@test "gsctl cast: wrong words" {
	refused 64 "no request" -- gsctl cast kv
	refused 64 "--timeout" "'x'" -- gsctl cast --timeout x kv y
	refused 64 "--lines" -- gsctl cast --lines kv x
	refused 64 "--json" -- gsctl cast --json kv x
	is "$(gsctl call kv casts)" 0
}

@test "gsctl cast: one that ends the server; it comes again" {
	pid=$(gsctl whereis kv)
	gsctl cast kv crash
	within 10 other_pid kv "$pid"
	is "$(gsctl call kv casts)" 0
}

@test "gsctl send: an info message" {
	run -0 --separate-stderr gsctl send kv hello there
	is "$output$stderr" ""
	is "$(gsctl call kv infos)" "1 hello there"
	is "$(gsctl call kv casts)" 0
	printf 'a\nb' | gsctl send kv -
	is "$(gsctl call kv infos)" $'2 a\nb'
	seq 1 100 | gsctl send --lines kv
	is "$(gsctl call kv infos)" "102 100"
	gsctl send "$(gsctl whereis kv)" x
	is "$(gsctl call kv infos)" "103 x"
}

@test "gsctl send: nobody there, wrong words" {
	refused 4 "no server named 'nobody'" -- gsctl send nobody x
	refused 4 "<1.2.3>" -- gsctl send '<1.2.3>' x
	refused 64 "no message" -- gsctl send kv
	refused 64 "--timeout" -- gsctl send --timeout 5 kv x
}
