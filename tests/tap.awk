# SPDX-License-Identifier: GPL-2.0-or-later
#
# Read what tests/run-list writes, show one line for each test, and at the end
# a line of its own: "N passed, N failed", with ", N skipped" if any were. The
# exit status is 0 only if there were tests and none failed.
#
# A program fails once more if its plan is missing or not kept to, if it exits
# with an error that no test told of, or if it ran out of time (tests/vm/run
# itself tells of a VM that died: status 125). A line "@plan NAME" announces a
# program that has to come, and "@again NAME" one that comes once more: what it has
# said so far does not count.

function show(what, sentence)
{
	printf "%-4s  %s: %s\n", what, name, sentence
	fflush()
}

function pass(sentence)
{
	passed++
	show("ok", sentence)
}

function fail(sentence)
{
	failed++
	failures++
	failed_list = failed_list sprintf("failed: %s: %s\n", name, sentence)
	show("FAIL", sentence)
}

function skip(sentence)
{
	skipped++
	show("skip", sentence)
}

$1 == "@plan" {
	planned[$2] = 1
	next
}

$1 == "@begin" {
	name = $2
	seconds = $3
	plan = -1
	seen = failures = 0
	passed_before = passed
	failed_before = failed
	skipped_before = skipped
	list_before = failed_list
	next
}

$1 == "@again" {
	passed = passed_before
	failed = failed_before
	skipped = skipped_before
	failed_list = list_before
	name = ""
	print "# " $2 ": the VM has stopped; once more, in a new one"
	fflush()
	next
}

$1 == "@fail" {
	sub(/^@fail /, "")
	fail($0)
	next
}

$1 == "@end" {
	delete planned[$2]
	if (name == "build" || $3 == 125)
		;
	else if ($3 == 124 || $3 == 137)
		fail("ends within " seconds " seconds")
	else if (plan < 0)
		fail("says how many tests it has (exit status " $3 ")")
	else if (plan != seen)
		fail("reports all its " plan " tests (reported " seen \
		     ", exit status " $3 ")")
	else if ($3 != 0 && !failures)
		fail("exits with 0 when nothing failed (got " $3 ")")
	name = ""
	next
}

name && /^1\.\.[0-9]+/ {
	plan = substr($1, 4) + 0
	if (plan == 0)
		skip($0)
	next
}

name && /^(not )?ok( |$)/ {
	seen++
	bad = /^not ok/
	sub(/^(not )?ok *[0-9]* *(- *)?/, "")
	if (/# *(SKIP|skip)/)
		skip($0)
	else if (bad)
		fail($0)
	else
		pass($0)
	next
}

{
	print (/^#/ ? "" : "      ") $0
	fflush()
}

END {
	for (name in planned)
		fail("runs")
	if (failed_list)
		printf "\n%s", failed_list
	printf "%d passed, %d failed", passed, failed
	if (skipped)
		printf ", %d skipped", skipped
	print ""
	exit failed || !passed
}
