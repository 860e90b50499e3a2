# SPDX-License-Identifier: Apache-2.0
# The examples of the manual, each as a module under gsctl and, where it is
# one, as a program: what they answer, and what they do with odd input.

bats_require_minimum_version 1.5.0
load common

setup()
{
	node_setup
	ex=$GS_BUILD/man/examples
	xml=$GS_SOURCE/man/examples/xml
}

teardown()
{
	node_teardown
}

# Runs an example's program: in a private node, whatever GS_NODE says.
program()
{
	local name=$1

	shift
	env -u GS_NODE "$ex/$name" "$@"
}

# The reason that a crash of our own making has: sanitizers have their own.
crashed()
{
	if [ -n "${UBSAN_OPTIONS-}" ]; then
		grep -Eq "$1|exit:1"
	else
		grep -q "$1"
	fi
}

milliseconds()
{
	local s

	read -r s _ </proc/uptime
	echo "$((10#${s/./} * 10))"
}

# ---- stack ----

@test "stack: last in, first out, blanks included; empty answers nothing" {
	gsctl start --name stack "$ex/stack.so" hello world
	gsctl cast stack push two  words
	gsctl cast stack 'push   x '
	is "$(gsctl call stack pop && echo .)" $'x \n.'
	is "$(gsctl call stack pop)" "two words"
	is "$(gsctl call stack pop)" world
	is "$(gsctl call stack pop)" hello
	is "$(gsctl call --raw stack pop | wc -c)" 0
	gsctl cast stack push again
	is "$(gsctl call stack pop)" again
}

@test "stack: a request it does not know ends it; it starts as it started" {
	pid=$(gsctl start --name stack "$ex/stack.so" first)
	run -125 --separate-stderr gsctl call stack top
	[[ $stderr == *bad_call* ]]
	within 10 other_pid stack "$pid"
	is "$(gsctl call stack pop)" first
	pid=$(gsctl whereis stack)
	gsctl cast stack push
	within 10 other_pid stack "$pid"
	is "$(gsctl call stack pop)" first
}

@test "stack: a thousand elements of any length" {
	gsctl start --name stack "$ex/stack.so"
	awk 'BEGIN { for (i = 1; i <= 1000; i++) { s = s "x"
		print "push " s } }' | gsctl cast --lines stack
	yes pop | head -n 1000 | gsctl call --lines stack |
		awk '{ if (length($0) != 1001 - NR) exit 1 } END { exit NR != 1000 }'
}

@test "stack, the program" {
	is "$(program stack)" $'again\nworld\nhello'
}

# ---- counter ----

@test "counter: starts at its argument, adds, takes what is no number as 1" {
	gsctl start --name counter "$ex/counter.so" 5
	gsctl cast counter 3
	is "$(gsctl call counter get)" 8
	gsctl cast counter -10
	is "$(gsctl call counter get)" -2
	gsctl cast counter more
	is "$(gsctl call counter get)" -1
	yes 1 | head -n 1000 | gsctl cast --lines counter
	is "$(gsctl call counter get)" 999
}

@test "counter: an overflow ends it with that word" {
	pid=$(gsctl start --name counter "$ex/counter.so" 9223372036854775807)
	gsctl cast counter 0
	is "$(gsctl call counter get)" 9223372036854775807
	gsctl cast counter 1
	within 10 other_pid counter "$pid"
	is "$(gsctl call counter get)" 9223372036854775807
	gsctl show counter | grep -q overflow
}

@test "counter, the program" {
	is "$(program counter)" 8
}

# ---- counter2, upgrade ----

@test "counter2: version 2 alone, which counts what it adds" {
	pid=$(gsctl start --name counter "$ex/counter2.so" 5)
	gsctl cast counter 3
	gsctl cast counter more
	is "$(gsctl call counter get)" 9
	is "$(gsctl call counter adds)" 2
	is "$(gsctl show --json counter | jq -r .version)" 2
	run -125 --separate-stderr gsctl call counter subtract
	[[ $stderr == *bad_call* ]]
	within 10 other_pid counter "$pid"
	is "$(gsctl call counter adds)" 0
}

