# SPDX-License-Identifier: Apache-2.0
# gsctl show: one server from all sides.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
	gsctl start --name kv "$kit" label of-mine >/dev/null
}

teardown()
{
	node_teardown
}

field()
{
	awk -F '\t' -v key="$1" '$1 == key { print $2 }' <<<"$output"
}

@test "gsctl show: a key and a value on each line" {
	run -0 --separate-stderr gsctl show kv
	is "$stderr" ""
	awk -F '\t' 'NF != 2 { exit 1 }' <<<"$output"
	is "$(field name)" kv
	is "$(field pid)" "$(gsctl whereis kv)"
	is "$(field os_pid)" "$(gsctl whereis --os-pid kv)"
	is "$(field kind)" server
	is "$(field behaviour)" kit
	is "$(field version)" 7
	is "$(field label)" of-mine
	is "$(field trap_exit)" no
	is "$(field restart)" permanent
	is "$(field child_state)" running
	is "$(field what)" "$kit"
	is "$(field crashes)" -
}

@test "gsctl show: --json has the same keys, links and crashes as arrays" {
	gsctl show kv --json >"$work/out"
	is "$(jq -r 'keys_unsorted | join(" ")' "$work/out")" \
		"$(gsctl show kv | cut -f 1 | uniq | paste -sd ' ')"
	jq -e '.name == "kv" and .trap_exit == false and .crashes == []
		and (.links | type) == "array" and .mailbox_max == 1048576
		and .calling == null' "$work/out" >/dev/null
}

@test "gsctl show: by pid" {
	pid=$(gsctl whereis kv)
	run -0 gsctl show "$pid"
	is "$(field name)" kv
	is "$(field restart)" permanent
}

@test "gsctl show: the last crash is included" {
	run -125 gsctl call kv crash
	gsctl wait kv --up
	within 5 crash_seen signal:11
	run -0 gsctl show kv
	is "$(field restarts)" 1
	is "$(field last_reason)" signal:11
	run -125 gsctl call kv stop_it_please
	gsctl wait kv --up
	within 5 crash_seen bad_call
	gsctl show kv --json | jq -e '.crashes | length >= 2' >/dev/null
}

crash_seen()
{
	gsctl show kv --json | jq -e '.crashes[-1] | contains("'"$1"'")'
}

@test "gsctl show: a server that is down" {
	gsctl stop kv
	run -0 --separate-stderr gsctl show kv
	is "$(field name)" kv
	is "$(field state)" stopped
	is "$(field pid)" -
	is "$(field restart)" permanent
}

@test "gsctl show: nobody" {
	refused 4 "no server named 'nobody'" -- gsctl show nobody
	refused 4 "<1.2.3>" -- gsctl show '<1.2.3>'
}

@test "gsctl show: on a terminal aligned, for people" {
	run -0 bash -c 'script -qec "gsctl show kv" /dev/null </dev/null |
		tr -d "\r"'
	grep -Eq '^name +kv$' <<<"$output"
	grep -Eq '^mailbox_max +1\.0M$' <<<"$output"
	grep -Eq '^uptime +[0-9.]+s$' <<<"$output"
}
