# SPDX-License-Identifier: Apache-2.0
# gsctl call: requests and replies, and everything that can go wrong.

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

@test "gsctl call: words joined by one blank, reply and a newline" {
	is "$(gsctl call kv echo a 'b  c' ' d' | od -An -c | tr -s ' ')" \
		"$(printf 'a b  c  d\n' | od -An -c | tr -s ' ')"
	is "$(gsctl call kv echo --timeout -n -h)" "--timeout -n -h"
	is "$(gsctl call kv -- echo -x)" -x
	is "$(gsctl call -- kv echo -x)" -x
}

@test "gsctl call: by pid" {
	is "$(gsctl call "$(gsctl whereis kv)" echo x)" x
}

@test "gsctl call: an empty request" {
	run -125 --separate-stderr gsctl call kv ""
	has "$stderr" bad_call
}

@test "gsctl call: no request" {
	refused 64 "no request" -- gsctl call kv
	refused 64 "no request" -- gsctl call kv --
}

@test "gsctl call: '-' reads stdin whole" {
	printf 'echo one\ntwo\n' >"$work/in"
	gsctl call kv - <"$work/in" >"$work/out"
	printf 'one\ntwo\n\n' | cmp - "$work/out"
	printf 'size a\0b' | gsctl call kv - >"$work/out"
	is "$(cat "$work/out")" 8
	# a word of several is a word
	is "$(gsctl call kv echo - </dev/null)" -
}

@test "gsctl call: --raw prints the bytes alone" {
	gsctl call --raw kv odd >"$work/out"
	printf 'a\0b\n\033[1m\377' | cmp - "$work/out"
	gsctl call kv odd >"$work/out"
	printf 'a\0b\n\033[1m\377\n' | cmp - "$work/out"
}