@test "counter2: takes the place of version 1, and the supervisor keeps to it" {
	pid=$(gsctl start --name counter "$ex/counter.so" 5)
	gsctl cast counter 3
	gsctl sys change-code counter "$ex/counter2.so"
	gsctl cast counter 2
	is "$(gsctl call counter get)" 10
	is "$(gsctl call counter adds)" 1
	is "$(gsctl whereis counter)" "$pid"
	kill -9 "$(gsctl whereis --os-pid counter)"
	within 10 other_pid counter "$pid"
	is "$(gsctl call counter get)" 5
	is "$(gsctl call counter adds)" 0
}

@test "upgrade: a counter in use becomes version 2, and nothing is missing" {
	is "$(program upgrade)" "version 2, and nothing is missing"
	cp "$ex/counter.so" "$ex/counter2.so" "$work"
	is "$(program upgrade "$work")" "version 2, and nothing is missing"
}

@test "upgrade: a new version that is none is said, and nothing is left" {
	cp "$ex/counter.so" "$work"
	run -1 --separate-stderr program upgrade "$work"
	[[ $stderr == *"$work/counter2.so"*"No such file"* ]]
	# version 1 itself: it has no code_change
	cp "$ex/counter.so" "$work/counter2.so"
	run -1 --separate-stderr program upgrade "$work"
	[[ $stderr == *"undef: the new code has no code_change"* ]]
	# a build that was broken off
	head -c 5000 "$ex/counter2.so" >"$work/counter2.so"
	run -1 --separate-stderr program upgrade "$work"
	[[ $stderr == *"cut off"* ]]
	within 5 no_processes
}

# ---- greeter ----

@test "greeter: greets with its argument, later with another word" {
	gsctl start --name greeter "$ex/greeter.so" Good morning
	is "$(gsctl call greeter greet Ada Lovelace)" "Good morning, Ada Lovelace!"
	gsctl cast greeter say Grüß Gott
	is "$(gsctl call greeter greet)" "Grüß Gott, world!"
	is "$(gsctl call greeter greeted)" 2
	gsctl cast greeter say "$(head -c 200 /dev/zero | tr '\0' x)"
	is "$(gsctl call greeter greet you)" "Grüß Gott, you!"
}

@test "greeter: refuses a greeting that is too long, and nothing is left" {
	long=$(head -c 128 /dev/zero | tr '\0' x)
	run -5 --separate-stderr gsctl start --name greeter "$ex/greeter.so" "$long"
	[[ $stderr == *"greeting too long"* ]]
	run -4 gsctl whereis greeter
	gsctl start --name greeter "$ex/greeter.so" "${long%x}"
	is "$(gsctl call greeter greet x)" "${long%x}, x!"
}

@test "greeter, the program" {
	is "$(program greeter)" $'Good morning, Ada!\nBonjour, Grace!'
}

# ---- kv ----

@test "kv: put, get, delete, keys, size, and what it does not know" {
	gsctl start --name kv "$ex/kv.so"
	is "$(gsctl call kv size)" 0
	is "$(gsctl call --raw kv keys | wc -c)" 0
	is "$(gsctl call kv put motto per aspera ad astra)" ok
	is "$(gsctl call kv put b)" ok
	is "$(gsctl call kv get motto)" "per aspera ad astra"
	is "$(gsctl call --raw kv get b | wc -c)" 0
	is "$(gsctl call kv get c)" not_found
	is "$(gsctl call kv keys | sort)" $'b\nmotto'
	is "$(gsctl call kv put motto new)" ok
	is "$(gsctl call kv get motto)" new
	is "$(gsctl call kv size)" 2
	is "$(gsctl call kv delete b)" ok
	is "$(gsctl call kv delete b)" not_found
	is "$(gsctl call kv size)" 1
	for request in put get delete sizes ''; do
		[[ $(gsctl call kv "$request") == @(bad_request|not_found) ]]
	done
	is "$(gsctl call kv get motto)" new
}

