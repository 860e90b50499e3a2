# SPDX-License-Identifier: Apache-2.0
# Crashes: backtraces in the log and in show, of code as it is in practice.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
	module=$work/mod.so
	cp "$GS_BUILD/tests/fixtures/fx_fatal.so" "$module"
}

teardown()
{
	node_teardown
}

# die WAY: a server of the module dies so; its record in JSON is in $record.
die()
{
	gsctl start --name f "$module" >/dev/null
	run -125 gsctl call f "$1"
	within 5 recorded
	record=$(gsctl log --json f | jq -c 'select(.kind == "crash")' | head -n 1)
}

recorded()
{
	gsctl log --json f | jq -es 'any(.[]; .kind == "crash")'
}

# Do the innermost frames have these functions?
functions()
{
	local wanted

	wanted=$(printf '%s\n' "$@" | jq -Rsc 'split("\n")[:-1]')
	is "$(jq -c "[.backtrace[:$#][].function]" <<<"$record")" "$wanted"
}

named()
{
	gsctl --version | grep -q 'with libdw' || skip "gsctl was built without libdw"
}

# LOG-01, OS-02
@test "crash: signal, address, message, and a backtrace with names and lines" {
	named
	die chain
	functions fatal_c fatal_b fatal_a fatal_chain die fatal_call
	is "$(jq -r .fields.reason <<<"$record")" signal:11
	is "$(jq -r .fields.last_message <<<"$record")" chain
	has "$(jq -r .fields.signal <<<"$record")" SIGSEGV 0x10 "nothing is mapped"
	line=$(grep -n '	\*to = room' "$GS_SOURCE/tests/fixtures/fx_fatal_signals.c")
	is "$(jq -r '.backtrace[0].line' <<<"$record")" "${line%%:*}"
	has "$(jq -r '.backtrace[0].file' <<<"$record")" fx_fatal_signals.c
	log=$(gsctl log f)
	has "$log" "#0  fatal_c (" "fx_fatal_signals.c:${line%%:*})" "#2  fatal_a ("
	# who forked it is not of interest
	[[ $log != *" main ("* ]]
	has "$(gsctl show f)" "signal:11 in fatal_c (fx_fatal_signals.c:${line%%:*})"
}

# Nothing is wrong with its memory: LOG-01, A-RAISE
@test "crash: exit(3) in a callback leaves the message and where it was called" {
	named
	die "exit 3"
	is "$(jq -r .fields.reason <<<"$record")" exit:3
	is "$(jq -r .fields.last_message <<<"$record")" "exit 3"
	is "$(jq -r .fields.signal <<<"$record")" null
	jq -e '.fields.client' <<<"$record"
	functions exits
	has "$(gsctl show f)" "exit:3 in exits ("
}

@test "crash: a backtrace goes through code of others" {
	named
	die libc
	functions fatal_c fatal_compare
	jq -e '[.backtrace[].function] | index("fatal_through_libc")' <<<"$record"
	jq -e '.backtrace[2].module != .backtrace[0].module' <<<"$record"
}

@test "crash: a backtrace goes through a signal handler" {
	named
	die handler
	functions fatal_c fatal_b fatal_a fatal_handler
	jq -e '[.backtrace[].function] | index("fatal_in_handler")' <<<"$record"
}

@test "crash: a call of what is no code shows who called" {
	named
	die nocode
	is "$(jq -c '.backtrace[0] | [.pc, .module, .function]' <<<"$record")" \
		'["0x0",null,null]'
	is "$(jq -r '.backtrace[1].function' <<<"$record")" fatal_no_code
	has "$(gsctl show f)" " in fatal_no_code ("
}

@test "crash: endless recursion, in the server and in a thread" {
	named
	die overflow
	functions fatal_endless fatal_endless fatal_endless
	is "$(jq '.backtrace | length' <<<"$record")" 32
	gsctl stop f 2>/dev/null || :
	gsctl start --name g "$module" >/dev/null
	refused 125 signal:11 -- gsctl call g thread_overflow
}

@test "crash: in a thread" {
	named
	die thread
	functions fatal_c fatal_b fatal_a fatal_chain thread
}

@test "crash: abort and who raised it" {
	named
	die abort
	jq -e '[.backtrace[].function] | index("fatal_aborts")' <<<"$record"
	has "$(jq -r .fields.signal <<<"$record")" SIGABRT "raised by itself"
}

# What is not in the file is asked of nobody else.
@test "crash: a stripped module has addresses, and the same frames" {
	named
	die chain
	offsets=$(jq -c '[.backtrace[:6][].offset]' <<<"$record")
	gsctl down
	rm -r "$work/run"
	strip -o "$module.new" "$module"
	mv "$module.new" "$module"
	die chain
	is "$(jq -c '[.backtrace[:6][].offset]' <<<"$record")" "$offsets"
	is "$(jq -r '.backtrace[0].module' <<<"$record")" "$module"
	id=$(readelf -n "$module" | sed -n 's/.*Build ID: //p')
	is "$(jq -r '.backtrace[0].build_id' <<<"$record")" "$id"
	jq -e '.backtrace[0].function == null' <<<"$record"
	has "$(gsctl log f)" "#0  $module+0x" "(no symbol; build-id $id)"
}

@test "crash: another file by that name is not asked" {
	die chain
	id=$(readelf -n "$module" | sed -n 's/.*Build ID: //p')
	rm "$module"
	cp "$kit" "$module"
	log=$(gsctl log f)
	[[ $log != *fatal_c* ]]
	has "$log" "#0  $module+0x" "build-id $id)"
	! gsctl --version | grep -q 'with libdw' || has "$log" "another file is there now"
	rm "$module"
	log=$(gsctl log f)
	has "$log" "#0  $module+0x" "build-id $id)"
	! gsctl --version | grep -q 'with libdw' || has "$log" "the file is gone"
	# the old one, back again, is believed
	cp "$GS_BUILD/tests/fixtures/fx_fatal.so" "$module"
	! gsctl --version | grep -q 'with libdw' || has "$(gsctl log f)" "#0  fatal_c ("
}

@test "crash: a module that was replaced while it ran" {
	gsctl start --name f "$module" >/dev/null
	cp "$kit" "$module.new"
	mv "$module.new" "$module"
	run -125 gsctl call f chain
	within 5 recorded
	log=$(gsctl log f)
	[[ $log != *fatal_c* ]]
	has "$log" "#0  $module (deleted)+0x"
}
