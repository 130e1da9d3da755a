# SPDX-License-Identifier: GPL-2.0-or-later
#
# Take out of what kmemleak says the leak that is the kernel's own, where nothing of
# ours is wrong; no other is let through.

# 6.1's kset_register(), refused memory, does not free the name that its callers
# gave the kset: the mdev core has one for each parent, and a class is one
/ kobject_set_name\+/ {
	named = 1
	object = object $0 "\n"
	next
}

/ (kset_create_and_add|__class_register)\+/ && named {
	is_known = 1
}

/^unreferenced object / {
	if (!is_known)
		printf "%s", object
	object = ""
	is_known = 0
}

{
	named = 0
	object = object $0 "\n"
}

END {
	if (!is_known)
		printf "%s", object
}
