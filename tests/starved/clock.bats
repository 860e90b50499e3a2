# SPDX-License-Identifier: Apache-2.0
# The time of day jumps by years, whenever somebody looks at it.  Nothing but
# the times in logs may notice: timers, time-outs and intensities have the
# clock that cannot be set.

bats_require_minimum_version 1.5.0
load starved

setup()
{
	starved_setup
	shim=$GS_BUILD/tests/fixtures/fx_clock.so
	LD_PRELOAD=$shim date +%Y >/dev/null 2>"$work/words"
	# sanitizers want to be first themselves
	[ ! -s "$work/words" ] || skip "nothing can be loaded before"
}

teardown()
{
	starved_teardown
}

jumps()
{
	env LD_PRELOAD="$shim" "$@"
}

@test "starved: the clock jumps, as far as the shim can tell" {
	for _ in 1 2 3 4 5 6; do
		jumps date +%Y
	done | sort -u >"$work/years"
	[ "$(wc -l <"$work/years")" -gt 1 ]
}

@test "starved: timers and time-outs while the clock jumps" {
	local pids=() rc=0

	once
	for name in timer tmo call_late; do
		test=$GS_BUILD/tests/conformance/test_$name
		[ -x "$test" ] || skip "the tests are not built"
		# each waits most of its time
		jumps "$test" >"$work/$name" 3>&- &
		pids+=("$!")
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || rc=1
	done
	[ "$rc" -eq 0 ] || {
		grep -h -B 8 '^not ok' "$work"/timer "$work"/tmo \
			"$work"/call_late
		false
	}
	[ "$(cat "$work"/timer "$work"/tmo "$work"/call_late |
		grep -c '^ok')" -gt 20 ]
}

@test "starved: a call, a restart and its intensity while the clock jumps" {
	jumps gsctl up
	jumps gsctl start --name kv --max-restarts 2 --max-seconds 3600 \
		"$kit" >/dev/null
	is "$(jumps gsctl call kv echo x)" x
	run jumps gsctl call --timeout 100 kv await "$work/go"
	is "$status" 124
	: >"$work/go"
	is "$(jumps gsctl call --timeout 20000 kv sleep 300)" slept
	for _ in 1 2; do
		pid=$(gsctl whereis kv)
		kill -9 "$(gsctl whereis --os-pid kv)"
		within 10 other_pid kv "$pid"
	done
	# two within an hour are all, however many years have passed
	kill -9 "$(gsctl whereis --os-pid kv)"
	within 10 state_is kv failed
	jumps gsctl restart kv >/dev/null
	is "$(jumps gsctl call kv echo y)" y
	# the log has strange times and all its lines
	[ "$(gsctl log | grep -c 'ended: killed')" -eq 3 ]
	jumps gsctl down
}

@test "starved: no wait of the kernel's is told the time of day" {
	once
	command -v strace >/dev/null || skip "no strace"
	program=$GS_BUILD/man/examples/embedded
	[ -x "$program" ] || skip "the examples are not built"
	unset GS_NODE
	strace -f -o "$work/calls" \
		-e trace=futex,clock_nanosleep,timer_create,%desc \
		"$program" >/dev/null 2>&1 || skip "strace is refused"
	grep -q futex "$work/calls"
	# a time of day is what another may set
	run ! grep -E 'FUTEX_CLOCK_REALTIME' "$work/calls"
	run ! grep -E 'timer(fd)?_create\(CLOCK_REALTIME' "$work/calls"
	run ! grep -E 'nanosleep\(CLOCK_REALTIME, TIMER_ABS' "$work/calls"
}

# Since boot a day more, or less: each looks at a clock of its own.
@test "starved: node and client in two time namespaces" {
	needs_root
	unshare --time --monotonic 86400 --fork true 2>/dev/null ||
		skip "needs a time namespace"
	unshare --time --monotonic 86400 --fork gsctl up
	gsctl start --name kv "$kit" >/dev/null
	is "$(gsctl call kv echo x)" x
	run gsctl call --timeout 100 kv await "$work/go"
	is "$status" 124
	: >"$work/go"
	is "$(gsctl call --timeout 20000 kv sleep 300)" slept
	is "$(unshare --time --monotonic 172800 --fork \
		gsctl call kv echo later)" later
	pid=$(gsctl whereis kv)
	kill -9 "$(gsctl whereis --os-pid kv)"
	within 10 other_pid kv "$pid"
	gsctl down --timeout 10000
}
