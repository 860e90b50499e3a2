# SPDX-License-Identifier: Apache-2.0
# gsctl start: what can be started, how, and what cannot.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
	fixtures=$GS_BUILD/tests/fixtures
}

teardown()
{
	node_teardown
}

# Nothing of a start is left: no process but the node's own, no name.
nothing_started()
{
	gsctl ls --json | jq -e 'map(select(.name == "kv")) == []' >/dev/null
	refused 4 -- gsctl whereis kv
}

@test "gsctl start: prints the pid, and starts the node" {
	run -0 --separate-stderr gsctl start --name kv "$kit"
	[[ $output =~ ^\<[0-9]+\.[0-9]+\.[0-9]+\>$ ]]
	is "$stderr" ""
	is "$(gsctl whereis kv)" "$output"
	is "$(gsctl call "$output" echo x)" x
}

@test "gsctl start: --json" {
	gsctl start --json --name kv "$kit" >"$work/out"
	is "$(jq -r .name "$work/out")" kv
	is "$(jq -r .pid "$work/out")" "$(gsctl whereis kv)"
	gsctl start --json "$kit" >"$work/out"
	is "$(jq -r .name "$work/out")" null
}

@test "gsctl start: the words are the argument" {
	gsctl start --name kv "$kit" one 'two  three' --name >/dev/null
	is "$(gsctl call kv argument)" "one two  three --name"
	gsctl start --name none "$kit" >/dev/null
	is "$(gsctl call --raw none argument | wc -c)" 0
	gsctl start --name dashes -- "$kit" -x >/dev/null
	is "$(gsctl call dashes argument)" -x
}

@test "gsctl start: a path relative to here, and the folder of the server" {
	cp "$kit" "$work/kit.so"
	cd "$work"
	gsctl start --name kv kit.so >/dev/null
	is "$(gsctl call kv folder)" "$work"
	gsctl start --name dot ./kit.so >/dev/null
	cd /
	gsctl restart kv >/dev/null
	is "$(gsctl call kv folder)" "$work"
}

@test "gsctl start: without a name" {
	pid=$(gsctl start "$kit")
	is "$(gsctl call "$pid" echo x)" x
	gsctl stop "$pid"
	refused 4 -- gsctl call "$pid" echo x
}

@test "gsctl start: a program linked with the library" {
	gsctl start --name program "$fixtures/fx_program" a 'b c' >/dev/null
	is "$(gsctl call program argument)" "a b c"
	is "$(gsctl call program words)" 3
	is "$(gsctl call program 1)" a
	is "$(gsctl call program 2)" "b c"
	pid=$(gsctl whereis program)
	kill -9 "$(gsctl whereis --os-pid program)"
	within 10 other_pid program "$pid"
	is "$(gsctl call program 2)" "b c"
}

@test "gsctl start: a program is found in PATH" {
	PATH=$fixtures:$PATH gsctl start --name program fx_program >/dev/null
	is "$(gsctl call program argument | tr -d '\n')" ""
}

@test "gsctl start: the program by hand says how to start it" {
	run --separate-stderr "$fixtures/fx_program"
	[ "$status" -ne 0 ]
	has "$stderr" "gsctl start"
}

@test "gsctl start: --plain runs any program, restarts it and logs it" {
	gsctl start --plain --name plain sh -c 'echo hello; exec sleep 1000' \
		>/dev/null
	pid=$(gsctl whereis plain)
	os=$(gsctl whereis --os-pid plain)
	within 5 grep -q sleep "/proc/$os/comm"
	kill -9 "$os"
	within 10 other_pid plain "$pid"
	within 5 logged
	os=$(gsctl whereis --os-pid plain)
	gsctl stop plain
	gone "$os"
}

logged()
{
	gsctl log plain | grep -q 'plain| hello'
}

@test "gsctl start: --plain answers no calls" {
	gsctl start --plain --name plain sleep 1000 >/dev/null
	run --separate-stderr gsctl call --timeout 200 plain hello
	[ "$status" -ne 0 ]
	[[ $stderr == "gsctl: "* ]]
}

@test "gsctl start: the name is taken" {
	pid=$(gsctl start --name kv "$kit" first)
	refused 5 already_started "'kv' is held by $pid" "'gsctl stop kv'" -- \
		gsctl start --name kv "$kit" second
	is "$(gsctl call kv argument)" first
	is "$(gsctl ls | grep -c "^kv	")" 1
}

