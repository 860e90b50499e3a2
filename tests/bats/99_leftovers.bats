# SPDX-License-Identifier: Apache-2.0
# The last file: nothing of any test is left.

bats_require_minimum_version 1.5.0

# Of this run: another may be under way.
load common

@test "leftovers: no process with a test's runtime folder" {
	left=$(env -u GS_RUNTIME_DIR grep -lsz \
		"^GS_RUNTIME_DIR=$run_dir/" /proc/[0-9]*/environ || :)
	[ -z "$left" ] || {
		echo "$left"
		false
	}
}

@test "leftovers: no segment of a test's node" {
	left=$(find /dev/shm -name "genserver-*${run_dir##*/}-*")
	[ -z "$left" ] || {
		echo "$left"
		false
	}
}

@test "leftovers: no folder of a test" {
	left=$(find "$run_dir" -maxdepth 1 -name 'gs.*')
	[ -z "$left" ] || {
		echo "$left"
		false
	}
}
