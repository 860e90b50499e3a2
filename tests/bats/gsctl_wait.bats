# SPDX-License-Identifier: Apache-2.0
# gsctl wait and monitor.

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

# later COMMAND...: in the background; its end is met by met.
later()
{
	"$@" >"$work/later" 2>"$work/words" 3>&- &
	job=$!
}

@test "gsctl wait: --up of one that is up, at once" {
	gsctl start --name kv "$kit" >/dev/null
	run -0 --separate-stderr gsctl wait kv --up
	is "$output$stderr" ""
	gsctl wait --up --timeout 0 kv
	gsctl wait "$(gsctl whereis kv)" --up
}

@test "gsctl wait: --up waits for a name to come" {
	later gsctl wait kv --up
	within 5 at_rest "$job"
	gsctl start --name kv "$kit" >/dev/null
	wait "$job"
}

@test "gsctl wait: --up waits for init" {
	later gsctl wait kv --up
	within 5 at_rest "$job"
	gsctl start --name kv "$kit" await "$work/go" >/dev/null 3>&- &
	starter=$!
	within 5 gsctl whereis kv
	within 5 at_rest "$job"
	: >"$work/go"
	wait "$job"
	is "$(gsctl call kv echo x)" x
	wait "$starter"
}

@test "gsctl wait: --down of one that is not there, at once" {
	gsctl wait kv --down
	gsctl wait '<1.2.3>' --down
	gsctl wait kv --down --timeout 0
}

@test "gsctl wait: --down waits for the end" {
	gsctl start --name kv "$kit" >/dev/null
	later gsctl wait kv --down
	within 5 at_rest "$job"
	gsctl stop kv
	wait "$job"
}

@test "gsctl wait: --down is not met by a restart" {
	pid=$(gsctl start --name kv "$kit")
	later gsctl wait kv --down
	within 5 at_rest "$job"
	gsctl kill kv
	within 10 other_pid kv "$pid"
	within 5 at_rest "$job"
	gsctl stop kv
	wait "$job"
}

@test "gsctl wait: --restarted" {
	pid=$(gsctl start --name kv "$kit")
	later gsctl wait kv --restarted
	within 5 at_rest "$job"
	gsctl kill kv
	wait "$job"
	other_pid kv "$pid"
	is "$(gsctl call kv echo x)" x
}

@test "gsctl wait: --restarted by pid, and by gsctl restart" {
	pid=$(gsctl start --name kv "$kit")
	later gsctl wait "$pid" --restarted
	within 5 at_rest "$job"
	gsctl restart kv >/dev/null
	wait "$job"
}

@test "gsctl wait: one that was given up will never come" {
	gsctl start --name kv --max-restarts 0 "$kit" >/dev/null
	later gsctl wait kv --restarted
	within 5 at_rest "$job"
	gsctl kill kv
	status=0
	wait "$job" || status=$?
	is "$status" 1
	has "$(cat "$work/words")" "given up" killed
	refused 1 "given up" -- gsctl wait kv --up
	gsctl wait kv --down
}

@test "gsctl wait: one that is stopped will not come by itself" {
	gsctl start --name kv "$kit" >/dev/null
	later gsctl wait kv --restarted
	within 5 at_rest "$job"
	gsctl stop kv
	status=0
	wait "$job" || status=$?
	is "$status" 1
	refused 1 "'kv' is stopped: shutdown" "'gsctl restart kv'" -- \
		gsctl wait kv --up
	refused 1 "is stopped" -- gsctl wait kv --restarted
	gsctl wait kv --down
}

@test "gsctl wait: a dead pid will not come again" {
	pid=$(gsctl start --name kv "$kit")
	gsctl restart kv >/dev/null
	refused 1 "$pid" "not used again" -- gsctl wait "$pid" --up
	refused 1 "$pid" "not used again" -- gsctl wait "$pid" --restarted
	refused 1 "<1.2.3>" -- gsctl wait '<1.2.3>' --up
	gsctl wait "$pid" --down
}

@test "gsctl wait: --down of a pid, then --up of the name, after a kill -9" {
	gsctl start --name kv --max-restarts 1000 "$kit" >/dev/null
	for _ in {1..20}; do
		pid=$(gsctl whereis kv)
		kill -9 "$(gsctl whereis --os-pid kv)"
		gsctl wait "$pid" --down
		gsctl wait kv --up
		other_pid kv "$pid"
		is "$(gsctl call kv echo x)" x
	done
}