@test "gsctl call: on a terminal control characters are shown" {
	script -qec "gsctl call kv odd" /dev/null </dev/null >"$work/out"
	is "$(tr -d '\r' <"$work/out")" 'a\x00b
\x1b[1m\xff'
}

@test "gsctl call: --json" {
	is "$(gsctl call --json kv echo 'a "b"' | jq -r .reply)" 'a "b"'
	gsctl call --json kv odd | jq -e .reply >/dev/null
	refused 64 "--raw" -- gsctl call --raw --json kv echo x
}

@test "gsctl call: --json: what a terminal would obey is escaped, the rest is not" {
	odd=$(printf 'a"b\\c\033[1m\177\b\f\r\t \302\233 \342\200\256 \342\202\254 \360\237\230\200')
	gsctl call --json kv echo "$odd" >"$work/out"
	is "$(jq -r .reply "$work/out")" "$odd"
	is "$(cat "$work/out")" '{"reply":"a\"b\\c\u001b[1m\u007f\b\f\r\t \u009b \u202e € 😀"}'
}

@test "gsctl call: a large reply and a large request" {
	is "$(gsctl call --raw kv big 200000 | wc -c)" 200000
	head -c 200000 /dev/zero | tr '\0' x >"$work/in"
	is "$({ printf 'size '; cat "$work/in"; } | gsctl call kv -)" 200005
}

@test "gsctl call: a request larger than a quarter of the mailbox" {
	gsctl start --name small --mailbox 16K "$kit" >/dev/null
	head -c 5000 /dev/zero | tr '\0' x >"$work/in"
	gsctl call small - <"$work/in" >"$work/out" 2>"$work/words" &&
		status=0 || status=$?
	is "$status" 64
	has "$(cat "$work/words")" "small" "--mailbox"
	is "$(gsctl call small casts)" 0
}

@test "gsctl call: nobody of that name" {
	refused 4 "no server named 'nobody' on node '$GS_NODE'" "gsctl ls" -- \
		gsctl call nobody x
	refused 4 "no process <1.2.3>" -- gsctl call '<1.2.3>' x
}

@test "gsctl call: --timeout" {
	refused 124 "kv" -- gsctl call --timeout 50 kv await "$work/go"
	: >"$work/go"
	is "$(gsctl call --timeout infinity kv sleep 10)" slept
	is "$(gsctl call --timeout=10000 kv echo x)" x
	for value in -1 12x "" abc 99999999999 0x10 1.5 " 5" Infinity; do
		refused 64 "--timeout" "'$value'" -- \
			gsctl call --timeout "$value" kv echo x
	done
}

@test "gsctl call: a late reply is not taken for the next one" {
	refused 124 -- gsctl call --timeout 30 kv await "$work/go"
	: >"$work/go"
	is "$(gsctl call kv echo fresh)" fresh
}

@test "gsctl call: the server dies during the call" {
	refused 125 "signal:11" -- gsctl call kv crash
	gsctl wait kv --up
	refused 125 "trouble" -- gsctl call kv exit trouble
	gsctl wait kv --up
	refused 125 "bad_call" -- gsctl call kv what
	gsctl wait kv --up
	refused 125 "bad_return_value" -- gsctl call kv nonsense
}

@test "gsctl call: it ends after it has answered" {
	is "$(gsctl call kv stop normal)" bye
}

@test "gsctl call: killed while it waits for the reply" {
	within 5 state_is kv waiting
	gsctl call --timeout infinity kv sleep 60000 2>"$work/words" 3>&- &
	job=$!
	within 5 state_is kv running
	kill -9 "$(gsctl whereis --os-pid kv)"
	status=0
	wait "$job" || status=$?
	is "$status" 125
	has "$(cat "$work/words")" killed
}

@test "gsctl call: the node is killed while it waits" {
	within 5 state_is kv waiting
	gsctl call --timeout 60000 kv sleep 60000 2>"$work/words" 3>&- &
	job=$!
	within 5 state_is kv running
	kill -9 "$(node_pid)"
	status=0
	wait "$job" || status=$?
	[ "$status" -eq 69 ] || [ "$status" -eq 125 ]
	has "$(cat "$work/words")" "gsctl: "
}

@test "gsctl call: the caller is killed and the server goes on" {
	within 5 state_is kv waiting
	gsctl call --timeout infinity kv await "$work/go" 3>&- &
	job=$!
	within 5 state_is kv running
	kill -9 "$job"
	: >"$work/go"
	is "$(gsctl call kv echo x)" x
}

@test "gsctl call: --lines, one reply a line" {
	printf 'echo a\necho b  c\n\necho d' |
		sed 's/^$/echo /' | gsctl call --lines kv >"$work/out"
	printf 'a\nb  c\n\nd\n' | cmp - "$work/out"
	gsctl call --lines kv </dev/null >"$work/out"
	[ ! -s "$work/out" ]
	seq -f 'echo %.0f' 1 20000 | gsctl call --lines kv >"$work/out"
	seq 1 20000 | cmp - "$work/out"
}

@test "gsctl call: --lines with long lines and with --json" {
	{
		printf 'size '
		head -c 150000 /dev/zero | tr '\0' x
		printf '\nsize\n'
	} | gsctl call --lines kv >"$work/out"
	is "$(tr '\n' ' ' <"$work/out")" "150005 4 "
	printf 'echo a\necho b\n' | gsctl call --json --lines kv >"$work/out"
	is "$(jq -r .reply "$work/out" | tr '\n' ' ')" "a b "
	is "$(wc -l <"$work/out")" 2
}

@test "gsctl call: --lines answers before it is asked again" {
	coproc ASK { gsctl call --lines kv 3>&-; }
	for word in one two three; do
		echo "echo $word" >&"${ASK[1]}"
		read -r -t 10 line <&"${ASK[0]}"
		is "$line" "$word"
	done
	pid=$ASK_PID
	eval "exec ${ASK[1]}>&-"
	wait "$pid"
}

@test "gsctl call: --lines stops at the first that fails" {
	printf 'echo a\necho b\ncrash\necho c\n' >"$work/in"
	status=0
	gsctl call --lines kv <"$work/in" >"$work/out" 2>"$work/words" ||
		status=$?
	is "$status" 125
	printf 'a\nb\n' | cmp - "$work/out"
	has "$(cat "$work/words")" "line 3" "signal:11"
}

@test "gsctl call: --lines takes no words" {
	refused 64 "--lines" "'x'" -- gsctl call --lines kv x
}

@test "gsctl call: a server that is stopped by SIGSTOP is alive" {
	os=$(gsctl whereis --os-pid kv)
	kill -STOP "$os"
	refused 124 -- gsctl call --timeout 100 kv echo x
	kill -CONT "$os"
	is "$(gsctl call kv echo x)" x
	is "$(gsctl whereis --os-pid kv)" "$os"
}

@test "gsctl call: many attachments leave nothing" {
	before=$(gsctl info --json)
	for _ in {1..300}; do
		gsctl call kv echo x >/dev/null
	done
	within 5 left_nothing "$before"
}

# The connection before this one may be about to be closed.
left_nothing()
{
	gsctl info --json | jq -e --argjson a "$1" \
		'.processes <= $a.processes and .fds_used <= $a.fds_used + 4'
}

@test "gsctl call: a program that is no server" {
	gsctl start --name web --plain sleep 1000 >/dev/null
	refused 64 "call web: it is no server: it answers no calls" -- \
		gsctl call web x
	refused 64 "cast web: it is no server: it takes no messages" -- \
		gsctl cast web x
	refused 64 "cast web: it is no server: it takes no messages" -- \
		gsctl cast --timeout 10 web x
	refused 64 "send web: it is no server: it takes no messages" -- \
		gsctl send web x
}

@test "gsctl call: a reply that is too large" {
	is "$(gsctl call --raw kv big 262128 | wc -c)" 262128
	refused 64 "kv" "reply is too large" "262128" -- \
		gsctl call kv big 262129
	is "$(gsctl call kv echo x)" x
}

@test "gsctl call, cast, send: not to the node's own processes" {
	root=$(gsctl ls --json |
		jq -r '.[] | select(.kind == "supervisor") | .pid')
	node=$(gsctl ls --all --json |
		jq -r '.[] | select(.kind == "node") | .pid')
	refused 64 "$root" "root supervisor" "takes no calls" -- \
		gsctl call "$root" x
	refused 64 "$node" "node itself" "takes no calls" -- \
		gsctl call "$node" x
	for verb in cast send; do
		refused 64 "root supervisor" "takes no messages" -- \
			gsctl "$verb" "$root" x
		refused 64 "node itself" "takes no messages" -- \
			gsctl "$verb" "$node" x
	done
	is "$(gsctl call kv echo x)" x
}

@test "gsctl call: right behind a kill -9 nobody is told to restart it" {
	gsctl stop kv
	gsctl start --name kv --max-restarts 1000 "$kit" >/dev/null
	for _ in {1..25}; do
		pid=$(gsctl whereis kv)
		kill -9 "$(gsctl whereis --os-pid kv)"
		run --separate-stderr gsctl call kv echo x
		[[ $status == 0 || $status == 3 || $status == 125 ]]
		[[ $stderr != *"gsctl restart"* ]]
		gsctl wait "$pid" --down
		gsctl wait kv --up
	done
}

# told_of_restart: one look at a moment between two lives of it.
told_of_restart()
{
	gsctl whereis quick 2>&1 |
		grep -q "is being restarted (last ended with normal); 'gsctl wait quick --up' waits for it"
}

@test "gsctl: one that is being restarted is not called down" {
	gsctl start --name quick --max-restarts 1000000 --max-seconds 1 \
		--plain sleep 0.001 >/dev/null
	within 30 told_of_restart
	gsctl stop quick
}
