# SPDX-License-Identifier: Apache-2.0
# Another C library: musl, where there is no io_uring and no on_exit.

bats_require_minimum_version 1.5.0
load starved

setup()
{
	starved_setup
}

teardown()
{
	starved_teardown
}

@test "starved: built with musl, waiting with epoll only" {
	once
	unset GS_NODE
	rc=0
	"$GS_SOURCE/tests/starved/musl" "$work/musl" >"$work/words" 2>&1 ||
		rc=$?
	[ "$rc" -ne 77 ] || skip "no musl-gcc"
	[ "$rc" -eq 0 ] || {
		tail -n 100 "$work/words"
		false
	}
	grep -E '^Ok: +8' "$work/words"
	grep -E '^Ok: +6' "$work/words"
	# a program of musl's, its node and servers; none of them is glibc's
	run -0 --separate-stderr "$work/musl/man/examples/embedded"
	has "$output" "ledger 3: 123" "divider 1 0: it died, signal:6"
	run ! grep -aq 'libc\.so\.6' "$work/musl/lib/libgenserver.so.0.1.0"
}
