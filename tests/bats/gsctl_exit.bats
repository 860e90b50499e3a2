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
