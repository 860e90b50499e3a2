# SPDX-License-Identifier: Apache-2.0
# gsctl sys: a running server looked into, watched, suspended, changed.

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

# two versions of one server
old=$GS_BUILD/tests/fixtures/fx_tally1.so
new=$GS_BUILD/tests/fixtures/fx_tally2.so

status_of()
{
	gsctl sys get-status --json "$1" | jq -r ".$2"
}

status_is()
{
	[ "$(status_of "$1" "$2")" = "$3" ]
}

# Calls until the file has a line with the text: what watches may begin late.
call_until()
{
	gsctl call kv echo "$2" >/dev/null
	grep -q -- "$2" "$1"
}

@test "gsctl sys: usage, and who is not there" {
	refused 64 "sys WORD SERVER" -- gsctl sys
	refused 64 "unknown word 'frob'" -- gsctl sys frob kv
	refused 64 "gsctl sys suspend SERVER" -- gsctl sys suspend
	refused 64 "one word too many: 'x'" -- gsctl sys suspend kv x
	refused 64 "--json is not for it" -- gsctl sys suspend --json kv
	refused 64 "--down is not for suspend" -- gsctl sys suspend --down kv
	refused 64 "'on' or 'off'" -- gsctl sys statistics kv maybe
	refused 64 "1 to 1024" -- gsctl sys log kv on 1025
	refused 64 "one word too many: '3'" -- gsctl sys log kv off 3
	refused 64 "--timeout" -- gsctl sys suspend --timeout -1 kv
	refused 64 "" -- gsctl sys get-state --raw --json kv
	refused 4 "nobody" -- gsctl sys get-state nobody
	refused 69 "no node" -- gsctl sys get-state "kv@$GS_NODE-none"
	gsctl stop kv
	refused 3 "is down" -- gsctl sys suspend kv
	run -0 gsctl sys --help
	has "$output" "change-code SERVER NEW.so" "--timeout MS" "  124  "
	run -0 gsctl sys suspend --help
	has "$output" "change-code SERVER NEW.so"
}

@test "gsctl sys: plain programs, the node, the root supervisor" {
	gsctl start --plain --name plain sleep 1000 >/dev/null
	refused 64 "no server" -- gsctl sys get-state plain
	node=$(gsctl ls --all --json | jq -r '.[] | select(.kind == "node").pid')
	root=$(gsctl ls --json | jq -r '.[] | select(.kind == "supervisor").pid')
	refused 64 "node itself" -- gsctl sys get-state "$node"
	is "$(status_of "$root" kind)" supervisor
	refused 77 "supervisor" -- gsctl sys replace-state "$root" x
	refused 77 "supervisor" -- gsctl sys change-code "$root" "$new"
	refused 64 "gsctl down" -- gsctl sys terminate "$root"
	refused 64 "root supervisor" -- gsctl sys suspend "$root"
	is "$(gsctl call kv echo x)" x
}

@test "gsctl sys get-state, replace-state: bytes, there and back" {
	gsctl cast kv a
	gsctl cast kv b
	gsctl sys get-state --raw kv >"$work/state"
	is "$(gsctl call kv casts)" 2
	run -0 gsctl sys get-state --json kv
	is "$(jq .size <<<"$output")" "$(wc -c <"$work/state")"
	is "$(jq -r .hex <<<"$output")" \
		"$(od -An -v -tx1 "$work/state" | tr -d ' \n')"
	gsctl sys get-state kv >"$work/line"
	is "$(wc -c <"$work/line")" "$(($(wc -c <"$work/state") + 1))"

	gsctl cast kv c
	gsctl sys replace-state --raw kv - <"$work/state" >"$work/answer"
	cmp "$work/state" "$work/answer"
	is "$(gsctl call kv casts)" 2
	refused 1 "bad_state_size: 3 bytes" -- gsctl sys replace-state kv abc
	refused 64 "no state given" -- gsctl sys replace-state kv
	is "$(gsctl call kv casts)" 2
}

@test "gsctl sys replace-state --function: done, undone, not there" {
	run -0 gsctl sys replace-state --json --function kit_replace kv 77
	is "$(jq -r '.hex[0:2]' <<<"$output")" 4d
	is "$(gsctl call kv casts)" 77
	for word in no exit; do
		refused 1 callback_failed -- \
			gsctl sys replace-state --function kit_replace kv "$word"
	done
	refused 1 undef -- gsctl sys replace-state --function no_such kv x
	is "$(gsctl call kv casts)" 77
	refused 125 "signal:11" -- \
		gsctl sys replace-state --function kit_replace kv crash
}

