# SPDX-License-Identifier: GPL-2.0-or-later
#
# Read tests/coverage/unreached and then what gcov -b -c says of each source file,
# print one line for each file and the lines that no test ran, and check that
# each of these is explained, and that each explained one is one of these.
#
# unreached is a list of paragraphs:
#
#	kernel/mgr/mem.c chunk_create
#		the text of a line that no test runs
#		and of another
#	- why not, to the end of the paragraph
#
# A line that is there twice in a function is explained for both. Lines are known
# by their text, so that they may move. One that begins with "? " is run or not, as
# a race goes. The exit status is 0 when all agrees.

function trim(text)
{
	gsub(/^[ \t]+|[ \t]+$/, "", text)
	return text
}

FILENAME ~ /unreached$/ {
	if (/^#/)
		next
	if (/^$/) {
		where = ""
	} else if (where == "") {
		where = $1 SUBSEP $2
	} else if (/^\t/ && !reason[where]) {
		text = trim($0)
		either = sub(/^\? /, "", text)
		explained[where, text] = either
		order[++nr_explained] = where SUBSEP text
	}
	next
}

# A new file
/^ *-: *0:Source:/ {
	source = $0
	sub(/.*:Source:/, "", source)
	ours = sub(/.*-gcov\/kernel\//, "kernel/", source) &&
		source !~ /^kernel\/test\//
	function_name = ""
	if (ours)
		files[++nr_files] = source
	next
}

!ours {
	next
}

/^function / {
	function_name = $2
	functions[source]++
	if ($4 > 0)
		called[source]++
	next
}

/^branch / {
	branches[source]++
	if ($3 == "taken" && $4 > 0)
		taken[source]++
	next
}

/^ *[^:]+: *[0-9]+:/ {
	count = trim(substr($0, 1, index($0, ":") - 1))
	text = $0
	sub(/^[^:]*: *[0-9]+:/, "", text)
	text = trim(text)
	if (count == "-")
		next
	lines[source]++
	if (count !~ /^[#=]+$/) {
		run[source]++
		next
	}
	key = source SUBSEP function_name SUBSEP text
	if (key in explained) {
		explained[key]++
		known[source]++
	} else {
		missed[++nr_missed] = sprintf("%s %s\n\t%s", source,
					      function_name, text)
	}
}

function percent(part, all)
{
	return all ? sprintf("%.1f", 100 * part / all) : "-"
}

function row(name, l, r, k, f, c, b, t)
{
	printf "%-26s %6d %6d %6s %6d %4d/%-4d %5d/%-5d %6s\n", name, l, r,
		percent(r, l), k, c, f, t, b, percent(t, b)
}

END {
	printf "%-26s %6s %6s %6s %6s %9s %11s %6s\n", "file", "lines", "run",
		"%", "known", "functions", "branches", "%"
	for (i = 1; i <= nr_files; i++) {
		s = files[i]
		row(s, lines[s], run[s], known[s], functions[s], called[s],
		    branches[s], taken[s])
		l += lines[s]
		r += run[s]
		k += known[s]
		f += functions[s]
		c += called[s]
		b += branches[s]
		t += taken[s]
	}
	row("all", l, r, k, f, c, b, t)
	if (!nr_files) {
		print "coverage: nothing was counted"
		exit 1
	}
	if (nr_missed)
		print "\nNo test runs, and tests/coverage/unreached does not" \
			" say why:\n"
	for (i = 1; i <= nr_missed; i++)
		print missed[i]
	for (i = 1; i <= nr_explained; i++) {
		key = order[i]
		if (explained[key])
			continue
		if (!stale++)
			print "\ntests/coverage/unreached explains what is" \
				" run, or is not there:\n"
		split(key, part, SUBSEP)
		printf "%s %s\n\t%s\n", part[1], part[2], part[3]
	}
	exit nr_missed || stale
}
