# SPDX-License-Identifier: GPL-2.0-or-later
#
# Take out of a kernel log the data races that are not ours to mend: KCSAN finds
# them in all of the kernel, and every system call of the tests runs into some.
#
# A report tells of two accesses, each with where it was made. One that is marked,
# as by READ_ONCE() or an atomic operation, is as it should be; of a race with it
# the other is to blame. So a report is ours where one of our modules made an
# access that is not marked, itself or by way of a function that does nothing but
# access what it is handed. It is also ours where memory that one of them frees
# is still in use.

function is_ours(frame)
{
	return frame ~ /\[(vfio_(dmabuf_mgr|vdev|bochs|test_display|virtio_gpu))\]/
}

# For the lines of a stack, from the innermost function on
function frame(text)
{
	if (access == "assert" && is_ours(text))
		ours = 1
	if (access != "plain")
		return
	if (is_ours(text))
		ours = 1
	else if (text ~ /^ *(_?_?_copy_(from|to)_user|_?_?mem(cpy|set|move|cmp))\+/)
		return
	access = ""
}

{
	text = $0
	sub(/^\[ *[0-9.]+\] /, "", text)
}

text ~ /^=====/ && !report {
	report = $0 "\n"
	kcsan = ours = 0
	access = ""
	next
}

!report {
	print
	next
}

{
	report = report $0 "\n"
}

text ~ /^BUG: KCSAN/ {
	kcsan = 1
	next
}

text ~ /^=====/ {
	if (!kcsan || ours)
		printf "%s", report
	report = ""
	next
}

text ~ /^(race at unknown origin, with )?(read|write|read-write|assert).* to 0x/ {
	access = text ~ /assert/ ? "assert" : text ~ /marked/ ? "" : "plain"
	next
}

text ~ /^ .*\+0x/ && access {
	frame(text)
}

# One that the log does not have the end of
END {
	if (report)
		printf "%s", report
}
