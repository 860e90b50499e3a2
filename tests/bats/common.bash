# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every bats file shares: a node name and a runtime folder of its own for
# each test, waiting for conditions, and proof that nothing was left.

GS_SOURCE=${GS_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
GS_BUILD=${GS_BUILD:-$GS_SOURCE/build}
export GS_SOURCE GS_BUILD
PATH=$GS_BUILD/cmd:$PATH
# Used by the files that load this one.
# shellcheck disable=SC2034
kit=$GS_BUILD/tests/fixtures/fx_kit.so

# tests/run has several bats at work, and one folder for all of them.
run_dir=${GS_TEST_DIR:-$BATS_RUN_TMPDIR}

# A folder of its own, and a node that no other test, and no other run, has.
node_setup()
{
	work=$(mktemp -d "$run_dir/gs.XXXXXX")
	export GS_RUNTIME_DIR=$work/run
	export GS_NODE=${run_dir##*/}-${work##*.}
	unset XDG_RUNTIME_DIR
}

# OS pids of all processes that were started with this test's folder.
node_processes()
{
	# the commands that look must not find each other
	# shellcheck disable=SC2016
	env -u GS_RUNTIME_DIR sh -c 'grep -lsz "^GS_RUNTIME_DIR=$1/" \
		/proc/[0-9]*/environ | tr -dc "0-9\n"' sh "$work"
}

node_segments()
{
	find /dev/shm -name "genserver-*${work##*.}*" 2>/dev/null
}

no_processes()
{
	[ -z "$(node_processes)" ]
}

node_teardown()
{
	local name rest pid left=0

	cd /
	export GS_RUNTIME_DIR=$work/run
	if [ -d "$work/run" ]; then
		chmod 700 "$work/run"
		gsctl nodes | while IFS=$'\t' read -r name _ rest; do
			[ "$rest" = running ] || continue
			gsctl down -n "$name" --timeout 10000 || :
		done
		gsctl nodes --prune >/dev/null 2>&1
	fi
	within 5 no_processes || {
		echo "left processes:"
		for pid in $(node_processes); do
			tr '\0' ' ' <"/proc/$pid/cmdline"
			grep -E '^(Name|State|PPid)' "/proc/$pid/status"
			kill -9 "$pid" || :
		done
		left=1
	}
	if [ -n "$(node_segments)" ]; then
		echo "left segments: $(node_segments)"
		node_segments | xargs rm -f
		left=1
	fi
	rm -rf "$work"
	return "$left"
}

# within SECONDS COMMAND...: true as soon as the command is.  How soon is no
# part of any test: on a machine that stalls it is given half a minute.
within()
{
	local end=$((SECONDS + ($1 > 30 ? $1 : 30) + 1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.02
	done
}

# is GOT WANTED
is()
{
	[ "$1" = "$2" ] || {
		printf 'got:    %q\nwanted: %q\n' "$1" "$2"
		return 1
	}
}

# has TEXT PART...: every part is in the text.
has()
{
	local text=$1

	shift
	for part; do
		[[ $text == *"$part"* ]] || {
			printf '%q is not in: %s\n' "$part" "$text"
			return 1
		}
	done
}

# refused STATUS PART... -- COMMAND...: the status, nothing on stdout, one
# line of words on stderr that has all parts.
refused()
{
	local wanted=$1 parts=()

	shift
	while [ "$1" != -- ]; do
		parts+=("$1")
		shift
	done
	shift
	run --separate-stderr "$@"
	[ "$status" -eq "$wanted" ] || {
		echo "status $status instead of $wanted: $* : $stderr"
		return 1
	}
	is "$output" "" || return 1
	[[ $stderr == "gsctl: "* ]] || {
		echo "no words: $stderr"
		return 1
	}
	has "$stderr" "${parts[@]}"
}

# The OS pid of the node.
node_pid()
{
	gsctl info --json | jq .os_pid
}

# state_of SERVER: as ls shows it, also of one that is down.
state_of()
{
	gsctl ls | awk -F '\t' -v name="$1" '$1 == name { print $4 }'
}

state_is()
{
	[ "$(state_of "$1")" = "$2" ]
}

# other_pid SERVER PID: it has a pid, and another one.
other_pid()
{
	local now

	now=$(gsctl whereis "$1" 2>/dev/null) && [ "$now" != "$2" ]
}

# at_rest PID [OPTION...]: the client with that OS pid is attached and waits,
# and those whom it could have asked something do nothing for it: it sleeps all
# the time that they are looked at, and so do they.  By one process, since some
# clients look again each few milliseconds.
at_rest()
{
	local pid looks=("/proc/$1/status")

	while read -r pid; do
		looks+=("/proc/$pid/status")
	done < <(gsctl ls --all --json "${@:2}" | jq -r --argjson job "$1" '
		select(any(.[]; .name == null and .os_pid == $job))[]
		| select(.kind == "node" or .kind == "supervisor") | .os_pid')
	looks+=("/proc/$1/status")
	[ "${#looks[@]}" -ge 4 ] && awk -v all="${#looks[@]}" '
		FNR == 1 { seen++ }
		$1 == "State:" && $2 != "S" { awake = 1 }
		$1 == "voluntary_ctxt_switches:" { slept[seen] = $2 }
		END { exit awake || seen != all || slept[1] != slept[seen] }' \
		"${looks[@]}"
}

# Dead; whoever adopted it may take its time to reap it.
gone()
{
	local state

	state=$(ps -o state= -p "$1" || :)
	[ -z "$state" ] || [ "$state" = Z ]
}