@test "gsctl start: --name that is none" {
	long=$(printf 'n%.0s' {1..128})
	for name in "" "$long" nil true false undefined '<1.2.3>' $'a\tb' \
		$'\xff'; do
		refused 64 "--name" -- gsctl start --name "$name" "$kit"
	done
	# not even the node was started
	is "$(gsctl nodes)" ""
	gsctl start --name "${long%n}" "$kit" >/dev/null
	is "$(gsctl call "${long%n}" echo x)" x
	gsctl start --name 'ünï cödé' "$kit" >/dev/null
	is "$(gsctl call 'ünï cödé' echo x)" x
}

@test "gsctl start: what is not there starts nothing, not even the node" {
	refused 5 "./no.so" "No such file" -- gsctl start --name kv ./no.so
	refused 5 "/no/such" -- gsctl start /no/such
	refused 5 "no-such-program" "PATH" -- gsctl start no-such-program
	refused 5 "not a file" -- gsctl start /tmp
	: >"$work/text"
	chmod 644 "$work/text"
	refused 5 "Permission denied" -- gsctl start --plain "$work/text"
	refused 5 -- gsctl start ""
	is "$(gsctl nodes)" ""
}

@test "gsctl start: a module that cannot be loaded" {
	echo nonsense >"$work/text.so"
	refused 5 -- gsctl start --name kv "$work/text.so"
	has "$stderr" "text.so"
	nothing_started
}

@test "gsctl start: a module without the symbol" {
	refused 5 "gs_module" -- \
		gsctl start --name kv "$fixtures/fx_no_symbol.so"
	nothing_started
}

@test "gsctl start: a module of another ABI" {
	refused 5 "is built for ABI" -- gsctl start --name kv "$fixtures/fx_other_abi.so"
	nothing_started
}

@test "gsctl start: a program that is no server, without --plain" {
	refused 5 -- gsctl start --name kv --timeout 5000 true
	nothing_started
}

@test "gsctl start: init refuses, ignores, stops" {
	refused 5 "no_disk" -- gsctl start --name kv "$kit" error no_disk
	nothing_started
	refused 5 "ignore" -- gsctl start --name kv "$kit" ignore
	nothing_started
	refused 5 "bad_luck" -- gsctl start --name kv "$kit" stop bad_luck
	nothing_started
}

@test "gsctl start: init crashes, exits, returns nonsense" {
	refused 5 -- gsctl start --name kv "$kit" crash
	[[ $stderr == *signal:11* || -n ${ASAN_OPTIONS-} ]]
	nothing_started
	refused 5 -- gsctl start --name kv "$kit" exit 3
	nothing_started
	refused 5 "bad_return_value" -- gsctl start --name kv "$kit" nonsense
	nothing_started
}

@test "gsctl start: init takes too long" {
	refused 5 "timeout" -- \
		gsctl start --timeout 100 --name kv "$kit" sleep 60000
	nothing_started
	gsctl start --timeout infinity --name kv "$kit" sleep 50 >/dev/null
}

@test "gsctl start: numbers are checked, and named" {
	for value in -1 12x "" abc 99999999999999999999 0x10 1.5 " 5" 5ms 0; do
		refused 64 "--timeout" "'$value'" -- \
			gsctl start --timeout "$value" "$kit"
		refused 64 "--hibernate-after" "'$value'" -- \
			gsctl start --hibernate-after "$value" "$kit"
		refused 64 "--max-seconds" "'$value'" -- \
			gsctl start --max-seconds "$value" "$kit"
	done
	for value in -1 12x "" 99999999999 brutal; do
		refused 64 "--shutdown" "'$value'" -- \
			gsctl start --shutdown "$value" "$kit"
		refused 64 "--max-restarts" "'$value'" -- \
			gsctl start --max-restarts "$value" "$kit"
	done
	for value in -1 0 1 16383 2G 1T 16KB K 1.5M "" 18446744073709551616; do
		refused 64 "--mailbox" "'$value'" -- \
			gsctl start --mailbox "$value" "$kit"
	done
	refused 64 "--restart" "'sometimes'" -- \
		gsctl start --restart sometimes "$kit"
	refused 64 "--restart" -- gsctl start --restart "" "$kit"
	is "$(gsctl nodes)" ""
}

@test "gsctl start: --mailbox" {
	gsctl start --name small --mailbox 16K "$kit" >/dev/null
	gsctl start --name bytes --mailbox 65536 "$kit" >/dev/null
	gsctl start --name large --mailbox 64M "$kit" >/dev/null
	is "$(gsctl show small --json | jq .mailbox_max)" 16384
	is "$(gsctl show bytes --json | jq .mailbox_max)" 65536
	is "$(gsctl show large --json | jq .mailbox_max)" $((64 << 20))
	head -c 12000000 /dev/zero | tr '\0' x >"$work/large"
	is "$({ printf 'size '; cat "$work/large"; } |
		gsctl call large -)" 12000005
}