@test "kv: a value is any bytes, blanks in front and NUL included" {
	gsctl start --name kv "$ex/kv.so"
	for i in {0..255}; do
		printf '%b' "\\x$(printf %x "$i")"
	done >"$work/bytes"
	cat "$work/bytes" "$work/bytes" \
		>"$work/value"
	{ printf 'put k  \n'; cat "$work/value"; } |
		gsctl call kv -
	{ printf ' \n'; cat "$work/value"; } |
		cmp - <(gsctl call --raw kv get k)
	printf 'put \377\1 v' | gsctl call kv -
	is "$(printf 'get \377\1' | gsctl call kv -)" v
}

@test "kv: thousands of keys come and go" {
	gsctl start --name kv "$ex/kv.so"
	seq 5000 | sed 's/.*/put key& value of &/' | gsctl call --lines kv |
		uniq -c | grep -q '^ *5000 ok$'
	is "$(gsctl call kv size)" 5000
	seq 5000 | sed 's/.*/get key&/' | gsctl call --lines kv |
		cmp - <(seq 5000 | sed 's/.*/value of &/')
	seq 2 2 5000 | sed 's/.*/delete key&/' | gsctl call --lines kv |
		uniq -c | grep -q '^ *2500 ok$'
	gsctl call kv keys | sort | cmp - <(seq 1 2 5000 | sed 's/^/key/' | sort)
	is "$(gsctl call kv get key2)" not_found
	is "$(gsctl call kv get key4999)" "value of 4999"
}

@test "kv: a value too large is refused and changes nothing" {
	pid=$(gsctl start --name kv "$ex/kv.so")
	gsctl call kv put a 1
	{ printf 'put a '; head -c 1000000 /dev/zero; } >"$work/big"
	run gsctl call kv - <"$work/big"
	[ "$status" -ne 0 ]
	is "$(gsctl call kv get a)" 1
	is "$(gsctl whereis kv)" "$pid"
}

@test "kv: after kill -9 it answers again, knowing nothing" {
	pid=$(gsctl start --name kv "$ex/kv.so")
	gsctl call kv put a 1
	kill -9 "$(gsctl whereis --os-pid kv)"
	within 10 other_pid kv "$pid"
	is "$(gsctl call kv get a)" not_found
	is "$(gsctl call kv put a 2)" ok
	is "$(gsctl call kv get a)" 2
}

@test "kv, the program" {
	is "$(program kv)" $'motto: per aspera ad astra\nmotto: not_found'
}

# ---- cart ----

@test "cart: adds, removes the first of its name, lists in order" {
	gsctl start --name cart "$ex/cart.so"
	is "$(gsctl call --raw cart items | wc -c)" 0
	gsctl cast cart remove apples
	gsctl cast cart add apples
	gsctl cast cart add two pears
	gsctl cast cart add apples
	is "$(gsctl call cart items)" $'apples\ntwo pears\napples'
	gsctl cast cart remove apples
	gsctl cast cart remove pears
	is "$(gsctl call cart items)" $'two pears\napples'
	gsctl cast cart remove apples
	gsctl cast cart remove two pears
	is "$(gsctl call --raw cart items | wc -c)" 0
}

# A look touches the cart, so looks are further apart than its patience.
@test "cart: is emptied after the time set, not before, and not when touched" {
	local patience=500 from now last looks=0 before

	gsctl start --name cart "$ex/cart.so" "$patience"
	from=$(milliseconds)
	last=$from
	gsctl cast cart add apples
	# Touched again and again it outlives its patience.
	while now=$(milliseconds)
		[ $((now - from)) -lt $((3 * patience)) ] || [ "$looks" -le 3 ]
	do
		is "$(gsctl call cart items)" apples || {
			# Unless the machine was too slow for the test.
			[ $(($(milliseconds) - last)) -ge $((patience - 20)) ]
			gsctl cast cart add apples
		}
		last=$now
		looks=$((looks + 1))
	done
	# The timeout is the only info message that it ever gets; once more, if
	# one came in between.
	until
		before=$(timeouts cart)
		gsctl cast cart add pears
		from=$(milliseconds)
		gsctl call cart items >/dev/null
		is "$(timeouts cart)" "$before"
	do :; done
	within 10 timed_out cart "$before"
	now=$(milliseconds)
	[ $((now - from)) -ge $((patience - 20)) ]
	is "$(gsctl call --raw cart items | wc -c)" 0
	gsctl cast cart add more
	is "$(gsctl call cart items)" more
}

