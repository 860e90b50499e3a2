# SPDX-License-Identifier: Apache-2.0
# Many servers in little memory.

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

@test "starved: 256 servers in a /dev/shm of 64 MB" {
	needs_namespace
	# shellcheck disable=SC2016
	run -0 with_shm size=64m '
		gsctl up
		for n in {1..256}; do
			gsctl start --name "k$n" --max-restarts 100 "$kit"
		done >/dev/null
		for n in {1..256}; do gsctl call "k$n" echo "$n"; done |
			cmp - <(seq 256)
		# a message to each while some are killed
		for n in {1..256..8}; do
			kill -9 "$(gsctl whereis --os-pid "k$n")"
		done
		for n in {1..256}; do gsctl cast "k$n" x || :; done
		for n in {1..256..8}; do
			gsctl wait --timeout 20000 "k$n" --up
		done
		for n in {1..256}; do gsctl call "k$n" echo "$n"; done |
			cmp - <(seq 256)
		du -k /dev/shm | cut -f 1
		gsctl ls | grep -c "^k"
		gsctl down --timeout 60000
		ls /dev/shm'
	used=${lines[0]}
	echo "# $used KB of 65536 used by 256 servers" >&3
	[ "$used" -lt 20000 ]
	is "${lines[1]}" 256
	is "${#lines[@]}" 2
}
