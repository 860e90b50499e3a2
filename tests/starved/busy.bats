# SPDX-License-Identifier: Apache-2.0
# Every CPU is wanted by others, at normal priority.  Slow is allowed; wrong,
# late beyond a time-out of seconds, or stuck is not.

bats_require_minimum_version 1.5.0
load starved

setup()
{
	starved_setup
	busy=()
}

teardown()
{
	[ "${#busy[@]}" -eq 0 ] || kill "${busy[@]}" 2>/dev/null || :
	starved_teardown
}

# Two for each CPU, for as long as a test may take.
saturate()
{
	local i

	for ((i = 0; i < 2 * $(nproc); i++)); do
		env -u GS_RUNTIME_DIR timeout 120 sh -c 'while :; do :; done' 3>&- &
		busy+=("$!")
	done
}

@test "starved: both CPUs are saturated by others" {
	gsctl start --name kv "$kit" >/dev/null
	saturate
	seq 2000 | sed 's/^/echo /' |
		gsctl call --lines --timeout 10000 kv >"$work/all"
	seq 2000 | cmp - "$work/all"
	seq 2000 | gsctl cast --lines kv
	is "$(gsctl call --timeout 20000 kv casts)" 2000
	for i in 1 2 3; do
		gsctl start --name "k$i" "$kit" >/dev/null
		is "$(gsctl call --timeout 10000 "k$i" echo "$i")" "$i"
	done
	pid=$(gsctl whereis kv)
	kill -9 "$(gsctl whereis --os-pid kv)"
	within 20 other_pid kv "$pid"
	is "$(gsctl call --timeout 10000 kv echo back)" back
	gsctl stop k1
	gsctl down --timeout 20000
	no_processes
	# they were there all the time
	kill -0 "${busy[@]}"
}
