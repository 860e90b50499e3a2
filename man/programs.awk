# SPDX-License-Identifier: Apache-2.0
# Takes the programs out of manual pages, so that they can be compiled:
#	awk -v dir=DIR -f man/programs.awk man/*.3
# writes DIR/PAGE.c, PAGE-2.c and so on for each literal display that includes
# something, and prints its name.
FNR == 1 {
	page = FILENAME
	sub(/.*\//, "", page)
	sub(/\.[0-9]$/, "", page)
	inside = count = 0
}
/^\.Bd -literal/ {
	inside = 1
	text = ""
	next
}
/^\.Ed/ {
	if (inside && text ~ /(^|\n)#include/) {
		file = dir "/" page (++count > 1 ? "-" count : "") ".c"
		printf "%s", text > file
		close(file)
		print file
	}
	inside = 0
	next
}
inside {
	line = $0
	gsub(/\\&/, "", line)
	gsub(/\\e/, "\\", line)
	text = text line "\n"
}
