# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Part of tests/vm/run: run a list of test programs. Each has its time limit
# inside the VM; if the VM itself dies or hangs, the program that ran then is
# failed with the console's last lines, and the next VM goes on with the rest.
#
# But for one case, which is none of what is tested: a VM whose CPUs have stopped, so
# that not even the time limit inside it ends anything. QEMU 7.2 does that on a busy
# machine to a VM that boots, whose timer it loses, and, but for --nested (tests/vm/run
# tells why), to one that runs VMs. What ran then runs once more, in a new VM. One that
# hangs by its own kernel's fault, in a loop or with its interrupts off, is as busy as
# can be.

boot_seconds=$((120 * slow))
look_seconds=$((15 * slow))
grace=$((${PLANEFD_GRACE:-60} * slow))

# has_stopped: whether the VM has done nothing for five seconds, or next to nothing.
# One that boots is busy all the time; where it is not, its clock may go on, slowly.
has_stopped()
{
	local before after part=20
	[ "$booted" ] || part=4
	before=$(awk '{ print $14 + $15 }' "/proc/$qemu/stat")
	sleep 5
	after=$(awk '{ print $14 + $15 }' "/proc/$qemu/stat")
	[ $((after - before)) -lt $((5 * $(getconf CLK_TCK) / part)) ]
}

# run_rest: run what is in lines; sets ended to how many of them have an answer
run_rest()
{
	local line word name seconds deadline left result current='' stopped='' booted=''
	ended=0
	printf '%s\n' "${lines[@]}" >"$job/list"
	echo "tests/run-list </job/list" >"$job/command"
	mkfifo "$job/results"
	boot -serial "file:$console" -chardev stdio,id=out,signal=off \
		-serial chardev:out </dev/null >"$job/results" &
	qemu=$!
	exec 3<"$job/results"
	rm "$job/results"

	deadline=$((SECONDS + boot_seconds))
	while true; do
		left=$((deadline - SECONDS))
		# More than 128 is a timeout; 1 is the end of the VM
		result=142
		[ "$left" -gt 0 ] || break
		[ "$booted" ] || [ "$left" -le "$look_seconds" ] || left=$look_seconds
		IFS= read -r -t "$left" -u 3 line
		result=$?
		if [ "$result" -gt 128 ] && [ ! "$booted" ]; then
			has_stopped || continue
			stopped=yes
		fi
		[ "$result" = 0 ] || break
		booted=yes
		printf '%s\n' "$line"
		read -r word name seconds <<<"$line"
		case $word in
		@begin)
			current=$name
			deadline=$((SECONDS + seconds + grace)) ;;
		@end)
			current=
			ended=$((ended + 1))
			deadline=$((SECONDS + grace)) ;;
		esac
	done
	exec 3<&-
	[ "$result" -le 128 ] || [ "$stopped" ] || ! has_stopped || stopped=yes
	kill -KILL "$qemu" 2>/dev/null
	wait "$qemu" 2>/dev/null
	qemu=
	[ ! -s "$job/status" ] || return 0

	if [ -z "$current" ]; then
		read -r current _ <<<"${lines[ended]-unload}"
		echo "@begin $current 0"
	fi
	if [ "$stopped" ] && [ "$current" != "$again" ] &&
		[ "$ended" -lt "${#lines[@]}" ]; then
		again=$current
		echo "@again $current"
		return
	fi
	console_tail
	if [ "$result" -gt 128 ]; then
		echo "@fail the VM does not hang while it runs"
	else
		echo "@fail the VM lives while it runs"
	fi
	echo "@end $current 125"
	ended=$((ended + 1))
}

write_env
mapfile -t lines <"$list"
boots=0
again=
while [ "${#lines[@]}" -gt 0 ]; do
	boots=$((boots + 1))
	[ "$boots" -eq 1 ] ||
		console=$tree/build/logs/${log:-vm-$$}-$boots.log
	run_rest
	lines=("${lines[@]:ended}")
done
