# SPDX-License-Identifier: Apache-2.0
# gsctl log: reports and captured output.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
	gsctl start --name kv "$kit" >/dev/null
}

teardown()
{
	if [ -n "${job-}" ]; then
		kill "$job" 2>/dev/null || :
	fi
	node_teardown
}

logged()
{
	gsctl log | grep -q -- "$1"
}

@test "gsctl log: what a server prints" {
	gsctl call kv out hello world
	within 5 logged "kv| hello world"
	line=$(gsctl log kv | grep 'hello world')
	[[ $line =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}\ [0-9:]{8}\.[0-9]{3}\ kv\|\  ]]
}

@test "gsctl log: an abnormal end, once, with its reason" {
	run -125 gsctl call kv what
	gsctl wait kv --up
	within 5 logged bad_call
	is "$(gsctl log --json |
		jq -c 'select(.kind == "server_terminated")' | wc -l)" 1
	gsctl log --json | jq -es 'map(select(.kind == "server_terminated"))[0]
		| .level == "error" and .name == "kv"
		and (.time | type) == "number"
		and .fields.reason == "bad_call"' >/dev/null
}

@test "gsctl log: a clean stop is not reported" {
	gsctl stop kv
	gsctl start --name next "$kit" >/dev/null
	gsctl call next out mark
	within 5 logged mark
	is "$(gsctl log --json |
		jq -c 'select(.kind == "server_terminated")')" ""
}

@test "gsctl log: of one server, by name and by pid" {
	gsctl start --name other "$kit" >/dev/null
	gsctl call kv out from-kv
	gsctl call other out from-other
	within 5 logged from-other
	within 5 logged from-kv
	has "$(gsctl log kv)" from-kv
	[[ $(gsctl log kv) != *from-other* ]]
	has "$(gsctl log "$(gsctl whereis other)")" from-other
	[[ $(gsctl log "$(gsctl whereis other)") != *from-kv* ]]
	is "$(gsctl log nobody 2>/dev/null)" ""
}

@test "gsctl log: nothing of that server is said so" {
	run -0 --separate-stderr gsctl log nobody
	is "$output" ""
	has "$stderr" "nothing of 'nobody'"
	run -0 --separate-stderr gsctl log --json nobody
	is "$output" ""
	has "$stderr" "nothing of 'nobody'"
	gsctl call kv out hello
	within 5 logged hello
	run -0 --separate-stderr gsctl log kv
	is "$stderr" ""
	run -0 --separate-stderr gsctl log
	is "$stderr" ""
}

@test "gsctl log: --json is an object a line" {
	gsctl call kv out 'a "quoted" line'
	within 5 logged quoted
	gsctl log --json | jq -es 'length > 0' >/dev/null
	is "$(gsctl log --json kv |
		jq -r 'select(.kind == "output") | .text')" 'a "quoted" line'
}

@test "gsctl log: control characters do not reach the terminal" {
	printf 'out \033[31mred\001' | gsctl call kv -
	within 5 logged red
	gsctl log >"$work/out"
	LC_ALL=C grep -q '[^[:print:][:space:]]' "$work/out" && return 1
	has "$(cat "$work/out")" '\x1b[31mred\x01'
}

@test "gsctl log: of a node that is down" {
	gsctl call kv out goodbye
	within 5 logged goodbye
	gsctl down
	has "$(gsctl log)" goodbye
}

@test "gsctl log: of a node that never was" {
	refused 69 "'never'" -- gsctl -n never log
}

@test "gsctl log: -f goes on" {
	gsctl log -f >"$work/out" 3>&- &
	job=$!
	gsctl call kv out one
	within 5 grep -q 'kv| one' "$work/out"
	gsctl call kv out two
	within 5 grep -q 'kv| two' "$work/out"
	is "$(grep -c 'kv| one' "$work/out")" 1
}

@test "gsctl log: -f of one server, over a restart of the node" {
	gsctl log -f kv >"$work/out" 3>&- &
	job=$!
	gsctl call kv out one
	within 5 grep -q one "$work/out"
	gsctl down
	gsctl start --name kv "$kit" >/dev/null
	gsctl start --name other "$kit" >/dev/null
	gsctl call other out nobody-asked
	gsctl call kv out two
	within 5 grep -q two "$work/out"
	[[ $(cat "$work/out") != *nobody-asked* ]]
}

@test "gsctl log: -f over the rotation of the file, nothing lost or twice" {
	gsctl log -f kv >"$work/out" 3>&- &
	job=$!
	gsctl call kv out followed
	within 5 grep -q followed "$work/out"
	# one line each, more than the file may hold
	for i in {1..12}; do
		seq -f "out $i-%.0f $(printf 'x%.0s' {1..900})" 1 100 |
			gsctl call --lines kv >/dev/null
	done
	gsctl call kv out the-end
	within 10 grep -q the-end "$work/out"
	[ -e "$(gsctl info --json | jq -r .log).1" ]
	is "$(grep -o 'kv| [0-9]*-[0-9]*' "$work/out" | sort -u | wc -l)" 1200
	is "$(grep -c 'kv| [0-9]*-[0-9]*' "$work/out")" 1200
}
