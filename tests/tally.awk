# SPDX-License-Identifier: Apache-2.0
# Counts test cases: prints "PASSED FAILED SKIPPED".  Reads TAP, with the
# exit status of its producer in rc, or meson's log: a JSON object per line,
# one for each program.  A program that fails without a failed case counts as
# one failure, so a crash is never lost.

function tap(line)
{
	if (line ~ /^ok / && line ~ /# *[Ss][Kk][Ii][Pp]/)
		skipped++
	else if (line ~ /^ok /)
		ok++
	else if (line ~ /^not ok / && line ~ /# *[Tt][Oo][Dd][Oo]/)
		skipped++
	else if (line ~ /^not ok /)
		bad++
	else
		return
	cases++
}

function field(name,    text)
{
	text = $0
	if (!sub(".*\"" name "\": \"", "", text))
		return ""
	sub(/".*/, "", text)
	return text
}

function program(    text, lines, n, i, before, result)
{
	before = bad
	cases = 0
	result = field("result")
	text = $0
	if (sub(/.*"stdout": "/, "", text)) {
		n = split(text, lines, /\\n/)
		for (i = 1; i <= n; i++)
			tap(lines[i])
	}
	if (cases == 0 && result == "OK")
		ok++
	else if (cases == 0 && result == "SKIP")
		skipped++
	else if (result != "OK" && result != "SKIP" && bad == before)
		bad++
}

/^\{/ {
	program()
	programs++
	next
}

{
	tap($0)
}

END {
	if (!programs && rc != 0 && bad == 0)
		bad++
	print ok + 0, bad + 0, skipped + 0
}
