# SPDX-License-Identifier: Apache-2.0
# gsctl stop and restart: by the supervisor.

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

# logged NAME TEXT
logged()
{
	gsctl log "$1" | grep -q -- "$2"
}

@test "gsctl stop: it is gone, its name free, and it stays down" {
	gsctl start --name kv "$kit" >/dev/null
	os=$(gsctl whereis --os-pid kv)
	run -0 --separate-stderr gsctl stop kv
	is "$output$stderr" ""
	gone "$os"
	refused 4 -- gsctl whereis kv
	is "$(state_of kv)" stopped
	refused 3 "'kv'" "down: stopped" "gsctl restart kv" -- \
		gsctl call kv echo x
	refused 3 -- gsctl cast kv x
	refused 3 -- gsctl send kv x
	refused 3 -- gsctl exit kv
	refused 3 -- gsctl kill kv
}

@test "gsctl stop: by pid" {
	pid=$(gsctl start --name kv "$kit")
	gsctl stop "$pid"
	is "$(state_of kv)" stopped
}

@test "gsctl stop: a temporary one is forgotten" {
	gsctl start --name kv --restart temporary "$kit" >/dev/null
	gsctl stop kv
	is "$(state_of kv)" ""
	refused 4 -- gsctl call kv echo x
}

@test "gsctl stop: waits for terminate, and kills what overstays" {
	gsctl start --name slow "$kit" slow-end 300 >/dev/null
	os=$(gsctl whereis --os-pid slow)
	gsctl stop slow
	gone "$os"
	gsctl start --name late --shutdown 100 "$kit" slow-end 60000 >/dev/null
	os=$(gsctl whereis --os-pid late)
	gsctl stop late
	gone "$os"
}

# LOG-06
@test "gsctl stop: a program that ends well when told to is no error, another is" {
	for status in 0 3; do
		echo "trap 'exit $status' TERM; echo ready; while :; do sleep 1 & wait; done" \
			>"$work/end$status"
		gsctl start --plain --name "end$status" sh "$work/end$status" >/dev/null
		within 5 logged "end$status" ready
		gsctl stop "end$status"
	done
	within 5 logged end3 "shutdown_error: exit:3"
	run -1 logged end0 shutdown_error
}

@test "gsctl stop: a server that is stopped by SIGSTOP" {
	gsctl start --name kv --shutdown 100 "$kit" >/dev/null
	os=$(gsctl whereis --os-pid kv)
	kill -STOP "$os"
	gsctl stop kv
	gone "$os"
}

@test "gsctl stop: --timeout" {
	gsctl start --name slow --shutdown infinity "$kit" \
		slow-end 60000 >/dev/null
	os=$(gsctl whereis --os-pid slow)
	refused 124 "slow" -- gsctl stop --timeout 50 slow
	kill -9 "$os"
	gsctl wait slow --down
	refused 64 "--timeout" "'-1'" -- gsctl stop --timeout -1 slow
}

@test "gsctl stop: nobody of that name, no such pid" {
	gsctl up
	refused 4 "no server named 'kv'" "gsctl ls" -- gsctl stop kv
	refused 4 "<1.2.3>" -- gsctl stop '<1.2.3>'
}

@test "gsctl restart: another pid under the same name" {
	old=$(gsctl start --name kv "$kit" hello)
	gsctl cast kv x
	run -0 --separate-stderr gsctl restart kv
	is "$output" "$(gsctl whereis kv)"
	[ "$output" != "$old" ]
	is "$(gsctl call kv argument)" hello
	is "$(gsctl call kv casts)" 0
	is "$(gsctl restart --json kv | jq -r .pid)" "$(gsctl whereis kv)"
}

@test "gsctl restart: starts what was stopped" {
	gsctl start --name kv "$kit" >/dev/null
	gsctl stop kv
	gsctl restart kv >/dev/null
	is "$(gsctl call kv echo x)" x
	gsctl restart --timeout 10000 kv >/dev/null
	is "$(gsctl call kv echo x)" x
}

@test "gsctl restart: nobody of that name" {
	gsctl up
	refused 4 "no server named 'kv'" -- gsctl restart kv
	refused 64 "--timeout" "'x'" -- gsctl restart --timeout x kv
}

@test "gsctl restart: an init that fails now is told" {
	cat >"$work/flip" <<-'END'
		#!/bin/sh
		exit 9
	END
	chmod +x "$work/flip"
	cp "$kit" "$work/kit.so"
	gsctl start --name kv "$work/kit.so" >/dev/null
	gsctl stop kv
	rm "$work/kit.so"
	refused 5 -- gsctl restart kv
	refused 3 -- gsctl call kv echo x
	cp "$kit" "$work/kit.so"
	gsctl restart kv >/dev/null
	is "$(gsctl call kv echo x)" x
}
