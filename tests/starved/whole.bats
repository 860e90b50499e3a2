# SPDX-License-Identifier: Apache-2.0
# What is set for the whole machine: tests/run runs nothing else meanwhile.

bats_require_minimum_version 1.5.0
load starved

setup()
{
	starved_setup
	unset GS_POLLER
}

teardown()
{
	[ -z "${uring_was:-}" ] ||
		echo "$uring_was" >/proc/sys/kernel/io_uring_disabled
	starved_teardown
}

# kernel.io_uring_disabled=2 is the same EPERM for everybody, root included;
# it is set for the whole machine, so only 1 is tried, which lets root pass.
# OS-12
@test "starved: kernel.io_uring_disabled=1, as an ordinary user" {
	needs_root
	uring_is=$(cat /proc/sys/kernel/io_uring_disabled) ||
		skip "this kernel cannot disable io_uring"
	[ "$uring_is" = 0 ] || skip "it is disabled already"
	[ -w /proc/sys/kernel/io_uring_disabled ] ||
		skip "/proc/sys is read-only"
	as_user
	uring_was=$uring_is
	echo 1 >/proc/sys/kernel/io_uring_disabled
	has "$("${as[@]}" gsctl --version)" \
		"epoll (io_uring refused: Operation not permitted)"
	"${as[@]}" gsctl start --name kv "$kit" >/dev/null
	has "$("${as[@]}" gsctl info | grep ^poller)" epoll
	is "$("${as[@]}" gsctl call kv echo x)" x
	"${as[@]}" gsctl down
}