@test "gsctl wait: --restarted of a child without a name" {
	pid=$(gsctl start "$kit")
	later gsctl wait "$pid" --restarted
	within 5 at_rest "$job"
	gsctl kill "$pid"
	wait "$job"
	is "$(cat "$work/words")" ""
}

@test "gsctl wait: that nobody has the name is told once" {
	later gsctl wait kv --up
	within 5 at_rest "$job"
	within 5 grep -q "nobody has the name 'kv' yet; waiting" "$work/words"
	gsctl start --name kv "$kit" >/dev/null
	wait "$job"
	is "$(wc -l <"$work/words")" 1
	is "$(cat "$work/later")" ""
}

@test "gsctl wait: times out; with 0 it only asks" {
	refused 124 "'gsctl show'" -- gsctl wait kv --up --timeout 50
	run -1 --separate-stderr gsctl wait kv --up --timeout 0
	is "$output$stderr" ""
	gsctl start --name kv "$kit" >/dev/null
	run -1 gsctl wait kv --down --timeout 0
	run -1 gsctl wait kv --restarted --timeout 0
	refused 124 -- gsctl wait kv --restarted --timeout 50
}

@test "gsctl wait: wrong words" {
	refused 64 "--up, --down and --restarted" -- gsctl wait kv
	refused 64 "--up, --down and --restarted" -- gsctl wait kv --up --down
	refused 64 "too few words" -- gsctl wait --up
	for value in -1 12x "" 99999999999; do
		refused 64 "--timeout" "'$value'" -- \
			gsctl wait kv --up --timeout "$value"
	done
}

@test "gsctl wait: the node goes down meanwhile" {
	later gsctl wait kv --up --timeout 20000
	within 5 at_rest "$job"
	gsctl down
	status=0
	wait "$job" || status=$?
	is "$status" 69
}

@test "gsctl monitor: a line for each end" {
	a=$(gsctl start --name a --restart temporary "$kit")
	b=$(gsctl start --name b --restart temporary "$kit")
	later gsctl monitor a "$b"
	within 5 at_rest "$job"
	gsctl exit b trouble
	within 5 grep -q trouble "$work/later"
	gsctl stop a
	wait "$job"
	is "$(cat "$work/later")" "DOWN	-	$b	trouble
DOWN	a	$a	shutdown"
	is "$(cat "$work/words")" ""
}

@test "gsctl monitor: kill -9 and a crash" {
	pid=$(gsctl start --name kv "$kit")
	later gsctl monitor kv
	within 5 at_rest "$job"
	kill -9 "$(gsctl whereis --os-pid kv)"
	wait "$job"
	is "$(cat "$work/later")" "DOWN	kv	$pid	killed"
	gsctl wait kv --up
	later gsctl monitor --json kv
	within 5 at_rest "$job"
	run -125 gsctl call kv crash
	wait "$job"
	is "$(jq -r '.event, .name, .reason' "$work/later" | tr '\n' ' ')" \
		"DOWN kv signal:11 "
}

@test "gsctl monitor: one that is not there" {
	run -0 --separate-stderr gsctl monitor nobody
	is "$output" "DOWN	nobody	-	noproc"
	run -0 gsctl monitor '<1.2.3>'
	is "$output" "DOWN	-	<1.2.3>	noconnection"
}

@test "gsctl monitor: the node goes down" {
	pid=$(gsctl start --name kv "$kit")
	later gsctl monitor kv nobody
	within 5 at_rest "$job"
	within 5 grep -q nobody "$work/later"
	kill -9 "$(node_pid)"
	wait "$job"
	is "$(cat "$work/later")" "DOWN	nobody	-	noproc
DOWN	kv	$pid	noconnection"
	is "$(cat "$work/words")" ""
}

@test "gsctl monitor: those in other nodes are watched on" {
	one=$(gsctl start --name kv "$kit")
	gsctl up -n "$GS_NODE-2"
	two=$(gsctl start -n "$GS_NODE-2" --name kv "$kit")
	later gsctl monitor kv "kv@$GS_NODE-2"
	within 5 at_rest "$job"
	within 5 at_rest "$job" -n "$GS_NODE-2"
	kill -9 "$(node_pid)"
	within 5 grep -q noconnection "$work/later"
	gsctl stop "kv@$GS_NODE-2"
	wait "$job"
	is "$(head -n 1 "$work/later")" "DOWN	kv	$one	noconnection"
	# noproc: it ended before it was watched from its own node
	grep -Ex "DOWN	kv	$two	(shutdown|noproc)" "$work/later"
	is "$(wc -l <"$work/later")" 2
}