@test "gsctl sys suspend, resume: what waits, and that nothing is lost" {
	gsctl sys suspend kv
	gsctl sys suspend kv
	state_is kv suspended
	is "$(status_of kv status)" suspended
	gsctl cast kv a
	refused 124 "not done in time" -- gsctl call --timeout 100 kv casts
	is "$(gsctl ls --json | jq '.[] | select(.name == "kv").queue')" 2
	gsctl sys resume kv
	gsctl sys resume kv
	is "$(status_of kv status)" running
	is "$(gsctl call kv casts)" 1
}

@test "gsctl sys suspend: of a stuck server it is 124, and it does not come later" {
	gsctl cast kv await "$work/go"
	refused 124 "not done in time" -- gsctl sys suspend --timeout 200 kv
	refused 124 "" -- gsctl sys change-code --timeout 200 kv "$new"
	: >"$work/go"
	is "$(gsctl call kv casts)" 1
	is "$(status_of kv status)" running
	is "$(status_of kv version)" 7
}

@test "gsctl sys get-status: fields, and lines for a script" {
	gsctl sys log kv on 2
	gsctl call kv echo hi >/dev/null
	run -0 gsctl sys get-status kv
	has "$output" $'header\tStatus for generic server kv\n' \
		$'status\trunning\n' $'kind\tgen_server\n' $'behaviour\tkit\n' \
		$'initial_call\tkit:init\n' $'version\t7\n' $'debug\tlog'
	is "$(status_of kv pid)" "$(gsctl whereis kv)"
	is "$(status_of kv parent)" "$(gsctl show kv --json | jq -r .parent)"
	has "$(status_of kv 'log[0]')" "got call echo hi from <"
	is "$(status_of kv 'log | length')" 2
}

@test "gsctl sys statistics: off, on, off" {
	refused 1 no_statistics -- gsctl sys statistics kv
	gsctl sys statistics kv on
	gsctl call kv echo hi >/dev/null
	gsctl cast kv x
	gsctl call kv casts >/dev/null
	run -0 gsctl sys statistics --json kv
	is "$(jq -r '"\(.messages_in) \(.messages_out)"' <<<"$output")" "3 2"
	is "$(jq '.start_us <= .now_us and .work_us >= 0' <<<"$output")" true
	run -0 gsctl sys statistics kv
	has "$output" $'messages_in\t3\n' $'messages_out\t2'
	gsctl sys statistics kv off
	refused 1 no_statistics -- gsctl sys statistics kv
}

@test "gsctl sys log: the last N, oldest first; off drops them" {
	run -0 gsctl sys log kv
	is "$output" ""
	is "$(gsctl sys log --json kv)" "[]"
	gsctl sys log kv on 3
	for word in one two; do
		gsctl call kv echo "$word" >/dev/null
	done
	run -0 gsctl sys log kv
	is "${#lines[@]}" 3
	has "${lines[0]}" "sent one to <"
	has "${lines[1]}" "got call echo two from <"
	has "$(gsctl sys log --json kv | jq -r '.[2]')" "sent two to <"
	gsctl sys log kv off
	is "$(gsctl sys log kv)" ""
}

@test "gsctl sys log-to-file: a path of the caller, and one that cannot be" {
	cd "$work"
	echo old >events
	gsctl sys log-to-file kv events
	gsctl call kv echo hi >/dev/null
	gsctl sys log-to-file kv off
	is "$(grep -c '^\*DBG\* kv ' events)" 2
	is "$(grep -c old events || :)" 0
	gsctl call kv echo hi >/dev/null
	is "$(wc -l <events)" 2
	refused 1 "open_file" -- gsctl sys log-to-file kv "$work/none/events"
	is "$(gsctl call kv echo x)" x
}