timeouts()
{
	gsctl show --json "$1" | jq .infos
}

timed_out()
{
	[ "$(timeouts "$1")" -gt "$2" ]
}

@test "cart: half an hour by default; refuses times that are none" {
	for time in soon 0 -1 99999999999; do
		run -5 --separate-stderr gsctl start --name cart -- "$ex/cart.so" "$time"
		[[ $stderr == *"not a number of milliseconds"* ]]
	done
	gsctl start --name cart "$ex/cart.so"
	gsctl cast cart add apples
	is "$(gsctl call cart items)" apples
}

@test "cart, the program" {
	is "$(program cart)" $'the cart: apples\nthe cart: '
}

# ---- ticker ----

ticked()
{
	[ "$(gsctl call "$1" ticks)" -ge "$2" ]
}

@test "ticker: ticks on and on, never early" {
	from=$(milliseconds)
	gsctl start --name ticker "$ex/ticker.so" 50
	within 10 ticked ticker 10
	# 20: the grain of the clock that we read.
	[ $(($(milliseconds) - from)) -ge $((10 * 50 - 20)) ]
	[[ $(gsctl call ticker load) =~ ^[0-9]+\.[0-9][0-9]$ ]]
}

@test "ticker: other messages make no tick, and do not stop it" {
	gsctl start --name slow "$ex/ticker.so" 1000000
	gsctl start --name fast "$ex/ticker.so" 20
	gsctl send slow work
	gsctl send fast work
	is "$(gsctl call slow ticks)" 0
	within 10 ticked fast 5
	is "$(gsctl call slow ticks)" 0
	run -5 gsctl start --name none "$ex/ticker.so" often
}

@test "ticker: killed, it ticks again" {
	pid=$(gsctl start --name ticker "$ex/ticker.so" 20)
	within 10 ticked ticker 3
	kill -9 "$(gsctl whereis --os-pid ticker)"
	within 10 other_pid ticker "$pid"
	within 10 ticked ticker 3
}

@test "ticker, the program" {
	is "$(program ticker)" "5 ticks"
}

# ---- wordcount ----

words()
{
	LC_ALL=C tr -cs A-Za-z '\n' | LC_ALL=C tr '[:upper:]' '[:lower:]' | grep .
}

top_words()
{
	words | LC_ALL=C sort | uniq -c | LC_ALL=C sort -k1,1nr -k2 |
		awk '{ print $1, $2 }'
}

@test "wordcount: counts a real text as tr, sort and uniq do" {
	gsctl start --name words "$ex/wordcount.so"
	is "$(gsctl call words total)" 0
	is "$(gsctl call --raw words top 10 | wc -c)" 0
	gsctl cast --lines words <"$GS_SOURCE/LICENSE"
	is "$(gsctl call words total)" "$(words <"$GS_SOURCE/LICENSE" | wc -l)"
	is "$(gsctl call words distinct)" \
		"$(words <"$GS_SOURCE/LICENSE" | sort -u | wc -l)"
	gsctl call words top 100000 |
		diff - <(top_words <"$GS_SOURCE/LICENSE")
	gsctl call words top 7 |
		diff - <(top_words <"$GS_SOURCE/LICENSE" | head -n 7)
	is "$(gsctl call words count LiCense)" \
		"$(words <"$GS_SOURCE/LICENSE" | grep -cx license)"
}

