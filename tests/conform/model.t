#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Conformance: thousands of messages of all kinds, by more clients than there
# are addresses, against a model of who has what.  SEED and MESSAGES may be
# set for other runs, and longer ones.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"
# shellcheck source=tests/conform/servers.sh
. "$top/tests/conform/servers.sh"

world_enter "$0" "$@"
world_up
net_up
start_bootward <<'END'
interface "cf1" "cf2"
other server 10.78.0.8 10.79.0.8
subnet 10.78.0.0/24 { range 10.78.0.32 - 10.78.0.63 ; probe off ; keep 0 }
subnet 10.79.0.0/24 { range 10.79.0.16 - 10.79.0.75 ; probe off ; keep 0 }
END

model()			# ARGUMENTS...
{
	in_client c "$obj/tests/dhcpmodel" -n "${MESSAGES:-10000}" \
	    -s "${SEED:-1}" "$@"
}

ok "more clients than addresses" model eth1 10.78.0.1 10.78.0.32 10.78.0.63

# dhcpd and store die in turn: what was promised is kept.
cat >"$tmp/kill" <<END
#!/bin/sh
victim=store
if mkdir $tmp/turn 2>/dev/null; then
	victim=dhcpd
else
	rmdir $tmp/turn
fi
kill -KILL \$(ps --no-headers -o comm=,pid= --ppid $bootward_pid |
    sed -n "s/^\$victim *//p")
END
ok "and with a server that dies and comes back" model -c "sh $tmp/kill" eth2 \
    10.79.0.1 10.79.0.16 10.79.0.75
is "dhcpd died twice" "$(grep -c 'dhcpd was ended' "$log")" 2
is "store died twice" "$(grep -c 'store was ended' "$log")" 2

bootward_pids >"$tmp/pids"
finish 'no address is free' ' declined ' \
    '(dhcpd|store) was ended by signal 9'
