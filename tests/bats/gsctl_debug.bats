# SPDX-License-Identifier: Apache-2.0
# gsctl start --debug: a server that is watched from its first message on.

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

logged()
{
	gsctl log | grep -q -- "$1"
}

@test "gsctl start --debug: the help says what it takes" {
	run -0 gsctl start --help
	has "$(tr -s ' \n' '  ' <<<"$output")" \
		"trace, log, log(N), statistics, log_to_file(PATH)," \
		"install(NAME)"
}

@test "gsctl start --debug: trace is in the log" {
	gsctl start --name kv --debug trace "$kit" >/dev/null
	gsctl call kv echo hello >/dev/null
	within 5 logged 'got call echo hello from <'
	within 5 logged 'sent hello to <'
}

@test "gsctl start --debug: a program, and again after a restart" {
	gsctl start --name program --debug "log_to_file($work/events)" \
		"$GS_BUILD/tests/fixtures/fx_program" a b >/dev/null
	gsctl call program words >/dev/null
	within 5 grep -q '^\*DBG\* program sent 3 to <' "$work/events"
	gsctl restart program >/dev/null
	is "$(cat "$work/events")" ""
	gsctl call program 2 >/dev/null
	within 5 grep -q '^\*DBG\* program sent b to <' "$work/events"
	is "$(grep -c '' "$work/events")" 2
}

@test "gsctl start --debug: a word that is not known is a warning" {
	gsctl start --name kv --debug nonsense,log "$kit" >/dev/null
	within 5 logged 'nonsense (no such word)'
	is "$(gsctl call kv echo x)" x
	run -125 gsctl call kv what
	within 5 logged 'got call what from <'
}

# OPT-04
@test "gsctl start --debug: a function of the module's own" {
	gsctl start --name kv --debug "install(kit_event), install(kit_event)" \
		"$kit" >/dev/null
	gsctl call kv echo hello >/dev/null
	within 5 logged 'kit_event kv 0: got call echo hello from <'
	is "$(gsctl log | grep -c 'kit_event kv .*: got call echo hello')" 1
	gsctl call kv echo enough >/dev/null
	gsctl call kv echo after >/dev/null
	within 5 logged 'kit_event kv 2: got call echo enough'
	run ! logged 'echo after'
}

# OPT-05
@test "gsctl start --debug: a function that is not there is said once" {
	gsctl start --name kv --debug "install(no_such_function)" \
		"$kit" >/dev/null
	is "$(gsctl call kv echo x)" x
	within 5 logged 'no_such_function'
}