@test "gsctl start: --shutdown names what it takes" {
	refused 64 "'brutal_kill', 'infinity' or milliseconds" "'never'" -- \
		gsctl start --shutdown never "$kit"
}

@test "gsctl start: --restart, --shutdown and the intensity are kept" {
	gsctl start --name kv --restart transient --shutdown 123 \
		--max-restarts 7 --max-seconds 8 "$kit" >/dev/null
	gsctl show kv --json | jq -e '.restart == "transient"
		and .shutdown == 123 and .max_restarts == 7
		and .max_seconds == 8 and .restarts == 0' >/dev/null
	gsctl start --name two --shutdown brutal_kill "$kit" >/dev/null
	gsctl show two --json | jq -e '.restart == "permanent"
		and .shutdown == "brutal_kill" and .max_restarts == 3
		and .max_seconds == 5' >/dev/null
	gsctl start --name three --shutdown infinity "$kit" >/dev/null
	is "$(gsctl show three --json | jq -r .shutdown)" infinity
	gsctl start --name four "$kit" >/dev/null
	is "$(gsctl show four --json | jq -r .shutdown)" 5000
}

@test "gsctl start: permanent, transient and temporary" {
	for how in permanent transient temporary; do
		gsctl start --name "$how" --restart "$how" "$kit" >/dev/null
	done
	permanent=$(gsctl whereis permanent)
	transient=$(gsctl whereis transient)
	gsctl cast permanent stop normal
	within 10 other_pid permanent "$permanent"
	gsctl cast transient stop shutdown
	within 10 state_is transient stopped
	transient=$(gsctl restart transient)
	gsctl cast transient stop trouble
	within 10 other_pid transient "$transient"
	gsctl cast temporary stop trouble
	within 10 state_is temporary ""
	refused 4 -- gsctl show temporary
}

@test "gsctl start: one that dies too often is given up alone" {
	gsctl start --name kv --max-restarts 1 --max-seconds 60 "$kit" \
		>/dev/null
	neighbour=$(gsctl start --name neighbour "$kit")
	pid=$(gsctl whereis kv)
	gsctl kill kv
	within 10 other_pid kv "$pid"
	gsctl kill kv
	within 10 state_is kv failed
	is "$(gsctl show kv --json | jq -r .last_reason)" killed
	refused 3 "failed" "killed" "gsctl restart kv" -- gsctl call kv echo x
	is "$(gsctl whereis neighbour)" "$neighbour"
	gsctl restart kv >/dev/null
	is "$(gsctl call kv echo x)" x
}

@test "gsctl start: --hibernate-after" {
	gsctl start --name kv --hibernate-after 50 "$kit" >/dev/null
	within 10 state_is kv hibernating
	is "$(gsctl call kv echo x)" x
}

@test "gsctl start: -n behind the verb picks the node" {
	gsctl start -n "other-$GS_NODE" --name kv "$kit" >/dev/null
	refused 69 -- gsctl call kv echo x
	is "$(gsctl call "kv@other-$GS_NODE" echo x)" x
}

@test "gsctl start: many at once without a node share one" {
	for i in 1 2 3 4 5 6; do
		gsctl start --name "kv$i" "$kit" >"$work/pid.$i" 3>&- &
		jobs+=("$!")
	done
	for job in "${jobs[@]}"; do
		wait "$job"
	done
	is "$(gsctl nodes | wc -l)" 1
	for i in 1 2 3 4 5 6; do
		is "$(gsctl whereis "kv$i")" "$(cat "$work/pid.$i")"
	done
}

@test "gsctl start: started and stopped many times, nothing is left" {
	gsctl start --name kv --restart temporary "$kit" >/dev/null
	gsctl stop kv
	before=$(gsctl info --json)
	for _ in {1..150}; do
		gsctl start --name kv --restart temporary "$kit" >/dev/null
		gsctl stop kv
	done
	within 5 left_nothing "$before"
	is "$(gsctl ls | wc -l)" 1
}

left_nothing()
{
	gsctl info --json | jq -e --argjson a "$1" \
		'.processes <= $a.processes + 1
		and .fds_used <= $a.fds_used + 20
		and .arena_used <= $a.arena_used + 2000000'
}
