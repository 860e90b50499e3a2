# SPDX-License-Identifier: Apache-2.0
# Other users: they are kept out, told so, and cannot take anybody's place;
# and others' words do nothing to a terminal.

bats_require_minimum_version 1.5.0
load ../bats/common

setup()
{
	node_setup
	helpers=()
	# what depends on no poller is shown with one
	[ "${GS_POLLER:-epoll}" = epoll ] || skip "shown with epoll"
	# others may pass through, so that what stops them is ours
	chmod 711 "$run_dir" "$work"
	chmod o+x "${run_dir%/*}" 2>/dev/null || :
}

teardown()
{
	for pid in "${helpers[@]}"; do
		kill "$pid" 2>/dev/null || :
	done
	rm -rf "${squat:-/nonexistent}"
	[ -z "${theirs-}" ] || as_they gsctl down --timeout 10000 || :
	node_teardown
}

need_root()
{
	[ "$(id -u)" = 0 ] || skip "needs root to play another user"
}

# An unprivileged user that nothing else belongs to.
they=64321

as_they()
{
	GS_RUNTIME_DIR=${theirs:-$GS_RUNTIME_DIR} \
		setpriv --reuid "$they" --regid "$they" --clear-groups "$@"
}

# What terminals obey, as bytes; newlines and tabs are ours.
obeyed='[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c'
obeyed=$obeyed'|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]'
# the same, for printf: an escape sequence, C1, bidi, not UTF-8
nasty='\033[31m\033]0;title\007\r\b\302\23331m\342\200\256evil\377'

# harmless FILE
harmless()
{
	if LC_ALL=C grep -aqP "$obeyed" "$1"; then
		LC_ALL=C grep -aP "$obeyed" "$1" | cat -v
		return 1
	fi
}

# OS-20
@test "access: another user is refused by every verb, with the owner's name" {
	need_root
	gsctl start --name kv "$kit" >/dev/null
	for verb in info ls tree nodes "nodes --prune" log "log -f" "show kv" \
		"whereis kv" "call kv echo" "cast kv a" "send kv a" "stop kv" \
		"restart kv" "exit kv" "kill kv" "wait kv --up" "monitor kv" \
		up down "start --name other $kit"; do
		# shellcheck disable=SC2086
		refused 77 "$GS_RUNTIME_DIR" "user 0, not to you" \
			GS_RUNTIME_DIR -- as_they gsctl $verb
	done
	is "$(gsctl call kv echo still)" still
}

# OS-20
@test "access: another user gets at nothing of a node" {
	need_root
	umask 0
	gsctl start --name kv "$kit" >/dev/null
	gsctl call kv out something
	[ -z "$(find "$work/run" -perm /077)" ]
	[ -z "$(find /dev/shm -name "genserver-*${work##*.}*" -perm /077)" ]
	node=$(node_pid)
	for pid in "$node" $(gsctl ls | cut -f 3); do
		run ! as_they kill -0 "$pid"
		run ! as_they ls "/proc/$pid/fd"
		run ! as_they cat "/proc/$pid/environ"
		run ! as_they cat "/proc/$pid/maps"
	done
	run ! as_they ls "$work/run"
	run ! as_they cat "$work/run/$GS_NODE.log"
	run ! as_they cat "$(node_segments)"
}

# OS-20
@test "access: root keeps out of a user's node, and the user out of root's" {
	need_root
	theirs=$work/theirs
	install -d -m 700 -o "$they" -g "$they" "$theirs"
	as_they gsctl start --name kv "$kit" >/dev/null
	is "$(as_they gsctl call kv echo a)" a
	export GS_RUNTIME_DIR=$theirs
	for verb in ls "call kv echo a" down; do
		# shellcheck disable=SC2086
		refused 77 "user $they, not to you" -- gsctl $verb
	done
	# as the manual says
	is "$(as_they gsctl call kv echo b)" b
	as_they gsctl down
}

# OS-20
@test "access: what others put in the segment's place is not used" {
	need_root
	theirs=$work/theirs
	install -d -m 700 -o "$they" -g "$they" "$theirs"
	squat=/dev/shm/genserver-$they-$GS_NODE
	for what in file link folder fifo; do
		case $what in
		file) install -m 666 /dev/null "$squat" ;;
		link) ln -s "$work/target" "$squat" ;;
		folder) mkdir -m 777 "$squat" ;;
		fifo) mkfifo -m 666 "$squat" ;;
		esac
		chown -h nobody "$squat"
		as_they gsctl start --name kv "$kit" >/dev/null
		is "$(as_they gsctl call kv echo "$what")" "$what"
		as_they gsctl info | grep -q "memfd (taken by"
		as_they gsctl down
		[ ! -s "$squat" ] || [ "$what" = folder ]
		[ ! -e "$work/target" ]
		is "$(stat -c %U "$squat")" nobody
		rm -rf "$squat"
	done
}

