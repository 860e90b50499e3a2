# SPDX-License-Identifier: Apache-2.0
# Shared memory that somebody of the same user cuts off, removes, or whose
# name he takes.

bats_require_minimum_version 1.5.0
load ../bats/common

setup()
{
	node_setup
	segment=/dev/shm/genserver-$(id -u)-$GS_NODE
}

teardown()
{
	node_teardown
	rm -rf "$segment"
}

needs_segment()
{
	has "$(gsctl info | grep ^memory)" shm || skip "there is no segment"
}

log_file()
{
	gsctl info | awk -F '\t' '$1 == "log" { print $2 }'
}

# The node and all of it are gone, said why, and come back.
ended_for_good()
{
	within 10 no_processes
	has "$(tail -n 1 "$1")" "cut off"
	gsctl start --name kv "$kit" >/dev/null
	is "$(gsctl call kv echo again)" again
}

@test "hostile: segment cut to nothing; the node says so, ends, starts again" {
	gsctl start --name kv "$kit" >/dev/null
	gsctl start --name idle "$kit" >/dev/null
	needs_segment
	log=$(log_file)
	truncate -s 0 "$segment"
	# whoever touches it first may die of it, but does not hang
	run timeout 30 gsctl call kv echo x
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
	ended_for_good "$log"
}

@test "hostile: mailboxes cut off the segment; not a half of it goes on" {
	gsctl start --name kv "$kit" >/dev/null
	needs_segment
	log=$(log_file)
	truncate -s 1G "$segment"
	run timeout 30 gsctl call kv echo x
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
	ended_for_good "$log"
}

@test "hostile: segment cut and made long again; all of it is gone" {
	gsctl start --name kv "$kit" >/dev/null
	needs_segment
	log=$(log_file)
	size=$(stat -c %s "$segment")
	truncate -s 0 "$segment"
	truncate -s "$size" "$segment"
	run timeout 30 gsctl call kv echo x
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
	ended_for_good "$log"
}

@test "hostile: a server cuts the segment off through what it has open" {
	gsctl start --name kv "$kit" >/dev/null
	gsctl start --name idle "$kit" >/dev/null
	needs_segment
	log=$(log_file)
	pid=$(gsctl whereis --os-pid kv)
	for fd in /proc/"$pid"/fd/*; do
		case $(readlink "$fd") in
		*genserver-*"$GS_NODE"*) truncate -s 4096 "$fd" && break ;;
		esac
	done
	is "$(stat -c %s "$segment")" 4096
	run timeout 30 gsctl call idle echo x
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
	ended_for_good "$log"
}

@test "hostile: segment removed; attach, call, start, restart, down go on" {
	gsctl start --name kv "$kit" >/dev/null
	needs_segment
	rm "$segment"
	is "$(gsctl call kv echo x)" x
	gsctl start --name more "$kit" >/dev/null
	is "$(gsctl call more echo y)" y
	old=$(gsctl whereis kv)
	kill -9 "$(gsctl whereis --os-pid kv)"
	within 10 other_pid kv "$old"
	is "$(gsctl call kv echo z)" z
	gsctl down
	no_processes
	gsctl start --name kv "$kit" >/dev/null
	is "$(gsctl call kv echo x)" x
}

@test "hostile: the segment's name is taken by a file; it is left alone" {
	gsctl start --name kv "$kit" >/dev/null
	needs_segment
	rm "$segment"
	echo mine >"$segment"
	is "$(gsctl call kv echo x)" x
	gsctl start --name more "$kit" >/dev/null
	gsctl down
	is "$(cat "$segment")" mine
	# whoever starts with that name sweeps what nobody holds
	gsctl start --name kv "$kit" >/dev/null
	is "$(gsctl call kv echo x)" x
	has "$(gsctl info | grep ^memory)" shm
}

@test "hostile: the segment's name is taken by a folder; a memfd will do" {
	mkdir "$segment"
	gsctl start --name kv "$kit" >/dev/null
	has "$(gsctl info | grep ^memory)" memfd
	is "$(gsctl call kv echo x)" x
	# and nobody can cut that off
	pid=$(gsctl whereis --os-pid kv)
	for fd in /proc/"$pid"/fd/*; do
		case $(readlink "$fd") in
		"/memfd:genserver (deleted)") run -1 truncate -s 0 "$fd" ;;
		esac
	done
	has "$output" "not permitted"
	is "$(gsctl call kv echo x)" x
}
