# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for planefd(1)

# The processes, or the devices, that planefd itself finds
_planefd_column()
{
	planefd list 2>/dev/null |
		awk -v column="$1" '
			NR == 1 { at = index($0, "DEVICE"); next }
			column == "pid" { print $1 }
			column == "device" { split(substr($0, at), f); if (f[1] != "unknown") print f[1] }'
}

_planefd()
{
	local word=${COMP_WORDS[COMP_CWORD]}
	local before=${COMP_WORDS[COMP_CWORD - 1]}
	local words=

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		words='list info shot watch mode --help --version'
	else
		case $before in
		-p | --pid)
			words=$(_planefd_column pid) ;;
		-d | --device)
			words=$(_planefd_column device) ;;
		-o | --output)
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
			return ;;
		-H | --head)
			case ${COMP_WORDS[1]} in
			shot | watch)
				words=all ;;
			esac ;;
		*)
			case ${COMP_WORDS[1]} in
			list)
				words='--json --verbose --help' ;;
			info)
				words='--pid --device --json --help' ;;
			shot)
				words='--pid --device --head --output --json
					--help' ;;
			watch)
				words='--pid --device --head --json --help' ;;
			mode)
				words='--pid --device --head --json --help
					unplug' ;;
			esac ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _planefd planefd
