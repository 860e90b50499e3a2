# SPDX-License-Identifier: Apache-2.0
# gsctl whereis, ls and tree.

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

# What a person at a terminal sees.
terminal()
{
	script -qec "stty columns 200; $*" /dev/null </dev/null | tr -d '\r'
}

@test "gsctl whereis: pid, OS pid, JSON" {
	pid=$(gsctl whereis kv)
	[[ $pid =~ ^\<[0-9]+\.[0-9]+\.[0-9]+\>$ ]]
	is "$(gsctl whereis --os-pid kv)" "$(gsctl call kv pid)"
	is "$(gsctl whereis --json kv | jq -r '.name, .pid, .os_pid' |
		tr '\n' ' ')" "kv $pid $(gsctl call kv pid) "
	is "$(gsctl whereis "$pid")" "$pid"
}

@test "gsctl whereis: nobody" {
	refused 4 "nobody is 'nobody'" -- gsctl whereis nobody
	refused 4 -- gsctl whereis '<1.2.3>'
}

@test "gsctl whereis: of one that is down it says how it stands" {
	gsctl stop kv
	refused 4 "'kv'" "down: stopped, last ended with shutdown" \
		"'gsctl restart kv'" -- gsctl whereis kv
	gsctl start --name once --max-restarts 0 "$kit" >/dev/null
	gsctl kill once
	within 10 state_is once failed
	refused 4 "'once'" "down: failed, last ended with killed" -- \
		gsctl whereis once
}

@test "gsctl ls: tab-separated columns without a header" {
	gsctl call kv echo x >/dev/null
	gsctl cast kv x
	gsctl call kv casts >/dev/null
	line=$(gsctl ls | grep '^kv	')
	is "$(awk -F '\t' '{ print NF }' <<<"$line")" 11
	IFS=$'\t' read -r name pid os state queue calls casts restarts memory \
		uptime kind <<<"$line"
	is "$name $pid $os" \
		"kv $(gsctl whereis kv) $(gsctl whereis --os-pid kv)"
	[[ $state == waiting || $state == running ]]
	is "$queue $calls $casts $restarts" "0 2 1 0"
	[ "$memory" -gt 10000 ]
	[ "$uptime" -ge 0 ]
	is "$kind" server
}

@test "gsctl ls: queued messages are counted" {
	within 5 state_is kv waiting
	gsctl cast kv await "$work/go"
	within 5 state_is kv running
	within 5 queued 0
	seq 5 | gsctl cast --lines kv
	is "$(gsctl ls | awk -F '\t' '$1 == "kv" { print $4, $5 }')" "running 5"
	: >"$work/go"
	within 5 queued 0
}

queued()
{
	[ "$(gsctl ls --json | jq '.[] | select(.name == "kv") | .queue')" = "$1" ]
}

@test "gsctl ls: the root supervisor, no client and no node but with --all" {
	gsctl ls --json | jq -e 'length == 2' >/dev/null
	# a client before this one may be about to go
	within 5 all_are 4
	gsctl ls -a | grep -q "	client$"
}

all_are()
{
	[ "$(gsctl ls --all --json | jq length)" -eq "$1" ] &&
		[ "$(gsctl ls -a | wc -l)" -eq "$1" ]
}

@test "gsctl ls: --json has the columns as keys" {
	is "$(gsctl ls --json | jq -r '.[0] | keys_unsorted | join(" ")')" \
		"name pid os_pid state queue calls casts restarts memory uptime_ms kind label"
	gsctl ls --json | jq -e '.[] | select(.name == "kv")
		| (.os_pid | type) == "number" and .restarts == 0' >/dev/null
}

