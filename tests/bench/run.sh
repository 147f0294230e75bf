#!/bin/sh
# SPDX-License-Identifier: ISC
#
# run.sh PART...: measure bootward beside the servers that others use, on this
# machine, now.  A part is dhcp, or arp: how long an OFFER takes when addresses
# are checked before they are given out.  Nothing here passes or fails: it
# prints what it saw, and beside it what the goals are.  From the environment:
#
#	BENCH_DIR	where the state goes, a real disk	/var/tmp
#	BENCH_REPS	how often everything is repeated	3
#	BENCH_MS	one measurement, milliseconds		1500
#	BENCH_SERVERS	which, by name				all of the part
#	BENCH_STEPS	which tables, by name			all of the part
#	BENCH_SLOW	1: also what takes minutes		0
#
# Everything happens in a world of its own (tests/lib.sh): each server in a
# network namespace on the first processor, the load in another one on the
# last, with nothing but a veth pair between them.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
# shellcheck source=tests/bench/lib.sh
. "$top/tests/bench/lib.sh"

bench_enter "$top/tests/bench/run.sh" "$@"
[ $# -gt 0 ] || set -- dhcp
for part; do
	case $part in
	arp|dhcp) ;;
	*)	bail "no such part: $part" ;;
	esac
done
bench_begin
for part; do
	# shellcheck source=tests/bench/dhcp.sh
	. "$top/tests/bench/$part.sh"
	"bench_$part"
done
