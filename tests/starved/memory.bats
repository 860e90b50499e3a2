# SPDX-License-Identifier: Apache-2.0
# Shared memory: little of it, none, closed, full for a while.

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

@test "starved: there is no /dev/shm" {
	needs_namespace
	# shellcheck disable=SC2016
	run -0 without_shm '[ ! -e /dev/shm ]
		gsctl start --name kv "$kit" >/dev/null
		gsctl info | grep ^memory
		gsctl call kv echo x
		kill -9 "$(gsctl whereis --os-pid kv)"
		gsctl wait kv --up
		gsctl call kv echo y
		gsctl down
		gsctl nodes'
	is "$output" $'memory\tmemfd (no /dev/shm)\nx\ny'
}

@test "starved: /dev/shm is mounted read-only" {
	needs_namespace
	# shellcheck disable=SC2016
	run -0 with_shm ro,size=64m 'gsctl start --name kv "$kit" >/dev/null
		gsctl info | grep ^memory
		gsctl call kv echo x
		kill -9 "$(gsctl whereis --os-pid kv)"
		gsctl wait kv --up
		gsctl call kv echo y
		gsctl down'
	is "$output" $'memory\tmemfd (/dev/shm not writable)\nx\ny'
}

@test "starved: /dev/shm is closed to an ordinary user" {
	needs_namespace
	as_user
	# shellcheck disable=SC2016
	run -0 with_shm size=64m,mode=755 'exec "$@"' "${as[@]}" bash -euc '
		gsctl start --name kv "$kit" >/dev/null
		gsctl info | grep ^memory
		gsctl call kv echo x
		gsctl down'
	is "$output" $'memory\tmemfd (/dev/shm not writable)\nx'
}

@test "starved: a node in a memfd is found stale after kill -9" {
	needs_namespace
	# shellcheck disable=SC2016
	run -0 without_shm 'gsctl start --name kv "$kit" >/dev/null
		kill -9 "$(gsctl info | awk "\$1 == \"os_pid\" { print \$2 }")"
		until gsctl nodes | grep -q stale; do sleep 0.01; done
		gsctl nodes --prune
		gsctl up
		gsctl info | grep ^memory
		gsctl down'
	has "$output" "removed 1 stale node" $'memory\tmemfd (no /dev/shm)'
}

@test "starved: /dev/shm of 1 MB holds some servers, then a start fails" {
	needs_namespace
	# shellcheck disable=SC2016
	run -0 with_shm size=1m 'gsctl up
		gsctl info | grep ^memory
		n=0
		while gsctl start --name "k$n" "$kit" >/dev/null \
			2>"$work/words"; do
			n=$((n + 1))
			[ "$n" -lt 200 ]
		done
		[ "$n" -gt 3 ]
		grep -q "shared memory" "$work/words"
		for i in 0 $((n - 1)); do gsctl call "k$i" echo "$i"; done |
			wc -l
		gsctl whereis "k$n" 2>/dev/null || echo "status $?"
		for i in 1 2 3; do gsctl stop "k$i"; done
		# an end is told a moment before its memory is free
		i=0
		until gsctl start --name again "$kit" >/dev/null 2>&1 ||
			[ "$((i += 1))" -gt 200 ]; do sleep 0.05; done
		gsctl call again echo again
		gsctl down
		ls /dev/shm'
	is "$output" $'memory\tshm\n2\nstatus 4\nagain'
}

@test "starved: one mailbox fills a /dev/shm of 64 MB, the others go on" {
	needs_namespace
	# shellcheck disable=SC2016
	run -0 with_shm size=64m 'gsctl start --name kv "$kit" >/dev/null
		gsctl start --name big --mailbox 256M "$kit" >/dev/null
		os=$(gsctl whereis --os-pid big)
		kill -STOP "$os"
		line="echo $(head -c 60000 /dev/zero | tr "\0" x)"
		yes "$line" | head -n 2000 >"$work/lines"
		gsctl cast --lines big <"$work/lines" 2>"$work/words" ||
			echo "cast $?"
		grep -q "shared memory is full" "$work/words"
		gsctl call kv echo hello
		kill -CONT "$os"
		gsctl call big echo alive
		# what the burst took is given back
		until [ "$(du -k /dev/shm | cut -f 1)" -lt 2048 ]; do
			sleep 0.02
		done
		gsctl start --name more "$kit" >/dev/null
		gsctl call more echo more
		gsctl down'
	is "$output" $'cast 75\nhello\nalive\nmore'
}