@test "gsctl ls: the root supervisor is shown by its label" {
	gsctl ls | grep -q "^(root supervisor)	<.*	supervisor$"
	gsctl ls --json | jq -e '.[] | select(.kind == "supervisor")
		| .name == null and .label == "root supervisor"' >/dev/null
	gsctl tree --json | jq -e '.children[0] | .name == null
		and .label == "root supervisor"' >/dev/null
	gsctl start "$kit" label of-mine >/dev/null
	gsctl ls | grep -q "^(of-mine)	<.*	server$"
	run -0 terminal gsctl ls
	grep -q '^(root supervisor) .* supervisor$' <<<"$output"
}

@test "gsctl ls: those that are down, with null for what there is not" {
	gsctl stop kv
	is "$(gsctl ls | grep '^kv	')" "kv	-	-	stopped	-	-	-	0	-	-	server"
	gsctl ls --json | jq -e '.[] | select(.name == "kv") | .pid == null
		and .os_pid == null and .state == "stopped"' >/dev/null
}

@test "gsctl ls: restarts are counted" {
	pid=$(gsctl whereis kv)
	gsctl kill kv
	within 10 other_pid kv "$pid"
	is "$(gsctl ls | awk -F '\t' '$1 == "kv" { print $8 }')" 1
}

@test "gsctl ls: on a terminal a table with a header, sizes for people" {
	run -0 terminal gsctl ls
	[[ ${lines[0]} =~ ^NAME\ +PID\ +OS\ PID\ +STATE\ .*MEMORY\ UPTIME\ KIND$ ]]
	grep -Eq '^kv +<.*[0-9](K|M) +[0-9.]+s' <<<"$output"
}

@test "gsctl ls: states of a server" {
	os=$(gsctl whereis --os-pid kv)
	kill -STOP "$os"
	within 5 state_is kv stopped
	kill -CONT "$os"
	within 5 state_is kv waiting
	gsctl cast kv await "$work/go"
	within 5 state_is kv running
	: >"$work/go"
}

@test "gsctl tree: the node, its root, its servers" {
	gsctl start --name other --plain sleep 1000 >/dev/null
	gsctl stop kv
	run -0 --separate-stderr gsctl tree
	is "$stderr" ""
	[[ ${lines[0]} == "$GS_NODE	"*"	node	"* ]]
	[[ ${lines[1]} == "  (root supervisor)	<"*"	supervisor	"* ]]
	grep -qx "    kv	-	-	server	stopped" <<<"$output"
	grep -Eq "^    other	<[0-9.]+>	[0-9]+	plain	" <<<"$output"
	is "${#lines[@]}" 4
}

@test "gsctl tree: is what the operating system has" {
	kv=$(gsctl whereis --os-pid kv)
	root=$(ps -o ppid= -p "$kv" | tr -d ' ')
	node=$(ps -o ppid= -p "$root" | tr -d ' ')
	is "$node" "$(node_pid)"
	gsctl tree --json | jq -e ".os_pid == $node
		and .children[0].os_pid == $root
		and .children[0].children[0].os_pid == $kv" >/dev/null
}

@test "gsctl tree: --json nests" {
	gsctl tree --json | jq -e '.name == "'"$GS_NODE"'" and .kind == "node"
		and .children[0].kind == "supervisor"
		and .children[0].children[0].name == "kv"
		and .children[0].children[0].children == []' >/dev/null
	gsctl tree --all --json |
		jq -e '[.. | .kind? // empty] | index("client")' >/dev/null
}

@test "gsctl tree: on a terminal with branches" {
	run -0 terminal env LC_ALL=C.UTF-8 gsctl tree
	[[ ${lines[0]} =~ ^NAME\ +PID ]]
	grep -q '└─kv' <<<"$output"
	run -0 terminal env LC_ALL=C gsctl tree
	grep -q '`-kv' <<<"$output"
}

@test "gsctl tree: --all shows what is down as well" {
	gsctl stop kv
	run -0 --separate-stderr gsctl tree --all
	grep -qx "    kv	-	-	server	stopped" <<<"$output"
	grep -q "	client	" <<<"$output"
}