@test "wordcount: odd lines and odd requests" {
	gsctl start --name words "$ex/wordcount.so"
	gsctl cast words ''
	gsctl cast words '12 34 ...'
	printf "can't\0STOP\377stop\n\n stop" | gsctl cast words -
	is "$(gsctl call words count stop)" 3
	is "$(gsctl call words count can)" 1
	is "$(gsctl call words count "can't")" 0
	is "$(gsctl call words count)" 0
	is "$(gsctl call words total)" 5
	is "$(gsctl call words top 0 && echo .)" $'\n.'
	is "$(gsctl call words top 2)" $'3 stop\n1 can'
	for request in 'top' 'top -1' 'top x' 'what' ''; do
		is "$(gsctl call words "$request")" bad_request
	done
	is "$(gsctl call words total)" 5
	head -c 100000 /dev/zero | tr '\0' x | gsctl cast words -
	is "$(gsctl call words total)" 6
}

@test "wordcount, the program: a text, and bytes that are none" {
	program wordcount <"$GS_SOURCE/LICENSE" |
		diff - <(top_words <"$GS_SOURCE/LICENSE" | head -n 10)
	program wordcount <"$ex/wordcount" |
		diff - <(top_words <"$ex/wordcount" | head -n 10)
}

# ---- xmlcheck ----

need_xml()
{
	[ -e "$ex/xmlcheck.so" ] || skip "built without expat"
}

@test "xmlcheck: texts and files, well formed and not" {
	need_xml
	gsctl start --name xml "$ex/xmlcheck.so"
	is "$(gsctl call xml '<a><b/></a>')" "ok 2 elements"
	is "$(gsctl call xml '<a></b>')" "error 1:6 mismatched tag"
	is "$(gsctl call xml '<poison dose="1"/>')" "ok 1 elements"
	is "$(gsctl call xml "$xml/catalogue.xml")" "ok 8 elements"
	is "$(gsctl call xml "$xml/latin1.xml")" "ok 2 elements"
	is "$(gsctl call xml "$xml/mismatched.xml")" "error 4:14 mismatched tag"
	is "$(gsctl call xml "$xml/unclosed.xml")" "error 4:1 no element found"
	[[ $(gsctl call xml "$xml/laughs.xml") == "error 11:"*amplification* ]]
	[[ $(gsctl call xml - <"$xml/catalogue.xml") == "ok 8 elements" ]]
	is "$(gsctl call xml /nowhere)" "error 0:0 No such file or directory"
	is "$(gsctl call xml "$xml")" "error 0:0 Is a directory"
	is "$(gsctl call xml '')" "error 0:0 No such file or directory"
	[[ $(head -c 5000 /dev/zero | tr '\0' / | gsctl call xml -) == \
		"error 0:0 File name too long" ]]
	is "$(gsctl call xml '<')" "error 1:1 unclosed token"
	is "$(printf '<a>\0</a>' | gsctl call xml -)" \
		"error 1:4 not well-formed (invalid token)"
}

@test "xmlcheck: a million elements deep" {
	need_xml
	gsctl start --name xml "$ex/xmlcheck.so"
	{ yes '<a>' | head -n 1000000; yes '</a>' | head -n 1000000; } \
		>"$work/deep.xml"
	is "$(gsctl call xml "$work/deep.xml")" "ok 1000000 elements"
}

# What expat says when it is asked without us: LINE PER FILE.
python_says()
{
	python3 -c '
import sys
from xml.parsers import expat

for path in sys.stdin.read().splitlines():
    elements = 0

    def start(name, attributes):
        global elements
        elements += 1

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        with open(path, "rb") as file:
            parser.ParseFile(file)
        print("ok %d elements" % elements)
    except expat.ExpatError as error:
        print("error %d:%d %s" % (error.lineno, error.offset + 1,
            expat.ErrorString(error.code)))
'
}

