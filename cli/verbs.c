// SPDX-License-Identifier: GPL-2.0-or-later
/* What planefd can do, and what it says of that. */
#include "options.h"

#include <stddef.h>

/* clang-format off: a line of text is a line here */
#define CHOOSE_HELP \
	"  -p, --pid PID      the VMM's process; without it every process\n" \
	"                     is looked into\n" \
	"  -d, --device UUID  the display device, where there are several\n"

#define COMMON_HELP \
	"  -j, --json         print JSON\n" \
	"  -h, --help         print this\n"

const struct verb verbs[] = {
	{
		.name = "list",
		.summary = "every display of every running VMM",
		.accepts = "jv",
		.run = list_run,
		.help =
	"usage: planefd list [--json] [--verbose]\n"
	"\n"
	"List every display of every running VMM that you may look into.\n"
	"\n"
	"  -v, --verbose      say how many processes could not be looked\n"
	"                     into\n"
	COMMON_HELP,
	},
	{
		.name = "info",
		.summary = "all that one display tells",
		.accepts = "pdj",
		.run = info_run,
		.help =
	"usage: planefd info [--pid PID] [--device UUID] [--json]\n"
	"\n"
	"Print all that one display tells of itself and of its planes.\n"
	"\n"
	CHOOSE_HELP
	COMMON_HELP,
	},
	{
		.name = "shot",
		.summary = "what one display shows, as a PNG",
		.accepts = "pdHoj",
		.accepts_all = true,
		.run = shot_run,
		.help =
	"usage: planefd shot [--pid PID] [--device UUID] [--head N|all]\n"
	"                    [--output FILE] [--json]\n"
	"\n"
	"Write what one display shows as a PNG, with its cursor.\n"
	"\n"
	CHOOSE_HELP
	"  -H, --head N|all   the head, where there are several (default 0);\n"
	"                     of all that are on, a picture each, or none\n"
	"                     if one fails\n"
	"  -o, --output FILE  where to write it, '-' for the standard output\n"
	"                     (default planefd-UUID.png); of all heads\n"
	"                     FILE.png becomes FILE-head0.png and so on. A\n"
	"                     new file is its owner's alone, an old one's mode\n"
	"                     is kept\n"
	COMMON_HELP,
	},
	{
		.name = "watch",
		.summary = "each change of what one display shows, as it comes",
		.accepts = "pdHj",
		.accepts_all = true,
		.run = watch_run,
		.help =
	"usage: planefd watch [--pid PID] [--device UUID] [--head N|all]\n"
	"                     [--json]\n"
	"\n"
	"Print what one display shows, and then a line for each change: mode,\n"
	"flip, damage, cursor, move, off, and at the end gone.\n"
	"\n"
	CHOOSE_HELP
	"  -H, --head N|all   only this head (default all)\n"
	COMMON_HELP,
	},
	{
		.name = "mode",
		.summary = "ask one display's guest for a mode",
		.accepts = "pdHj",
		.operand = "MODE",
		.run = mode_run,
		.help =
	"usage: planefd mode [--pid PID] [--device UUID] [--head N] [--json]\n"
	"                    WIDTHxHEIGHT[@RATE]|unplug\n"
	"\n"
	"Make the head's monitor one that prefers this mode, or unplug it, and\n"
	"tell the guest. Any mode plugs it in again. 'planefd watch' shows what\n"
	"the guest makes of it.\n"
	"\n"
	CHOOSE_HELP
	"  -H, --head N       the head, where there are several (default 0)\n"
	COMMON_HELP,
	},
	{ .name = NULL },
};
/* clang-format on */
