# SPDX-License-Identifier: Apache-2.0
# Where the environment gives less than a node would like: shared memory,
# processes, memory, a poller; and what other versions left.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
	export kit work
}

teardown()
{
	node_teardown
}

needs_namespace()
{
	unshare -m true 2>/dev/null || skip "needs a mount namespace"
}

# with_shm OPTIONS COMMANDS: a shell with a /dev/shm of its own.
with_shm()
{
	unshare -m sh -euc "mount -t tmpfs -o $1 tmpfs /dev/shm; $2"
}

# without_shm COMMANDS: a shell with a /dev in which there is none.
without_shm()
{
	unshare -m sh -euc "mkdir \"\$work/dev\"
		mount -t tmpfs tmpfs \"\$work/dev\"
		cp -a /dev/null /dev/zero /dev/full /dev/urandom \"\$work/dev\"
		mount --bind \"\$work/dev\" /dev
		$1"
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
		gsctl start --name again "$kit" >/dev/null
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
	is "$output" $'cast 70\nhello\nalive\nmore'
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

@test "starved: processes are used up; a start fails, no more" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to be another user"
	user=$((40000 + $$ % 20000))
	chmod 755 "$work" "$BATS_RUN_TMPDIR"
	mkdir -m 700 "$GS_RUNTIME_DIR"
	chown "$user" "$GS_RUNTIME_DIR"
	as=(setpriv --reuid "$user" --regid "$user" --clear-groups)
	"${as[@]}" test -x "$GS_BUILD/cmd/gsctl" -a -x "$GS_RUNTIME_DIR" ||
		skip "this folder is closed to other users"
	# shellcheck disable=SC2016
	run -0 "${as[@]}" bash -c 'ulimit -u 16
		gsctl up || exit
		for i in {1..40}; do
			gsctl start --name "k$i" "$kit" >/dev/null || break
		done
		echo "status $?"
		gsctl call k1 echo alive
		gsctl stop k1
		gsctl start --name again "$kit" >/dev/null && echo again
		gsctl down
		echo "down $?"'
	has "$output" "system_limit" "processes" $'alive\nagain\ndown 0'
	chown 0 "$GS_RUNTIME_DIR"
}

@test "starved: no address space for the node is said" {
	(ulimit -v 100000; gsctl --version >/dev/null 2>&1) ||
		skip "gsctl itself needs more, as sanitizers do"
	refused 70 "shared memory" "Cannot allocate memory" -- \
		bash -c 'ulimit -v 100000; exec gsctl up'
	no_processes
	is "$(node_segments)" ""
	gsctl up
}

@test "starved: a limit on file sizes is said" {
	refused 70 "shared memory" "File too large" -- \
		bash -c 'ulimit -f 1000; exec gsctl up'
	no_processes
	is "$(node_segments)" ""
	gsctl up
}

@test "starved: a poller that nobody knows" {
	refused 64 "GS_POLLER=nonsense" "io_uring and epoll" -- \
		env GS_POLLER=nonsense gsctl up
	no_processes
	is "$(node_segments)" ""
	refused 64 "GS_POLLER=nonsense" -- \
		env GS_POLLER=nonsense gsctl start "$kit"
	has "$(GS_POLLER=nonsense gsctl --version)" "poller none"
}

@test "starved: an empty GS_POLLER is none" {
	GS_POLLER='' gsctl up
	has "$(gsctl info | grep ^poller)" "poller"
	[[ $(GS_POLLER='' gsctl --version) =~ poller\ (io_uring|epoll) ]]
}

# layout NUMBER: what the segment of the node says about itself.
layout()
{
	# the number stands behind the eight bytes of the magic
	# shellcheck disable=SC2059
	printf "\\x$1\\0\\0\\0" | dd "of=/dev/shm/genserver-$(id -u)-$GS_NODE" \
		bs=1 seek=8 conv=notrunc status=none
}

@test "starved: a node with another layout; both are named" {
	gsctl start --name kv "$kit" >/dev/null
	has "$(gsctl info | grep ^memory)" shm || skip "there is no segment"
	was=$(od -An -tu4 -j8 -N4 "/dev/shm/genserver-$(id -u)-$GS_NODE" |
		tr -d ' ')
	layout 7b
	for line in info "call kv echo x" "start $kit" up ls down; do
		# shellcheck disable=SC2086
		refused 70 "layout 123" "layout $was" -- gsctl $line
	done
	# it can still be seen, and nobody has harmed it
	has "$(gsctl nodes)" running
	layout "$(printf %02x "$was")"
	is "$(gsctl call kv echo x)" x
}

@test "starved: of many nodes with one name one is there" {
	local nodes=()

	mkdir -m 700 "$GS_RUNTIME_DIR"
	for i in 1 2 3 4 5 6; do
		{
			rc=0
			"$GS_BUILD/cmd/gs-node" "$GS_NODE" 2>"$work/words.$i" ||
				rc=$?
			echo "$rc" >"$work/rc.$i"
		} 3>&- &
		nodes+=("$!")
	done
	within 10 gsctl info
	within 10 five_are_refused
	is "$(gsctl nodes | wc -l)" 1
	is "$(node_segments | wc -l)" 1
	gsctl start --name kv "$kit" >/dev/null
	is "$(gsctl call kv echo x)" x
	gsctl down
	wait "${nodes[@]}"
	is "$(cat "$work"/rc.* | sort | uniq -c | tr -s ' ' | paste -sd ,)" \
		" 1 0, 5 73"
	has "$(cat "$work"/words.*)" "running already"
	no_processes
}

five_are_refused()
{
	[ "$(cat "$work"/rc.* | grep -c 73)" -eq 5 ]
}