@test "gsctl sys trace: events come to this terminal, and end with the server" {
	gsctl sys trace kv >"$work/out" 2>"$work/err" 3>&- &
	watcher=$!
	within 5 call_until "$work/out" first
	gsctl cast kv x
	within 5 grep -q '^\*DBG\* kv got cast x$' "$work/out"
	grep -q '^\*DBG\* kv got call echo first from <' "$work/out"
	grep -q '^\*DBG\* kv sent first to <' "$work/out"
	gsctl stop kv
	wait "$watcher" && result=0 || result=$?
	is "$result" 125
	has "$(cat "$work/err")" "the server ended: shutdown"
}

# The server's answers are in the trace: it is being watched.
traced()
{
	gsctl call "$1" "$2" >/dev/null
	grep -q "got call $2 " "$work/out"
}

@test "gsctl sys trace: watched descriptors and signals in words" {
	echo hello >"$work/greeting"
	gsctl start --name greeting "$GS_BUILD/man/examples/reload.so" \
		"$work/greeting" >/dev/null
	gsctl sys trace greeting >"$work/out" 3>&- &
	watcher=$!
	within 5 traced greeting get
	kill -HUP "$(gsctl whereis --os-pid greeting)"
	within 5 grep -q '^\*DBG\* greeting got signal 1$' "$work/out"
	gsctl stop greeting
	wait "$watcher" || :
	gsctl start --name echo "$GS_BUILD/man/examples/tcpecho.so" >/dev/null
	gsctl sys trace echo >"$work/out" 3>&- &
	watcher=$!
	within 5 traced echo clients
	exec 9<>"/dev/tcp/127.0.0.1/$(gsctl call echo port)"
	echo hello >&9
	read -r -t 10 line <&9
	is "$line" hello
	exec 9>&-
	within 5 grep -Eq '^\*DBG\* echo got descriptor [0-9]+ read( hangup)?$' \
		"$work/out"
	gsctl stop echo
	wait "$watcher" || :
}

@test "gsctl sys trace: --json; interrupted it leaves nothing behind" {
	gsctl sys trace --json kv >"$work/out" 3>&- &
	watcher=$!
	within 5 call_until "$work/out" first
	is "$(head -n 1 "$work/out" | jq -r .event | cut -d ' ' -f 1-3)" \
		"*DBG* kv got"
	has "$(status_of kv debug)" "trace_to(<"
	kill "$watcher"
	wait "$watcher" || :
	# the next event finds him gone
	gsctl call kv echo x >/dev/null
	within 5 status_is kv debug null
	gsctl sys trace kv on
	gsctl call kv echo logged >/dev/null
	within 5 sh -c 'gsctl log kv | grep -q "DBG. kv got call echo logged"'
	gsctl sys trace kv off
	is "$(status_of kv debug)" null
}

@test "gsctl sys trace: ends when somebody else says no-debug" {
	gsctl sys trace kv >"$work/out" 2>"$work/err" 3>&- &
	watcher=$!
	within 5 call_until "$work/out" first
	gsctl sys no-debug kv
	wait "$watcher"
	has "$(cat "$work/err")" "no-debug"
	run -1 grep -q '^$' "$work/out"
}

@test "gsctl sys trace: who reads too slowly loses events, the server nothing" {
	gsctl sys trace kv >"$work/out" 3>&- &
	watcher=$!
	within 5 call_until "$work/out" first
	kill -STOP "$watcher"
	seq 20000 | gsctl cast --lines kv
	is "$(gsctl call --timeout 30000 kv casts)" 20000
	kill -CONT "$watcher"
	within 5 call_until "$work/out" 'kv [0-9]* events dropped'
	within 5 call_until "$work/out" last
	kill "$watcher"
	wait "$watcher" || :
	[ "$(wc -l <"$work/out")" -lt 40000 ]
}

@test "gsctl sys install, remove, no-debug: functions of the module" {
	gsctl sys install kv kit_event 5
	gsctl sys install kv kit_event 7
	gsctl sys install --id other kv kit_event 40
	gsctl call kv echo hi >/dev/null
	within 5 sh -c 'gsctl log kv | grep -q "kit_event kv 41: sent hi"'
	gsctl log kv | grep -q "kit_event kv 5: got call echo hi"
	is "$(gsctl log kv | grep -c "kit_event kv 7:" || :)" 0
	gsctl sys remove kv other
	gsctl call kv echo ho >/dev/null
	within 5 sh -c 'gsctl log kv | grep -q "kit_event kv 7: got call echo ho"'
	is "$(gsctl log kv | grep -c "kit_event kv 42:" || :)" 0
	refused 1 undef -- gsctl sys install kv no_such
	refused 64 "name is empty" -- gsctl sys install kv ""
	gsctl sys statistics kv on
	gsctl sys no-debug kv
	is "$(status_of kv debug)" null
}

