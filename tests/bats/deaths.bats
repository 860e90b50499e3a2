# SPDX-License-Identifier: Apache-2.0
# Every way to die, and the reason that others see of it.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
	module=$GS_BUILD/tests/fixtures/fx_fatal.so
	n=0
}

teardown()
{
	node_teardown
}

# dies REASON WAY...: who calls, and a monitor, learn just that.
dies()
{
	local reason=$1

	shift
	n=$((n + 1))
	# it is not started again
	gsctl start --restart temporary --name "f$n" "$module" >/dev/null
	pid=$(gsctl whereis "f$n")
	run -125 --separate-stderr gsctl call --timeout 30000 "f$n" "$*"
	has "$stderr" "ended: $reason" || {
		echo "of $*"
		return 1
	}
	within 5 logged "$reason"
}

# Its record, one of its own, says so; clean ends have none.
logged()
{
	gsctl log --json "$pid" | jq -es --arg reason "$1" '
		map(select(.kind == "crash" or .kind == "server_terminated")) |
		if $reason == "normal" then length == 0
		else length == 1 and .[0].fields.reason == $reason end'
}

# EXIT-03
@test "deaths: every signal that ends a process" {
	for number in 3 4 5 6 7 8 10 11 12 14 16 24 25 26 27 29 30 31 34 64; do
		dies "signal:$number" "raise $number"
	done
	dies killed "raise 9"
	for number in 1 2 13 17 18 23 28; do
		gsctl start --restart temporary --name "l$number" "$module" \
			>/dev/null
		is "$(gsctl call "l$number" "raise $number")" "still alive"
	done
}

# EXIT-03
@test "deaths: exits, in a callback, a thread, an atexit function" {
	dies exit:3 exit 3
	dies exit:255 exit 255
	dies exit:4 _exit 4
	dies exit:5 thread_exit 5
	dies exit:6 atexit 3
	dies normal exit 0
	dies normal _exit 0
	dies normal pthread_exit
}

@test "deaths: what compilers and the C library find" {
	dies signal:6 abort
	dies signal:6 smash
	dies signal:8 divide
	dies signal:11 overflow
	dies signal:11 thread_overflow
}

@test "deaths: at a limit: CPU time, file size, memory" {
	dies signal:24 cpu
	dies signal:25 fsize
	# whose allocator has its own way to end
	grep -q libasan <(ldd "$GS_BUILD/cmd/gs-node") || dies signal:11 memory
}

@test "deaths: a system call that seccomp forbids" {
	dies signal:31 seccomp 0
	dies signal:31 seccomp 1
	has "$(gsctl log --json "$pid" | jq -r .fields.signal)" SIGSYS seccomp \
		"system call"
}

@test "deaths: it becomes another program, or starts one" {
	dies exit:9 exec 1
	dies normal exec 0
	gsctl start --name v "$module" >/dev/null
	is "$(gsctl call v vfork)" alive
	is "$(gsctl call v vfork)" alive
}

@test "deaths: a symbol that is missing when it is needed" {
	echo 'void missing(void); void plugin(void); void plugin(void) { missing(); }' \
		>"$work/plugin.c"
	cc -shared -fPIC -Wl,-z,lazy -o "$work/plugin.so" "$work/plugin.c"
	export FX_PLUGIN=$work/plugin.so
	dies exit:127 symbol
	within 5 said "symbol lookup error"
}

said()
{
	gsctl log | grep -q -- "$1"
}

@test "deaths: an exception of C++ that nobody catches" {
	cat >"$work/throws.cc" <<-'END'
	#include <genserver.h>
	#include <stdexcept>

	static gs_next init(void *, gs_bytes)
	{
		return gs_ok();
	}
	static gs_next call(void *, gs_bytes, gs_from)
	{
		throw std::runtime_error("uncaught words");
	}
	static GS_SERVER(thrower, .init = init, .handle_call = call);
	GS_MODULE(thrower);
	END
	c++ -std=c++20 -shared -fPIC -I"$GS_SOURCE/lib" -o "$work/throws.so" \
		"$work/throws.cc" -L"$GS_BUILD/lib" -lgenserver
	gsctl start --restart temporary --name t "$work/throws.so" >/dev/null
	refused 125 signal:6 -- gsctl call t x
	within 5 said "uncaught words"
}

# START-11
@test "deaths: in init, whatever the way" {
	for case in exit:3/exit\ 3 signal:11/chain signal:6/abort killed/raise\ 9 \
		exit:5/thread_exit\ 5 signal:31/seccomp\ 0; do
		refused 5 "${case%%/*}" -- \
			gsctl start --name i "$module" "start ${case#*/}"
		run -4 gsctl whereis i
	done
}

# STOP-21
@test "deaths: in terminate, whatever the way" {
	for case in exit:3/exit\ 3 signal:11/chain signal:6/abort killed/raise\ 9; do
		gsctl start --restart temporary --name e "$module" trap >/dev/null
		pid=$(gsctl whereis e)
		gsctl cast e "${case#*/}"
		gsctl stop e
		within 5 logged "${case%%/*}"
	done
}

# LOG-12
@test "deaths: gs_exit with any bytes" {
	dies "a b:c" "leave a b:c"
	dies gräß "leave gräß"
	dies shutdown-but-not-clean "leave shutdown-but-not-clean"
	# as it is, and shown so that no terminal obeys
	gsctl start --restart temporary --name odd "$module" >/dev/null
	run -125 --separate-stderr gsctl call odd $'leave \033[1m\xff\x01'
	has "$stderr" '\x1b[1m\xff\x01'
	# cut at 255 bytes
	gsctl start --restart temporary --name long "$module" >/dev/null
	run -125 --separate-stderr gsctl call long \
		"leave $(printf 'x%.0s' {1..600})"
	has "$stderr" "$(printf 'x%.0s' {1..255})"
	[[ $stderr != *"$(printf 'x%.0s' {1..256})"* ]]
	gsctl log | LC_ALL=C.UTF-8 iconv -f UTF-8 -t UTF-8 >/dev/null
	# clean ones leave no report
	gsctl start --restart temporary --name clean "$module" >/dev/null
	pid=$(gsctl whereis clean)
	run -125 gsctl call clean "leave shutdown:moved"
	dies fence "leave fence"
	pid=$(gsctl log --json | jq -r 'select(.name == "clean") | .kind')
	is "$pid" ""
}
