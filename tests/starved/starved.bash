# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the starved places share: worlds with less in them, and plain reasons
# where such a world cannot be made.

# shellcheck source=tests/bats/common.bash
. "${BATS_TEST_DIRNAME%/*}/bats/common.bash"

starved_setup()
{
	node_setup
	export kit work
}

needs_namespace()
{
	unshare -m true 2>/dev/null || skip "needs a mount namespace"
}

needs_root()
{
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

# What depends on no poller is shown with one.
once()
{
	[ "${GS_POLLER:-epoll}" = epoll ] || skip "shown with epoll"
}

# with_shm OPTIONS COMMANDS [ARG...]: a shell with a /dev/shm of its own.
with_shm()
{
	unshare -m bash -euc "mount -t tmpfs -o $1 tmpfs /dev/shm; $2" bash \
		"${@:3}"
}

# without_shm COMMANDS: a shell with a /dev in which there is none.
without_shm()
{
	unshare -m bash -euc "mkdir \"\$work/dev\"
		mount -t tmpfs tmpfs \"\$work/dev\"
		cp -a /dev/null /dev/zero /dev/full /dev/urandom \"\$work/dev\"
		mount --bind \"\$work/dev\" /dev
		$1"
}

# So many clients are attached, with the one that looks.
clients_are()
{
	[ "$(timeout 20 gsctl ls --all --json | jq \
		'map(select(.kind == "client")) | length')" -eq "$1" ]
}

# An ordinary user of this test alone; "${as[@]}" COMMAND is run as that one.
as_user()
{
	needs_root
	user=$((40000 + $$ % 20000))
	chmod 755 "$work" "$run_dir"
	mkdir "$GS_RUNTIME_DIR"
	chmod 700 "$GS_RUNTIME_DIR"
	chown "$user" "$GS_RUNTIME_DIR"
	as=(setpriv --reuid "$user" --regid "$user" --clear-groups)
	"${as[@]}" test -x "$GS_BUILD/cmd/gsctl" -a -r "$kit" \
		-a -x "$GS_RUNTIME_DIR" ||
		skip "this folder is closed to other users"
}

starved_teardown()
{
	[ ! -d "$GS_RUNTIME_DIR" ] || chown -R "$(id -u)" "$GS_RUNTIME_DIR"
	node_teardown
}
