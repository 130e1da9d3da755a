# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Part of tests/vm/run: run a list of test programs. Each has its time limit inside the
# VM. If the VM itself dies or hangs, the program that ran then fails with the console's
# last lines, and the next VM goes on with the rest.
#
# One kind of hang fails nothing: the emulated CPUs have stopped, so that not even the
# time limit inside the VM ends anything. That is a fault of QEMU 7.2 on a busy machine.
# It loses the timer of a VM that boots, or of one that runs VMs without --nested
# (tests/vm/run says why). What ran then runs once more, in a new VM. A VM that hangs by
# its own kernel's fault, in a loop or with its interrupts off, keeps its CPU busy.
#
# Time limits count the clock that tests/clock keeps for the emulator. The clock of a VM
# that has stopped goes at a tenth of the wall clock. So as not to wait for that, a VM is
# looked at once it has given no sign of life for silence_seconds of the wall clock.

boot_seconds=$((120 * slow))
boot_silence_seconds=$((15 * slow))
silence_seconds=$((30 * slow))
grace=$((60 * slow))

cpu_ticks()
{
	awk '{ print $14 + $15 }' "/proc/$qemu/stat"
}

# wants_cpu: whether a thread of the emulator runs, or waits for a CPU or a disk
wants_cpu()
{
	cat "/proc/$qemu"/task/*/stat 2>/dev/null | sed 's/^.*) //' | grep -q '^[RD]'
}

# has_stopped: whether the VM has done nothing for five seconds, or next to nothing, and
# not because others had the CPUs. One that boots is busy all the time; where it is not,
# its clock may go on, slowly.
has_stopped()
{
	local before part=20 wanted=0
	[ "$booted" ] || part=4
	before=$(cpu_ticks)
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 0.5
		! wants_cpu || wanted=$((wanted + 1))
	done
	[ "$wanted" -lt 3 ] &&
		[ $(($(cpu_ticks) - before)) -lt $((5 * $(getconf CLK_TCK) / part)) ]
}

# is_silent: whether for long no line has come from the VM, nor another time that
# tests/harness/limit.c has written to the file beat
is_silent()
{
	local now_beat='' silence=$silence_seconds
	[ "$booted" ] || silence=$boot_silence_seconds
	[ ! -e "$job/beat" ] || read -r now_beat <"$job/beat"
	if [ "$now_beat" != "$beat" ]; then
		beat=$now_beat
		heard=$SECONDS
	fi
	[ $((SECONDS - heard)) -ge "$silence" ]
}

# run_rest: run what is in lines; sets ended to how many of them have an answer
run_rest()
{
	local line word name seconds deadline now result current='' stopped='' booted=''
	local part='' beat='' heard=$SECONDS
	ended=0
	printf '%s\n' "${lines[@]}" >"$job/list"
	echo "tests/run-list </job/list" >"$job/command"
	mkfifo "$job/results"
	rm -f "$job/beat" "$job/clock"
	echo 0 >"$job/clock"
	boot -serial "file:$console" -chardev stdio,id=out,signal=off \
		-serial chardev:out </dev/null >"$job/results" &
	qemu=$!
	start_clock
	exec 3<"$job/results"
	rm "$job/results"

	deadline=$((boot_seconds * 100))
	while true; do
		# More than 128 is a timeout; 1 is the end of the VM
		result=142
		read -r now <"$job/clock"
		[ "$now" -lt "$deadline" ] || break
		IFS= read -r -t 1 -u 3 line
		result=$?
		# At a timeout it may be the first part of a line
		part=$part$line
		if [ "$result" -gt 128 ]; then
			is_silent || continue
			has_stopped && stopped=yes && break
			heard=$SECONDS
			continue
		fi
		[ "$result" = 0 ] || break
		line=$part
		part=
		booted=yes
		heard=$SECONDS
		printf '%s\n' "$line"
		read -r word name seconds <<<"$line"
		case $word in
		@begin)
			current=$name
			deadline=$((now + (seconds + grace) * 100)) ;;
		@end)
			current=
			ended=$((ended + 1))
			deadline=$((now + grace * 100)) ;;
		esac
	done
	exec 3<&-
	[ "$result" -le 128 ] || [ "$stopped" ] || ! has_stopped || stopped=yes
	kill -KILL "$qemu" 2>/dev/null
	wait "$qemu" 2>/dev/null
	qemu=
	stop_clock
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
