#!/bin/sh
# SPDX-License-Identifier: ISC
#
# run.sh SERVER...|all: the conformance cases against these servers, as a
# table: what passes, what fails, and where nothing comes that should.
#
#	bootward kea isc dnsmasq
#
# With -v, why a case does not pass follows below the table.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
# shellcheck source=tests/conform/servers.sh
. "$top/tests/conform/servers.sh"

usage()
{
	echo "usage: run.sh [-v] bootward|kea|isc|dnsmasq ... | all" >&2
	exit 2
}

why=0
[ "${1-}" != -v ] || {
	why=1
	shift
}
[ $# -gt 0 ] || usage
[ "$1" != all ] || set -- bootward kea isc dnsmasq
for name; do
	case $name in
	bootward|kea|isc|dnsmasq) ;;
	*)	usage ;;
	esac
done
if [ "$why" = 1 ]; then
	world_enter "$0" -v "$@"
else
	world_enter "$0" "$@"
fi

world_up
net_up
boot_files
scripts="message request release relay option hosts boot"
for name; do
	: >"$tmp/table.$name"
	: >"$tmp/why.$name"
	for script in $scripts; do
		unknown=local
		[ "$script" != boot ] || unknown='install "tiny"'
		rm -rf /var/lib/bootward
		server_start "$name"
		play "$script" || :
		server_stop "$name" || :
		sed -n 's/^\(pass\|fail\|silent\) /&/p' "$tmp/results" \
		    >>"$tmp/table.$name"
		sed -n '/^\(fail\|silent\) /,/^pass /{/^pass /!p}' \
		    "$tmp/results" >>"$tmp/why.$name"
	done
done

# One line a case, one column a server.
names=$*
for name; do
	set -- "$@" "$tmp/table.$name"
	shift
done
awk -v names="$names" '
FNR == 1 { column++ }
{
	result = $1
	sub(/^[a-z]+ /, "")
	if (column == 1)
		text[FNR] = $0
	if (text[FNR] != $0)
		print "# the servers were asked different things: " $0
	of[column, FNR] = result
	count[column, result]++
	lines = FNR
}
END {
	n = split(names, name, " ")
	for (c = 1; c <= n; c++)
		printf "%-9s", name[c]
	print "case"
	for (i = 1; i <= lines; i++) {
		for (c = 1; c <= n; c++)
			printf "%-9s", of[c, i]
		print text[i]
	}
	for (c = 1; c <= n; c++)
		printf "%-9s", count[c, "pass"] + 0
	print "pass of " lines
}' "$@"

[ "$why" = 0 ] || for name in $names; do
	echo
	echo "$name:"
	cat "$tmp/why.$name"
done
