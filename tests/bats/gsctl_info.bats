# SPDX-License-Identifier: Apache-2.0
# gsctl info and gsctl nodes.

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

@test "gsctl info: a key and its value on each line" {
	gsctl up
	run -0 --separate-stderr gsctl info
	is "$stderr" ""
	is "$(cut -f 1 <<<"$output" | tr '\n' ' ')" "name creation os_pid\
 version poller memory arena_used processes processes_max fds_used fds_max\
 uptime_ms runtime log "
	is "$(awk -F '\t' '$1 == "name" { print $2 }' <<<"$output")" "$GS_NODE"
	is "$(awk -F '\t' '$1 == "runtime" { print $2 }' <<<"$output")" \
		"$GS_RUNTIME_DIR"
	awk -F '\t' 'NF != 2 { exit 1 }' <<<"$output"
}

@test "gsctl info: --json has the same keys, numbers as numbers" {
	gsctl up
	gsctl info --json | jq -e '(.os_pid | type) == "number"
		and (.arena_used > 0) and (.uptime_ms >= 0)
		and (.processes > 0) and (.processes_max >= .processes)
		and (.fds_used > 0) and (.fds_max > .fds_used)
		and (.poller | test("^(io_uring|epoll)"))
		and (.memory | test("^(shm|memfd)"))
		and (.log | startswith("'"$GS_RUNTIME_DIR"'"))' >/dev/null
	is "$(gsctl info --json | jq -r 'keys_unsorted | join(" ")')" \
		"$(gsctl info | cut -f 1 | paste -sd ' ')"
	os=$(gsctl info --json | jq .os_pid)
	is "$(cat "/proc/$os/comm")" gs-node
}

@test "gsctl info: the poller that was forced" {
	GS_POLLER=epoll gsctl up
	has "$(gsctl info --json | jq -r .poller)" epoll
}

@test "gsctl nodes: running ones with their OS pid" {
	is "$(gsctl nodes)" ""
	is "$(gsctl nodes --json)" "[]"
	gsctl up
	other=other-$GS_NODE
	gsctl up -n "$other"
	pid=$(gsctl info -n "$other" --json | jq .os_pid)
	gsctl nodes | grep -qx "$other	$pid	running"
	is "$(gsctl nodes | wc -l)" 2
	is "$(gsctl nodes --json |
		jq -r '.[] | select(.name == "'"$other"'") | .os_pid')" "$pid"
	is "$(gsctl nodes --json | jq -r '[.[].state] | unique[]')" running
}

@test "gsctl nodes: a killed one is stale, --prune removes it" {
	gsctl up
	gsctl up -n "other-$GS_NODE"
	kill -9 "$(node_pid)"
	within 5 stale
	is "$(gsctl nodes --json | jq -r '.[] | select(.state == "stale")
		| .name, .os_pid')" "$GS_NODE"$'\n'null
	run -0 --separate-stderr gsctl nodes --prune
	is "$(cut -f 1 <<<"$output")" "other-$GS_NODE"
	has "$stderr" "removed 1 stale node"
	run -0 --separate-stderr gsctl nodes --prune
	is "$stderr" ""
	is "$(gsctl nodes | wc -l)" 1
	is "$(gsctl -n "other-$GS_NODE" info | head -n 1)" \
		"name	other-$GS_NODE"
}

stale()
{
	gsctl nodes | grep -qx "$GS_NODE	-	stale"
}
