# SPDX-License-Identifier: Apache-2.0
# gsctl exit and kill: exit signals.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
	gsctl up
}

teardown()
{
	node_teardown
}

@test "gsctl exit: shutdown by default; the supervisor starts it again" {
	pid=$(gsctl start --name kv "$kit")
	run -0 --separate-stderr gsctl exit kv
	is "$output$stderr" ""
	within 10 other_pid kv "$pid"
	is "$(gsctl show kv --json | jq -r .last_reason)" shutdown
	is "$(gsctl show kv --json | jq -r .restarts)" 1
}

@test "gsctl exit: a transient one stays down after shutdown" {
	gsctl start --name kv --restart transient "$kit" >/dev/null
	gsctl exit kv
	within 10 state_is kv stopped
}

@test "gsctl exit: with a reason, by pid" {
	pid=$(gsctl start --name kv "$kit")
	gsctl exit "$pid" out_of_luck
	within 10 other_pid kv "$pid"
	is "$(gsctl show kv --json | jq -r .last_reason)" out_of_luck
}

@test "gsctl exit: normal ends nobody" {
	pid=$(gsctl start --name kv "$kit")
	gsctl exit kv normal
	is "$(gsctl call kv echo x)" x
	is "$(gsctl whereis kv)" "$pid"
}

@test "gsctl exit: one that traps sees a message" {
	pid=$(gsctl start --name kv "$kit" trap)
	gsctl exit kv hello
	is "$(gsctl call kv infos)" "1 hello"
	is "$(gsctl whereis kv)" "$pid"
}

@test "gsctl kill: cannot be trapped; the reason is killed" {
	pid=$(gsctl start --name kv "$kit" trap)
	run -0 --separate-stderr gsctl kill kv
	is "$output$stderr" ""
	within 10 other_pid kv "$pid"
	is "$(gsctl show kv --json | jq -r .last_reason)" killed
	pid=$(gsctl whereis kv)
	gsctl exit kv kill
	within 10 other_pid kv "$pid"
}

@test "gsctl kill: a stopped process as well" {
	pid=$(gsctl start --name kv "$kit")
	kill -STOP "$(gsctl whereis --os-pid kv)"
	gsctl kill kv
	within 10 other_pid kv "$pid"
}

@test "gsctl exit, kill: nobody there" {
	refused 4 "no server named 'kv'" -- gsctl exit kv
	refused 4 "no server named 'kv'" -- gsctl kill kv
	refused 4 "<1.2.3>" -- gsctl kill '<1.2.3>'
}

@test "gsctl exit: a reason that is none" {
	gsctl start --name kv "$kit" >/dev/null
	refused 64 "reason" -- gsctl exit kv ""
	refused 64 "255" -- gsctl exit kv "$(printf 'r%.0s' {1..256})"
	is "$(gsctl call kv echo x)" x
}

# The pid of the node's own process of that kind.
own_pid()
{
	gsctl ls --all --json | jq -r ".[] | select(.kind == \"$1\") | .pid"
}

@test "gsctl exit, kill, stop: the node itself is refused" {
	node=$(own_pid node)
	refused 64 "node itself" "'gsctl down'" -- gsctl kill "$node"
	refused 64 "node itself" "'gsctl down'" -- gsctl exit "$node"
	refused 64 "'gsctl down'" -- gsctl stop "$node"
	refused 64 "'gsctl down'" -- gsctl stop "$(own_pid supervisor)"
	gsctl info >/dev/null
}

@test "gsctl stop: a hint with a pid is quoted for the shell" {
	gsctl wait never --up 3>&- 2>/dev/null &
	job=$!
	within 5 client_pid "$job"
	pid=$(client_pid "$job")
	refused 4 "'gsctl exit \"$pid\"'" -- gsctl stop "$pid"
	gsctl exit "$pid" enough
	wait "$job" || :
}

client_pid()
{
	gsctl ls --all --json | jq -er ".[] |
		select(.kind == \"client\" and .os_pid == $1) | .pid"
}
