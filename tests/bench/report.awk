# SPDX-License-Identifier: Apache-2.0
# Lines "WHO METRIC VALUE" to a table or a JSON document: medians, with the
# least and the most.  The file goals says which metrics there are, and how a
# goal is written.
BEGIN {
	while ((getline line < goals) > 0) {
		if (line ~ /^#/ || split(line, word, " ") != 4)
			continue
		order[++metrics] = word[1]
		unit[word[1]] = word[2]
		better[word[1]] = word[3]
		goal[word[1]] = word[4]
	}
}

NF == 3 {
	key = $1 SUBSEP $2
	sample[key, ++count[key]] = $3 + 0
	if ($1 != "ours" && $1 != "limit" && !($1 in peer)) {
		peer[$1] = 1
		peer_name[++peers] = $1
	}
}

# Sorts the samples of one key; leaves least, most and returns the median.
function median(key,    n, i, j, v)
{
	n = count[key]
	for (i = 2; i <= n; i++) {
		v = sample[key, i]
		for (j = i - 1; j > 0 && sample[key, j] > v; j--)
			sample[key, j + 1] = sample[key, j]
		sample[key, j + 1] = v
	}
	least = sample[key, 1]
	most = sample[key, n]
	if (n % 2)
		return sample[key, (n + 1) / 2]
	return (sample[key, n / 2] + sample[key, n / 2 + 1]) / 2
}

# Below 1 when ours is better; "" when it cannot be said.
function ratio(metric, our, their)
{
	if (our == "" || their == "" || our <= 0 || their <= 0)
		return ""
	return better[metric] == "less" ? our / their : their / our
}

function number(v)
{
	if (v == "")
		return "-"
	return sprintf(v >= 1000 ? "%.0f" : v >= 100 ? "%.1f" : "%.4g", v)
}

function json_number(v)
{
	return v == "" ? "null" : sprintf("%.6g", v)
}

function text(s)
{
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	gsub(/[\001-\037]/, " ", s)
	return "\"" s "\""
}

# The number that one goal of a metric stands for, "" if it is not known: after
# gather().
function wanted(goal,    parts, whose, add)
{
	whose = bare
	if (split(goal, parts, ":") == 2) {
		whose = parts[1] in their ? their[parts[1]] : ""
		goal = parts[2]
	}
	if (goal !~ /^x/)
		return goal
	add = split(goal, parts, "+") == 2 ? parts[2] : 0
	return whose == "" ? "" : substr(parts[1], 2) * whose + add
}

# "yes", "no" or "-" for each goal.
function met(metric,    i, n, each, want, answer, all)
{
	n = split(goal[metric], each, ",")
	for (i = 1; i <= n; i++) {
		want = each[i] == "-" ? "" : wanted(each[i])
		if (want == "" || our == "")
			answer = "-"
		else if (better[metric] == "less")
			answer = our <= want + 0 ? "yes" : "no"
		else
			answer = our >= want + 0 ? "yes" : "no"
		all = all (i > 1 ? "," : "") answer
	}
	return all
}

# The values of one metric into our, low, high, bare and their[].
function gather(metric,    i, key, r)
{
	our = low = high = bare = best = ""
	key = "ours" SUBSEP metric
	if (count[key]) {
		our = median(key)
		low = least
		high = most
	}
	key = "limit" SUBSEP metric
	if (count[key])
		bare = median(key)
	split("", their)
	for (i = 1; i <= peers; i++) {
		key = peer_name[i] SUBSEP metric
		if (!count[key])
			continue
		their[peer_name[i]] = median(key)
		r = ratio(metric, our, their[peer_name[i]])
		if (r != "" && (best == "" || r > best)) {
			best = r
			best_name = peer_name[i]
		}
	}
	return our != "" || bare != ""
}

function with_x(v, r)
{
	return r == "" ? number(v) : sprintf("%s (x%.2f)", number(v), r)
}

function table(    i, m, range, p)
{
	printf "%s; load at start %s\n", machine, busy
	printf "%-21s %5s %9s %-19s %-22s %-17s %-27s %s\n", "metric",
	    "unit", "ours", "(min..max)", "best peer (ratio)",
	    "limit (ratio)", "goal", "met?"
	for (i = 1; i <= metrics; i++) {
		m = order[i]
		if (!gather(m))
			continue
		range = p = "-"
		if (low != "")
			range = "(" number(low) ".." number(high) ")"
		if (best != "")
			p = best_name " " with_x(their[best_name], best)
		printf "%-21s %5s %9s %-19s %-22s %-17s %-27s %s\n", m,
		    unit[m], number(our), range, p,
		    with_x(bare, ratio(m, our, bare)), goal[m], met(m)
	}
	if (peers)
		peer_table()
}

# All of them beside each other.
function peer_table(    i, j, m)
{
	printf "\n%-21s %5s %9s", "metric", "unit", "ours"
	for (j = 1; j <= peers; j++)
		printf " %9s", peer_name[j]
	printf "\n"
	for (i = 1; i <= metrics; i++) {
		m = order[i]
		if (!gather(m) || best == "")
			continue
		printf "%-21s %5s %9s", m, unit[m], number(our)
		for (j = 1; j <= peers; j++)
			printf " %9s", peer_name[j] in their ? \
			    number(their[peer_name[j]]) : "-"
		printf "\n"
	}
}

# Metrics of the bare machine alone stand apart, under "limits".
function document(    i, j, m, sep, comma, alone)
{
	printf "{\"machine\":%s,\"load\":%s,\"quick\":%s,\"metrics\":[",
	    text(machine), json_number(busy), quick == "yes" ? "true" : "false"
	for (i = 1; i <= metrics; i++) {
		m = order[i]
		if (!gather(m))
			continue
		if (our == "") {
			alone = alone (alone == "" ? "" : ",") text(m) ":" \
			    json_number(bare)
			continue
		}
		printf "%s\n{\"name\":%s,\"unit\":%s,\"value\":%s,", sep,
		    text(m), text(unit[m]), json_number(our)
		printf "\"min\":%s,\"max\":%s,\"peers\":{", json_number(low),
		    json_number(high)
		comma = ""
		for (j = 1; j <= peers; j++) {
			if (!(peer_name[j] in their))
				continue
			printf "%s%s:%s", comma, text(peer_name[j]),
			    json_number(their[peer_name[j]])
			comma = ","
		}
		printf "},\"limit\":%s,\"ratio_best_peer\":%s,",
		    json_number(bare), json_number(best)
		printf "\"ratio_limit\":%s,", json_number(ratio(m, our, bare))
		printf "\"goal\":%s,\"met\":%s}", text(goal[m]), text(met(m))
		sep = ","
	}
	printf "\n],\"limits\":{%s}}\n", alone
}

END {
	if (json == "yes")
		document()
	else
		table()
}