@test "starved: /dev/shm is full before the node starts" {
	needs_namespace
	# shellcheck disable=SC2016
	run -0 with_shm size=64m 'head -c 64m /dev/zero >/dev/shm/other || :
		gsctl start --name kv "$kit" >/dev/null
		gsctl info | grep ^memory
		gsctl call kv echo x
		gsctl down
		ls /dev/shm'
	is "$(grep -v "No space" <<<"$output")" \
		$'memory\tmemfd (/dev/shm full)\nx\nother'
}

# fill: takes what there is in /dev/shm, at once and then whenever something
# is given back, until free ends it.
# shellcheck disable=SC2016
export fillers='
fill()
{
	"$GS_BUILD/tests/fixtures/fx_fill" /dev/shm/other 3>&- &
	filler=$!
	until [ "$(stat -f -c %f /dev/shm)" -eq 0 ]; do sleep 0.02; done
}
free()
{
	kill "$filler"
	wait "$filler" || :
	rm /dev/shm/other
}'

@test "starved: /dev/shm becomes full; clients still get in, each time" {
	needs_namespace
	# shellcheck disable=SC2016
	run -0 with_shm size=4m "$fillers"'
		gsctl up
		for n in {0..19}; do
			gsctl start --name "k$n" "$kit" >/dev/null
		done
		fill
		gsctl ls | grep -c "^k"
		for i in {1..20}; do
			gsctl call k0 echo "$i" >/dev/null
			timeout -s KILL 0.02 gsctl call k1 sleep 40 || :
			gsctl call k1 echo x >/dev/null &
			two=$!
			gsctl call k2 echo y >/dev/null
			wait "$two"
		done 2>"$work/words"
		cat "$work/words"
		# the node has room for a few put by
		rc=0
		for n in {0..99}; do
			gsctl start --name "new$n" "$kit" 2>"$work/words" \
				>/dev/null || { rc=$?; break; }
		done
		echo "start $rc"
		grep -o "a limit of the system" "$work/words"
		free
		gsctl start --name new "$kit" >/dev/null
		gsctl call new echo new
		gsctl stop k1
		gsctl down
		ls /dev/shm'
	is "$(grep -v Killed <<<"$output")" \
		$'20\nstart 5\na limit of the system\nnew'
}

@test "starved: what fits is said in a full /dev/shm, however often" {
	needs_namespace
	# shellcheck disable=SC2016
	run -0 with_shm size=4m "$fillers"'
		gsctl up
		for n in 0 1; do gsctl start --name "k$n" "$kit" >/dev/null; done
		fill
		seq 1000 | sed "s/^/echo /" | gsctl call --lines k0 >"$work/all"
		seq 1000 | cmp - "$work/all"
		# one behind the other, of all sizes that fit the first pages
		for n in {1..30}; do
			echo "echo $(head -c $((n * 100)) /dev/zero | tr "\0" x)"
		done >"$work/lines"
		# the room of each is free a moment behind its answer
		i=0
		until gsctl call --lines k1 <"$work/lines" >"$work/all" 2>/dev/null ||
			[ "$((i += 1))" -gt 20 ]; do sleep 0.05; done
		wc -c <"$work/all"
		# larger than that is refused, and the next goes through
		rc=0
		gsctl call k1 echo "$(head -c 60000 /dev/zero | tr "\0" x)" \
			2>"$work/words" || rc=$?
		echo "call $rc"
		cut -d : -f 3- "$work/words"
		gsctl call k1 echo x
		# a death is told, and what it frees is free
		kill -9 "$(gsctl whereis --os-pid k1)"
		gsctl call k0 echo y
		free
		gsctl down'
	is "$output" $'46530\ncall 75\n shared memory is full\nx\ny'
}
