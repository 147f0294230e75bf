#!/bin/sh
# SPDX-License-Identifier: ISC
#
# kill -9 of dhcpd, of the store, of both, and of the parent, at random
# moments while clients get leases.  Whatever was acknowledged is there
# afterwards, and no address is anybody else's.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/fault/fault.sh
. "$top/tests/fault/fault.sh"

world_enter "$0" "$@"
fault_up
trials_begin 30 kills

kill_some()		# NAME...
{
	for victim; do
		pid=$(bootward_pid_of "$victim")
		[ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null &&
		    trials_done=$((trials_done + 1))
	done
}

while trials_left; do
	start_bootward <"$tmp/conf"
	trial "what the killed parent had acknowledged" promises

	# 1. Children: the parent stays, and starts them again.
	storm_begin 200 -w 16 -r 300
	for victims in dhcpd store store dhcpd 'dhcpd store'; do
		doze 120
		# shellcheck disable=SC2086 # it is a list
		kill_some $victims
	done
	trial "everybody gets an address" storm_end
	trial "all is well again" wait_until 30 bootward_ready
	trial "after kills of children" promises

	# 2. The parent: all end at once, and a new one finds everything.
	storm_begin 500 -w 32 -r 1000
	wait_until 10 storm_acked 5
	doze 120
	kill -KILL "$bootward_pid"
	trials_done=$((trials_done + 1))
	trial "all daemons end with their parent" wait_until 5 daemons_gone
	wait "$bootward_pid" 2>/dev/null
	storm_stop
done

start_bootward <"$tmp/conf"
trial "the last ones, too" promises
trials_end kills
finish '(store|dhcpd) was ended by signal 9'