@test "gsctl sys terminate: with a reason, and its supervisor starts it again" {
	p=$(gsctl whereis kv)
	gsctl sys terminate kv enough
	gsctl wait "$p" --down
	gsctl wait kv --up
	is "$(gsctl show kv --json | jq -r .last_reason)" enough
	refused 64 "reason is empty" -- gsctl sys terminate kv ""
}

@test "gsctl sys change-code: a wider state under a relative path, and back" {
	gsctl start --name tally "$old" 40 >/dev/null
	gsctl call tally add >/dev/null
	cd "${new%/*}"
	gsctl sys change-code tally "${new##*/}" say hello
	is "$(gsctl call tally get)" 41
	has "$(gsctl call tally told)" "from '1', " "say hello"
	is "$(gsctl call tally version)" 2
	is "$(gsctl call tally add)" 42
	is "$(status_of tally version)" 2
	is "$(status_of tally status)" running
	gsctl sys change-code --down tally "$old"
	is "$(status_of tally version)" 1
	is "$(gsctl call tally version)" 1
	is "$(gsctl call tally get)" 42
}

@test "gsctl sys change-code: its supervisor starts the new code from then on" {
	p=$(gsctl start --name tally "$old" 7)
	gsctl sys change-code tally "$new"
	is "$(gsctl show tally --json | jq -r .what)" "$new"
	gsctl exit tally kill
	gsctl wait "$p" --down
	gsctl wait tally --up
	is "$(gsctl call tally version)" 2
	is "$(gsctl call tally get)" 7
}

@test "gsctl sys change-code: refused, and the old code goes on" {
	gsctl start --name tally "$old" 5 >/dev/null
	refused 1 will_not -- gsctl sys change-code tally "$new" error will_not
	refused 1 callback_failed left -- \
		gsctl sys change-code tally "$new" exit left
	refused 1 "No such file" -- gsctl sys change-code tally "$work/none.so"
	refused 1 "not_loadable: /etc/passwd: " -- \
		gsctl sys change-code tally /etc/passwd
	refused 1 bad_abi -- \
		gsctl sys change-code tally "${new%/*}/fx_other_abi.so"
	refused 1 no_behaviour -- \
		gsctl sys change-code tally "${new%/*}/fx_no_symbol.so"
	refused 1 "undef: the new code" -- gsctl sys change-code tally "$kit"
	refused 1 "undef: the running code" -- \
		gsctl sys change-code --down tally "$new"
	is "$(status_of tally status)" running
	is "$(status_of tally version)" 1
	is "$(gsctl call tally get)" 5
	# one that was suspended stays so
	gsctl sys suspend tally
	refused 1 will_not -- gsctl sys change-code tally "$new" error will_not
	is "$(status_of tally status)" suspended
	gsctl sys change-code tally "$new"
	is "$(status_of tally status)" suspended
	gsctl sys resume tally
	is "$(gsctl call tally get)" 5
}

@test "gsctl sys change-code: too late is not at all; a crash is an end" {
	gsctl start --name tally "$old" 5 >/dev/null
	refused 124 "not done in time" -- \
		gsctl sys change-code --timeout 300 tally "$new" slow 2000
	is "$(gsctl call tally version)" 1
	is "$(status_of tally version)" 1
	refused 125 signal:11 -- gsctl sys change-code tally "$new" crash
	gsctl wait tally --up
	is "$(status_of tally version)" 1
}

@test "gsctl sys: a server of another node, by NAME@NODE and by pid" {
	there=$GS_NODE-b
	gsctl start -n "$there" --name far "$kit" >/dev/null
	gsctl cast "far@$there" a
	is "$(gsctl sys get-status --json "far@$there" | jq -r .status)" running
	gsctl sys suspend "far@$there"
	is "$(gsctl ls -n "$there" --json |
		jq -r '.[] | select(.name == "far").state')" suspended
	gsctl sys resume -n "$there" far
	pid=$(gsctl whereis "far@$there")
	is "$(gsctl sys get-status --json "$pid@$there" | jq -r .behaviour)" kit
	is "$(gsctl call "far@$there" casts)" 1
}
