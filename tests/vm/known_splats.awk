# SPDX-License-Identifier: GPL-2.0-or-later
#
# Take out of a kernel log what the kernel says of itself, by its own mistake, where
# nothing of ours is wrong. Each is named as narrowly as can be, and no other is let
# through.

# What these leaks are is looked at by itself, in known_leaks.awk
/kmemleak: [0-9]+ new suspected memory leaks/ {
	next
}

# 6.1's vfio_fops_release() tells the IOMMU driver that a container is closed, with
# nothing to keep what that driver has of it from being freed at the same time: a
# VMM ends while a device of its own is removed
kasan && /\] +vfio_iommu_type1_notify\+/ {
	is_known = 1
}

# With memory that is refused to it: 6.1's vfio_create_group(), whose device cannot be added for want of memory,
# releases a group whose iommu_group is still set
/WARNING: CPU: .* vfio_group_release\+/ {
	is_known = 1
}

# The same: module_add_driver() does not say that it could not make a link, and
# module_remove_driver() then leaves the other of the two
/ module_add_driver\+/ && duplicate {
	is_known = 1
}

# The same: its loader says what of a module it has no room for. A module's own
# beginning has not been called by then, but the same function calls that one
# (module_alloc() up to 6.9, then execmem_alloc()).
/\] +(module_alloc|execmem_[a-z_]+)\+/ && no_room {
	is_known = 1
}

/-+\[ cut here \]-+/ || /sysfs: cannot create duplicate filename/ || /: vmalloc error: size / {
	printf "%s", report
	report = $0 "\n"
	is_known = 0
	duplicate = /sysfs/
	no_room = /vmalloc/
	next
}

# A report of KASAN's is between two of these, and so are others
/=================================$/ && !report {
	report = $0 "\n"
	is_known = 0
	lined = 1
	next
}

!report {
	print
	next
}

lined && /BUG: KASAN: / {
	kasan = 1
}

{
	report = report $0 "\n"
}

/---\[ end trace / || ((duplicate || no_room) && /<\/TASK>/) || (lined && /=====$/) {
	if (!is_known)
		printf "%s", report
	report = ""
	duplicate = 0
	no_room = 0
	lined = 0
	kasan = 0
}

END {
	printf "%s", report
}
