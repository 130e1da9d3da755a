# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of firmware share: what planefd takes of a QEMU on a mediated
# display, $viewed, is compared with the screendump of one with the same
# firmware on QEMU's own device of that kind, named own. To be sourced after
# guest.sh.

reference=$dir/reference.ppm
shot=$dir/shot.png

# The cursor blinks, and firmware says that it is done a little early: hold
# QEMU's own screen still, and see whether the other comes to show the same.
are_same()
{
	monitor own stop
	monitor own "screendump $reference"
	for _ in 1 2 3 4 5 6 7 8; do
		"$planefd" shot --pid "$viewed" -o "$shot" >"$dir/said" ||
			return
		build/user/tests/e2e/check_picture "$shot" "$reference" \
			>"$dir/differ" && return
	done
	cat "$dir/differ"
	monitor own cont
	return 1
}

# The second line of a PPM is its width and height
has_size_of_reference()
{
	"$planefd" list | grep -q " $(sed -n '2s/ /x/p;2q' "$reference") "
}
