# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the end to end tests share: mediated displays, stock QEMUs on them, and
# waiting for what these are to do. To be sourced in the VM, from the root of
# the tree. $dir is a directory for this program's files; when the program
# ends, so do its QEMUs and its helpers, and its devices go.

# shellcheck disable=SC2034 # the programs use it
planefd=build/user/cli/planefd
kernel=$(scripts/kernel) || exit 1
release=${kernel##*/}
dir=$(mktemp -d /run/e2e.XXXXXX) || exit 1
qemus=
helpers=
devices=
count=0
failed=0

clean_up()
{
	for pid in $helpers $qemus; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	for device in $devices; do
		[ ! -e "/sys/bus/mdev/devices/$device" ] ||
			echo 1 >"/sys/bus/mdev/devices/$device/remove"
	done
	rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

# A VM that is itself emulated has a CPU with emulated virtualization, which
# is many times faster than to emulate within the emulation. The guest's CPU has no
# XSAVE: the sizes that the emulation tells are wrong, over which 7.3 oopses.
if [ "$PLANEFD_VM_ACCEL" = tcg ] && modprobe -q kvm_amd; then
	accel='-accel kvm -cpu qemu64'
else
	accel='-accel tcg -cpu max,la57=off'
fi

# test_is SENTENCE COMMAND...: one test, which passes if the command succeeds
test_is()
{
	sentence=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $sentence"
	else
		echo "not ok $count - $sentence"
		failed=1
	fi
}

# now: sets $now to the time that limits count, in hundredths of a second: that of
# tests/clock, or the wall clock where there is none
now()
{
	if [ -n "${PLANEFD_CLOCK-}" ]; then
		read -r now <"$PLANEFD_CLOCK"
	else
		now=$(($(date +%s) * 100))
	fi
}

# wait_for SECONDS COMMAND...: until it succeeds, as long as all QEMUs run.
# A subshell of its own, because the command may wait in turn.
wait_for()
(
	now
	deadline=$((now + $1 * 100))
	shift
	while ! "$@" >/dev/null 2>&1; do
		now
		[ "$now" -lt "$deadline" ] || exit 1
		for pid in $qemus; do
			kill -0 "$pid" || exit 1
		done
		sleep 0.2
	done
)

# create_device TYPE UUID: a type is named after its parent
create_device()
{
	parent=${1%%-*}
	modprobe "$parent" || return
	echo "$2" >"/sys/class/mdev_bus/$parent/mdev_supported_types/$1/create" ||
		return
	devices="$devices $2"
}

# start_qemu NAME OPTION...: a stock QEMU with a monitor; sets $qemu to its pid
start_qemu()
{
	name=$1
	shift
	rm -f "$dir/$name.monitor.in" "$dir/$name.monitor.out"
	mkfifo "$dir/$name.monitor.in" "$dir/$name.monitor.out"
	# shellcheck disable=SC2086 # a list of words
	qemu-system-x86_64 $accel -machine q35 -m 256M -nodefaults \
		-no-user-config -display none -vga none -no-reboot \
		-chardev "pipe,id=monitor,path=$dir/$name.monitor" \
		-monitor chardev:monitor "$@" </dev/null 2>"$dir/$name.errors" &
	qemu=$!
	qemus="$qemus $qemu"
	cat "$dir/$name.monitor.out" >"$dir/$name.monitor.log" &
	# It answers once the machine is there
	wait_for 60 has_prompts 1 && monitor "$name" info status
}

# Kill the QEMU, the only one that runs
end_qemu()
{
	kill -KILL "$qemu"
	wait "$qemu" 2>/dev/null
	qemus=
}

# The monitor gives a prompt when it is ready for the next command
has_prompts()
{
	[ "$(grep -o '(qemu)' "$dir/$name.monitor.log" | wc -l)" -ge "$1" ]
}

# monitor NAME COMMAND...: tell the QEMU of that name, and wait for its answer
monitor()
{
	name=$1
	shift
	prompts=$(grep -o '(qemu)' "$dir/$name.monitor.log" | wc -l)
	echo "$*" 1<>"$dir/$name.monitor.in"
	wait_for 60 has_prompts $((prompts + 1))
}

# start_guest GUEST DEVICE OPTION...: a test guest (tests/guest) on a device
# that QEMU knows by that
start_guest()
{
	guest=$1
	device=$2
	shift 2
	start_qemu linux -kernel "$kernel/boot/vmlinux-$release" \
		-initrd "build/guest/$guest-$release" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off" \
		-serial "file:$dir/serial" "$@" -device "$device"
}

# A mediated device; properties of it may follow its UUID, after a comma
vfio_pci()
{
	echo "vfio-pci,sysfsdev=/sys/bus/mdev/devices/$1"
}

# start_linux UUID OPTION...: the guest that draws a picture
start_linux()
{
	device=$(vfio_pci "$1")
	shift
	start_guest draw "$device" "$@"
}

# The guest said that it has drawn, or what went wrong
linux_is_done()
{
	grep -q 'guest:' "$dir/serial"
}

linux_drew()
{
	grep -q 'guest: the picture is drawn' "$dir/serial"
}

# Show what the QEMUs said, as diagnostics
show_errors()
{
	cat "$dir"/*.errors | sed 's/^/# qemu: /'
}