@test "xmlcheck: the XML files of this system, as another program has them" {
	need_xml
	command -v python3 >/dev/null || skip "no python3 to compare with"
	{ find /usr/share /etc -name '*.xml' -type f -readable -size -2000k || :; } \
		2>/dev/null | sort | head -n 300 >"$work/files"
	ls "$xml"/[!lp]*.xml >>"$work/files"
	gsctl start --name xml "$ex/xmlcheck.so"
	gsctl call --lines xml <"$work/files" |
		diff - <(python_says <"$work/files")
	is "$(gsctl show --json xml | jq .restarts)" 0
}

@test "xmlcheck: a poison kills the checker, the caller is told, others are not" {
	need_xml
	pid=$(gsctl start --name xml "$ex/xmlcheck.so")
	other=$(gsctl start --name other "$ex/xmlcheck.so")
	yes '<a><b/></a>' | head -n 20000 | gsctl call --lines other \
		>"$work/answers" 3>&- &
	for poison in '<poison/>' "$xml/poison.xml"; do
		run -125 --separate-stderr gsctl call xml "$poison"
		[ -z "$output" ]
		echo "$stderr" | crashed signal:11
		within 10 other_pid xml "$pid"
		pid=$(gsctl whereis xml)
		is "$(gsctl call xml '<a/>')" "ok 1 elements"
	done
	wait $!
	is "$(uniq -c <"$work/answers" | tr -s ' ')" \
		" 20000 ok 2 elements"
	is "$(gsctl whereis other)" "$other"
	gsctl show xml | crashed signal:11
}

@test "xmlcheck: poisoned too often it is given up, alone" {
	need_xml
	gsctl start --name other "$ex/xmlcheck.so"
	gsctl start --name xml --max-restarts 2 --max-seconds 60 "$ex/xmlcheck.so"
	# Not i, which is a variable of run's.
	for life in 1 2 3; do
		pid=$(gsctl whereis xml)
		run -125 gsctl call xml '<poison/>'
		[ "$life" = 3 ] || within 10 other_pid xml "$pid"
	done
	within 10 state_is xml failed
	run -4 gsctl whereis xml
	is "$(gsctl call other '<a/>')" "ok 1 elements"
}

@test "xmlcheck, the program: a crash is one more verdict" {
	need_xml
	run -1 --separate-stderr env -u GS_NODE "$ex/xmlcheck" \
		"$xml/catalogue.xml" "$xml/poison.xml" "$xml/poison.xml" \
		"$xml/poison.xml" "$xml/poison.xml" "$xml/poison.xml" \
		"$xml/unclosed.xml" "$xml/latin1.xml"
	is "${#lines[@]}" 8
	is "${lines[0]}" "$xml/catalogue.xml: ok 8 elements"
	for i in 1 2 3 4 5; do
		echo "${lines[i]}" | crashed "poison.xml: crash signal:11"
	done
	is "${lines[6]}" "$xml/unclosed.xml: error 4:1 no element found"
	is "${lines[7]}" "$xml/latin1.xml: ok 2 elements"
	program xmlcheck "$xml/catalogue.xml"
}

# ---- echo ----

@test "echo: the module and the program are the same server" {
	gsctl start --name module "$ex/echo.so"
	gsctl start --name program "$ex/echo"
	for i in {0..255}; do
		printf '%b' "\\x$(printf %x "$i")"
	done >"$work/bytes"
	for name in module program; do
		is "$(gsctl call "$name" same words  here)" "same words here"
		is "$(gsctl call --raw "$name" '' | wc -c)" 0
		gsctl call --raw "$name" - <"$work/bytes" >"$work/echoed"
		cmp "$work/bytes" "$work/echoed"
		pid=$(gsctl whereis "$name")
		kill -9 "$(gsctl whereis --os-pid "$name")"
		within 10 other_pid "$name" "$pid"
		is "$(gsctl call "$name" again)" again
	done
}

@test "echo, started by hand: says how to start it" {
	run --separate-stderr env -u GS_NODE "$ex/echo" </dev/null
	[ "$status" -ne 0 ]
	[[ $stderr == *gsctl* ]]
}

# ---- embedded ----

