# SPDX-License-Identifier: Apache-2.0
# Nodes that meet: of another layout, of the same name.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
}

teardown()
{
	node_teardown
}

# layout NUMBER: what the segment of the node says about itself.
layout()
{
	# the number stands behind the eight bytes of the magic
	# shellcheck disable=SC2059
	printf "\\x$1\\0\\0\\0" | dd "of=/dev/shm/genserver-$(id -u)-$GS_NODE" \
		bs=1 seek=8 conv=notrunc status=none
}

@test "nodes: a node with another layout; both are named" {
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

@test "nodes: of many nodes with one name one is there" {
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