# OS-20
@test "access: what others put in place of the folder in /tmp is not used" {
	need_root
	unset GS_RUNTIME_DIR
	squat=/tmp/genserver-$they
	[ ! -e "$squat" ] || skip "$squat is there"
	ln -s "$work" "$squat"
	chown -h nobody "$squat"
	refused 70 "link of user 65534" "set GS_RUNTIME_DIR" -- \
		env -u GS_RUNTIME_DIR setpriv --reuid "$they" --clear-groups \
		gsctl up
	rm "$squat"
	for mode in 700 777; do
		install -d -m "$mode" -o nobody "$squat"
		refused 77 "user 65534, not to you" -- env -u GS_RUNTIME_DIR \
			setpriv --reuid "$they" --clear-groups gsctl up
		[ -z "$(ls "$squat")" ]
		rmdir "$squat"
	done
}

@test "access: the folder of a session that is another's is left alone" {
	need_root
	unset GS_RUNTIME_DIR
	install -d -m 700 -o "$they" "$work/xdg"
	refused 77 "XDG_RUNTIME_DIR" "user $they" "unset it" -- \
		env XDG_RUNTIME_DIR="$work/xdg" gsctl up || {
		XDG_RUNTIME_DIR=$work/xdg gsctl down
		return 1
	}
	[ -z "$(ls "$work/xdg")" ]
}

new_pids()
{
	need_root
	unshare --pid --fork true 2>/dev/null ||
		skip "no PID namespace is allowed"
}

@test "access: a node in a PID namespace whose /proc is another's is refused" {
	new_pids
	refused 70 "/proc is that of another PID namespace" "--mount-proc" -- \
		unshare --pid --fork gsctl up
	[ -z "$(node_segments)" ]
}

@test "access: node and client in two PID namespaces" {
	new_pids
	unshare --pid --fork --mount-proc --kill-child gsctl up --foreground \
		3>&- &
	# start would bring up a node of its own where none is yet
	within 10 gsctl info
	gsctl start --name kv --max-restarts 1000 "$kit" >/dev/null
	is "$(gsctl call kv echo in)" in
	gsctl monitor kv >"$work/down" 3>&- &
	monitor=$!
	# the node sees no number of it
	within 10 sh -c 'gsctl ls --all --json |
		jq -e "map(select(.kind == \"client\" and .os_pid == 0))
		| length == 2"'
	# again, if it was not watched as yet
	within 10 killed_and_told
	wait "$monitor"
	has "$(<"$work/down")" killed
	gsctl wait kv --up
	is "$(unshare --pid --fork gsctl call kv echo deeper)" deeper
	gsctl down
}

killed_and_told()
{
	gsctl kill kv
	gsctl wait kv --up
	[ -s "$work/down" ]
}

@test "access: gsctl and gs-node are not set-user-ID" {
	need_root
	# such a program does not look for its library where it was built
	set -- "$(ldd "$GS_BUILD/cmd/gsctl" | awk '/ld-linux/ { print $1 }')" \
		--library-path "$GS_BUILD/lib"
	[ -x "$1" ] || skip "the loader is not found"
	refused 77 "must not be set-user-ID" -- \
		setpriv --ruid "$they" "$@" "$GS_BUILD/cmd/gsctl" up
	run -77 setpriv --ruid "$they" "$@" "$GS_BUILD/cmd/gs-node" x
	[ ! -e "$work/run" ]
}