@test "embedded: a crash is told and goes no further" {
	program embedded >"$work/out" 2>"$work/err"
	diff "$work/out" - <<'END'
ledger 20: 120
divider 84 2: 42
divider 1 0: it died, signal:6
the link says so too: signal:6
ledger 3: 123
divider 21 7: 3
END
}

# ---- tcpecho ----

# One client: sends so many lines and reads them back.
echo_lines()
{
	local writer

	exec 9<>"/dev/tcp/127.0.0.1/$1"
	seq "$2" >&9 &
	writer=$!
	head -n "$2" <&9 | cmp - <(seq "$2")
	exec 9>&-
	wait "$writer"
}

echo_clients()
{
	[ "$(gsctl call echo clients)" = "$1" ]
}

@test "tcpecho: thousands of lines of several clients; those that die are forgotten" {
	local port i

	gsctl start --name echo "$ex/tcpecho.so" >/dev/null
	port=$(gsctl call echo port)
	echo_lines "$port" 20000
	for i in 1 2 3 4; do
		(echo_lines "$port" 5000) &
		eval "c$i=$!"
	done
	# never reads what comes back, and dies over it
	(
		exec 9<>"/dev/tcp/127.0.0.1/$port"
		seq 200000 >&9 &
		head -c 1 <&9 >/dev/null
		kill -9 $! "$BASHPID"
	) || :
	# calls are answered between all that
	gsctl call echo clients | grep -qx '[0-9]*'
	# Set by the loop above.
	# shellcheck disable=SC2154
	wait "$c1" && wait "$c2" && wait "$c3" && wait "$c4"
	within 10 echo_clients 0
	echo_lines "$port" 100
	# a port that is taken
	run --separate-stderr gsctl start --name other "$ex/tcpecho.so" "$port"
	[ "$status" = 5 ]
	[[ $stderr == *"no_port: Address already in use"* ]]
}

@test "tcpecho: kill -9 closes its connections and it starts again" {
	local port

	gsctl start --name echo "$ex/tcpecho.so" >/dev/null
	port=$(gsctl call echo port)
	exec 9<>"/dev/tcp/127.0.0.1/$port"
	echo hello >&9
	read -r -t 10 line <&9
	is "$line" hello
	kill -9 "$(gsctl whereis --os-pid echo)"
	# the end, or a reset, at once
	run -1 read -r -t 10 line <&9
	exec 9>&-
	gsctl wait echo --up --timeout 10000
	echo_lines "$(gsctl call echo port)" 10
}

# ---- reload ----

greets()
{
	[ "$(gsctl call greeting get)" = "$1" ]
}

@test "reload: SIGHUP reads the settings again; a bad file changes nothing" {
	echo hello >"$work/greeting"
	gsctl start --name greeting "$ex/reload.so" "$work/greeting" >/dev/null
	is "$(gsctl call greeting get)" hello
	echo goodbye >"$work/greeting"
	is "$(gsctl call greeting get)" hello
	kill -HUP "$(gsctl whereis --os-pid greeting)"
	within 10 greets goodbye
	rm "$work/greeting"
	kill -HUP "$(gsctl whereis --os-pid greeting)"
	within 10 logged 'cannot be read'
	is "$(gsctl call greeting get)" goodbye
	is "$(gsctl call greeting reloads)" 1
	run --separate-stderr gsctl start --name other "$ex/reload.so" /no/file
	[ "$status" = 5 ]
}

logged()
{
	gsctl log greeting | grep -q "$1"
}

# ---- what programs leave ----

@test "examples: a program killed by any signal leaves no process" {
	local signal

	mkfifo "$work/fifo"
	for signal in KILL TERM HUP SEGV; do
		env -u GS_NODE "$ex/wordcount" <"$work/fifo" >/dev/null 2>&1 3>&- &
		exec 4>"$work/fifo"
		echo some words >&4
		# itself, its node, the root supervisor, the server
		within 10 processes_at_least 4
		kill -"$signal" $!
		wait $! || :
		exec 4>&-
		within 5 no_processes
	done
}

processes_at_least()
{
	[ "$(node_processes | wc -l)" -ge "$1" ]
}
