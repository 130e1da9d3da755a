# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The guest with several heads (tests/guest/desktop.c), and how it is told what
# to do. To be sourced after guest.sh.

# start_desktop_on DEVICE OPTION...: as start_guest
start_desktop_on()
{
	rm -f "$dir/host.in" "$dir/host.out"
	mkfifo "$dir/host.in" "$dir/host.out"
	# Open for as long as the guest, whoever reads or writes in between
	exec 8<>"$dir/host.in"
	# To its end, wherever that is: who wants to forget truncates it
	: >"$dir/host.log"
	cat "$dir/host.out" >>"$dir/host.log" &
	device=$1
	shift
	start_guest desktop "$device" \
		-chardev "pipe,id=host,path=$dir/host" -serial chardev:host "$@"
}

# start_desktop UUID OPTION...: on that mediated device
start_desktop()
{
	device=$(vfio_pci "$1")
	shift
	start_desktop_on "$device" "$@"
}

desktop_is_ready()
{
	grep -q '^ready' "$dir/host.log"
}

answers()
{
	grep -c '^done\|^failed' "$dir/host.log"
}

has_answers()
{
	[ "$(answers)" -ge "$1" ]
}

# tell COMMAND: as in desktop.c; succeeds if the guest says that it is done
tell()
{
	wanted=$(($(answers) + 1))
	echo "$*" >&8
	wait_for 60 has_answers "$wanted" || return
	[ "$(grep '^done\|^failed' "$dir/host.log" | tail -n 1)" = "done" ] &&
		return
	echo "# the guest, told to $*:"
	tail -n 1 "$dir/host.log" | sed 's/^/# /'
	return 1
}