@test "access: nothing of the starter's stays open in the node or a server" {
	exec 9<"$BATS_TEST_FILENAME"
	SECRET=here gsctl start --name kv "$kit" >/dev/null
	FOREIGN=here gsctl start --name later "$kit" >/dev/null
	exec 9<&-
	for pid in "$(node_pid)" $(gsctl ls | cut -f 3); do
		run ls -l "/proc/$pid/fd"
		[[ $output != *access.bats* ]]
		run -1 grep -z FOREIGN= "/proc/$pid/environ"
		[ "$(find "/proc/$pid/fd" -type l | wc -l)" -lt 64 ]
	done
	pid=$(gsctl whereis --os-pid later)
	# its own bell, the node's, the segment, reports, life, poller, output
	[ "$(find "/proc/$pid/fd" -type l | wc -l)" -le 12 ]
}

@test "access: shared memory is in no core dump" {
	gsctl start --name kv "$kit" >/dev/null
	gsctl call kv echo a
	for pid in "$(node_pid)" $(gsctl ls | cut -f 3); do
		awk '/^[0-9a-f]+-/ { ours = /\/genserver-|memfd:genserver/ }
			ours && /^VmFlags/ { seen = 1; if (!/ dd( |$)/) bad = 1 }
			END { exit bad || !seen }' "/proc/$pid/smaps"
	done
	run -0 grep -E 'Max core file size +0 ' \
		"/proc/$(gsctl whereis --os-pid kv)/limits"
}

# ---- words of others, on terminals ----

# What gsctl shows on a terminal, in a file.
terminal()
{
	printf '%q ' stty -onlcr columns 400 >"$work/script"
	printf '; timeout 20 gsctl' >>"$work/script"
	printf ' %q' "$@" >>"$work/script"
	script -qec "bash $work/script" /dev/null </dev/null \
		>"$work/shown" 2>&1 || :
	[ -s "$work/shown" ] || {
		echo "nothing shown by: $*"
		return 1
	}
}

@test "access: names and labels, reasons and output are harmless in each verb" {
	bad=$(printf '%b' "$nasty")
	gsctl start --name kv "$kit" label "$bad" >/dev/null
	gsctl start --name end --restart temporary "$kit" >/dev/null
	gsctl start --name down --restart transient "$kit" >/dev/null
	gsctl call kv out "$bad" >/dev/null
	gsctl monitor end >"$work/down" 3>&- &
	within 10 at_rest "$!"
	run gsctl call end exit "$bad"
	run gsctl call down exit "$bad"
	run gsctl start --name "$bad" "$kit"
	run gsctl start --name no "$kit" stop "$bad"
	within 10 grep -q DOWN "$work/down"
	harmless "$work/down"
	within 10 sh -c 'gsctl log | grep -q title'
	for verb in ls "ls --all" tree "show kv" "show down" log "log kv" \
		"call kv echo" "call kv exit" nodes info; do
		IFS=' ' read -ra words <<<"$verb"
		[ "${words[0]}" != call ] || words+=("$bad")
		terminal "${words[@]}"
		harmless "$work/shown"
		terminal "${words[0]}" --json "${words[@]:1}"
		harmless "$work/shown"
	done
	# as a word that is not liked
	for verb in stop show whereis "start --name" "wait --up" "-n" call \
		"log -n" "up --ready-fd" "call --timeout" ""; do
		IFS=' ' read -ra words <<<"$verb"
		terminal "${words[@]}" "$bad" "$kit"
		harmless "$work/shown"
	done
	terminal start --name no "$kit" stop "$bad"
	harmless "$work/shown"
	has "$(<"$work/shown")" title
}

@test "access: a log that is followed is harmless" {
	gsctl start --name kv "$kit" >/dev/null
	for json in "" --json; do
		script -qec "stty -onlcr; gsctl log -f $json" /dev/null \
			</dev/null >"$work/followed$json" 2>&1 3>&- &
		helpers+=("$!")
		gsctl call kv out "$(printf '%b' "$nasty")" >/dev/null
		gsctl call kv out "end$json." >/dev/null
		within 10 grep -q "end$json\\." "$work/followed$json"
		harmless "$work/followed$json"
	done
}

@test "access: a log with bytes that no logger writes is harmless" {
	gsctl start --name kv "$kit" >/dev/null
	gsctl down
	printf '\0\n\0\0x\n1.5\ta\tb\tc\td\t%b\t=\033\n\033[2J' "$nasty" \
		>>"$work/run/$GS_NODE.log"
	for verb in log "log --json"; do
		IFS=' ' read -ra words <<<"$verb"
		terminal "${words[@]}"
		harmless "$work/shown"
	done
}
